"""Sun sensors: the light they see, albedo, eclipse, and the registers of the fine one."""

import math
import struct

import numpy as np
import pytest

from sim.albedo import patches
from sim.devices.mf_fss import MfFss
from tests.sim.onboard import make

EARTH_M = 6.371e6


# --- the Earth's light ----------------------------------------------------------------------


def test_albedo_of_a_far_earth_is_the_lambert_sphere():
    """Full phase, far away: irradiance a (2/3) (R / r)^2 of the Sun's (Lambert's law)."""
    radius = 60.0 * EARTH_M
    direction, weight = patches(
        np.array([[radius, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]]), 0.3, 40, 40
    )
    assert weight.sum() == pytest.approx(0.3 * 2.0 / 3.0 / 60.0**2, rel=0.05)
    assert direction[0].mean(axis=0) == pytest.approx([-1.0, 0.0, 0.0], abs=0.01)


@pytest.mark.parametrize("angle_deg", [0.0, 60.0, 100.0])
def test_albedo_on_a_plate_against_an_integral_in_another_variable(angle_deg):
    """Over the ground at 500 km instead of over the spacecraft's sky."""
    radius = EARTH_M + 5e5
    place = np.array([0.0, 0.0, radius])
    sun = np.array([math.sin(math.radians(angle_deg)), 0.0, math.cos(math.radians(angle_deg))])
    direction, weight = patches(place[None, :], sun[None, :], 0.3)
    plate = np.maximum(0.0, -direction[0][:, 2]) @ weight[0]
    # Ground seen: power = integral of a cos(i) / pi cos(e) cos(plate) dA / d^2.
    cap = math.acos(EARTH_M / radius)
    angle = (np.arange(2000) + 0.5) / 2000 * cap
    phi = (np.arange(180) + 0.5) / 180 * 2.0 * math.pi
    t, p = np.meshgrid(angle, phi)
    up = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1)
    line = place - EARTH_M * up
    d = np.linalg.norm(line, axis=-1)
    leaves = np.sum(line * up, axis=-1) / d
    arrives = line[..., 2] / d
    area = EARTH_M**2 * np.sin(t) * (cap / 2000) * (2.0 * math.pi / 180)
    power = 0.3 / math.pi * np.maximum(0.0, up @ sun) * leaves * arrives * area / d**2
    assert plate == pytest.approx(power.sum(), rel=0.02, abs=3e-4)


def test_no_albedo_over_the_night_side():
    _, weight = patches(np.array([[7e6, 0.0, 0.0]]), np.array([[-1.0, 0.0, 0.0]]), 0.3)
    assert weight.sum() == 0.0


# --- on the spacecraft ----------------------------------------------------------------------

SUNLIT = (
    "orbit.altitude_km=500",
    "orbit.inclination_deg=97",
    "initial.rate_deg_s=0",
    "crystal_ppm=0",
    "watchdog.boot_timeout_s=3600",
    "spacecraft.css.noise_V=0",
)


def volts(onboard):
    """Volts of all six sensors and of both references, one conversion per grid step."""
    values = [0.0] * 8
    for channel in range(4):
        for address in (0x48, 0x49):
            onboard.i2c(1, address, struct.pack(">BH", 1, 0xC383 | channel << 12))
        onboard.time_us += 100_000
        for index, address in enumerate((0x48, 0x49)):
            status, data = onboard.i2c(1, address, b"\x00", 2)
            assert status == 0
            place = 3 * index + channel if channel < 3 else 6 + index
            values[place] = struct.unpack(">h", data)[0] * 4.096 / 32768
    return np.array(values)


def test_coarse_sensors_follow_the_cosine():
    onboard = make(*SUNLIT, "environment.albedo=0", "spacecraft.css.field_of_view_deg=90")
    values = volts(onboard)
    craft = onboard.world.spacecraft
    assert craft.environment.illumination[0] == 1.0
    sun_B = np.array(craft.sun_B())
    expected = np.maximum(0.0, np.concatenate([[s, -s] for s in sun_B]))
    assert values[:6] == pytest.approx(2.5 * expected, abs=0.001)
    assert values[6:] == pytest.approx([2.048, 2.048], abs=0.001)


