"""Definitions of monitors and actions by name, reports of services 5 and 12 in words."""

import struct

import pytest

from ground import monitoring
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import CommandError, GroundError
from tests.ground import build

DICTIONARY = Dictionary()


def test_limits_are_given_in_engineering_units():
    found = monitoring.monitor(
        DICTIONARY, 9, "power_hk", "battery_voltage", low=7.0, high=8.4, back_low=7.2, severity=4
    )
    assert found["offset"] == 0 and found["type"] == 2 and found["kind"] == 0
    assert (found["low"], found["high"]) == (7000, 8400)
    assert (found["back_low"], found["back_high"]) == (7200, 8400)
    cold = monitoring.monitor(DICTIONARY, 9, "power_hk", "battery_temperature", low=-5.0, high=50.0)
    assert cold["low"] == 2**32 - 80 and cold["offset"] == 4


def test_floats_and_elements_of_arrays():
    found = monitoring.monitor(
        DICTIONARY, 9, "adcs_report", "omega_BN_B_rad_s", low=-0.5, high=0.5, element=2
    )
    assert found["type"] == 6
    assert struct.pack(">I", found["low"]) == struct.pack(">f", -0.5)
    first = monitoring.monitor(DICTIONARY, 9, "adcs_report", "omega_BN_B_rad_s", low=0, high=1)
    assert found["offset"] == first["offset"] + 8


@pytest.mark.parametrize("changes", [
    {"field": "nothing"}, {"field": None}, {"kind": "hope"}, {"element": 4},
    {"low": 1e9}, {"packet": "nothing"},
])  # fmt: skip
def test_what_cannot_be_is_refused_with_one_line(changes):
    definition = {"packet": "power_hk", "field": "load_voltage", "low": 7.0, "high": 8.0}
    with pytest.raises((CommandError, GroundError)) as caught:
        monitoring.monitor(DICTIONARY, 9, **{**definition, **changes})
    assert "\n" not in str(caught.value)


def test_an_action_holds_a_whole_telecommand():
    encoder = Encoder(DICTIONARY)
    inner = Encoder(DICTIONARY).packet("power_switch", {"load": 3, "on": 1}, acknowledge=0)
    packet = encoder.packet(
        "action_add",
        {"event": 0x0713, "argument": 1, "hold_s": 90, "command": "power_switch",
         "args": {"load": 3, "on": 1}},
    )  # fmt: skip
    assert packet[7:9] == b"\x13\x01"
    assert packet[11:18] == b"\x01\x07\x13\x00\x01\x00\x5a" and packet[18:-2] == inner


@pytest.mark.parametrize("values", [
    {}, {"event": 5}, {"event": -1, "command": "ping"}, {"event": 5, "command": "action_add"},
    {"event": 5, "command": "nothing"}, {"event": 5, "command": "ping", "hurry": 1},
    {"event": 5, "command": "ping", "hold_s": 70000}, [5],
])  # fmt: skip
def test_actions_that_cannot_be_are_refused(values):
    with pytest.raises(CommandError):
        Encoder(DICTIONARY).packet("action_add", values)


def decode(service, subtype, data):
    decoder = Decoder(DICTIONARY)
    decoder.confirmed = True
    (frame,) = build.frames([build.tm_packet(service, subtype, data)])
    return decoder, decoder.frame(0.0, frame)


def test_a_transition_in_words():
    data = b"\x01" + struct.pack(">HHBB4sBB", 1, 0x0101, 4, 3, b"\xff\xff\xff\xb0", 1, 2)
    _, (report,) = decode(12, 12, data)
    assert report.kind == "transition" and report.raw["value"] == -80
    assert report.text == "monitor 1 of power_hk: within to violated"


def test_events_that_are_off():
    _, (report,) = decode(5, 8, b"\x02\x01\x05\x04\x01")
    assert report.raw["events"] == [0x0105, 0x0401]
    assert report.text == "events not reported: 0x0105, 0x0401"


@pytest.mark.parametrize("service,subtype,data", [
    (12, 12, b""), (12, 12, b"\x02" + bytes(13)), (12, 12, b"\x01" + bytes(11)),
    (12, 12, b"\x01\x00\x01\x09\x99" + bytes(9)),
    (12, 12, b"\x01\x00\x01\x01\x01\x00\x09" + bytes(6)),
    (12, 12, b"\x01\x00\x01\x01\x01\x00\x01" + bytes(4) + b"\x07\x01"),
    (5, 8, b""), (5, 8, b"\x01"), (5, 8, b"\x01\x09\x99"),
])  # fmt: skip
def test_malformed_reports_are_counted(service, subtype, data):
    decoder, reports = decode(service, subtype, data)
    assert reports == [] and sum(decoder.refused.values()) == 1
