"""Health: scrubs code and records a slice a second, sets tables in RAM right, watches temperatures
and resources."""

import struct

from flight import mission
from flight.core import failures, records
from flight.core.scrub import FramScrub
from hal.compat import const

_REPORT_STEPS = const(10)
_IMAGE_SLICE_B = const(32768)  # 14 s for all of it, 0.3 % of the processor
_OTHER_SLICE_B = const(4096)
_DIRECT_DAMAGED = const(0x40)
_UNSTORED = const(2)  # of `_seen`: the reset that was asked for
_E_IO = const(-5)
_HYSTERESIS = const(32)  # of temperatures, 1/16 degC
_BATTERY = const(0)
_BOARD = const(1)
_HEAP = const(0)
_STACK = const(1)
_C_STACK = const(2)
_CPU = const(3)
_WEAR = const(4)
_NOT_YET = const(0)
_GOOD = const(1)
_DAMAGED = const(2)
_PARAMETERS = const(1)
_APPS = const(2)
_RECORD = const(3)

EVENT_IMAGE = const(0x0801)
EVENT_IMAGE_GOOD = const(0x0802)
EVENT_FRAM = const(0x0803)
EVENT_FRAM_SILENT = const(0x0804)
EVENT_TABLE = const(0x0805)
EVENT_TEMPERATURE = const(0x0806)
EVENT_TEMPERATURE_BACK = const(0x0807)
EVENT_RESOURCE = const(0x0808)
EVENT_RESOURCE_BACK = const(0x0809)
EVENT_OTHER = const(0x080A)
EVENT_OTHER_GOOD = const(0x080B)
EVENT_LEAVE = const(0x080C)
EVENT_STAY = const(0x080D)
EVENT_NONSENSE = const(0x080E)


