"""Orbit, frames, field, Sun and shadow against independent evaluations."""

import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import erfa
import numpy as np
import ppigrf
import pytest
from sgp4.api import Satrec

from sim import environment as env
from sim.errors import ScenarioError
from sim.orbit import (
    Frames,
    Orbit,
    Station,
    read_tle,
    satrec_from_tle,
    synthetic_satrec,
    utc_julian,
)

EPOCH = datetime(2026, 10, 4, 6, tzinfo=timezone.utc)
TLE_FILE = Path(env.__file__).parent / "scenarios" / "orbits.tle"
STATIONS = [
    Station("Svalbard", 78.2297, 15.4078, 458.0, 5.0),
    Station("Quito", -0.215, -78.502, 2850.0, 5.0),
]


def make(step_s=0.1, epoch=EPOCH):
    frames = Frames(epoch)
    orbit = Orbit(satrec_from_tle(read_tle(TLE_FILE)), frames)
    return env.Environment(orbit, frames, epoch, STATIONS, step_s)


@pytest.fixture(scope="module")
def world():
    return make()


def itrs_matrix(t_s):
    """[ITRS from GCRS] by the whole IAU 2006/2000A chain, evaluated at the time itself."""
    jd, fraction = utc_julian(EPOCH)
    days = fraction + t_s / 86400.0
    return erfa.c2t06a(jd, days + 69.184 / 86400.0, jd, days, 0.0, 0.0)


def random_points(count=24, span=40 * env.CHUNK):
    return np.random.default_rng(7).integers(0, span, count)


def test_field_is_igrf_at_random_times(world):
    for grid in random_points():
        world.load(int(grid))
        index = int(grid) - world.first
        t_s = float(grid) * 0.1
        dcm = itrs_matrix(t_s)
        r_F = dcm @ world.r_BN_N[index]
        lon, lat, height = erfa.gc2gd(1, r_F)
        # Geodetic entry point of ppigrf, east, north, up: another path than the simulator's.
        east, north, up = ppigrf.igrf(
            math.degrees(lon),
            math.degrees(lat),
            height / 1e3,
            EPOCH.replace(tzinfo=None) + timedelta(seconds=t_s),
        )
        e = np.array([-math.sin(lon), math.cos(lon), 0.0])
        u = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        n = np.cross(u, e)
        field_F = (east.item() * e + north.item() * n + up.item() * u) * 1e-9
        assert np.allclose(dcm.T @ field_F, world.field_N[index], rtol=0.0, atol=0.2e-9)


def test_position_is_sgp4_turned_to_gcrf(world):
    satrec = Satrec.twoline2rv(read_tle(TLE_FILE).line1, read_tle(TLE_FILE).line2)
    jd, fraction = utc_julian(EPOCH)
    for grid in random_points(8):
        world.load(int(grid))
        index = int(grid) - world.first
        days = fraction + float(grid) * 0.1 / 86400.0
        error, r_km, v_km_s = satrec.sgp4(jd, days)
        assert error == 0
        # Equinox-based: TEME to true of date by the equation of the equinoxes, then to GCRF.
        tt = days + 69.184 / 86400.0
        equinoxes = erfa.eqeq94(jd, tt)
        true_of_date = np.array(erfa.rz(-equinoxes, np.eye(3))) @ r_km
        r_N = erfa.pnm06a(jd, tt).T @ true_of_date * 1e3
        # The nutation theories of the two chains differ by some 0.06 arcsec: 2 m.
        assert np.linalg.norm(r_N - world.r_BN_N[index]) < 10.0
        v_N = erfa.pnm06a(jd, tt).T @ np.array(erfa.rz(-equinoxes, np.eye(3))) @ v_km_s * 1e3
        assert np.linalg.norm(v_N - world.v_BN_N[index]) < 0.02
        # What it must not be: TEME taken for GCRF is 0.3 deg off by now.
        angle = math.acos(np.dot(r_N, r_km) / np.linalg.norm(r_N) / np.linalg.norm(r_km))
        assert angle > math.radians(0.05)


def test_velocity_is_the_derivative_of_position(world):
    world.load(0)
    difference = (np.array(world.r_BN_N[101]) - np.array(world.r_BN_N[99])) / 0.2
    assert np.allclose(difference, world.v_BN_N[100], atol=0.05)


