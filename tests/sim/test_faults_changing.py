"""Faults that come and go, memory that is overwritten, and which device has which."""

import pytest

from sim.devices.base import BusError
from sim.faults import BUS_KINDS, KINDS, LINES, SENSOR_KINDS, Fault, FaultSet, kinds_of
from sim.protocol import E_NODEV, E_TIMEOUT
from sim.schema import DEVICES
from tests.sim.test_faults import CHANGING, READS, SPI, craft, read


@pytest.mark.parametrize("kind", CHANGING)
@pytest.mark.parametrize("name", READS)
def test_every_device_fails_now_and_then_in_every_way_and_recovers(name, kind):
    vehicle = craft(
        f"fault.{name}.kind={kind}",
        f"fault.{name}.t_s=1.0",
        f"fault.{name}.until_s=11.0",
        f"fault.{name}.fraction=0.25",
    )
    healthy = read(vehicle, name)
    answers = []
    for _ in range(120):
        vehicle.advance()
        try:
            answers.append(read(vehicle, name))
        except BusError as error:
            answers.append(error.status)
    assert set(answers[:9]) == set(answers[-10:]) == {healthy}
    struck = [answer for answer in answers[9:109] if answer != healthy]
    if kind == "garbage":
        assert len(set(struck)) > 50
        return
    silent = b"\xff" * len(healthy) if name in SPI else E_NODEV
    assert set(struck) == {silent if kind == "nack_storm" else E_TIMEOUT}
    assert 10 <= len(struck) <= 40


def test_what_a_fault_now_and_then_hits_is_the_same_every_time():
    def pattern(**more):
        faults = FaultSet([Fault("x", "nack_storm", **more)])
        faults.advance(0.0)
        return [faults.strikes("nack_storm", grid) for grid in range(200)]

    assert pattern() == pattern() and 80 <= sum(pattern()) <= 120
    assert 10 <= sum(pattern(fraction=0.1)) <= 30
    assert all(pattern(fraction=1.0))


def test_a_scrambled_memory_is_noise_where_it_was_told_and_only_once():
    vehicle = craft(
        "fault.mb85rc1mt.kind=scramble", "fault.mb85rc1mt.register=0x1000",
        "fault.mb85rc1mt.factor=64", "fault.mb85rc1mt.t_s=0.15",
        "fault.w25q128.kind=scramble", "fault.w25q128.register=4090", "fault.w25q128.factor=10",
    )  # fmt: skip
    memory = vehicle.fram.memory
    vehicle.advance()
    assert not any(memory)
    vehicle.advance()
    noise = bytes(memory[0x1000:0x1040])
    assert len(set(noise)) > 40 and not any(memory[:0x1000]) and not any(memory[0x1040:])
    memory[0x1000:0x1040] = bytes(64)
    vehicle.advance()
    assert not any(memory)
    assert vehicle.flash.memory.read(4080, 10) == b"\xff" * 10
    assert vehicle.flash.memory.read(4100, 10) == b"\xff" * 10
    assert len(set(vehicle.flash.memory.read(4090, 10))) > 5


def test_every_kind_belongs_to_a_device_and_every_device_has_some():
    assert {kind for name in (*DEVICES, *LINES) for kind in kinds_of(name)} == set(KINDS)
    assert kinds_of("css_3") == ("dead", *SENSOR_KINDS)
    assert set(BUS_KINDS) < set(kinds_of("tmp108")) | set(kinds_of("ak09916"))
    assert "erase_fail" in kinds_of("w25q128") and "erase_fail" not in kinds_of("mb85rc1mt")
    assert "reset" in kinds_of("computer") and "stuck_low" in kinds_of("adcs_bus")
