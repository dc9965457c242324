"""Accounts, tokens, arming, suspension, payload tasks and the science store."""

from __future__ import annotations

import struct

import pytest

from flight import partners
from flight.core import failures
from tests.flight.fakes import Board
from tests.flight.partners_rig import BY, EC, HOST, IR, Partners

PING = (17, 1)


@pytest.fixture
def mission() -> Partners:
    return Partners()


@pytest.mark.parametrize("owner", [HOST, EC, IR, BY])
def test_tokens_are_used_up_and_come_back(mission: Partners, owner: int) -> None:
    most, per_minute = partners.QUOTAS[owner][3:5]
    mission.rig.fly(2)
    codes = [mission.radio(mission.raw(owner, *PING), owner) for _ in range(most + 3)]
    assert codes == [0] * most + [failures.RATE_LIMIT] * 3
    for other in {HOST, EC, IR, BY} - {owner}:
        assert mission.radio(mission.raw(other, *PING), other) == 0
    mission.rig.fly(60)
    codes = [mission.radio(mission.raw(owner, *PING), owner) for _ in range(per_minute + 1)]
    assert codes == [0] * per_minute + [failures.RATE_LIMIT]


def test_one_too_many_is_told_to_its_sender_alone(mission: Partners) -> None:
    for _ in range(partners.QUOTAS[IR][3]):
        mission.radio(mission.raw(IR, *PING, acks=0), IR)
        mission.queue(IR)
    for owner in (HOST, EC, BY):
        mission.queue(owner)
    packet = mission.raw(IR, *PING, acks=0)
    assert mission.radio(packet, IR) == failures.RATE_LIMIT
    (report,) = mission.queue(IR)
    assert report[7:9] == b"\x01\x02" and report[20:26] == packet[:4] + b"\x00\x13"
    assert not any(mission.queue(owner) for owner in (HOST, EC, BY))
    assert mission.account(IR)["tc_over_rate"] == 1


def test_the_emergency_association_has_tokens_of_its_own(mission: Partners) -> None:
    for _ in range(partners.QUOTAS[HOST][3] + 1):
        mission.radio(mission.raw(HOST, *PING))
    assert mission.radio(mission.raw(HOST, *PING)) == failures.RATE_LIMIT
    codes = [mission.radio(mission.raw(HOST, *PING), HOST, True) for _ in range(61)]
    assert codes == [0] * 60 + [failures.RATE_LIMIT]


def test_what_is_stored_costs_nothing_more(mission: Partners) -> None:
    before = mission.context.accounts.tokens(EC)
    for _ in range(5):
        assert mission.execute(mission.raw(EC, *PING), EC) == 0
    assert mission.context.accounts.tokens(EC) == before


def test_arming_is_everybodys_own(mission: Partners) -> None:
    assert mission.send("arm", {"function": 4}) == 0
    assert mission.send("arm", {"function": 4}, EC) == failures.NOT_AUTHORISED
    assert mission.send("reset", (), EC) == failures.NOT_AUTHORISED
    assert mission.send("arm", {"function": 0x0502}, IR) == failures.REFUSED
    assert mission.send("reset") == 0


def test_armed_for_thirty_seconds_and_once(mission: Partners) -> None:
    assert mission.send("log_clear", {"log": 1}) == failures.NOT_ARMED
    assert mission.send("arm", {"function": 0x0504}) == 0
    mission.rig.fly(30)
    assert mission.send("log_clear", {"log": 1}) == 0
    assert mission.send("log_clear", {"log": 1}) == failures.NOT_ARMED
    assert mission.send("arm", {"function": 0x0504}) == 0
    mission.rig.fly(31.5)
    assert mission.send("log_clear", {"log": 1}) == failures.NOT_ARMED


def test_a_suspended_partner_can_ping_and_no_more(mission: Partners) -> None:
    assert mission.send("partner_suspend", {"owner": IR, "on": 1}) == 0
    assert mission.send("payload_dump", {"count": 1}, IR) == failures.SUSPENDED
    assert mission.send("science_read", {"owner": IR}, IR) == failures.SUSPENDED
    assert mission.execute(mission.raw(IR, *PING), IR) == 0
    assert mission.send("science_release", {"owners": 0, "after": 0}, EC) == 0
    assert mission.account(IR)["account_state"] & 3 == 1
    again = Partners(_reset(mission.rig.board))
    assert again.send("science_release", {"owners": 0, "after": 0}, IR) == failures.SUSPENDED
    assert again.send("partner_suspend", {"owner": IR, "on": 0}) == 0
    assert again.send("science_release", {"owners": 0, "after": 0}, IR) == 0