def test_chunks_join_and_do_not_depend_on_the_order_of_loading():
    one, other = make(), make()
    one.load(0)
    before = np.array(one.field_N[-1]), np.array(one.r_BN_N[-1])
    one.load(env.CHUNK)
    after = np.array(one.field_N[0]), np.array(one.r_BN_N[0])
    other.load(env.CHUNK + 5)
    assert other.field_N == one.field_N
    assert other.r_BN_N == one.r_BN_N
    # 0.1 s apart: 760 m, and no more field than that allows (about 25 nT).
    assert np.linalg.norm(after[1] - before[1]) == pytest.approx(760.0, abs=10.0)
    assert np.linalg.norm(after[0] - before[0]) < 25e-9


def test_crystal_error_stretches_the_time_between_grid_points():
    plain, slow = make(), make(step_s=0.1 * (1 + 20e-6))
    plain.load(0)
    slow.load(0)
    shift = np.linalg.norm(np.array(plain.r_BN_N[2000]) - np.array(slow.r_BN_N[2000]))
    assert shift == pytest.approx(7600.0 * 200.0 * 20e-6, rel=0.02)


def test_sun_is_where_the_almanac_formula_puts_it():
    """Vallado 2013, algorithm 29 (mean equator of date), precessed by hand to within 0.4 deg."""
    for month in range(1, 13):
        when = datetime(2026, month, 10, tzinfo=timezone.utc)
        jd, fraction = utc_julian(when)
        t = (jd + fraction - 2451545.0) / 36525.0
        longitude = 280.460 + 36000.771 * t
        anomaly = math.radians(357.5291092 + 35999.05034 * t)
        ecliptic = longitude + 1.914666471 * math.sin(anomaly) + 0.019994643 * math.sin(2 * anomaly)
        # Precession in longitude since 2000 turns the of-date ecliptic longitude back to J2000.
        ecliptic = math.radians(ecliptic - 1.39697 * t)
        tilt = math.radians(23.4393)
        expected = np.array(
            [
                math.cos(ecliptic),
                math.cos(tilt) * math.sin(ecliptic),
                math.sin(tilt) * math.sin(ecliptic),
            ]
        )
        sun = env.sun_N(jd, np.array([fraction]))[0]
        cosine = np.dot(sun, expected) / np.linalg.norm(sun)
        assert math.degrees(math.acos(min(1.0, cosine))) < 0.02
        assert 1.470e11 < np.linalg.norm(sun) < 1.522e11


def test_shadow_of_known_geometries():
    sun = np.array([[1.496e11, 0.0, 0.0]])
    radius = 6.378137e6

    def light(x, y):
        return float(env.illumination(np.array([[x, y, 0.0]]), sun)[0])

    assert light(7e6, 0.0) == 1.0  # day side
    assert light(0.0, 7e6) == 1.0  # over the terminator
    assert light(-7e6, 0.0) == 0.0  # behind the Earth
    assert light(-7e6, radius - 60e3) == 0.0  # umbra
    assert light(-7e6, radius + 60e3) == 1.0  # clear of the penumbra
    assert light(-7e6, radius) == pytest.approx(0.5, abs=0.05)  # half the disc at the limb
    values = [light(-7e6, radius + offset) for offset in np.linspace(-50e3, 50e3, 21)]
    assert values == sorted(values)


def test_eclipse_of_the_reference_orbit_agrees_with_a_cylinder(world):
    shade = total = 0
    for chunk in range(19):  # one orbit
        world.load(chunk * env.CHUNK)
        r = np.array(world.r_BN_N)
        s = np.array(world.sun_N)
        along = np.sum(r * s, axis=1)
        across = np.linalg.norm(r - along[:, None] * s, axis=1)
        light = np.array(world.illumination)
        inside = (along < 0.0) & (across < 6.378137e6 - 40e3)
        outside = (along > 0.0) | (across > 6.378137e6 + 40e3)
        assert np.all(light[inside] == 0.0)
        assert np.all(light[outside] == 1.0)
        shade += int(np.sum(light < 0.5))
        total += len(light)
    assert 0.25 < shade / total < 0.42  # ASRTU-1 flies far from the terminator


