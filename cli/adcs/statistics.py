"""Is the filter honest: 50 runs against the truth, its bound, and a soak in both precisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cli.adcs.builds import Array, Build, accepted, body_error, double, flown
from cli.adcs.filter import DEG, MAG, PARAMS, SUN, SUN_N, Filter, Truth, field_N, nees

RUNS = 50
SUN_SIGMA, MAG_SIGMA = 0.5 * DEG, 1.0 * DEG
# 95 % band of the mean of 50 chi-squares of six degrees.
LOW, HIGH = 5.08, 7.00


class Campaign:
    """50 filters on 50 truths: 10 Hz gyro, 1 Hz Sun and field, eclipse where asked for.

    Once a minute `nees` gains the mean over the runs and `errors` the rotation vectors [rad] of
    all; `nis` has Sun and field of every run and second after the first minute.
    """

    def __init__(self, seed: int, builds: Sequence[Callable[[], Build]] = (flown,)) -> None:
        self.truth = Truth(RUNS, seed)
        starts = self.truth.start_near(5 * DEG)
        self.filters = [[Filter(build()) for _ in range(RUNS)] for build in builds]
        for group in self.filters:
            for each, q in zip(group, starts, strict=True):
                accepted(each.start(q, 5 * DEG))
        self.nees: list[float] = []
        self.nis: list[tuple[float, float]] = []
        self.errors: list[list[Array]] = []
        self.t_us = 0

    def fly(self, seconds: float, eclipse: Callable[[float], bool] = lambda t_s: False) -> Campaign:
        """Go on for so long; `eclipse` says when it is dark."""
        for _ in range(int(seconds * 10)):
            rates = self.truth.step().tolist()
            self.t_us += 100_000
            for group in self.filters:
                for each, rate in zip(group, rates, strict=True):
                    each.propagate(rate, self.t_us)
            if self.t_us % 1_000_000 == 0:
                self._measure(not eclipse(self.truth.t_s))
        return self

    def _measure(self, lit: bool) -> None:
        field = field_N(self.truth.t_s)
        suns = self.truth.seen(SUN_N, SUN_SIGMA)
        fields = self.truth.seen(field, MAG_SIGMA)
        for group in self.filters:
            for each, sun, mag in zip(group, suns, fields, strict=True):
                each.sun(sun, SUN_N, SUN_SIGMA, self.t_us, lit, lit)
                each.direction(MAG, mag, field, MAG_SIGMA, self.t_us)
        first = self.filters[0]
        pairs = list(enumerate(first))
        # The first minute carries the linearisation error of a 5 deg start.
        if self.t_us > 60_000_000:
            self.nis += [(f.state.nis[SUN] if lit else 2.0, f.state.nis[MAG]) for f in first]
        if self.t_us % 60_000_000 == 0:
            values = [nees(f, self.truth.q_BN(i), self.truth.bias[i]) for i, f in pairs]
            self.nees.append(float(np.mean(values)))
            self.errors.append([body_error(self.truth.q_BN(i), f.q_BN) for i, f in pairs])

    def rms_rad(self, samples: int = 3) -> float:
        """Attitude error over all runs and the last `samples` minutes."""
        error = np.array(self.errors[-samples:])
        return float(np.sqrt(np.mean(np.sum(error**2, axis=2))))

    def apart_rad(self) -> float:
        """Largest angle between the first two builds."""
        pairs = zip(self.filters[0], self.filters[1], strict=True)
        return max(float(np.linalg.norm(body_error(b.q_BN, a.q_BN))) for a, b in pairs)


def at_rest(seed: int) -> Campaign:
    """600 s of light with the body at rest: the case of `riccati_sigma`."""
    campaign = Campaign(seed)
    campaign.truth.rate = lambda t_s: np.zeros((RUNS, 3))  # type: ignore[method-assign]
    return campaign.fly(600)


def riccati_sigma() -> float:
    """RSS 1 sigma [rad] of a float64 covariance propagated apart from the C: same sensors, body
    at rest, 600 s of light."""
    dt, eye = 0.1, np.eye(3)
    p = np.diag([(5 * DEG) ** 2] * 3 + [PARAMS["bias_sigma_rad_s"] ** 2] * 3)
    f = np.block([[eye, -dt * eye], [np.zeros((3, 3)), eye]])
    arw, rrw = PARAMS["arw_rad_sqrt_s"], PARAMS["rrw_rad_s_sqrt_s"]
    q = np.diag([arw**2 * dt + rrw**2 * dt**3 / 3] * 3 + [rrw**2 * dt] * 3)

    def update(p: Array, b: Array, sigma: float) -> Array:
        cross = np.array([[0, -b[2], b[1]], [b[2], 0, -b[0]], [-b[1], b[0], 0]])
        h = np.hstack([cross, np.zeros((3, 3))])
        gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + sigma**2 * eye)
        return np.asarray(p - gain @ h @ p)

    for k in range(1, 6001):
        p = f @ p @ f.T + q
        if k % 10 == 0:
            p = update(p, SUN_N, SUN_SIGMA)
            p = update(p, field_N(k * dt), MAG_SIGMA)
    return float(np.sqrt(np.trace(p[:3, :3])))


def asymmetry(each: Filter) -> float:
    """Largest difference across the diagonal of the covariance."""
    covariance = each.covariance
    return float(np.abs(covariance - covariance.T).max())


def least_eigenvalue(each: Filter) -> float:
    """Of the covariance scaled to a diagonal of ones; NaN when it cannot be scaled."""
    covariance = each.covariance
    diagonal = np.diag(covariance)
    if not np.all(np.isfinite(covariance)) or diagonal.min() <= 0.0:
        return float("nan")
    scale = np.diag(1.0 / np.sqrt(diagonal))
    return float(np.linalg.eigvalsh(scale @ covariance @ scale).min())


class Soak:
    """One filter in each precision over many steps with eclipses; what was worst on the way."""

    def __init__(self, seed: int = 51) -> None:
        self.truth = Truth(1, seed)
        self.pair = [Filter(flown()), Filter(double())]
        for each in self.pair:
            accepted(each.start(self.truth.q_BN(0), 2 * DEG))
        self.steps = 0
        self.apart_rad = self.asymmetry = self.variance_error = 0.0
        self.least_eigenvalue = 1.0

    @property
    def lost(self) -> int:
        """How often the filter that flies gave itself up."""
        return int(self.pair[0].state.lost)

    def step(self) -> None:
        """100 ms."""
        self.steps += 1
        rate = self.truth.step()[0].tolist()
        t_us = self.steps * 100_000
        for each in self.pair:
            accepted(each.propagate(rate, t_us))
        if self.steps % 10 == 0:
            lit = self.truth.t_s % 5700 > 2160
            field = field_N(self.truth.t_s)
            sun = self.truth.seen(SUN_N, SUN_SIGMA)[0]
            mag = self.truth.seen(field, MAG_SIGMA)[0]
            for each in self.pair:
                each.sun(sun, SUN_N, SUN_SIGMA, t_us, lit, lit)
                each.direction(MAG, mag, field, MAG_SIGMA, t_us)

    def check(self) -> None:
        """Compare the two, and look at the covariance of the one that flies."""
        one, two = self.pair
        self.apart_rad = worst(
            self.apart_rad, float(np.linalg.norm(body_error(two.q_BN, one.q_BN)))
        )
        ratio = np.diag(one.covariance) / np.diag(two.covariance)
        self.variance_error = worst(self.variance_error, float(np.abs(ratio - 1.0).max()))
        self.asymmetry = worst(self.asymmetry, asymmetry(one))
        self.least_eigenvalue = -worst(-self.least_eigenvalue, -least_eigenvalue(one))

    def run(self, steps: int, check_every: int, tell: Callable[[int], None] | None = None) -> Soak:
        """So many steps; `tell` hears of the steps done at every check."""
        for k in range(1, steps + 1):
            self.step()
            if k % check_every == 0:
                self.check()
                if tell is not None:
                    tell(k)
        return self


def worst(a: float, b: float) -> float:
    """The larger one; NaN once either is."""
    return float(np.maximum(a, b))
