"""Telecommands of every service, whole, wrong and mutilated, through the one door: nothing raises,
each gets exactly the reports that belong to it, and one that is refused changes nothing.

Long: FUZZ_TELECOMMANDS says how many, and FUZZ_SERVICES where the counts go (`microflight verify
fuzz`).
"""

from __future__ import annotations

import json
import os
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from spacepackets.ecss.tm import PusTm

from flight.core import failures
from ground import packets as ground
from ground.dictionary import Argument, Command, Dictionary
from tests.flight.rig import Rig
from tests.flight.state_walk import walk

DICTIONARY = Dictionary()
COMMANDS = sorted(DICTIONARY.commands.values(), key=lambda command: command.name)
OWNERS = len(DICTIONARY.partners)
PER_EXAMPLE = 40
# What counts and reports a refusal, and what is written anew before each use.
ACCOUNTS = {
    "Accounts.accepted", "Accounts.last", "Accounts.not_authorised", "Accounts.over_quota",
    "Accounts.refused", "Accounts.unanswered", "AppTable._next_ms", "AppTable._trial",
    "AppTable.bad_entry", "Commands.accepted", "Commands.last_failure", "Commands.refused",
    "Correlation.refused", "Events._count", "Events._head", "Events._recent", "Events._ring",
    "Events._told", "Events._waiting", "Events._window_s", "Events.dropped", "Events.lost",
    "Events.made", "FileService.refused", "Mail.refused", "Memory.refused", "PacketQueue._data",
    "PacketQueue._head", "PacketQueue._tail", "Telemetry._counter", "Telemetry._packet",
    "Telemetry._sequence", "Telemetry.made", "Timebase._at_ms", "Timebase.at_fraction",
    "Timebase.at_seconds", "Verification._body",
}  # fmt: skip
# Logs, and packets on their way to a store: reports are kept there (docs/architecture.md).
REPORTS_IN_FRAM = ((0xC000, 0xD000), (0x10000, 0x18000))
DAMAGES = (*["none"] * 6, "body", "cut", "longer", "header", "crc", "raw")
counts: Counter[str] = Counter()


def _octets(argument: Argument, draw: Any) -> bytes:
    """An argument on the wire: mostly within its limits."""
    count = argument.type.count
    if argument.type.name == "text":
        text = draw(st.binary(max_size=count + 1) | st.text("ab/.", max_size=count))
        data = text.encode() if isinstance(text, str) else text
        return bytes([min(len(data), 255)]) + data
    code = argument.type.code.lstrip("0123456789")
    if code == "f":
        number = st.floats(width=32) if draw(st.booleans()) else st.sampled_from((0.0, 1.0, -0.5))
        return b"".join(struct.pack(">f", draw(number)) for _ in range(count))
    size = struct.calcsize(code)
    low, high = int(argument.lowest), int(argument.highest)
    inside = st.integers(low, high) | st.sampled_from((low, high))
    any_value = st.binary(min_size=size, max_size=size)
    out = b""
    for _ in range(count):
        if draw(st.integers(0, 9)) == 0:
            out += draw(any_value)
        else:
            out += struct.pack(">" + code, draw(inside))
    return out


def _body(command: Command, draw: Any) -> bytes:
    body = b"".join(_octets(argument, draw) for argument in command.arguments)
    if (command.service, command.subtype) == (8, 1):
        body = struct.pack(">H", command.id) + body
    return body


@st.composite
def telecommands(draw: Any) -> tuple[int, bytes]:
    """(owner of the channel, packet), its CRC mostly right."""
    owner = draw(st.sampled_from((0, 0, *range(OWNERS))))
    apid = DICTIONARY.partners[owner].apid_base + draw(st.integers(0, 12))
    if draw(st.integers(0, 9)) == 0:
        service, subtype = draw(st.integers(0, 255)), draw(st.integers(0, 255))
        body = draw(st.binary(max_size=80))
    else:
        command = draw(st.sampled_from(COMMANDS))
        service, subtype, body = command.service, command.subtype, _body(command, draw)
    damage = draw(
        st.sampled_from(("none", "none", "body", "cut", "longer", "header", "crc", "raw"))
    )
    if damage == "body" and body:
        at = draw(st.integers(0, len(body) - 1))
        body = body[:at] + draw(st.binary(min_size=1, max_size=1)) + body[at + 1 :]
    elif damage == "cut":
        body = body[: draw(st.integers(0, len(body)))]
    elif damage == "longer":
        body += draw(st.binary(max_size=9))
    sequence = draw(st.integers(0, 0x3FFF))
    packet = bytearray(ground.build_tc(apid, sequence, service, subtype, body, owner, 0xF))
    if damage == "header":
        packet[draw(st.integers(0, 6))] ^= 1 << draw(st.integers(0, 7))
    elif damage == "crc":
        packet[-1] ^= 0x40
    elif damage == "raw":
        packet = bytearray(draw(st.binary(max_size=200)))
    return owner, bytes(packet)


