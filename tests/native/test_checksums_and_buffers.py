"""CRCs against independent implementations; the buffer functions against plain Python."""

import binascii
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import native

ROOT = Path(__file__).resolve().parents[2]
CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}


def test_version_is_the_projects():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r'^version = "(.*)"$', project, re.MULTILINE) == [native.VERSION]


def test_module_says_what_it_is():
    assert native.FLIGHT_BUILD is False
    assert native.TICK_PERIOD_MS == 100
    with pytest.raises(AttributeError):
        _ = native.no_such_name


def test_crc16_known_answer():
    assert native.crc16(b"123456789", 0, 9) == 0x29B1


@given(st.binary(max_size=300), st.binary(max_size=9))
def test_crc16_against_binascii(data, before):
    assert native.crc16(before + data, len(before), len(data)) == binascii.crc_hqx(data, 0xFFFF)


@given(st.binary(max_size=300))
def test_crc32_against_binascii(data):
    out = bytearray(6)
    native.crc32_into(data, 0, len(data), out, 1)
    assert out == b"\0" + struct.pack(">I", binascii.crc32(data)) + b"\0"


@given(st.binary(min_size=1, max_size=64), st.data())
def test_copy_moves_even_when_areas_overlap(data, draw):
    n = draw.draw(st.integers(0, len(data)))
    src = draw.draw(st.integers(0, len(data) - n))
    dst = draw.draw(st.integers(0, len(data) - n))
    buf = bytearray(data)
    native.copy(buf, dst, buf, src, n)
    expected = bytearray(data)
    expected[dst : dst + n] = data[src : src + n]
    assert buf == expected


@pytest.mark.parametrize("where", [(-1, 0, 4), (5, 0, 4), (0, -1, 4), (0, 5, 4), (0, 0, -1)])
def test_copy_refuses_what_is_out_of_bounds(where):
    dst_off, src_off, n = where
    target = bytearray(8)
    with pytest.raises(ValueError):
        native.copy(target, dst_off, b"12345678", src_off, n)
    assert target == bytearray(8)


def test_nothing_is_written_into_constants():
    with pytest.raises(BufferError):
        native.copy(b"abcd", 0, b"1234", 0, 4)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.data())
def test_in_range_of_integers(lo, hi, draw):
    value = draw.draw(st.integers(-(2**31), 2**31 - 1))
    image = b"\xff" + struct.pack(">i", value)
    assert native.in_range(image, 1, "i32", lo, hi) == (lo <= value <= hi)


def test_in_range_of_floats_compares_in_single_precision():
    image = struct.pack(">f", 0.1)
    assert struct.unpack(">f", image)[0] > 0.1
    assert native.in_range(image, 0, "f32", 0.0, 0.1)
    assert not native.in_range(image, 0, "f32", 0.11, 1.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_in_range_refuses_what_is_not_a_number(value):
    assert not native.in_range(struct.pack(">f", value), 0, "f32", -1e38, 1e38)


def test_in_range_refuses_unknown_types_and_short_buffers():
    with pytest.raises(ValueError):
        native.in_range(b"1234", 0, "u64", 0, 1)
    with pytest.raises(ValueError):
        native.in_range(b"123", 0, "u32", 0, 1)


@pytest.mark.parametrize("code", CODES)
def test_swap_copy_reverses_each_value(code):
    values = (1, 2, 3) if code != "f32" else (1.5, -2.25, 3.0)
    little = struct.pack("<3" + CODES[code], *values)
    out = bytearray(len(little))
    native.swap_copy(out, 0, little, 0, code, 3)
    assert out == struct.pack(">3" + CODES[code], *values)
    native.swap_copy(out, 0, out, 0, code, 3)
    assert out == little
