"""Telemetry coding: Reed-Solomon against reedsolo and the definition of the dual basis."""

import pytest
import reedsolo
from hypothesis import given
from hypothesis import strategies as st

from native.linkcodec import ffi, lib
from tests.native.link_rig import TM_TAPS, randomiser, xor

FIELD = 0x187


def multiply(a, b):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a = a << 1 ^ (FIELD if a & 0x80 else 0)
        b >>= 1
    return out


def power(a, n):
    out = 1
    for _ in range(n):
        out = multiply(out, a)
    return out


def trace(a):
    out = 0
    for _ in range(8):
        out ^= a
        a = multiply(a, a)
    return out


# The dual basis by its definition (131.0-B annex F): coordinate i is Tr(z delta^i), where delta is
# alpha^117; coordinate 0 is the first bit.
DELTA = [power(2, 117 * i % 255) for i in range(8)]
TO_DUAL = bytes(
    int("".join(str(trace(multiply(z, delta))) for delta in DELTA), 2) for z in range(256)
)
TO_CONVENTIONAL = bytes(TO_DUAL.index(z) for z in range(256))
ORACLE = reedsolo.RSCodec(32, nsize=255, fcr=112, prim=FIELD, generator=173)

blocks = st.binary(min_size=223, max_size=223)


def parity(data):
    out = ffi.new("uint8_t[32]")
    lib.mf_rs_encode(data, out)
    return bytes(out)


@given(blocks)
def test_parity_is_that_of_an_independent_encoder(data):
    encoded = bytes(ORACLE.encode(data.translate(TO_CONVENTIONAL)))
    assert data + parity(data) == encoded.translate(TO_DUAL)


def test_table_of_every_octet():
    for octet in range(256):
        data = bytes(222) + bytes((octet,))
        encoded = bytes(ORACLE.encode(data.translate(TO_CONVENTIONAL)))
        assert parity(data) == encoded.translate(TO_DUAL)[223:]


def cadu(data):
    out = ffi.new("uint8_t[259]")
    ffi.memmove(out + 4, data, 223)
    lib.mf_tm_cadu(out)
    return bytes(out)


@given(blocks, st.sets(st.integers(0, 254), max_size=16), st.integers(1, 255))
def test_cadu_is_decoded_with_sixteen_errors(data, places, error):
    received = bytearray(cadu(data))
    assert received[:4] == bytes.fromhex("1acffc1d")
    block = bytearray(xor(received[4:], randomiser(TM_TAPS, 255)))
    for place in places:
        block[place] ^= error
    decoded = ORACLE.decode(bytes(block).translate(TO_CONVENTIONAL))[0]
    assert bytes(decoded).translate(TO_DUAL) == data


def test_seventeen_errors_are_not_decoded():
    block = bytearray(xor(cadu(bytes(range(223)))[4:], randomiser(TM_TAPS, 255)))
    for place in range(17):
        block[7 * place] ^= 0x5A
    with pytest.raises(reedsolo.ReedSolomonError):
        ORACLE.decode(bytes(block).translate(TO_CONVENTIONAL))


@given(st.binary(max_size=700))
def test_randomiser(data):
    assert randomiser(TM_TAPS, 5) == bytes.fromhex("ff480ec09a")  # as printed in the standard
    buffer = ffi.new("uint8_t[]", data or b"\0")
    lib.mf_tm_randomise(buffer, len(data))
    sequence = (randomiser(TM_TAPS, 255) * 3)[: len(data)]
    assert bytes(ffi.buffer(buffer, len(data))) == xor(data, sequence)
    lib.mf_tm_randomise(buffer, len(data))
    assert bytes(ffi.buffer(buffer, len(data))) == data


def convolved(data):
    """Bit by bit: G1 = 1111001, G2 = 1011011 inverted, newest bit first."""
    bits = [0] * 6 + [octet >> (7 - k) & 1 for octet in data for k in range(8)]
    out = []
    for i in range(6, len(bits)):
        window = bits[i - 6 : i + 1][::-1]
        out.append(sum(x & int(g) for x, g in zip(window, "1111001", strict=True)) & 1)
        out.append(1 ^ sum(x & int(g) for x, g in zip(window, "1011011", strict=True)) & 1)
    return bytes(int("".join(map(str, out[i : i + 8])), 2) for i in range(0, len(out), 8))


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
def test_convolutional_code_goes_on_over_calls(pieces):
    state = ffi.new("mf_conv_t *")
    lib.mf_conv_reset(state)
    encoded = b""
    for piece in pieces:
        out = ffi.new("uint8_t[]", 2 * len(piece))
        lib.mf_conv_encode(state, piece, len(piece), out)
        encoded += bytes(out)
    assert encoded == convolved(b"".join(pieces))
