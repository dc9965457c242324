"""Drivers of the attitude parts: bytes as the data sheets and docs/icd give them, in and out."""

import math
import struct

import numpy as np
import pytest

from native.cffi.loader import ffi, lib

E_BUSY, E_INVAL, E_RANGE, E_BADID = -16, -22, -34, -84
DARK = 1


def io_with(rx=b""):
    io = ffi.new("mf_sensor_io_t *")
    ffi.memmove(io.rx, rx, len(rx))
    return io


def sent(io):
    """What a transfer writes, and how much it reads."""
    assert io.xfer.op == lib.MF_OP_I2C
    return bytes(ffi.buffer(io.tx, io.xfer.tx_len)), io.xfer.rx_len


def chain(part):
    """The writes of a part's initialisation."""
    out = []
    for step in range(part.init_steps):
        io = io_with()
        part.init_fill(io, step)
        out.append(sent(io))
    return out


def converted(part, rx, n=3):
    out = ffi.new("float[]", [7.0] * n)
    status = part.convert(io_with(rx), out)
    return status, list(out)


@pytest.mark.parametrize(
    ("name", "good"),
    [("mf_mmc5983ma", b"\x30"), ("mf_fss", b"FS"), ("mf_wheel", b"RW")],
)
def test_another_part_at_the_address_is_told(name, good):
    part = getattr(lib, name)
    assert part.init_check(io_with(good), 0) == 0
    assert part.init_check(io_with(b"\x31\x31"), 0) == E_BADID


def field_image(counts, status=0x01):
    high = b"".join(struct.pack(">H", count >> 2) for count in counts)
    low = sum((count & 3) << shift for count, shift in zip(counts, (6, 4, 2), strict=True))
    return high + bytes((low, 0, status))


def test_mmc5983ma_counts_are_tesla():
    # 16384 counts per gauss about the middle of 18 bits.
    counts = (131072 + 16384, 131072 - 8192, 131072 + 3)
    status, mag = converted(lib.mf_mmc5983ma, field_image(counts))
    assert status == 0
    assert mag == pytest.approx((1e-4, -0.5e-4, 3 * 1e-4 / 16384), rel=1e-6)


def test_mmc5983ma_refuses_the_end_of_scale_and_no_sample():
    middle = 131072
    assert converted(lib.mf_mmc5983ma, field_image((0, middle, middle))) == (E_RANGE, [7.0] * 3)
    assert converted(lib.mf_mmc5983ma, field_image((middle, middle, 262143)))[0] == E_RANGE
    assert converted(lib.mf_mmc5983ma, field_image((middle,) * 3, 0))[0] == E_BUSY


def test_mmc5983ma_sets_the_bridge_before_every_measurement():
    identify, reset, run = chain(lib.mf_mmc5983ma)
    assert identify == (b"\x2f", 1)
    assert reset == (b"\x0a\x80", 0)
    registers, _ = run
    assert registers[0] == 0x09 and registers[1] & 0x20  # automatic set
    assert registers[3] & 0x80 and registers[3] & 0x08  # periodic set, continuous


@pytest.mark.parametrize("number", range(4))
def test_ads1115_starts_one_input_against_ground(number):
    io = io_with()
    lib.mf_ads1115_fill_start(io, number)
    (register, config), read = struct.unpack(">BH", sent(io)[0]), sent(io)[1]
    assert (register, read) == (1, 0)
    assert config >> 15 == 1 and config >> 12 & 7 == 4 + number  # start; AINx against ground
    assert config >> 9 & 7 == 1 and config >> 8 & 1 == 1  # +-4.096 V, single
    assert config >> 5 & 7 == 4 and config & 3 == 3  # 128 per second, no comparator


def test_ads1115_volts():
    io = io_with(struct.pack(">h", 20000))
    volts = ffi.new("float *")
    assert lib.mf_ads1115_convert(io, volts) == 0
    assert volts[0] == pytest.approx(2.5)
    io = io_with(struct.pack(">h", -160))
    assert lib.mf_ads1115_convert(io, volts) == 0
    assert volts[0] == pytest.approx(-0.02)
    for end in (32767, -32768):
        assert lib.mf_ads1115_convert(io_with(struct.pack(">h", end)), volts) == E_RANGE
    lib.mf_ads1115_fill_read(io)
    assert sent(io) == (b"\x00", 2)


def sun_image(alpha, beta, status=3):
    return struct.pack(">HHhhHh", status, 9, alpha, beta, 8000, 320)


