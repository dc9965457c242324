"""Power cuts of the flight computer itself: the mission in the emulator, its flash memory in the
middle of a program or an erase, and then what both memories hold.

The world takes the supply from flash and computer, and starts the computer again. When the flight
is over the memories are read here: every event that the ground has heard must be in the log, every
packet that was to be kept in the store, each once, and nothing may be damaged.
"""

import random
import struct
from typing import Any, Dict, List, Sequence, Set, Tuple

import native
from cli import flights, worlds
from cli.campaigns.powercut_memory import Blocks, Fram, Supply
from flight.apps.storage import definitions
from flight.packets.space_packet import EVENT_RECORD
from ground.packets import TmPacket, parse_tm
from native.cffi.archive import Archive

SUBJECT = "qemu"
SCENARIO = "first-light"
DURATION_S = 120.0
FIRST_S = 20.0
# From the first writes of a blank memory into the thick of the stores' pieces.
OPERATION_MAX = 150
# A packet a second, which is kept each time from then on.
KEPT = ("attitude_estimate",)
SETTLED_S = FIRST_S + 3.0
FRACTIONS = (0.0, 0.3, 0.6, 0.95)
EVENT_LOG, HOST_STORE, DAMAGED = 4, 0, 3
FILES_BLOCKS = 2048
HOUSEKEEPING = (3, 25)
EVENT_SERVICE, BOOT_EVENT = 5, 0x0001


def check() -> None:
    """Raise `CliError` when the emulator or the firmware is missing."""
    worlds.check("qemu")


def sample(count: int, seed: int) -> List[int]:
    """Numbers of the operations that are cut."""
    count = min(count, OPERATION_MAX)
    return sorted(random.Random(f"{SUBJECT} {seed}").sample(range(1, OPERATION_MAX + 1), count))


class _Flash(Blocks):
    """The whole range of the files, out of the world's memory."""

    BLOCKS = FILES_BLOCKS


def contents(world: Any) -> Tuple[Dict[int, List[bytes]], int]:
    """By number of the archive its records, and how many things were damaged."""
    supply = Supply()
    fram = Fram(supply, bytearray(world.spacecraft.fram.memory))
    blocks = _Flash(supply, world.spacecraft.flash.memory)
    files = native.Files(blocks)
    if files.mount() != 0:
        return {}, 1
    found: Dict[int, List[bytes]] = {}
    damaged = 0
    out = bytearray(Archive.RECORD_MAX)
    for number, row in enumerate(definitions.STORES + definitions.LOGS):
        archive = Archive(number, row[4], row[5], row[2], row[3], row[6], row[1], fram)
        if archive.begin(files) != 0:
            damaged += 1
            continue
        archive.select(0, 0x3FFFFFFF, 0)
        records = found.setdefault(number, [])
        while (n := archive.fetch(files, out)) != 0:
            if n > 0:
                records.append(bytes(out[Archive.HEAD : Archive.HEAD + n]))
            elif n != -11 or archive.work(files) != 0:
                damaged += 1
                break
        damaged += archive.count(DAMAGED)
    return found, damaged


def _heard(flight: Any) -> Set[Tuple[Any, ...]]:
    """Events that the ground has heard, (id, seconds, arg0, arg1), and packets that were to be
    kept, (name, time)."""
    found: Set[Tuple[Any, ...]] = {
        (event.id, event.raw["seconds"], event.raw["arg0"], event.raw["arg1"])
        for event in flight.history.events
        if event.kind == "event"
    }
    for name in KEPT:
        columns = flight.history.columns.get(name, {"received_s": [], "time_s": []})
        for received_s, time_s in zip(columns["received_s"], columns["time_s"], strict=True):
            if received_s > SETTLED_S:
                found.add((name, time_s))
    return found


def _kept(flight: Any, log: Sequence[bytes], packets: Sequence[bytes]) -> Set[Tuple[Any, ...]]:
    """The same of what the memories hold."""
    found: Set[Tuple[Any, ...]] = set()
    for record in log:
        seconds, _, number, _, _, arg0, arg1 = struct.unpack(EVENT_RECORD, record)
        found.add((number, seconds, arg0, arg1))
    for octets in packets:
        packet = parse_tm(octets)
        if isinstance(packet, TmPacket) and (packet.service, packet.subtype) == HOUSEKEEPING:
            row = flight.dictionary.packets.get(int.from_bytes(packet.data[:2], "big"))
            found.add((row.name if row else "", packet.time_s))
    return found


def _twice(packets: Sequence[bytes]) -> int:
    """Packets that are there more than once: after a start the counters begin anew, and what they
    number may be the same."""
    seen: Set[bytes] = set()
    twice = 0
    for octets in packets:
        packet = parse_tm(octets)
        if isinstance(packet, TmPacket) and packet.service == EVENT_SERVICE:
            if int.from_bytes(packet.data[6:8], "big") == BOOT_EVENT:
                seen.clear()
        twice += octets in seen
        seen.add(octets)
    return twice


def _judge(flight: Any) -> Tuple[int, int, str]:
    """(corrupt, lost, reason)."""
    found, damaged = contents(flight.world)
    if damaged or set(found) != set(range(len(definitions.STORES + definitions.LOGS))):
        return max(1, damaged), 0, f"{damaged} damaged"
    packets, log = found[HOST_STORE], found[EVENT_LOG]
    bad = sum(isinstance(parse_tm(packet), str) for packet in packets)
    twice = _twice(packets)
    missing = _heard(flight) - _kept(flight, log, packets)
    reasons = [
        f"{count} {what}"
        for count, what in (
            (bad, "damaged packets"),
            (twice, "packets twice"),
            (len(missing), f"heard but not kept: {sorted(missing, key=str)[:3]}"),
        )
        if count
    ]
    return bad + twice, len(missing), ", ".join(reasons)


def fly(cut: Any) -> Dict[str, Any]:
    """Fly, cut, fly on, judge; called on a worker."""
    fraction = FRACTIONS[cut.operation % len(FRACTIONS)]
    overrides = [
        f"duration_s={DURATION_S}",
        "fault.w25q128.kind=power_cut",
        f"fault.w25q128.operation={cut.operation}",
        f"fault.w25q128.fraction={fraction}",
    ]
    flight = flights.prepare(SCENARIO, SUBJECT, cut.seed, overrides)
    for name in KEPT:
        number = next(row.id for row in flight.dictionary.packets.values() if row.name == name)
        values = {"packet": number, "every": 1, "priority": 1}
        flight.world.uplink(FIRST_S, flight.encoder.frame("store_rule", values))
    flight.fly()
    boots = len(flight.world.boots)
    if boots != 2:
        return cut.row("fail", cuts=0, corrupt=0, lost=0, reason=f"{boots} starts, not 2")
    corrupt, lost, reason = _judge(flight)
    more = {"reason": reason} if reason else {}
    return cut.row("fail" if reason else "pass", cuts=1, corrupt=corrupt, lost=lost, **more)