class Health:
    """The app "health" of mission.APPS."""

    NAME = "health"
    PERIOD_MS, OFFSET_MS, BUDGET_MS = mission.timing(NAME)

    def __init__(self, context):
        store = context.store
        self._context = context
        self._events = context.events
        self._record = store.claim(0x0801, self.NAME)
        self._scrub = FramScrub(context.board.fram)
        self._limits_at = context.params.place(0x0801)
        self._heap_at = context.params.place(0x0805)
        self._stack_at = context.params.place(0x0806)
        self._cpu_at = context.params.place(0x0807)
        self._wear_at = context.params.place(0x0808)
        self._core = store.record(0x0001)
        self._cpu_in_core = store.place(0x0001, "cpu_permille")
        self._power = store.record(0x0101)
        self._battery_in_power = store.place(0x0101, "battery_temperature")
        self._payload = store.record(0x0401)
        self._board_in_payload = store.place(0x0401, "temperature")
        self._storage = store.record(0x0501)
        self._erases_in_storage = store.place(0x0501, "erases")
        self._extremes = [0, 0, 0, 0]
        self._seen = [False, False, False]
        self._steps = 0
        self._looked_at = 0  # of the records
        self._image_state = _NOT_YET
        self._image_passes = 0
        self._image_damaged = 0
        self._other_state = _NOT_YET
        self._fram_silent = False
        self._table_repairs = 0
        self._temperatures = 0  # bits, as in the packet
        self._resources = 0
        self._wear = 0
        context.functions.handle(0x0801, self.scrub)
        context.functions.handle(0x0802, self.clear)

    def start(self):
        """Begin at the first record."""
        self._scrub.rewind()

    def step(self, now_ms):
        """One slice of everything; limits and tables with the packet."""
        self._scrub_image()
        self._scrub_other()
        self._scrub_fram()
        self._check_record()
        if self._steps == 0:
            self._check_tables()
            self._check_temperatures()
            self._check_resources()
            self._post()
        self._steps = (self._steps + 1) % _REPORT_STEPS

    def scrub(self, buf, off, owner):
        """Handler of `health_scrub`."""
        self._scrub.rewind()
        return failures.OK

    def clear(self, buf, off, owner):
        """Handler of `health_clear`."""
        for i in range(4):
            self._extremes[i] = 0
        self._seen[_BATTERY] = False
        self._seen[_BOARD] = False
        return failures.OK

    def _scrub_image(self):
        status = self._context.board.scrub(0, _IMAGE_SLICE_B)
        if status == 0:
            return
        self._image_passes = (self._image_passes + 1) & 0xFFFF
        if status > 0:
            if self._image_state == _DAMAGED:
                self._events.put(EVENT_IMAGE_GOOD, 0, self._image_passes)
            self._image_state = _GOOD
            return
        self._image_damaged = (self._image_damaged + 1) & 0xFFFF
        self._events.put(EVENT_IMAGE, 0, self._image_passes)
        if self._image_state != _DAMAGED or self._seen[_UNSTORED]:
            self._image_state = _DAMAGED
            self._leave_image()

    def _leave_image(self):
        """Into the other slot, once for each time that damage is found; C counts the resets, and
        is asked again after the next pass where it cannot store that."""
        board = self._context.board
        self._seen[_UNSTORED] = False
        if board.intact(0):
            reason = 1
        elif not board.intact(1):
            reason = 2
        else:
            status = board.kernel.direct(_DIRECT_DAMAGED, 0)
            if status >= 0:
                self._events.put(EVENT_LEAVE, board.image_slot)
                return
            self._seen[_UNSTORED] = status == _E_IO
            reason = 3
        self._events.put(EVENT_STAY, board.image_slot, reason)

    def _scrub_other(self):
        status = self._context.board.scrub(1, _OTHER_SLICE_B)
        if status == 0:
            return
        state = _GOOD if status > 0 else _DAMAGED
        if state == _DAMAGED and self._other_state != _DAMAGED:
            self._events.put(EVENT_OTHER, 1 - self._context.board.image_slot)
        elif state == _GOOD and self._other_state == _DAMAGED:
            self._events.put(EVENT_OTHER_GOOD, 1 - self._context.board.image_slot)
        self._other_state = state

    def _scrub_fram(self):
        status = self._scrub.step()
        if status > 0:
            self._events.put(EVENT_FRAM, 0, status)
        if status < 0 and not self._fram_silent:
            self._events.put(EVENT_FRAM_SILENT, -status)
        if not self._scrub.pausing():
            self._fram_silent = status < 0

    def _check_tables(self):
        context = self._context
        context.params.retry()
        if not context.params.intact():
            context.params.mend(False)
            self._repaired(_PARAMETERS)
        if not context.app_table.intact():
            context.app_table.repair()
            self._repaired(_APPS)

    def _check_record(self):
        """One of those with two copies in FRAM: what of it lies in RAM against its CRC."""
        record = records.ALL[self._looked_at]
        self._looked_at = (self._looked_at + 1) % len(records.ALL)
        record.right()
        if record.kept & records.NONSENSE:
            record.kept &= ~records.NONSENSE
            self._events.put(EVENT_NONSENSE, 0, record.address(0))
        if record.kept & records.MENDED:
            record.kept &= ~records.MENDED
            if record.owner is self._context.params:
                self._repaired(_PARAMETERS)
            else:
                self._repaired(_RECORD, record.address(0))

    def _repaired(self, table, address=0):
        self._table_repairs = (self._table_repairs + 1) & 0xFF
        self._events.put(EVENT_TABLE, table, address)

    def _check_temperatures(self):
        self._check_temperature(_BATTERY, self._power, self._battery_in_power)
        self._check_temperature(_BOARD, self._payload, self._board_in_payload)

    def _check_temperature(self, which, record, at):
        """The latest reading of somebody else's packet, 1/16 degC, against its two limits."""
        if record.posted_ms < 0:
            return
        value = _signed(record.data[at] << 8 | record.data[at + 1], 0x8000)
        extremes = self._extremes
        if not self._seen[which] or value < extremes[2 * which]:
            extremes[2 * which] = value
        if not self._seen[which] or value > extremes[2 * which + 1]:
            extremes[2 * which + 1] = value
        self._seen[which] = True
        params = self._context.params
        low = _signed(params.u8(self._limits_at + 2 * which), 0x80) * 16
        high = _signed(params.u8(self._limits_at + 2 * which + 1), 0x80) * 16
        cold = 1 << 2 * which
        hot = cold << 1
        before = self._temperatures & (cold | hot)
        now = 0
        if value < low or before & cold and value < low + _HYSTERESIS:
            now = cold
        elif value > high or before & hot and value > high - _HYSTERESIS:
            now = hot
        self._temperatures = self._temperatures & ~(cold | hot) | now
        if now != before:
            event = EVENT_TEMPERATURE if now else EVENT_TEMPERATURE_BACK
            self._events.put(event, which, value // 16 + 128)

    def _check_resources(self):
        context = self._context
        board = context.board
        params = context.params
        if board.heap_size:
            free = context.memory.free()
            self._judge(_HEAP, free < params.u16(self._heap_at), free)
        deepest = params.u16(self._stack_at)
        if board.stack_size:
            used = board.stack_used() * 1000 // board.stack_size
            self._judge(_STACK, used > deepest, used)
            used = board.handler_stack_used() * 1000 // board.handler_stack_size
            self._judge(_C_STACK, used > deepest, used)
        core = self._core.data
        at = self._cpu_in_core
        busy = core[at] << 8 | core[at + 1]
        self._judge(_CPU, busy > params.u16(self._cpu_at), busy)
        storage = self._storage.data
        at = self._erases_in_storage
        # By the 4096 blocks of the part: the low 12 bits are no whole erase of each.
        erases_256 = storage[at] << 16 | storage[at + 1] << 8 | storage[at + 2]
        self._wear = min(erases_256 >> 4, 65535)
        self._judge(_WEAR, self._wear > params.u16(self._wear_at), self._wear)

    def _judge(self, which, scarce, value):
        bit = 1 << which
        if scarce and not self._resources & bit:
            self._resources |= bit
            self._events.put(EVENT_RESOURCE, which, value)
        elif not scarce and self._resources & bit:
            self._resources &= ~bit
            self._events.put(EVENT_RESOURCE_BACK, which, value)

    def _post(self):
        scrub = self._scrub
        extremes = self._extremes
        record = self._record
        struct.pack_into(
            record.format,
            record.data,
            0,
            self._image_state,
            self._image_passes,
            self._image_damaged,
            scrub.passes,
            scrub.repairs,
            scrub.errors,
            self._table_repairs,
            self._temperatures,
            extremes[0],
            extremes[1],
            extremes[2],
            extremes[3],
            self._resources,
            self._wear,
            self._other_state,
        )
        record.post()


def _signed(value, sign):
    """Two's complement of a value whose sign bit is `sign`."""
    return value - 2 * sign if value & sign else value
