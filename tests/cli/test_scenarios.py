"""The scenarios of attitude, whole, with several seeds and in both worlds; run by `make accept`."""

import pytest

from cli import flights
from sim.scenario import available

SEEDS = (1, 2, 3, 4, 5)
NO_ORBIT = (
    "timeline.2.command=ping",
    "timeline.2.args={}",
    "fault.gnss.kind=dead",
)


def failed(name, world, seed, overrides=()):
    """Fly; the checks that failed, as they would be printed."""
    flight = flights.prepare(name, world, seed, overrides)
    flight.fly()
    assert flight.checks
    return [check for check in flight.checks if not check["pass"]]


@pytest.mark.parametrize("name", available())
def test_every_telecommand_of_a_scenario_can_be_encoded(name):
    flight = flights.prepare(name, "desktop")
    assert flight.world.counters["uplink_sent"] == len(flight.scenario.commands) > 0


@pytest.mark.accept
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["commissioning", "degraded"])
def test_on_the_desktop_with_any_seed(name, seed):
    assert not failed(name, "desktop", seed)


@pytest.mark.accept
def test_a_day_of_pointing():
    assert not failed("pointing-day", "desktop", 1)


@pytest.mark.accept
@pytest.mark.parametrize("name", ["commissioning", "degraded"])
def test_on_the_emulator(name, firmware):
    assert not failed(name, "qemu", 6)


@pytest.mark.accept
def test_both_worlds_commission_bit_by_bit(microflight, firmware):
    code, out, err = microflight("diff", "commissioning")
    assert code == 0, out + err
    assert "bit-equal" in out and ", 0 differences" in out


@pytest.mark.accept
def test_without_an_orbit_nadir_is_missed():
    """The acceptance list can fail, and names what did."""
    checks = failed("commissioning", "desktop", 1, NO_ORBIT)
    names = [check["name"] for check in checks]
    assert any(name.startswith("pointing to nadir") for name in names)
    assert any(name.startswith("attitude knowledge") for name in names)
    assert not any(name.startswith(("rate below", "bad frames", "missed")) for name in names)
    assert all(check["note"] for check in checks)
