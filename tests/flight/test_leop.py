"""Launch and early orbit on a whole mission: nothing is switched on too soon, nothing twice."""

import pytest

from flight import mission
from flight.core import failures, modes
from flight.core.leop import ALL_OUT
from hal.drivers.mf_eps import ADDRESS as EPS
from hal.errors import HalError
from sim.deployables import Deployables
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, WELL, Rig

LIMIT_S = 2700


def launch(board=None, burn_s=3.0, deployables=None):
    """A mission whose deployables are folded, on a board with a blank or a kept memory."""
    return Rig(board, deployables or Deployables(deployed=False, burn_s=burn_s))


def again(rig):
    """The same spacecraft after a reset: new computer, old memory and wires."""
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    return launch(board, deployables=rig.power.deployables)


def fly(rig, seconds):
    """`rig.fly` with the power system going on, a grid step at a time."""
    for _ in range(seconds):
        rig.fly(1)
        for _ in range(10):
            rig.power.deployables.advance(0.1)


def test_nothing_is_switched_on_before_the_time_is_over():
    rig = launch()
    assert rig.modes.current == mission.LAUNCH
    for _ in range(LIMIT_S - 10):
        fly(rig, 1)
        assert rig.modes.current == mission.LAUNCH
        assert rig.power.switches & 0b0111 == 0 or rig.board.clock.ticks_ms() < 3000
        assert rig.power.deployables.burns == 0 and rig.commanded() == 0
    assert rig.board.radio.sent == []
    assert not any(carrier for carrier, _ in rig.board.radio.settings)
    fly(rig, 40)
    assert rig.modes.current == mission.SAFE and rig.modes.reason == modes.REASON_LAUNCH_OVER
    assert rig.board.radio.sent and rig.power.deployables.deployed == ALL_OUT


def test_no_command_shortens_the_launch():
    rig = launch()
    fly(rig, 5)
    supervisor, power = rig.mission.supervisor, rig.mission.apps["power"]
    for mode in (mission.SAFE, mission.SURVIVAL, mission.DETUMBLE):
        assert supervisor.set_mode(bytes((mode,)), 0, 0) == failures.REFUSED
    assert power.switch(b"\x02\x01", 0, 0) == failures.REFUSED
    assert rig.mission.apps["attitude"].control(b"\x01", 0, 0) == failures.REFUSED
    deployment = rig.mission.apps["fdir"]._deployment
    assert deployment.deploy(b"\x00", 0, 0) == failures.REFUSED
    assert deployment.confirm(b"\x00", 0, 0) == failures.REFUSED
    fly(rig, 5)
    assert rig.modes.current == mission.LAUNCH and rig.power.deployables.burns == 0


def test_the_time_goes_on_over_resets_and_ends_once_and_for_all():
    rig = launch()
    fly(rig, 1400)
    rig = again(rig)
    assert rig.modes.current == mission.LAUNCH
    assert 1300 - 6 <= rig.context.leop.left_s() <= 1300 + 6
    fly(rig, 1400)
    assert rig.modes.current != mission.LAUNCH
    rig = again(rig)
    fly(rig, 3)
    assert rig.modes.current == mission.DETUMBLE
    rig.board.fram.memory[0x300:0x400] = bytes(256)  # a memory that lost its content
    rig = again(rig)
    fly(rig, 3)
    assert rig.modes.current == mission.DETUMBLE, "antenna and panels are out"


def test_a_blank_memory_and_a_silent_eps_wait_for_the_eps():
    board = Board()
    answer = board.eps.read_deployed
    asked = []

    def silent_at_first():
        asked.append(board.clock.ticks_ms())
        if len(asked) < 5:
            raise HalError("eps", 110)
        return answer()

    board.eps.read_deployed = silent_at_first
    rig = Rig(board)
    rig.fly(2)
    assert rig.modes.current == mission.LAUNCH and board.radio.sent == []
    rig.fly(8)
    assert rig.modes.current != mission.LAUNCH and board.radio.sent


