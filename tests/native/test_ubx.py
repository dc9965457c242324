"""GNSS messages: frames from the interface description, places by the textbook formulas."""

import math
import struct

import numpy as np
import pytest

from native.cffi.loader import ffi, lib

E_RANGE, E_STALE = -34, -116


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
