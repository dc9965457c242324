"""Scrubbing of code: every bit counts, whatever the slices; a pass is as long in every world."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import native

SPAN = 448 * 1024


def a_pass(scrub, size):
    steps = 0
    while True:
        steps += 1
        status = scrub.step(size)
        if status:
            return status, steps


@given(st.binary(min_size=1, max_size=9000), st.integers(500, 8000), st.data())
def test_every_bit_counts(content, slice_size, data):
    code = bytearray(content)
    scrub = native.Scrub(code, zlib.crc32(content))
    steps = -(-SPAN // slice_size)
    assert a_pass(scrub, slice_size) == (1, steps)
    bit = data.draw(st.integers(0, 8 * len(code) - 1))
    code[bit // 8] ^= 1 << bit % 8
    assert a_pass(scrub, slice_size) == (-74, steps)
    code[bit // 8] ^= 1 << bit % 8
    assert a_pass(scrub, slice_size) == (1, steps)


@pytest.mark.parametrize("size", [1, 4095, 4096, SPAN - 1, SPAN])
def test_sizes_up_to_the_whole_slot(size):
    code = bytearray(size)
    code[-1] = 0xA5
    scrub = native.Scrub(code, zlib.crc32(code))
    assert a_pass(scrub, 4096) == (1, 112)
    code[-1] ^= 1
    assert a_pass(scrub, 4096)[0] == -74


def test_chained_crc_is_that_of_the_whole():
    data, out = bytearray(range(200)), bytearray(6)
    native.crc32_into(data, 0, 70, out, 1)
    native.crc32_into(data, 70, 130, out, 1, True)
    assert out[1:5] == zlib.crc32(data).to_bytes(4, "big")
