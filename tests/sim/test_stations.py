"""Geometry of the stations against skyfield; what it means for the radio channel; checks of it."""

from dataclasses import replace

import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84

from sim.assembly import make_environment
from sim.channel import Channel
from sim.checks_contact import carrier_outside_windows, spans, station_frames, window_edges
from sim.devices.mf_radio import MfRadio
from sim.orbit import read_tle
from sim.scenario import ScenarioError
from sim.scenario import load as load_scenario
from sim.stations import SPEED_OF_LIGHT_M_S, Stations
from tests.sim.onboard import make

STEP_S = 0.1
SVALBARD, QUITO, TEHRAN, MINSK = range(4)
BOTH = 17000  # grid point at which Svalbard and Minsk see the spacecraft
DAY_S = 86400.0


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("passes", ["duration_s=3000"])


@pytest.fixture(scope="module")
def stations(scenario):
    environment = make_environment(scenario, STEP_S)
    environment.load(BOTH)
    return Stations(scenario.stations, environment, STEP_S)


def test_geometry_against_skyfield(scenario, stations):
    tle = read_tle(scenario.path.parent / "orbits.tle", "ASRTU-1")
    time = load.timescale(builtin=True)
    craft = EarthSatellite(tle.line1, tle.line2, tle.name, time)
    for index, station in enumerate(scenario.stations):
        place = wgs84.latlon(station.latitude_deg, station.longitude_deg, station.altitude_m)
        for grid in (15000, BOTH, 17999):
            begin = time.from_datetime(scenario.epoch)
            instant = time.tt_jd(begin.tt + grid * STEP_S / DAY_S)
            altitude, _, distance, _, _, rate = (
                (craft - place).at(instant).frame_latlon_and_rates(place)
            )
            found = stations.geometry(index, grid)
            assert np.degrees(found.elevation_rad) == pytest.approx(altitude.degrees, abs=0.01)
            assert found.range_m == pytest.approx(distance.m, abs=200.0)
            assert found.range_rate_m_s == pytest.approx(rate.m_per_s, abs=1.0)
            assert found.delay_s == pytest.approx(distance.m / SPEED_OF_LIGHT_M_S, abs=1e-6)


def make_channel(stations, rate_code, delay_s=0.0):
    radio = MfRadio("radio")
    radio.transfer(bytes((2, 3)), 0)
    radio.transfer(bytes((4, rate_code)), 0)
    channel = Channel(radio, 1, False, delay_s, 0.0, None, False, stations)
    got = []
    channel.on_frame.append(lambda t_s, frame: got.append((t_s, frame)))
    return radio, channel, got


def test_downlink_comes_as_much_later_as_the_nearest_station_is_away(stations):
    radio, channel, got = make_channel(stations, 3, 0.05)
    radio.transfer(b"\x08" + b"x" * 60, 0)
    channel.advance(BOTH * STEP_S, STEP_S, 1 << SVALBARD | 1 << TEHRAN, BOTH)
    ways_s = [stations.geometry(index, BOTH).delay_s for index in (SVALBARD, TEHRAN)]
    assert 0.001 < min(ways_s) < max(ways_s)
    assert got[0][0] == pytest.approx(BOTH * STEP_S + 60 * 8 / 9600 + 0.05 + min(ways_s))


def test_uplink_comes_as_much_later(stations):
    way_s = stations.geometry(SVALBARD, BOTH).delay_s
    for early_s, taken in ((way_s + 1e-4, 1), (way_s - 1e-4, 0)):
        _, channel, _ = make_channel(stations, 3)
        end_s = (BOTH + 1) * STEP_S
        channel.uplink(end_s - 96 * 8 / 9600 - early_s, b"u" * 96)
        channel.advance(BOTH * STEP_S, STEP_S, 1 << SVALBARD, BOTH)
        assert channel.received_up == taken
        assert len(channel.heard_s) == taken


@pytest.mark.parametrize("rate_code,heard", [(1, True), (2, True), (3, False)])
def test_a_slow_station_neither_hears_nor_is_heard_at_a_higher_rate(stations, rate_code, heard):
    radio, channel, got = make_channel(stations, rate_code)
    before = stations.frames[MINSK]
    radio.transfer(b"\x08" + b"x" * 15, 0)
    channel.uplink(BOTH * STEP_S, b"u")
    for step in range(3):
        channel.advance((BOTH + step) * STEP_S, STEP_S, 1 << MINSK, BOTH + step)
    assert (len(got), channel.lost_down) == ((1, 0) if heard else (0, 1))
    assert (channel.received_up, channel.lost_up) == ((1, 0) if heard else (0, 1))
    assert channel.received_by[MINSK] - before == heard


def test_each_station_that_can_has_the_frame(stations):
    radio, channel, _ = make_channel(stations, 3)
    before = list(stations.frames)
    radio.transfer(b"\x08" + b"x" * 15, 0)
    channel.advance(BOTH * STEP_S, STEP_S, 1 << SVALBARD | 1 << TEHRAN | 1 << MINSK, BOTH)
    assert [now - was for now, was in zip(stations.frames, before, strict=True)] == [1, 0, 1, 0, 0]


