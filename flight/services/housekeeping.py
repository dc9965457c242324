"""Service 3, housekeeping (ECSS-E-ST-70-41C, 6.3): every record posted goes down once, as 3/25,
unless services/structures.py has been told otherwise.

It also fills the two packets of the core: `core_hk` and `schedule`.
"""

import struct

import native
from flight.core import definitions
from flight.core.app_counters import ROWS
from flight.core.boot import version_numbers
from flight.core.scheduler import GIVEN_UP, WORK_MASK
from flight.packets import fields
from flight.services.structures import Structures, send_record
from hal.compat import const

_CORE_STEPS = const(10)  # core packets every tenth step
_CLIP = const(65535)

EVENT_LOST = const(0x000E)


class Housekeeping:
    """The app "housekeeping" of mission.APPS."""

    NAME = "housekeeping"

    def __init__(self, context, boot, supervisor):
        self.PERIOD_MS, self.OFFSET_MS, self.BUDGET_MS = context.mission.timing(self.NAME)
        self._context = context
        self._boot = boot
        self._supervisor = supervisor
        self._core = context.store.claim(0x0001, self.NAME)
        self._schedule = context.store.claim(0x0002, self.NAME)
        self._hash_at = fields.offset(definitions.HK_FIELDS, "dictionary_hash")
        self._times = context.store.claim(0x0004, self.NAME)
        self._state_at = fields.offset(definitions.SCHEDULE_FIELDS, "app_state")
        self._period_at = fields.offset(definitions.SCHEDULE_FIELDS, "app_period_ms")
        self._version = version_numbers(native.VERSION)
        self._structures = Structures(context)
        self._steps = 0
        self._idle_us = 0
        self._work_us = 0
        self._overhead_permille = 0
        self._heap_high = 0
        self._since_ms = 0
        self._lost = 0
        self._heap_base = 0
        self._collections = 0
        self._every_at = context.params.place(0x0001)
        self._growth_at = context.params.place(0x0002)
        self._collected_s = 0

    def start(self):
        """Begin measuring the load, and let the core packets go down at once."""
        self._steps = 0
        self._idle_us = self._context.clock.idle_us()
        self._since_ms = self._context.clock.ticks_ms()
        self._work_us = self._context.scheduler.work_us

    def step(self, now_ms):
        """Fill the core packets when they are due, then send every fresh record."""
        if self._steps == 0:
            self._report_loss()
            self._fill_core(now_ms)
            self._fill_schedule()
        self._steps = (self._steps + 1) % _CORE_STEPS
        self._demand_collection()
        context = self._context
        reports = context.telemetry
        # Before the records: after a start the ground looks for the boot event first.
        context.event_reports.drain()
        structures = self._structures
        i = 0
        for record in context.store.records:
            if record.fresh:
                record.fresh = False
                if structures.wanted(i):
                    send_record(reports, record)
            i += 1

    def _report_loss(self):
        reports = self._context.telemetry
        lost = (reports.lost - self._lost) & 0xFFFF
        if lost:
            self._lost = reports.lost
            self._context.events.put(EVENT_LOST, lost)

    def _demand_collection(self):
        """Collect when a parameter forces it, the heap has grown, or memory is wanting."""
        context = self._context
        every_s = context.params.u16(self._every_at)
        if every_s and context.time.uptime_s - self._collected_s >= every_s:
            self._collected_s = context.time.uptime_s
            context.scheduler.collect_across = True
            context.scheduler.collect_wanted = True
        if context.memory.wanting():
            context.scheduler.collect_wanted = True
        scheduler = context.scheduler
        used = context.board.heap_used()
        if scheduler.collections != self._collections:
            self._collections = scheduler.collections
            self._heap_base = used
            self._heap_high = max(self._heap_high, used)
        elif used - self._heap_base > context.params.u16(self._growth_at):
            scheduler.collect_wanted = True
        elif used > self._heap_base and context.memory.low():
            scheduler.collect_wanted = True

    def _cpu_permille(self, now_ms):
        """Busy over the last period; in `_overhead_permille` what nobody has measured of it."""
        clock = self._context.clock
        work_us = self._context.scheduler.work_us
        work = (work_us - self._work_us) & WORK_MASK
        self._work_us = work_us
        # From the release on: what this step has run so far counts in the next period.
        idle_us = clock.idle_us()
        idle = clock.ticks_diff(idle_us, self._idle_us)
        span_ms = clock.ticks_diff(now_ms, self._since_ms)
        self._idle_us = idle_us
        self._since_ms = now_ms
        if span_ms <= 0:
            return 0
        self._overhead_permille = min(1000, max(0, 1000 - (idle + work) // span_ms))
        return min(1000, max(0, 1000 - idle // span_ms))

    def _fill_core(self, now_ms):
        context = self._context
        board = context.board
        version = self._version
        current = context.modes
        given_up = 0
        for entry in context.scheduler.entries:
            if entry.state == GIVEN_UP:
                given_up += 1
        record = self._core
        struct.pack_into(
            record.format,
            record.data,
            0,
            current.current,
            current.reason,
            context.time.quality,
            board.reset_cause,
            board.image_slot,
            1 if native.FLIGHT_BUILD else 0,
            version[0],
            version[1],
            version[2],
            context.params.source,
            0,
            self._boot.count,
            context.time.uptime_s,
            context.commands.accepted,
            context.commands.refused,
            context.commands.last_failure,
            context.events.made,
            context.events.dropped,
            context.telemetry.made,
            context.telemetry.dropped,
            context.params.generation() & 0xFFFF,
            current.inhibitors,
            given_up,
            self._supervisor.heartbeats,
            self._cpu_permille(now_ms),
            self._overhead_permille,
            board.heap_used(),
            self._heap_high,
            board.heap_total_allocated(),
            context.scheduler.collections,
            min(board.stack_used(), _CLIP),
            min(board.handler_stack_used(), _CLIP),
            context.memory.shortages,
        )
        # Any u32 may be in there, and one of 2^30 or more would allocate as an integer.
        native.copy(record.data, self._hash_at, board.dictionary_hash, 0, 4)
        record.post()

    def _fill_schedule(self):
        context = self._context
        counters = context.scheduler.counters
        table = context.app_table
        record = self._schedule
        times = self._times
        data = record.data
        struct.pack_into(">HHB", data, 0, table.version, table.crc16(), table.source)
        at = self._state_at + ROWS
        native.copy(data, at, counters.errors, 0, ROWS)
        native.copy(data, at + ROWS, counters.overruns, 0, ROWS)
        native.copy(data, at + 2 * ROWS, counters.missed, 0, ROWS)
        native.copy(data, at + 3 * ROWS, counters.restarts, 0, ROWS)
        native.swap_copy(times.data, 0, counters.run_us, 0, "u16", ROWS)
        native.swap_copy(times.data, 2 * ROWS, counters.high_us, 0, "u16", ROWS)
        native.swap_copy(times.data, 4 * ROWS, counters.jitter_us, 0, "u16", ROWS)
        i = 0
        for entry in context.scheduler.entries:
            data[self._state_at + i] = entry.state
            struct.pack_into(">H", data, self._period_at + 2 * i, entry.period_ms)
            struct.pack_into(">H", data, self._period_at + 2 * (ROWS + i), counters.runs(i))
            p99_us = counters.jitter_p99_us(i)
            struct.pack_into(">H", times.data, 6 * ROWS + 2 * i, p99_us)
            i += 1
        record.post()
        times.post()
