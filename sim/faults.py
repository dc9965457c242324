"""Fault injection, common to all devices.

`nack`      the address is not acknowledged, -ENODEV; the part itself works on
`dead`      as `nack`, and the part does nothing any more: rods without current, no carrier
`timeout`   the transfer never ends, -ETIMEDOUT (clock held low)
`stuck`     registers (all, or `register`) read what they read first, or `value`
`bit_flip`  bit `bit` of all registers, or of `register`, reads inverted
`wrong_id`  another part answers: the identification reads inverted; parts that have none: all

Without `until_s` a fault stays for ever. Registers are byte addresses of the part's own map; of a
16-bit map byte 2r is the high byte of register r (TMP108, EPS), of the FRAM the memory address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("nack", "dead", "timeout", "stuck", "bit_flip", "wrong_id")


@dataclass(frozen=True)
class Fault:
    """One fault of one device, from `t_s` (inclusive) to `until_s` (exclusive) of world time."""

    device: str
    kind: str
    t_s: float = 0.0
    until_s: float = float("inf")
    register: int | None = None
    bit: int = 0
    value: int | None = None


class FaultSet:
    """The faults of one device and which of them act now."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._all = tuple(faults)
        self.active: tuple[Fault, ...] = ()
        self._frozen: dict[tuple[int, int], int] = {}
        self.next_change_s = min((fault.t_s for fault in self._all), default=float("inf"))

    def advance(self, t_s: float) -> None:
        """Update `active` for world time `t_s` and say in `next_change_s` when to call again."""
        active = tuple(fault for fault in self._all if fault.t_s <= t_s < fault.until_s)
        if active != self.active:
            self.active = active
            self._frozen.clear()
        changes = [edge for fault in self._all for edge in (fault.t_s, fault.until_s) if edge > t_s]
        self.next_change_s = min(changes, default=float("inf"))

    def has(self, kind: str) -> bool:
        """A fault of this kind acts now."""
        return bool(self.active) and any(fault.kind == kind for fault in self.active)

    def corrupt(self, register: int, value: int, is_id: bool) -> int:
        """What a read of the byte `register` gives instead of `value`."""
        for index, fault in enumerate(self.active):
            if fault.register is not None and fault.register != register:
                continue
            if fault.kind == "stuck":
                if fault.value is not None:
                    value = fault.value
                else:
                    value = self._frozen.setdefault((index, register), value)
            elif fault.kind == "bit_flip":
                value ^= 1 << fault.bit
            elif fault.kind == "wrong_id" and is_id:
                value ^= 0xFF
        return value
