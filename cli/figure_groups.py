"""The groups of figures, each a function from a bench to its figures."""

from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

from cli import figures_executive, figures_files, figures_ground, figures_link, worlds
from cli.errors import CliError
from cli.figures import (
    ALLOCATION_AFTER_S,
    ALLOCATION_WINDOW_S,
    ENVELOPE,
    ENVELOPE_KEYS,
    FLASH_LIMIT_B,
    HEAP_COUNTER_MODULUS,
    HEAP_FREE_MIN_B,
    HEAP_FULLEST_FREE_MIN_B,
    RAM_LIMIT_B,
    TICKS_MIN,
    Bench,
    Figure,
    latest,
    percentile,
    steady,
)
from ground.dictionary import Dictionary

Group = Callable[[Bench], List[Figure]]

TICK_HISTOGRAMS = (
    # Figure, fields of the packet, bin width [us], limits of min, mean, p99.9, max [us].
    # Nothing masks interrupts longer than 5 us; handler entry and the timer's own come to it.
    ("tick start jitter", "jitter", 1.0, (5.0, 5.0, 10.0, 10.0)),
    # A tick may take one hundredth of its period.
    ("tick duration", "duration", 20.0, (500.0, 500.0, 1000.0, 1000.0)),
)
BUS_TIME_LIMIT_US = 25_000.0  # a quarter of the tick's period


def speed(bench: Bench) -> List[Figure]:
    """How much faster than real time; determinism of the emulator."""
    figure = bench.figure
    return [
        figure("desktop real-time factor", lambda: _factor(bench.desktop), 200.0, "x", ">="),
        figure("qemu real-time factor", lambda: _factor(bench.qemu), 40.0, "x", ">="),
        figure(
            "qemu runs of one seed that differ",
            lambda: float(bench.identical[0] != bench.identical[1]),
            0,
            "runs",
        ),
    ]


def _factor(flight: Any) -> float:
    return round(flight.virtual_s / flight.wall_s, 1)


def firmware(bench: Bench) -> List[Figure]:
    """Flash, RAM, heap, processor load, time to the first frame."""

    def free(used_B: Iterable[int]) -> float:
        from boards.obc_f405 import size

        return float(size.measure(bench.elf)["heap_B"] - max(used_B))

    def free_heap() -> float:
        return free(now for now, _ in steady(bench.qemu, "core_hk", "heap_used"))

    def fullest_heap() -> float:
        return free(most for _, most in bench.qemu.history.column("core_hk", "heap_used")[1])

    def load() -> float:
        return round(max(busy for busy, _ in steady(bench.qemu, "core_hk", "cpu_permille")) / 10, 1)

    def first_frame() -> Optional[float]:
        frames = bench.record(bench.qemu).frames
        return round(frames[0][0], 3) if frames else None

    def image(key: str) -> float:
        return float(worlds.firmware(bench.elf)[key])

    figure = bench.figure
    return [
        figure("firmware flash", lambda: image("flash_B"), FLASH_LIMIT_B, "B"),
        figure("firmware RAM", lambda: image("ram_B"), RAM_LIMIT_B, "B"),
        figure("free Python heap", free_heap, HEAP_FREE_MIN_B, "B", ">="),
        figure(
            "free Python heap at its fullest",
            fullest_heap,
            HEAP_FULLEST_FREE_MIN_B,
            "B",
            ">=",
        ),
        figure("Python CPU", load, 4.0, "%"),
        figure("boot to first frame", first_frame, 2.0, "s"),
    ]


def ticks(bench: Bench) -> List[Figure]:
    """Start jitter and duration of the control tick, missed ticks, bus time."""

    def said(name: str) -> Any:
        return latest(bench.ticks, "tick_stats", name)

    def counted(name: str) -> float:
        return float(bench.ticks.world.counters[name])

    def collections() -> float:
        made = steady(bench.ticks, "core_hk", "heap_collections")
        return float((made[-1] - made[0]) & 0xFFFF)

    def nanoseconds(key: str, index: int) -> float:
        return round(said(f"{key}_ns")[index] / 1000, 3)

    def share(key: str, width_us: float) -> float:
        return percentile(said(f"{key}_hist"), width_us, 0.999, nanoseconds(key, 2))

    figure = bench.figure
    figures = [figure("ticks measured", lambda: said("ticks"), TICKS_MIN, "ticks", ">=")]
    for name, key, width_us, limits in TICK_HISTOGRAMS:
        measures = (
            partial(nanoseconds, key, 0),
            partial(nanoseconds, key, 1),
            partial(share, key, width_us),
            partial(nanoseconds, key, 2),
        )
        for label, measure, limit in zip(
            ("min", "mean", "p99.9", "max"), measures, limits, strict=True
        ):
            figures.append(figure(f"{name}, {label}", measure, limit, "us"))
    bus = "ADCS bus time per tick"
    return figures + [
        figure("collections forced meanwhile", collections, 100, "", ">="),
        figure("tick overruns", lambda: said("overruns"), 0, "ticks"),
        figure(
            "missed ticks, counted by the simulator", lambda: counted("missed_ticks"), 0, "ticks"
        ),
        figure(f"{bus}, mean", lambda: counted("adcs_bus_tick_mean_us"), BUS_TIME_LIMIT_US, "us"),
        figure(f"{bus}, max", lambda: counted("adcs_bus_tick_max_us"), BUS_TIME_LIMIT_US, "us"),
    ]