@pytest.mark.parametrize("over", [False, True])
def test_a_record_that_cannot_be_read_is_no_blank_one(over):
    """Nonsense from memory and EPS: nothing is switched on, and when they answer it goes on as it
    was, be that the launch or long after it."""
    rig = launch()
    rig.context.leop.launch_s = 2680 if over else 1390
    fly(rig, 60 if over else 10)
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    plain, answer, readings = board.fram.read, board.eps.read_deployed, [0]

    def disturbed(address, buf, off=0, n=None):
        readings[0] += 1
        for i in range(len(buf)):
            buf[i] = (readings[0] * 41 + i * 7) & 0xFF
        return 0

    def nonsense():
        readings[0] += 1
        return readings[0] & 3

    board.fram.read, board.eps.read_deployed = disturbed, nonsense
    second = launch(board, deployables=rig.power.deployables)
    assert second.modes.current == mission.LAUNCH
    fly(second, 20)
    assert second.modes.current == mission.LAUNCH and board.radio.sent == []
    board.fram.read, board.eps.read_deployed = plain, answer
    fly(second, 5)
    if over:
        assert second.modes.current == mission.SAFE
        assert second.context.leop.deployed == 3
    else:
        assert second.modes.current == mission.LAUNCH
        assert second.context.leop.left_s() <= 1310
    fly(second, 30)
    assert (second.modes.current == mission.LAUNCH) != over
    third = again(second)
    assert (third.modes.current == mission.LAUNCH) != over
    assert over or third.context.leop.left_s() <= 1300


@pytest.mark.parametrize("which", [0, 1])
def test_each_deployable_is_confirmed_by_its_switch_and_never_burnt_again(which):
    rig = launch()
    fly(rig, LIMIT_S + 40)
    events = rig.event_records()
    assert (0x0703, which, 1) in events and (0x0704, which, 1) in events
    burns = rig.power.deployables.burns
    assert burns == 2
    rig = again(rig)
    fly(rig, 200)
    assert rig.power.deployables.burns == burns


def test_a_wire_that_does_not_break_is_tried_again_and_given_up():
    rig = launch(burn_s=100.0)
    fly(rig, LIMIT_S + 800)
    leop = rig.context.leop
    assert leop.given_up == ALL_OUT and list(leop.attempts) == [4, 4]
    assert rig.power.deployables.burns == 8
    assert [r[1:] for r in rig.event_records() if r[0] == 0x0705] == [(0, 4), (1, 4)]
    fly(rig, 600)
    assert rig.power.deployables.burns == 8
    rig.power.deployables._burn_s = 2.0
    deployment = rig.mission.apps["fdir"]._deployment
    assert deployment.deploy(b"\x00", 0, 0) == failures.OK
    fly(rig, 20)
    assert leop.deployed == 0b01 and leop.given_up == 0b10
    assert deployment.confirm(b"\x01", 0, 0) == failures.OK
    assert leop.deployed == ALL_OUT


def test_an_attempt_cut_short_by_a_reset_counts():
    rig = launch(burn_s=100.0)
    while rig.power.deployables.burning == 0:
        fly(rig, 1)
    rig = again(rig)
    assert list(rig.context.leop.attempts) == [1, 0]


def test_a_low_battery_or_a_silent_eps_delays_the_wire():
    rig = launch()
    fly(rig, LIMIT_S - 20)
    rig.power._open_V = 6.5
    fly(rig, 60)
    assert rig.power.deployables.burns == 0
    rig.power._open_V = 7.8
    rig.set_faults(EPS, "nack")
    fly(rig, 30)
    rig.set_faults(EPS)
    fly(rig, 200)
    assert rig.power.deployables.deployed == ALL_OUT


def test_after_the_launch_the_way_up_is_as_ever():
    rig = launch()
    rig.flags = WELL | DETUMBLED
    fly(rig, LIMIT_S + 80)
    assert rig.modes.current == mission.NOMINAL
