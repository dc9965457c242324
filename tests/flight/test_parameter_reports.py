"""Service 20: values are reported as they are in force, wrong requests for them refused."""

import struct

import pytest

from flight import dictionary
from flight.core import failures
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.encode import PARAMETERS_PER_REPORT, Encoder
from ground.history import History
from tests.flight.rig import Rig
from tests.flight.test_commands import tc

ROWS = [row for subsystem in dictionary.SUBSYSTEMS for row in subsystem.PARAMETERS]
DEFAULTS = {row[1]: row[5] for row in ROWS}


@pytest.fixture
def rig():
    rig = Rig()
    # The ground of the same build.
    rig.board.dictionary_hash = Dictionary().signature.to_bytes(4, "big")
    return Rig(rig.board)


def heard(rig):
    history = History()
    decoder = Decoder(Dictionary(), history.add)
    for frame in rig.board.radio.sent:
        decoder.frame(0.0, frame)
    assert not decoder.refused and decoder.confirmed
    return history


def single(value, kind):
    return struct.unpack("f", struct.pack("f", value))[0] if kind == "f32" else value


def test_every_parameter_can_be_dumped(rig):
    encoder = Encoder(Dictionary())
    rig.fly(1.2)
    for first in range(0, len(ROWS), PARAMETERS_PER_REPORT):
        names = [row[1] for row in ROWS[first : first + PARAMETERS_PER_REPORT]]
        rig.board.radio.received.append(encoder.frame("report_parameters", names))
        rig.fly(1)
    rig.fly(1)
    assert heard(rig).parameters == {row[1]: single(row[5], row[2]) for row in ROWS}


def test_what_was_set_is_what_is_reported(rig):
    encoder = Encoder(Dictionary())
    rig.fly(1.2)
    for name, values in (
        ("set_parameters", {"attitude_mag_1_bias_x": -1.5e-6, "payload_interval_s": 20}),
        ("report_parameters", ["attitude_mag_1_bias_x", "payload_interval_s"]),
    ):
        rig.board.radio.received.append(encoder.frame(name, values))
    rig.fly(2)
    history = heard(rig)
    assert history.parameters["payload_interval_s"] == 20
    assert history.parameters["attitude_mag_1_bias_x"] == pytest.approx(-1.5e-6)
    assert history.verified == {
        "acceptance_success": 2, "start_success": 2, "completion_success": 2,
    }  # fmt: skip


@pytest.mark.parametrize(("data", "code"), [
    (b"", failures.BAD_LENGTH),
    (b"\x00", failures.OUT_OF_RANGE),
    (bytes((PARAMETERS_PER_REPORT + 1,)) + b"\x02\x01" * 25, failures.OUT_OF_RANGE),
    (b"\x02\x02\x01", failures.BAD_LENGTH),
    (b"\x01\x02\x01\x00", failures.BAD_LENGTH),
    (b"\x01\x0f\xff", failures.UNKNOWN_PARAMETER),
])  # fmt: skip
def test_wrong_requests_are_refused(rig, data, code):
    packet = tc(20, 1, data)
    buffer = bytearray(1024)
    buffer[: len(packet)] = packet
    assert rig.context.commands.execute(buffer, len(packet), 0) == code
    assert rig.context.commands.refused == 1


def test_partners_may_read_what_they_may_not_set(rig):
    rig.fly(1.2)
    frame = Encoder(Dictionary()).frame("report_parameters", ["attitude_bdot_gain"], "EC")
    rig.board.radio.received.append(frame)
    rig.fly(2)
    assert heard(rig).parameters == {
        "attitude_bdot_gain": single(DEFAULTS["attitude_bdot_gain"], "f32")
    }
