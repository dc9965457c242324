"""Figures of the filter on white noise: its statistics, its bound, its precision, its endurance."""

from __future__ import annotations

import numpy as np

from cli.adcs.builds import double, flown
from cli.adcs.filter import DEG
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.adcs.statistics import HIGH, LOW, RUNS, Campaign, Soak, at_rest, riccati_sigma

CAMPAIGN_S = 480
SOAK_STEPS = 1_000_000
CHECK_EVERY = 2000
# Four standard deviations of the mean of the 21 000 chi-squares of two degrees, and some
# dependence from one second to the next.
NIS_BAND = 0.06

NEES_LOW = "mean NEES of 50 runs, from below"
NEES_HIGH = "mean NEES of 50 runs, from above"
NIS_SUN = "mean NIS of the Sun, distance from 2"
NIS_MAG = "mean NIS of the field, distance from 2"
APART = "single against double precision, 50 runs"
BOUND = "white-noise error against the covariance bound"
SOAK = "filter soak"


def measure_statistics(verify: Verify) -> Values:
    """50 runs of eight minutes, in both precisions."""
    campaign = Campaign(verify.seed, builds=(flown, double))
    with verify.progress(f"filter, {RUNS} runs of {CAMPAIGN_S} s", CAMPAIGN_S) as tell:
        for second in range(CAMPAIGN_S):
            campaign.fly(1)
            tell(second + 1)
    nees = float(np.mean(campaign.nees))
    nis_sun, nis_mag = (float(value) for value in np.mean(campaign.nis, axis=0))
    return {
        NEES_LOW: nees,
        NEES_HIGH: nees,
        NIS_SUN: abs(nis_sun - 2.0),
        NIS_MAG: abs(nis_mag - 2.0),
        APART: campaign.apart_rad() / DEG,
    }


def measure_bound(verify: Verify) -> Values:
    """Against a covariance propagated in float64 apart from the C."""
    with verify.progress(f"white noise, {RUNS} runs of 600 s", 1):
        rms_rad, bound_rad = at_rest(verify.seed).rms_rad(), riccati_sigma()
    return {
        BOUND: Measured(rms_rad / bound_rad, f"{rms_rad / DEG:.3f} of {bound_rad / DEG:.3f} deg")
    }


def measure_soak(verify: Verify) -> Values:
    """A million steps, 28 hours of flight, in both precisions."""
    with verify.progress(f"filter, {SOAK_STEPS} steps", SOAK_STEPS) as tell:
        soak = Soak(verify.seed).run(SOAK_STEPS, CHECK_EVERY, tell)
    return {
        f"{SOAK}: steps": float(soak.steps),
        f"{SOAK}: asymmetry of the covariance": soak.asymmetry,
        f"{SOAK}: least eigenvalue of the scaled covariance": soak.least_eigenvalue,
        f"{SOAK}: single against double precision": soak.apart_rad / DEG,
        f"{SOAK}: variances, single against double": soak.variance_error,
        f"{SOAK}: times the filter gave itself up": float(soak.lost),
    }


STATISTICS = (
    Part(
        (
            Row(NEES_LOW, LOW, "", ">="),
            Row(NEES_HIGH, HIGH, ""),
            Row(NIS_SUN, NIS_BAND, ""),
            Row(NIS_MAG, NIS_BAND, ""),
            Row(APART, 0.01, "deg"),
        ),
        measure_statistics,
    ),
    Part((Row(BOUND, 1.2, ""),), measure_bound),
)
ENDURANCE = (
    Part(
        (
            Row(f"{SOAK}: steps", SOAK_STEPS, "", ">="),
            Row(f"{SOAK}: asymmetry of the covariance", 0.0, ""),
            # Rounding alone leaves 6e-8.
            Row(f"{SOAK}: least eigenvalue of the scaled covariance", 1e-6, "", ">="),
            Row(f"{SOAK}: single against double precision", 0.01, "deg"),
            Row(f"{SOAK}: variances, single against double", 0.01, ""),
            Row(f"{SOAK}: times the filter gave itself up", 0.0, ""),
        ),
        measure_soak,
        cost_s=25.0,
    ),
)
