"""The reference mission on the plant's truth: it comes to rest, over its whole envelope, and does
not without its controller. Flown by the flight software on the desktop."""

import pytest

from boards.desktop import run
from sim.checks import evaluate
from sim.scenario import load
from sim.world import World

TELEMETRY = {"frames": 1, "packets": 1, "bad_frames": 0, "gaps": 0, "modes": [], "events": []}


def fly(seed, *overrides):
    """Names of the checks that failed."""
    scenario = load("first-light", overrides)
    world = World(scenario, seed)
    run.fly(world)
    rows = evaluate(scenario, world, TELEMETRY)
    assert rows
    return [(row["name"], row["value"]) for row in rows if not row["pass"]]


def test_without_its_rods_the_spacecraft_does_not_come_to_rest():
    failed = fly(1, *(f"fault.drv8830_{axis}.kind=dead" for axis in "xyz"))
    assert "rate below 0.5 deg/s reached" in [name for name, _ in failed]


@pytest.mark.accept
@pytest.mark.parametrize("inertia_scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("rate_deg_s", [1.0, 10.0, 15.0])
@pytest.mark.parametrize("altitude_km", [400.0, 700.0])
@pytest.mark.parametrize("inclination_deg", [60.0, 97.5, 120.0])
def test_comes_to_rest_over_the_whole_envelope(
    inertia_scale, rate_deg_s, altitude_km, inclination_deg
):
    seed = round(1000 * inertia_scale + 100 * rate_deg_s + altitude_km + inclination_deg)
    failed = fly(
        seed,
        f"spacecraft.inertia_scale={inertia_scale}",
        f"initial.rate_deg_s={rate_deg_s}",
        f"orbit.altitude_km={altitude_km}",
        f"orbit.inclination_deg={inclination_deg}",
        f"orbit.raan_deg={seed * 37 % 360}",
        f"orbit.phase_deg={seed * 71 % 360}",
    )
    assert failed == []
