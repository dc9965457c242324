"""Files: the CFDP entity between link and flash; docs/link.md, section 12."""

import struct
from array import array

from flight import mission
from flight.apps.files.definitions import RECORDS_ADDRESS
from flight.apps.files.downloads import Downloads
from flight.apps.files.uploads import Uploads
from flight.core import failures
from flight.core.cfdp import Cfdp
from flight.core.cfdp_store import TransferStore
from flight.core.cfdp_table import (
    CLOSED,
    CONDITION,
    FIELDS,
    FLAGS,
    FREE,
    HIGH,
    NO_ERROR,
    OPEN,
    OWNERS,
    REASONS,
    SIZE,
    SLOTS,
    SUSPENDED,
    TIMER,
    Transfers,
)
from flight.core.telemetry import HOUSEKEEPING
from flight.packets.file_units import APID_OFFSET
from flight.packets.octets import put_u32
from hal.compat import const

_HK_STEPS = const(10)
_FIRST_STEP = const(5)  # not in the same second as everybody
_APP = const(10)
_OPEN_AT = const(32)  # transfers_open in files_hk
_TRANSFERS = const(0x0A02)
_TRANSFERS_SIZE = const(23)
_HOST = const(0)

EVENT_UPLOADED = const(0x0A01)
EVENT_DOWNLOADED = const(0x0A02)
EVENT_ENDED = const(0x0A03)
EVENT_REFUSED = const(0x0A04)
EVENT_RESUMED = const(0x0A05)


