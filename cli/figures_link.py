"""Figures of the space link: instructions, bytes of code and state, share of the processor."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Callable, Dict, List

from cli.errors import CliError
from cli.figures import Bench, Figure

CLOCK_HZ = 168e6
CYCLES_PER_INSTRUCTION = 1.4  # of a Cortex-M4 with code in flash
FRAME_OCTETS, CADU_BITS = 223, 259 * 8
RATE_BIT_S = 1e6
# A section of a linker's map that was placed: its size and its object file.
_PLACED = re.compile(r"^ \.(?:text|rodata)\S*\s+0x0*([1-9a-f][0-9a-f]*)\s+0x([0-9a-f]+) (\S+)")


@cache
def _counts() -> Dict[str, Dict[str, Any]]:
    from native import bare, count
    from native.bare.kernels_link import KERNELS

    try:
        return count.count(KERNELS)
    except (bare.BareError, RuntimeError) as error:
        raise CliError(str(error)) from error


def code_bytes(elf: Path) -> int:
    """Code and constants of the link and its cipher in an image. Raises `CliError`."""
    path = elf.with_name("linked.map")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}; build it: make firmware") from error
    # A long name of a section stands on a line of its own.
    total = 0
    for line in re.sub(r"\n {16,}0x", " 0x", text).splitlines():
        found = _PLACED.match(line)
        if found and ("/src/link/" in found[3] or "/src/crypto/" in found[3]):
            total += int(found[2], 16)
    if not total:
        raise CliError(f"{path}: names no code of the link")
    return total


def link(bench: Bench) -> List[Figure]:
    """What the link costs: instructions, share of the processor, flash, RAM."""

    def made(name: str, key: str = "instructions") -> int:
        return int(_counts()[name][key])

    def share(*names: str) -> float:
        per_frame = sum(made(name) for name in names)
        cycles = per_frame * CYCLES_PER_INSTRUCTION * RATE_BIT_S / CADU_BITS
        return round(100 * cycles / CLOCK_HZ, 1)

    figure = bench.figure
    rows: "List[tuple[str, Callable[[], float], float, str]]" = [
        ("secured telecommand of 64 B", lambda: made("link_telecommand_64"), 40_000, "insn"),
        (
            "secured telecommand of 64 B, a bit per block corrected",
            lambda: made("link_telecommand_64_corrected"),
            40_000,
            "insn",
        ),
        (
            "telemetry: FECF, RS, randomiser",
            lambda: round(made("link_tm_code") / FRAME_OCTETS, 1),
            100,
            "insn/B",
        ),
        ("processor at 1 Mbit/s, clear", lambda: share("link_tm_code"), 12, "%"),
        (
            "processor at 1 Mbit/s, protected",
            lambda: share("link_tm_code", "link_tm_protect"),
            45,
            "%",
        ),
        ("link code", lambda: code_bytes(bench.elf), 24 * 1024, "B"),
        ("link state", lambda: made("link_idle_frame", "state_B"), 16 * 1024, "B"),
    ]
    return [figure(name, measure, limit, unit) for name, measure, limit, unit in rows]


GROUPS = {"link": link}
