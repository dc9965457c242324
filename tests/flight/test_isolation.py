"""Partners do not feel one another: whatever one sends, the others' telemetry is what it would have
been without him, and his own tells nothing of them.

The same mission is flown twice, with and without the other partner's telecommands; in the flight
with them nothing may go down on his channel from some time on. Where both want the flash memory
they have turns; then what comes is the same, and no later than their turns allow.

The host is told some things of partners: what of their telecommands was refused and what they have
led to, rarely enough. All that is his own comes as it would without them.
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Iterable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flight.core.storage import MOUNTED
from tests.flight.partner_commands import EPOCH_S, telecommand
from tests.flight.partner_plots import plot
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

NAMES = ("actions", "mail", "entries", "sequences")
accept = pytest.mark.accept
PAIRS = [(EC, IR), (IR, EC), (BY, EC), (EC, BY), (IR, BY)]
pairs = pytest.mark.parametrize("attacker,other", PAIRS)
PROPERTY = dict(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=(Phase.generate,),
)
numbers = st.lists(st.integers(0, 2**30), min_size=1, max_size=12)
stops = st.none() | st.integers(0, 12)
STEP_S = 1.5
REST_S = 45.0
DELAY_S = 60.0  # of what waits for slack, while another has turns as well
TIME, COUNTS = slice(14, 20), (slice(2, 4), slice(9, 11))
COMPLETIONS = ((1, 7), (1, 8), (23, 4), (23, 13))
HOUSEKEEPING, EVENTS = (3, 25), [(5, severity) for severity in range(1, 5)]
MAIL_AND_SCIENCE = (0x0B03, 0x0B04, 0x0B05, 0x0905)
REFERENCES = range(1, 5)
# Of the host's events those that a partner's telecommands can lead to.
ABOUT = {0x000F, 0x0304, 0x0506, 0x0507, *range(0x0607, 0x060F), *range(0x0711, 0x0718)}
REFUSED = {0x0900 + owner for owner in (EC, IR, BY)}
ABOUT_PER_S = 1 / 10


def flown(
    script: Iterable[tuple[int, bytes]],
    rest_s: float = REST_S,
    stuck: "tuple[int, int] | None" = None,
    takes: "tuple[int, tuple[int, int]] | None" = None,
) -> Partners:
    """A mission in which telecommands come by radio, one owner's after the other's; none: nobody's
    at that time. `stuck`: on whose channel nothing goes down any more, and from which telecommand
    on; `takes`: who takes what mail comes for him, and of whom."""
    mission = Partners()
    mission.rig.board.radio.free = 1000
    seconds = {"seconds": EPOCH_S - 12, "fraction": 0}
    assert mission.send("set_time", seconds) == 0
    mission.rig.fly(12)
    assert mission.rig.mission.apps["storage"].storage.state == MOUNTED
    for i, (owner, packet) in enumerate(script):
        if stuck and i >= stuck[1]:
            mission.link.channels.add(stuck[0])
            mission.fill(stuck[0])
        if packet:
            mission.radio(packet, owner)
        if takes:
            for sender in takes[1]:
                for reference in REFERENCES:
                    data = struct.pack(">HBH", 0x0B13, sender, reference)
                    mission.execute(mission.raw(takes[0], 8, 1, data), takes[0])
        mission.rig.fly(STEP_S)
    mission.rig.fly(rest_s)
    return mission


def merged(
    attacker: int, attack: list[bytes], other: int, work: list[bytes], quiet: bool
) -> list[tuple[int, bytes]]:
    """Both in turns; the attacker's telecommands are left out when `quiet`."""
    script: list[tuple[int, bytes]] = []
    for i in range(max(len(attack), len(work))):
        script.append((attacker, attack[i] if i < len(attack) and not quiet else b""))
        script.append((other, work[i] if i < len(work) else b""))
    return script


