"""Modes payload and pass, debounce, and what a start remembers."""

import pytest

from flight import mission
from flight.core import failures, modes
from flight.core.modes import Modes
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, WELL, Rig
from tests.flight.test_supervisor import NoEvents


@pytest.fixture
def nominal():
    rig = Rig()
    rig.flags = WELL | DETUMBLED
    rig.fly(5)
    assert rig.modes.current == mission.NOMINAL
    return rig


def command(rig, mode):
    return rig.mission.supervisor.set_mode(bytes((mode,)), 0, 0)


@pytest.mark.parametrize("mode,payload", [(mission.PAYLOAD, True), (mission.PASS, False)])
def test_payload_and_pass_point_and_end_by_themselves(nominal, mode, payload):
    assert command(nominal, mode) == failures.OK
    nominal.fly(2)
    assert nominal.modes.current == mode and nominal.commanded() == 3
    assert nominal.power.is_on(1) == payload
    nominal.fly(3000)
    assert nominal.modes.current == mode
    nominal.fly(700)
    assert nominal.modes.current == mission.NOMINAL
    assert nominal.modes.reason == modes.REASON_TIME_OVER and nominal.commanded() == 1


def test_a_loop_that_does_not_point_ends_the_mode(nominal):
    command(nominal, mission.PAYLOAD)
    nominal.fly(2)
    nominal.obey = lambda: nominal.kernel.set_report(1, 6, nominal.flags)  # stepped down
    nominal.fly(2)
    assert nominal.modes.current == mission.NOMINAL
    assert nominal.modes.reason == modes.REASON_ATTITUDE_LOST


def test_a_loop_that_refuses_to_point_ends_the_mode(nominal):
    nominal.obey = lambda: nominal.kernel.set_report(1, 1, nominal.flags)
    command(nominal, mission.PASS)
    nominal.fly(3)
    assert nominal.modes.current == mission.NOMINAL


def test_a_shed_payload_ends_payload_mode_and_keeps_out_of_it(nominal):
    command(nominal, mission.PAYLOAD)
    nominal.fly(2)
    nominal.power._open_V = 6.65
    nominal.fly(3)
    assert nominal.modes.current == mission.NOMINAL
    assert command(nominal, mission.PAYLOAD) == failures.REFUSED


def test_survival_by_command_is_left_by_command(nominal):
    assert command(nominal, mission.SURVIVAL) == failures.OK
    nominal.fly(200)
    assert nominal.modes.current == mission.SURVIVAL
    assert command(nominal, mission.SAFE) == failures.OK
    nominal.fly(1)
    assert nominal.modes.current == mission.SAFE


def stand():
    table = Modes(NoEvents(), mission)
    table.begin(mission.DETUMBLE, modes.REASON_BOOT)
    return table


def test_a_request_must_stand_for_the_debounce():
    table = stand()
    table.request(mission.NOMINAL, modes.REASON_DETUMBLED)
    assert not table.apply()
    assert not table.apply()
    table.request(mission.NOMINAL, modes.REASON_DETUMBLED)
    assert table.apply() and table.current == mission.NOMINAL


def test_a_request_that_is_not_renewed_is_forgotten():
    table = stand()
    table.request(mission.NOMINAL, modes.REASON_DETUMBLED)
    for _ in range(5):
        assert not table.apply()
    table.request(mission.NOMINAL, modes.REASON_DETUMBLED)
    assert not table.apply()


def test_commands_and_inhibitors_are_not_debounced():
    table = stand()
    table.request(mission.NOMINAL, modes.REASON_COMMAND)
    assert table.apply()
    table.inhibit(modes.INHIBIT_GYRO_LOST, modes.REASON_GYRO_LOST)
    assert table.apply() and table.current == mission.DETUMBLE


def test_commanded_safe_mode_outlives_a_reset():
    rig = Rig()
    rig.fly(3)
    command(rig, mission.SAFE)
    rig.fly(2)
    board = Board(cause=2)
    board.fram.memory = rig.board.fram.memory
    rig = Rig(board)
    rig.fly(200)
    assert rig.modes.current == mission.SAFE and rig.modes.reason == modes.REASON_COMMAND
    assert (0x0709, mission.SAFE, modes.REASON_COMMAND) in rig.event_records()


VM_RESTART = 6  # hal/reset_cause.py


def test_python_that_comes_back_goes_on_from_survival_at_once():
    """The first release of the supervisor leads to safe, the next one on; the rods stay on."""
    rig = Rig(Board(cause=VM_RESTART))
    switched = []
    rig.power.switches = 0b0101
    rig.power.switch = switched.append
    assert (rig.modes.current, rig.modes.reason) == (mission.SURVIVAL, modes.REASON_SURVIVED)
    rig.fly(4)
    changes = [record[1:] for record in rig.event_records() if record[0] == 0x0005]
    assert changes[:2] == [
        (mission.SURVIVAL << 8 | mission.SAFE, modes.REASON_SURVIVED),
        (mission.SAFE << 8 | mission.DETUMBLE, modes.REASON_CHECKS_PASSED),
    ]
    assert switched and all(switches & 0b0100 for switches in switched)


def test_python_that_comes_back_to_an_empty_battery_stays_in_survival_until_it_is_full():
    rig = Rig(Board(cause=VM_RESTART))
    rig.power._open_V = 5.9
    rig.fly(60)
    assert rig.modes.current == mission.SURVIVAL
    rig.power._open_V = 8.0
    rig.fly(60)
    assert rig.modes.current == mission.DETUMBLE


@pytest.mark.parametrize("mode", [mission.SAFE, mission.SURVIVAL])
def test_a_mode_commanded_to_stay_down_outlives_survival_too(mode):
    first = Rig()
    command(first, mode)
    first.fly(2)
    board = Board(cause=VM_RESTART)
    board.fram = first.board.fram
    second = Rig(board)
    assert (second.modes.current, second.modes.reason) == (mode, modes.REASON_COMMAND)
    second.fly(10)
    assert second.modes.current == mode
