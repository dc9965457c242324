"""Figures of the ground: how fast it reads telemetry, against the libraries others would use.

Each ratio is of one run: both read the same recorded telemetry in turns, and the best turn of each
counts, which leaves out whatever else the computer did meanwhile.
"""

import tempfile
import time
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from cli.errors import CliError
from cli.figures import Bench, Figure
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.frames import DATA_SIZE, FRAME_SIZE, IDLE_APID, NO_PACKET_START, FrameReader
from ground.packets import parse_tm
from ground.xtce import xtce

FLIGHT_S = 240.0
TURNS = 5
HOST_VC, OWNERS = 0, 4
PUS_HEADER = 0x08
TIME_SIZE = 7
HEADER_LIMIT, VALUES_LIMIT = 1.2, 2.0


class Telemetry:
    """Frames of the clear channel of a short flight."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @cached_property
    def frames(self) -> List[bytes]:
        """Frames of virtual channel 0, in order."""
        overrides = [f"duration_s={FLIGHT_S}"]
        flight = self._bench.fly("desktop", "telemetry for the ground", overrides)
        frames = [frame for _, frame in self._bench.record(flight).frames]
        return [frame for frame in frames if frame[1] >> 1 & 7 == HOST_VC]

    @cached_property
    def packets(self) -> List[bytes]:
        """The packets in these frames."""
        reader = FrameReader(Dictionary().scid, OWNERS)
        found: List[bytes] = []
        for frame in self.frames:
            delivery = reader.read(frame)
            found += [] if delivery is None else delivery.packets
        return found


def best_of(turns: int, *ways: Callable[[], int]) -> List[float]:
    """Things per second of each way, from its best turn; all have to count the same."""
    best_s = [float("inf")] * len(ways)
    counts: Dict[int, int] = {}
    for _ in range(turns):
        for index, way in enumerate(ways):
            started_s = time.perf_counter()
            counts[index] = way()
            best_s[index] = min(best_s[index], time.perf_counter() - started_s)
    if len(set(counts.values())) != 1 or not counts[0]:
        raise CliError(f"the readers do not agree: {list(counts.values())} packets")
    return [counts[0] / seconds for seconds in best_s]


def headers_ours(frames: List[bytes]) -> int:
    """Frames to packets with a sound PUS header and CRC; how many."""
    reader = FrameReader(Dictionary().scid, OWNERS)
    count = 0
    for frame in frames:
        delivery = reader.read(frame)
        for packet in delivery.packets if delivery is not None else ():
            if packet[0] & PUS_HEADER:
                count += not isinstance(parse_tm(packet), str)
    return count


def headers_theirs(frames: List[bytes]) -> int:
    """The same by spacepackets, which leaves the joining of packets over frames to its user."""
    try:
        from spacepackets.ccsds.spacepacket import get_total_space_packet_len_from_len_field
        from spacepackets.ccsds.tm_frame import TmTransferFrame
        from spacepackets.ecss import PusTm
    except ModuleNotFoundError as error:
        raise CliError(f"the figure needs the package {error.name}: make setup") from error
    count, rest, begun = 0, b"", False
    for octets in frames:
        frame = TmTransferFrame.unpack(octets, FRAME_SIZE, True)
        first = frame.primary_header.frame_datafield_status.first_header_pointer
        data = frame.data_field[:DATA_SIZE]
        if not begun:
            if first == NO_PACKET_START:
                continue
            data, begun = data[first:], True
        stream, at = rest + data, 0
        while at + 6 <= len(stream):
            length = int.from_bytes(stream[at + 4 : at + 6], "big")
            end = at + get_total_space_packet_len_from_len_field(length)
            if end > len(stream):
                break
            packet, at = stream[at:end], end
            if packet[0] & PUS_HEADER and (packet[0] & 7) << 8 | packet[1] != IDLE_APID:
                PusTm.unpack(packet, TIME_SIZE)
                count += 1
        rest = stream[at:]
    return count


def _parser() -> Any:
    """space_packet_parser with our dictionary."""
    try:
        from space_packet_parser.xtce.definitions import XtcePacketDefinition
    except ModuleNotFoundError as error:
        raise CliError(f"the figure needs the package {error.name}: make setup") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mission.xml"
        path.write_text(xtce(Dictionary()), encoding="utf-8")
        return XtcePacketDefinition.from_xtce(path)


def _values(telemetry: Telemetry) -> "Tuple[Callable[[], int], Callable[[], int]]":
    """All engineering values: ours from the frames on, space_packet_parser's from the packets."""
    dictionary, parser = Dictionary(), _parser()
    frames, packets = telemetry.frames, telemetry.packets

    def ours() -> int:
        decoder = Decoder(dictionary, link_keys={})
        return sum(len(decoder.frame(0.0, frame)) for frame in frames)

    def theirs() -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return sum(bool(parser.parse_bytes(packet)) for packet in packets)

    return ours, theirs


def ground(bench: Bench) -> List[Figure]:
    """How fast telemetry is read, against spacepackets and space_packet_parser."""
    telemetry = Telemetry(bench)
    rates: Dict[str, float] = {}

    def headers() -> float:
        frames = telemetry.frames
        ours, theirs = best_of(TURNS, lambda: headers_ours(frames), lambda: headers_theirs(frames))
        rates["headers"] = ours
        return round(ours / theirs, 2)

    def values() -> float:
        ours, theirs = best_of(TURNS, *_values(telemetry))
        rates["values"] = ours
        return round(ours / theirs, 2)

    figures = [
        bench.figure(
            "frames to PUS headers, against spacepackets", headers, HEADER_LIMIT, "x", ">="
        ),
        bench.figure(
            "engineering values, against space_packet_parser", values, VALUES_LIMIT, "x", ">="
        ),
    ]
    for figure, key in zip(figures, ("headers", "values"), strict=True):
        if key in rates:
            figure.note = f"{rates[key]:.0f} packets/s"
    return figures


GROUPS = {"ground": ground}
