"""Every part can fail in every way, from and until the times that the scenario says."""

import numpy as np
import pytest

from sim.devices.base import BusError
from sim.faults import BUS_KINDS, SENSOR_KINDS, Fault, FaultSet
from sim.protocol import E_NODEV, E_TIMEOUT
from sim.scenario import ScenarioError, load
from sim.schema import DEVICES
from sim.spacecraft import Spacecraft
from tests.sim.onboard import SUITE

# device: (write bytes of a read that is never constant zero, its length, address)
READS = {
    "ak09916": (b"\x00", 2, 0x0C),
    "lsm6dso": (b"\x0f", 1, 0x6A),
    "drv8830_x": (b"\x00", 2, 0x60),
    "drv8830_y": (b"\x00", 2, 0x61),
    "drv8830_z": (b"\x00", 2, 0x63),
    "tmp108": (b"\x01", 2, 0x48),
    "mb85rc1mt": (b"\xa0", 3, 0x7C),
    "w25q128": (b"\x9f", 3, 0),
    "eps": (b"\x00", 2, 0x18),
    "radio": (b"\x00", 1, 0x34),
    "mmc5983ma": (b"\x2f", 1, 0x30),
    "ads1115_a": (b"\x01", 2, 0x48),
    "fss": (b"\x00", 2, 0x28),
    "wheel_3": (b"\x00", 2, 0x23),
    "star_tracker": (b"\x00", 2, 0x2A),
}
ALIKE = {"ads1115_b", "wheel_0", "wheel_1", "wheel_2"}  # as others of READS
SPI = {"w25q128"}  # nothing acknowledges there
NO_BUS = {"gnss", *(f"css_{index}" for index in range(6))}  # tests of their own


def craft(*overrides):
    vehicle = Spacecraft(load("first-light", (*SUITE, *overrides)), 1, 100_000_000)
    vehicle.power.switch(0x000F)
    return vehicle


def read(vehicle, name):
    tx, rx_len, address = READS[name]
    return vehicle.devices[name].transfer(tx, rx_len, address)


def test_every_device_of_the_schema_exists():
    vehicle = craft()
    assert set(vehicle.devices) | set(vehicle.suite.sensors) == set(DEVICES)
    assert set(DEVICES) == set(READS) | ALIKE | NO_BUS


def test_first_light_has_none_of_the_optional_parts():
    vehicle = Spacecraft(load("first-light"), 1, 100_000_000)
    assert set(vehicle.devices) == set(READS) - {
        "mmc5983ma", "ads1115_a", "fss", "wheel_3", "star_tracker",
    }  # fmt: skip
    assert not vehicle.suite.uarts and not vehicle.suite.sensors and not vehicle.suite.wheels


CHANGING = ("garbage", "nack_storm", "slow")  # another answer at every grid point


@pytest.mark.parametrize("kind", [kind for kind in BUS_KINDS if kind not in CHANGING])
@pytest.mark.parametrize("name", READS)
def test_every_device_fails_in_every_way_and_recovers(name, kind):
    vehicle = craft(
        f"fault.{name}.kind={kind}",
        f"fault.{name}.t_s=0.2",
        f"fault.{name}.until_s=0.4",
        f"fault.{name}.bit=3",
    )
    healthy = read(vehicle, name)
    answers = []
    for _ in range(4):
        vehicle.advance()
        try:
            answers.append(read(vehicle, name))
        except BusError as error:
            answers.append(error.status)
    before, during, still, after = answers
    assert before == after == healthy
    assert during == still
    if kind in ("nack", "dead") and name in SPI:
        assert during == b"\xff" * len(healthy)
    elif kind in ("nack", "dead"):
        assert during == E_NODEV
    elif kind == "timeout":
        assert during == E_TIMEOUT
    elif kind == "stuck":
        assert during == healthy
    elif kind == "bit_flip":
        assert during == bytes(value ^ 0x08 for value in healthy)
    else:
        assert during == bytes(value ^ 0xFF for value in healthy)


