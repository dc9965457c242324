"""What the ground makes of attitude telemetry: words, the live view, plots, parameter values."""

import math
import struct

import pytest

from flight.apps.comms import app as comms_app
from ground import attitude, attitude_plots
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import CommandError
from ground.history import History
from ground.names import DEVICES, FAULTS, LINK_REFUSALS, LOOP_MODES, LOOP_REASONS, SENSORS, Number
from native.cffi.loader import ffi
from tests.ground import build
from tests.ground.test_live import packet

DICTIONARY = Dictionary()
POINTING = 3


def heard(*packets):
    """The history of these packets, ten seconds apart."""
    history = History()
    decoder = Decoder(DICTIONARY, history.add)
    for frame in build.frames([build.boot_packet(DICTIONARY.signature)]):
        decoder.frame(0.0, frame)
    for number, octets in enumerate(packets):
        for frame in build.frames([octets], master=number + 1, count=number + 1):
            decoder.frame(10.0 * (number + 1), frame)
    assert not decoder.refused
    return history


FLYING = (
    packet("attitude_devices", state=[2] * 6 + [0] + [2] * 8),
    packet("adcs_report", mode=POINTING),
    packet(
        "attitude_estimate",
        flags=1,
        target=2,
        sigma_B_rad=[0.003, 0.004, 0.0],
        fault=[0, 4, 0, 1, 0, 1, 0],
    ),
    packet("attitude_control", error_B_rad=[0.0, 0.02, 0.0], wheel_speed_rad_s=[1, -2, 3, -4]),
    packet("attitude_estimate", flags=1, sigma_B_rad=[0.001] * 3, fault=[0, 4, 0, 0, 0, 1, 0]),
    packet("attitude_estimate", flags=1, sigma_B_rad=[0.001] * 3),
)


def test_in_words_and_degrees():
    history = heard(*FLYING[:4])
    assert attitude.loop_mode(history) == "pointing"
    assert attitude.knowledge_deg(history) == pytest.approx(math.degrees(0.005))
    assert attitude.error_deg(history) == pytest.approx(math.degrees(0.02))
    # The star tracker is silent because there is none.
    assert attitude.excluded(history) == ["mag 2 (model)", "fine Sun (silent)"]


def test_nothing_is_known_before_the_first_packet():
    history = History()
    assert attitude.loop_mode(history) == "-" and attitude.excluded(history) == []
    assert attitude.knowledge_deg(history) is None and attitude.error_deg(history) is None
    assert attitude_plots.plots(history, {}) == []


def test_no_knowledge_without_a_valid_attitude():
    history = heard(packet("attitude_estimate", flags=2, sigma_B_rad=[0.1] * 3))
    assert attitude.knowledge_deg(history) is None


def test_spans_of_faults():
    spans = attitude.fault_spans(heard(*FLYING))
    assert spans[1] == [(30.0, 50.0, 4)]
    assert spans[3] == [(30.0, 30.0, 1)]
    assert spans[0] == [] and 5 not in spans


def test_plots_of_attitude():
    titles = [plot.title.text for plot in attitude_plots.plots(heard(*FLYING), {})]
    assert titles == [
        "Attitude: knowledge and pointing",
        "Mode of the control loop",
        "Wheels",
        "Sensors not used, and why",
    ]
    detumbling = heard(packet("adcs_report", mode=1), packet("attitude_estimate"))
    assert attitude_plots.plots(detumbling, {}) == []


@pytest.mark.parametrize(("number", "kind", "text"), [
    (2, "sensor", "gyro"),
    (9, "sensor", "9"),
    (3, "loop_mode", "pointing"),
    (0x0041, "devices", "magnetometer 1, star tracker"),
    (0, "devices", "none"),
    (255, "#04x", "0xff"),
    (255, "", "255"),
])  # fmt: skip
def test_numbers_of_events_in_words(number, kind, text):
    assert format(Number(number), kind) == text


def enum_size(name):
    return len(ffi.typeof("enum " + name).elements)


