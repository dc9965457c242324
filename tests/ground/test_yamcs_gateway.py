"""The gateway: whole packets to and from Yamcs, protected frames on the other side."""

from __future__ import annotations

import socket

import pytest

from ground import keys
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import GroundError
from ground.yamcs.gateway import Gateway
from tests.ground.build import frame, idle_packet, tm_packet

DICTIONARY = Dictionary()
TM_DATA = 211
WAIT_S = 5.0


class Rig:
    """A gateway for the host, whose telemetry is in clear, and the ports as Yamcs sees them."""

    def __init__(self, room=1 << 20):
        self.sent = []
        self.room = room
        self.gateway = Gateway(
            DICTIONARY, DICTIONARY.partner("host"), keys.development(), self._up, "127.0.0.1", 0, 0
        )
        self.encoder = Encoder(DICTIONARY)

    def _up(self, packet):
        if len(self.sent) >= self.room:
            raise GroundError("64 telecommands wait already")
        self.sent.append(packet)

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.settimeout(WAIT_S)
        self.gateway.poll(WAIT_S)
        return connection

    def down(self, packets, count=0):
        """A frame of these packets, filled up."""
        data = b"".join(packets)
        data += idle_packet(TM_DATA - len(data))
        self.gateway.frame(0.0, frame(data, 0, master=count, count=count))


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.gateway.close()


def test_packets_go_down_whole_and_in_order(rig):
    yamcs = rig.connect(rig.gateway.tm_port)
    packets = [tm_packet(17, 2, b"", sequence=n) for n in range(3)]
    rig.down(packets)
    wanted = b"".join(packets)
    assert yamcs.recv(4096) == wanted
    yamcs.close()


def test_what_yamcs_would_drop_is_left_out(rig):
    """Packets without secondary header: files have a way of their own. Time reports go down."""
    yamcs = rig.connect(rig.gateway.tm_port)
    pdu = bytes((0x01, 0x10, 0xC0, 0, 0, 3)) + b"pdu!"
    time = bytes((0x00, 0x00, 0xC0, 0, 0, 10)) + bytes(11)
    after = tm_packet(17, 2, b"")
    rig.down([pdu, time, after])
    assert yamcs.recv(4096) == time + after
    assert rig.gateway.left == 1
    yamcs.close()


def test_others_frames_are_not_read(rig):
    yamcs = rig.connect(rig.gateway.tm_port)
    rig.gateway.frame(0.0, frame(bytes(TM_DATA), 0, vc=1))
    wanted = tm_packet(17, 2, b"")
    rig.down([wanted], count=1)
    assert yamcs.recv(4096) == wanted
    yamcs.close()


def test_a_viewer_that_went_is_forgotten(rig):
    rig.connect(rig.gateway.tm_port).close()
    rig.gateway.poll(WAIT_S)
    rig.down([tm_packet(17, 2, b"")])
    again = rig.connect(rig.gateway.tm_port)
    wanted = tm_packet(17, 2, b"", sequence=1)
    rig.down([wanted], count=1)
    assert again.recv(4096) == wanted
    again.close()


def test_telecommands_go_up_whatever_the_pieces(rig):
    packets = [rig.encoder.packet("ping") for _ in range(3)]
    yamcs = rig.connect(rig.gateway.tc_port)
    stream = b"".join(packets)
    for at in range(0, len(stream), 5):
        yamcs.sendall(stream[at : at + 5])
        rig.gateway.poll(WAIT_S)
    assert rig.sent == packets
    yamcs.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({0: 0x08}, "no telecommand packet"),
        ({0: 0x10}, "no telecommand packet"),
        ({2: 0x40}, "no telecommand packet"),
        ({4: 0x01}, "too long for a frame"),
        ({0: 0x19, 1: 0x40}, "another partner's APID"),
        ({0: 0x1F, 1: 0xFF}, "another partner's APID"),
    ],
)
def test_a_wrong_telecommand_ends_the_connection(rig, change, reason):
    packet = bytearray(rig.encoder.packet("ping"))
    for at, value in change.items():
        packet[at] = value
    yamcs = rig.connect(rig.gateway.tc_port)
    yamcs.sendall(packet)
    rig.gateway.poll(WAIT_S)
    assert dict(rig.gateway.refused) == {reason: 1}
    assert rig.sent == []
    assert yamcs.recv(16) == b""
    # A new connection begins at a packet.
    good = rig.encoder.packet("ping")
    again = rig.connect(rig.gateway.tc_port)
    again.sendall(good)
    rig.gateway.poll(WAIT_S)
    assert rig.sent == [good]
    again.close()
    yamcs.close()


def test_too_many_are_counted(rig):
    rig.room = 1
    packets = [rig.encoder.packet("ping") for _ in range(3)]
    yamcs = rig.connect(rig.gateway.tc_port)
    yamcs.sendall(b"".join(packets))
    rig.gateway.poll(WAIT_S)
    assert rig.sent == packets[:1]
    assert rig.gateway.refused["too many wait"] == 2
    yamcs.close()


def test_taken_ports_are_an_error_of_one_line(rig):
    with pytest.raises(GroundError, match="gateway: ports"):
        Gateway(
            DICTIONARY,
            DICTIONARY.partner("EC"),
            {},
            lambda packet: None,
            "127.0.0.1",
            rig.gateway.tm_port,
            rig.gateway.tc_port,
        )
