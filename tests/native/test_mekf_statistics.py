"""The filter is honest: NEES and NIS in their bands, near the bound, in both precisions."""

import numpy as np
import pytest

from tests.native.attitude_rig import Array, body_error, double, flown
from tests.native.mekf_rig import (
    DEG,
    MAG,
    PARAMS,
    SUN,
    SUN_N,
    TRACKER,
    Filter,
    Truth,
    field_N,
    nees,
)

RUNS = 50
SUN_SIGMA, MAG_SIGMA = 0.5 * DEG, 1.0 * DEG
# 95 % band of the mean of 50 chi-squares of six degrees.
LOW, HIGH = 5.08, 7.00


class Campaign:
    """50 filters on 50 truths: 10 Hz gyro, 1 Hz Sun and field, eclipse where asked for."""

    def __init__(self, seed, builds=(flown,)):
        self.truth = Truth(RUNS, seed)
        starts = self.truth.start_near(5 * DEG)
        self.filters = [[Filter(build()) for _ in range(RUNS)] for build in builds]
        for group in self.filters:
            for each, q in zip(group, starts, strict=True):
                assert each.start(q, 5 * DEG) == 0
        self.nees, self.nis, self.errors = [], [], []
        self.t_us = 0

    def fly(self, seconds, eclipse=lambda t_s: False):
        for _ in range(int(seconds * 10)):
            rates = self.truth.step().tolist()
            self.t_us += 100_000
            for group in self.filters:
                for each, rate in zip(group, rates, strict=True):
                    each.propagate(rate, self.t_us)
            if self.t_us % 1_000_000 == 0:
                self.measure(not eclipse(self.truth.t_s))
        return self

    def measure(self, lit):
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
            self.nees.append(
                np.mean([nees(f, self.truth.q_BN(i), self.truth.bias[i]) for i, f in pairs])
            )
            self.errors.append([body_error(self.truth.q_BN(i), f.q_BN) for i, f in pairs])


def check_symmetric_and_positive(each):
    covariance = each.covariance
    assert (covariance == covariance.T).all()
    scale = np.diag(1.0 / np.sqrt(np.diag(covariance)))
    assert np.linalg.eigvalsh(scale @ covariance @ scale).min() > 0.0


def test_nees_and_nis_in_band_short():
    campaign = Campaign(seed=21).fly(480)
    assert LOW <= np.mean(campaign.nees) <= HIGH
    assert np.mean(campaign.nis, axis=0) == pytest.approx([2.0, 2.0], abs=0.06)
    for each in campaign.filters[0]:
        check_symmetric_and_positive(each)
        # A 5 sigma gate takes next to nothing from an honest filter.
        assert sum(each.state.rejected) <= 1


def test_wrong_noise_shows_in_the_nees():
    """The statistic can fail: a filter that believes its sensors three times better is caught."""
    campaign = Campaign(seed=22)
    truth_seen = campaign.truth.seen
    campaign.truth.seen = lambda direction, sigma: truth_seen(direction, 3 * sigma)
    campaign.fly(180)
    assert np.mean(campaign.nees) > 2 * HIGH


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
        return p - gain @ h @ p

    for k in range(1, 6001):
        p = f @ p @ f.T + q
        if k % 10 == 0:
            p = update(p, SUN_N, SUN_SIGMA)
            p = update(p, field_N(k * dt), MAG_SIGMA)
    return float(np.sqrt(np.trace(p[:3, :3])))


def test_accuracy_within_twenty_per_cent_of_the_bound():
    campaign = Campaign(seed=23)
    campaign.truth.rate = lambda t_s: np.zeros((RUNS, 3))
    campaign.fly(600)
    error = np.array(campaign.errors[-3:])
    rms = np.sqrt(np.mean(np.sum(error**2, axis=2)))
    assert rms < 1.2 * riccati_sigma()
    sigmas = [np.sqrt(np.trace(f.covariance[:3, :3])) for f in campaign.filters[0]]
    assert np.mean(sigmas) == pytest.approx(riccati_sigma(), rel=0.02)


def test_eclipse_36_minutes_and_sun_again():
    """The error grows as the covariance says, and the Sun is let in again without a jump."""
    campaign = Campaign(seed=24).fly(300)
    campaign.fly(2160, eclipse=lambda t_s: True)
    dark = np.sqrt(np.mean(np.sum(np.array(campaign.errors[-1]) ** 2, axis=1)))
    assert LOW <= np.mean(campaign.nees[-20:]) <= HIGH
    assert dark < 1.5 * DEG
    before = [f.state.rejected[SUN] for f in campaign.filters[0]]
    campaign.fly(60)
    assert [f.state.rejected[SUN] for f in campaign.filters[0]] == before
    assert all(f.state.accepted[SUN] == 300 + 60 for f in campaign.filters[0])


