"""Fault injection, common to all devices.

`nack`      the address is not acknowledged, -ENODEV; the part itself works on
`dead`      as `nack`, and the part does nothing any more: rods without current, no carrier
`timeout`   the transfer never ends, -ETIMEDOUT (clock held low)
`stuck`     registers (all, or `register`) read what they read first, or `value`
`bit_flip`  bit `bit` of all registers, or of `register`, reads inverted
`wrong_id`  another part answers: the identification reads inverted; parts that have none: all
`garbage`   every byte read is noise
`nack_storm`, `slow`  in a share `fraction` of the 100 ms intervals (0: half of them) as `nack`, as
            `timeout`

The lines `adcs_bus` and `platform_bus` know `stuck_low`, SDA held low, every transfer -ETIMEDOUT,
and `nack_storm` and `garbage` of all their parts. `computer` knows `reset`, the reset line is
pulled at `t_s`, and `brown_out`, the supply of computer and flash memory fails. `python` dies at
`t_s` of onboard time (development images): `vm_fault`, a fault of the processor; `vm_hang`, a loop
without end; `vm_memory`, out of memory where nobody catches it.

Sensors, in what they measure before any register (all axes, or `axis` from 0):
`bias_step`    `fraction` of the full range (`sim/sensor_errors.py: FULL_RANGE`) is added
`noise_scale`  the noise is `factor` times as large
`sign_flip`    the sign is wrong; of a rod that of its dipole, a wheel is the wrong way round
`stuck_value`  the value stays what it was first read as
Wheels: `friction_scale`, the bearing's friction is `factor` times as large. A coarse sun sensor has
no bus of its own: of the kinds above it knows `dead`, no light at all.

Memories: `scramble`, `factor` bytes from address `register` on (from 0) become noise, once.
Flash memory: `stuck_busy`, it never becomes ready; `program_fail` and `erase_fail`, the cycle runs
and changes nothing; `power_cut`, the supply of flash and computer fails in the program or erase
cycle number `operation` (from 1; every one when left out) after `fraction` of its time. Nothing
acknowledges on SPI: a flash that is `nack` or `dead` reads 0xFF.

Without `until_s` a fault stays for ever. Registers are byte addresses of the part's own map; of a
16-bit map byte 2r is the high byte of register r (TMP108, EPS), of FRAM and flash the
memory address, behind which come the flash's identification and status.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

BUS_KINDS = (
    "nack",
    "dead",
    "timeout",
    "stuck",
    "bit_flip",
    "wrong_id",
    "garbage",
    "nack_storm",
    "slow",
)
SENSOR_KINDS = ("bias_step", "noise_scale", "sign_flip", "stuck_value")
WHEEL_KINDS = ("friction_scale",)
FLASH_KINDS = ("stuck_busy", "program_fail", "erase_fail", "power_cut")
MEMORY_KINDS = ("scramble",)
LINE_KINDS = ("stuck_low", "nack_storm", "garbage")
COMPUTER_KINDS = ("reset", "brown_out")
PYTHON_KINDS = ("vm_fault", "vm_hang", "vm_memory")
KINDS = (
    BUS_KINDS
    + SENSOR_KINDS
    + WHEEL_KINDS
    + FLASH_KINDS
    + MEMORY_KINDS
    + LINE_KINDS[:1]
    + COMPUTER_KINDS
    + PYTHON_KINDS
)

# What is no part on a bus: the buses themselves, and the computer.
BUSES, COMPUTER, PYTHON = ("adcs_bus", "platform_bus"), "computer", "python"
LINES = (*BUSES, COMPUTER, PYTHON)
_SENSORS = ("ak09916", "lsm6dso", "mmc5983ma", "css", "fss", "wheel", "gnss", "star_tracker")
_STORM_SHARE = 0.5


def kinds_of(device: str) -> tuple[str, ...]:
    """The faults that the part, line or sensor called `device` can have."""
    if device in BUSES:
        return LINE_KINDS
    if device == COMPUTER:
        return COMPUTER_KINDS
    if device == PYTHON:
        return PYTHON_KINDS
    if device.startswith("css"):
        return ("dead", *SENSOR_KINDS)
    kinds: tuple[str, ...] = BUS_KINDS
    if device.startswith(_SENSORS):
        kinds += SENSOR_KINDS
    if device.startswith("wheel"):
        kinds += WHEEL_KINDS
    if device.startswith("drv8830"):
        kinds += ("sign_flip",)
    if device in ("mb85rc1mt", "w25q128"):
        kinds += MEMORY_KINDS
    if device == "w25q128":
        kinds += FLASH_KINDS
    return kinds


def noise_bytes(text: str, size: int) -> bytes:
    """`size` bytes that look random and depend on `text` alone."""
    return hashlib.shake_128(text.encode()).digest(size)


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
    axis: int | None = None
    fraction: float = 0.0
    factor: float = 1.0
    operation: int | None = None


class FaultSet:
    """The faults of one device and which of them act now."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._all = tuple(faults)
        self.active: tuple[Fault, ...] = ()
        self.started: tuple[Fault, ...] = ()  # by the last `advance`
        self._frozen: dict[tuple[int, int], int] = {}
        self._held: dict[tuple[int, int], float] = {}
        self.next_change_s = min((fault.t_s for fault in self._all), default=float("inf"))

    @property
    def known(self) -> tuple[Fault, ...]:
        """All faults, whether they act or not."""
        return self._all

    def advance(self, t_s: float) -> None:
        """Update `active` for world time `t_s` and say in `next_change_s` when to call again."""
        active = tuple(fault for fault in self._all if fault.t_s <= t_s < fault.until_s)
        self.started = tuple(fault for fault in active if fault not in self.active)
        if active != self.active:
            self.active = active
            self._frozen.clear()
            self._held.clear()
        changes = [edge for fault in self._all for edge in (fault.t_s, fault.until_s) if edge > t_s]
        self.next_change_s = min(changes, default=float("inf"))

    def has(self, kind: str) -> bool:
        """A fault of this kind acts now."""
        return bool(self.active) and any(fault.kind == kind for fault in self.active)

    def strikes(self, kind: str, grid: int) -> bool:
        """A fault of this kind, one that comes and goes, acts at grid point `grid`."""
        for fault in self.active:
            if fault.kind == kind:
                number = int.from_bytes(noise_bytes(f"{fault.device}/{kind}/{grid}", 4), "big")
                if number < (fault.fraction or _STORM_SHARE) * 2**32:
                    return True
        return False

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

    def factor(self, kind: str, axis: int = 0) -> float:
        """Product of the factors of all faults of this kind that act on `axis` now."""
        product = 1.0
        for fault in self.active:
            if fault.kind == kind and fault.axis in (None, axis):
                product *= fault.factor
        return product

    def distort(self, values: Sequence[float], full_range: float) -> tuple[float, ...]:
        """What a sensor measures instead of `values` (noise included), axis by axis."""
        result = list(values)
        for index, fault in enumerate(self.active):
            if fault.kind not in SENSOR_KINDS:
                continue
            axes = range(len(result)) if fault.axis is None else (fault.axis,)
            for axis in axes:
                if axis >= len(result):
                    continue
                if fault.kind == "bias_step":
                    result[axis] += fault.fraction * full_range
                elif fault.kind == "sign_flip":
                    result[axis] = -result[axis]
                elif fault.kind == "stuck_value":
                    result[axis] = self._held.setdefault((index, axis), result[axis])
        return tuple(result)
