"""Schedule: mission time, telecommands at their time, sequences.

It runs once a second, and in the minor frame in which something is due: nothing is released later
than one minor frame after its time.
"""

import struct

from flight import mission, partners
from flight.core import failures
from flight.core.correlation import Correlation
from flight.core.releases import Releases
from flight.core.schedule import PACKET_MAX, Schedule
from flight.core.sequence_runs import SequenceRuns
from flight.core.sequences import Sequences
from flight.services.schedule import ScheduleService
from flight.services.sequences import SequenceService
from hal.compat import const

_FRAME_MS = const(100)
_SLOW_STEPS = const(10)  # housekeeping every tenth second
_CLIP = const(65535)

_EVENT_RESUMED = const(0x060B)
_EVENT_CONTROL_LOST = const(0x060F)


class ScheduleApp:
    """The app "schedule" of mission.APPS."""

    NAME = "schedule"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._context = context
        self._clock = context.clock
        self._scheduler = context.scheduler
        self._time = context.time
        self._record = context.store.claim(0x0601, self.NAME)
        self._entry = None
        self._next_ms = 0  # next step of the period, as seen last
        self._steps = 0
        self._correlation = Correlation(context, self.wake)
        context.correlation = self._correlation
        slots = 0
        for row in partners.QUOTAS:
            slots += row[0]
        packet = bytearray(PACKET_MAX)
        self._schedule = Schedule(context.board.fram, slots)
        self._releases = Releases(context, self._schedule, packet)
        stock = Sequences(context.board.fram, partners.QUOTAS, self._schedule.image)
        self._stock = stock
        self._runner = SequenceRuns(
            context, stock, self._schedule.switches, partners.QUOTAS, packet
        )
        context.accounts.scheduled = self._schedule.count
        context.accounts.sequences = stock.loaded
        context.accounts.switches = self._schedule.switches
        ScheduleService(context, self._schedule, partners.QUOTAS, packet, self.wake)
        SequenceService(context, stock, self._runner, partners.QUOTAS, packet, self.wake)
        context.functions.handle(0x0602, self.hold)
        self._load()

    def _load(self):
        """What was stored before this start. Boot time only."""
        schedule = self._schedule
        found = schedule.load()
        self._stock.load()
        self._releases.lost = schedule.lost
        waiting = 0
        for count in schedule.count:
            waiting += count
        if not found and self._context.params.generation():
            # The parameters are not those of a blank memory, and this should be none.
            self._context.events.put(_EVENT_CONTROL_LOST)
        elif not found:
            schedule.switches.store_first()  # or the first parameter set would make it a lost one
        if waiting or schedule.lost:
            self._context.events.put(_EVENT_RESUMED, waiting, schedule.lost)

    def start(self):
        """Find the own place among the releases; the first step is one of the period."""
        for entry in self._scheduler.entries:
            if entry.app.NAME == self.NAME:
                if self._entry is None:
                    self._correlation.start()
                self._entry = entry
                self._next_ms = self._clock.ticks_add(entry.release_ms, -entry.period_ms)

    def step(self, now_ms):
        """Once a second: time and housekeeping. Then what is due, and when it will be again."""
        clock = self._clock
        entry = self._entry
        ahead_ms = clock.ticks_diff(self._scheduler.regular_ms(entry), now_ms)
        if ahead_ms == entry.period_ms or clock.ticks_diff(now_ms, self._next_ms) >= 0:
            self._correlation.step()
            if self._steps == 0:
                self._post()
            self._steps = (self._steps + 1) % _SLOW_STEPS
        self._releases.run()
        self._runner.run()
        self.wake()

    def hold(self, buf, off, owner):
        """Handler of `schedule_hold`."""
        done = self._schedule.switches.hold(buf[off], buf[off + 1]) >= 0
        return failures.OK if done else failures.STORAGE_ERROR

    def wake(self):
        """Place the next release: in the first minor frame in which something is due, after the
        running one, or with the period. Where that stands the scheduler is asked each time: a
        command may have moved it, or the app have been off for days."""
        entry = self._entry
        now_ms = self._time.now_ms
        if entry is None or entry.release_ms == now_ms:  # not started, or runs right now
            return
        self._next_ms = self._scheduler.regular_ms(entry)
        wait_ms = self._releases.due_in_ms()
        runs_ms = self._runner.due_in_ms()
        if wait_ms < 0 or 0 <= runs_ms < wait_ms:
            wait_ms = runs_ms
        clock = self._clock
        late_ms = clock.ticks_diff(clock.ticks_ms(), now_ms)
        period_ms = clock.ticks_diff(self._next_ms, now_ms)
        wait_ms = max(wait_ms, late_ms) if wait_ms >= 0 else wait_ms
        at_ms = self._next_ms
        if 0 <= wait_ms < period_ms:
            # Not in this frame: its release is past, or is running.
            frames = min((period_ms - wait_ms) // _FRAME_MS, (period_ms - 1) // _FRAME_MS)
            at_ms = clock.ticks_add(at_ms, -frames * _FRAME_MS)
        entry.release_ms = at_ms

    def _post(self):
        schedule = self._schedule
        releases = self._releases
        time = self._time
        count = schedule.count
        loaded = self._stock.loaded
        enabled = schedule.switches.enabled_owners()
        struct.pack_into(
            self._record.format,
            self._record.data,
            0,
            min(time.slew_ms, _CLIP),
            time.changes,
            self._correlation.refused,
            1 if releases.runs() else 0,
            (enabled & 1) + (enabled >> 1 & 1) + (enabled >> 2 & 1) + (enabled >> 3),
            schedule.switches.held_owners(),
            count[0],
            count[1] + count[2] + count[3],
            schedule.next_s(0),
            releases.released,
            releases.failed_count,
            releases.late,
            releases.skipped,
            releases.lost,
            min(releases.late_max_ms, _CLIP),
            loaded[0],
            loaded[1] + loaded[2] + loaded[3],
            self._runner.running,
            self._runner.commands,
            self._runner.stopped,
        )
        self._record.post()
