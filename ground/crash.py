"""A crash record in words: what failed, where, what the processor held (packet crash_record)."""

from typing import Any, List, Mapping

PACKET = "crash_record"
_KINDS = {
    1: "error that nobody caught",
    2: "return without a catcher",
    3: "fault in the thread of Python",
    4: "fault in a handler",
}
# Configurable fault status register, ARMv7-M Architecture Reference Manual B3.2.15.
_CAUSES = (
    (0, "instruction fetch forbidden"),
    (1, "access forbidden"),
    (3, "unstacking forbidden"),
    (4, "stacking forbidden"),
    (5, "saving of floating-point registers forbidden"),
    (8, "bus error at an instruction"),
    (9, "bus error at data"),
    (10, "bus error at data, late"),
    (11, "bus error at unstacking"),
    (12, "bus error at stacking"),
    (13, "bus error at saving of floating-point registers"),
    (16, "undefined instruction"),
    (17, "wrong instruction set"),
    (18, "wrong exception return"),
    (19, "no such coprocessor"),
    (24, "unaligned access"),
    (25, "division by zero"),
)
_ADDRESS_VALID = 1 << 7 | 1 << 15
_NAMES = ("r0", "r1", "r2", "r3", "r12", "xpsr", "hfsr", "mmfar", "bfar", "sp")


def causes(fault_status: int) -> List[str]:
    """What a fault status register says."""
    return [text for bit, text in _CAUSES if fault_status >> bit & 1]


def lines(raw: Mapping[str, Any]) -> List[str]:
    """The record as lines of text. `raw`: its fields as they came."""
    kind = _KINDS.get(raw["crash_kind"], f"unknown kind {raw['crash_kind']}")
    words = bytes(raw["crash_text"]).rstrip(b"\0").decode("ascii", "replace")
    found = [f"crash number {raw['crash_count']} since power-on: {kind}"]
    if raw["crash_kind"] <= 2:
        where = f", line {raw['crash_line']}" if raw["crash_line"] else ""
        return [*found, f"  {words}{where}"] if words or where else found
    status = raw["fault_status"]
    what = ", ".join(causes(status)) or "no cause given"
    at = f" at {raw['fault_address']:#010x}" if status & _ADDRESS_VALID else ""
    found.append(f"  exception {raw['crash_exception']}: {what}{at}; cfsr {status:#010x}")
    found.append(f"  pc {raw['crash_pc']:#010x}  lr {raw['crash_lr']:#010x}")
    registers = [
        f"{name} {value:#010x}" for name, value in zip(_NAMES, raw["crash_registers"], strict=False)
    ]
    stack = [f"{word:08x}" for word in raw["crash_stack"]]
    found += ["  " + "  ".join(registers[at : at + 5]) for at in (0, 5)]
    return [*found, "  stack " + " ".join(stack)]


def text(raw: Mapping[str, Any]) -> str:
    """As `lines`, in one piece."""
    return "\n".join(lines(raw))
