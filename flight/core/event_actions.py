"""Event-actions: a stored telecommand that is executed when an event is made.

It goes the way of all (Commands.execute) as its definer's, whose authority counts and who gets its
reports. An action's own events must not start actions without bound: the table refuses what is
known to go in a circle, events made while an action is executed start others to a depth of two, and
a row is executed at most once in its hold time, which bounds what goes through the world outside.
"""

from flight.core.action_table import ANY, ROWS, ActionTable
from hal.compat import const

_FLAGS = const(8)
_DEPTH_MAX = const(2)

EVENT_DONE = const(0x0715)
EVENT_HELD = const(0x0716)
EVENT_STOPPED = const(0x0717)


class EventActions:
    """`executed`, `held`: u16 counters. `events.listener`: hears of every event that is made."""

    def __init__(self, context, monitors):
        self._events = context.events
        self._commands = context.commands
        self._time = context.time
        self.table = ActionTable(context, monitors)
        self._depth = 0  # of the action being executed
        self.executed = 0
        self.held = 0

    def hear(self, event, argument, about):
        """An event was made; `about` is the partner whose telecommands have led to it, or 0. He
        starts his own actions, and of others' those that name the event's argument."""
        table = self.table
        if not table.is_on():
            return
        for row in range(ROWS):
            at = table.at(row)
            if (
                table.word(at) != event
                or not table.stored_size(row)
                or not table.image[at + _FLAGS]
            ):
                continue
            wanted = table.word(at + 2)
            if wanted != argument and (wanted != ANY or about and about != table.owner_of(row)):
                continue
            if table.depths[row] == 0:
                table.depths[row] = self._depth + 1

    def step(self):
        """Execute what was started since the last step, in the order of the table."""
        table = self.table
        for row in range(ROWS):
            depth = table.depths[row]
            if depth:
                table.depths[row] = 0
                if table.stored_size(row) and table.may_start(row):
                    self._start(row, depth)

    def _start(self, row, depth):
        table = self.table
        at = table.at(row)
        event = table.word(at)
        owner = table.owner_of(row)
        now_s = self._time.uptime_s
        if depth > _DEPTH_MAX:
            self.held = (self.held + 1) & 0xFFFF
            self._events.put_about(owner, EVENT_STOPPED, event, depth)
            return
        if now_s < table.due_s[row]:
            self.held = (self.held + 1) & 0xFFFF
            self._events.put_about(owner, EVENT_HELD, event, table.due_s[row] - now_s)
            return
        table.due_s[row] = now_s + table.word(at + 4)
        n = table.packet_into(row, table.packet)
        self.executed = (self.executed + 1) & 0xFFFF
        self._depth = depth
        code = self._commands.execute(table.packet, n, owner)
        self._events.put_about(owner, EVENT_DONE, event, code)
        self._depth = 0