def test_there_are_names_for_everything_the_loop_can_say():
    assert len(LOOP_MODES) == enum_size("mf_adcs_mode")
    assert len(LOOP_REASONS) == enum_size("mf_adcs_reason")
    assert len(SENSORS) == enum_size("mf_adcs_sensor") - 1  # the last one is their number
    assert len(FAULTS) == enum_size("mf_adcs_fault")
    assert len(DEVICES) == len(DICTIONARY.packet("attitude_devices").layout.unpack(bytes(60))[1:16])
    assert set(comms_app._TOLD) == set(LINK_REFUSALS)
    assert (
        len(comms_app._TOLD) == enum_size("mf_tc_refusal") - 3
    )  # not those of packets, nor the end


NAMES = ["attitude_bdot_gain", "attitude_control_enabled", "power_battery_low_mV"]


def values_packet(body):
    return build.tm_packet(20, 2, body, apid=0x100)


def test_reported_parameters_come_by_name():
    body = struct.pack(">BHfHBHH", 3, 0x0201, 0.25, 0x0206, 1, 0x0101, 6600)
    history = heard(values_packet(body))
    assert history.parameters == dict(zip(NAMES, (0.25, 1, 6600), strict=True))


@pytest.mark.parametrize(("body", "reason"), [
    (b"", "size"),
    (b"\x01\x02\x01", "size"),
    (b"\x01\x0f\xff\x00", "unknown_parameter"),
    (struct.pack(">BHBB", 1, 0x0206, 1, 0), "size"),
])  # fmt: skip
def test_malformed_reports_of_parameters_are_counted(body, reason):
    decoder = Decoder(DICTIONARY)
    for frame in build.frames([build.boot_packet(DICTIONARY.signature), values_packet(body)]):
        decoder.frame(0.0, frame)
    assert decoder.refused == {reason: 1}


def test_a_request_for_parameters():
    encoder = Encoder(DICTIONARY)
    octets = encoder.packet("report_parameters", NAMES)
    assert octets[7:9] == bytes((20, 1))
    assert octets[11:-2] == bytes.fromhex("03 0201 0206 0101")
    assert encoder.packet("report_parameters", dict.fromkeys(NAMES, 1))[11:-2] == octets[11:-2]
    for names, text in (([], "0 parameters"), (["x"], "unknown parameter 'x'")):
        with pytest.raises(CommandError, match=text):
            encoder.packet("report_parameters", names)


LINE = "1" * 69


@pytest.mark.parametrize(("values", "text"), [
    ({"line1": LINE[:-1], "line2": LINE}, "line1: 68 characters given, 69 are wanted"),
    ({"line1": LINE, "line2": 5}, "line2: a text is wanted"),
    ({"line1": LINE[:-1] + "\u00e9", "line2": LINE}, "outside ASCII"),
    ({"line1": LINE[:-1] + "\n", "line2": LINE}, "cannot be sent"),
    ({"line1": LINE}, "argument 'line2' is missing"),
])  # fmt: skip
def test_wrong_texts_are_one_clear_line(values, text):
    with pytest.raises(CommandError, match=text):
        Encoder(DICTIONARY).frame("attitude_tle", values)


def test_arguments_with_a_default_may_be_left_out():
    encoder = Encoder(DICTIONARY)
    short = encoder.packet("attitude_target", {"target": 0, "q_RN": "0 0, 0.5 0.5"})
    full = Encoder(DICTIONARY).packet(
        "attitude_target", [0, 0, 0, 0, 0, 0, [0, 0, 0.5, 0.5], 0, 0, 0, 0]
    )
    assert short == full
    for values, text in (
        ({"target": 0, "q_RN": [0, 0, 1]}, "q_RN: 4 values are wanted"),
        ({"target": 0, "q_RN": [0, 0, 0, 2]}, "q_RN: 2 is outside"),
        ({}, "argument 'target' is missing"),
    ):
        with pytest.raises(CommandError, match=text):
            encoder.packet("attitude_target", values)