def test_a_relay_has_no_stations(stations):
    radio = MfRadio("radio")
    assert Channel(radio, 1, True, 0.0, 0.0, None, False, stations).received_by == []


# --- checks ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    """A flight of 3000 s whose truth the tests write over; Svalbard sees it from 1000 to 1500 s."""
    onboard = make("duration_s=3000", "watchdog.boot_timeout_s=3500", "radio.visibility=stations")
    onboard.time_us = 3_000_100_000
    onboard.kick(1)
    truth = onboard.world.truth
    t_s = truth["t_s"]
    truth["stations_in_view"][:] = (t_s >= 1000) & (t_s <= 1500)
    return onboard.world


def carrier(world, *on):
    t_s = world.truth["t_s"]
    world.truth["carrier"][:] = [any(a <= t <= b for a, b in on) for t in t_s]


CHECK = {"limit": 0.0, "from_s": 0.0, "to_s": None}


def test_carrier_in_windows_and_beacons_pass(world):
    carrier(world, (995, 1510), (600, 602), (2000, 2005))
    (row,) = carrier_outside_windows(CHECK, world, {})
    assert row["pass"] and row["value"] == 0.0 and row["note"].startswith("2 beacons")


def test_carrier_outside_windows_fails(world):
    carrier(world, (995, 1510), (2000, 2010))
    (row,) = carrier_outside_windows(CHECK, world, {})
    assert not row["pass"] and row["value"] == pytest.approx(10.0, abs=1.1)
    assert "2000 s" in row["note"]
    (row,) = carrier_outside_windows({**CHECK, "to_s": 1900.0}, world, {})
    assert row["pass"]


def test_carrier_for_ten_minutes_after_a_telecommand_passes(world):
    carrier(world, (995, 1510), (1900, 2510))
    assert not carrier_outside_windows(CHECK, world, {})[0]["pass"]
    world.channel.heard_s.append(1900.0)
    try:
        (row,) = carrier_outside_windows(CHECK, world, {})
    finally:
        world.channel.heard_s.clear()
    assert row["pass"]


def test_a_mute_spacecraft_fails(world):
    carrier(world)
    (row,) = carrier_outside_windows(CHECK, world, {})
    assert not row["pass"]


def windows(rise_s, set_s, state=2, highest=40.0):
    """As found on board for station 0; times of the flight."""
    epoch_s = 213256837
    rows = ([rise_s + epoch_s] + [0] * 7, [set_s + epoch_s] + [0] * 7)
    return {"windows": [(500.0, *rows, [highest] * 8, [state] + [0] * 7)]}


@pytest.mark.parametrize(
    "telemetry,passed",
    [
        (windows(1000, 1501), True),
        (windows(997, 1501), True),
        (windows(992, 1501), False),
        (windows(1000, 1508), False),
        (windows(1200, 1501, state=6), True),
        (windows(1200, 1501), False),
        (windows(2000, 2300), False),
        (windows(1000, 1501, state=1), False),
        ({"windows": []}, False),
    ],
)
def test_windows_found_on_board_are_compared_with_the_truth(world, telemetry, passed):
    (row,) = window_edges({**CHECK, "limit": 5.0}, world, telemetry)
    assert row["pass"] == passed, row


def test_frames_of_a_station(world):
    check = {**CHECK, "station": "Svalbard", "limit": 5.0}
    assert not station_frames(check, world, {})[0]["pass"]
    world.channel.received_by[0] = 5
    assert station_frames(check, world, {})[0]["pass"]


def test_frames_of_a_station_that_nobody_needed():
    world = make("duration_s=1", "radio.visibility=always").world
    (row,) = station_frames({**CHECK, "station": "Svalbard", "limit": 5.0}, world, {})
    assert not row["pass"] and row["note"] == "a relay received them"


def test_a_check_of_frames_names_a_station_that_there_is():
    with pytest.raises(ScenarioError, match="station"):
        load_scenario("first-light", ["check.0.kind=station_frames"])
    with pytest.raises(ScenarioError, match="no station"):
        load_scenario("first-light", ["check.0.kind=station_frames", "check.0.station=Nowhere"])


def test_runs_of_true():
    t_s = np.arange(6.0)
    on = np.array([True, True, False, False, True, False])
    assert spans(on, t_s) == [(0.0, 1.0), (4.0, 4.0)]
    assert spans(~on, t_s) == [(2.0, 3.0), (5.0, 5.0)]


def test_the_lowest_elevation_of_a_station_is_an_argument():
    name = "$station.Minsk.elevation_min_rad"
    scenario = load_scenario("first-light", [f'timeline.0.args={{x="{name}"}}'])
    assert scenario.commands[0].args["x"] == pytest.approx(np.radians(5.0))


def test_stations_have_a_highest_rate(scenario):
    assert [station.max_rate_bit_s for station in scenario.stations][:2] == [38400.0, 2400.0]
    assert replace(scenario.stations[0], max_rate_bit_s=1200.0).max_rate_bit_s == 1200.0
