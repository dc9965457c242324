"""GNSS receiver: frames read by an independent parser, the solution held against the truth."""

import struct
from datetime import datetime, timezone

import erfa
import numpy as np
import pytest
from pyubx2 import UBXMessage, UBXReader

from sim.devices.ubx_gnss import GnssParameters, UbxGnss, frame
from sim.scenario import load
from sim.world import World
from tests.sim.onboard import Onboard, make

EXACT = (
    "spacecraft.gnss.noise_m=0",
    "spacecraft.gnss.noise_m_s=0",
    "spacecraft.gnss.acquisition_s=3",
    "spacecraft.gnss.utc_delay_s=2",
    "watchdog.boot_timeout_s=1000",
    "crystal_ppm=0",
)


def messages(stream):
    """All UBX messages of a byte stream; the parser checks length and checksum."""
    found = []
    while stream:
        assert stream[:2] == b"\xb5\x62"
        size = 8 + struct.unpack_from("<H", stream, 4)[0]
        found.append(UBXReader.parse(stream[:size]))
        stream = stream[size:]
    return found


def listen(onboard, seconds):
    """Everything the receiver sends over `seconds`, one read per tick."""
    stream = b""
    for _ in range(round(seconds * 10)):
        onboard.time_us += 100_000
        status, data = onboard.ask(5, 1, 0, rx_len=300)
        assert status == len(data)
        stream += data
    return messages(stream)


def test_frames_parse_once_a_second_and_the_fix_comes_after_its_time():
    solutions = listen(make(*EXACT), 6.0)
    assert [message.identity for message in solutions] == ["NAV-PVT"] * len(solutions)
    # World time 0 is a whole second of UTC: its solution was made before anyone listened.
    assert len(solutions) in (6, 7)
    by_time = {message.second: message for message in solutions}
    assert by_time[2].fixType == 0 and by_time[2].gnssFixOk == 0
    assert by_time[2].validTime == 0 and by_time[2].numSV == 0
    assert by_time[2].pDOP == pytest.approx(99.99)
    assert by_time[4].fixType == 3 and by_time[4].gnssFixOk == 1
    assert (by_time[4].validTime, by_time[4].fullyResolved) == (1, 0)
    assert by_time[6].fullyResolved == 1
    assert (by_time[6].year, by_time[6].month, by_time[6].day) == (2026, 10, 4)
    assert (by_time[6].hour, by_time[6].min) == (6, 0)


def test_time_of_week_is_gps_time_18_seconds_ahead_of_utc():
    solutions = listen(make(*EXACT), 6.0)
    utc = datetime(2026, 10, 4, 6, 0, 0, tzinfo=timezone.utc)
    week_start = datetime(2026, 10, 4, tzinfo=timezone.utc)  # a Sunday
    since_s = (utc - week_start).total_seconds()
    for message in solutions:
        assert message.iTOW == (since_s + message.second + 18) * 1000


def test_utc_is_wrong_by_the_leap_error_until_it_is_resolved():
    solutions = listen(make(*EXACT, "spacecraft.gnss.leap_error_s=-2"), 6.0)
    for message in solutions:
        true_second = message.iTOW // 1000 % 60 - 18
        off = (message.second - true_second + 30) % 60 - 30
        assert off == (0 if message.fullyResolved else 2)
    assert {message.fullyResolved for message in solutions} == {0, 1}


