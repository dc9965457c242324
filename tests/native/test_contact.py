"""Windows of ground stations found on board, against skyfield."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skyfield.api import EarthSatellite, load, wgs84
from skyfield.framelib import itrs

import sim.orbit
from native.cffi.loader import ffi, lib
from sim.orbit import read_tle
from tests.native.suite_rig import Suite

E_INVAL, E_STALE = -22, -116
DAY_S = 86400.0
BEGUN, WHOLE, EARLIER = 1, 2, 4
START_S = 200_000_000
HORIZON_S = 6600
# latitude, longitude, lowest elevation [deg], height [m]
STATIONS = (
    (78.2297, 15.4078, 5.0, 458.0),
    (-0.2150, -78.5020, 5.0, 2850.0),
    (35.6892, 51.3890, 10.0, 1190.0),
    (53.9006, 27.5590, 0.0, 220.0),
    (-52.9380, -70.8500, 30.0, 40.0),
)
TLE_FILE = Path(sim.orbit.__file__).with_name("scenarios") / "orbits.tle"
TIME = load.timescale(builtin=True)


def satellite(name):
    tle = read_tle(TLE_FILE, name)
    return EarthSatellite(tle.line1, tle.line2, tle.name, TIME)


def packed(stations):
    """Stations as they are uplinked."""
    return b"".join(
        struct.pack(
            ">ffffBB", math.radians(lat), math.radians(lon), height, math.radians(low), 3, 1
        )
        for lat, lon, low, height in stations
    )


def scan_at(craft, instant):
    """A scan that begins with skyfield's position, velocity and turn of the Earth."""
    scan = ffi.new("mf_contact_scan_t *")
    scan.start_s = START_S
    place = craft.at(instant)
    turn = itrs.rotation_at(instant)
    for i in range(3):
        scan.r_N_m[i] = place.position.m[i]
        scan.v_N_m_s[i] = place.velocity.m_per_s[i]
    for i in range(9):
        scan.dcm_EN[i] = turn.flat[i]
    return scan


def events(craft, station, begin, span_s=HORIZON_S):
    """(rise, set) of the windows that touch the span [s from its begin]; None: outside of it."""
    lat, lon, low, height = station
    end = TIME.tt_jd(begin.tt + span_s / DAY_S)
    times, kinds = craft.find_events(
        wgs84.latlon(lat, lon, height), begin, end, altitude_degrees=low
    )
    found, rise = [], None
    for instant, kind in zip(times, kinds, strict=True):
        at_s = (instant.tt - begin.tt) * DAY_S
        if kind == 0:
            rise = at_s
        elif kind == 2:
            found.append((rise, at_s))
            rise = None
    return found if rise is None else [*found, (rise, None)]


def compare(windows, start_s, craft, begin, limit_s):
    """Errors against skyfield's first window of each station; how many edges were compared."""
    compared = 0
    for i, station in enumerate(STATIONS):
        truth = events(craft, station, begin)
        state = windows.state[i]
        if not truth:
            assert state == 0 or windows.set_s[i] - windows.rise_s[i] < 60, station
            continue
        rise, end = truth[0]
        if end is not None and rise is not None and end - rise < 60.0 and not state & WHOLE:
            continue  # hardly above: not to be found is no fault
        assert bool(state & EARLIER) == (rise is None), station
        if rise is not None:
            assert abs(windows.rise_s[i] - start_s - rise) <= limit_s, station
            compared += 1
        if state & WHOLE:
            assert end is not None
            assert abs(windows.set_s[i] - start_s - end) <= limit_s, station
            compared += 1
        else:
            assert state & BEGUN and end is None or end > HORIZON_S - 10
    return compared


