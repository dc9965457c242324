"""External watchdog and the simulator's own count of control ticks.

The part resets the processor when it is not kicked in time. Between hello and the first kick it
grants the longer boot time. It judges on the 100 ms grid. From the kicks the simulator counts the
grid points at which no control tick ran, independently of what the firmware says about itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Watchdog:
    """State of one boot after the other; grid indices count from onboard zero of the boot, slots
    are periods of the control tick. `settings`: the scenario's table "watchdog"."""

    def __init__(self, settings: Mapping[str, Any], grid_us: int) -> None:
        self._timeout = max(1, round(settings["timeout_s"] * 1e6 / grid_us))
        self._boot_timeout = max(1, round(settings["boot_timeout_s"] * 1e6 / grid_us))
        self._tick_us = 1000 * settings["tick_ms"]
        self._ticks = grid_us // self._tick_us  # in a grid step
        self._running = False
        self._last_kick = -1
        self._last_slot = 0
        self._last_number = 0
        self.resets = 0
        self.kicks = 0
        self.missed_ticks = 0
        self.repeated_ticks = 0
        self.number_errors = 0

    def hello(self, grid: int = 0) -> None:
        """The processor booted, at grid point `grid` of the boot before: the boot time starts."""
        self.end(grid)
        self._running = True

    def kick(self, grid: int, number: int, time_us: int) -> None:
        """A kick at grid point `grid` and onboard time `time_us` of this boot, carrying the control
        tick's number."""
        self.kicks += 1
        slot = time_us // self._tick_us
        if self._last_kick >= 0:
            if slot == self._last_slot:
                self.repeated_ticks += 1
            else:
                self.missed_ticks += slot - self._last_slot - 1
            if number != (self._last_number + 1) & 0xFFFFFFFF:
                self.number_errors += 1
        self._last_kick = grid
        self._last_slot = slot
        self._last_number = number

    def expired(self, grid: int) -> bool:
        """True once, when the time has run out at grid point `grid`: the reset line is pulled."""
        if not self._running:
            return False
        if self._last_kick < 0:
            if grid < self._boot_timeout:
                return False
        elif grid - self._last_kick < self._timeout:
            return False
        self._running = False
        self.resets += 1
        self.end(grid)
        return True

    def end(self, grid: int) -> None:
        """The boot ended at grid point `grid`: the points since the last kick count as missed."""
        if self._last_kick >= 0:
            self.missed_ticks += max(0, grid * self._ticks - self._last_slot - 1)
        self._last_kick = -1