def test_field_of_view_ends_the_cosine():
    narrow = make(*SUNLIT, "environment.albedo=0", "spacecraft.css.field_of_view_deg=20")
    sun_B = narrow.world.spacecraft.sun_B()
    seen = [abs(value) > math.cos(math.radians(20.0)) for value in sun_B]
    values = volts(narrow)
    for axis in range(3):
        assert (max(values[2 * axis : 2 * axis + 2]) > 0.01) == seen[axis]


def test_albedo_is_seen_by_the_sensor_that_looks_down():
    """Body z to the Earth over the day side: the +z sensor has no Sun but light."""
    dark = make(*SUNLIT, "environment.albedo=0")
    r_N = np.array(dark.world.spacecraft.environment.r_BN_N[0])
    sun_N = np.array(dark.world.spacecraft.environment.sun_N[0])
    down = -r_N / np.linalg.norm(r_N)
    lit = -float(down @ sun_N)
    direction, weight = patches(r_N[None, :], sun_N[None, :], 0.3)
    plate = np.maximum(0.0, direction[0] @ down) @ weight[0]
    other = np.cross(down, [0.3, -0.5, 0.8])
    other /= np.linalg.norm(other)
    rows = np.array([other, np.cross(down, other), down])
    w = 0.5 * math.sqrt(max(1e-9, 1.0 + np.trace(rows)))
    q = [(rows[1, 2] - rows[2, 1]) / (4 * w), (rows[2, 0] - rows[0, 2]) / (4 * w),
         (rows[0, 1] - rows[1, 0]) / (4 * w), w]  # fmt: skip
    attitude = f"initial.q_BN=[{', '.join(repr(float(value)) for value in q)}]"
    with_light = make(*SUNLIT, attitude, "spacecraft.css.field_of_view_deg=90")
    value = volts(with_light)[4]
    sun = 2.5 * max(0.0, -lit)
    assert plate > 0.01
    assert value - sun == pytest.approx(2.5 * plate, rel=0.05, abs=0.002)


def test_eclipse_is_dark():
    onboard = make(*SUNLIT)
    environment = onboard.world.spacecraft.environment
    while environment.illumination[onboard.world.spacecraft.grid - environment.first] > 0.0:
        onboard.time_us += 30_000_000
        onboard.i2c(1, 0x48)
        assert onboard.time_us < 7e9
    onboard.time_us += 300_000_000
    assert np.abs(volts(onboard)[:6]).max() < 0.01


def test_gain_and_direction_errors_come_from_the_seed():
    wrong = ("spacecraft.css.gain_error=0.05", "spacecraft.css.misalignment_deg=3")
    one = volts(make(*SUNLIT, *wrong, seed=1))
    again = volts(make(*SUNLIT, *wrong, seed=1))
    exact = volts(make(*SUNLIT, seed=1))
    assert np.array_equal(one, again)
    lit = exact[:6] > 0.3
    assert lit.any() and np.abs(one[:6] - exact[:6])[lit].min() > 1e-3


def test_css_faults():
    index = int(np.argmax(volts(make(*SUNLIT))[:6]))
    value = volts(make(*SUNLIT))[index]
    name = f"fault.css_{index}"
    assert volts(make(*SUNLIT, f"{name}.kind=dead"))[index] == 0.0
    stepped = volts(make(*SUNLIT, f"{name}.kind=bias_step", f"{name}.fraction=-0.1"))
    assert stepped[index] == pytest.approx(value - 0.25, abs=0.001)
    others = [place for place in range(6) if place != index]
    assert stepped[others] == pytest.approx(volts(make(*SUNLIT))[others])


def fine(light, fault=None):
    part = MfFss("fss", lambda grid: light, lambda a, b, grid: (a, b), lambda: 20.0)
    part.grid = 1
    status, count, alpha, beta, intensity, celsius = struct.unpack(
        ">HHhhHh", part.transfer(b"\x03", 12)
    )
    return part, status, count, alpha * 50e-6, beta * 50e-6, intensity, celsius


