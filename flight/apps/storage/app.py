"""Storage: the flash memory in slack; stores and logs kept, and sent again on command."""

import struct
from array import array

import native
from flight import mission, partners
from flight.apps.storage.stores import (
    DAMAGED,
    FETCHED,
    KEPT,
    LOG_BOOTS,
    LOG_CRASHES,
    LOG_EVENTS,
    LOST,
    Stores,
)
from flight.core import failures, storage, telemetry
from flight.packets.octets import low_u30, u32
from flight.services.files import FileService
from flight.services.stores import StoreService
from hal import reset_cause
from hal.compat import const

_HK_STEPS = const(10)
_STORES_AT = const(24)  # in storage_hk: of the host's store, of those of the partners together
_LOGS_AT = const(42)
_FILE_BYTES_AT = const(56)  # and paths_refused behind it
_STORES = const(4)
_ARCHIVES = const(7)
_PARTNERS = const(2)  # bit of stores_reading
_SAVE_ERASES = const(256)
_COUNT_STEPS = const(600)  # blocks in use: every file is looked at
_COUNT_MS = const(300)
_RECORD_MAX = const(226)
_HEAD = const(8)  # of a record, before its content
_E_AGAIN = const(-11)
_U30 = const(0x3FFFFFFF)

EVENT_PLAYED = const(0x0507)
EVENT_LOG_SENT = const(0x0508)


