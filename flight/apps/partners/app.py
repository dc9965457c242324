"""Partners: accounts told to their owners, the science store, what the host may override."""

import struct
from array import array

from flight import mission
from flight.core.ledger import Ledger
from flight.core.science import Science
from hal.compat import const

_OWNERS = const(4)
_REPORT_STEPS = const(15)  # of the owners in turn: each once a minute
_EVENT_S = const(10)
_REFUSED = const(1)  # counters of an archive: packets refused, lost, damaged
_LOST = const(2)
_DAMAGED = const(3)

EVENT_REFUSED = const(0x0900)  # and the owner
EVENT_UNANSWERED = const(0x0906)


class Partners:
    """The app "partners" of mission.APPS."""

    NAME = "partners"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._accounts = context.accounts
        self._events = context.events
        self._ledger = context.ledger = Ledger(context)
        self._science = context.science = Science(context, self._ledger)
        self._records = [context.store.claim(0x0901 + owner, self.NAME) for owner in range(_OWNERS)]
        self._told = array("H", bytes(2 * _OWNERS))  # refusals
        self._steps = 0
        self._turn = 0
        context.store.claim(0x0905, self.NAME)
        functions = context.functions
        functions.handle(0x0901, self._ledger.suspend)
        functions.handle(0x0902, self._ledger.stop_tasks)
        functions.handle(0x0903, self._ledger.set_release)
        functions.handle(0x0904, self._science.read)

    def start(self):
        """Nothing of this is lost with the app."""

    def step(self, now_ms):
        """The day, what was asked for, and once a minute what each has used."""
        self._ledger.step()
        self._science.step()
        if self._steps % _EVENT_S == 0:
            self._tell_refusals()
        if self._steps % _REPORT_STEPS == 0:
            self._post(self._turn)
            self._turn = (self._turn + 1) % _OWNERS
        self._steps = (self._steps + 1) % (_REPORT_STEPS * _EVENT_S)

    def _tell_refusals(self):
        """To the host, how many telecommands of a partner were refused since the last time; to
        their sender, those that no report could tell him of."""
        accounts = self._accounts
        for owner in range(1, _OWNERS):
            refused = (accounts.refused[owner] - self._told[owner]) & 0xFFFF
            if refused:
                self._told[owner] = accounts.refused[owner]
                self._events.put(EVENT_REFUSED + owner, 0, refused)
        for owner in range(_OWNERS):
            if accounts.unanswered[owner]:
                self._events.put_about(owner, EVENT_UNANSWERED, accounts.unanswered[owner])
                accounts.unanswered[owner] = 0

    def _post(self, owner):
        """In pieces: what waits on the stack while another function runs is room taken from it."""
        accounts = self._accounts
        ledger = self._ledger
        record = self._records[owner]
        data = record.data
        tokens = accounts.tokens(owner)
        struct.pack_into(
            ">BBHHHHHHB",
            data,
            0,
            self._switches(owner),
            tokens,
            accounts.received[owner],
            accounts.accepted[owner],
            accounts.refused[owner],
            accounts.over_rate[owner],
            accounts.over_quota[owner],
            accounts.not_authorised[owner],
            accounts.last[owner],
        )
        data[15] = accounts.scheduled[owner]
        data[16] = accounts.sequences[owner]
        data[17] = accounts.actions.defined(owner)
        struct.pack_into(">II", data, 18, accounts.octets[owner], accounts.frames[owner])
        archive = accounts.archives[owner]
        data[26] = archive.fill()
        refused = archive.count(_REFUSED)
        struct.pack_into(">HI", data, 27, refused, accounts.file_octets[owner])
        left_s = ledger.payload_left(owner)
        used_s = ledger.payload_used(owner)
        tasks = accounts.tasks
        science = self._science
        struct.pack_into(
            ">HIHH", data, 33, left_s, used_s, tasks.remaining_s[owner], tasks.samples[owner]
        )
        struct.pack_into(">HH", data, 43, science.kept[owner], science.read_out[owner])
        lost = archive.count(_LOST)
        struct.pack_into(">HH", data, 47, lost, archive.count(_DAMAGED))
        record.post()

    def _switches(self, owner):
        """Switches that others have over an owner, and his own."""
        accounts = self._accounts
        switches = accounts.switches
        state = (accounts.suspended >> owner & 1) | self._ledger.override << 1
        state |= (switches.enabled_owners() >> owner & 1) << 2
        state |= (switches.held_owners() >> owner & 1) << 3
        return state | (16 if accounts.archives[owner].enabled() else 0)
