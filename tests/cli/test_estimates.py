"""Estimates of the attitude in telemetry, with the world time each is of, for the checks."""

import numpy as np
import pytest

from cli import flights
from sim.scenario import FOLDER

GNSS_ORBIT = 8192  # flag of attitude_estimate

# Slow enough to start the filter at once; time and orbit given as soon as the ground can.
TIMELINE = """
base = "commissioning.toml"
duration_s = 400.0

[initial]
rate_deg_s = 0.2

[[timeline]]
t_s = 5.0
command = "set_time"
args = { seconds = "$time.seconds", fraction = "$time.fraction" }

[[timeline]]
t_s = 8.0
command = "attitude_tle"
args = { line1 = "$orbit.line1", line2 = "$orbit.line2" }
"""


@pytest.fixture(scope="module")
def flight(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimates")
    path = folder / "early.toml"
    base = (FOLDER / "commissioning.toml").as_posix()
    orbit = (FOLDER / "orbits.tle").as_posix()
    text = TIMELINE.replace('"commissioning.toml"', f'"{base}"')
    path.write_text(text + f'\n[orbit]\ntle = "{orbit}"\n', encoding="utf-8")
    flown = flights.prepare(str(path), "desktop")
    flown.fly()
    return flown


def late_s(flight):
    """By orbit source, how far the estimated positions are ahead along the true path [s]."""
    columns, truth = flight.history.columns["attitude_estimate"], flight.world.truth
    step_s = flight.world.step_ns * 1e-9
    rows = zip(columns["tick"], columns["flags"], columns["r_N_m"], strict=True)
    of_time = {tick: (flags, r_N_m) for tick, flags, r_N_m in rows}
    found = {}
    for t_s in flight.telemetry()["estimates"]["t_s"]:
        flags, r_N_m = of_time[round(t_s / step_s)]
        r, v = (
            np.array([np.interp(t_s, truth["t_s"], truth[name][:, i]) for i in range(3)])
            for name in ("r_BN_N_m", "v_BN_N_m_s")
        )
        along_s = float((np.array(r_N_m) - r) @ v / (v @ v))
        found.setdefault(bool(flags & GNSS_ORBIT), []).append(along_s)
    return found


def test_each_estimate_is_of_the_time_of_its_tick(flight):
    """The spacecraft turns by a hundredth of a degree in a tick: an attitude of the wrong tick
    would still look right. Its position does not: the orbit goes 760 m in a tick."""
    assert len(flight.telemetry()["estimates"]["t_s"]) > 100
    for ahead_s in late_s(flight).values():
        # What is common to all is the time the spacecraft was told.
        assert max(ahead_s) - min(ahead_s) < 0.02
        assert abs(np.mean(ahead_s)) < 0.7


def test_estimates_are_near_the_truth(flight):
    times_s, errors_deg = flight.knowledge()
    assert len(times_s) > 100 and times_s == sorted(times_s)
    assert all(0.0 <= error < 15.0 for error in errors_deg)
    assert np.median(errors_deg[-50:]) > 0.0


def test_what_is_not_valid_is_no_estimate(flight):
    columns = flight.history.columns["attitude_estimate"]
    valid = sum(1 for flags in columns["flags"] if flags & 1)
    assert 0 < valid < len(columns["flags"])
    assert len(flight.telemetry()["estimates"]["q_BN"]) == valid


@pytest.mark.parametrize(("tick", "received_s", "expected_s"), [
    (10, 1.2, 1.0),
    (10, 52.0, 51.0),  # after the second start
    (500, 50.7, 50.0),  # left in the radio by the first one
    (0, 0.0, 0.0),
])  # fmt: skip
def test_ticks_count_from_the_start_before(tick, received_s, expected_s):
    found = flights.tick_time_s(tick, received_s, [0.0, 50.0], 100_000_000)
    assert found == pytest.approx(expected_s)
