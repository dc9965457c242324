"""Channel 0 is in clear, and the station hands it to everybody: it says of a partner what docs/
link.md, section 7, lets it say. Held over the definitions, and by missions in which one partner or
another does the same: what goes down on channel 0 is the same, octet for octet."""

from __future__ import annotations

import re
import struct
from typing import Iterator

from cli.security.file_units import METADATA, UNACKNOWLEDGED, data, metadata, unit
from flight import dictionary
from flight.packets import fields
from flight.packets.file_units import APID_OFFSET
from ground.xtce_telemetry import OF_ANY_OWNER
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

# What names an owner or a channel in a packet of the host's, and why it may.
ALLOWED_FIELDS = {
    ("link_counters", "bad_vc"): "the channel of nobody",
    ("link_counters", "refused"): "headers of telecommand frames and their CLCWs are in clear",
    ("link_counters", "accepted"): "likewise",
    ("comms_hk", "queued"): "a sum",
    ("storage_hk", "store_fill"): "a mean",
    ("storage_hk", "store_kept"): "a sum",
    ("storage_hk", "stores_reading"): "whether any is",
    ("storage_hk", "file_bytes"): "a sum",
    ("schedule_hk", "schedule_enabled"): "how many",
    ("schedule_hk", "schedule_held"): "the host's own order",
    ("schedule_hk", "schedule_waiting"): "a sum",
    ("schedule_hk", "sequences_loaded"): "a sum",
    ("files_hk", "pdu_wrong_entity"): "a sum",
    ("files_hk", "pdu_busy"): "a sum",
    ("files_hk", "transfers_open"): "a sum",
}
# Three, four or eight of something else than partners, owners, transfers.
OF_SOMETHING_ELSE = {
    "software_version", "crash_stack", "starts_by_cause", "load_voltage", "load_current",
    "temperature_extremes", "log_kept", "log_lost", "logged_version", "spare", "tc_next",
    "tm_next", "rise_s", "set_s", "highest_elevation", "window_state",
}  # fmt: skip
SOMEBODY = re.compile(r"\b(owners?|partners?|sender|recipients?|EC|IR|BY|channel)\b")
ALLOWED_EVENTS = {
    0x0010: "a reset of the host's",
    0x0901: "how often he is refused: the host has to know whom to suspend",
    0x0902: "likewise",
    0x0903: "likewise",
    0x0904: "the host's own order",
}
OF_THE_ATTITUDE = ("attitude_estimate", "attitude_control", "attitude_devices", "tick_stats")
SUMS = {"mail_accepted", "mail_taken", "mail_waiting"}


def of_the_host() -> Iterator[tuple[str, tuple]]:
    for subsystem in dictionary.SUBSYSTEMS:
        for packet in subsystem.PACKETS:
            if packet[4] == HOST and packet[1] not in (*OF_ANY_OWNER, "tc_host", "account_host"):
                for field in packet[5]:
                    yield packet[1], field


def test_no_field_of_the_host_is_about_a_partner() -> None:
    for packet, (name, kind, _, frame, _, text) in of_the_host():
        allowed = (packet, name) in ALLOWED_FIELDS
        by_owner = fields.split(kind)[1] in (3, 4, 8) and not frame
        if by_owner and name not in OF_SOMETHING_ELSE and packet not in OF_THE_ATTITUDE:
            assert allowed, (packet, name, "an array by owner?")
        assert allowed or name in SUMS or not SOMEBODY.search(text), (packet, name, text)


def test_the_lists_are_of_what_there_is() -> None:
    there = {(packet, field[0]) for packet, field in of_the_host()}
    assert set(ALLOWED_FIELDS) <= there
    every = {row[0] for s in dictionary.SUBSYSTEMS for p in s.PACKETS for row in p[5]}
    assert OF_SOMETHING_ELSE <= every
    assert set(ALLOWED_EVENTS) <= {row[0] for s in dictionary.SUBSYSTEMS for row in s.EVENTS}


def file_unit(owner: int, body: bytes, directive: int | None = None) -> bytes:
    made = unit(body, directive, flags=UNACKNOWLEDGED, owner=owner)
    apid = dictionary.PARTNERS[owner][2] + APID_OFFSET
    return struct.pack(">HHH", 0x1000 | apid, 0xC000, len(made) - 1) + made


