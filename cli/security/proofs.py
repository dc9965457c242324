"""What an attack on the telecommand link does not show: telemetry, power cuts, silence."""

import random
from pathlib import Path
from typing import Any, Callable, Dict, List

from cli.security.cases import CASES
from cli.security.file_cases import FILE_PROOFS
from cli.security.flight import Attack, ping, resealed
from cli.security.receiver import Receiver
from cli.security.service_proofs import SERVICE_PROOFS
from flight import dictionary
from ground import keys
from ground.frames import FrameReader
from ground.frontend import FrontEnd
from ground.security import TmSecurity

CADU = 259
SAVED = 24  # octets of a record of the counters


def _downlink() -> List[bytes]:
    """Blocks of a spacecraft that sends packets of EC on channel 1."""
    receiver = Receiver(keys.development())
    out, found = bytearray(CADU), []
    for number in range(12):
        packet = bytes((0x09, 0x40, 0xC0, number, 0, 143)) + bytes(144)
        receiver.link.tx_push(1, packet, 0, 0, len(packet))
        if receiver.link.tx_frame(1, out) == CADU:
            found.append(bytes(out))
    return found


class _Ground:
    """A front end and the frame reader of a partner; `packets` got through."""

    def __init__(self, link_keys: Dict[str, bytes]) -> None:
        self.security = TmSecurity(link_keys)
        self.reader = FrameReader(dictionary.SCID, len(dictionary.PARTNERS), self.security)
        self.packets: List[bytes] = []
        self.front_end = FrontEnd(self._frame)

    def _frame(self, t_s: float, frame: bytes) -> None:
        delivery = self.reader.read(frame)
        self.packets += delivery.packets if delivery else []


def hear_with(link_keys: Dict[str, bytes]) -> "tuple[int, int]":
    """Packets of EC that a ground with these keys reads, and frames that stay sealed to it."""
    ground = _Ground(link_keys)
    for block in _downlink():
        ground.front_end(0.0, block)
    return len(ground.packets), ground.reader.counters.sealed


