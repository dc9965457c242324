"""The rules of the transmitter's gate, each by its name, and how it closes."""

import pytest

from flight.core import contact_gate as gates
from flight.core.contact_gate import Gate
from flight.core.modes import SILENCE_CEASED, SILENCE_WINDOW

OPEN_S, BEACON_S = 600, 60
LOW, DEFAULT = 1, 3


class Time:
    uptime_s = 0


class Judge:
    """A gate, asked once a second; what nobody says otherwise is: nothing open."""

    def __init__(self, beacon_s=BEACON_S):
        self.time = Time()
        self.gate = Gate(self.time)
        self.beacon_s = beacon_s
        self.judge(gates.GATE_CLOSED)

    def judge(self, reason=gates.GATE_CLOSED, window_s=-1, rate=LOW):
        self.gate.judge(reason, window_s, rate, DEFAULT, self.beacon_s)
        return self.gate.reason

    def run(self, seconds, reason=gates.GATE_CLOSED):
        found = []
        for _ in range(seconds):
            self.time.uptime_s += 1
            found.append(self.judge(reason))
        return found


@pytest.fixture
def judge():
    one = Judge()
    one.run(20)  # a gate is open until it has been judged, and drains
    assert one.gate.reason == gates.GATE_CLOSED
    return one


@pytest.mark.parametrize(
    "rule",
    [
        gates.GATE_UNUSED,
        gates.GATE_NO_PLAN,
        gates.GATE_NO_TIME,
        gates.GATE_LOST,
        gates.GATE_NO_ORBIT,
    ],
    ids=["unused", "no_plan", "no_time", "lost", "no_orbit"],
)
def test_open_when_in_doubt(judge, rule):
    assert judge.run(3, rule) == [rule] * 3
    assert judge.gate.frames == gates.ALL_FRAMES and judge.gate.held == 0
    assert judge.gate.rate_code(DEFAULT) == DEFAULT


def test_window_opens_at_the_rate_of_its_station(judge):
    assert judge.judge(window_s=300, rate=LOW) == gates.GATE_WINDOW
    assert judge.gate.rate_code(DEFAULT) == LOW and judge.gate.frames == gates.ALL_FRAMES
    assert judge.gate.remaining_s == 300


def test_no_window_no_frames(judge):
    assert judge.gate.reason == gates.GATE_CLOSED
    assert judge.gate.free(8) == 0


def test_a_telecommand_opens_for_ten_minutes(judge):
    judge.gate.hear(OPEN_S)
    reasons = judge.run(OPEN_S + 30)
    assert reasons.count(gates.GATE_TELECOMMAND) == OPEN_S - 1
    assert reasons[: OPEN_S - 1] == [gates.GATE_TELECOMMAND] * (OPEN_S - 1)


def test_another_telecommand_begins_the_time_anew(judge):
    judge.gate.hear(OPEN_S)
    judge.run(500)
    judge.gate.hear(OPEN_S)
    assert set(judge.run(OPEN_S - 1)) == {gates.GATE_TELECOMMAND}


def test_a_telecommand_outlasts_the_window_at_the_rate_it_was_heard_at(judge):
    judge.judge(window_s=100, rate=LOW)
    judge.gate.hear(OPEN_S)
    judge.time.uptime_s += 1
    assert judge.judge(window_s=0) == gates.GATE_WINDOW
    assert judge.gate.frames == gates.ALL_FRAMES, "it does not close with this window"
    judge.time.uptime_s += 1
    assert judge.judge() == gates.GATE_TELECOMMAND
    assert judge.gate.rate_code(DEFAULT) == LOW
    judge.run(OPEN_S)
    assert judge.gate.rate_code(DEFAULT) == DEFAULT


def test_command_loss_comes_before_the_window_with_the_rate_by_default(judge):
    assert judge.judge(gates.GATE_LOST, window_s=100, rate=LOW) == gates.GATE_LOST
    assert judge.gate.rate_code(DEFAULT) == DEFAULT