class Files:
    """The app "files" of mission.APPS; also what comms asks for packets when a queue is empty
    (`ready`, `feed`, `rest`), and whom telecommand reception gives file data units (`takes`,
    `take`, `present`)."""

    NAME = "files"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        board = context.board
        storage = context.storage.storage
        rules = context.storage.requests
        self._events = context.events
        self._params = context.params
        self._queues = context.telemetry.queues
        self._apids = context.telemetry.apids
        self._telemetry = context.telemetry
        self._time = context.time
        self._record = context.store.claim(0x0A01, self.NAME)
        context.store.claim(_TRANSFERS, self.NAME)
        self._going_on = 0  # bit per owner, when the transfers were told last
        self._places = array("H", bytes(14))
        for i in range(7):
            self._places[i] = context.params.place(0x0A01 + i)
        table = Transfers()
        self._table = table
        self._kept = TransferStore(table, board.fram, RECORDS_ADDRESS)
        uploads = Uploads(board, storage, rules, table, self._kept)
        self._downloads = Downloads(board, storage, rules, table, self._kept)
        self._cfdp = Cfdp(table, self._apids, uploads, self._downloads)
        uploads.receiver = self._cfdp.receiver
        rules.uploads = uploads
        self._downloads.sender = self._cfdp.sender
        self._contact_s = 0
        self._changes = -1
        self._steps = _FIRST_STEP
        # By owner: units refused since they were told last, at most 255; why the last one was.
        self._refused = bytearray(2 * OWNERS)
        self._states = bytearray(SLOTS)
        storage.join(uploads)
        functions = context.functions
        functions.handle(0x0A01, self.cancel)
        functions.handle(0x0A02, self.suspend)
        functions.handle(0x0A03, self.resume)
        context.commands.serve(23, 128, self._downloads)
        context.commands.pdus = self
        context.telemetry.more = self
        resumed = self._kept.load()
        self._downloads.resume()
        if resumed:
            self._events.put(EVENT_RESUMED, resumed)
        self._set_limits()

    def start(self):
        """Nothing is open between two calls; transfers go on."""
        self._downloads.rest()

    def step(self, now_ms):
        """A second of the protocol; what has changed is stored."""
        if self._changes != self._params.changes:
            self._set_limits()
        self._cfdp.tick()
        self._tell()
        for slot in range(SLOTS):
            if self._table.unsaved >> slot & 1:
                self._kept.save(slot)
        if self._steps == 0:
            self._post()
        self._steps = (self._steps + 1) % _HK_STEPS

    def _set_limits(self):
        params = self._params
        places = self._places
        table = self._table
        self._changes = params.changes
        table.segment_B = params.u8(places[0])
        table.ack_s = params.u16(places[1])
        table.nak_s = params.u16(places[2])
        table.retries = params.u8(places[3])
        self._contact_s = params.u16(places[4])
        table.keep_s = params.u8(places[5]) * 3600
        table.span_B = params.u16(places[6])

    def _tell(self):
        """Events of what ended, and of refusals."""
        table = self._table
        rows = table.rows
        events = self._events
        for slot in range(SLOTS):
            row = slot * FIELDS
            before = self._states[slot]
            self._states[slot] = rows[row]
            last = OPEN if slot < OWNERS else CLOSED - 1
            if not FREE < before <= last or FREE < rows[row] <= last:
                continue
            if rows[row + CONDITION] != NO_ERROR:
                events.put_about(slot % OWNERS, EVENT_ENDED, slot, rows[row + CONDITION])
            elif slot < OWNERS:
                events.put_about(slot, EVENT_UPLOADED, slot, rows[row + SIZE])
            else:
                owner = slot - OWNERS
                events.put_about(owner, EVENT_DOWNLOADED, owner, rows[row + SIZE])
        refused = self._refused
        for owner in range(OWNERS):
            # Seldom enough to leave room for other events of his.
            if refused[owner] and self._steps == 0:
                events.put_about(owner, EVENT_REFUSED, refused[OWNERS + owner], refused[owner])
                refused[owner] = 0

    # Whom telecommand reception gives file data units.

    def takes(self, packet, owner):
        """The packet is one: no secondary header, and an APID of its own."""
        apid = (packet[0] & 7) << 8 | packet[1]
        return not packet[0] & 0x08 and apid == self._apids[owner] + APID_OFFSET

    def take(self, packet, n, owner):
        """Obey it or count it. True when it was obeyed."""
        self.present(owner)
        obeyed = self._cfdp.take(packet, n, owner)
        if not obeyed:
            self._refused[owner] = min(255, self._refused[owner] + 1)
            self._refused[OWNERS + owner] = self._table.last_refusal
        return obeyed

    def present(self, owner):
        """A telecommand or file data unit of an owner was received."""
        self._cfdp.hear(owner, self._contact_s)

    # What comms asks for packets.

    def ready(self, owner):
        """Something can go down to an owner."""
        return self._cfdp.ready(owner)

    def feed(self, owner):
        """Put the next packet into the owner's queue; False when there is none now."""
        n = self._cfdp.next_packet(owner)
        return n > 0 and self._queues[owner].push(self._table.out, n)

    def rest(self):
        """The round of packets is over."""
        self._downloads.rest()

    # Telecommands.

    def _going(self, buf, off, owner):
        """Slot of a transfer that goes on; its failure code as a negative number."""
        if buf[off] != owner and owner != _HOST:
            return -failures.NOT_AUTHORISED
        slot = buf[off] + OWNERS * buf[off + 1]
        return slot if self._table.is_busy(slot) else -failures.TRANSFER_UNKNOWN

    def cancel(self, buf, off, owner):
        """Handler of `transfer_cancel`."""
        slot = self._going(buf, off, owner)
        if slot < 0:
            return -slot
        self._cfdp.end(slot)
        return failures.OK

    def suspend(self, buf, off, owner):
        """Handler of `transfer_suspend`."""
        slot = self._going(buf, off, owner)
        if slot < 0:
            return -slot
        self._table.rows[slot * FIELDS + FLAGS] |= SUSPENDED
        self._table.touch(slot)
        return failures.OK

    def resume(self, buf, off, owner):
        """Handler of `transfer_resume`."""
        slot = self._going(buf, off, owner)
        if slot < 0:
            return -slot
        rows = self._table.rows
        rows[slot * FIELDS + FLAGS] &= ~SUSPENDED
        rows[slot * FIELDS + TIMER] = 1
        self._table.touch(slot)
        return failures.OK

    def _post(self):
        cfdp = self._cfdp
        table = self._table
        data = self._record.data
        pack = struct.pack_into
        pack(
            ">HHHH",
            data,
            0,
            cfdp.received,
            cfdp.composed,
            cfdp.receiver.uploads,
            cfdp.sender.downloads,
        )
        for i in range(REASONS):
            pack(">H", data, 8 + 2 * i, table.refused[i])
        data[_OPEN_AT] = 0
        for owner in range(OWNERS):
            up = table.is_busy(owner)
            down = table.is_busy(OWNERS + owner)
            data[_OPEN_AT] += (1 if up else 0) + (1 if down else 0)
            told = self._going_on >> owner & 1
            if up or down:
                self._going_on |= 1 << owner
            else:
                self._going_on &= ~(1 << owner)
            # Once more when it is over; nobody else hears of it.
            if (up or down or told) and table.contact[owner]:
                self._tell_transfers(owner)
        self._record.post()

    def _tell_transfers(self, owner):
        """To their owner, and in nobody else's telemetry."""
        table = self._table
        rows = table.rows
        body = table.out
        body[0] = owner
        for way in range(2):
            slot = owner + OWNERS * way
            row = slot * FIELDS
            body[1 + way] = rows[row]
            body[3 + way] = rows[row + CONDITION]
            put_u32(body, 5 + 4 * way, max(0, rows[row + SIZE]))
            put_u32(body, 13 + 4 * way, rows[row + HIGH])
            body[21 + way] = table.gaps.count[slot]
        time = self._time
        if self._queues[owner].mostly_empty():
            self._telemetry.send_at(
                owner,
                _APP,
                HOUSEKEEPING,
                0,
                _TRANSFERS,
                body,
                _TRANSFERS_SIZE,
                time.seconds,
                time.fraction,
            )
