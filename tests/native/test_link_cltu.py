"""CLTU decoder against an encoder written from the polynomial, at any alignment, with errors."""

import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from native.linkcodec import ffi, lib
from tests.native.link_rig import (
    E_BADMSG,
    START,
    TAIL,
    TC_TAPS,
    Decoder,
    bch_block,
    cltu,
    randomiser,
)

frames = st.binary(min_size=1, max_size=256)


def shifted(stream, bits):
    """The stream `bits` later, as a demodulator without byte clock gives it."""
    value = int.from_bytes(stream, "big") << (8 - bits)
    return value.to_bytes(len(stream) + 1, "big")


def flipped(stream, *positions):
    out = bytearray(stream)
    for position in positions:
        out[position // 8] ^= 0x80 >> position % 8
    return bytes(out)


def check(block, correct):
    buffer = ffi.new("uint8_t[8]", bytes(block))
    return lib.mf_bch_check(buffer, correct), bytes(buffer)


def test_randomiser_sequence():
    assert bytes(lib.mf_cltu_random(i) for i in range(600)) == randomiser(TC_TAPS, 600)
    assert randomiser(TC_TAPS, 5) == bytes.fromhex("ff399e5a68")  # as printed in the standard


@given(st.binary(min_size=7, max_size=7))
def test_bch_detects_and_corrects(data):
    block = bch_block(data)
    assert check(block, False) == check(block, True) == (0, block)
    for position in range(63):
        wrong = flipped(block, position)
        assert check(wrong, False) == (E_BADMSG, wrong)
        status, corrected = check(wrong, True)
        assert status == 1 and corrected[:7] == data
    assert check(flipped(block, 63), False)[0] == 0  # the filler bit belongs to no code


@given(st.binary(min_size=7, max_size=7), st.sets(st.integers(0, 62), min_size=2, max_size=2))
def test_bch_never_corrects_two_errors(data, positions):
    wrong = flipped(bch_block(data), *positions)
    assert check(wrong, True)[0] == check(wrong, False)[0] == E_BADMSG


@given(frames, st.booleans(), st.booleans(), st.integers(0, 7), st.binary(max_size=6))
def test_frames_come_out_with_their_fill(frame, correct, randomise, bits, before):
    decoder = Decoder(correct, randomise, 259)
    noise = bytes(byte & 0x55 for byte in before)  # nothing like the start sequence
    (out,) = decoder.feed(shifted(noise + cltu(frame, randomise) + b"\x55" * 2, bits))
    assert out == frame + b"\x55" * (-len(frame) % 7)
    assert decoder.counters.ended == 1 and decoder.counters.oversize == 0


def test_tail_is_no_code_block():
    for correct in (False, True):
        assert check(TAIL, correct)[0] == E_BADMSG


@given(st.binary(min_size=40, max_size=120), st.data())
def test_one_error_per_block_is_corrected(frame, data):
    stream = cltu(frame)
    wrong = []
    for start in range(16, 8 * (len(stream) - 8), 64):
        wrong.append(start + data.draw(st.integers(0, 63)))
    decoder = Decoder()
    (out,) = decoder.feed(flipped(stream, *wrong))
    assert out[: len(frame)] == frame
    filler = sum(position % 64 == 16 + 63 - 64 for position in wrong)
    assert decoder.counters.corrected == len(wrong) - filler
    assert Decoder(correct=False).feed(flipped(stream, wrong[0])) == [] or filler


@given(st.integers(0, 15))
def test_start_sequence_with_one_error(position):
    stream = flipped(cltu(bytes(30)), position)
    assert len(Decoder(correct=True).feed(stream)) == 1
    assert Decoder(correct=False).feed(stream) == []


@given(
    st.binary(min_size=14, max_size=60),
    st.binary(min_size=14, max_size=60),
    st.sampled_from((b"", TAIL)),
)
def test_two_cltus_without_a_gap(first, second, tail):
    decoder = Decoder(correct=False)
    stream = cltu(first, tail=tail) + cltu(second, tail=tail)
    # Without a tail the next start is taken for a code block, and by chance is one.
    assume(tail or check(cltu(second)[:8], False)[0] == E_BADMSG)
    out = decoder.feed(stream) + decoder.end()
    assert [x[: len(y)] for x, y in zip(out, (first, second), strict=True)] == [first, second]
    assert decoder.end() == []


def test_noise_before_a_start_does_not_hide_it():
    """A start sequence inside what a false start takes for a code block."""
    frame = bytes(range(40))
    for gap in range(7):
        decoder = Decoder(correct=False)
        (out,) = decoder.feed(START + b"\x00" * gap + cltu(frame))
        assert out[:40] == frame
        assert decoder.counters.starts == 2 and decoder.counters.empty >= 1


def test_A8_cltu_without_tail_ends_with_the_transfer():
    decoder = Decoder()
    assert decoder.feed(cltu(bytes(70), tail=b"")) == []
    assert decoder.end() == [bytes(70)]
    assert len(decoder.feed(cltu(bytes(20)))) == 1


def test_A8_oversize_is_dropped_and_counted():
    decoder = Decoder(correct=False, capacity=259)
    assert decoder.feed(cltu(bytes(1025))) == []
    assert decoder.counters.oversize == 1
    assert len(decoder.feed(cltu(bytes(256)))) == 1


def test_A8_start_sequence_inside_data():
    frame = (START * 20)[:39]
    decoder = Decoder()
    (out,) = decoder.feed(cltu(frame, randomise=False)[: 2 + 48]) or decoder.end()
    assert decoder.counters.starts == 1
    plain = Decoder(randomised=False)
    (out,) = plain.feed(cltu(frame, randomise=False))
    assert out[:39] == frame and plain.counters.starts == 1


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_A8_random_bytes(seed, correct):
    decoder = Decoder(correct)
    # 2 x 10^5 octets each; the million runs in the C fuzzer.
    for piece in range(20):
        for out in decoder.feed(random.Random(seed + piece).randbytes(10_000)):
            assert 0 < len(out) <= 260 and len(out) % 7 == 0
    decoder.end()
    assert len(decoder.feed(cltu(bytes(100)))) == 1


@pytest.mark.parametrize("size", [0, 1, 9, 30])
def test_cut_anywhere_never_hurts(size):
    decoder = Decoder()
    decoder.feed(cltu(bytes(60))[:size])
    assert all(len(x) % 7 == 0 for x in decoder.end())
    assert len(decoder.feed(cltu(bytes(60)))) == 1