def test_star_tracker_reaches_its_accuracy():
    truth = Truth(10, 31)
    filters = [Filter() for _ in range(10)]
    for each, q in zip(filters, truth.start_near(2 * DEG), strict=True):
        each.start(q, 2 * DEG)
    sigma = [0.005 * DEG, 0.005 * DEG, 0.03 * DEG]
    values = []
    for k in range(1, 1801):
        for each, rate in zip(filters, truth.step().tolist(), strict=True):
            each.propagate(rate, k * 100_000)
        if k % 10 == 0:
            for i, each in enumerate(filters):
                noise = truth.rng.normal(size=3) * sigma
                # Measured attitude off by a rotation in body axes.
                from_true = type(truth.attitude).from_rotvec(noise)
                measured = (truth.attitude[i] * from_true).as_quat()
                assert each.attitude(measured, sigma, k * 100_000) == 0
                if k > 600:
                    values.append(nees(each, truth.q_BN(i), truth.bias[i]))
    assert np.mean(values) == pytest.approx(6.0, abs=1.2)
    rms = np.sqrt(
        np.mean([np.sum(body_error(truth.q_BN(i), f.q_BN) ** 2) for i, f in enumerate(filters)])
    )
    assert rms < 0.05 * DEG
    assert all(f.state.accepted[TRACKER] == 180 for f in filters)


def test_single_precision_costs_nothing_short():
    campaign = Campaign(seed=25, builds=(flown, double)).fly(120)
    apart = [
        np.linalg.norm(body_error(b.q_BN, a.q_BN)) for a, b in zip(*campaign.filters, strict=True)
    ]
    assert max(apart) < 0.002 * DEG


@pytest.mark.accept
def test_nees_in_band_over_fifty_runs_of_forty_minutes():
    campaign = Campaign(seed=41, builds=(flown, double)).fly(2400)
    assert LOW <= np.mean(campaign.nees) <= HIGH
    assert all(3.9 < value < 8.6 for value in campaign.nees)
    assert np.mean(campaign.nis, axis=0) == pytest.approx([2.0, 2.0], abs=0.03)
    apart = [
        np.linalg.norm(body_error(b.q_BN, a.q_BN)) for a, b in zip(*campaign.filters, strict=True)
    ]
    assert max(apart) < 0.01 * DEG


def soak(steps, check_every):
    """One filter in each precision over many steps with eclipses; checks on the way."""
    truth = Truth(1, 51)
    pair = [Filter(flown()), Filter(double())]
    for each in pair:
        each.start(truth.q_BN(0), 2 * DEG)
    apart = []
    for k in range(1, steps + 1):
        rate = truth.step()[0].tolist()
        t_us = k * 100_000
        for each in pair:
            assert each.propagate(rate, t_us) == 0
        if k % 10 == 0:
            lit = truth.t_s % 5700 > 2160
            field = field_N(truth.t_s)
            sun = truth.seen(SUN_N, SUN_SIGMA)[0]
            mag = truth.seen(field, MAG_SIGMA)[0]
            for each in pair:
                each.sun(sun, SUN_N, SUN_SIGMA, t_us, lit, lit)
                each.direction(MAG, mag, field, MAG_SIGMA, t_us)
        if k % check_every == 0:
            check_symmetric_and_positive(pair[0])
            apart.append(np.linalg.norm(body_error(pair[1].q_BN, pair[0].q_BN)))
            ratio = np.diag(pair[0].covariance) / np.diag(pair[1].covariance)
            assert ratio == pytest.approx(np.ones(6), rel=0.01)
    assert pair[0].state.lost == 0
    return max(apart)


def test_soak_short():
    assert soak(30_000, 1000) < 0.005 * DEG


@pytest.mark.accept
def test_soak_of_a_million_steps():
    assert soak(1_000_000, 2000) < 0.01 * DEG


def test_process_noise_that_single_precision_cannot_add_is_not_lost():
    """Q dt / P of 1e-10: each increment vanishes alone; 100 000 of them are 1e-5 of P."""
    changed = {"rrw_rad_s_sqrt_s": 1e-8, "arw_rad_sqrt_s": 1e-7}
    pair = [Filter(flown(), **changed), Filter(double(), **changed)]
    for each in pair:
        each.start([0, 0, 0, 1], 0.1)
    start = np.diag(pair[0].covariance)[3:]
    steps = 20_000
    for k in range(1, steps + 1):
        for each in pair:
            each.propagate((0.0, 0.0, 0.0), k * 100_000)
    pending = np.array(list(pair[0].state.pending))[3:]
    grown = np.diag(pair[0].covariance)[3:] + pending - start
    assert grown == pytest.approx(np.full(3, 1e-16 * 0.1 * steps), rel=1e-3)
    assert 1e-16 * 0.1 / start[0] < 6e-8  # the case is what it claims to be
