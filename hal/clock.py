"""Contract of the board's clock, and the arithmetic of wrapping ticks.

A clock has
- `ticks_ms() -> int`: milliseconds since the processor started, modulo 2^30;
- `ticks_us() -> int`: microseconds, modulo 2^30 (17.9 minutes);
- `ticks_add(tick, delta) -> int`, `ticks_diff(a, b) -> int`: as the functions below;
- `sleep_until(tick_ms)`: returns when `ticks_ms()` has reached `tick_ms`, at once when it has
  passed; the processor idles meanwhile;
- `idle_us() -> int`: time spent idle, accumulated, modulo 2^30.
No call allocates. Intervals longer than an hour are counted in seconds, not in ticks.
"""

from hal.compat import const

TICKS_MASK = const((1 << 30) - 1)
TICKS_HALF = const(1 << 29)


def ticks_add(tick, delta):
    """`tick` + `delta`, wrapped; -2^29 < delta < 2^29."""
    return (tick + delta) & TICKS_MASK


def ticks_diff(a, b):
    """Signed distance a - b of two ticks, right while it is within -2^29 .. 2^29 - 1."""
    return ((a - b + TICKS_HALF) & TICKS_MASK) - TICKS_HALF
