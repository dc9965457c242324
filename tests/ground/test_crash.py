"""A crash record in words."""

import pytest

from ground import crash

FAULT = {
    "crash_kind": 3,
    "crash_exception": 5,
    "crash_line": 0,
    "crash_count": 2,
    "vm_restarts": 2,
    "crash_pc": 0x08012344,
    "crash_lr": 0x08012001,
    "fault_status": 1 << 9 | 1 << 15,
    "fault_address": 0x60000000,
    "crash_text": [0] * 24,
    "crash_registers": [1, 2, 3, 4, 12, 0x21000000, 0, 0xE000EDF8, 0x60000000, 0x20007FD0],
    "crash_stack": list(range(8)),
}


def test_a_fault_says_what_failed_where_and_what_the_processor_held():
    assert crash.text(FAULT).splitlines() == [
        "crash number 2 since power-on: fault in the thread of Python",
        "  exception 5: bus error at data at 0x60000000; cfsr 0x00008200",
        "  pc 0x08012344  lr 0x08012001",
        "  r0 0x00000001  r1 0x00000002  r2 0x00000003  r3 0x00000004  r12 0x0000000c",
        "  xpsr 0x21000000  hfsr 0x00000000  mmfar 0xe000edf8  bfar 0x60000000  sp 0x20007fd0",
        "  stack " + " ".join(f"{word:08x}" for word in range(8)),
    ]


def test_an_error_of_python_says_its_type_and_line():
    text = [*b"ValueError app.py".ljust(24, b"\0")]
    raw = {**FAULT, "crash_kind": 1, "crash_line": 42, "crash_text": text}
    assert crash.lines(raw)[1:] == ["  ValueError app.py, line 42"]
    assert crash.lines({**FAULT, "crash_kind": 2}) == [
        "crash number 2 since power-on: return without a catcher"
    ]


@pytest.mark.parametrize("bit", range(32))
def test_every_cause_has_words_of_its_own(bit):
    known = bit in (*range(5), 5, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 24, 25) and bit != 2
    assert len(crash.causes(1 << bit)) == known
    assert len(set(crash.causes(0xFFFFFFFF))) == 17