class Storage:
    """The app "storage" of mission.APPS."""

    NAME = "storage"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        self._clock = context.clock
        self._events = context.events
        self._params = context.params
        self._scheduler = context.scheduler
        self._telemetry = context.telemetry
        self._blocks = context.board.blocks
        self._files = context.board.files
        self.stores = Stores(context, context.board)
        self.storage = storage.Storage(
            self._files, self._blocks, context.events, self.stores.archives
        )
        self._hk = context.store.claim(0x0501, self.NAME)
        # What goes out of a log, and where from: events, boots, crashes.
        self._log_records = (
            context.store.claim(0x0502, self.NAME),
            context.store.claim(0x0503, self.NAME),
            context.store.record(0x0003),
        )
        self._rate_at = context.params.place(0x0501)
        self._record = bytearray(_RECORD_MAX)
        self._steps = 0
        self._files_next = True
        self._since_count = 0
        self._file_octets = array("I", bytes(4 * _STORES))
        self._turn = 0  # archive that is read next
        self._played_back = 0
        self._used = 0
        self._erases = 0
        self._saved = self.stores.erases
        functions = context.functions
        functions.handle(0x0501, self.make_anew)
        functions.handle(0x0502, self.tidy)
        functions.handle(0x0503, self.read_log)
        functions.handle(0x0504, self.clear_log)
        functions.handle(0x0505, self.set_rule)
        StoreService(self.stores, self._telemetry, context.commands, self._record)
        self.requests = FileService(
            self._files,
            self._telemetry,
            context.commands,
            partners.QUOTAS,
            self._record,
        )
        context.accounts.archives = self.stores.archives
        context.accounts.file_octets = self._file_octets
        context.storage = self
        self._log_boot(context)
        context.telemetry.keeper = self.stores
        context.events.keep_in(self.stores.keep_event)

    def _log_boot(self, context):
        """This start, and the crash that led to it, into their logs. Boot time only."""
        boot = context.boot
        time = context.time
        entry = self._log_records[1]
        struct.pack_into(
            entry.format,
            entry.data,
            0,
            boot.count,
            time.seconds,
            time.quality,
            context.board.reset_cause,
            context.board.image_slot,
            boot.last_mode,
            boot.last_reason,
            boot.version[0],
            boot.version[1],
            boot.version[2],
        )
        self.stores.log(LOG_BOOTS, entry.data, len(entry.data))
        if context.board.reset_cause in (reset_cause.FAULT, reset_cause.VM_RESTART):
            crash = self._log_records[2]
            self.stores.log(LOG_CRASHES, crash.data, len(crash.data))

    def start(self):
        """What was begun is given up; what is stored stays."""
        self.storage.down()

    def step(self, now_ms):
        """One piece of work, or the blocks in use counted, or packets sent again."""
        slack_ms = self._clock.ticks_diff(self._scheduler.next_entry().release_ms, now_ms)
        worked = self.storage.work(slack_ms)
        mounted = self.storage.state == storage.MOUNTED
        if worked:
            pass
        elif self._file_turn() and self.requests.work(mounted, slack_ms):
            self._files_next = False
        elif mounted:
            self._since_count += 1
            if self._since_count >= _COUNT_STEPS and slack_ms >= _COUNT_MS:
                self._since_count = 0
                self._used = max(0, self._files.used())
                for owner in range(_STORES):
                    self._file_octets[owner] = max(0, self.requests.used(owner))
            else:
                self._play_back()
        self._count_erases()
        if self._steps == 0:
            self._post()
        self._steps = (self._steps + 1) % _HK_STEPS

    def _file_turn(self):
        """Files and playback take turns where there is both."""
        due = self._files_next or not self.stores.reading()
        self._files_next = True
        return due

    def _play_back(self):
        """Send what is selected as fast as the parameter allows, each step of the next archive."""
        budget = self._params.u16(self._rate_at)
        for _ in range(_ARCHIVES):
            which = self._turn
            archive = self.stores.archives[which]
            if archive.reading():
                budget = self._send_from(which, archive, budget)
                if budget <= 0:
                    self._turn = (which + 1) % _ARCHIVES
                    return
            self._turn = (which + 1) % _ARCHIVES

    def _send_from(self, which, archive, budget):
        """Send of one archive what fits; what is left of the budget, 0 to go on with it later."""
        owner = which if which < _STORES else 0
        queue = self._telemetry.queues[owner]
        record = self._record
        while budget > 0:
            if not queue.mostly_empty():
                return budget  # live telemetry goes first
            n = archive.fetch(self._files, record)
            if n == _E_AGAIN:
                return budget
            if n <= 0:
                if which < _STORES:
                    fetched = archive.count(FETCHED)
                    self._events.put_about(which, EVENT_PLAYED, which, fetched)
                else:
                    self._events.put(EVENT_LOG_SENT, which - LOG_EVENTS, archive.count(FETCHED))
                return budget
            budget -= n
            self._played_back = (self._played_back + 1) & 0xFFFF
            if which < _STORES:
                queue.push(record, n, _HEAD)
            else:
                self._send_log(which - LOG_EVENTS, n)
        return budget

    def _send_log(self, log, n):
        """Send the record of a log as a housekeeping packet of the time at which it was kept."""
        entry = self._log_records[log]
        if n != len(entry.data):
            return  # of an older build
        record = self._record
        seconds = low_u30(record, 4)
        native.copy(entry.data, 0, record, _HEAD, n)
        packet = entry.definition[0]
        kind = telemetry.HOUSEKEEPING
        self._telemetry.send_at(0, packet >> 8, kind, 0, packet, entry.data, n, seconds, 0)

    def _count_erases(self):
        """Wear in the life of the memory: kept in FRAM now and then, a few are lost at a reset."""
        erases = self._blocks.erases
        stores = self.stores
        stores.erases = (stores.erases + ((erases - self._erases) & 0xFFFF)) & _U30
        self._erases = erases
        if stores.erases - self._saved >= _SAVE_ERASES:
            self._saved = stores.erases
            stores.save()

    def make_anew(self, buf, off, owner):
        """Handler of `storage_format`, which the service has found armed."""
        for archive in self.stores.archives:
            archive.abort()
        self.storage.wipe()
        return failures.OK

    def tidy(self, buf, off, owner):
        """Handler of `storage_tidy`."""
        if self.storage.state != storage.MOUNTED:
            return failures.REFUSED
        self.storage.tidy()
        self._since_count = _COUNT_STEPS
        return failures.OK

    def read_log(self, buf, off, owner):
        """Handler of `log_read`."""
        archive = self.stores.archives[LOG_EVENTS + buf[off]]
        if archive.reading():
            return failures.REFUSED
        archive.select(u32(buf, off + 1), u32(buf, off + 5), buf[off + 9])
        return failures.OK

    def clear_log(self, buf, off, owner):
        """Handler of `log_clear`."""
        self.stores.archives[LOG_EVENTS + buf[off]].delete(_U30)
        return failures.OK

    def set_rule(self, buf, off, owner):
        """Handler of `store_rule`."""
        if not self.stores.set_rule(buf[off] << 8 | buf[off + 1], buf[off + 2], buf[off + 3]):
            return failures.OUT_OF_RANGE
        return failures.OK if self.stores.save() == 0 else failures.STORAGE_ERROR

    def _post(self):
        work = self.storage
        archives = self.stores.archives
        enabled = 0
        reading = 0
        for i in range(_ARCHIVES):
            enabled += 1 if i < _STORES and archives[i].enabled() else 0
            if archives[i].reading():
                reading |= 1 << i if i == 0 or i >= _STORES else _PARTNERS
        pack = struct.pack_into
        data = self._hk.data
        pack(
            ">BBBBHHHHHHHHI",
            data,
            0,
            work.state,
            enabled,
            reading,
            1 if self.requests.doing() else 0,
            work.mounts,
            work.formats,
            work.refused,
            work.device_errors,
            work.faults,
            work.full,
            work.pieces,
            self._used,
            self.stores.erases,
        )
        stores = self.stores
        octets = self._file_octets
        at = _STORES_AT
        pack(">BB", data, at, archives[0].fill(), stores.mean_fill())
        for counter in range(KEPT, DAMAGED + 1):
            count = archives[0].count(counter)
            pack(">HH", data, at + 2 + 4 * counter, count, stores.of_partners(counter))
        pack(">II", data, _FILE_BYTES_AT, octets[0], octets[1] + octets[2] + octets[3])
        at = _LOGS_AT
        for i in range(_ARCHIVES - _STORES):
            pack(">H", data, at + 2 * i, archives[LOG_EVENTS + i].count(KEPT))
            pack(">H", data, at + 6 + 2 * i, archives[LOG_EVENTS + i].count(LOST))
        pack(">H", data, at + 12, self._played_back)
        pack(">H", data, _FILE_BYTES_AT + 8, self.requests.refused)
        self._hk.post()
