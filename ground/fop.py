"""FOP-1, the sending side of COP-1, of one virtual channel (CCSDS 232.1-B-2 section 5).

The state table row by row (ground/fop_table.py and the methods of the requests), event numbers as
there. Time is an argument. What goes out goes through `lower`, at once: it says whether it took the
frame, which stands for the responses of the lower procedures (E41 to E46). A frame that is sent
again is handed to `lower` anew, which protects it anew: no IV is used twice.

One addition to the standard, on the safe side: a timer that runs out in S3, where it is ignored,
starts again, so that the FOP cannot wait for ever. Queues are bounded: one FDU waits, as in the
standard, and at most the window is out.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Callable, Deque, Optional, Protocol

from ground import fop_table as table
from ground.frames import Clcw

Notify = Callable[[str, Any], None]


class Lower(Protocol):
    """What sends: each gives False when it did not take the frame."""

    def send_ad(self, sequence: int, fdu: Any) -> bool:
        """An AD frame with N(S) = `sequence`."""

    def send_bd(self, fdu: Any) -> bool:
        """A BD frame."""

    def send_bc(self, control: bytes) -> bool:
        """A BC frame with a control command."""


@dataclass
class Sent:
    """An AD frame that is not acknowledged; `again`: to be retransmitted."""

    sequence: int
    fdu: Any
    again: bool = False


class Fop:
    """One channel. `notify(kind, detail)` is told what becomes of requests."""

    def __init__(
        self,
        lower: Lower,
        notify: Notify,
        t1_s: float = 10.0,
        limit: int = 5,
        window: int = 10,
        suspends: bool = False,
    ) -> None:
        """`t1_s` until an acknowledgement is missed; a frame goes out `limit` times at most;
        `window` frames may be out; `suspends`: after that wait for `resume` (timeout type 1)."""
        self._lower, self._notify = lower, notify
        self.state = table.S6_INITIAL
        self.t1_s, self.limit, self.suspends = t1_s, limit, suspends
        self.set_window(window)
        self.vs = self.nnr = 0
        self.suspended = 0  # suspend state SS
        self.deadline_s: Optional[float] = None
        self._count = 1  # transmission count
        self._sent: Deque[Sent] = deque()
        self._control: Optional[bytes] = None  # the BC frame in the sent queue
        self._waiting: Deque[Any] = deque()
        self._pending: Optional[str] = None  # directive that is not confirmed yet

    @property
    def outstanding(self) -> int:
        """AD frames sent and not acknowledged."""
        return len(self._sent)

    @property
    def ready(self) -> bool:
        """An FDU would be taken now."""
        return self.state <= table.S3_WAIT and not self._waiting

    # --- requests ---

    def transfer(self, fdu: Any, now_s: float) -> bool:
        """Send `fdu` in sequence (E19, E20); False when it was rejected."""
        if not self.ready:
            self._notify(table.REJECTED, fdu)
            return False
        self._waiting.append(fdu)
        if self.state != table.S3_WAIT:
            self._look(now_s)
        return True

    def bypass(self, fdu: Any) -> bool:
        """Send `fdu` once, in a BD frame, in whatever state (E21, E45, E46)."""
        if not self._lower.send_bd(fdu):
            self._notify(table.REJECTED, fdu)
            self._alert(table.LLIF)
            return False
        self._notify(table.ACCEPTED, fdu)
        return True

    def initiate(self) -> bool:
        """Begin without a look at the CLCW (E23)."""
        if not self._begin("initiate"):
            return False
        self.state = table.S1_ACTIVE
        self._confirm()
        return True

    def initiate_checked(self, now_s: float) -> bool:
        """Begin once a CLCW says that V(R) is V(S) (E24)."""
        if not self._begin("initiate"):
            return False
        self._start(now_s)
        self.state = table.S4_CHECKING
        return True

    def initiate_unlock(self, now_s: float) -> bool:
        """Begin by unlocking the spacecraft (E25)."""
        return self._begin("unlock") and self._send_control(table.UNLOCK, now_s)

    def initiate_set_vr(self, value: int, now_s: float) -> bool:
        """Begin by setting V(R) to `value`, 0..255 (E27)."""
        if not 0 <= value <= 255 or not self._begin("set V(R)"):
            return False
        self.vs = self.nnr = value
        return self._send_control(bytes((0x82, 0, value)), now_s)

    def terminate(self) -> None:
        """Stop; what is not acknowledged has failed (E29)."""
        if self.state != table.S6_INITIAL:
            self._alert(table.TERM)
        self._notify(table.CONFIRMED, "terminate")

    def resume(self, now_s: float) -> bool:
        """Go on after a suspension (E30 to E34)."""
        if self.state != table.S6_INITIAL or not self.suspended:
            self._notify(table.REJECTED, "resume")
            return False
        self.state, self.suspended = self.suspended, 0
        self._start(now_s)
        self._notify(table.CONFIRMED, "resume")
        return True

    def set_vs(self, value: int) -> bool:
        """V(S), 0..255, while the FOP is off and not suspended (E35)."""
        if self.state != table.S6_INITIAL or self.suspended or not 0 <= value <= 255:
            self._notify(table.REJECTED, "set V(S)")
            return False
        self.vs = self.nnr = value
        self._notify(table.CONFIRMED, "set V(S)")
        return True

    def set_window(self, window: int) -> None:
        """Sliding window width K, 1..255 (E36). Raises `ValueError`."""
        if not 1 <= window <= table.WINDOW_MAX:
            raise ValueError(f"FOP window {window}: 1 .. {table.WINDOW_MAX}")
        self.window = window

    # --- what comes from the spacecraft, and the clock ---

    def clcw(self, clcw: Clcw, now_s: float) -> None:
        """A CLCW of this channel (E1 to E15, E101 to E103)."""
        event = table.event_of(clcw, self.vs, self.nnr, self._count, self.limit)
        self._act(event, clcw.report_value, now_s)

    def bad_clcw(self, now_s: float) -> None:
        """A CLCW that is none (E15)."""
        self._act("E15", self.nnr, now_s)

    def tick(self, now_s: float) -> None:
        """Look at the timer (E16 to E18, E104)."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return
        self.deadline_s = None
        last = self._count >= self.limit
        event = ("E18" if last else "E104") if self.suspends else ("E17" if last else "E16")
        self._act(event, self.nnr, now_s)

    def _act(self, event: str, nr: int, now_s: float) -> None:
        if self.state == table.S6_INITIAL:
            return
        steps = table.TABLE[event][self.state - 1]
        if steps in table.REASONS:
            self._alert(steps)
            return
        if steps[-1].isdigit():
            self.state = int(steps[-1])
            steps = steps[:-2]
        if steps.startswith(("acknowledge", "remove")):
            self._remove(nr)
        if steps in ("acknowledge all", "checked", "executed"):
            self.deadline_s = None
        if steps in ("acknowledge", "acknowledge all"):
            self._look(now_s)
        elif steps in ("retransmit", "acknowledge and retransmit"):
            self._retransmit(now_s)
        elif steps == "acknowledge and limit":
            self._alert(table.LIMIT)
        elif steps in ("checked", "executed"):
            self._control = None
            self._confirm()
        elif steps == "again":
            self._start(now_s)
        elif steps == "control again":
            self._count += 1
            self._put_control(now_s)
        elif steps == "suspend":
            self.suspended, self.state = self.state, table.S6_INITIAL
            self._notify(table.SUSPENDED, table.STATES[self.suspended])

    # --- steps ---

    def _begin(self, name: str) -> bool:
        if self.state != table.S6_INITIAL:
            self._notify(table.REJECTED, name)
            return False
        self._purge()
        self._count, self.suspended = 1, 0
        self._pending = name
        self._notify(table.ACCEPTED, name)
        return True

    def _confirm(self) -> None:
        if self._pending is not None:
            name, self._pending = self._pending, None
            self._notify(table.CONFIRMED, name)

    def _start(self, now_s: float) -> None:
        self.deadline_s = now_s + self.t1_s

    def _send_control(self, control: bytes, now_s: float) -> bool:
        self._control = control
        self._count = 1
        self.state = table.S5_BC
        return self._put_control(now_s)

    def _put_control(self, now_s: float) -> bool:
        self._start(now_s)
        if self._control is None or not self._lower.send_bc(self._control):
            self._alert(table.LLIF)
            return False
        return True

    def _remove(self, nr: int) -> None:
        """Frames before N(R) have arrived."""
        while self._sent and self._sent[0].sequence != nr:
            self._notify(table.CONFIRMED, self._sent.popleft().fdu)
        self.nnr = nr
        self._count = 1

    def _retransmit(self, now_s: float) -> None:
        self._count += 1
        self._start(now_s)
        for sent in self._sent:
            sent.again = True
        self._look(now_s)

    def _look(self, now_s: float) -> None:
        """Look for an FDU: first what is to go again, then what waits."""
        for sent in list(self._sent):
            if sent.again:
                sent.again = False
                if not self._lower.send_ad(sent.sequence, sent.fdu):
                    self._alert(table.LLIF)
                    return
        while self._waiting and (self.vs - self.nnr) & 0xFF < self.window:
            fdu = self._waiting.popleft()
            self._notify(table.ACCEPTED, fdu)
            if not self._sent:
                self._count = 1
            sequence = self.vs
            self.vs = (sequence + 1) & 0xFF
            self._sent.append(Sent(sequence, fdu))
            self._start(now_s)
            if not self._lower.send_ad(sequence, fdu):
                self._alert(table.LLIF)
                return

    def _purge(self) -> None:
        lost, self._sent = self._sent, deque()
        for sent in lost:
            self._notify(table.FAILED, sent.fdu)
        waiting, self._waiting = self._waiting, deque()
        for fdu in waiting:
            self._notify(table.REJECTED, fdu)
        self._control = None

    def _alert(self, reason: str) -> None:
        self.deadline_s = None
        self.state = table.S6_INITIAL
        self._purge()
        if self._pending is not None:
            name, self._pending = self._pending, None
            self._notify(table.FAILED, name)
        self._notify(table.ALERT, reason)
