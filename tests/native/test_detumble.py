"""Closed loop: the C kernel alone, without the Python flight software, detumbles the plant."""

import math
import struct

import numpy as np
import pytest

import native
from sim.scenario import load
from sim.world import World

SET_MODE, SET_PARAM, DETUMBLE = 1, 2, 1
GAINS = (1, 8)  # of B-dot and of damping by the gyro
LIMIT_DEG_S = 0.5


def fly(duration_s, seed=1, command=True, **overrides):
    """Truth of one flight with the loop in detumble; heartbeats come from here."""
    settings = [f"{key.replace('__', '.')}={value}" for key, value in overrides.items()]
    scenario = load("first-light", [*settings, f"duration_s={float(duration_s)}"])
    world = World(scenario, seed)
    stack = native.Stack(world.exchange)
    assert stack.hello() == 0
    stack.kernel.command(SET_MODE, DETUMBLE if command else 0)
    while not world.finished:
        if stack.timer(stack.next_ms() * 1000):
            stack.kernel.beat()
    assert world.counters["missed_ticks"] == 0
    return world.truth


def test_rate_falls_within_ten_minutes():
    rate = fly(600)["rate_deg_s"].ravel()
    assert rate[0] == pytest.approx(10.0, abs=0.1)
    assert rate[-1] < 9.0
    # Not at any price: at no time does the loop add more than noise and gravity gradient explain.
    assert np.max(np.maximum.accumulate(rate[::-1])[::-1] - rate) < 1.5


def test_without_the_controller_it_goes_on_tumbling():
    rate = fly(600, command=False)["rate_deg_s"].ravel()
    assert rate[-1] > 9.5


def test_rest_is_held():
    truth = fly(900, initial__rate_deg_s=0.2)
    assert truth["rate_deg_s"].max() < LIMIT_DEG_S


def test_coils_follow_the_field_derivative_not_the_bias():
    truth = fly(120)
    on = np.linalg.norm(truth["dipole_B_A_m2"], axis=1) > 0
    assert on.any()
    assert np.linalg.norm(truth["dipole_B_A_m2"], axis=1).max() < 0.5 * math.sqrt(3) / 64 * 67


CORNERS = [
    (scale, altitude_km, inclination_deg)
    for scale in (0.5, 1.0, 2.0)
    for altitude_km in (400.0, 700.0)
    for inclination_deg in (60.0, 97.4, 120.0)
]


@pytest.mark.accept
@pytest.mark.parametrize(("scale", "altitude_km", "inclination_deg"), CORNERS)
def test_envelope_within_one_orbit_and_held(scale, altitude_km, inclination_deg):
    truth = fly(
        5600,
        seed=CORNERS.index((scale, altitude_km, inclination_deg)) + 100,
        initial__rate_deg_s=15.0,
        spacecraft__inertia_scale=scale,
        orbit__altitude_km=altitude_km,
        orbit__inclination_deg=inclination_deg,
    )
    assert truth["rate_deg_s"].ravel()[-600:].max() < LIMIT_DEG_S


def test_gain_zero_is_off():
    scenario = load("first-light", ["duration_s=30.0"])
    world = World(scenario, 1)
    stack = native.Stack(world.exchange)
    stack.hello()
    stack.kernel.command(SET_MODE, DETUMBLE)
    for gain in GAINS:
        stack.kernel.command(SET_PARAM, gain, struct.pack(">f", 0.0))
    while not world.finished:
        stack.timer(stack.next_ms() * 1000)
    assert not world.truth["dipole_B_A_m2"].any()
