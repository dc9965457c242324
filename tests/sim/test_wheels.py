"""Reaction wheels: the register map of docs/icd/wheels.md, friction and limits."""

import math
import struct

import pytest

from sim.devices.base import BusError
from sim.devices.mf_wheel import MfWheel, WheelParameters
from sim.faults import Fault, FaultSet

STEP_S = 0.1
FACTS = WheelParameters(
    inertia_kg_m2=2.4e-5,
    torque_max_N_m=1e-3,
    speed_max_rad_s=628.0,
    coulomb_N_m=1.5e-5,
    viscous_N_m_s=3e-8,
    static_N_m=2.5e-5,
    torque_per_A_N_m=0.01,
)
J = FACTS.inertia_kg_m2


def wheel(speed_rad_s=0.0, *faults):
    fault_set = FaultSet(faults)
    fault_set.advance(0.0)
    return MfWheel(
        "wheel_0", FACTS, lambda speed, grid: speed, lambda: 20.0, speed_rad_s, fault_set
    )


def torque(part, newton_metre):
    part.transfer(b"\x02\x00\x01", 0)
    part.transfer(struct.pack(">Bh", 0x04, round(newton_metre / 1e-7)), 0)


def speed(part, rad_s):
    counts = round(rad_s / 0.025)
    part.transfer(struct.pack(">BHHhh", 0x02, 2, 0, 0, counts), 0)


def spin(part, steps):
    """The rotor alone, on a body that does not give way."""
    nets = []
    for _ in range(steps):
        net = part.drive(STEP_S)
        part.speed_rad_s += net * STEP_S / J
        part.grid += 1
        nets.append(net)
    return nets


def words(part, register, count=1):
    data = part.transfer(bytes((register,)), 2 * count)
    values = struct.unpack(f">{count}h", data)
    return values[0] if count == 1 else values


def test_identification_and_power_up_values():
    part = wheel()
    assert part.transfer(b"\x00", 6) == b"\x52\x57\x00\x01\x00\x00"
    assert words(part, 0x0A) == 20
    assert words(part, 0x0B, 3) == (10000, 25120, 24000)
    assert part.transfer(b"\x0e", 2) == b"\xff\xff"


def test_torque_mode_gives_the_torque_less_friction():
    part = wheel(100.0)
    torque(part, 2e-4)
    (net,) = spin(part, 1)
    assert net == pytest.approx(2e-4 - 1.5e-5 - 3e-8 * 100.0, rel=1e-3)
    assert words(part, 0x07) == 2000
    assert words(part, 0x08) == 200  # 0.02 A
    assert words(part, 0x06) == round(part.speed_rad_s / 0.025)
    assert words(part, 0x09) == 320
    assert words(part, 0x03) == 0x01


def test_torque_is_limited_and_says_so():
    part = wheel(100.0)
    torque(part, 3e-3)
    (net,) = spin(part, 1)
    assert net < 1e-3
    assert words(part, 0x07) == 10000
    assert words(part, 0x03) & 0x02
    torque(part, 1e-4)
    spin(part, 1)
    assert not words(part, 0x03) & 0x02


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_speed_is_limited_and_braking_works_there(way):
    part = wheel(627.0 * way)
    torque(part, 1e-3 * way)
    spin(part, 10)
    assert abs(part.speed_rad_s) == pytest.approx(628.0, abs=1e-6)
    assert words(part, 0x03) & 0x04
    torque(part, -1e-3 * way)
    spin(part, 5)
    assert abs(part.speed_rad_s) < 628.0 - 5 * STEP_S * 0.9e-3 / J


def test_spin_down_by_friction_follows_the_closed_form():
    """J dw/dt = -c - v w: w(t) = (w0 + c/v) exp(-v t / J) - c/v."""
    part = wheel(300.0)
    c, v = FACTS.coulomb_N_m, FACTS.viscous_N_m_s
    for seconds in (10, 50, 100):
        while part.grid < 10 * seconds:
            spin(part, 1)
        expected = (300.0 + c / v) * math.exp(-v * seconds / J) - c / v
        assert part.speed_rad_s == pytest.approx(expected, rel=1e-6)


def test_friction_stops_the_rotor_and_never_turns_it_round():
    part = wheel(1.0)
    for _ in range(60):
        spin(part, 1)
        assert part.speed_rad_s >= 0.0
    assert part.speed_rad_s == pytest.approx(0.0, abs=1e-12)


