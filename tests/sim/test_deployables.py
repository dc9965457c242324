"""Deployables behind the EPS: wires burn only while armed, and not for ever."""

import pytest

from hal.drivers.mf_eps import ADDRESS, MfEps
from sim.channel import Channel
from sim.deployables import ALL, BURN_MAX_S, Deployables
from sim.devices.mf_eps import MfEps as SimEps
from sim.devices.mf_radio import MfRadio
from sim.scenario import load
from sim.world import World
from tests.flight.fakes import Bus
from tests.hal.parts import make_power

STEP_S = 0.1


def make(burn_s=3.0):
    power = make_power()
    power.deployables = Deployables(deployed=False, burn_s=burn_s)
    return power, MfEps(Bus({ADDRESS: SimEps("eps", power)}))


def run(power, seconds):
    for _ in range(round(seconds / STEP_S)):
        power.advance(STEP_S)


def test_a_wire_burns_through_and_the_switch_says_so():
    power, eps = make()
    assert eps.read_deployed() == 0
    eps.arm(0b01)
    eps.burn(0b01)
    run(power, 2.8)
    assert eps.read_deployed() == 0 and power.deployables.load_W > 0.0
    run(power, 0.4)
    assert eps.read_deployed() == 0b01
    eps.burn(0)
    assert power.deployables.load_W == 0.0


def test_nothing_burns_that_is_not_armed():
    power, eps = make()
    eps.burn(0b11)
    run(power, 10)
    eps.arm(0b01)
    eps.burn(0b10)
    run(power, 9)
    assert eps.read_deployed() == 0 and power.deployables.burns == 0


def test_arming_ends_by_itself_and_so_does_the_current():
    power, eps = make(burn_s=1e3)
    eps.arm(0b10)
    eps.burn(0b10)
    run(power, BURN_MAX_S - 0.2)
    assert power.deployables.burning == 0b10
    run(power, 0.4)
    assert power.deployables.burning == 0
    run(power, 3)
    assert power.deployables.armed == 0


def test_an_interrupted_wire_has_cooled():
    power, eps = make()
    for _ in range(3):
        eps.arm(0b01)
        eps.burn(0b01)
        run(power, 2)
        eps.burn(0)
        run(power, 1)
    assert eps.read_deployed() == 0


@pytest.mark.parametrize("data", [b"\x20\x00\x03", b"\x20\x5b\x03", b"\x20\x03\x5a"])
def test_one_wrong_write_arms_nothing(data):
    power, eps = make()
    SimEps("eps", power).transfer(data, 0)
    assert power.deployables.armed == 0


def test_a_brown_out_disarms():
    power, eps = make()
    eps.arm(0b11)
    power.charge = 0.0
    run(power, 0.2)
    assert power.brown_outs == 1 and power.deployables.armed == 0


@pytest.mark.parametrize("deployed,mask", [("yes", ALL), ("no", 0)])
def test_scenarios_begin_in_orbit_unless_they_say_otherwise(deployed, mask):
    world = World(load("first-light", [f"initial.deployed={deployed}"]))
    assert world.spacecraft.power.deployables.deployed == mask


def test_a_folded_antenna_hears_nothing_and_is_not_heard():
    radio = MfRadio("radio")
    radio.transfer(b"\x02\x03", 0)
    channel = Channel(radio, 1, True, 0.0, 0.0)
    got = []
    channel.on_frame.append(lambda t_s, frame: got.append(frame))
    channel.antenna_out = False
    radio.transfer(b"\x08" + b"x" * 50, 0)
    channel.uplink(0.0, b"u" * 50)
    for step in range(5):
        channel.advance(step * STEP_S, STEP_S, 1)
    assert got == [] and channel.lost_down == 1 and channel.lost_up == 1
    channel.antenna_out = True
    radio.transfer(b"\x08" + b"y" * 50, 0)
    channel.advance(1.0, STEP_S, 1)
    assert got == [b"y" * 50]