def fram(rig: Rig) -> bytes:
    """The memory without what keeps reports."""
    memory = bytearray(rig.board.fram.memory)
    for first, end in REPORTS_IN_FRAM:
        memory[first:end] = bytes(end - first)
    return bytes(memory)


def reports(rig: Rig, owner: int) -> list[tuple[int, bytes]]:
    """(subtype, request id) of the verification reports waiting, all packets taken."""
    out = bytearray(1024)
    found = []
    while n := rig.context.telemetry.queues[owner].pop_into(out):
        report = PusTm.unpack(bytes(out[:n]), timestamp_len=7)
        if report.service == 1:
            found.append((report.message_subtype, bytes(report.source_data[:4])))
    return found


def one(rig: Rig, owner: int, packet: bytes) -> None:
    buffer = bytearray(1024)
    buffer[: len(packet)] = packet
    for other in range(OWNERS):
        reports(rig, other)
    roots = rig.context, rig.mission.apps
    before, memory = walk(*roots), fram(rig)
    # Copied, since a stored telecommand overwrites nothing of what arrived.
    acceptable = rig.context.commands.acceptable(bytearray(buffer), len(packet), owner)
    code = rig.context.commands.execute(buffer, len(packet), owner)
    counts["telecommands"] += 1
    counts["refused"] += code != 0
    said = [subtype for subtype, request in reports(rig, owner) if request == packet[:4]]
    for other in range(OWNERS):
        assert other == owner or not reports(rig, other)
    if len(packet) < 11:
        assert said == []
    elif acceptable:
        assert code == acceptable and said == [2]
    elif packet[6] & 0xF == 0xF:
        assert said[0] == 1, said
        if code:
            assert said[1:] in ([4], [3, 8]), said
        else:
            assert said[1:] in ([3, 7], [3]), said
    if code:
        after = walk(*roots)
        changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        assert {path.partition("[")[0] for path in changed} <= ACCOUNTS
        assert fram(rig) == memory
    assert code == 0 or failures.OK < code < failures.LATER


def many(batch: list[tuple[int, bytes, bool]]) -> None:
    rig = Rig()
    rig.fly(3)
    for owner, packet, wait in batch:
        one(rig, owner, packet)
        if wait:
            rig.fly(1)


@st.composite
def batches(draw: Any) -> list[tuple[int, bytes, bool]]:
    size = draw(st.integers(PER_EXAMPLE // 2, PER_EXAMPLE))
    return [(*draw(telecommands()), draw(st.integers(0, 19)) == 0) for _ in range(size)]


# Making a batch shorter takes longer than reading it.
PHASES = (Phase.generate,)
UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    phases=PHASES,
    suppress_health_check=UNHURRIED,
)
@given(batches())
def test_telecommands_of_all_kinds(batch: list[tuple[int, bytes, bool]]) -> None:
    many(batch)


@pytest.mark.accept
def test_many_telecommands_of_all_kinds() -> None:
    wanted = int(os.environ.get("FUZZ_TELECOMMANDS", "20000"))
    counts.clear()

    @settings(
        max_examples=max(1, wanted * 4 // (3 * PER_EXAMPLE)),
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=UNHURRIED,
    )
    @given(batches())
    def fuzz(batch: list[tuple[int, bytes, bool]]) -> None:
        many(batch)

    fuzz()
    if "FUZZ_SERVICES" in os.environ:
        Path(os.environ["FUZZ_SERVICES"]).write_text(json.dumps(counts), encoding="utf-8")
    assert counts["telecommands"] >= wanted // 2