def test_fine_sensor_angles_have_the_sign_of_the_icd():
    sun = np.array([math.tan(0.3), math.tan(-0.2), 1.0])
    part, status, count, alpha, beta, intensity, celsius = fine(sun / np.linalg.norm(sun))
    assert (status, count, celsius) == (3, 1, 320)
    assert (alpha, beta) == pytest.approx((0.3, -0.2), abs=25e-6)
    assert intensity == pytest.approx(1e4 / np.linalg.norm(sun), abs=1)
    assert part.transfer(b"\x03", 2) == b"\x00\x02"  # COUNT was read
    assert part.transfer(b"\x00", 4) == b"\x46\x53\x00\x01"


@pytest.mark.parametrize(
    ("light", "status"),
    [
        ((0.0, 0.0, -1.0), 1),  # behind
        ((0.9, 0.0, 0.1), 5),  # outside the field of view
        ((0.0, 0.0, 0.4), 5),  # penumbra
        ((0.0, 0.0, 0.001), 1),  # night
    ],
)
def test_fine_sensor_gives_no_direction_without_the_sun(light, status):
    part, got, _, alpha, beta, _, _ = fine(light)
    assert got == status
    assert part.transfer(b"\x05", 4) == b"\x80\x00\x80\x00"


def test_fine_sensor_holds_a_sample_until_status_is_read():
    part = MfFss("f", lambda grid: (0.0, 0.1 * grid, 1.0), lambda a, b, grid: (a, b), lambda: 0.0)
    part.grid = 1
    part.transfer(b"\x03", 2)
    first = part.transfer(b"\x06", 2)
    part.grid = 2
    assert part.transfer(b"\x06", 2) == first
    part.transfer(b"\x03", 2)
    assert part.transfer(b"\x06", 2) != first
    part.transfer(b"\x02\x00\x00", 0)  # stop
    part.grid = 5
    assert part.transfer(b"\x03", 4) == b"\x00\x03\x00\x02"
    part.transfer(b"\x02\x80\x00", 0)
    assert part.transfer(b"\x02", 2) == b"\x00\x01"


def test_fine_sensor_on_the_bus_finds_the_sun():
    onboard = make(*SUNLIT, "spacecraft.fss.noise_rad=0", "environment.albedo=0")
    sun_B = np.array(onboard.world.spacecraft.sun_B())
    third = sun_B + [0.1, -0.15, 0.05]
    z = third / np.linalg.norm(third)
    x = np.cross([0.0, 0.0, 1.0], z)
    x /= np.linalg.norm(x)
    dcm_BS = np.array([x, np.cross(z, x), z]).T
    rows = "[" + ",".join(str([float(v) for v in row]) for row in dcm_BS) + "]"
    onboard = make(*SUNLIT, "spacecraft.fss.noise_rad=0", "environment.albedo=0",
                   f"spacecraft.fss.dcm_BS={rows}")  # fmt: skip
    onboard.time_us = 1_000_000
    _, data = onboard.i2c(1, 0x28, b"\x03", 12)
    status, _, alpha, beta = struct.unpack_from(">HHhh", data)
    assert status & 2
    sun_S = np.array([math.tan(alpha * 50e-6), math.tan(beta * 50e-6), 1.0])
    found = dcm_BS @ sun_S / np.linalg.norm(sun_S)
    true = onboard.world.truth["sun_B"][-1]
    assert np.linalg.norm(found - true) < 1e-4
    # The Earth's light and a fault pull it away.
    pulled = make(*SUNLIT, "spacecraft.fss.noise_rad=0", f"spacecraft.fss.dcm_BS={rows}",
                  "fault.fss.kind=bias_step", "fault.fss.fraction=0.1",
                  "fault.fss.axis=1", "environment.albedo=0")  # fmt: skip
    pulled.time_us = 1_000_000
    _, data = pulled.i2c(1, 0x28, b"\x03", 12)
    moved = struct.unpack_from(">HHhh", data)
    assert (moved[3] - beta) * 50e-6 == pytest.approx(0.1 * math.radians(60.0), abs=1e-4)
    assert moved[2] == alpha
