"""The filter is honest: NEES and NIS in their bands, near the bound, in both precisions."""

import numpy as np
import pytest

from cli.adcs.builds import body_error, double, flown
from cli.adcs.filter import DEG, SUN, TRACKER, Filter, Truth, nees
from cli.adcs.statistics import (
    HIGH,
    LOW,
    Campaign,
    Soak,
    asymmetry,
    at_rest,
    least_eigenvalue,
    riccati_sigma,
)


def test_nees_and_nis_in_band_short():
    campaign = Campaign(seed=21).fly(480)
    assert LOW <= np.mean(campaign.nees) <= HIGH
    assert np.mean(campaign.nis, axis=0) == pytest.approx([2.0, 2.0], abs=0.06)
    for each in campaign.filters[0]:
        assert asymmetry(each) == 0.0 and least_eigenvalue(each) > 0.0
        # A 5 sigma gate takes next to nothing from an honest filter.
        assert sum(each.state.rejected) <= 1


def test_wrong_noise_shows_in_the_nees():
    """The statistic can fail: a filter that believes its sensors three times better is caught."""
    campaign = Campaign(seed=22)
    truth_seen = campaign.truth.seen
    campaign.truth.seen = lambda direction, sigma: truth_seen(direction, 3 * sigma)
    campaign.fly(180)
    assert np.mean(campaign.nees) > 2 * HIGH


def test_accuracy_within_twenty_per_cent_of_the_bound():
    campaign = at_rest(seed=23)
    assert campaign.rms_rad() < 1.2 * riccati_sigma()
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
    assert campaign.apart_rad() < 0.002 * DEG


@pytest.mark.accept
def test_nees_in_band_over_fifty_runs_of_forty_minutes():
    campaign = Campaign(seed=41, builds=(flown, double)).fly(2400)
    assert LOW <= np.mean(campaign.nees) <= HIGH
    assert all(3.9 < value < 8.6 for value in campaign.nees)
    assert np.mean(campaign.nis, axis=0) == pytest.approx([2.0, 2.0], abs=0.03)
    assert campaign.apart_rad() < 0.01 * DEG


def check(soak):
    assert soak.asymmetry == 0.0 and soak.least_eigenvalue > 0.0
    assert soak.variance_error < 0.01 and soak.lost == 0


def test_soak_short():
    """A million steps of it: `microflight verify adcs --only soak`."""
    soak = Soak().run(30_000, 1000)
    check(soak)
    assert soak.apart_rad < 0.005 * DEG


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
