"""Figures of the executive: the control tick while Python is at its worst, releases, overhead.

At its worst means, all at once: a collection across a control tick every second, telecommands as
fast as they are taken (every other one refused, with its event), every housekeeping packet stored,
so that the flash memory is written and erased without a break.
"""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from cli import device_script, soak
from cli.errors import CliError
from cli.figures import Bench, Figure, latest, percentile, steady

RELEASE_JITTER_LIMIT_US = 2000.0
OVERHEAD_LIMIT_PERCENT = 3.0
START_JITTER_LIMIT_US = 10.0
JITTER_BIN_US = 1.0

# By period of the control tick [ms]: ticks to count.
STORM_TICKS = {100: 100_000, 10: 1_000_000}
STORM_AFTER_S = 30.0
# The latest start of all [us]: a page of flash memory takes the emulator's device bus 18 us, with
# interrupts masked. The scheduler keeps the storage away from a tick of every 100 ms, so that this
# is once in a hundred thousand; one of every 10 ms comes upon it at its work.
START_MAX_US = 25.0
TELECOMMANDS_PER_S = 2
# What the storm must at least have been, per second.
COLLECTIONS_PER_S = 0.9
TELECOMMANDS_SEEN_PER_S = 1.9
EVENTS_PER_S = 0.9
ERASES_PER_S = 0.01

# Mission time [s] from which on telecommands are tagged, and their tags after it [ms].
TAGS_FROM_S = 200_000_000
TAGS_MS = tuple(1000 * n + (n * 137) % 1000 for n in range(8, 24))
RELEASE_LIMIT_MS = 100.0  # a minor frame

STORM_OVERRIDES = ('radio.visibility="always"',)
STORED_PACKETS = (0x0001, 0x0002, 0x0004, 0x0101, 0x0203, 0x0801)


def elf_of(bench: Bench, tick_ms: int) -> Path:
    """The firmware with this tick: a build beside that of the bench."""
    if tick_ms == 100:
        return bench.elf
    folder = bench.elf.parent
    return folder.with_name(f"{folder.name}-{tick_ms}ms") / bench.elf.name


def storm(bench: Bench, tick_ms: int) -> Any:
    """The flight in which Python is at its worst."""
    elf = elf_of(bench, tick_ms)
    if not elf.is_file():
        how = f"make -C boards/obc_f405 TICK_MS={tick_ms}"
        raise CliError(f"firmware {elf} is not there; build it: {how}")
    duration_s = STORM_TICKS[tick_ms] * tick_ms / 1000 + STORM_AFTER_S + 10

    def uplink(flight: Any) -> None:
        encoder = bench.encoder(flight)

        def send(t_s: float, name: str, values: Any = ()) -> None:
            flight.world.uplink(t_s, encoder.frame(name, values))

        send(20.0, "set_parameters", {"sched_gc_every_s": 1})
        for i, packet in enumerate(STORED_PACKETS):
            send(21.0 + i, "store_rule", {"packet": packet, "every": 1, "priority": 0})
        send(STORM_AFTER_S - 1, "attitude_reset_stats")
        names = ["attitude_bdot_gain"] * 24
        count = int((duration_s - STORM_AFTER_S) * TELECOMMANDS_PER_S)
        for i in range(count):
            t_s = STORM_AFTER_S + i / TELECOMMANDS_PER_S
            if i % 2:
                send(t_s, "reset")  # refused: it is not armed
            else:
                send(t_s, "report_parameters", names)

    overrides = [f"duration_s={duration_s}", f"watchdog.tick_ms={tick_ms}", *STORM_OVERRIDES]
    title = f"{STORM_TICKS[tick_ms]} ticks of {tick_ms} ms with Python at its worst"
    return bench.fly("qemu", title, overrides, uplink=uplink, elf=elf)


def ticks_at_worst(bench: Bench, tick_ms: int) -> List[Figure]:
    """No control tick missed, hardly any late, while Python is at its worst."""
    hz = 1000 // tick_ms

    def flight() -> Any:
        return storm(bench, tick_ms)

    def counted(name: str) -> float:
        return float(flight().world.counters[name])

    def said(name: str) -> Any:
        return latest(flight(), "tick_stats", name)

    def jitter() -> float:
        highest = said("jitter_ns")[2] / 1000
        return percentile(said("jitter_hist"), JITTER_BIN_US, 0.999, highest)

    def rate(packet: str, name: str, modulus: int) -> float:
        """Growth per second of a counter while the storm went on."""
        values = steady(flight(), packet, name, STORM_AFTER_S)
        grown = sum((b - a) % modulus for a, b in zip(values, values[1:], strict=False))
        return round(grown / (STORM_TICKS[tick_ms] * tick_ms / 1000), 4)

    def commands() -> float:
        names = ("commands_accepted", "commands_refused")
        return round(sum(rate("core_hk", name, 1 << 16) for name in names), 4)

    figure = bench.figure
    late = figure(f"{hz} Hz: start jitter, p99.9", jitter, START_JITTER_LIMIT_US, "us")
    if late.value is not None:
        late.histogram = list(said("jitter_hist"))
    missed = "missed ticks, counted by the simulator"
    return [
        figure(f"{hz} Hz: ticks", lambda: counted("kicks"), STORM_TICKS[tick_ms], "ticks", ">="),
        figure(f"{hz} Hz: {missed}", lambda: counted("missed_ticks"), 0, "ticks"),
        figure(f"{hz} Hz: tick overruns", lambda: said("overruns"), 0, "ticks"),
        late,
        figure(
            f"{hz} Hz: start jitter, max",
            lambda: said("jitter_ns")[2] / 1000,
            START_MAX_US,
            "us",
        ),
        figure(f"{hz} Hz: resets", lambda: counted("boots") - 1, 0, ""),
        figure(
            f"{hz} Hz: forced collections per second",
            partial(rate, "core_hk", "heap_collections", 1 << 16),
            COLLECTIONS_PER_S,
            "1/s",
            ">=",
        ),
        figure(f"{hz} Hz: telecommands per second", commands, TELECOMMANDS_SEEN_PER_S, "1/s", ">="),
        figure(
            f"{hz} Hz: events per second",
            partial(rate, "core_hk", "events_made", 1 << 16),
            EVENTS_PER_S,
            "1/s",
            ">=",
        ),
        figure(
            f"{hz} Hz: flash erases per second",
            partial(rate, "storage_hk", "erases", 1 << 32),
            ERASES_PER_S,
            "1/s",
            ">=",
        ),
    ]