@pytest.mark.parametrize(
    ("device", "kind", "words"),
    [
        ("tmp108", "bias_step", "tmp108 knows no fault 'bias_step'"),
        ("drv8830_x", "noise_scale", "knows no fault"),
        ("fss", "friction_scale", "knows no fault"),
        ("mb85rc1mt", "erase_fail", "knows no fault"),
        ("w25q128", "noise_scale", "knows no fault"),
        ("css_1", "nack", "knows no fault"),
        ("computer", "dead", "knows no fault"),
        ("platform_bus", "dead", "knows no fault"),
    ],
)
def test_faults_that_a_part_cannot_have_are_refused(device, kind, words):
    with pytest.raises(ScenarioError, match=words):
        craft(f"fault.{device}.kind={kind}")


def test_a_fault_of_a_part_that_is_not_there_is_refused():
    with pytest.raises(ScenarioError, match="gnss, which the spacecraft lacks"):
        Spacecraft(load("first-light", ["fault.gnss.kind=dead"]), 1, 100_000_000)


def test_sensor_faults_change_what_they_say_and_nothing_else():
    values = (1.0, -2.0, 3.0)

    def distorted(*faults):
        faults = FaultSet(faults)
        faults.advance(0.0)
        return faults.distort(values, 10.0)

    assert set(SENSOR_KINDS) == {"bias_step", "noise_scale", "sign_flip", "stuck_value"}
    assert distorted() == values
    assert distorted(Fault("x", "bias_step", fraction=0.05)) == (1.5, -1.5, 3.5)
    assert distorted(Fault("x", "bias_step", fraction=-0.2, axis=1)) == (1.0, -4.0, 3.0)
    assert distorted(Fault("x", "sign_flip")) == (-1.0, 2.0, -3.0)
    assert distorted(Fault("x", "sign_flip", axis=2)) == (1.0, -2.0, -3.0)
    assert distorted(Fault("x", "noise_scale", factor=10.0)) == values
    assert distorted(Fault("x", "sign_flip", axis=7)) == values


def test_stuck_value_holds_the_first_one_and_lets_go():
    faults = FaultSet([Fault("x", "stuck_value", 1.0, 3.0, axis=0)])
    seen = []
    for t_s in range(5):
        faults.advance(float(t_s))
        seen.append(faults.distort((10.0 + t_s, 20.0 + t_s), 1.0))
    assert [value[0] for value in seen] == [10.0, 11.0, 11.0, 13.0, 14.0]
    assert [value[1] for value in seen] == [20.0, 21.0, 22.0, 23.0, 24.0]


def test_noise_factors_multiply():
    faults = FaultSet(
        [Fault("x", "noise_scale", factor=10.0), Fault("x", "noise_scale", factor=2.0, axis=1)]
    )
    faults.advance(0.0)
    assert [faults.factor("noise_scale", axis) for axis in range(3)] == [10.0, 20.0, 10.0]
    assert faults.factor("friction_scale") == 1.0


def test_gyro_and_magnetometer_of_first_light_have_sensor_faults_too():
    vehicle = craft(
        "fault.lsm6dso.kind=bias_step", "fault.lsm6dso.fraction=0.2", "fault.lsm6dso.axis=2",
        "fault.lsm6dso.t_s=0.05", "fault.ak09916.kind=sign_flip", "fault.ak09916.t_s=0.05",
        "spacecraft.imu.noise_rad_s=0", "spacecraft.magnetometer.noise_T=0",
        "spacecraft.magnetometer.bias_T=[0,0,0]", "spacecraft.imu.bias_rad_s=[0,0,0]",
    )  # fmt: skip
    vehicle.imu.transfer(b"\x11\x40", 0)
    vehicle.magnetometer.transfer(b"\x31\x08", 0)
    vehicle.advance()
    gyro = np.frombuffer(vehicle.imu.transfer(b"\x22", 6), "<i2") * 8.75e-3
    step = [0.0, 0.0, 0.2 * 250.0]
    assert gyro == pytest.approx(np.degrees(vehicle.plant.omega_BN_B) + step, abs=0.01)
    field = np.frombuffer(vehicle.magnetometer.transfer(b"\x11", 8)[:6], "<i2") * 0.15e-6
    assert field == pytest.approx(-np.array(vehicle.field_B_T()), abs=0.1e-6)


