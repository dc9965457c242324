"""The whole envelope of first-light, in both worlds. Long: run by `make accept`."""

import random

import pytest

from cli import flights
from cli.figures import ENVELOPE, ENVELOPE_KEYS

SEEDS = range(100, 112)


def judged(world, seed, overrides):
    """Fly the reference mission; the names of the checks it failed."""
    flight = flights.prepare("first-light", world, seed, overrides)
    flight.fly()
    return [check for check in flight.checks if not check["pass"]]


def drawn(seed):
    """A place inside the envelope, drawn from `seed`."""
    draw = random.Random(seed)
    values = (
        draw.uniform(0.5, 2.0),
        draw.uniform(0.0, 15.0),
        draw.uniform(400.0, 700.0),
        draw.uniform(60.0, 120.0),
    )
    return [f"{key}={value:.4f}" for key, value in zip(ENVELOPE_KEYS, values, strict=True)]


@pytest.mark.accept
@pytest.mark.parametrize("seed", SEEDS)
def test_anywhere_inside_on_the_desktop(seed):
    assert not judged("desktop", seed, drawn(seed))


@pytest.mark.accept
@pytest.mark.parametrize(("title", "seed", "values"), ENVELOPE, ids=[row[0] for row in ENVELOPE])
@pytest.mark.parametrize("world", ["desktop", "qemu"])
def test_corners_in_both_worlds(world, title, seed, values, request):
    if world == "qemu":
        request.getfixturevalue("firmware")
    overrides = [f"{key}={value}" for key, value in zip(ENVELOPE_KEYS, values, strict=True)]
    assert not judged(world, seed, overrides)


def test_draws_stay_inside():
    for seed in SEEDS:
        scale, rate, altitude, inclination = (float(text.split("=")[1]) for text in drawn(seed))
        assert 0.5 <= scale <= 2.0 and 0.0 <= rate <= 15.0
        assert 400.0 <= altitude <= 700.0 and 60.0 <= inclination <= 120.0