@pytest.mark.parametrize("name", ["ASRTU-1", "METEOR-M2 3"])
def test_windows_within_5_s_of_skyfield_over_an_orbit(name):
    craft = satellite(name)
    compared = 0
    for number in range(12):
        begin = TIME.tt_jd(craft.epoch.tt + 0.02 + number * 0.037)
        scan = scan_at(craft, begin)
        stations = packed(STATIONS)
        for _ in range(HORIZON_S // 100):  # as on board, in slices
            lib.mf_contact_step(scan, stations, len(STATIONS), 10)
        assert scan.elapsed_s == HORIZON_S
        compared += compare(scan.windows, START_S, craft, begin, 5.0)
    assert compared >= 24


def test_highest_elevation_of_a_window():
    craft = satellite("ASRTU-1")
    begin = TIME.tt_jd(craft.epoch.tt + 0.02)
    scan = scan_at(craft, begin)
    lib.mf_contact_step(scan, packed(STATIONS), len(STATIONS), HORIZON_S // 10)
    compared = 0
    for i, (lat, lon, _, height) in enumerate(STATIONS):
        if not scan.windows.state[i] & WHOLE:
            continue
        seen_s = np.arange(scan.windows.rise_s[i], scan.windows.set_s[i] + 1, 5) - START_S
        times = TIME.tt_jd(begin.tt + seen_s / DAY_S)
        altitude, _, _ = (craft - wgs84.latlon(lat, lon, height)).at(times).altaz()
        assert scan.windows.highest_cdeg[i] / 100 == pytest.approx(max(altitude.degrees), abs=1.5)
        compared += 1
    assert compared >= 1


def loop_scan(suite):
    """A whole scan from what the loop knows."""
    image = bytearray(192)
    assert suite.kernel.contact_begin(image) == 0
    for _ in range(HORIZON_S // 400 + 1):
        seconds = suite.kernel.contact_step(image, packed(STATIONS), 0, len(STATIONS), 40)
    assert seconds >= HORIZON_S
    scan = ffi.new("mf_contact_scan_t *")
    ffi.memmove(scan, bytes(image), 192)
    return scan


def test_windows_from_elements_uploaded_to_the_loop():
    suite = Suite("spacecraft.gnss.acquisition_s=1000000")
    suite.run(3.0)
    image = bytearray(192)
    assert not suite.kernel.contact_known()
    assert suite.kernel.contact_begin(image) == E_STALE and image == bytes(192)
    suite.set_time()
    suite.run(4.0)
    assert not suite.kernel.contact_known(), "time alone is no orbit"
    assert suite.upload_tle() > 0
    suite.run(8.0)
    assert suite.kernel.contact_known()
    scan = loop_scan(suite)
    begin = TIME.tai(2020, 1, 1, 0, 0, scan.start_s)
    assert compare(scan.windows, scan.start_s, satellite("ASRTU-1"), begin, 5.0) >= 2


def test_windows_from_a_gnss_orbit():
    suite = Suite("spacecraft.gnss.acquisition_s=5", "spacecraft.gnss.utc_delay_s=1")
    suite.run(3.0)
    suite.set_time()
    suite.run(40.0)
    assert suite.kernel.contact_known()
    scan = loop_scan(suite)
    begin = TIME.tai(2020, 1, 1, 0, 0, scan.start_s)
    assert compare(scan.windows, scan.start_s, satellite("ASRTU-1"), begin, 5.0) >= 2


def test_a_station_that_is_not_known_sees_nothing():
    craft = satellite("ASRTU-1")
    scan = scan_at(craft, craft.epoch)
    stations = bytearray(packed([(90.0, 0.0, 0.0, 0.0)] * 8))
    stations[18 * 3 + 17] = 0
    lib.mf_contact_step(scan, bytes(stations), 8, 660)
    states = list(scan.windows.state)
    assert states[3] == 0 and all(states[i] for i in range(8) if i != 3)


def test_limits():
    scan = ffi.new("mf_contact_scan_t *")
    before = bytes(ffi.buffer(scan))
    assert lib.mf_contact_step(scan, packed(STATIONS) * 2, 9, 1) == E_INVAL
    assert lib.mf_contact_step(scan, packed(STATIONS), 1, 1001) == E_INVAL
    assert bytes(ffi.buffer(scan)) == before


@given(
    st.lists(st.floats(width=32), min_size=15, max_size=15), st.binary(min_size=144, max_size=144)
)
def test_no_orbit_and_no_station_is_too_strange(values, stations):
    scan = ffi.new("mf_contact_scan_t *")
    for i in range(3):
        scan.r_N_m[i], scan.v_N_m_s[i] = values[i], values[3 + i]
    for i in range(9):
        scan.dcm_EN[i] = values[6 + i]
    assert lib.mf_contact_step(scan, stations, 8, 3) == 30
    for i in range(8):
        if scan.windows.state[i]:
            assert 0 <= scan.windows.rise_s[i] <= 30 and scan.windows.set_s[i] <= 31
            assert -9000 <= scan.windows.highest_cdeg[i] <= 9000


def test_the_image_does_not_change_before_the_first_call():
    """What Python holds is the image of the struct: its places are fixed."""
    offsets = {
        name: ffi.offsetof("mf_contact_scan_t", name)
        for name in ("windows", "start_s", "elapsed_s", "r_N_m", "dcm_EN", "margin")
    }
    assert offsets == {
        "windows": 0, "start_s": 88, "elapsed_s": 92, "r_N_m": 100, "dcm_EN": 124, "margin": 160
    }  # fmt: skip
    assert ffi.offsetof("mf_contact_windows_t", "set_s") == 32
    assert ffi.offsetof("mf_contact_windows_t", "state") == 80
