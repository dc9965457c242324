"""Modes of the attitude loop and modes of the spacecraft: who follows whom."""

import struct

import pytest

from flight import mission
from flight.apps.attitude import definitions
from flight.core import modes
from flight.packets import fields
from ground import encode
from ground.dictionary import Dictionary
from tests.flight.rig import DETUMBLED, IMU_FAILED, MAG_FAILED, WELL, Rig

SAFE, DETUMBLE, NOMINAL = mission.SAFE, mission.DETUMBLE, mission.NOMINAL
IDLE, LOOP_DETUMBLE, SUNSAFE, POINTING = range(4)
COMMAND, WHEELS_LOST, GYRO_LOST, ATTITUDE_LOST, RATE_HIGH = 1, 4, 5, 6, 7
TUMBLING_EVENT, DETUMBLED_EVENT = 0x0241, 0x0240
RATE = fields.offset(definitions.REPORT_FIELDS, "rate_rad_s")


@pytest.fixture
def nominal():
    rig = Rig()
    rig.flags = WELL | DETUMBLED
    rig.fly(5)
    assert rig.modes.current == NOMINAL
    return rig


def command(rig, mode):
    frame = encode.Encoder(Dictionary()).frame("attitude_control", {"mode": mode})
    rig.board.radio.received.append(frame)
    rig.fly(1.5)
    assert rig.commanded() == mode


def step_down(rig, mode, reason, flags=WELL):
    """The loop goes there by itself, once; it obeys later commands."""
    commands = len(rig.kernel.commands)

    def obey():
        mine = [c for c in rig.kernel.commands[commands:] if c[0] == 1]
        if mine:
            rig.kernel.set_report(mine[-1][1], COMMAND, flags)
        else:
            rig.kernel.set_report(mode, reason, flags)

    rig.obey = obey


@pytest.mark.parametrize("mode", [SUNSAFE, POINTING])
def test_a_commanded_mode_may_turn_the_spacecraft(nominal, mode):
    """Slews and spin are no tumbling: the spacecraft stays nominal."""
    command(nominal, mode)
    nominal.flags = WELL
    before = nominal.events()
    nominal.fly(30)
    assert nominal.modes.current == NOMINAL and nominal.commanded() == mode
    assert TUMBLING_EVENT not in nominal.events()[len(before) :]


def test_a_commanded_mode_holds_until_the_next_mode_of_the_spacecraft(nominal):
    command(nominal, POINTING)
    nominal.fly(20)
    assert nominal.commanded() == POINTING
    nominal.modes.request(SAFE, modes.REASON_BATTERY_LOW)
    nominal.fly(2)
    assert nominal.modes.current == SAFE and nominal.commanded() == IDLE


@pytest.mark.parametrize("mode", [SUNSAFE, POINTING])
def test_a_commanded_mode_is_not_taken_back_when_the_spacecraft_is_at_rest(mode):
    """It may be commanded before; nominal begins when the spacecraft has come to rest in it."""
    rig = Rig()
    rig.fly(3)
    assert rig.modes.current == DETUMBLE
    command(rig, mode)
    rig.fly(10)
    assert rig.modes.current == DETUMBLE and rig.commanded() == mode, "it turns as yet"
    rig.flags = WELL | DETUMBLED
    rig.fly(10)
    assert rig.modes.current == NOMINAL and rig.commanded() == mode
    rig.flags = WELL
    rig.modes.request(DETUMBLE, modes.REASON_COMMAND)
    rig.fly(3)
    assert rig.modes.current == DETUMBLE and rig.commanded() == LOOP_DETUMBLE


def test_a_commanded_mode_without_a_gyro_waits_for_it():
    rig = Rig()
    rig.fly(3)
    command(rig, SUNSAFE)
    rig.flags = WELL | DETUMBLED | IMU_FAILED
    rig.fly(10)
    assert rig.modes.current == DETUMBLE and rig.commanded() == SUNSAFE


