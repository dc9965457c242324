"""Body and wheels: momentum, signs, precession, and the wheels on the bus of a spacecraft."""

import math
import struct

import numpy as np
import pytest

from sim.plant import Plant, Rotor
from tests.sim.onboard import make

J = 2.4e-5  # of a rotor
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
