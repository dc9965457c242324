"""Tick arithmetic over the wrap at 2^30."""

import time

from hypothesis import given
from hypothesis import strategies as st

from hal.clock import TICKS_HALF, TICKS_MASK, ticks_add, ticks_diff
from hal.compat import const

ticks = st.integers(0, TICKS_MASK)
deltas = st.integers(-TICKS_HALF, TICKS_HALF - 1)


@given(ticks, deltas)
def test_add_and_diff_are_inverse_over_the_wrap(tick, delta):
    later = ticks_add(tick, delta)
    assert 0 <= later <= TICKS_MASK
    assert ticks_diff(later, tick) == delta


@given(ticks, ticks)
def test_diff_is_antisymmetric_but_at_the_far_point(a, b):
    if ticks_diff(a, b) != -TICKS_HALF:
        assert ticks_diff(a, b) == -ticks_diff(b, a)


def test_period_is_that_of_the_target():
    assert TICKS_MASK + 1 == 2**30 == 2 * TICKS_HALF
    assert not hasattr(time, "ticks_ms")  # CPython: the functions above are the only ones


def test_const_is_the_identity_here():
    assert const(42) == 42
