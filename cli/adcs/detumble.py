"""Detumble of the 3U: a hundred seeds on a float64 plant, and one in ten through the whole system.

Each seed turns initial rate, attitude, residual dipole and errors its own way (cli/adcs/fleet.py);
in the whole system (simulator, drivers, flight software on the desktop) the orbit is that of the
scenario. A seed has settled at the last time at which the true rate was at the limit or above. It
must then hold for a quarter of an orbit, in which the field makes half a turn: a flight ends when
it has, or a quarter of an orbit after the deadline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cli.adcs.builds import Array
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.errors import CliError

SCENARIO = "first-light"
DIPOLE_A_M2 = 0.2
RODS_TOLD_S = 20.0
LIMIT_DEG_S = 0.5
# 97.3 deg of inclination, 500 km.
ORBIT_S = 5677.0
HOLD_S = ORBIT_S / 4
SEEDS_ASKED, WHOLE_SHARE = 100, 10
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


def settled(t_s: Array, rate_deg_s: Array) -> float:
    """When a seed came below the limit for good; infinite when it has not held for long enough."""
    above = np.flatnonzero(~(rate_deg_s < LIMIT_DEG_S))
    after = int(above[-1]) + 1 if above.size else 0
    held = after < len(t_s) and float(t_s[-1] - t_s[after]) >= HOLD_S - 2.0
    return float(t_s[after]) if held else math.inf


def fly_fleet(case: Case, verify: Verify) -> "list[Settled]":
    """Every seed at once."""
    from cli.adcs.fleet import Fleet

    end_s = round(case.orbits * ORBIT_S + HOLD_S)
    seeds = np.arange(verify.seed, verify.seed + verify.runs)
    rates: Array = np.empty((end_s, verify.runs))
    below_s: Array = np.zeros(verify.runs)
    with verify.progress(f"{case.title}, {verify.runs} seeds", end_s) as tell:
        fleet = Fleet(seeds, case.rate_deg_s, DIPOLE_A_M2, end_s)
        second = 0
        while second < end_s and below_s.min() < HOLD_S:
            rates[second] = fleet.rate_deg_s
            below_s = np.where(rates[second] < LIMIT_DEG_S, below_s + 1.0, 0.0)
            for _ in range(10):
                fleet.step()
            second += 1
            tell(second)
    t_s = np.arange(second, dtype=float)
    return [Settled(int(seed), settled(t_s, rates[:second, k])) for k, seed in enumerate(seeds)]


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


def fly(case: Case, seed: int) -> Settled:
    """One flight of the whole system, judged on the plant's truth."""
    from cli import flights

    try:
        flight = flights.prepare(SCENARIO, "desktop", seed, overrides(case))
        # What the ground tells a spacecraft whose rods are not those of the default.
        rods = {"attitude_rod_dipole": DIPOLE_A_M2, "attitude_dipole_max": DIPOLE_A_M2}
        flight.world.uplink(RODS_TOLD_S, flight.encoder.frame("set_parameters", rods))
        watch(flight)
        flight.fly()
    except CliError as error:
        return Settled(seed, math.inf, str(error))
    if not flight.world.finished:
        return Settled(seed, math.inf, "the flight broke off")
    truth = flight.world.truth
    return Settled(seed, settled(truth["t_s"].ravel(), truth["rate_deg_s"].ravel()))


def fly_whole(case: Case, verify: Verify) -> "list[Settled]":
    """One seed in ten through the whole system."""
    count, found = max(1, verify.runs // WHOLE_SHARE), []
    with verify.progress(f"{case.title}, {count} whole systems", count) as tell:
        for seed in range(verify.seed, verify.seed + count):
            found.append(fly(case, seed))
            tell(len(found))
    return found


def judge(title: str, deadline_s: float, found: Sequence[Settled], asked: int) -> Values:
    """Figures of one case."""
    late = [each for each in found if not each.settled_s <= deadline_s]
    share = 100.0 * (len(found) - len(late)) / len(found)
    finite = [each.settled_s for each in found if math.isfinite(each.settled_s)]
    worst = max(found, key=lambda each: each.settled_s)
    problem = next((f": {each.problem}" for each in late if each.problem), "")
    note = f"late: seeds {', '.join(str(each.seed) for each in late)}{problem}" if late else ""
    few = "" if len(found) >= asked else "fewer than asked for: --runs"
    return {
        f"{title}: share of seeds": Measured(share, note),
        f"{title}: seeds flown": Measured(float(len(found)), few),
        f"{title}: median": float(np.median(finite)) if finite else math.nan,
        f"{title}: worst of the 99 %": _worst_of_share(found, worst),
    }


def _worst_of_share(found: Sequence[Settled], worst: Settled) -> Measured:
    times = sorted(each.settled_s for each in found)
    value = times[math.ceil(len(times) * SHARE_PERCENT / 100.0) - 1]
    note = f"slowest: seed {worst.seed}"
    return Measured(value, note) if math.isfinite(value) else Measured(None, note + ", never held")


def parts(case: Case) -> "tuple[Part, Part]":
    """The figures of one case with their limits: the fleet, and the whole system."""
    deadline_s = case.orbits * ORBIT_S
    made = []
    for title, asked, flown, cost_s in (
        (case.title, SEEDS_ASKED, fly_fleet, 30.0 * case.orbits),
        (f"{case.title}, whole system", SEEDS_ASKED // WHOLE_SHARE, fly_whole, 80.0 * case.orbits),
    ):
        rows = (
            Row(f"{title}: share of seeds", SHARE_PERCENT, "%", ">="),
            Row(f"{title}: seeds flown", asked, "", ">="),
            Row(f"{title}: median", deadline_s, "s"),
            Row(f"{title}: worst of the 99 %", deadline_s, "s"),
        )

        def measure(
            verify: Verify, title: str = title, asked: int = asked, flown: Any = flown
        ) -> Values:
            return judge(title, deadline_s, flown(case, verify), asked)

        made.append(Part(rows, measure, cost_s=cost_s))
    return made[0], made[1]


PARTS = tuple(part for case in CASES for part in parts(case))
