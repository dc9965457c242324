"""The groups of figures, each a function from a bench to its figures."""

from typing import Callable, Dict, List

from cli import worlds
from cli.figures import (
    ALLOCATION_AFTER_S,
    ALLOCATION_WINDOW_S,
    ENVELOPE,
    ENVELOPE_KEYS,
    FLASH_LIMIT_B,
    HEAP_COUNTER_MODULUS,
    HEAP_FREE_MIN_B,
    RAM_LIMIT_B,
    TICKS_MIN,
    Bench,
    Figure,
    percentile,
    steady,
)

Group = Callable[[Bench], List[Figure]]


def speed(bench: Bench) -> List[Figure]:
    """How much faster than real time; determinism of the emulator."""
    first, second = bench.identical
    return [
        _factor("desktop real-time factor", bench.desktop, 200.0),
        _factor("qemu real-time factor", bench.qemu, 40.0),
        Figure("qemu runs of one seed that differ", float(first != second), 0, "runs"),
    ]


def _factor(name: str, flight: object, limit: float) -> Figure:
    value = flight.virtual_s / flight.wall_s  # type: ignore[attr-defined]
    return Figure(name, round(value, 1), limit, "x", ">=")


def firmware(bench: Bench) -> List[Figure]:
    """Flash, RAM, heap, processor load, time to the first frame."""
    from boards.obc_f405 import size

    flight = bench.qemu
    image = flight.outcome.firmware
    heap_B = size.measure(bench.elf)["heap_B"]
    used = steady(flight, "core_hk", "heap_used")
    cpu = steady(flight, "core_hk", "cpu_permille")
    frames = bench.record(flight).frames
    return [
        Figure("firmware flash", image["flash_B"], FLASH_LIMIT_B, "B"),
        Figure("firmware RAM", image["ram_B"], RAM_LIMIT_B, "B"),
        Figure(
            "free Python heap", heap_B - max(used) if used else None, HEAP_FREE_MIN_B, "B", ">="
        ),
        Figure("Python CPU", round(max(cpu) / 10, 1) if cpu else None, 4.0, "%"),
        Figure("boot to first frame", round(frames[0][0], 3) if frames else None, 2.0, "s"),
    ]


def ticks(bench: Bench) -> List[Figure]:
    """Start jitter and duration of the control tick, missed ticks, bus time."""
    flight = bench.ticks
    report = flight.history.latest["tick_stats"].raw
    counters = flight.world.counters
    figures = [Figure("ticks measured", report["ticks"], TICKS_MIN, "ticks", ">=")]
    for name, key, width_us, limits in (
        # Nothing masks interrupts longer than 5 us; handler entry and the timer's own come to it.
        ("tick start jitter", "jitter", 1.0, (None, 5.0, 10.0, 10.0)),
        # A tick may take one hundredth of its period.
        ("tick duration", "duration", 20.0, (None, 500.0, 1000.0, 1000.0)),
    ):
        lowest, mean, highest = (value / 1000 for value in report[f"{key}_ns"])
        high = percentile(report[f"{key}_hist"], width_us, 0.999, highest)
        for label, value, limit in zip(
            ("min", "mean", "p99.9", "max"), (lowest, mean, high, highest), limits, strict=True
        ):
            figures.append(Figure(f"{name}, {label}", round(value, 3), limit, "us"))
    collections = steady(flight, "core_hk", "heap_collections")
    made = (collections[-1] - collections[0]) & 0xFFFF if collections else 0
    return figures + [
        Figure("collections forced meanwhile", made, 100, "", ">="),
        Figure("tick overruns", report["overruns"], 0, "ticks"),
        Figure("missed ticks, counted by the simulator", counters["missed_ticks"], 0, "ticks"),
        Figure("ADCS bus time per tick, mean", counters["adcs_bus_tick_mean_us"], None, "us"),
        Figure("ADCS bus time per tick, max", counters["adcs_bus_tick_max_us"], 25000.0, "us"),
    ]