def test_only_the_host_overrides(mission: Partners) -> None:
    for owner in (EC, IR, BY):
        values = {"owner": 1 + owner % 3, "on": 1}
        assert mission.send("partner_suspend", values, owner) == failures.NOT_AUTHORISED
        assert mission.send("payload_override", {"on": 1}, owner) == failures.NOT_AUTHORISED


def test_refusals_of_a_partner_are_told_to_the_host_now_and_then(mission: Partners) -> None:
    for _ in range(40):
        mission.execute(mission.raw(BY, 99, 1), BY)
    mission.execute(mission.raw(HOST, 98, 1))
    mission.rig.fly(12)
    records = mission.rig.event_records()
    assert [r for r in records if r[0] == 0x0903] == [(0x0903, 0, 40)]
    assert sum(r[0] == 0x000A for r in records) == 1


def test_a_task_is_charged_and_sampled(mission: Partners) -> None:
    mission.nominal()
    mission.rig.celsius = 10.5
    assert mission.send("science_task", {"duration": 60, "interval": 5}, IR) == 0
    mission.rig.fly(70)
    (body,) = mission.batches(IR)
    owner, count, interval, _, _, *temperatures = struct.unpack(">BBHIH12h", body)
    assert (owner, count, interval, temperatures) == (IR, 12, 5, [168] * 12)
    account = mission.account(IR)
    assert account["payload_used"] == 60 and account["payload_left"] == 7200 - 60
    assert account["task_samples"] == 12 and account["science_kept"] == 1
    assert not mission.batches(EC) and not mission.batches(BY) and not mission.batches(HOST)


def test_tasks_run_side_by_side(mission: Partners) -> None:
    mission.nominal()
    for owner, interval in ((EC, 5), (IR, 20), (BY, 10)):
        values = {"duration": 60, "interval": interval}
        assert mission.send("science_task", values, owner) == 0
    mission.rig.fly(80)
    counts = {owner: mission.batches(owner)[0][1] for owner in (EC, IR, BY)}
    assert counts == {EC: 12, IR: 3, BY: 6}


def test_a_task_waits_for_the_payload_uncharged(mission: Partners) -> None:
    assert mission.send("science_task", {"duration": 30}, BY) == 0
    mission.rig.flags = WELL_ONLY
    mission.rig.fly(30)
    assert mission.account(BY)["payload_used"] == 0 and mission.account(BY)["task_left"] == 30


WELL_ONLY = 0x03


def test_seconds_beyond_the_day_are_refused(mission: Partners) -> None:
    assert mission.send("science_task", {"duration": 7201}, EC) == failures.QUOTA_FULL
    ledger = mission.context.ledger
    assert ledger.charge(EC, 7100) and not ledger.charge(EC, 101)
    assert mission.send("science_task", {"duration": 105}, EC) == failures.QUOTA_FULL
    assert mission.send("science_task", {"duration": 100}, EC) == 0
    assert mission.send("science_task", {"duration": 7200}, IR) == 0
    assert mission.account(EC)["tc_over_quota"] == 2


def test_the_day_is_that_of_mission_time(mission: Partners) -> None:
    mission.nominal()
    values = {"seconds": 86400 * 2500 - 30, "fraction": 0}
    assert mission.send("set_time", values) == 0
    mission.rig.fly(3)
    mission.context.ledger.charge(EC, 7000)
    mission.rig.fly(10)
    assert mission.account(EC)["payload_left"] == 200
    again = Partners(_reset(mission.rig.board))
    assert again.account(EC)["payload_left"] == 200
    mission.rig.fly(60)
    assert mission.account(EC)["payload_left"] == 7200


def test_what_was_used_outlives_a_reset(mission: Partners) -> None:
    mission.context.ledger.charge(EC, 7000)
    mission.rig.fly(3)
    again = Partners(_reset(mission.rig.board))
    assert again.account(EC)["payload_left"] == 200
    assert again.account(EC)["payload_used"] == 7000


def test_the_host_stops_every_task(mission: Partners) -> None:
    mission.nominal()
    assert mission.send("science_task", {"duration": 600}, EC) == 0
    mission.rig.fly(20)
    assert mission.send("payload_override", {"on": 1}) == 0
    used = mission.account(EC)["payload_used"]
    mission.rig.fly(30)
    assert mission.account(EC)["payload_used"] == used
    assert mission.send("science_task", {"duration": 600}, IR) == failures.REFUSED
    assert mission.send("payload_override", {"on": 0}) == 0
    mission.rig.fly(30)
    assert mission.account(EC)["payload_used"] > used


