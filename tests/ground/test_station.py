"""The ground station, over real sockets: what goes to whom, and what goes up."""

import socket
import struct

import pytest

from ground import cltu, crc, keys
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.security import TcSecurity
from ground.station import RADIO, TC_OFFSET, TM_OFFSET, Station
from ground.station_link import FRAME, OCF, REFUSAL, StationLink, address
from tests.ground.build import frame as tm_frame
from tests.ground.ports import free_block
from tests.ground.test_frontend import cadu

DICTIONARY = Dictionary()
ROUNDS = 200


class Bench:
    """A station between a radio of the test's and partners of the test's."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.base = free_block()
        self.station = Station(DICTIONARY, self.server.getsockname(), self.base)
        self.radio, _ = self.server.accept()
        self.radio.settimeout(2.0)

    def close(self):
        self.station.close()
        self.radio.close()
        self.server.close()

    def partner(self, index):
        link = StationLink("127.0.0.1", self.base + index)
        self.turn(lambda: len(self.station._clients) > 0)
        return link

    def turn(self, done=None):
        """Let the station work until `done`, or for a little while."""
        for _ in range(ROUNDS if done else 10):
            if done and done():
                return
            self.station.poll(0.005)

    def down(self, *frames, t_s=1.5):
        for frame in frames:
            octets = cadu(frame)
            self.radio.sendall(RADIO.pack(round(t_s * 1e6), len(octets)) + octets)
        wanted = self.station.front_end.frames + len(frames)
        self.turn(lambda: self.station.front_end.frames >= wanted)

    def up(self):
        """What the station radiates next, as a frame."""
        head = self.radio.recv(RADIO.size, socket.MSG_WAITALL)
        burst = self.radio.recv(RADIO.unpack(head)[1], socket.MSG_WAITALL)
        return cltu.decode(burst)


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def frame_of(vc):
    return tm_frame(bytes(211), 0x7FF, vc=vc)


def tc_frame(vc, sequence=None):
    return TcSecurity(keys.development()).frame(vc, b"\x19\x40\xc0\x00\x00\x00\x00", sequence)


def frames_in(link, bench):
    bench.turn()
    return [body for kind, _, body in link.receive(0.1) if kind == FRAME]


def test_partners_get_their_own_channel_and_the_common_ones(bench):
    links = [bench.partner(index) for index in range(4)]
    bench.turn(lambda: len(bench.station._clients) == 4)
    frames = [frame_of(vc) for vc in (0, 1, 2, 3, 7)]
    bench.down(*frames)
    for index, link in enumerate(links):
        expected = [f for f in frames if (f[1] >> 1 & 7) in (0, index, 7)]
        assert frames_in(link, bench) == expected


def test_the_clcw_of_a_frame_of_another_partner_comes_alone(bench):
    link = bench.partner(1)
    frame = tm_frame(bytes(211), 0x7FF, vc=2, clcw=bytes.fromhex("01040005"))
    bench.down(frame, t_s=3.0)
    bench.turn()
    assert link.receive(0.1) == [(OCF, 3.0, bytes.fromhex("01040005"))]


def test_telemetry_by_datagram(bench):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as yamcs:
        yamcs.bind(("127.0.0.1", bench.base + TM_OFFSET + 2))
        yamcs.settimeout(2.0)
        bench.down(frame_of(1), frame_of(2))
        assert yamcs.recv(4096) == frame_of(2)


def test_a_frame_with_a_bad_fecf_goes_to_nobody(bench):
    link = bench.partner(0)
    bad = bytearray(frame_of(0))
    bad[50] ^= 1
    bench.down(bytes(bad), frame_of(0), t_s=2.25)
    bench.turn()
    assert link.receive(0.1) == [(FRAME, 2.25, frame_of(0))]
    assert bench.station.bad_fecf == 1


@pytest.mark.parametrize("coded", (False, True))
def test_telecommands_go_up_as_cltus(bench, coded):
    link = bench.partner(1)
    frame = tc_frame(1)
    link.send(cltu.encode(frame) if coded else frame)
    bench.turn(lambda: bench.station.sent["EC"] == 1)
    assert bench.up()[: len(frame)] == frame


def test_telecommands_by_datagram(bench):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as yamcs:
        frame = tc_frame(3, sequence=4)
        yamcs.sendto(cltu.encode(frame), ("127.0.0.1", bench.base + TC_OFFSET + 3))
        bench.turn(lambda: bench.station.sent["BY"] == 1)
        assert bench.up()[: len(frame)] == frame


def altered(frame, at, mask):
    data = bytearray(frame[:-2])
    data[at] ^= mask
    return crc.append_crc(data)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "no frame"),
        (b"\xeb\x90" + bytes(7), "no frame"),
        (tc_frame(1)[:-1], "bad length"),
        (altered(tc_frame(1), 2, 0x03), "bad length"),
        (tc_frame(1)[:-1] + b"\x00", "bad FECF"),
        (altered(tc_frame(1), 1, 0x01), "another spacecraft"),
        (altered(tc_frame(1), 0, 0x40), "another spacecraft"),
        (tc_frame(2), "another partner's channel"),
        (tc_frame(0), "another partner's channel"),
    ],
)
def test_what_is_not_the_partners_own_does_not_go_up(bench, octets, reason):
    link = bench.partner(1)
    link.send(octets)
    bench.turn(lambda: bench.station.refused.total() == 1)
    assert bench.station.refused == {reason: 1}
    assert link.receive(1.0) == [(REFUSAL, 0.0, reason.encode())]
    good = tc_frame(1)
    link.send(good)
    bench.turn(lambda: bench.station.sent["EC"] == 1)
    assert bench.up()[: len(good)] == good


def test_a_channel_has_one_sender_until_he_leaves(bench):
    first, second = bench.partner(1), bench.partner(1)
    first.send(tc_frame(1))
    bench.turn(lambda: bench.station.sent["EC"] == 1)
    second.send(tc_frame(1))
    bench.turn(lambda: bench.station.refused.total() == 1)
    assert second.receive(1.0)[0][2] == b"the channel is held by another sender"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as yamcs:
        yamcs.sendto(tc_frame(1), ("127.0.0.1", bench.base + TC_OFFSET + 1))
        bench.turn(lambda: bench.station.refused.total() == 2)
    first.close()
    bench.turn(lambda: len(bench.station._clients) == 1)
    second.send(tc_frame(1))
    bench.turn(lambda: bench.station.sent["EC"] == 2)
    assert bench.station.sent["EC"] == 2


def test_the_station_ends_with_the_radio(bench):
    bench.radio.close()
    assert any(not bench.station.poll(0.05) for _ in range(ROUNDS))


def test_the_station_ends_when_it_cannot_radiate(bench):
    link = bench.partner(1)
    bench.radio.close()
    for _ in range(ROUNDS):
        if bench.station._gone:
            break
        bench.station._telecommand(DICTIONARY.partners[1], ("tcp", link), tc_frame(1))
    assert not bench.station.poll(0.05)


def test_nothing_there_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(GroundError, match=f"no radio at 127.0.0.1:{port}"):
        Station(DICTIONARY, ("127.0.0.1", port))
    with pytest.raises(GroundError, match="no ground station at"):
        StationLink("127.0.0.1", port)
    with pytest.raises(GroundError, match="HOST:PORT"):
        address("here:abc", 1)
    assert address(":7", 1) == ("127.0.0.1", 7)
    assert address("there", 1) == ("there", 1)


def test_ports_in_use_are_one_line(bench):
    with pytest.raises(GroundError, match=f"ports from {bench.base}"):
        Station(DICTIONARY, bench.server.getsockname(), bench.base)


def test_cltu_is_undone():
    frame = tc_frame(2)
    octets = cltu.burst(frame)
    assert cltu.decode(octets)[: len(frame)] == frame
    assert cltu.decode(b"\x55" * 40) is None
    broken = bytearray(cltu.encode(frame))
    broken[2 + 8] ^= 0x10  # in the second block
    assert len(cltu.decode(bytes(broken))) == 7
    assert struct.calcsize(">QH") == RADIO.size