def releases(bench: Bench) -> List[Figure]:
    """Releases of the apps on the reference mission, and what the scheduler itself takes."""

    def worst_p99() -> Tuple[int, str]:
        times = latest(bench.qemu, "schedule_times", "app_jitter_us")
        names = bench.qemu.dictionary.schedule_rows
        late = times[len(times) // 2 :]
        return max((late[row], name) for row, name in enumerate(names))

    def none_of(name: str) -> float:
        return float(sum(latest(bench.qemu, "schedule", name)))

    def overhead() -> float:
        return round(max(own for _, own in steady(bench.qemu, "core_hk", "cpu_permille")) / 10, 1)

    figure = bench.figure
    jitter = figure(
        "release jitter, p99, worst app", lambda: worst_p99()[0], RELEASE_JITTER_LIMIT_US, "us"
    )
    if jitter.value is not None:
        jitter.note = worst_p99()[1]
    return [
        jitter,
        figure("overruns of apps", lambda: none_of("app_overruns"), 0, ""),
        figure("releases missed", lambda: none_of("app_missed"), 0, ""),
        figure(
            "scheduler overhead with 12 apps every 100 ms",
            lambda: device_script.scheduler_overhead(bench.elf),
            OVERHEAD_LIMIT_PERCENT,
            "%",
        ),
        figure(
            "scheduler and control kernel on the reference mission",
            overhead,
            OVERHEAD_LIMIT_PERCENT,
            "%",
        ),
    ]


def scheduled(bench: Bench) -> List[Figure]:
    """When telecommands with a time tag are carried out."""

    def uplink(flight: Any) -> None:
        def send(t_s: float, name: str, values: Any = ()) -> None:
            flight.world.uplink(t_s, flight.encoder.frame(name, values))

        send(10.0, "set_time", {"seconds": TAGS_FROM_S - 20, "fraction": 0})
        send(12.0, "schedule_enable")
        for n in range(0, len(TAGS_MS), 4):
            pings = [
                {
                    "command": "ping",
                    "args": {},
                    "seconds": TAGS_FROM_S + tag // 1000,
                    "ms": tag % 1000,
                }
                for tag in TAGS_MS[n : n + 4]
            ]
            send(14.0 + n / 4, "schedule_insert", {"activities": pings})

    def late_ms() -> List[float]:
        flight = bench.fly(
            "qemu",
            "telecommands with time tags",
            ["duration_s=60", *STORM_OVERRIDES],
            uplink=uplink,
            timeline=False,
        )
        replies = [
            report.time_s
            for report in bench.record(flight).reports
            if (report.packet.service, report.packet.subtype) == (17, 2)
        ]
        if len(replies) != len(TAGS_MS):
            raise CliError(f"{len(replies)} of {len(TAGS_MS)} telecommands were carried out")
        return [
            round((reply - TAGS_FROM_S) * 1000 - tag, 3)
            for reply, tag in zip(sorted(replies), TAGS_MS, strict=True)
        ]

    figure = bench.figure
    limit = RELEASE_LIMIT_MS
    return [
        figure("release of a time-tagged telecommand, latest", lambda: max(late_ms()), limit, "ms"),
        figure(
            "release of a time-tagged telecommand, earliest", lambda: min(late_ms()), -1, "ms", ">="
        ),
    ]


def python_deaths(bench: Bench) -> List[Figure]:
    """Python dies: how soon survival is heard, how soon Python is back."""
    try:
        flight = bench.fly("qemu", "deaths of Python", scenario="vm-death")
    except CliError as error:
        return [Figure("vm-death: failed checks", None, 0, "", note=str(error))]
    return [
        Figure(
            f"vm-death: {check['name']}",
            check["value"],
            check["limit"],
            check["unit"],
            failed=not check["pass"],
        )
        for check in flight.checks
    ]


Group = Callable[[Bench], List[Figure]]

GROUPS: Dict[str, Group] = {"releases": releases, "scheduled": scheduled, "vm-death": python_deaths}

# Long: flown when they are named, and by `bench --long`.
LONG_GROUPS: Dict[str, Group] = {
    "tick-10hz": partial(ticks_at_worst, tick_ms=100),
    "tick-100hz": partial(ticks_at_worst, tick_ms=10),
    "soak": partial(soak.soak, world="desktop"),
    "soak-qemu": partial(soak.soak, world="qemu"),
}
