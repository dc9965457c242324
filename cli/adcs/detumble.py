"""Detumble of the 3U through the whole desktop system: simulator, drivers, flight software.

Each seed turns the initial rate, attitude and residual dipole its own way. A seed has settled at
the last time at which the true rate was at the limit or above. It must then hold for a quarter of
an orbit, in which the field makes half a turn: a flight ends when it has, or a quarter of an orbit
after the deadline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.workers import Died, Say, spread
from cli.errors import CliError

SCENARIO = "first-light"
DIPOLE_A_M2 = 0.2
LIMIT_DEG_S = 0.5
# 97.3 deg of inclination, 500 km.
ORBIT_S = 5677.0
HOLD_S = ORBIT_S / 4
SEEDS_ASKED = 100
SHARE_PERCENT = 99.0


class Case(NamedTuple):
    """One line of the issue."""

    rate_deg_s: float
    orbits: int

    @property
    def title(self) -> str:
        orbits = "1 orbit" if self.orbits == 1 else f"{self.orbits} orbits"
        return f"detumble from {self.rate_deg_s:g} deg/s within {orbits}"


CASES = (Case(10.0, 1), Case(30.0, 2))


class Settled(NamedTuple):
    """What became of one seed: time [s], infinite when it never held; or why there was none."""

    seed: int
    settled_s: float
    problem: str = ""


def overrides(case: Case) -> "list[str]":
    """The scenario of a case, as `fly --set` takes it."""
    return [
        f"spacecraft.rods.dipole_A_m2={[DIPOLE_A_M2] * 3}",
        f"initial.rate_deg_s={case.rate_deg_s}",
        f"duration_s={case.orbits * ORBIT_S + HOLD_S}",
    ]


def watch(flight: Any) -> None:
    """End a flight once its rate has been below the limit for long enough."""
    above_s, seen = 0.0, 0

    def look(_t_s: float, _frame: bytes) -> None:
        nonlocal above_s, seen
        t_s, rate_deg_s = (flight.world.truth[name] for name in ("t_s", "rate_deg_s"))
        while seen < len(t_s):
            if not rate_deg_s[seen] < LIMIT_DEG_S:
                above_s = float(t_s[seen])
            seen += 1
        if seen and t_s[seen - 1] - above_s > HOLD_S:
            flight.world.finished = True

    flight.listeners.append(look)


def fly(case: Case, seed: int, say: "Say | None" = None) -> Settled:
    """One flight, judged on the plant's truth."""
    from cli import flights

    try:
        flight = flights.prepare(SCENARIO, "desktop", seed, overrides(case))
        watch(flight)
        flight.fly()
    except CliError as error:
        return Settled(seed, math.inf, str(error))
    if not flight.world.finished:
        return Settled(seed, math.inf, "the flight broke off")
    t_s = flight.world.truth["t_s"].ravel()
    above = np.flatnonzero(~(flight.world.truth["rate_deg_s"].ravel() < LIMIT_DEG_S))
    after = int(above[-1]) + 1 if above.size else 0
    held = after < len(t_s) and float(t_s[-1] - t_s[after]) > HOLD_S - 5.0
    return Settled(seed, float(t_s[after]) if held else math.inf)


def fly_all(case: Case, verify: Verify) -> "list[Settled]":
    """Every seed, on all processes."""
    seeds = range(verify.seed, verify.seed + verify.runs)
    found = []
    with verify.progress(f"{case.title}, {verify.runs} seeds", verify.runs) as tell:
        for number, done in spread([(fly, (case, seed)) for seed in seeds], verify.jobs):
            if isinstance(done, Died):
                done = Settled(seeds[number], math.inf, str(done))
            found.append(done)
            tell(len(found))
    return sorted(found)


def judge(case: Case, found: Sequence[Settled]) -> Values:
    """Figures of one case."""
    deadline_s = case.orbits * ORBIT_S
    late = [each for each in found if not each.settled_s <= deadline_s]
    share = 100.0 * (len(found) - len(late)) / len(found)
    finite = [each.settled_s for each in found if math.isfinite(each.settled_s)]
    worst = max(found, key=lambda each: each.settled_s)
    problem = next((f": {each.problem}" for each in late if each.problem), "")
    note = f"late: seeds {', '.join(str(each.seed) for each in late)}{problem}" if late else ""
    few = "" if len(found) >= SEEDS_ASKED else "fewer than asked for: --runs"
    return {
        f"{case.title}: share of seeds": Measured(share, note),
        f"{case.title}: seeds flown": Measured(float(len(found)), few),
        f"{case.title}: median": float(np.median(finite)) if finite else math.nan,
        f"{case.title}: worst of the 99 %": _worst_of_share(found, worst),
    }


def _worst_of_share(found: Sequence[Settled], worst: Settled) -> Measured:
    times = sorted(each.settled_s for each in found)
    value = times[math.ceil(len(times) * SHARE_PERCENT / 100.0) - 1]
    note = f"slowest: seed {worst.seed}"
    return Measured(value, note) if math.isfinite(value) else Measured(None, note + ", never held")


def part(case: Case) -> Part:
    """The figures of one case with their limits."""
    deadline_s = case.orbits * ORBIT_S
    rows = (
        Row(f"{case.title}: share of seeds", SHARE_PERCENT, "%", ">="),
        Row(f"{case.title}: seeds flown", SEEDS_ASKED, "", ">="),
        Row(f"{case.title}: median", deadline_s, "s"),
        Row(f"{case.title}: worst of the 99 %", deadline_s, "s"),
    )
    return Part(rows, lambda verify: judge(case, fly_all(case, verify)), alone=True)


PARTS = tuple(part(case) for case in CASES)