def test_a_window_comes_before_a_lost_orbit(judge):
    assert judge.judge(gates.GATE_NO_ORBIT, window_s=100) == gates.GATE_WINDOW


def test_beacons_outside_windows_are_two_frames_of_the_host(judge):
    judge.run(BEACON_S)
    reasons = judge.run(10 * BEACON_S)
    begun = [n for n in range(1, len(reasons)) if reasons[n - 1] == 0 and reasons[n] == 1]
    assert len(begun) == 10 and set(reasons) == {gates.GATE_CLOSED, gates.GATE_BEACON}
    assert reasons.count(gates.GATE_BEACON) == 20, "two seconds each at 9600 bit/s"
    while judge.run(1) != [gates.GATE_BEACON]:
        assert judge.gate.free(8) == 0
    assert judge.gate.held == 0b1110 and judge.gate.free(8) == 2
    judge.gate.sent()
    assert judge.gate.free(8) == 1
    judge.gate.sent()
    assert judge.gate.free(8) == 0


def test_no_beacons_when_none_are_wanted():
    judge = Judge(beacon_s=0)
    judge.run(20)
    assert set(judge.run(600)) == {gates.GATE_CLOSED}


def test_beacons_begin_anew_after_a_contact(judge):
    judge.judge(window_s=1)
    judge.run(8)
    assert gates.GATE_BEACON not in judge.run(BEACON_S - 9)
    assert gates.GATE_BEACON in judge.run(3)


def test_nothing_new_is_given_out_that_could_not_be_sent_before_the_end(judge):
    drain_s = {0: 15, 1: 8, 2: 5, 3: 3, 4: 2, 5: 2}
    for rate, seconds in drain_s.items():
        cadu_s = 8 * 259 * 8 / (1200 * 2**rate)
        assert cadu_s + 0.5 <= seconds, "all slots of the radio"
        judge.judge(window_s=seconds + 1, rate=rate)
        assert judge.gate.frames == gates.ALL_FRAMES
        judge.judge(window_s=seconds, rate=rate)
        assert judge.gate.frames == 0, rate
        judge.run(40)


def test_a_rule_that_ends_unforeseen_lets_the_radio_run_dry(judge):
    judge.run(5, gates.GATE_NO_ORBIT)
    reasons = judge.run(6)
    assert reasons == [gates.GATE_NO_ORBIT] * 3 + [gates.GATE_CLOSED] * 3
    judge.run(5, gates.GATE_NO_ORBIT)
    judge.run(1)
    assert judge.gate.frames == 0
    judge.judge(window_s=100)
    assert judge.gate.frames == gates.ALL_FRAMES, "open again meanwhile"


def test_a_gate_that_nobody_judges_is_open(judge):
    while judge.run(1) != [gates.GATE_BEACON]:
        pass
    silence = SILENCE_WINDOW | SILENCE_CEASED
    assert judge.gate.muted(silence) == silence
    judge.time.uptime_s += 6
    assert judge.gate.muted(silence) == SILENCE_CEASED, "only its own bit is lifted"
    assert judge.gate.free(8) == 8 and judge.gate.held == 0 and judge.gate.listening()


def test_housekeeping_is_wanted_in_contacts_and_just_before_beacons(judge):
    gate = judge.gate
    wanted = []
    for _ in range(200):
        (reason,) = judge.run(1)
        wanted.append((reason, gate.listening()))
    begun = [n for n in range(1, 200) if wanted[n][0] == 1 != wanted[n - 1][0]]
    assert len(begun) == 3 and all(wanted[n - 1][1] for n in begun)
    assert sum(soon for _, soon in wanted) < 20
    judge.judge(window_s=100)
    assert gate.listening()


def test_openings_and_beacons_are_counted(judge):
    before = judge.gate.openings
    judge.judge(window_s=10)
    judge.run(30)
    judge.gate.hear(60)
    judge.run(130)
    assert judge.gate.openings == before + 2
    assert judge.gate.beacons >= 1
