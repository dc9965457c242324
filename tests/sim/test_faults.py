"""Every part can fail in every way, from and until the times that the scenario says."""

import pytest

from sim.devices.base import BusError
from sim.faults import KINDS, Fault, FaultSet
from sim.protocol import E_NODEV, E_TIMEOUT
from sim.scenario import load
from sim.schema import DEVICES
from sim.spacecraft import Spacecraft

# device: (write bytes of a read that is never constant zero, its length, address)
READS = {
    "ak09916": (b"\x00", 2, 0x0C),
    "lsm6dso": (b"\x0f", 1, 0x6A),
    "drv8830_x": (b"\x00", 2, 0x60),
    "drv8830_y": (b"\x00", 2, 0x61),
    "drv8830_z": (b"\x00", 2, 0x63),
    "tmp108": (b"\x01", 2, 0x48),
    "mb85rc1mt": (b"\xa0", 3, 0x7C),
    "eps": (b"\x00", 2, 0x18),
    "radio": (b"\x00", 1, 0x34),
}


def craft(*overrides):
    vehicle = Spacecraft(load("first-light", overrides), 1, 100_000_000)
    vehicle.power.switch(0x000F)
    return vehicle


def read(vehicle, name):
    tx, rx_len, address = READS[name]
    return vehicle.devices[name].transfer(tx, rx_len, address)


def test_every_device_of_the_schema_exists():
    assert set(craft().devices) == set(DEVICES) == set(READS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DEVICES)
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
    if kind in ("nack", "dead"):
        assert during == E_NODEV
    elif kind == "timeout":
        assert during == E_TIMEOUT
    elif kind == "stuck":
        assert during == healthy
    elif kind == "bit_flip":
        assert during == bytes(value ^ 0x08 for value in healthy)
    else:
        assert during == bytes(value ^ 0xFF for value in healthy)


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
