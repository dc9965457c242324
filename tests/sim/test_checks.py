"""Acceptance checks judge honestly: they pass, and they fail, for the right reasons."""

import numpy as np
import pytest

from sim.checks import evaluate
from sim.scenario import load
from tests.sim.onboard import make

TELEMETRY = {
    "frames": 100,
    "packets": 200,
    "bad_frames": 0,
    "gaps": 0,
    "modes": [(1.0, "safe"), (2.0, "detumble"), (300.0, "nominal")],
    "events": [(1.0, 0x0001, "boot: reset cause"), (250.0, 0x0240, "detumbled")],
}


@pytest.fixture(scope="module")
def world():
    """A flight of 1000 s whose truth the tests write over."""
    onboard = make("duration_s=1000", "watchdog.boot_timeout_s=2000")
    onboard.time_us = 1_000_100_000
    onboard.kick(1)
    assert onboard.world.finished
    return onboard.world


def set_rate(world, function):
    world.truth["rate_deg_s"][:] = np.vectorize(function)(world.truth["t_s"])


def rows(world, check, telemetry=TELEMETRY):
    """Rows of one check, added to first-light's by replacing its first."""
    scenario = load("first-light", [f"check.0.{key}={value}" for key, value in check.items()])
    object.__setattr__(scenario, "data", {**scenario.data, "check": [scenario.data["check"][0]]})
    return evaluate(scenario, world, telemetry)


RATE = {"kind": "rate_below", "limit": 0.5, "by_s": 500, "held_s": 200}


def test_rate_reached_and_held(world):
    set_rate(world, lambda t: 10.0 if t < 400 else 0.3)
    reached, held = rows(world, RATE)
    assert reached["pass"] and held["pass"]
    assert reached["value"] == pytest.approx(400.0, abs=1.1)
    assert (reached["limit"], reached["unit"]) == (500.0, "s")
    assert held["value"] == pytest.approx(0.3)
    assert held["unit"] == "deg/s"


def test_rate_reached_too_late(world):
    set_rate(world, lambda t: 10.0 if t < 600 else 0.3)
    reached, held = rows(world, RATE)
    assert not reached["pass"] and held["pass"]


def test_rate_reached_but_not_held(world):
    set_rate(world, lambda t: 10.0 if t < 400 or 900 < t < 910 else 0.3)
    reached, held = rows(world, RATE)
    assert reached["pass"] and not held["pass"]
    assert held["value"] == pytest.approx(10.0)


def test_rate_over_the_limit_before_the_window_does_not_matter(world):
    set_rate(world, lambda t: 10.0 if t < 300 or 700 < t < 710 else 0.3)
    assert all(row["pass"] for row in rows(world, RATE))


def test_rate_never_reached(world):
    set_rate(world, lambda t: 10.0)
    reached, held = rows(world, RATE)
    assert reached["value"] is None
    assert not reached["pass"] and not held["pass"]


def test_flight_that_broke_off_has_held_nothing():
    onboard = make("duration_s=1000", "initial.rate_deg_s=0.1")
    onboard.time_us = 5_000_000
    onboard.i2c(1, 0x0C)
    _, held = rows(onboard.world, RATE)
    assert not held["pass"]


@pytest.mark.parametrize("kind", ["bad_frames", "gaps"])
def test_telemetry_counts(world, kind):
    assert rows(world, {"kind": kind, "limit": 0})[0]["pass"]
    one = {**TELEMETRY, kind: 1}
    (row,) = rows(world, {"kind": kind, "limit": 0}, one)
    assert (row["value"], row["limit"], row["pass"]) == (1, 0, False)
    assert rows(world, {"kind": kind, "limit": 1}, one)[0]["pass"]
    nothing = {**TELEMETRY, "frames": 0}
    assert not rows(world, {"kind": kind, "limit": 0}, nothing)[0]["pass"]


def test_world_counts(world):
    assert rows(world, {"kind": "missed_ticks", "limit": 0})[0]["pass"]
    world.watchdog.missed_ticks += 1
    try:
        assert not rows(world, {"kind": "missed_ticks", "limit": 0})[0]["pass"]
    finally:
        world.watchdog.missed_ticks -= 1
    silent = make()
    assert not rows(silent.world, {"kind": "watchdog_resets", "limit": 0})[0]["pass"]


def test_mode_and_event(world):
    assert rows(world, {"kind": "mode", "mode": "nominal", "by_s": 400})[0]["pass"]
    assert not rows(world, {"kind": "mode", "mode": "nominal", "by_s": 200})[0]["pass"]
    assert rows(world, {"kind": "mode", "mode": "payload"})[0]["value"] is None
    assert rows(world, {"kind": "event", "event": "detumbled"})[0]["value"] == 250.0
    assert rows(world, {"kind": "event", "event": '"0x0240"', "by_s": 260})[0]["pass"]
    assert not rows(world, {"kind": "event", "event": "battery low"})[0]["pass"]
