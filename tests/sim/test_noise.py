"""Noise as a pure function: distribution, independence, repeatability."""

import numpy as np
import pytest

from sim.noise import Noise


def test_standard_normal_and_independent_axes():
    noise = Noise(1, "sensor")
    values = np.array([noise.normal3(index) for index in range(20000)])
    assert np.allclose(values.mean(axis=0), 0.0, atol=0.03)
    assert np.allclose(values.std(axis=0), 1.0, atol=0.02)
    correlation = np.corrcoef(values.T)
    assert np.abs(correlation - np.eye(3)).max() < 0.03
    assert abs(np.corrcoef(values[1:, 0], values[:-1, 0])[0, 1]) < 0.03
    # Tails of a normal distribution: 0.27 % beyond three sigma.
    assert 0.0015 < np.mean(np.abs(values) > 3.0) < 0.0042


def test_depends_on_seed_name_and_index_only():
    assert Noise(1, "a").normal3(5) == Noise(1, "a").normal3(5)
    different = {
        Noise(1, "a").normal3(5),
        Noise(2, "a").normal3(5),
        Noise(1, "b").normal3(5),
        Noise(1, "a").normal3(6),
        Noise(11, "a").normal3(5),
    }
    assert len(different) == 5


def test_uniforms_lie_strictly_inside():
    noise = Noise(3, "u")
    values = [value for index in range(2000) for value in noise.uniforms(index)]
    assert 0.0 < min(values) and max(values) < 1.0
    assert np.mean(values) == pytest.approx(0.5, abs=0.01)


def test_directions_and_quaternions_are_unit_and_fill_their_spheres():
    noise = Noise(4, "d")
    directions = np.array([noise.direction(index) for index in range(3000)])
    quaternions = np.array([noise.quaternion(index) for index in range(3000)])
    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert np.allclose(np.linalg.norm(quaternions, axis=1), 1.0)
    assert np.abs(directions.mean(axis=0)).max() < 0.05
    assert np.allclose((directions**2).mean(axis=0), 1 / 3, atol=0.03)
    assert np.allclose((quaternions**2).mean(axis=0), 1 / 4, atol=0.03)


def test_one_axis_is_the_first_of_three():
    noise = Noise(7, "wheel_0")
    assert [noise.normal(index) for index in range(200)] == [
        noise.normal3(index)[0] for index in range(200)
    ]