def state(mission: Partners, owner: int) -> dict[str, object]:
    """What an owner has: account, schedule, sequences, switches, data, files."""
    context = mission.context
    fram = mission.rig.board.fram.memory
    account = mission.account(owner)
    files = mission.rig.board.files
    listed = []
    if files.list(b"f%d\0" % owner) >= 0:
        entry = bytearray(36)
        while files.next(entry) > 0:
            listed.append(bytes(entry))
    return {
        "account": account,
        "files": sorted(listed),
        "science": bytes(fram[0xD000 + 0xC00 * owner : 0xD000 + 0xC00 * (owner + 1)]),
        "scheduled": context.accounts.scheduled[owner],
        "stored": context.accounts.archives[owner].count(0),
    }


def third(attacker: int, other: int) -> int:
    """Whoever gets the mail of both."""
    return next(owner for owner in (BY, IR, EC) if owner not in (attacker, other))


def compare(
    attacker: int, attack: list[bytes], other: int, work: list[bytes], stop: "int | None"
) -> None:
    """What the other hears and has is what it would be without the attacker."""
    takes = third(attacker, other), (attacker, other)
    stuck = None if stop is None else (attacker, stop)
    with_him = flown(merged(attacker, attack, other, work, False), REST_S, stuck, takes)
    without = flown(merged(attacker, attack, other, work, True), REST_S, None, takes)
    mine, wanted = state(with_him, other), state(without, other)
    if other == HOST:
        assert his_own(with_him) == his_own(without)
        told(with_him, without)
        assert [mine[name] for name in OF_THE_HOST] == [wanted[name] for name in OF_THE_HOST]
    else:
        assert with_him.heard(other) == without.heard(other)
        assert mine == wanted


OF_THE_HOST = ("files", "science", "scheduled")  # his store has what he is told of partners


def his_own(mission: Partners) -> list[bytes]:
    """What the host hears but for events and the state of the platform, and the time, which comes
    with every so many frames. Counts are those of a process, which makes events as well."""
    found = []
    for packet in mission.heard(HOST):
        if packet[:2] == b"\0\0":
            continue
        kind = (packet[7], packet[8])
        structure = int.from_bytes(packet[20:22], "big")
        if kind not in EVENTS and (kind != HOUSEKEEPING or structure in MAIL_AND_SCIENCE):
            octets = bytearray(packet[:-2])
            for part in COUNTS:
                octets[part] = bytes(len(octets[part]))
            found.append(bytes(octets))
    return found


def told(with_him: Partners, without: Partners) -> None:
    """Of his own events none is missing or late; those of partners are few."""
    heard = []
    for mission in (with_him, without):
        records = [p[20:36] for p in mission.heard(HOST) if (p[7], p[8]) in EVENTS]
        records = [r for r in records if r[6] << 8 | r[7] not in REFUSED]
        # Generations of parameters count everybody's sets.
        heard.append(Counter(r[:12] if r[6:8] == b"\0\x0f" else r for r in records))
    assert not heard[1] - heard[0]
    more = list((heard[0] - heard[1]).elements())
    ids = Counter(record[6] << 8 | record[7] for record in more)
    assert set(ids) <= ABOUT
    seconds = with_him.context.time.uptime_s
    assert sum(ids.values()) <= seconds * ABOUT_PER_S + 1


def tried(
    attacker: int, other: int, attacks: list[int], works: list[int], stop: int | None
) -> None:
    """Telecommands that numbers stand for."""
    to = third(attacker, other)
    attack = [telecommand(attacker, number, False, to) for number in attacks]
    work = [telecommand(other, number, False, to) for number in works]
    compare(attacker, attack, other, work, stop)


@pairs
@settings(max_examples=8, **PROPERTY)
@given(attacks=numbers, works=numbers, stop=stops)
def test_nobody_feels_what_another_sends(
    attacker: int, other: int, attacks: list[int], works: list[int], stop: "int | None"
) -> None:
    """Octet for octet, times and all."""
    tried(attacker, other, attacks, works, stop)