def test_pointing_that_becomes_sun_safe_changes_nothing_else(nominal):
    command(nominal, POINTING)
    step_down(nominal, SUNSAFE, ATTITUDE_LOST)
    nominal.fly(20)
    assert nominal.modes.current == NOMINAL and nominal.modes.inhibitors == 0
    assert nominal.commanded() == POINTING, "the loop stays where it went"


def test_rods_alone_are_still_pointing(nominal):
    command(nominal, POINTING)
    step_down(nominal, POINTING, WHEELS_LOST)
    nominal.fly(20)
    assert nominal.modes.current == NOMINAL and nominal.modes.inhibitors == 0


def test_pointing_that_ends_tumbling_leaves_nominal(nominal):
    command(nominal, POINTING)
    step_down(nominal, LOOP_DETUMBLE, RATE_HIGH)
    nominal.fly(3)
    assert nominal.modes.current == DETUMBLE and nominal.modes.reason == modes.REASON_RATE_HIGH
    assert nominal.commanded() == LOOP_DETUMBLE


def test_pointing_that_becomes_detumbling_at_rest_stays_nominal(nominal):
    command(nominal, POINTING)
    step_down(nominal, LOOP_DETUMBLE, GYRO_LOST, WELL | DETUMBLED)
    nominal.fly(20)
    assert nominal.modes.current == NOMINAL and nominal.modes.inhibitors == 0


@pytest.mark.parametrize("mode", [LOOP_DETUMBLE, SUNSAFE, POINTING])
def test_a_loop_with_nothing_left_ends_in_safe_mode(nominal, mode):
    command(nominal, mode)
    step_down(nominal, IDLE, 2, MAG_FAILED)
    nominal.fly(3)
    assert nominal.modes.current == SAFE and nominal.modes.reason == modes.REASON_ATTITUDE_LOST
    assert nominal.modes.inhibitors == modes.INHIBIT_ATTITUDE_LOST


def test_a_loop_that_was_reset_is_no_step_down(nominal):
    """Reason boot: nothing has been lost, the next command brings it back."""
    nominal.obey = lambda: nominal.kernel.set_report(IDLE, 0, WELL)
    nominal.fly(3)
    assert nominal.modes.current == NOMINAL and nominal.modes.inhibitors == 0


def test_the_switch_keeps_every_mode_from_being_commanded(nominal):
    encoder = encode.Encoder(Dictionary())
    off = encoder.frame("set_parameters", {"attitude_control_enabled": 0})
    nominal.board.radio.received.append(off)
    nominal.fly(2)
    nominal.board.radio.received.append(encoder.frame("attitude_control", {"mode": POINTING}))
    nominal.fly(2)
    assert nominal.commanded() == IDLE and nominal.context.commands.refused == 1


def test_mission_time_goes_to_the_loop_and_comes_back():
    rig = Rig()
    rig.fly(2)
    frame = encode.Encoder(Dictionary()).frame("set_time", {"seconds": 1000, "fraction": 32768})
    rig.board.radio.received.append(frame)
    rig.fly(0.8)
    tick_ms, seconds, fraction, known = rig.kernel.time
    assert (seconds, fraction, known) == (1000, 32768, 1) and tick_ms % 500 == 50
    # Python starts again a while later, on the same kernel.
    rig.board.clock.spend(7_250_000)
    now_ms = rig.board.clock.ticks_ms()
    again = Rig(rig.board)
    time = again.context.time
    assert time.quality == 1
    assert time.seconds * 1000 + (time.fraction * 1000 >> 16) == pytest.approx(
        1_000_500 + now_ms - tick_ms, abs=1
    )


def test_a_rate_that_nobody_knows_is_not_told_as_high(nominal):
    """A loop that was idle cannot tell its rate at first: that is no tumbling."""
    nominal.kernel.report[RATE : RATE + 4] = struct.pack("<f", -1.0)
    nominal.flags = WELL
    nominal.fly(5)
    assert TUMBLING_EVENT not in nominal.events() and nominal.modes.current == NOMINAL
    nominal.kernel.report[RATE : RATE + 4] = struct.pack("<f", 0.1)
    nominal.fly(3)
    assert TUMBLING_EVENT in nominal.events() and nominal.modes.current == DETUMBLE
