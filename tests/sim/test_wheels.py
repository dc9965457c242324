"""Reaction wheels: the register map of docs/icd/wheels.md, friction and limits, the dynamics."""

import math
import struct

import numpy as np
import pytest

from sim.devices.base import BusError
from sim.devices.mf_wheel import MfWheel, WheelParameters
from sim.faults import Fault, FaultSet
from sim.plant import Plant, Rotor
from tests.sim.onboard import make

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


# --- the dynamics ---------------------------------------------------------------------------

INERTIA = np.diag([0.033, 0.033, 0.0067])
SIDE = 1.0 / math.sqrt(3.0)
AXES = [[SIDE, SIDE, SIDE], [-SIDE, SIDE, SIDE], [-SIDE, -SIDE, SIDE], [SIDE, -SIDE, SIDE]]
FAR, STILL, OFF = [1e13, 0.0, 0.0], [0.0, 0.0, 0.0], (0.0, 0.0, 0.0)


def plant(omega, speeds, cls=Plant, axes=AXES, **changes):
    return cls(
        4.0, INERTIA.tolist(), [0.1, -0.2, 0.3], omega, FAR, STILL, np.eye(3).tolist(), STILL,
        100_000_000, [Rotor(a, J, s) for a, s in zip(axes, speeds, strict=True)], **changes,
    )  # fmt: skip


def momentum_N(body, axes=AXES):
    spins = J * np.array(body.wheel_speeds_rad_s) @ np.array(axes)
    return np.array(body.dcm_BN).T @ (INERTIA @ body.omega_BN_B + spins)


def test_wheels_exchange_momentum_and_lose_none():
    body = plant([0.02, -0.01, 0.03], [50.0, -80.0, 120.0, 10.0])
    start = momentum_N(body)
    moved = 0.0
    for step in range(1200):
        drive = [2e-5 * math.sin(0.1 * step + k) for k in range(4)]
        body.step(FAR, STILL, STILL, OFF, drive)
        moved = max(moved, abs(body.wheel_speeds_rad_s[0] - 50.0))
    assert np.linalg.norm(momentum_N(body) - start) < 1e-7 * np.linalg.norm(start)
    assert moved > 1.0


def test_positive_torque_spins_the_wheel_up_and_turns_the_body_back():
    axis = [[0.0, 0.0, 1.0]]
    body = plant(STILL, [0.0], axes=axis)
    body.step(FAR, STILL, STILL, OFF, [1e-4])
    # Body without the rotor about z: 0.0067 - J.
    body_rate = -1e-4 * 0.1 / (0.0067 - J)
    assert body.omega_BN_B == pytest.approx((0.0, 0.0, body_rate), rel=1e-6)
    assert body.wheel_speeds_rad_s[0] == pytest.approx(1e-4 * 0.1 / J - body_rate, rel=1e-6)


def test_spinning_wheel_makes_the_body_precess():
    """A fixed rotor momentum h about z: transverse rate turns at h / J (nutation)."""
    axis = [[0.0, 0.0, 1.0]]
    body = plant([0.001, 0.0, 0.0], [500.0], axes=axis)
    h = J * 500.0
    steps = 300
    for _ in range(steps):
        body.step(FAR, STILL, STILL, OFF, [0.0])
    angle = math.atan2(body.omega_BN_B[1], body.omega_BN_B[0])
    expected = h / 0.033 * steps * 0.1  # Euler: dw_x = -(h / J) w_y, dw_y = (h / J) w_x
    assert expected > 2.0 * math.pi
    difference = (angle - expected + math.pi) % (2.0 * math.pi) - math.pi
    assert abs(difference) < 2e-3
    assert math.hypot(*body.omega_BN_B[:2]) == pytest.approx(0.001, rel=1e-3)


def test_running_the_modules_equals_basilisk_scheduler_with_wheels():
    class Scheduled(Plant):
        def _integrate(self):
            self._sim.ConfigureStopTime(self.time_ns)
            self._sim.ExecuteSimulation()

    rates = [0.02, -0.01, 0.03]
    speeds = [50.0, -80.0, 120.0, 10.0]
    direct = plant(rates, speeds, external_torque=True)
    scheduled = plant(rates, speeds, cls=Scheduled, external_torque=True)
    for step in range(40):
        drive = [1e-4 * (step % 3 - 1), 2e-5, 0.0, -1e-5]
        push = (1e-6 * (step % 2), -1e-6, 2e-6)
        for body in (direct, scheduled):
            body.step(FAR, STILL, STILL, OFF, drive, push)
        assert direct.sigma_BN == scheduled.sigma_BN
        assert direct.omega_BN_B == scheduled.omega_BN_B
        assert direct.wheel_speeds_rad_s == scheduled.wheel_speeds_rad_s


def test_wheel_on_the_bus_turns_the_spacecraft_back():
    onboard = make(
        "spacecraft.wheels.axes_B=[[0,0,1]]", "spacecraft.wheels.noise_rad_s=0",
        "initial.rate_deg_s=[0,0,0]", "spacecraft.residual_dipole_A_m2=0", "crystal_ppm=0",
        "disturbance.gravity_gradient=off",
    )  # fmt: skip
    world = onboard.world
    onboard.i2c(1, 0x20, struct.pack(">BHHh", 0x02, 1, 0, 5000))  # 500 uN m
    onboard.time_us = 1_000_000
    _, data = onboard.i2c(1, 0x20, b"\x06", 2)
    rate = world.spacecraft.plant.omega_BN_B[2]
    net_N_m = 5e-4 - 1.5e-5
    assert rate == pytest.approx(-net_N_m * 1.0 / 0.0067, rel=0.01)
    assert struct.unpack(">h", data)[0] * 0.025 == pytest.approx(net_N_m / 2.4e-5, rel=0.02)
    assert world.truth["wheel_speed_rad_s"][-1][0] > 19.0
    assert np.allclose(world.truth["momentum_N_N_m_s"][-1], 0.0, atol=1e-12)
    onboard.time_us = 10_000_000
    assert onboard.i2c(1, 0x20, b"\x02", 2) == (0, b"\x00\x00")  # timed out


def test_locked_wheel_stays_locked_on_a_body_that_is_turned():
    onboard = make("spacecraft.wheels={}", "initial.rate_deg_s=[5,3,-4]", "crystal_ppm=0")
    speeds = []
    for step in range(1, 100):
        onboard.time_us = step * 100_000
        onboard.i2c(1, 0x60, b"\x00\xfd" if step % 20 < 10 else b"\x00\xfe")
        speeds.append(onboard.world.spacecraft.plant.wheel_speeds_rad_s)
    assert np.abs(speeds).max() < 1e-3
