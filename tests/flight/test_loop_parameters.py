"""Parameters on their way to the attitude loop."""

import struct

import pytest

from flight import dictionary
from ground import encode
from ground.dictionary import Dictionary
from tests.flight.rig import Rig

GAIN = 0.001953125


@pytest.fixture
def rig():
    return Rig()


def uplink(rig, name, values):
    rig.board.radio.received.append(encode.Encoder(Dictionary()).frame(name, values))


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def test_parameters_go_to_the_loop_at_boot_and_when_they_change(rig):
    rig.fly(1.2)
    sent = [command for command in rig.kernel.commands if command[0] == 2]
    rows = [row for row in dictionary.SUBSYSTEMS[2].PARAMETERS if row[0] != 0x0206]
    defaults = [(2, row[0] & 0xFF, single(row[5])) for row in rows]
    assert sent == defaults[:4], "some with every step, the queue is short"
    last = rows[-1]
    uplink(rig, "set_parameters", {"attitude_bdot_gain": GAIN * 2, last[1]: last[4]})
    rig.fly(2)
    sent = [command for command in rig.kernel.commands if command[0] == 2]
    changed = [(2, 1, GAIN * 2), (2, last[0] & 0xFF, single(last[4]))]
    assert sent[:6] == [*defaults[:4], *changed], "changed ones first"
    rig.fly(len(rows) / 4 + 2)
    sent = [command for command in rig.kernel.commands if command[0] == 2]
    assert sent[6:] == [*defaults[4:-1], changed[1]]
    rig.fly(5)
    assert [command for command in rig.kernel.commands if command[0] == 2] == sent


def test_parameters_wait_for_room_in_the_queue_of_the_loop(rig):
    rig.fly(1.2)
    rig.kernel.refuse = -28
    rig.fly(10)
    rig.kernel.refuse = 0
    rig.fly(30)
    sent = [index for code, index, _ in rig.kernel.commands if code == 2]
    indices = [row[0] & 0xFF for row in dictionary.SUBSYSTEMS[2].PARAMETERS]
    assert sent == [index for index in indices if index != 6]
