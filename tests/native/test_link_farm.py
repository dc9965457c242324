"""FARM-1 against its state table, written out event by event; deciding changes nothing."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from native.linkcodec import ffi, lib
from tests.native.link_rig import E_BADMSG, E_INVAL

OPEN, WAIT, LOCKOUT = "S1", "S2", "S3"


@dataclass
class Model:
    """Table 6-1 of 232.1-B-2, one method per kind of frame; sets of numbers for the windows."""

    window: int
    state: str = OPEN
    vr: int = 0
    farm_b: int = 0
    retransmit: bool = False
    wait: bool = False
    lockout: bool = False

    def ad(self, ns, buffer_free):
        positive = {(self.vr + i) % 256 for i in range(1, self.window // 2)}
        negative = {(self.vr - i) % 256 for i in range(1, self.window // 2 + 1)}
        if ns == self.vr:
            if self.state != OPEN:
                return False
            if buffer_free:
                self.vr = (self.vr + 1) % 256
                self.retransmit = False
                return True
            self.retransmit = self.wait = True
            self.state = WAIT
        elif ns in positive:
            if self.state == OPEN:
                self.retransmit = True
        elif ns not in negative:
            self.lockout = True
            self.state = LOCKOUT
        return False

    def bd(self):
        self.farm_b += 1
        return True

    def unlock(self):
        self.farm_b += 1
        self.retransmit = self.wait = self.lockout = False
        self.state = OPEN

    def set_vr(self, value):
        self.farm_b += 1
        if self.state != LOCKOUT:
            self.retransmit = self.wait = False
            self.vr = value
            self.state = OPEN

    def released(self):
        self.wait = False
        if self.state == WAIT:
            self.state = OPEN

    def clcw(self, vc):
        flags = f"00{self.lockout:d}{self.wait:d}{self.retransmit:d}{self.farm_b % 4:02b}0"
        return bytes((1, vc << 2, int(flags, 2), self.vr))


class Farm:
    def __init__(self, window=20):
        self.farm = ffi.new("mf_farm_t *")
        self.verdict = ffi.new("mf_farm_verdict_t *")
        assert lib.mf_farm_reset(self.farm, window) == 0

    def image(self):
        return bytes(ffi.buffer(self.farm))

    def commit(self):
        lib.mf_farm_commit(self.farm, self.verdict)
        return self.verdict.accept

    def decide_ad(self, ns, buffer_free=True):
        lib.mf_farm_decide_ad(self.farm, ns, buffer_free, self.verdict)
        return self.verdict

    def decide_bc(self, data):
        return lib.mf_farm_decide_bc(self.farm, data, len(data), self.verdict)

    def clcw(self, vc=0):
        out = ffi.new("uint8_t[4]")
        lib.mf_farm_clcw(self.farm, vc, False, False, out)
        return bytes(out)


steps = st.one_of(
    st.tuples(st.just("ad"), st.integers(-140, 140), st.booleans()),
    st.tuples(st.just("near"), st.integers(-3, 3), st.booleans()),
    st.just(("bd",)),
    st.just(("unlock",)),
    st.tuples(st.just("set"), st.integers(0, 255)),
    st.just(("released",)),
)


def step(farm, model, what):
    before = farm.image()
    kind = what[0]
    if kind in ("ad", "near"):
        ns = (model.vr + what[1]) % 256
        verdict = farm.decide_ad(ns, what[2])
        expected = model.ad(ns, what[2])
        assert verdict.accept == expected
    elif kind == "bd":
        lib.mf_farm_decide_bd(farm.farm, farm.verdict)
        assert model.bd()
    elif kind == "unlock":
        assert farm.decide_bc(b"\x00") == 0
        model.unlock()
    elif kind == "set":
        assert farm.decide_bc(bytes((0x82, 0, what[1]))) == 0
        model.set_vr(what[1])
    else:
        lib.mf_farm_buffer_released(farm.farm)
        model.released()
        return
    assert farm.image() == before  # deciding alone
    farm.commit()
    assert farm.verdict.changes == (farm.image() != before)


@given(st.sampled_from((2, 4, 10, 20, 254)), st.lists(steps, max_size=60))
def test_every_sequence_is_that_of_the_table(window, sequence):
    farm, model = Farm(window), Model(window)
    for what in sequence:
        step(farm, model, what)
        assert farm.clcw(3) == model.clcw(3)


def test_long_run():
    rng = random.Random(6)
    farm, model = Farm(20), Model(20)
    for _ in range(20_000):
        what = rng.choice(
            (
                ("near", rng.randint(-2, 2), rng.random() < 0.9),
                ("near", 0, True),
                ("ad", rng.randint(0, 255), True),
                ("bd",),
                ("unlock",),
                ("set", rng.randint(0, 255)),
                ("released",),
            )
        )
        step(farm, model, what)
        assert farm.clcw() == model.clcw(0)


@pytest.mark.parametrize(
    ("ns", "event", "accept"),
    [
        (0, lib.MF_FARM_E1_IN_SEQUENCE, True),
        (1, lib.MF_FARM_E3_AHEAD, False),
        (9, lib.MF_FARM_E3_AHEAD, False),
        (10, lib.MF_FARM_E5_OUTSIDE, False),
        (245, lib.MF_FARM_E5_OUTSIDE, False),
        (246, lib.MF_FARM_E4_BEHIND, False),
        (255, lib.MF_FARM_E4_BEHIND, False),
    ],
)
def test_borders_of_the_window(ns, event, accept):
    verdict = Farm(20).decide_ad(ns)
    assert (verdict.event, verdict.accept) == (event, accept)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x00\x00", b"\x82\x00", b"\x82\x01\x05", b"\x82\0\5\0"]
)
def test_unknown_control_commands(data):
    farm = Farm()
    assert farm.decide_bc(data) == E_BADMSG
    assert farm.clcw() == bytes((1, 0, 0, 0))


def test_lockout_needs_unlock_before_set():
    farm = Farm()
    farm.decide_ad(100)
    farm.commit()
    assert farm.clcw()[2] == 0x20
    farm.decide_bc(b"\x82\x00\x07")
    farm.commit()
    assert farm.clcw() == bytes((1, 0, 0x22, 0))
    for command in (b"\x00", b"\x82\x00\x07"):
        farm.decide_bc(command)
        farm.commit()
    assert farm.clcw() == bytes((1, 0, 0x06, 7))


def test_signal_flags_of_the_clcw():
    out = ffi.new("uint8_t[4]")
    lib.mf_farm_clcw(Farm().farm, 63, True, False, out)
    assert bytes(out) == bytes((1, 0xFC, 0x80, 0))
    lib.mf_farm_clcw(Farm().farm, 1, False, True, out)
    assert bytes(out) == bytes((1, 0x04, 0x40, 0))


@pytest.mark.parametrize("window", [0, 1, 3, 255, 256])
def test_window_out_of_range(window):
    assert lib.mf_farm_reset(ffi.new("mf_farm_t *"), window) == E_INVAL
