"""Reed-Solomon, dual basis: our encoder in C and our decoder against libfec (Debian: libfec0)."""

from __future__ import annotations

import ctypes
import ctypes.util
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground import coding
from native.linkcodec import ffi, lib

pytestmark = pytest.mark.interop

BLOCK, DATA, PARITY = 255, 223, 32
frames = st.binary(min_size=DATA, max_size=DATA)


@pytest.fixture(scope="module")
def fec():
    found = ctypes.util.find_library("fec")
    assert found, "libfec is missing: make interop installs it"
    return ctypes.CDLL(found)


def libfec_parity(fec, data):
    parity = ctypes.create_string_buffer(PARITY)
    fec.encode_rs_ccsds(data, parity, 0)
    return parity.raw


def libfec_decode(fec, block):
    """The corrected block and the number of errors, negative when there are too many."""
    buffer = ctypes.create_string_buffer(block, BLOCK)
    count = fec.decode_rs_ccsds(buffer, None, 0, 0)
    return buffer.raw, count


def damaged(block, errors, seed):
    """`block` with so many wrong octets."""
    source = random.Random(seed)
    out = bytearray(block)
    for position in source.sample(range(BLOCK), errors):
        out[position] ^= source.randrange(1, 256)
    return bytes(out)


@given(data=frames)
def test_the_onboard_encoder_agrees(fec, data):
    parity = ffi.new("uint8_t[32]")
    lib.mf_rs_encode(data, parity)
    assert bytes(parity) == libfec_parity(fec, data)


@given(data=frames)
def test_the_ground_computes_the_same_parity(fec, data):
    assert coding.parity_of(data) == libfec_parity(fec, data)


@given(data=frames, errors=st.integers(0, 16), seed=st.integers(0, 1 << 30))
def test_both_correct_up_to_sixteen_octets(fec, data, errors, seed):
    block = data + libfec_parity(fec, data)
    wrong = damaged(block, errors, seed)
    assert libfec_decode(fec, wrong) == (block, errors)
    assert coding.correct(wrong) == data


@given(data=frames, seed=st.integers(0, 1 << 30))
def test_both_refuse_seventeen(fec, data, seed):
    wrong = damaged(data + libfec_parity(fec, data), 17, seed)
    assert libfec_decode(fec, wrong)[1] < 0
    assert coding.correct(wrong) is None


def test_libfec_reads_what_the_radio_sent(fec, flight):
    for burst, frame in zip(flight.bursts, flight.frames, strict=True):
        plain = coding.derandomise(burst[len(coding.MARKER) :])
        assert libfec_decode(fec, plain) == (plain, 0)
        assert plain[:DATA] == frame
