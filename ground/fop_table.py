"""States, events, alerts and the state table of FOP-1 (CCSDS 232.1-B-2 section 5): what
ground/fop.py acts on."""

from ground.frames import Clcw

S1_ACTIVE, S2_RETRANSMIT, S3_WAIT, S4_CHECKING, S5_BC, S6_INITIAL = range(1, 7)
STATES = {
    S1_ACTIVE: "active",
    S2_RETRANSMIT: "retransmitting",
    S3_WAIT: "retransmitting, spacecraft waits",
    S4_CHECKING: "initialising",
    S5_BC: "initialising by a control frame",
    S6_INITIAL: "off",
}
UNLOCK = b"\x00"
WINDOW_MAX = 255

# What is told: (kind, detail).
ACCEPTED, REJECTED = "accepted", "rejected"  # a request; detail: what was to be sent, or its name
CONFIRMED, FAILED = "confirmed", "failed"  # positive and negative confirmation
ALERT, SUSPENDED = "alert", "suspended"  # detail: why; state

SYNCH, CLCW, LIMIT, NNR, LOCKOUT, T1, TERM, LLIF = (
    "SYNCH",
    "CLCW",
    "LIMIT",
    "NN(R)",
    "LOCKOUT",
    "T1",
    "TERM",
    "LLIF",
)
REASONS = {
    SYNCH: "the spacecraft acknowledges what was not sent",
    CLCW: "a CLCW that makes no sense",
    LIMIT: "a frame was lost, and may be sent only once",
    NNR: "the spacecraft expects a frame number outside the window",
    LOCKOUT: "the spacecraft is in lockout: unlock it",
    T1: "no acknowledgement in time",
    TERM: "ended on request",
    LLIF: "the ground station did not take a frame",
}

# Event: action in S1, S2, S3, S4, S5; in S6 all are ignored. An action is the name of an alert, or
# of steps in `Fop._act`; "-" ignores. The next state is the number behind it, the same where there
# is none.
TABLE = {
    "E1": ("-", SYNCH, SYNCH, "checked 1", "executed 1"),
    "E2": ("acknowledge all 1",) * 3 + ("-", "-"),
    "E3": (CLCW,) * 5,
    "E4": (SYNCH, SYNCH, SYNCH, SYNCH, "-"),
    "E5": ("-", SYNCH, SYNCH, "-", "-"),
    "E6": ("acknowledge 1",) * 3 + ("-", "-"),
    "E7": (CLCW,) * 3 + ("-", "-"),
    "E101": ("acknowledge and limit",) * 3 + ("-", "-"),
    "E102": (LIMIT,) * 3 + ("-", "-"),
    "E8": ("acknowledge and retransmit 2",) * 3 + ("-", "-"),
    "E9": ("remove 3",) * 3 + ("-", "-"),
    "E10": ("retransmit 2", "-", "retransmit 2", "-", "-"),
    "E11": ("- 3", "- 3", "-", "-", "-"),
    "E12": ("- 2", "-", "- 2", "-", "-"),
    "E103": ("- 3", "- 3", "-", "-", "-"),
    "E13": (NNR, NNR, NNR, NNR, "-"),
    "E14": (LOCKOUT, LOCKOUT, LOCKOUT, LOCKOUT, "-"),
    "E15": (CLCW,) * 5,
    "E16": ("retransmit", "retransmit", "again", T1, "control again"),
    "E104": ("retransmit", "retransmit", "again", "suspend", "control again"),
    "E17": (T1,) * 5,
    "E18": ("suspend",) * 4 + (T1,),
}


def event_of(clcw: Clcw, vs: int, nnr: int, count: int, limit: int) -> str:
    """The event that a CLCW is: `vs` V(S), `nnr` NN(R), `count` of `limit` transmissions done."""
    nr = clcw.report_value
    if clcw.lockout:
        return "E14"
    if nr == vs:
        if clcw.retransmit:
            return "E4"
        if clcw.wait:
            return "E3"
        return "E1" if nr == nnr else "E2"
    if (nr - nnr) & 0xFF > (vs - nnr) & 0xFF:
        return "E13"
    new = nr != nnr
    if not clcw.retransmit:
        return "E7" if clcw.wait else ("E6" if new else "E5")
    if limit == 1:
        return "E101" if new else "E102"
    if new:
        return "E9" if clcw.wait else "E8"
    if count < limit:
        return "E11" if clcw.wait else "E10"
    return "E103" if clcw.wait else "E12"
