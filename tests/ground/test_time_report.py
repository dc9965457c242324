"""Correlation of the onboard clock with the ground's, from time reports."""

import random
import struct

import pytest

from ground import crc
from ground.time_report import STEP_S, Correlator, is_time_packet


def packet(onboard_s, exponent=4, quality=2):
    seconds = int(onboard_s)
    fraction = int((onboard_s - seconds) * 65536)
    data = struct.pack(">HHHBBIHB", 0, 0xC000, 10, exponent, 0x2E, seconds, fraction, quality)
    return crc.append_crc(data)


def flown(drift_ppm, reports=64, delay_s=0.4, seed=1):
    """A correlator after so many reports; frames wait up to `delay_s` in the radio."""
    random.seed(seed)
    correlator = Correlator()
    last = None
    for count in range(16 * reports):
        sent_s = 1.0 * count
        correlator.frame(sent_s + 0.2 + random.random() * delay_s, count & 0xFF)
        if count % 16 == 0:
            last = correlator.report(packet(5000.0 + sent_s * (1 + drift_ppm * 1e-6)))
    return last


@pytest.mark.parametrize("drift_ppm", [-20.0, 0.0, 150.0])
def test_offset_and_drift_come_out(drift_ppm):
    last = flown(drift_ppm, delay_s=0.02)
    # Over half an hour, each known to some hundredths of a second.
    assert last.drift_ppm == pytest.approx(drift_ppm, abs=25.0)
    assert last.offset_s == pytest.approx(5000.0 - 0.2 + drift_ppm * 1e-6 * 1000, abs=0.05)
    assert "ppm" in last.text and "(set)" in last.text


def test_the_frame_that_waited_least_counts():
    assert flown(0.0, delay_s=1.5).offset_s == pytest.approx(4999.8, abs=0.25)


def test_the_frame_meant_is_the_last_one_of_its_count():
    correlator = Correlator()
    for count, received_s in ((15, 1.0), (16, 2.0), (17, 3.0), (18, 4.0)):
        correlator.frame(received_s, count)
    assert correlator.report(packet(9.0)).ground_s == 2.0
    assert correlator.report(packet(9.0, exponent=1)).ground_s == 4.0
    assert correlator.report(packet(9.0, exponent=8)).ground_s is None


def test_a_step_is_told_and_the_old_samples_forgotten():
    correlator = Correlator()
    for number in range(4):
        correlator.frame(10.0 * number, 16)
        report = correlator.report(packet(100.0 + 10.0 * number))
        assert report.stepped == (number == 0)
    correlator.frame(40.0, 16)
    report = correlator.report(packet(140.0 + 3 * STEP_S))
    assert report.stepped and report.offset_s == pytest.approx(100.0 + 3 * STEP_S)
    correlator.frame(50.0, 16)
    assert correlator.report(packet(150.0 + 3 * STEP_S, quality=3)).stepped


@pytest.mark.parametrize("change,fault", [
    (lambda data: data[:-1], "length"),
    (lambda data: data + b"\0", "length"),
    (lambda data: data[:8] + b"\x01" + data[9:], "crc"),
    (lambda data: crc.append_crc(data[:7] + b"\x1e" + data[8:-2]), "time"),
    (lambda data: crc.append_crc(data[:6] + b"\x09" + data[7:-2]), "time"),
    (lambda data: crc.append_crc(data[:2] + b"\x00" + data[3:-2]), "header"),
    (lambda data: crc.append_crc(data[:5] + b"\x0b" + data[6:-2]), "header"),
])  # fmt: skip
def test_bad_reports_are_named(change, fault):
    assert Correlator().report(change(packet(1.0))) == fault


def test_time_packets_are_told_from_others():
    assert is_time_packet(packet(1.0))
    assert not is_time_packet(b"\x09\x00\xc0") and not is_time_packet(b"\x00")