def _reset(board: Board) -> Board:
    again = Board(cause=2)
    again.fram = board.fram
    again.archive = board.archive
    return again


def _keep(mission: Partners, owner: int, seconds: int, count: int = 12) -> bytes:
    body = struct.pack(">BBHIH12h", owner, count, 5, seconds, 0, *range(12))
    assert mission.context.science.keep(owner, body)
    return body


def test_own_data_can_be_read_again(mission: Partners) -> None:
    bodies = [_keep(mission, IR, 100 + i) for i in range(5)]
    mission.rig.fly(5)
    mission.rig.board.radio.sent.clear()
    assert mission.send("science_read", {"owner": IR, "from_s": 101, "to_s": 103}, IR) == 0
    mission.rig.fly(15)
    assert mission.batches(IR) == bodies[1:4]


def test_the_ring_keeps_the_newest_and_outlives_a_reset(mission: Partners) -> None:
    bodies = [_keep(mission, BY, i) for i in range(100)]
    again = Partners(_reset(mission.rig.board))
    assert again.send("science_read", {"owner": BY}, BY) == 0
    again.rig.fly(60)
    assert again.batches(BY) == bodies[24:]


@pytest.mark.parametrize("reader", [HOST, EC, BY])
def test_what_is_not_released_is_not_there(mission: Partners, reader: int) -> None:
    body = _keep(mission, IR, 3)
    mission.rig.fly(3)
    mission.rig.board.radio.sent.clear()
    mission.queue(reader)
    assert mission.send("science_read", {"owner": IR}, reader) == 0
    mission.rig.fly(15)
    assert mission.batches(reader) == []
    assert mission.send("science_release", {"owners": 1 << reader, "after": 0}, IR) == 0
    assert mission.send("science_read", {"owner": IR}, reader) == 0
    mission.rig.fly(15)
    assert mission.batches(reader) == [body]
    for other in {HOST, EC, BY} - {reader}:
        assert mission.send("science_read", {"owner": IR}, other) == 0
        mission.rig.fly(15)
        assert mission.batches(other) == []


def test_an_embargo_ends(mission: Partners) -> None:
    now = 86400 * 2500
    assert mission.send("set_time", {"seconds": now, "fraction": 0}) == 0
    mission.rig.fly(2)
    body = _keep(mission, EC, now - 3600 + 30)
    assert mission.send("science_release", {"owners": 0b1111, "after": 1}, EC) == 0
    assert mission.send("science_read", {"owner": EC}, BY) == 0
    mission.rig.fly(15)
    assert mission.batches(BY) == []
    mission.rig.fly(30)
    assert mission.send("science_read", {"owner": EC}, BY) == 0
    mission.rig.fly(15)
    assert mission.batches(BY) == [body]


def test_a_batch_cut_by_a_power_failure_is_none(mission: Partners) -> None:
    first = _keep(mission, EC, 1)
    mission.rig.board.fram.cut_after = 17
    body = struct.pack(">BBHIH12h", EC, 12, 5, 2, 0, *range(12))
    assert not mission.context.science.keep(EC, body)
    mission.rig.board.fram.cut_after = None
    again = Partners(_reset(mission.rig.board))
    second = _keep(again, EC, 3)
    again.rig.fly(2)
    again.rig.board.radio.sent.clear()
    assert again.send("science_read", {"owner": EC}, EC) == 0
    again.rig.fly(20)
    assert again.batches(EC) == [first, second]


@pytest.mark.parametrize("owner", [EC, BY])
def test_a_small_answer_does_not_wait_for_whoever_fills_frames(
    mission: Partners, owner: int
) -> None:
    mission.rig.fly(5)
    mission.rig.board.radio.free = 2
    report = bytes(180)
    mission.rig.board.radio.sent.clear()
    assert mission.execute(mission.raw(owner, *PING, acks=0), owner) == 0
    for _ in range(8):
        for flood in (HOST, IR):
            while mission.context.telemetry.queues[flood].push(report, len(report)):
                pass
        mission.rig.fly(0.5)
    frames = [frame[1] >> 1 & 7 for frame in mission.rig.board.radio.sent]
    assert owner in frames and frames.index(owner) < 12
    assert {frames.count(HOST), frames.count(IR)} != {0}
