"""The C images that go down as packets are what the dictionary says they are."""

import struct

import pytest

from flight import dictionary
from native.cffi.loader import ffi

CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}
IMAGES = {
    "adcs_report": "mf_report_t",
    "tick_stats": "mf_tick_stats_t",
    "link_counters": "mf_link_counters_t",
}
# The dictionary folds minimum, mean and maximum into one array; C names them.
FOLDED = {"jitter_ns": "jitter_min_ns", "duration_ns": "duration_min_ns"}


def packet(name):
    for subsystem in dictionary.SUBSYSTEMS:
        for row in subsystem.PACKETS:
            if row[1] == name:
                return row
    raise AssertionError(f"no packet {name} in the dictionary")


@pytest.mark.parametrize(("name", "ctype"), IMAGES.items())
def test_offsets_and_size(name, ctype):
    row = packet(name)
    assert row[3] == "little"
    offset, image = 0, "<"
    offsets = dict(ffi.typeof(ctype).fields)
    for field in row[5]:
        base, _, count = field[1].partition("[")
        code = (count.rstrip("]") or "1") + CODES[base]
        c_name = FOLDED.get(field[0], field[0])
        assert c_name in offsets, f"{ctype} has no {c_name}"
        assert offsets[c_name].offset == offset, field[0]
        if field[0] not in FOLDED:
            assert ffi.sizeof(offsets[c_name].type) == struct.calcsize("<" + code), field[0]
        image += code
        offset = struct.calcsize(image)
    assert offset == ffi.sizeof(ctype)


def test_kernel_event_is_twelve_packed_bytes():
    fields = dict(ffi.typeof("mf_kernel_event_t").fields)
    assert [fields[name].offset for name in ("time_ms", "id", "arg0", "arg1")] == [0, 4, 6, 8]
    assert ffi.sizeof("mf_kernel_event_t") == 12


def test_every_kernel_event_is_in_the_dictionary():
    known = {row[0] for subsystem in dictionary.SUBSYSTEMS for row in subsystem.EVENTS}
    made = ffi.typeof("enum mf_kernel_event_id").relements.values()
    assert set(made) <= known