def test_a_rod_connected_the_wrong_way_round():
    vehicle = craft("fault.drv8830_y.kind=sign_flip", "fault.drv8830_y.t_s=0.05")
    vehicle.rods[1].transfer(b"\x00\xfd", 0)
    assert vehicle.rods[1].dipole_A_m2 == pytest.approx(0.5)
    vehicle.advance()
    assert vehicle.rods[1].dipole_A_m2 == pytest.approx(-0.5)
    assert vehicle.rods[1].current_A > 0.0  # the driver does not see it


def test_stuck_sensor_repeats_its_first_sample():
    vehicle = craft("fault.lsm6dso.kind=stuck", "fault.lsm6dso.t_s=0.5")
    imu = vehicle.imu
    imu.transfer(b"\x11\x40", 0)
    samples = []
    for _ in range(10):
        vehicle.advance()
        samples.append(imu.transfer(b"\x22", 6))
    assert len(set(samples[:5])) == 5
    assert len(set(samples[4:])) == 1


def test_stuck_register_with_a_value_leaves_the_others_alone():
    vehicle = craft(
        "fault.ak09916.kind=stuck", "fault.ak09916.register=1", "fault.ak09916.value=0x77"
    )
    assert vehicle.magnetometer.transfer(b"\x00", 2) == b"\x48\x77"


def test_bit_flip_in_one_memory_cell():
    vehicle = craft(
        "fault.mb85rc1mt.kind=bit_flip", "fault.mb85rc1mt.register=65538", "fault.mb85rc1mt.bit=7"
    )
    assert vehicle.fram.transfer(b"\x00\x00", 4, 0x51) == b"\x00\x00\x80\x00"
    assert not any(vehicle.fram.memory)


def test_wrong_id_touches_only_the_identification():
    vehicle = craft("fault.lsm6dso.kind=wrong_id")
    assert vehicle.imu.transfer(b"\x0f", 1) == b"\x93"
    assert vehicle.imu.transfer(b"\x12", 1) == b"\x04"


def test_dead_rod_makes_no_dipole_and_a_nacking_one_goes_on():
    for kind, dipole in (("dead", 0.0), ("nack", 0.5)):
        vehicle = craft(f"fault.drv8830_x.kind={kind}", "fault.drv8830_x.t_s=0.05")
        vehicle.rods[0].transfer(b"\x00\xfd", 0)
        vehicle.advance()
        assert vehicle.rods[0].dipole_A_m2 == pytest.approx(dipole)


def test_dead_radio_loses_its_carrier():
    vehicle = craft("fault.radio.kind=dead", "fault.radio.t_s=0.05")
    vehicle.radio.transfer(b"\x02\x03", 0)
    assert vehicle.radio.carrier
    vehicle.advance()
    assert not vehicle.radio.carrier
    assert not vehicle.radio.receive(b"x")


def test_overlapping_faults_and_the_next_change():
    faults = FaultSet([Fault("x", "nack", 1.0, 3.0), Fault("x", "bit_flip", 2.0)])
    assert faults.next_change_s == 1.0
    faults.advance(0.0)
    assert (faults.active, faults.next_change_s) == ((), 1.0)
    faults.advance(1.0)
    assert faults.has("nack") and faults.next_change_s == 2.0
    faults.advance(2.5)
    assert faults.has("nack") and faults.has("bit_flip") and faults.next_change_s == 3.0
    faults.advance(3.0)
    assert not faults.has("nack") and faults.next_change_s == float("inf")
