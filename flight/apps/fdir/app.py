"""FDIR: launch and early orbit, deployables, command loss, how long some modes may last; monitors
and what events start."""

import struct

from flight import mission
from flight.apps.fdir import definitions
from flight.apps.fdir.deployment import Deployment
from flight.core import modes
from flight.core.event_actions import EventActions
from flight.core.monitors import Monitors
from flight.services import event_action, monitoring
from hal.compat import const

_REPORT_STEPS = const(10)


class Fdir:
    """The app "fdir" of mission.APPS."""

    NAME = "fdir"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._context = context
        self._modes = context.modes
        self._leop = context.leop
        self._deployment = Deployment(context)
        self.monitors = Monitors(context)
        self.actions = EventActions(context, self.monitors.table)
        context.accounts.actions = self.actions.table
        handler = monitoring.Monitoring(self.monitors.table)
        for subtype in monitoring.SUBTYPES:
            context.commands.serve(12, subtype, handler)
        handler = event_action.EventAction(self.actions.table)
        for subtype in event_action.SUBTYPES:
            context.commands.serve(19, subtype, handler)
        self._loaded = False
        self._record = context.store.claim(0x0701, self.NAME)
        self._max_at = context.params.place(0x0706)
        self._steps = 0
        self._since_s = 0  # uptime when the present mode was entered

    def start(self):
        """What outlives a restart is in FRAM or belongs to others."""
        self._deployment.start()
        if not self._loaded:
            # Not before every app has registered its handlers: actions are checked against them.
            self.monitors.table.fill(definitions.MONITORS)
            self.actions.table.fill(definitions.ACTIONS, definitions.CAUSES)
            self._context.events.listener = self.actions
            self._loaded = True
        self._steps = 0
        self._since_s = self._context.time.uptime_s

    def step(self, now_ms):
        """Clocks, wires, modes that end."""
        self._leop.step()
        self._deployment.step()
        self._end_mode()
        self.monitors.step(now_ms)
        self.actions.step()
        if self._steps == 0:
            self._post()
        self._steps = (self._steps + 1) % _REPORT_STEPS

    def leave_mode(self, row):
        """Nothing to undo."""

    def enter_mode(self, row):
        """The time in this mode begins."""
        self._since_s = self._context.time.uptime_s

    def _end_mode(self):
        """Payload and pass are for a while: a lost telecommand must not make them for ever."""
        current = self._modes.current
        if current == mission.PAYLOAD or current == mission.PASS:
            lasted_s = self._context.time.uptime_s - self._since_s
            if lasted_s >= self._context.params.u16(self._max_at):
                self._modes.request(mission.NOMINAL, modes.REASON_TIME_OVER)

    def _post(self):
        leop = self._leop
        monitors = self.monitors
        actions = self.actions
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            leop.left_s(),
            leop.deployed,
            leop.given_up,
            self._deployment.state,
            leop.attempts[0],
            leop.attempts[1],
            1 if leop.lost else 0,
            leop.silence_s,
            1 if monitors.table.is_on() else 0,
            monitors.table.defined(),
            monitors.violated(),
            monitors.transitions,
            1 if actions.table.is_on() else 0,
            actions.table.defined(),
            actions.executed,
            actions.held,
        )
        self._record.post()