@pytest.mark.parametrize(("alpha_deg", "beta_deg"), [(0, 0), (30, 0), (0, -45), (-60, 60)])
def test_fss_angles_are_tangents_over_the_boresight(alpha_deg, beta_deg):
    bits = [round(math.radians(angle) / 50e-6) for angle in (alpha_deg, beta_deg)]
    status, sun = converted(lib.mf_fss, sun_image(*bits))
    assert status == 0
    expected = np.array([*np.tan(np.array(bits) * 50e-6), 1.0])
    assert sun == pytest.approx(expected / np.linalg.norm(expected), abs=3e-7)


def test_fss_without_a_sun_is_dark_and_never_a_direction():
    assert converted(lib.mf_fss, sun_image(-32768, -32768, status=1)) == (DARK, [0.0] * 3)
    assert converted(lib.mf_fss, sun_image(0, 0, status=5))[0] == DARK  # dim
    assert converted(lib.mf_fss, sun_image(0, 0, status=2))[0] == E_BUSY
    # Status says valid, the angle cannot be.
    assert converted(lib.mf_fss, sun_image(-32768, 0)) == (E_RANGE, [7.0] * 3)


def test_wheel_telemetry():
    io = io_with(struct.pack(">HhhhhhH", 0x0B, 500, 0, -4000, 1234, -56, 400))
    telemetry = ffi.new("mf_wheel_telemetry_t *")
    lib.mf_wheel_convert(io, telemetry)
    assert telemetry.status == lib.MF_WHEEL_DRIVEN | lib.MF_WHEEL_TORQUE_LIMITED | 8
    assert telemetry.speed_rad_s == pytest.approx(-100.0)
    assert telemetry.torque_N_m == pytest.approx(123.4e-6)
    assert telemetry.current_A == pytest.approx(-5.6e-3)
    assert telemetry.temperature_C == 25.0


@pytest.mark.parametrize(
    ("torque_N_m", "bits"),
    [(1e-3, 10000), (-1e-3, -10000), (0.0, 0), (1.0, 32767), (-1.0, -32767), (1.26e-7, 1)],
)
def test_wheel_torque_is_one_write_with_its_mode(torque_N_m, bits):
    io = io_with()
    assert lib.mf_wheel_fill_torque(io, torque_N_m) == 0
    register, mode, _, torque, speed = struct.unpack(">BHHhh", sent(io)[0])
    assert (register, mode, torque, speed) == (2, 1, bits, 0)


def test_wheel_refuses_nan_and_coasts_when_off():
    io = io_with()
    assert lib.mf_wheel_fill_torque(io, float("nan")) == E_INVAL
    assert lib.mf_wheel_fill_torque(io, float("inf")) == E_INVAL
    assert io.xfer.tx_len == 0
    lib.mf_wheel_fill_off(io)
    assert sent(io) == (b"\x02" + bytes(8), 0)


def stars_image(q_SN, status=0x0302, age=1234):
    numbers = [max(-(2**31), min(2**31 - 1, round(x * 2**31))) for x in q_SN]
    return struct.pack(">HHH4iHh", status, 5, age, *numbers, 17, 320)


def test_star_tracker_sample():
    q_SN = np.array([0.5, -0.1, 0.3, 0.8])
    q_SN /= np.linalg.norm(q_SN)
    out = ffi.new("mf_star_tracker_sample_t *")
    assert lib.mf_star_tracker_convert(io_with(stars_image(q_SN)), out) == 0
    assert list(out.q_SN) == pytest.approx(q_SN, abs=1e-7)
    assert (out.age_us, out.stars, out.state) == (123_400, 17, 2)


def test_star_tracker_without_an_attitude():
    out = ffi.new("mf_star_tracker_sample_t *", {"q_SN": [9.0] * 4})
    unit = (0.0, 0.0, 0.0, 1.0)
    convert = lib.mf_star_tracker_convert
    assert convert(io_with(stars_image((0, 0, 0, 0), 0x0203, 0xFFFF)), out) == DARK
    assert out.state == 3
    assert convert(io_with(stars_image(unit, 0x0301)), out) == DARK  # valid, but not tracking
    assert convert(io_with(stars_image(unit, 0x0102)), out) == E_BUSY
    assert convert(io_with(stars_image((0.5, 0, 0, 0))), out) == E_RANGE
    assert list(out.q_SN) == [9.0] * 4
