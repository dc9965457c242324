"""Bit flips: which bit of which memory, at which exchange of the device bus.

Within a region every bit is as likely as any other. The regions have fixed shares: by size alone
code and heap would take all but one flip in ten, and what survival depends on would hardly be hit.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence, Tuple

from cli.campaigns.faults_qemu import Region, regions

FLIP, BOOT_FLIP = "flip", "boot-flip"
PHASE = "pointing"
BOUND_S = 120.0
FIRST_S, LAST_S = 1.5, 75.0
BOOT_BLOCK = "boot block"
# Percent of the flips; what an image lacks goes to the others.
SHARES: Tuple[Tuple[str, int], ...] = (
    ("data", 2),
    ("bss", 10),
    ("kernel", 14),
    ("handler stack", 4),
    ("VM stack", 12),
    ("frame stack", 3),
    ("heap", 25),
    ("slot A", 30),
)
# A flip in the boot block shows at the next start only: the reset line is pulled so much later.
BOOT_RESET_S = 20.0


@dataclass(frozen=True)
class Flip:
    """Flip number `number` of a campaign: `bit` of the byte at `address`, at `instant` (0 .. 1) of
    the flight's window."""

    number: int
    region: str
    address: int
    bit: int
    instant: float


def flip_id(number: int, boot: bool = False) -> str:
    """Name of a flip."""
    return f"{BOOT_FLIP if boot else FLIP}/{number}"


def _draw(seed: int, what: str) -> float:
    digest = hashlib.blake2b(f"{seed}/flip/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def _pick(found: Sequence[Region], draw: float) -> Region:
    """A region by its share."""
    by_name = {region.name: region for region in found}
    there = [(by_name[name], share) for name, share in SHARES if name in by_name]
    left = draw * sum(share for _, share in there)
    for region, share in there:
        if left < share:
            return region
        left -= share
    return there[-1][0]


def draw_flip(seed: int, number: int, boot: bool, elf: Path) -> Flip:
    """Flip `number` of the campaign with `seed` in the image `elf`."""
    found = regions(elf)
    word = f"{'boot/' if boot else ''}{number}"
    if boot:
        region = next(region for region in found if region.name == BOOT_BLOCK)
    else:
        region = _pick(found, _draw(seed, f"{word}/region"))
    bits = 8 * (region.end - region.start)
    bit = int(_draw(seed, f"{word}/bit") * bits)
    return Flip(number, region.name, region.start + bit // 8, bit % 8, _draw(seed, f"{word}/t"))


def exchange_at(
    times_us: Sequence[int], gap_us: int, first_s: float, last_s: float, instant: float
) -> Tuple[int, float]:
    """(number of the exchange, its onboard time [s]): of those between `first_s` and `last_s` that
    the processor slept before, the one at `instant` (0 .. 1)."""
    slept: List[int] = [
        number
        for number in range(3, len(times_us) + 1)
        if times_us[number - 1] - times_us[number - 2] > gap_us
        and first_s <= times_us[number - 1] * 1e-6 <= last_s
    ]
    number = slept[min(len(slept) - 1, int(instant * len(slept)))]
    return number, times_us[number - 1] * 1e-6
