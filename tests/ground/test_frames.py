"""Frames: reassembly, counters, and that nothing from the air raises."""

from hypothesis import given
from hypothesis import strategies as st

from ground.frames import FRAME_SIZE, FrameReader, parse_clcw
from tests.ground import build


def reader() -> FrameReader:
    return FrameReader(build.SCID, 4)


def read_all(target: FrameReader, frames: list) -> list:
    packets = []
    for frame in frames:
        delivery = target.read(frame)
        if delivery is not None:
            packets += delivery.packets
    return packets


packet_lists = st.lists(
    st.builds(
        lambda data, apid: build.tm_packet(3, 25, data, apid=apid),
        st.binary(max_size=600),
        st.integers(0, 0x7FE),
    ),
    min_size=1,
    max_size=12,
)


@given(packet_lists, st.integers(0, 255), st.integers(0, 255), st.integers(0, 3))
def test_packets_spanning_frames_come_back_whole(packets, master, count, vc):
    target = reader()
    frames = build.frames(packets, vc, master, count)
    assert read_all(target, frames) == packets
    assert target.counters.frames == len(frames)
    assert target.counters.bad_frames == 0
    assert target.counters.gaps == 0
    assert target.counters.broken_packets == 0


@given(packet_lists, st.data())
def test_a_lost_frame_costs_only_the_packets_in_it(packets, data):
    frames = build.frames(packets)
    lost = data.draw(st.integers(0, len(frames) - 1))
    target = reader()
    received = read_all(target, frames[:lost] + frames[lost + 1 :])
    starts = [0]
    for packet in packets:
        starts.append(starts[-1] + len(packet))
    low, high = lost * build.DATA_SIZE, (lost + 1) * build.DATA_SIZE
    untouched = [
        packet
        for packet, start in zip(packets, starts, strict=False)
        if start >= high or start + len(packet) <= low
    ]
    assert received == untouched
    is_inside = 0 < lost < len(frames) - 1
    assert target.counters.gaps == (1 if is_inside else 0)
    assert target.counters.lost_frames == (1 if is_inside else 0)


@given(packet_lists, st.data())
def test_a_flipped_bit_is_found_and_the_next_frame_is_good(packets, data):
    frames = build.frames(packets)
    bit = data.draw(st.integers(0, FRAME_SIZE * 8 - 1))
    damaged = bytearray(frames[0])
    damaged[bit >> 3] ^= 0x80 >> (bit & 7)
    target = reader()
    assert target.read(bytes(damaged)) is None
    assert target.counters.bad_crc == 1
    assert target.counters.bad_frames == 1
    assert target.read(frames[0]) is not None


@given(st.binary(max_size=300))
def test_noise_never_raises_and_is_counted(noise):
    target = reader()
    assert target.read(noise) is None
    assert target.counters.bad_frames == 1
    assert target.counters.frames == 0


def test_truncated_and_oversized_frames_are_counted():
    good = build.frames([build.tm_packet(17, 2, b"")])[0]
    target = reader()
    for size in range(len(good)):
        assert target.read(good[:size]) is None
    assert target.read(good + b"\x00") is None
    assert target.counters.bad_length == len(good) + 1
    assert target.read(good).packets


def test_wrong_spacecraft_version_and_channel_are_counted_apart():
    data = build.idle_packet(build.DATA_SIZE)
    target = reader()
    assert target.read(build.frame(data, 0, scid=0x155)) is None
    assert target.counters.bad_scid == 1
    assert target.read(build.frame(data, 0, version=1)) is None
    assert target.read(build.frame(data, 0, vc=5)) is None
    assert target.read(build.frame(data, 0x7D0)) is None
    assert target.counters.bad_header == 3


def test_idle_packets_are_not_delivered():
    target = reader()
    assert target.read(build.frame(build.idle_packet(build.DATA_SIZE), 0)).packets == []
    assert target.counters.idle_packets == 1


def test_an_impossible_packet_length_loses_sync_not_the_ground():
    packet = build.tm_packet(17, 2, b"")
    broken = bytearray(build.DATA_SIZE)
    broken[0:6] = bytes([0x09, 0x00, 0xC0, 0x00, 0xFF, 0xFF])
    target = reader()
    target.read(build.frame(bytes(broken), 0, 0, 0))
    assert target.counters.broken_packets == 1
    delivery = target.read(build.frames([packet], master=1, count=1)[0])
    assert delivery.packets == [packet]


def test_a_header_pointer_that_cuts_a_packet_is_counted():
    long = build.tm_packet(3, 25, bytes(300))
    short = build.tm_packet(17, 2, b"")
    first = build.frames([long])[0]
    rest = short + build.idle_packet(build.DATA_SIZE - len(short))
    target = reader()
    target.read(first)
    delivery = target.read(build.frame(rest, 0, 1, 1))
    assert delivery.packets == [short]
    assert target.counters.broken_packets == 1


def test_counters_at_zero_are_a_gap_until_a_boot_confirms_a_restart():
    target = reader()
    target.read(build.frames([build.tm_packet(17, 2, b"")], master=7, count=7)[0])
    delivery = target.read(build.frames([build.tm_packet(17, 2, b"")])[0])
    assert delivery.counters_began_anew
    assert (target.counters.gaps, target.counters.restarts) == (1, 0)
    target.confirm_restart()
    assert (target.counters.gaps, target.counters.restarts) == (0, 1)
    assert target.counters.lost_frames == 0


def test_channels_count_and_reassemble_apart():
    host = build.frames([build.tm_packet(3, 25, bytes(300))], vc=0, master=0, count=0)
    partner = build.frames([build.tm_packet(3, 25, bytes(250), apid=0x144)], vc=1)
    target = reader()
    mixed = [host[0], partner[0], host[1], partner[1]]
    renumbered = []
    for master, frame in enumerate(mixed):
        vc = (frame[1] >> 1) & 7
        first_header = int.from_bytes(frame[4:6], "big") & 0x7FF
        renumbered.append(build.frame(frame[6:217], first_header, master, frame[3], vc))
    assert len(read_all(target, renumbered)) == 2
    assert target.counters.gaps == target.counters.vc_gaps == 0


def test_clcw_fields():
    # Type 0, version 0, COP-1, VCID 2, no RF, lockout, retransmit, FARM-B 3, V(R) 0x5A.
    clcw = parse_clcw(0b0_00_000_01_000010_00_1_0_1_0_1_11_0_01011010)
    assert (clcw.vc, clcw.farm_b, clcw.report_value) == (2, 3, 0x5A)
    assert (clcw.no_rf, clcw.no_bit_lock, clcw.lockout) == (True, False, True)
    assert (clcw.wait, clcw.retransmit) == (False, True)
    assert parse_clcw(0x81000000) is None
    target = reader()
    data = build.idle_packet(build.DATA_SIZE)
    assert target.read(build.frame(data, 0, clcw=b"\x80\x00\x00\x00")).clcw is None
    assert target.counters.bad_clcw == 1
