"""Filters started and settled, for the tests of the attitude filter."""

from __future__ import annotations

from typing import Any

import numpy as np

from cli.adcs.filter import DEG, MAG, PARAMS, SUN, SUN_N, TRACKER, Filter, Truth, field_N, nees

__all__ = ["PARAMS", "SUN_N", "TRACKER", "Truth", "field_N", "nees"]  # used through here

REJECTED, SKIPPED = 1, 2
START_US, STEP_US = 10_000_000, 100_000


def started(
    q_BN: Any = (0.0, 0.0, 0.0, 1.0), sigma: float = 2 * DEG, t_us: int = START_US, **changed: Any
) -> Filter:
    """A filter on its way, parameters changed as named."""
    each = Filter(**changed)
    assert each.start(q_BN, sigma, t_us) == 0
    return each


def settled(t_us: int = START_US, **changed: Any) -> tuple[Filter, int]:
    """A filter at rest with q = identity after half a minute of Sun and field."""
    each = started(t_us=t_us, **changed)
    for k in range(1, 301):
        now = t_us + k * STEP_US
        assert each.propagate(np.zeros(3), now) == 0
        if k % 10 == 0:
            assert each.direction(SUN, (1.0, 0.0, 0.0), (1.0, 0.0, 0.0), 0.5 * DEG, now) == 0
            assert each.direction(MAG, (0.0, 1.0, 0.0), (0.0, 1.0, 0.0), 1 * DEG, now) == 0
    return each, t_us + 300 * STEP_US
