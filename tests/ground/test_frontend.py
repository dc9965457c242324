"""The station half: marker search at any alignment, error correction, nothing bad handed on."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import coding
from ground.frontend import FrontEnd
from tests.native.link_rig import TM_TAPS, randomiser, xor
from tests.native.test_link_coding import ORACLE, TO_CONVENTIONAL, TO_DUAL

MARKER = bytes.fromhex("1acffc1d")
frames_of = st.lists(st.binary(min_size=223, max_size=223), min_size=1, max_size=4)


def cadu(frame):
    """By an independent encoder."""
    encoded = bytes(ORACLE.encode(frame.translate(TO_CONVENTIONAL))).translate(TO_DUAL)
    return MARKER + xor(encoded, randomiser(TM_TAPS, 255))


def shifted(octets, bits):
    """The stream with so many bits of idle before it."""
    value = int.from_bytes(octets, "big") << (8 - bits) % 8
    size = len(octets) + (bits > 0)
    return (value | (0xAA >> (8 - bits) << (8 * size - bits) if bits else 0)).to_bytes(size, "big")


class Station:
    def __init__(self):
        self.frames = []
        self.front_end = FrontEnd(lambda t_s, frame: self.frames.append((t_s, frame)))

    def hear(self, octets, t_s=1.0):
        self.front_end(t_s, octets)
        return [frame for _, frame in self.frames]


@given(frames_of, st.integers(0, 7), st.integers(1, 300))
def test_frames_come_through_at_any_alignment_and_in_any_pieces(frames, bits, piece):
    stream = shifted(b"".join(cadu(frame) for frame in frames) + b"\x55" * 2, bits)
    station = Station()
    for at in range(0, len(stream), piece):
        station.hear(stream[at : at + piece])
    assert [frame for _, frame in station.frames] == frames


@pytest.mark.parametrize("wrong", [0, 1, 16])
def test_up_to_sixteen_octets_are_corrected(wrong):
    frame = bytes(range(223))
    burst = bytearray(cadu(frame))
    for at in random.Random(wrong).sample(range(4, 259), wrong):
        burst[at] ^= 0x5A
    station = Station()
    assert station.hear(bytes(burst)) == [frame]
    assert (station.front_end.frames, station.front_end.corrected) == (1, int(wrong > 0))


def test_a_block_beyond_correction_is_counted_and_not_handed_on():
    burst = bytearray(cadu(bytes(223)))
    for at in range(4, 4 + 40):
        burst[at] ^= 0xA5
    station = Station()
    good = bytes(range(223))
    assert station.hear(bytes(burst) + cadu(good)) == [good]
    assert station.front_end.uncorrectable == 1


def test_a_marker_with_wrong_bits_is_taken_where_one_is_due():
    frames = [bytes([n]) * 223 for n in range(3)]
    bursts = [bytearray(cadu(frame)) for frame in frames]
    bursts[1][0] ^= 0x81
    bursts[1][3] ^= 0x10
    station = Station()
    assert station.hear(b"".join(map(bytes, bursts))) == frames


def test_noise_is_searched_and_forgotten():
    noise = random.Random(3).randbytes(5000)
    station = Station()
    frame = bytes(range(223))
    station.hear(noise)
    assert station.hear(cadu(frame))[-1:] == [frame]
    assert station.front_end.skipped >= 4900


def test_parity_is_that_of_an_independent_encoder():
    for seed in range(20):
        data = random.Random(seed).randbytes(223)
        encoded = bytes(ORACLE.encode(data.translate(TO_CONVENTIONAL))).translate(TO_DUAL)
        assert coding.parity_of(data) == encoded[223:]
        assert coding.correct(encoded) == data