@pytest.mark.parametrize("attacker", [EC, IR, BY])
@settings(max_examples=8, **PROPERTY)
@given(attacks=numbers, works=numbers, stop=stops)
def test_the_host_does_not_feel_what_a_partner_sends(
    attacker: int, attacks: list[int], works: list[int], stop: "int | None"
) -> None:
    tried(attacker, HOST, attacks, works, stop)


@pytest.mark.parametrize("stop", [None, 0], ids=["", "stuck"])
@pytest.mark.parametrize(
    "attacker,other,name",
    [(*pair, name) for pair in [(EC, HOST), (EC, IR)] for name in NAMES]
    + [(EC, HOST, "modes")]
    + [pytest.param(*pair, n, marks=accept) for pair in [(IR, HOST), (IR, BY)] for n in NAMES],
)
def test_two_who_want_the_same(attacker: int, other: int, name: str, stop: "int | None") -> None:
    to = third(attacker, other)
    attack, work = plot(name, attacker, to, True), plot(name, other, to, False)
    compare(attacker, attack, other, work, stop)


def timeless(packet: bytes) -> bytes:
    """Without counts, time and what depends on them: the CRC, and the account."""
    octets = bytearray(packet[:-2])
    for part in (TIME, *COUNTS):
        octets[part] = bytes(len(octets[part]))
    return bytes(octets)


def seconds(packet: bytes) -> float:
    return int.from_bytes(packet[14:18], "big") + int.from_bytes(packet[18:20], "big") / 65536


@pairs
@settings(max_examples=5, **PROPERTY)
@given(attacks=numbers, works=numbers)
def test_who_wants_the_flash_waits_for_turns_and_no_more(
    attacker: int, other: int, attacks: list[int], works: list[int]
) -> None:
    attack = [telecommand(attacker, number) for number in attacks]
    work = [telecommand(other, number) for number in works]
    with_him = flown(merged(attacker, attack, other, work, False), DELAY_S)
    without = flown(merged(attacker, attack, other, work, True), DELAY_S)
    accounts = [bytes((9, other))]
    found = []
    for mission in (with_him, without):
        kept = [p for p in mission.heard(other) if p[20:22] not in accounts]
        # What was sent again out of the store depends on when; the telecommand's answers do not.
        kept = [p for p in kept if (p[7], p[8]) in COMPLETIONS or (p[7], p[8]) == (1, 2)]
        found.append(sorted(kept, key=timeless))
    assert [timeless(p) for p in found[0]] == [timeless(p) for p in found[1]]
    for late, early in zip(*found, strict=True):
        assert seconds(late) - seconds(early) <= DELAY_S
    mine, wanted = state(with_him, other), state(without, other)
    assert mine["files"] == wanted["files"] and mine["science"] == wanted["science"]
    assert mine["scheduled"] == wanted["scheduled"]


@pytest.mark.accept
@pairs
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(attacks=numbers, works=numbers, stop=stops)
def test_nobody_feels_anybody_at_length(
    attacker: int, other: int, attacks: list[int], works: list[int], stop: "int | None"
) -> None:
    tried(attacker, other, attacks, works, stop)
    tried(attacker, HOST, attacks, works, stop)
    test_who_wants_the_flash_waits_for_turns_and_no_more.hypothesis.inner_test(
        attacker, other, attacks, works
    )


def test_the_sequences_reach_what_they_are_made_to_reach() -> None:
    """The generator is worth something: of its telecommands many are carried out."""
    codes, services = [], set()
    mission = Partners()
    mission.rig.fly(2)
    for number in range(600):
        packet = telecommand(EC, number)
        code = mission.execute(packet, EC)
        codes.append(code)
        if code == 0:
            services.add(packet[7])
    assert 100 < codes.count(0) < 500 and len(set(codes)) > 12
    assert services >= {3, 5, 8, 11, 12, 15, 17, 19, 20, 21, 23}


def test_the_host_is_not_kept_from_commanding() -> None:
    mission = Partners()
    mission.rig.fly(3)
    for _ in range(300):
        for owner in (EC, IR, BY):
            mission.radio(mission.raw(owner, 17, 1), owner)
        assert mission.execute(mission.raw(HOST, 17, 1)) == 0