def work(owner: int) -> list[bytes]:
    """A partner does of everything; what the host hears meanwhile."""
    mission = Partners()
    mission.rig.board.radio.free = 1000
    assert mission.send("set_time", {"seconds": 89_000, "fraction": 0}) == 0
    mission.rig.fly(15)
    ping = mission.raw(owner, 17, 1)
    a = b"\0\x01a"

    def at(seconds: int) -> bytes:
        return struct.pack(">BBIH", 1, 1, seconds, 0)

    number = owner << 12 | 1
    beyond = (number, 0x0101, 0, 0, 1, 1, 0, 1, 0, 1, 2)
    todo: list[tuple[int, int, bytes]] = [
        (23, 1, a + struct.pack(">I", 10)),
        (23, 9, b"\0\x01d"),
        (23, 14, b"\0\1" + a + b"\x01d\x01b"),
        (11, 1, b""),
        (11, 4, at(89_050) + ping),
        (11, 4, at(89_055) + mission.raw(owner, 8, 1, b"\x01\x01\x00\x01")),
        (11, 4, at(90_000) + ping),
        (21, 1, bytes((0, 1)) + ping + struct.pack(">I", 1000)),
        (21, 4, b"\0"),
        (15, 2, bytes((1, owner))),
        (15, 1, bytes((1, owner))),
        (15, 9, bytes((1, owner)) + struct.pack(">IHIH", 0, 0, 0x3FFFFFFF, 0)),
        (12, 5, b"\x01" + struct.pack(">HHBBBBiiiiB", *beyond)),
        (8, 1, struct.pack(">HHH", 0x0403, 60, 5)),
        (8, 1, struct.pack(">HBHB160s", 0x0B11, HOST, 7, 5, b"hello")),
        (23, 128, a + b"\x01\x03"),
        (23, 99, b""),
    ]
    for request in todo:
        mission.radio(mission.raw(owner, *request), owner)
        mission.rig.fly(1.5)
    for body, directive in ((metadata(300, b"c"), METADATA), (data(0, bytes(200)), None)):
        packet = file_unit(owner, body, directive)
        mission.radio(packet, owner)
        mission.rig.fly(1.5)
    mission.radio(file_unit(owner, data(999, b"x")), owner)
    mission.radio(ping[:8], owner)
    mission.rig.fly(75)
    for name in ("uploads", "pdu_bad_offset"):
        assert name in mission.rig.fields(0x0A01)
    refused = [p for p in mission.heard(HOST) if p[7] == 5 and p[26:28] == bytes((9, owner))]
    assert refused, "what the host does hear of"
    return [
        bytes(2) + packet[2:] for packet in mission.heard(HOST) if packet not in refused
    ]  # with its own APID all the same


def test_what_the_host_hears_does_not_tell_who() -> None:
    """But for sums of what goes down: accounts are told in turns, so that answers share frames with
    them or not, and EC has samples of his own in frames and store, whatever he sends."""
    ec, ir, by = (work(owner) for owner in (EC, IR, BY))
    assert len(ir) > 100
    sums = [b"\x03\x01", b"\x03\x02"]
    assert [p for p in ir if p[20:22] not in sums] == [p for p in by if p[20:22] not in sums]
    sums.append(b"\x05\x01")
    assert [p for p in ec if p[20:22] not in sums] == [p for p in ir if p[20:22] not in sums]


def test_each_is_told_of_his_own() -> None:
    """Transfers, events about them, refusals that no report could answer: on his channel alone."""
    mission = Partners()
    mission.rig.board.radio.free = 1000
    mission.rig.fly(15)
    for body, directive in ((metadata(300, b"c"), METADATA), (data(0, bytes(200)), None)):
        mission.radio(file_unit(IR, body, directive), IR)
        mission.rig.fly(1.5)
    mission.radio(file_unit(IR, data(999, b"x")), IR)
    mission.radio(mission.raw(IR, 17, 1)[:8], IR)
    assert mission.send("partner_suspend", {"owner": BY, "on": 1}) == 0
    for _ in range(3):
        mission.radio(file_unit(BY, data(0, b"x")), BY)
    mission.rig.fly(22)
    told = {owner: events(mission, owner) for owner in (HOST, EC, IR, BY)}
    assert told[IR] == {0x0A04: [(6, 1)], 0x0906: [(1, 0)]}
    assert told[BY] == {0x0906: [(3, 0)]}
    assert told[EC].keys() <= {0x0401, 0x0402, 0x0403, 0x0404}
    assert told[HOST][0x0902] == [(0, 1)] and told[HOST][0x0903] == [(0, 3)]
    assert not told[HOST].keys() & {0x0A01, 0x0A02, 0x0A03, 0x0A04, 0x0906}
    bodies = {vc: transfers(mission, vc) for vc in (HOST, EC, IR, BY)}
    assert not bodies[HOST] and not bodies[EC] and not bodies[BY]
    row = struct.unpack(">B2B2B2I2I2B", bodies[IR][-1])
    assert row[:3] == (IR, 1, 0) and row[5:] == (300, 0, 200, 0, 0, 0)
    assert mission.rig.fields(0x0A01)["transfers_open"] == 1


def events(mission: Partners, owner: int) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for packet in mission.heard(owner):
        if packet[7] == 5 and packet[8] <= 4:
            event, _, _, *arguments = struct.unpack(">HBBHI", packet[26:36])
            found.setdefault(event, []).append(tuple(arguments))
    return found


def transfers(mission: Partners, owner: int) -> list[bytes]:
    return [p[22:-2] for p in mission.heard(owner) if p[20:22] == b"\x0a\x02"]
