"""The scenarios of attitude, whole, with several seeds; run by `make accept`.

Seed 1 in both worlds, and that these are equal, is measured by `microflight verify adcs`.
"""

import numpy as np
import pytest

from cli import flights
from native.adcs import ffi, lib
from sim.scenario import available, load
from sim.sunlight import FULL_V

SEEDS = (2, 3, 4, 5)
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
    telecommands = len(flight.scenario.commands)
    sent = flight.world.counters["uplink_sent"]
    # What begins the file transfers goes up besides.
    assert sent == telecommands > 0 or sent > telecommands and flight.scenario.transfers


@pytest.mark.parametrize("name", ["commissioning", "pointing-day", "degraded"])
def test_the_spacecraft_is_the_one_the_loop_was_tuned_for(name):
    """Mounting, axes and sizes of the plant are those of the reference parameters; what differs is
    what nobody on board knows."""
    params = ffi.new("mf_adcs_params_t *")
    lib.mf_adcs_params_reference(params)
    craft = load(name).data["spacecraft"]

    def equal(onboard, true):
        assert np.ravel(onboard) == pytest.approx(np.ravel(true), rel=1e-6, abs=1e-7)

    def numbers(array):
        return [numbers(row) if ffi.typeof(array).item.kind == "array" else row for row in array]

    for index, key in enumerate(("magnetometer", "magnetometer_2")):
        equal(numbers(params.dcm_BS_mag[index]), craft[key]["dcm_BS"])
    equal(numbers(params.dcm_BS_gyro), craft["imu"]["dcm_BS"])
    equal(numbers(params.dcm_BS_fss), craft["fss"]["dcm_BS"])
    equal(numbers(params.css.axis_B), craft["css"]["normals_B"])
    assert params.css.arm_V == FULL_V
    equal(numbers(params.rods.axis_B), craft["rods"]["axes_B"])
    wheels = craft["wheels"]
    equal(numbers(params.wheels.axis_B), wheels["axes_B"])
    equal(params.wheels.inertia_kg_m2, wheels["inertia_kg_m2"])
    equal(params.wheels.torque_max_N_m, wheels["torque_max_N_m"])
    equal(params.wheels.momentum_max_N_m_s, wheels["inertia_kg_m2"] * wheels["speed_max_rad_s"])
    equal(numbers(params.control.inertia_B_kg_m2), np.diag(craft["inertia_kg_m2"]))
    assert wheels["coulomb_N_m"] < params.wheel_friction_max_N_m
    # And the errors are there.
    for key in ("magnetometer", "magnetometer_2"):
        assert np.linalg.norm(craft[key]["bias_T"]) > 1e-6 and craft[key]["misalignment_deg"] > 0.1
    assert load(name).data["environment"]["albedo"] >= 0.3


@pytest.mark.accept
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["commissioning", "degraded"])
def test_on_the_desktop_with_any_seed(name, seed):
    assert not failed(name, "desktop", seed)


@pytest.mark.accept
def test_a_day_of_pointing():
    assert not failed("pointing-day", "desktop", 2)


@pytest.mark.accept
@pytest.mark.parametrize("name", ["commissioning", "degraded"])
def test_on_the_emulator(name, firmware):
    assert not failed(name, "qemu", 6)


@pytest.mark.accept
def test_without_an_orbit_nadir_is_missed():
    """The acceptance list can fail, and names what did."""
    checks = failed("commissioning", "desktop", 1, NO_ORBIT)
    names = [check["name"] for check in checks]
    assert any(name.startswith("pointing to nadir") for name in names)
    assert any(name.startswith("attitude knowledge") for name in names)
    assert not any(name.startswith(("rate below", "bad frames", "missed")) for name in names)
    assert all(check["note"] for check in checks)


@pytest.mark.accept
@pytest.mark.parametrize("world,seed", [("desktop", 1), ("desktop", 2), ("qemu", 1)])
def test_five_orbits_of_contacts(world, seed):
    assert not failed("passes", world, seed)