def test_stiction_holds_up_to_the_static_friction():
    part = wheel()
    torque(part, 2.4e-5)
    spin(part, 15)
    assert part.speed_rad_s == 0.0
    torque(part, 2.6e-5)
    spin(part, 15)
    # Turning it has Coulomb's friction against it, which is less.
    assert part.speed_rad_s == pytest.approx(15 * STEP_S * (2.6e-5 - 1.5e-5) / J, rel=0.01)


def test_zero_crossing_sticks_or_goes_through():
    part = wheel(0.05)
    torque(part, -2e-5)
    spin(part, 3)
    assert part.speed_rad_s == pytest.approx(0.0, abs=1e-9)
    part = wheel(0.05)
    torque(part, -1e-4)
    (net,) = spin(part, 1)
    decel = (1e-4 + 1.5e-5) / J
    stop_s = 0.05 / decel
    expected = -(1e-4 - 1.5e-5) / J * (STEP_S - stop_s)
    assert part.speed_rad_s == pytest.approx(expected, rel=1e-3)


def test_speed_mode_holds_its_speed_against_friction():
    part = wheel()
    speed(part, 200.0)
    spin(part, 15)
    speed(part, 200.0)  # keeps the command fresh
    for _ in range(20):
        spin(part, 10)
        speed(part, 200.0)
    assert part.speed_rad_s == pytest.approx(200.0, abs=0.1)
    assert words(part, 0x07) == pytest.approx((1.5e-5 + 3e-8 * 200.0) / 1e-7, abs=10)


def test_a_silent_computer_leaves_no_wheel_under_torque():
    part = wheel(100.0)
    torque(part, 1e-4)
    part.transfer(b"\x0a\x00\x05", 0)
    nets = spin(part, 7)
    assert all(net > 0.0 for net in nets[:5])
    assert all(net < 0.0 for net in nets[5:])  # coasting
    assert words(part, 0x02) == 0
    assert words(part, 0x04) == 0
    assert words(part, 0x03) & 0x08
    assert not words(part, 0x03) & 0x08  # latched until read


def test_timeout_zero_never_stops():
    part = wheel(100.0)
    torque(part, 1e-4)
    part.transfer(b"\x0a\x00\x00", 0)
    assert min(spin(part, 100)) > 0.0


def test_refused_commands_leave_things_as_they_were():
    part = wheel()
    speed(part, 100.0)
    part.transfer(struct.pack(">Bh", 0x05, 26000), 0)  # 650 rad/s
    assert words(part, 0x05) == 4000
    assert words(part, 0x03) & 0x10
    part.transfer(b"\x02\x00\x03", 0)
    assert words(part, 0x02) == 2
    assert words(part, 0x03) & 0x10
    assert not words(part, 0x03) & 0x10


def test_mode_from_off_starts_without_an_old_command():
    part = wheel()
    torque(part, 1e-4)
    part.transfer(b"\x02\x00\x00", 0)
    part.transfer(b"\x02\x00\x01", 0)
    assert words(part, 0x04) == 0
    part.transfer(b"\x02\x80\x00", 0)
    assert words(part, 0x02) == 0


def test_dead_wheel_coasts_and_does_not_answer():
    part = wheel(100.0, Fault("wheel_0", "dead", 0.15))
    torque(part, 1e-3)
    spin(part, 1)
    part.faults.advance(0.2)
    with pytest.raises(BusError):
        part.transfer(b"\x06", 2)
    (net,) = spin(part, 1)
    assert net == pytest.approx(-1.5e-5 - 3e-8 * part.speed_rad_s, rel=1e-2)


def test_bad_bearing_and_wrong_way_round():
    bad = wheel(100.0, Fault("wheel_0", "friction_scale", factor=5.0))
    (net,) = spin(bad, 1)
    assert net == pytest.approx(-5.0 * (1.5e-5 + 3e-6), rel=1e-3)
    turned = wheel(0.0, Fault("wheel_0", "sign_flip"))
    torque(turned, 1e-4)
    (net,) = spin(turned, 1)
    assert net == pytest.approx(-(1e-4 - 1.5e-5))
    assert words(turned, 0x07) == 1000  # it does not know
