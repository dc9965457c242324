"""FOP-1: the state table of 232.1-B-2, event by event."""

import pytest

from ground.fop import Fop
from ground.fop_table import (
    ACCEPTED,
    ALERT,
    CONFIRMED,
    FAILED,
    REJECTED,
    SUSPENDED,
    UNLOCK,
)
from ground.frames import Clcw

T1_S = 5.0


class Rig:
    """A FOP with a record of what it sends and says."""

    def __init__(self, **options):
        self.out, self.said = [], []
        self.taken = True
        self.fop = Fop(self, lambda kind, detail: self.said.append((kind, detail)), T1_S, **options)

    def send_ad(self, sequence, fdu):
        self.out.append(("AD", sequence, fdu))
        return self.taken

    def send_bd(self, fdu):
        self.out.append(("BD", fdu))
        return self.taken

    def send_bc(self, control):
        self.out.append(("BC", control))
        return self.taken

    def clcw(self, nr, now_s=1.0, **flags):
        names = ("no_rf", "no_bit_lock", "lockout", "wait", "retransmit")
        values = {name: bool(flags.get(name)) for name in names}
        self.fop.clcw(Clcw(vc=1, farm_b=0, report_value=nr & 0xFF, **values), now_s)

    def alerts(self):
        return [detail for kind, detail in self.said if kind == ALERT]


def rig_in(state, **options):
    """A FOP in a state: V(S) 12, frames 10 and 11 out (S1 to S3), or V(S) 12 (S4, S5)."""
    rig = Rig(**options)
    fop = rig.fop
    if state == 6:
        fop.set_vs(12)
    elif state == 5:
        fop.initiate_set_vr(12, 0.0)
    elif state == 4:
        fop.set_vs(12)
        fop.initiate_checked(0.0)
    else:
        fop.set_vs(10)
        fop.initiate()
        fop.transfer("a", 0.0)
        fop.transfer("b", 0.0)
        if state == 2:
            rig.clcw(10, retransmit=True)
        elif state == 3:
            rig.clcw(10, retransmit=True, wait=True)
    assert fop.state == state
    rig.out.clear()
    rig.said.clear()
    return rig


def idle_rig(state):
    """S1 with everything acknowledged; S2 and S3 never are without frames out."""
    rig = rig_in(1)
    rig.clcw(12)
    rig.said.clear()
    return rig if state == 1 else rig_in(state)


AGAIN = [("AD", 10, "a"), ("AD", 11, "b")]

# CLCW; by state S1, S2, S3, S4, S5: next state, or the alert (which ends in S6).
CLCWS = [
    ("E2", {"nr": 12}, (1, 1, 1, None, None)),
    ("E3", {"nr": 12, "wait": 1}, ("CLCW", "CLCW", "CLCW", "CLCW", "CLCW")),
    ("E4", {"nr": 12, "retransmit": 1}, ("SYNCH", "SYNCH", "SYNCH", "SYNCH", 5)),
    ("E5", {"nr": 10}, (1, "SYNCH", "SYNCH", None, None)),
    ("E6", {"nr": 11}, (1, 1, 1, None, None)),
    ("E7", {"nr": 10, "wait": 1}, ("CLCW", "CLCW", "CLCW", None, None)),
    ("E7", {"nr": 11, "wait": 1}, ("CLCW", "CLCW", "CLCW", None, None)),
    ("E8", {"nr": 11, "retransmit": 1}, (2, 2, 2, None, None)),
    ("E9", {"nr": 11, "retransmit": 1, "wait": 1}, (3, 3, 3, None, None)),
    ("E10", {"nr": 10, "retransmit": 1}, (2, 2, 2, None, None)),
    ("E11", {"nr": 10, "retransmit": 1, "wait": 1}, (3, 3, 3, None, None)),
    ("E13", {"nr": 13}, ("NN(R)", "NN(R)", "NN(R)", "NN(R)", 5)),
    ("E13", {"nr": 9}, ("NN(R)", "NN(R)", "NN(R)", "NN(R)", 5)),
    ("E14", {"nr": 10, "lockout": 1}, ("LOCKOUT",) * 4 + (5,)),
    ("E14", {"nr": 12, "lockout": 1, "retransmit": 1}, ("LOCKOUT",) * 4 + (5,)),
]


