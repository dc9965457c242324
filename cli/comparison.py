"""Two flights of one scenario in different worlds, compared frame by frame, field by field."""

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from flight.packets import fields as types
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.frames import HEADER_SIZE
from ground.packets import TmPacket

HOUSEKEEPING_ID_SIZE = 2
OCF = slice(-6, -2)


@dataclass
class Record:
    """The telemetry of one flight, as it came. Its `frame` is a flight's listener."""

    dictionary: Dictionary
    frames: List[Tuple[float, bytes]] = field(default_factory=list)
    reports: List[Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._decoder = Decoder(self.dictionary, self.reports.append)

    def frame(self, t_s: float, frame: bytes) -> None:
        """Take one frame received at world time `t_s` [s]."""
        self.frames.append((t_s, frame))
        self._decoder.frame(t_s, frame)


@dataclass
class Comparison:
    """What was compared, and every difference as one line."""

    frames: int = 0
    packets: int = 0
    fields: int = 0
    differences: List[str] = field(default_factory=list)


def world_ranges(dictionary: Dictionary) -> Dict[int, List[Tuple[int, int]]]:
    """By packet id: the byte ranges of the body that may differ between worlds."""
    ranges: Dict[int, List[Tuple[int, int]]] = {}
    for packet in dictionary.packets.values():
        at = 0
        ranges[packet.id] = []
        for row in packet.fields:
            size = types.size(row.type.name) * row.type.count
            if row.name in dictionary.world_fields:
                ranges[packet.id].append((at, at + size))
            at += size
    return ranges


def _masked(report: Report, ranges: Dict[int, List[Tuple[int, int]]]) -> bytes:
    """The packet's data with the fields that belong to the world zeroed."""
    if report.kind != "housekeeping":
        return report.packet.data
    data = bytearray(report.packet.data)
    for low, high in ranges[report.id]:
        data[HOUSEKEEPING_ID_SIZE + low : HOUSEKEEPING_ID_SIZE + high] = bytes(high - low)
    return bytes(data)


def _header(packet: TmPacket) -> Dict[str, Any]:
    return {name: value for name, value in packet._asdict().items() if name != "data"}


def _differing(left: Report, right: Report, dictionary: Dictionary) -> Iterator[str]:
    """Names and values of what differs between two packets."""
    ours: Dict[str, Any] = {"kind": left.kind, "name": left.name, **_header(left.packet)}
    theirs: Dict[str, Any] = {"kind": right.kind, "name": right.name, **_header(right.packet)}
    ours.update(left.raw)
    theirs.update(right.raw)
    for name in ours:
        if name in dictionary.world_fields:
            continue
        # repr tells -0.0 from 0.0, which comparing values does not.
        if repr(ours[name]) != repr(theirs.get(name)):
            yield f"{name} {ours[name]!r} != {theirs.get(name)!r}"


def _compare_frames(left: Record, right: Record, result: Comparison) -> None:
    for index, ((t_left, a), (t_right, b)) in enumerate(
        zip(left.frames, right.frames, strict=False)
    ):
        result.frames += 1
        if a[:HEADER_SIZE] != b[:HEADER_SIZE] or a[OCF] != b[OCF] or len(a) != len(b):
            result.differences.append(
                f"frame {index} at {t_left:.3f} s: header {a[:HEADER_SIZE].hex()} and control word"
                f" {a[OCF].hex()} != {b[:HEADER_SIZE].hex()} and {b[OCF].hex()}"
            )
        elif t_left != t_right:
            result.differences.append(f"frame {index}: received at {t_left!r} != {t_right!r} s")
    if len(left.frames) != len(right.frames):
        result.differences.append(f"frames: {len(left.frames)} != {len(right.frames)}")


def compare(left: Record, right: Record, dictionary: Dictionary) -> Comparison:
    """Every frame's header and control word, every packet's header and fields, bit for bit."""
    result = Comparison()
    _compare_frames(left, right, result)
    ranges = world_ranges(dictionary)
    excluded = {
        packet.id: sum(row.name in dictionary.world_fields for row in packet.fields)
        for packet in dictionary.packets.values()
    }
    for index, (ours, theirs) in enumerate(zip(left.reports, right.reports, strict=False)):
        result.packets += 1
        result.fields += len(ours.raw) - excluded.get(ours.id, 0)
        same = _header(ours.packet) == _header(theirs.packet)
        if same and ours.id == theirs.id and _masked(ours, ranges) == _masked(theirs, ranges):
            continue
        where = f"packet {index} ({ours.name} at {ours.time_s:.3f} s onboard)"
        lines = list(_differing(ours, theirs, dictionary)) or ["bits differ"]
        result.differences += [f"{where}: {line}" for line in lines]
    longer: Sequence[Report] = max(left.reports, right.reports, key=len)
    if len(left.reports) != len(right.reports):
        extra = longer[result.packets]
        result.differences.append(
            f"packets: {len(left.reports)} != {len(right.reports)}; the first without a partner is"
            f" {extra.name} at {extra.time_s:.3f} s onboard"
        )
    return result