def a20(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
    """Telemetry that cannot be corrected, is missing, has a wrong pointer or a wrong key."""
    problems, blocks = [], _downlink()
    noise = random.Random(20)
    ours = keys.development()

    def hear(name: str, octets: List[bytes], link_keys: Dict[str, bytes] = ours) -> _Ground:
        ground = _Ground(link_keys)
        for block in octets:
            ground.front_end(0.0, block)
        if any(packet[3] >= len(blocks) for packet in ground.packets):
            problems.append(f"{name}: a packet that was never sent")
        return ground

    clean = hear("clean", blocks)
    if len(clean.packets) < len(blocks) - 1 or clean.reader.counters.bad_frames:
        problems.append("clean telemetry does not come through")
    spoilt = bytearray(blocks[5])
    for at in noise.sample(range(4, CADU), 40):
        spoilt[at] ^= 0xFF
    bad = hear("uncorrectable", [*blocks[:5], bytes(spoilt), *blocks[6:]])
    if bad.front_end.uncorrectable != 1 or bad.reader.counters.vc_gaps != 1:
        problems.append("a block that cannot be corrected is not counted, or leaves no gap")
    gap = hear("gap", blocks[:5] + blocks[7:])
    if (gap.reader.counters.gaps, gap.reader.counters.lost_frames) != (1, 2):
        problems.append("a gap of the counts is not told")
    wrong = hear("wrong key", blocks, {**ours, "tm-EC": bytes(range(32))})
    if wrong.packets or wrong.reader.counters.bad_security != len(blocks):
        problems.append("frames under another key are not refused")
    if not wrong.reader.counters.bad_frames:
        problems.append("frames under another key are not shown as bad")
    replayed = hear("replayed", [*blocks, *blocks[:4]])
    if replayed.security.refused["replayed"] != 4 or len(replayed.packets) != len(clean.packets):
        problems.append("frames of the past are taken for new ones")
    host = hear("host", blocks, {"tc-host": ours["tc-host"]})
    if host.packets or host.reader.counters.sealed != len(blocks):
        problems.append("a ground without the key reads a partner's telemetry")
    return problems, {
        "uncorrectable": bad.front_end.uncorrectable,
        "vc_gaps": gap.reader.counters.vc_gaps,
        "bad_security": wrong.reader.counters.bad_security,
        "replayed": replayed.security.refused["replayed"],
        "sealed": host.reader.counters.sealed,
    }


def a24(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
    """Power cut at every octet while a counter is saved."""
    problems, refused = [], 0
    link_keys = keys.development()
    for left in range(SAVED + 1):
        receiver = Receiver(link_keys)
        frames = [receiver.security.frame(1, ping(1)) for _ in range(3)]
        receiver.frame(frames[0])
        receiver.memory.left = left
        taken = receiver.frame(frames[1])
        receiver.memory.left = None
        later = Receiver(link_keys, receiver.memory)
        again = later.frame(frames[0]) + (later.frame(frames[1]) if taken else [])
        if again:
            problems.append(f"after {left} octets a frame is carried out twice")
        if not later.frame(frames[2]):
            problems.append(f"after {left} octets a good telecommand is refused")
        refused += later.counters(1).get("sdls_replayed", 0)
    return problems, {"sdls_replayed": refused}


def _seen(attack: Attack) -> List[Any]:
    """All telemetry but the counters of the owners of the channels."""
    return [
        (report.name, report.kind, report.text, report.raw, report.received_s)
        for report in attack.fly().reports
        if report.name not in [f"tc_{partner[0]}" for partner in dictionary.PARTNERS]
    ]


def a25(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
    """What was wrong with a frame shows in its owner's counters and nowhere else."""
    heard = []
    for changes in ({7: 99}, {25: 0x00}, {7: 18}, {19: 0x7F}):
        attack = Attack("A25", world, elf)
        frame = attack.security.frame(1, ping(1))
        changed = {at: value ^ (frame[at] == value) for at, value in changes.items()}
        attack.send(resealed(frame, changed))
        heard.append(_seen(attack))
    problems = [
        f"telemetry tells refusal {number} from refusal 0"
        for number, reports in enumerate(heard)
        if reports != heard[0]
    ]
    return problems, {"flights": len(heard), "packets": sum(map(len, heard))}


def flown(name: str) -> "Callable[[str, Path], tuple[List[str], Dict[str, int]]]":
    """One of the abuse cases, flown."""

    def fly(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
        attack = Attack(name, world, elf)
        CASES[name](attack)
        result = attack.fly()
        return result.problems(), result.counters()

    fly.__doc__ = CASES[name].__doc__
    return fly


def a2(world: str, elf: Path) -> "tuple[List[str], Dict[str, int]]":
    """A frame again: at once, later, on another channel, after a reset."""
    problems, counters = flown("A2")(world, elf)
    first = Receiver(keys.development())
    frames = [first.security.frame(vc, ping(vc)) for vc in range(4)]
    if not all(first.frame(frame) for frame in frames):
        problems.append("good telecommands are refused")
    later = Receiver(keys.development(), first.memory)
    if any(later.frame(frame) for frame in frames):
        problems.append("a frame is carried out again after a reset")
    counters["sdls_replayed"] += sum(later.counters(vc).get("sdls_replayed", 0) for vc in range(4))
    return problems, counters


PROOFS: "Dict[str, Callable[[str, Path], tuple[List[str], Dict[str, int]]]]" = {
    **{name: flown(name) for name in CASES},
    "A2": a2,
    **SERVICE_PROOFS,
    **FILE_PROOFS,
    "A20": a20,
    "A24": a24,
    "A25": a25,
}
PROOFS = dict(sorted(PROOFS.items(), key=lambda item: int(item[0][1:])))