def test_station_sees_what_stands_over_it():
    station = STATIONS[1]
    position = station.position_F_m()
    over = position + 5e5 * station.up_F()
    assert station.elevation_rad(over[None])[0] == pytest.approx(math.pi / 2, abs=1e-6)
    other_side = -position * 1.1
    assert station.elevation_rad(other_side[None])[0] < -1.0


def test_stations_come_into_view_as_geometry_says(world):
    seen = 0
    for chunk in range(20):
        world.load(chunk * env.CHUNK)
        for index in range(0, env.CHUNK, 250):
            # Visibility holds for a whole second: judge it at the second's start.
            node = index // 10 * 10
            t_s = (world.first + node) * 0.1
            r_F = itrs_matrix(t_s) @ world.r_BN_N[node]
            for bit, station in enumerate(STATIONS):
                elevation = math.degrees(station.elevation_rad(r_F[None])[0])
                if abs(elevation - 5.0) > 0.1:
                    assert bool(world.in_view[index] >> bit & 1) == (elevation > 5.0)
                    seen += elevation > 5.0
    assert seen > 0


@pytest.mark.parametrize("altitude_km", [400.0, 500.0, 700.0])
@pytest.mark.parametrize("inclination_deg", [60.0, 97.3, 120.0])
def test_synthetic_orbits_are_what_was_asked_for(altitude_km, inclination_deg):
    base = satrec_from_tle(read_tle(TLE_FILE))
    satrec = synthetic_satrec(base, EPOCH, altitude_km, inclination_deg, 30.0, 0.0)
    frames = Frames(EPOCH)
    t_s = np.arange(0.0, 6000.0, 60.0)
    r, v = Orbit(satrec, frames).propagate(t_s, frames.celestial(0.0))
    height = np.linalg.norm(r, axis=1) / 1e3 - 6378.135
    assert np.all(np.abs(height - altitude_km) < 25.0)
    normal = np.cross(r, v)
    tilt = np.degrees(np.arccos(normal[:, 2] / np.linalg.norm(normal, axis=1)))
    assert np.all(np.abs(tilt - inclination_deg) < 0.3)
    assert abs(r[0, 2]) < 5e4  # phase 0: at the ascending node
    assert v[0, 2] > 0.0


def test_named_object_of_the_file():
    assert read_tle(TLE_FILE).name == "ASRTU-1 (AO-123)"
    assert read_tle(TLE_FILE, "meteor-m2").name == "METEOR-M2 3"
    with pytest.raises(ScenarioError, match="no object named 'ISS'; there is: ASRTU-1"):
        read_tle(TLE_FILE, "ISS")


def broken(edit):
    lines = TLE_FILE.read_text().splitlines()[:3]
    return edit(lines)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda x: [x[0], x[1], x[2][:-1] + "7"], r"bad.tle:3: checksum of TLE line 2 is 2"),
        (lambda x: [x[0], x[1][:-1] + "0", x[2]], r"bad.tle:2: checksum of TLE line 1 is 6"),
        (lambda x: [x[0], x[1][:60], x[2]], "line 1 has 60 characters, not 69"),
        (lambda x: [x[0], x[1]], "line 2 is missing"),
        (lambda x: [x[0], x[2], x[1]], "must begin with '1 '"),
        (lambda x: [], "no TLE in this file"),
        (lambda x: ["hello", "world"], "no TLE in this file"),
    ],
)
def test_malformed_tle_is_one_clear_line(tmp_path, edit, message):
    path = tmp_path / "bad.tle"
    path.write_text("\n".join(broken(edit)))
    with pytest.raises(ScenarioError, match=message) as caught:
        read_tle(path)
    assert "\n" not in str(caught.value)


def test_missing_or_binary_tle_file(tmp_path):
    with pytest.raises(ScenarioError, match="cannot read TLE file"):
        read_tle(tmp_path / "none.tle")
    (tmp_path / "b.tle").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not a text file"):
        read_tle(tmp_path / "b.tle")


def test_decayed_orbit_is_reported():
    base = satrec_from_tle(read_tle(TLE_FILE))
    satrec = synthetic_satrec(base, EPOCH, 150.0)
    frames = Frames(EPOCH)
    with pytest.raises(ScenarioError, match="SGP4 error"):
        Orbit(satrec, frames).propagate(np.array([0.0, 3e7]), frames.celestial(0.0))
