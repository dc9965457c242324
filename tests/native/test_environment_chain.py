"""From mission time and a TLE to position, field, Sun and shadow on board, against the plant's."""

import numpy as np
import pytest

from cli.adcs.environment import degrees_apart
from cli.adcs.environment_chain import OnBoard, Plant, edges


@pytest.fixture(scope="module")
def both():
    return OnBoard(), Plant()


@pytest.mark.parametrize("time_s", [0, 1234.5, 3000, 5600, 86399, 3 * 86400 + 0.25])
def test_the_chain_agrees_with_the_plant(both, time_s):
    (r, v, mag, sun, share), (r_t, v_t, mag_t, sun_t, share_t) = (side.at(time_s) for side in both)
    assert np.linalg.norm(r - r_t) < 20.0  # 2e-6 rad, and 0.5 m of single precision
    assert np.linalg.norm(v - v_t) < 0.02
    assert np.abs(mag - mag_t).max() < 5e-9
    assert degrees_apart(sun, sun_t) < 0.015
    assert share == pytest.approx(share_t, abs=0.02)


@pytest.mark.parametrize("level", [0.01, 0.5, 0.99])
def test_eclipse_edges_within_5_s_of_the_plant(both, level):
    on_board, plant = both
    found = edges(lambda t: on_board.at(t)[4], 0.0, 5760.0, level)
    wanted = edges(lambda t: plant.at(t)[4], 0.0, 5760.0, level)
    assert len(found) == len(wanted) >= 2
    assert np.abs(np.array(found) - wanted).max() < 5.0


def test_trap_10_steps_of_an_hour_and_of_a_leap_second_are_followed_at_once(both):
    """The chain has no memory: after a jump of the clock it gives what a fresh one gives."""
    chain = both[0]
    for jump_s in (3600.0, -3600.0, 1.0, -1.0):
        chain.at(20000.0)
        after = chain.at(20000.0 + jump_s)
        fresh = OnBoard().at(20000.0 + jump_s)
        assert all(
            (np.asarray(a) == np.asarray(b)).all() for a, b in zip(after, fresh, strict=True)
        )
