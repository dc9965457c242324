"""Detumble of the 3U through the whole desktop system: simulator, drivers, flight software.

Each seed turns the initial rate, attitude and residual dipole its own way. A seed has settled at
the last time at which the true rate was at the limit or above; it must then hold to the end of the
flight, ten minutes after the deadline.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.errors import CliError

SCENARIO = "first-light"
DIPOLE_A_M2 = 0.2
LIMIT_DEG_S = 0.5
HOLD_S = 600.0
# 97.3 deg of inclination, 500 km.
ORBIT_S = 5677.0
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


def fly(case: Case, seed: int) -> Settled:
    """One flight, judged on the plant's truth."""
    from cli import flights

    try:
        flight = flights.prepare(SCENARIO, "desktop", seed, overrides(case))
        flight.fly()
    except CliError as error:
        return Settled(seed, math.inf, str(error))
    if not flight.world.finished:
        return Settled(seed, math.inf, "the flight broke off")
    t_s = flight.world.truth["t_s"].ravel()
    above = np.flatnonzero(flight.world.truth["rate_deg_s"].ravel() >= LIMIT_DEG_S)
    if not above.size:
        return Settled(seed, 0.0)
    after = int(above[-1]) + 1
    return Settled(seed, float(t_s[after]) if after < len(t_s) else math.inf)


def fly_all(case: Case, verify: Verify) -> "list[Settled]":
    """Every seed, in as many processes as there are processors."""
    seeds = range(verify.seed, verify.seed + verify.runs)
    workers = max(1, min(verify.runs, os.cpu_count() or 1))
    found = []
    with verify.progress(f"{case.title}, {verify.runs} seeds", verify.runs) as tell:
        # Spawned: a forked child would inherit threads and the progress bar.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            try:
                for done in as_completed([pool.submit(fly, case, seed) for seed in seeds]):
                    found.append(done.result())
                    tell(len(found))
            except BrokenProcessPool as error:
                raise CliError(f"a process that flew died: {error}") from error
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
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
    return Part(rows, lambda verify: judge(case, fly_all(case, verify)))


PARTS = tuple(part(case) for case in CASES)