# Only sent once there are windows of ground stations: the orbit is not known in that minute.
WITHOUT_ORBIT = ("contact_windows",)


def allocation(bench: Bench) -> List[Figure]:
    """Bytes allocated on the Python heap over a minute of everything."""

    def column(name: str) -> "tuple[List[float], List[int]]":
        t_s, values = bench.allocation.history.column("core_hk", name)
        return list(t_s), list(values)

    def window() -> "tuple[int, int]":
        """First and last sample of the minute."""
        t_s, _ = column("heap_allocated")
        start = next((i for i, t in enumerate(t_s) if t >= ALLOCATION_AFTER_S), None)
        if start is not None:
            for end in range(start, len(t_s)):
                if t_s[end] >= t_s[start] + ALLOCATION_WINDOW_S - 0.5:
                    return start, end
        raise CliError("the flight does not cover the window")

    def change(name: str) -> int:
        start, end = window()
        _, values = column(name)
        return values[end] - values[start]

    def allocated() -> float:
        if column("heap_allocated")[1][window()[1]] == 0:
            raise CliError("the firmware does not count")
        return float(change("heap_allocated") % HEAP_COUNTER_MODULUS)

    def idle_apps() -> List[str]:
        states = latest(bench.allocation, "schedule", "app_state")
        names = bench.allocation.dictionary.schedule_rows
        return [name for row, name in enumerate(names) if states[row] != 1]

    def silent() -> List[str]:
        flight = bench.allocation
        low_s, high_s = (column("heap_allocated")[0][i] for i in window())
        return [
            packet.name
            for packet in flight.dictionary.packets.values()
            if packet.period_ms
            and packet.name not in WITHOUT_ORBIT
            and not any(
                low_s <= t <= high_s for t in flight.history.column(packet.name, "time_s")[0]
            )
        ]

    figure = bench.figure
    return [
        figure("heap allocation in 60 s", allocated, 0, "B"),
        figure("telecommands executed meanwhile", lambda: change("commands_accepted"), 1, "", ">="),
        figure("telecommands refused meanwhile", lambda: change("commands_refused"), 1, "", ">="),
        _none_of(bench, "apps that did not run", idle_apps),
        _none_of(bench, "packets that did not come", silent),
    ]


def _none_of(bench: Bench, name: str, names: Callable[[], Sequence[str]]) -> Figure:
    """A count that must be 0, with the names of what was counted."""
    figure = bench.figure(name, lambda: len(names()), 0, "")
    if figure.value:
        figure.note = ", ".join(names())
    return figure


def mission(bench: Bench) -> List[Figure]:
    """The acceptance list of the reference mission in both worlds, on the plant's truth."""
    figures = []
    for world in ("desktop", "qemu"):
        try:
            flight = getattr(bench, world)
        except CliError as error:
            name = f"{world}: failed checks of the reference mission"
            figures.append(Figure(name, None, 0, "", note=str(error)))
            continue
        for check in flight.checks:
            figures.append(
                Figure(
                    f"{world}: {check['name']}",
                    check["value"],
                    check["limit"],
                    check["unit"],
                    failed=not check["pass"],
                )
            )
    return figures


def envelope(bench: Bench) -> List[Figure]:
    """The corners of the envelope: the highest true rate of the last ten minutes."""
    figures = []
    for title, seed, values in ENVELOPE:
        overrides = [f"{key}={value}" for key, value in zip(ENVELOPE_KEYS, values, strict=True)]
        try:
            flight = bench.fly("desktop", title, overrides, seed=seed)
        except CliError as error:
            figures.append(Figure(f"failed checks: {title}", None, 0, "", note=str(error)))
            continue
        worst = [check for check in flight.checks if check["unit"] == "deg/s"][0]
        figures.append(Figure(f"held rate: {title}", worst["value"], worst["limit"], worst["unit"]))
        failed = [check["name"] for check in flight.checks if not check["pass"]]
        figures.append(
            Figure(f"failed checks: {title}", len(failed), 0, "", note=", ".join(failed))
        )
    return figures


def worlds_agree(bench: Bench) -> List[Figure]:
    """Differential: all telemetry of the reference mission, bit for bit."""
    differing = bench.figure(
        "fields that differ between desktop and qemu",
        lambda: len(bench.comparison.differences),
        0,
        "",
    )
    if differing.value:
        differing.note = bench.comparison.differences[0]
    return [
        differing,
        bench.figure("fields compared", lambda: bench.comparison.fields, 1, "", ">="),
        bench.figure("fields that may differ", lambda: len(Dictionary().world_fields), 12, ""),
    ]


GROUPS: Dict[str, Group] = {
    "speed": speed,
    "firmware": firmware,
    "ticks": ticks,
    "allocation": allocation,
    "mission": mission,
    "envelope": envelope,
    "worlds": worlds_agree,
    **figures_executive.GROUPS,
    **figures_link.GROUPS,
    **figures_ground.GROUPS,
    **figures_files.GROUPS,
}
LONG_GROUPS: Dict[str, Group] = figures_executive.LONG_GROUPS
