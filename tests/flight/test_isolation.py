"""Partners do not feel one another: whatever one sends, the others' telemetry is what it would have
been without him, and his own tells nothing of them.

The same mission is flown twice, with and without the other partner's telecommands. Where both want
the flash memory they have turns; then what comes is the same, and no later than their turns allow.
"""

from __future__ import annotations

from typing import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.core.storage import MOUNTED
from tests.flight.partner_commands import EPOCH_S, telecommand
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

PAIRS = [(EC, IR), (IR, EC), (BY, EC), (EC, BY), (IR, BY)]
pairs = pytest.mark.parametrize("attacker,other", PAIRS)
PROPERTY = dict(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
numbers = st.lists(st.integers(0, 2**30), min_size=1, max_size=12)
STEP_S = 1.5
REST_S = 45.0
DELAY_S = 60.0  # of what waits for slack, while another has turns as well
TIME, COUNTS = slice(14, 20), (slice(2, 4), slice(9, 11))
COMPLETIONS = ((1, 7), (1, 8), (23, 4), (23, 13))


def flown(script: Iterable[tuple[int, bytes]], rest_s: float = REST_S) -> Partners:
    """A mission in which telecommands come by radio, one owner's after the other's; None: nobody's
    at that time."""
    mission = Partners()
    mission.rig.board.radio.free = 1000
    seconds = {"seconds": EPOCH_S - 12, "fraction": 0}
    assert mission.send("set_time", seconds) == 0
    mission.rig.fly(12)
    assert mission.rig.mission.apps["storage"].storage.state == MOUNTED
    for owner, packet in script:
        if packet:
            mission.radio(packet, owner)
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


@pairs
@settings(max_examples=8, **PROPERTY)
@given(attacks=numbers, works=numbers)
def test_nobody_feels_what_another_sends(
    attacker: int, other: int, attacks: list[int], works: list[int]
) -> None:
    """Octet for octet, times and all."""
    attack = [telecommand(attacker, number, False) for number in attacks]
    work = [telecommand(other, number, False) for number in works]
    with_him = flown(merged(attacker, attack, other, work, False))
    without = flown(merged(attacker, attack, other, work, True))
    assert with_him.heard(other) == without.heard(other)
    assert state(with_him, other) == state(without, other)


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
@given(attacks=numbers, works=numbers)
def test_nobody_feels_anybody_at_length(
    attacker: int, other: int, attacks: list[int], works: list[int]
) -> None:
    test_nobody_feels_what_another_sends.hypothesis.inner_test(attacker, other, attacks, works)
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
    assert services >= {3, 5, 8, 11, 15, 17, 20, 21, 23}


def test_the_host_is_not_kept_from_commanding() -> None:
    mission = Partners()
    mission.rig.fly(3)
    for _ in range(300):
        for owner in (EC, IR, BY):
            mission.radio(mission.raw(owner, 17, 1), owner)
        assert mission.execute(mission.raw(HOST, 17, 1)) == 0