@pytest.mark.parametrize("state", (1, 2, 3, 4, 5, 6))
@pytest.mark.parametrize(("event", "clcw", "outcomes"), CLCWS)
def test_clcw_events(event, clcw, outcomes, state):
    rig = rig_in(state)
    rig.clcw(**clcw)
    if state == 6:
        assert rig.fop.state == 6 and not rig.said and not rig.out
        return
    outcome = outcomes[state - 1]
    if outcome is None:
        return  # cannot be: nothing is out in that state
    if isinstance(outcome, str):
        assert rig.alerts() == [outcome]
        assert rig.fop.state == 6 and rig.fop.deadline_s is None
    else:
        assert (rig.fop.state, rig.alerts()) == (outcome, [])


def test_e1():
    rig = idle_rig(1)
    rig.clcw(12)
    assert (rig.fop.state, rig.said) == (1, [])
    for state in (4, 5):
        rig = rig_in(state)
        rig.clcw(12)
        name = "initiate" if state == 4 else "set V(R)"
        assert (rig.fop.state, rig.said) == (1, [(CONFIRMED, name)])
        assert rig.fop.deadline_s is None


def test_acknowledged_frames_are_confirmed_in_order_and_the_timer_ends_with_the_last():
    rig = rig_in(1)
    rig.clcw(11)
    assert rig.said == [(CONFIRMED, "a")] and rig.fop.deadline_s is not None
    rig.clcw(12)
    assert rig.said == [(CONFIRMED, "a"), (CONFIRMED, "b")] and rig.fop.deadline_s is None


@pytest.mark.parametrize("state", (1, 3))
def test_retransmission_sends_all_that_is_out_again(state):
    rig = rig_in(state)
    rig.clcw(10, retransmit=True)
    assert rig.out == AGAIN
    rig.clcw(10, retransmit=True)  # E10 in S2: ignored until the timer or an acknowledgement
    assert rig.out == AGAIN
    rig.clcw(11, retransmit=True)
    assert rig.out == [*AGAIN, ("AD", 11, "b")]


def test_a_retransmitted_frame_goes_once_until_the_next_retransmission():
    rig = rig_in(1)
    rig.clcw(10, retransmit=True)
    assert rig.fop.transfer("c", 1.0)
    assert rig.out == [*AGAIN, ("AD", 12, "c")]


def test_a_limit_of_one_sends_nothing_twice():
    for nr, said in ((10, [(FAILED, "a"), (FAILED, "b")]), (11, [(CONFIRMED, "a"), (FAILED, "b")])):
        rig = rig_in(1, limit=1)
        rig.clcw(nr, retransmit=True)
        assert rig.out == [] and rig.said == [*said, (ALERT, "LIMIT")]


def test_the_limit_is_kept():
    rig = rig_in(1, limit=3)
    for now_s in (10.0, 20.0):
        rig.fop.tick(now_s)
    assert rig.out == AGAIN * 2
    rig.clcw(10, retransmit=True, now_s=21.0)  # E12
    assert (rig.fop.state, rig.out) == (2, AGAIN * 2)
    rig.clcw(10, retransmit=True, wait=True, now_s=21.0)  # E103
    assert rig.fop.state == 3
    rig.clcw(10, retransmit=True, now_s=21.0)  # E12
    assert (rig.fop.state, rig.out) == (2, AGAIN * 2)
    rig.fop.tick(30.0)
    assert rig.alerts() == ["T1"]


def test_timer_events():
    for state in (1, 2):
        rig = rig_in(state)
        rig.fop.tick(4.9)
        assert rig.out == []
        rig.fop.tick(6.1)
        assert (rig.out, rig.fop.state) == (AGAIN, state)
        assert rig.fop.deadline_s == 6.1 + T1_S
    rig = rig_in(3)
    rig.fop.tick(6.1)
    assert (rig.out, rig.fop.state, rig.said) == ([], 3, [])
    rig = rig_in(4)
    rig.fop.tick(6.1)
    assert rig.said == [(FAILED, "initiate"), (ALERT, "T1")]
    rig = rig_in(5, limit=2)
    rig.fop.tick(6.1)
    assert (rig.out, rig.fop.state) == ([("BC", b"\x82\x00\x0c")], 5)
    rig.fop.tick(12.0)
    assert rig.said == [(FAILED, "set V(R)"), (ALERT, "T1")]