def test_position_and_velocity_are_those_of_the_truth():
    """Back from geodetic and north-east-down to GCRF by erfa, against the recorded truth."""
    onboard = make(*EXACT)
    last = listen(onboard, 8.0)[-1]
    truth = onboard.world.truth
    index = last.second
    assert truth["t_s"][index] == pytest.approx(last.second)
    lon, lat = np.radians(last.lon), np.radians(last.lat)
    r_F = erfa.gd2gc(1, lon, lat, last.height * 1e-3)
    date, fraction = erfa.dtf2d("UTC", 2026, 10, 4, last.hour, last.min, float(last.second))
    tai = erfa.utctai(date, fraction)
    tt = erfa.taitt(*tai)
    dcm_FN = erfa.c2t06a(*tt, date, fraction, 0.0, 0.0)  # UT1 = UTC, no polar motion
    r_N = dcm_FN.T @ r_F
    assert np.linalg.norm(r_N - truth["r_BN_N_m"][index]) < 1.0
    ned = np.array([last.velN, last.velE, last.velD]) * 1e-3
    north = [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
    east = [-np.sin(lon), np.cos(lon), 0.0]
    down = [-np.cos(lat) * np.cos(lon), -np.cos(lat) * np.sin(lon), -np.sin(lat)]
    v_F = np.array([north, east, down]).T @ ned
    v_N = dcm_FN.T @ (v_F + np.cross([0.0, 0.0, 7.292115e-5], r_F))
    assert np.linalg.norm(v_N - truth["v_BN_N_m_s"][index]) < 0.01
    assert last.gSpeed * 1e-3 == pytest.approx(np.hypot(ned[0], ned[1]), abs=0.002)
    assert last.headMot == pytest.approx(np.degrees(np.arctan2(ned[1], ned[0])) % 360, abs=1e-3)


def test_epochs_between_grid_points_are_still_whole_seconds():
    """With a slow clock the grid never stands on a whole second; the solution does."""
    onboard = make(*EXACT[:-1], "crystal_ppm=150")
    solution = listen(onboard, 9.0)[-1]
    truth = onboard.world.truth
    lon, lat = np.radians(solution.lon), np.radians(solution.lat)
    radius = np.linalg.norm(erfa.gd2gc(1, lon, lat, solution.height * 1e-3))
    rows = truth["t_s"]
    assert abs(rows[8] - 8.0) > 1e-4
    expected = np.interp(float(solution.second), rows, np.linalg.norm(truth["r_BN_N_m"], axis=1))
    assert radius == pytest.approx(expected, abs=3.0)


def test_noise_has_the_size_it_says():
    fixed = "spacecraft.gnss.acquisition_s=0"
    onboard = make(*EXACT, "spacecraft.gnss.noise_m=30", fixed)
    quiet = make(*EXACT, fixed)
    heights = [message.height * 1e-3 for message in listen(onboard, 200.0)]
    exact = [message.height * 1e-3 for message in listen(quiet, 200.0)]
    assert np.std(np.subtract(heights, exact)) == pytest.approx(30.0, rel=0.2)


def ask(onboard, message):
    onboard.ask(4, 1, 0, message.serialize())
    stream = b""
    while True:
        _, data = onboard.ask(5, 1, 0, rx_len=300)
        if not data:
            return messages(stream)
        stream += data


def test_configuration_is_acknowledged_and_works():
    onboard = make(*EXACT)
    listen(onboard, 1.0)
    off = UBXMessage("CFG", "CFG-MSG", 1, msgClass=1, msgID=7, rateUART1=0)
    (answer,) = ask(onboard, off)
    assert answer.identity == "ACK-ACK" and (answer.clsID, answer.msgID) == (6, 1)
    assert listen(onboard, 3.0) == []
    onboard.ask(4, 1, 0, frame((6, 1), bytes((1, 7, 2))))
    answers = listen(onboard, 6.0)
    assert [message.identity for message in answers].count("NAV-PVT") == 3
    (refused,) = ask(onboard, UBXMessage("CFG", "CFG-RATE", 1, measRate=100, navRate=1))
    assert refused.identity == "ACK-NAK"


def test_damaged_and_split_commands():
    onboard = make(*EXACT)
    listen(onboard, 1.0)
    good = frame((6, 1), bytes((1, 7, 0)))
    bad = bytearray(good)
    bad[6] ^= 1
    onboard.ask(4, 1, 0, bytes(bad) + b"\xb5noise")
    assert listen(onboard, 2.0)[-1].identity == "NAV-PVT"
    onboard.ask(4, 1, 0, good[:5])
    onboard.ask(4, 1, 0, good[5:])
    assert [message.identity for message in listen(onboard, 2.0)] == ["ACK-ACK"]
    reset = UBXMessage("CFG", "CFG-RST", 1, payload=bytes((0xFF, 0xFF, 0x01, 0x00)))
    assert ask(onboard, reset) == []
    # The reset put the rate back; the fix has to be found again.
    assert {message.fixType for message in listen(onboard, 2.0)} == {0}


def test_unread_bytes_are_bounded_and_the_newest_stay():
    onboard = make(*EXACT)
    onboard.time_us = 60_000_000
    onboard.i2c(1, 0x0C)
    stream = b""
    while data := onboard.ask(5, 1, 0, rx_len=300)[1]:
        stream += data
    assert len(stream) == 1024
    found = messages(stream[1024 % 100 :])
    assert [message.second for message in found][-1] in (59, 0)
    assert len(found) == 10


@pytest.mark.parametrize("kind", ["dead", "nack", "timeout"])
def test_silent_receiver(kind):
    onboard = make(*EXACT, f"fault.gnss.kind={kind}")
    assert listen(onboard, 2.0) == []


def test_faults_of_bytes_break_the_checksum_and_faults_of_the_solution_do_not():
    onboard = make(*EXACT, "fault.gnss.kind=bit_flip", "fault.gnss.register=30")
    onboard.time_us = 1_000_000
    _, data = onboard.ask(5, 1, 0, rx_len=100)
    with pytest.raises(Exception, match="(?i)checksum|invalid"):
        UBXReader.parse(data)
    off = make(*EXACT, "fault.gnss.kind=bias_step", "fault.gnss.fraction=0.2",
               "fault.gnss.axis=2")  # fmt: skip
    right = make(*EXACT)
    wrong, true = listen(off, 6.0)[-1], listen(right, 6.0)[-1]
    assert wrong.fixType == 3
    shift = [
        erfa.gd2gc(1, np.radians(m.lon), np.radians(m.lat), m.height * 1e-3) for m in (wrong, true)
    ]
    assert shift[0] - shift[1] == pytest.approx([0.0, 0.0, 2e4], abs=1.0)


def test_console_is_still_uart_0():
    onboard = make(*EXACT)
    assert onboard.ask(4, 0, 0, b"hello") == (5, b"")
    assert bytes(onboard.world.console) == b"hello"
    plain = Onboard(World(load("first-light")))
    plain.hello()
    plain.ask(4, 1, 0, b"no receiver here")
    assert bytes(plain.world.console) == b"no receiver here"


def test_a_start_between_two_seconds():
    facts = GnssParameters(0.0, 0.0, 0, 1.0, 1.0, 1.0, 9)
    asked = []

    def fix(epoch, t_s):
        from sim.devices.ubx_gnss import Fix

        asked.append((epoch, t_s))
        return Fix(0.1, 0.2, 5e5, (1.0, 2.0, 3.0))

    start = datetime(2026, 10, 4, 6, 0, 0, 250_000, tzinfo=timezone.utc)
    part = UbxGnss("gnss", facts, fix, start, 18)
    for grid in range(31):
        part.tick(grid * 0.1)
    assert [t_s for _, t_s in asked] == pytest.approx([0.75, 1.75, 2.75])
    assert [message.second for message in messages(part.read(1024))] == [1, 2, 3]
