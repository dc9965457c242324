"""FOP-1 against the FARM-1 that flies, over a channel that loses and delays."""

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from ground.fop import Fop
from ground.fop_table import ALERT, CONFIRMED
from ground.frames import parse_clcw
from native.linkcodec import ffi, lib


class Farm:
    """The receiving side as it flies; a buffer that is sometimes full."""

    def __init__(self, window):
        self.farm = ffi.new("mf_farm_t *")
        self.verdict = ffi.new("mf_farm_verdict_t *")
        assert lib.mf_farm_reset(self.farm, window) == 0
        self.received = []
        self.full = False

    def take(self, frame):
        kind = frame[0]
        if kind == "AD":
            lib.mf_farm_decide_ad(self.farm, frame[1], not self.full, self.verdict)
            if self.verdict.accept:
                self.received.append(frame[2])
        elif kind == "BD":
            lib.mf_farm_decide_bd(self.farm, self.verdict)
        else:
            data = ffi.from_buffer(frame[1])
            assert lib.mf_farm_decide_bc(self.farm, data, len(frame[1]), self.verdict) == 0
        lib.mf_farm_commit(self.farm, self.verdict)

    def release(self):
        self.full = False
        lib.mf_farm_buffer_released(self.farm)

    def clcw(self):
        out = ffi.new("uint8_t[4]")
        lib.mf_farm_clcw(self.farm, 1, False, False, out)
        return parse_clcw(int.from_bytes(bytes(out), "big"))


class Link:
    """FOP and FARM with a channel of some delay between them that loses frames and CLCWs."""

    def __init__(self, seed, loss, delay, window, farm_window):
        self.farm = Farm(farm_window)
        self.random = random.Random(seed)
        self.loss, self.delay = loss, delay
        self.up, self.down = deque(), deque()
        self.now_s = 0.0
        self.said = []
        said = self.said
        self.fop = Fop(self, lambda kind, detail: said.append((kind, detail)), 5.0, 8, window)

    def _radiate(self, frame):
        if self.random.random() >= self.loss:
            self.up.append((self.now_s + self.delay, frame))
        return True

    def send_ad(self, sequence, fdu):
        return self._radiate(("AD", sequence, fdu))

    def send_bd(self, fdu):
        return self._radiate(("BD", fdu))

    def send_bc(self, control):
        return self._radiate(("BC", control))

    def step(self, lossless=False):
        """One second: frames arrive, a CLCW comes back, the timer runs."""
        self.now_s += 1.0
        while self.up and self.up[0][0] <= self.now_s:
            self.farm.take(self.up.popleft()[1])
        if self.farm.full and self.random.random() < 0.5:
            self.farm.release()
        elif self.random.random() < 0.05:
            self.farm.full = True
        if lossless or self.random.random() >= self.loss:
            self.down.append((self.now_s + self.delay, self.farm.clcw()))
        while self.down and self.down[0][0] <= self.now_s:
            self.fop.clcw(self.down.popleft()[1], self.now_s)
        self.fop.tick(self.now_s)

    def recover(self):
        """What an operator does after an alert: wait, look where the spacecraft is, begin there."""
        for _ in range(2 * int(self.delay) + 3):
            self.step(lossless=True)
        if self.farm.clcw().lockout:
            self.fop.initiate_unlock(self.now_s)
        self.fop.terminate()
        for _ in range(2 * int(self.delay) + 3):
            self.step(lossless=True)
        self.fop.set_vs(self.farm.clcw().report_value)
        self.fop.initiate()


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from((0.0, 0.1, 0.3, 0.5)),
    st.integers(0, 3),
    st.integers(1, 10),
)
def test_everything_arrives_once_and_in_order(seed, loss, delay, window):
    """Whatever is lost: what the spacecraft takes is what was sent, in order, each once; whatever
    the FOP has confirmed has arrived; after an alert it goes on where the spacecraft is."""
    link = Link(seed, loss, delay, window, farm_window=2 * window + 2)
    link.fop.initiate()
    wanted, sent = 60, 0
    for _ in range(6000):
        while sent < wanted and link.fop.ready:
            link.fop.transfer(sent, link.now_s)
            sent += 1
        link.step()
        if link.fop.state == 6:
            link.recover()
            sent = len(link.farm.received)
        if len(link.farm.received) == wanted and link.fop.outstanding == 0:
            break
        assert link.fop.outstanding <= window
    assert link.farm.received == list(range(wanted))
    confirmed = [detail for kind, detail in link.said if kind == CONFIRMED]
    numbers = [detail for detail in confirmed if isinstance(detail, int)]
    assert numbers == sorted(set(numbers))
    if loss == 0.0:
        assert not [kind for kind, _ in link.said if kind == ALERT] and numbers == list(
            range(wanted)
        )