def allocation(bench: Bench) -> List[Figure]:
    """Bytes allocated on the Python heap over a minute of everything."""
    flight = bench.allocation
    t_s, allocated = flight.history.column("core_hk", "heap_allocated")
    start = next((i for i, t in enumerate(t_s) if t >= ALLOCATION_AFTER_S), None)
    end = None
    if start is not None:
        wanted_s = t_s[start] + ALLOCATION_WINDOW_S - 0.5
        end = next((i for i, t in enumerate(t_s) if t >= wanted_s), None)
    if start is None or end is None:
        return [Figure("heap allocation in 60 s", None, 0, "B", note="window not covered")]
    if allocated[end] == 0:
        return [Figure("heap allocation in 60 s", None, 0, "B", note="the firmware does not count")]
    low_s, high_s = t_s[start], t_s[end]
    value = (allocated[end] - allocated[start]) % HEAP_COUNTER_MODULUS
    accepted = flight.history.column("core_hk", "commands_accepted")[1]
    refused = flight.history.column("core_hk", "commands_refused")[1]
    periodic = [packet for packet in flight.dictionary.packets.values() if packet.period_ms]
    silent = [
        packet.name
        for packet in periodic
        if not any(low_s <= t <= high_s for t in flight.history.column(packet.name, "time_s")[0])
    ]
    idle_apps = [
        name
        for row, name in enumerate(flight.dictionary.schedule_rows)
        if flight.history.latest["schedule"].raw["app_state"][row] != 1
    ]
    return [
        Figure("heap allocation in 60 s", value, 0, "B"),
        Figure("telecommands executed meanwhile", accepted[end] - accepted[start], 1, "", ">="),
        Figure("telecommands refused meanwhile", refused[end] - refused[start], 1, "", ">="),
        Figure("apps that did not run", len(idle_apps), 0, "", note=", ".join(idle_apps)),
        Figure("packets that did not come", len(silent), 0, "", note=", ".join(silent)),
    ]


def mission(bench: Bench) -> List[Figure]:
    """The acceptance list of the reference mission in both worlds, on the plant's truth."""
    figures = []
    for flight in (bench.desktop, bench.qemu):
        for check in flight.checks:
            figures.append(
                Figure(
                    f"{flight.world_name}: {check['name']}",
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
        flight = bench.fly("desktop", title, overrides, seed=seed)
        worst = [check for check in flight.checks if check["unit"] == "deg/s"][0]
        figures.append(Figure(f"held rate: {title}", worst["value"], worst["limit"], worst["unit"]))
        failed = [check["name"] for check in flight.checks if not check["pass"]]
        figures.append(
            Figure(f"failed checks: {title}", len(failed), 0, "", note=", ".join(failed))
        )
    return figures


def worlds_agree(bench: Bench) -> List[Figure]:
    """Differential: all telemetry of the reference mission, bit for bit."""
    result = bench.comparison
    dictionary = bench.desktop.dictionary
    return [
        Figure(
            "fields that differ between desktop and qemu",
            len(result.differences),
            0,
            "",
            note=result.differences[0] if result.differences else "",
        ),
        Figure("fields compared", result.fields, 1, "", ">="),
        Figure("fields that may differ", len(dictionary.world_fields), 12, ""),
    ]


GROUPS: Dict[str, Group] = {
    "speed": speed,
    "firmware": firmware,
    "ticks": ticks,
    "allocation": allocation,
    "mission": mission,
    "envelope": envelope,
    "worlds": worlds_agree,
}


def needs_emulator(name: str) -> bool:
    """True for the groups that fly the firmware."""
    return name != "envelope"


def check_worlds(names: List[str], bench: Bench) -> None:
    """Raise `CliError` when a world that the groups need cannot run here."""
    worlds.check("desktop")
    if any(needs_emulator(name) for name in names):
        worlds.check("qemu", bench.elf)
