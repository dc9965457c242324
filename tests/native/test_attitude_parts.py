"""Drivers of the attitude parts: bytes as the data sheets and docs/icd give them, in and out."""

import math
import struct

import numpy as np
import pytest

from native.cffi.loader import ffi, lib

E_BUSY, E_INVAL, E_RANGE, E_BADID, E_STALE = -16, -22, -34, -84, -116
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


def frame(class_id, payload):
    body = class_id + struct.pack("<H", len(payload)) + payload
    a = b = 0
    for byte in body:  # 8-bit Fletcher, interface description 32.4
        a = (a + byte) & 0xFF
        b = (b + a) & 0xFF
    return b"\xb5\x62" + body + bytes((a, b))


def pvt(lat_deg=40.0, lon_deg=-70.0, height_m=500e3, ned=(5000.0, -4000.0, 30.0), **changed):
    values = {
        "date": (2026, 11, 23),
        "clock": (12, 34, 56),
        "valid": 7,
        "nano": 250_000_000,
        "fix": 3,
        "flags": 1,
        **changed,
    }
    out = bytearray(92)
    struct.pack_into("<IHBBBBBB", out, 0, 0, *values["date"], *values["clock"], values["valid"])
    struct.pack_into("<IiBBBB", out, 12, 30, values["nano"], values["fix"], values["flags"], 0, 11)
    struct.pack_into("<iiii", out, 24, round(lon_deg * 1e7), round(lat_deg * 1e7),
                     round(height_m * 1e3), round(height_m * 1e3))  # fmt: skip
    struct.pack_into("<II", out, 40, 3000, 4000)
    struct.pack_into("<iii", out, 48, *(round(v * 1e3) for v in ned))
    struct.pack_into("<I", out, 68, 50)
    return frame(b"\x01\x07", bytes(out))


def receive(stream):
    """All fixes and statuses that a stream gives."""
    state = ffi.new("mf_ubx_t *")
    lib.mf_ubx_reset(state)
    out = []
    for byte in stream:
        if lib.mf_ubx_push(state, byte):
            fix = ffi.new("mf_ubx_fix_t *")
            out.append((lib.mf_ubx_fix(state, fix), fix))
    return state, out


def ecef(lat_deg, lon_deg, height_m):
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    n = a / math.sqrt(1 - e2 * math.sin(lat) ** 2)
    return np.array([
        (n + height_m) * math.cos(lat) * math.cos(lon),
        (n + height_m) * math.cos(lat) * math.sin(lon),
        (n * (1 - e2) + height_m) * math.sin(lat),
    ])  # fmt: skip


@pytest.mark.parametrize("lat_deg", [-89.9, -33.3, 0.0, 12.3, 78.0])
@pytest.mark.parametrize("lon_deg", [-179.9, -70.0, 1.0, 120.5])
def test_ubx_state_is_the_earth_fixed_one(lat_deg, lon_deg):
    north, east, down = 3456.0, -6543.0, 21.5
    _, [(status, fix)] = receive(pvt(lat_deg, lon_deg, 512_345.0, (north, east, down)))
    assert status == 0
    place = ecef(lat_deg, lon_deg, 512_345.0)
    assert np.linalg.norm(np.array(list(fix.r_E_m)) - place) < 1.5
    # Directions by differences of the place: east, up, and north across both.
    step = 1e-5
    east_E = ecef(lat_deg, lon_deg + step, 0) - ecef(lat_deg, lon_deg - step, 0)
    up_E = ecef(lat_deg, lon_deg, 1.0) - ecef(lat_deg, lon_deg, 0.0)
    east_E, up_E = east_E / np.linalg.norm(east_E), up_E / np.linalg.norm(up_E)
    velocity = north * np.cross(up_E, east_E) + east * east_E - down * up_E
    assert np.linalg.norm(np.array(list(fix.v_E_m_s)) - velocity) < 0.01
    assert fix.position_sigma_m == pytest.approx(5.0)
    assert fix.velocity_sigma_m_s == pytest.approx(0.05)
    assert fix.satellites == 11


@pytest.mark.parametrize(
    ("date", "clock", "nano", "day", "second", "fraction"),
    [
        ((2026, 11, 23), (12, 34, 56), 250_000_000, 9823, 45296, 16384),
        ((2026, 3, 1), (0, 0, 0), -1000, 9555, 86399, 65535),  # just before, hence 28 February
        ((2028, 2, 29), (23, 59, 59), 0, 10286, 86399, 0),
        ((2028, 3, 1), (0, 0, 0), 0, 10287, 0, 0),
        ((2028, 12, 31), (23, 59, 60), 0, 10593, 0, 0),  # leap second: already the next day
    ],
)
def test_ubx_time(date, clock, nano, day, second, fraction):
    _, [(status, fix)] = receive(pvt(date=date, clock=clock, nano=nano))
    assert status == 0 and fix.time_valid
    assert (fix.utc.day, fix.utc.second, fix.utc.fraction) == (day, second, fraction)
    of_day = (second + fraction / 65536) / 86400 * 2**32
    assert abs(fix.utc.fraction_q32 - of_day) <= 1


@pytest.mark.parametrize("changed", [{"valid": 3}, {"date": (2026, 13, 1)}, {"nano": 2 * 10**9}])
def test_ubx_unresolved_time_leaves_the_place(changed):
    _, [(status, fix)] = receive(pvt(**changed))
    assert status == 0 and not fix.time_valid and fix.utc.day == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"fix": 2}, E_STALE),
        ({"fix": 5}, E_STALE),
        ({"flags": 0}, E_STALE),
        ({"lat_deg": 90.1}, E_RANGE),
        ({"lon_deg": 181.0}, E_RANGE),
        ({"height_m": -200e3}, E_RANGE),
        ({"ned": (13000.0, 0.0, 0.0)}, E_RANGE),
    ],
)
def test_ubx_fix_not_to_be_used(changed, code):
    _, [(status, _)] = receive(pvt(**changed))
    assert status == code


def test_ubx_finds_messages_in_noise():
    other = frame(b"\x01\x03", bytes(16))
    bad = bytearray(pvt())
    bad[50] ^= 1
    stream = b"\xb5\xb5" + pvt() + b"\x00\xb5\x01" + other + bytes(bad) + pvt() + b"\xff" * 9
    state, fixes = receive(stream)
    assert [status for status, _ in fixes] == [0, 0]
    assert (state.messages, state.broken) == (2, 1)


def test_ubx_impossible_lengths_are_noise():
    long = b"\xb5\x62\x01\x07" + struct.pack("<H", 93)
    longer = b"\xb5\x62\x0a\x09" + struct.pack("<H", 600)
    state, fixes = receive(long + longer + pvt())
    assert len(fixes) == 1 and state.broken == 2


def test_ubx_never_gives_a_fix_from_random_bytes():
    rng = np.random.default_rng(1)
    state, fixes = receive(bytes(rng.integers(0, 256, 50_000, dtype=np.uint8)))
    assert fixes == []