def test_suspension_and_resumption():
    for state in (1, 2, 3, 4):
        rig = rig_in(state, limit=1 if state in (1, 4) else 2, suspends=True)
        for now_s in (10.0, 20.0):
            rig.fop.tick(now_s)
            if state == 3:
                rig.fop._count = rig.fop.limit  # in S3 the timer alone sends nothing again
        assert rig.said[-1][0] == SUSPENDED and rig.fop.state == 6
        assert not rig.fop.set_vs(1)
        assert rig.fop.resume(30.0) and rig.fop.state == state
        assert rig.fop.deadline_s == 35.0
        if state < 4:
            rig.clcw(12)
            assert (CONFIRMED, "b") in rig.said
    rig = rig_in(5, limit=1, suspends=True)
    rig.fop.tick(10.0)
    assert rig.alerts() == ["T1"]
    assert not rig.fop.resume(11.0)


def test_transfers_are_taken_in_the_active_states_only_and_one_waits():
    for state in (4, 5, 6):
        rig = rig_in(state)
        assert not rig.fop.transfer("x", 1.0)
        assert rig.said == [(REJECTED, "x")] and rig.out == []
    rig = rig_in(1, window=2)
    assert rig.fop.transfer("c", 1.0) and rig.out == []
    assert not rig.fop.transfer("d", 1.0)
    rig.clcw(11)
    assert rig.out == [("AD", 12, "c")]
    rig = rig_in(3)
    assert rig.fop.transfer("c", 1.0) and rig.out == []
    rig.clcw(10, retransmit=True)
    assert rig.out == [*AGAIN, ("AD", 12, "c")]


@pytest.mark.parametrize("state", (1, 2, 3, 4, 5, 6))
def test_bypass_in_every_state(state):
    rig = rig_in(state)
    assert rig.fop.bypass("x")
    assert (rig.out, rig.said, rig.fop.state) == ([("BD", "x")], [(ACCEPTED, "x")], state)


@pytest.mark.parametrize("state", (1, 2, 3, 4, 5))
def test_directives_begin_in_s6_only_and_terminate_ends_everything(state):
    rig = rig_in(state)
    fop = rig.fop
    assert not fop.initiate() and not fop.initiate_checked(1.0) and not fop.initiate_unlock(1.0)
    assert not fop.initiate_set_vr(3, 1.0) and not fop.set_vs(3) and not fop.resume(1.0)
    assert fop.state == state and rig.out == []
    assert {kind for kind, _ in rig.said} == {REJECTED}
    fop.terminate()
    assert fop.state == 6 and rig.alerts() == ["TERM"]
    assert rig.said[-1] == (CONFIRMED, "terminate")
    assert fop.outstanding == 0


def test_unlock():
    rig = rig_in(6)
    assert rig.fop.initiate_unlock(0.0)
    assert rig.out == [("BC", UNLOCK)]
    rig.clcw(12, lockout=True)
    assert rig.fop.state == 5
    rig.clcw(12)
    assert rig.fop.state == 1


def test_a_station_that_takes_nothing_is_an_alert():
    for act in (
        lambda rig: rig.fop.transfer("c", 1.0),
        lambda rig: rig.fop.tick(9.0),
        lambda rig: rig.fop.bypass("c"),
    ):
        rig = rig_in(1)
        rig.taken = False
        act(rig)
        assert rig.alerts() == ["LLIF"] and rig.fop.state == 6
    rig = rig_in(6)
    rig.taken = False
    assert not rig.fop.initiate_unlock(1.0)
    assert rig.alerts() == ["LLIF"]


def test_nonsense():
    rig = rig_in(1)
    rig.fop.bad_clcw(1.0)
    assert rig.alerts() == ["CLCW"]
    assert not rig.fop.initiate_set_vr(256, 1.0)
    assert not rig.fop.set_vs(-1)
    for window in (0, 256):
        with pytest.raises(ValueError, match="window"):
            rig.fop.set_window(window)
