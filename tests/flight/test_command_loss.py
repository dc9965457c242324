"""The command-loss timer: it outlives resets, ends in safe mode with the radio as by default."""

from flight import mission
from flight.core import modes
from ground.dictionary import Dictionary
from ground.encode import Encoder
from tests.flight.fakes import Board
from tests.flight.rig import DETUMBLED, WELL, Rig

HOUR_S = 3600


def uplink(rig, name, values=None, owner="host"):
    rig.board.radio.received.append(Encoder(Dictionary()).frame(name, values or {}, owner))


def impatient():
    """In nominal mode, with a radio set to what the ground cannot use and a limit of an hour."""
    rig = Rig()
    rig.flags = WELL | DETUMBLED
    # With the carrier off the ring fills: what is made is watched at its source.
    rig.made = []
    put = rig.context.events.put

    def watched(event, arg0=0, arg1=0):
        rig.made.append((event, arg0, arg1))
        put(event, arg0, arg1)

    rig.context.events.put = watched
    uplink(rig, "set_parameters", {"fdir_command_loss_h": 1, "comms_rate_code": 0})
    uplink(rig, "comms_carrier", {"on": 0})
    rig.fly(10)
    assert rig.modes.current == mission.NOMINAL
    assert rig.board.radio.settings[-1] == (0, 0)
    return rig


def test_an_hour_of_silence_ends_in_safe_mode_with_the_radio_by_default():
    rig = impatient()
    rig.fly(HOUR_S - 60)
    assert rig.modes.current == mission.NOMINAL
    rig.fly(80)
    assert rig.modes.current == mission.SAFE
    assert rig.modes.reason == modes.REASON_COMMAND_LOSS
    assert rig.board.radio.settings[-1] == (1, 3)
    assert (0x0706, 1, 0) in rig.made
    rig.fly(200)
    assert rig.modes.current == mission.SAFE  # nobody has called yet
    uplink(rig, "ping", owner="EC")
    rig.fly(80)
    assert rig.modes.current == mission.NOMINAL
    assert (0x0707, 1, 0) in rig.made


def test_telecommands_keep_it_quiet():
    rig = impatient()
    for _ in range(4):
        rig.fly(HOUR_S // 2)
        uplink(rig, "ping")
    assert rig.modes.current == mission.NOMINAL and 0x0706 not in [
        event for event, _, _ in rig.made
    ]


def test_refused_telecommands_do_not():
    rig = impatient()
    frame = bytes(Encoder(Dictionary()).frame("ping"))
    for _ in range(8):
        rig.fly(HOUR_S // 8 + 10)
        rig.board.radio.received.append(frame[:30] + b"??" + frame[32:])
    assert rig.modes.current == mission.SAFE


def test_resets_do_not_stop_the_clock_and_the_verdict_outlives_them():
    rig = impatient()
    memory = rig.board.fram.memory
    spent_s = 0
    while rig.modes.reason != modes.REASON_COMMAND_LOSS and not rig.context.leop.lost:
        board = Board(cause=4)
        board.fram.memory = memory
        rig = Rig(board)
        rig.fly(20)  # a loop of resets, each long before the next checkpoint
        spent_s += 20
        assert spent_s < HOUR_S
    board = Board(cause=4)
    board.fram.memory = memory
    rig = Rig(board)
    rig.flags = WELL | DETUMBLED
    rig.fly(100)
    assert rig.modes.current == mission.SAFE
    assert rig.modes.inhibitors & modes.INHIBIT_COMMAND_LOSS
