"""One key, one sender at a time: no value of a counter is given to two."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.errors import GroundError
from ground.security import Counters
from ground.yamcs.handover import BLOCK, FILE, Handover

KEY = "tc-EC"
WINDOW = 65536  # MF_LINK_TC_WINDOW


class Sides:
    """Our counter on the disk, and Yamcs, which keeps its own under the name of its link."""

    def __init__(self, folder):
        self.folder = folder
        self.counters = Counters()
        self.taken = []
        self.yamcs = {}  # next value, by turn
        self.running = None

    def ours(self, count):
        """We send; Yamcs does not run."""
        self.stop()
        self.taken += [self.counters.take(KEY) for _ in range(count)]

    def start(self):
        self.stop()
        self.running = Handover(self.folder, self.counters, KEY)
        self.running.take()
        self.yamcs.setdefault(self.running.turn, self.running.first)
        self.sent = 0

    def stop(self):
        self.running = None

    def theirs(self, count, looked):
        """Yamcs sends; after each so many frames its server is looked at."""
        if self.running is None:
            self.start()
        for _ in range(count):
            self.taken.append(self.yamcs[self.running.turn])
            self.yamcs[self.running.turn] += 1
            self.sent += 1
            if self.sent % looked == 0:
                self.running.used(self.sent)


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """What is tested is what is written, not how long a disk takes."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def unique(sides):
    return len(set(sides.taken)) == len(sides.taken)


steps = st.lists(
    st.tuples(
        st.sampled_from(("ours", "theirs", "restart", "crash")),
        st.integers(0, 700),
        st.integers(1, BLOCK // 4),
    ),
    max_size=10,
)


@settings(max_examples=30)
@given(steps=steps)
def test_no_value_is_used_twice(tmp_path_factory, steps):
    """Nor is one left out that the spacecraft would have to jump too far for."""
    sides = Sides(tmp_path_factory.mktemp("handover"))
    for kind, count, looked in steps:
        if kind == "ours":
            sides.ours(count)
        elif kind == "theirs":
            sides.theirs(count, looked)
        else:
            # A crash leaves no last look; a restart looks.
            if kind == "restart" and sides.running is not None:
                sides.running.used(sides.sent)
            sides.start()
        assert unique(sides)
    ordered = [0, *sides.taken]
    assert all(b - a < WINDOW for a, b in zip(ordered, ordered[1:], strict=False))


def test_yamcs_goes_on_where_it_was_when_nobody_else_sent(tmp_path):
    first = Handover(tmp_path, Counters(tmp_path / "c"), KEY)
    first.take()
    again = Handover(tmp_path, Counters(tmp_path / "c"), KEY)
    again.take()
    assert (again.first, again.turn) == (first.first, first.turn) == (0, 1)


def test_after_us_it_begins_behind_us_under_a_new_name(tmp_path):
    counters = Counters(tmp_path / "c")
    first = Handover(tmp_path, counters, KEY)
    first.take()
    ours = counters.take(KEY)
    assert ours >= BLOCK // 2
    again = Handover(tmp_path, counters, KEY)
    again.take()
    assert again.turn == 2 and again.first == ours + 1


def test_a_new_key_begins_at_0(tmp_path):
    counters = Counters(tmp_path / "c")
    first = Handover(tmp_path, counters, KEY)
    first.take()
    counters.set(KEY, 0)  # as TcSecurity.set_key does
    again = Handover(tmp_path, counters, KEY)
    again.take()
    assert again.turn == 2 and again.first == 0


def test_the_record_is_private_and_checked(tmp_path):
    first = Handover(tmp_path, Counters(tmp_path / "c"), KEY)
    first.take()
    path = tmp_path / FILE
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(json.dumps({"first": 0}))
    with pytest.raises(GroundError, match="no record of ours"):
        Handover(tmp_path, Counters(tmp_path / "c"), KEY)
