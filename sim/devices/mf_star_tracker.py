"""Star tracker, I2C 0x2A: register map in docs/icd/star-tracker.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.devices.words import UNKNOWN, WordDevice, word
from sim.faults import FaultSet
from sim.rotation import Quaternion

ID, VERSION, CTRL, STATUS, COUNT, AGE, Q1, STARS, TEMPERATURE = 0, 1, 2, 3, 4, 5, 6, 14, 15
DEVICE_ID = 0x5354
TRACK, SOFT_RESET = 0x0001, 0x8000
OFF, ACQUIRING, TRACKING, BLINDED, FAST = range(5)
VALID, NEW = 0x0100, 0x0200
NO_AGE = 0xFFFF
_AGE_LSB_S = 1e-4


@dataclass(frozen=True)
class TrackerParameters:
    """Facts of the part; times in grid points."""

    period: int
    acquisition: int
    rate_max_rad_s: float
    stars: int


class MfStarTracker(WordDevice):
    """`tick` must be called once at each grid point.

    `view()` gives (blinded, rate of the boresight's frame in rad/s) now, `attitude(grid)` the
    measured q_SN.
    """

    def __init__(
        self,
        name: str,
        parameters: TrackerParameters,
        view: Callable[[], tuple[bool, float]],
        attitude: Callable[[int], Quaternion],
        temperature_C: Callable[[], float],
        step_s: float,
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._parameters = parameters
        self._view = view
        self._attitude = attitude
        self._temperature_C = temperature_C
        self._step_s = step_s
        self.power_up()

    def power_up(self) -> None:
        self._control = 0
        self._state = OFF
        self._acquire_from = self.grid
        self._made = -1  # grid index of the newest attitude, -1 none
        self._made_q: Quaternion = (0.0, 0.0, 0.0, 0.0)
        self._made_count = 0
        self._shown = -1  # the same for what the registers show
        self._shown_age_s = 0.0
        self._shown_count = 0
        self._read_count = 0
        self._words: tuple[int, ...] = (0,) * 8
        self._temperature = 0

    def tick(self) -> None:
        """See the sky at the present grid point."""
        if not self._control & TRACK or not self.working:
            self._state = OFF
            return
        grid, facts = self.grid, self._parameters
        if grid % facts.period:
            return
        blinded, rate_rad_s = self._view()
        if blinded or rate_rad_s > facts.rate_max_rad_s:
            self._state = BLINDED if blinded else FAST
            return
        if self._state != TRACKING:
            if self._state != ACQUIRING:
                self._state = ACQUIRING
                self._acquire_from = grid
            if grid - self._acquire_from < facts.acquisition:
                return
            self._state = TRACKING
        self._made = grid
        self._made_q = self._attitude(grid)
        self._made_count += 1

    def _show(self) -> None:
        """Take the newest attitude into the registers."""
        self._shown_count = self._made_count
        self._temperature = word(self._temperature_C() * 16.0)
        if self._state != TRACKING:
            self._shown = -1
            self._words = (0,) * 8
            return
        self._shown = self._made
        self._shown_age_s = (self.grid - self._made) * self._step_s
        words: list[int] = []
        for value in self._made_q:
            counts = max(-(2**31), min(2**31 - 1, round(value * 2.0**31))) & 0xFFFFFFFF
            words += (counts >> 16, counts & 0xFFFF)
        self._words = tuple(words)

    def read_word(self, register: int) -> int:
        if register == STATUS:
            self._show()
            status = self._state | (self._shown >= 0) * VALID
            return status | (self._shown_count != self._read_count) * NEW
        if register == COUNT:
            self._read_count = self._shown_count
            return self._shown_count & 0xFFFF
        if Q1 <= register < Q1 + 8:
            return self._words[register - Q1]
        valid = self._shown >= 0
        if register == AGE:
            return min(NO_AGE - 1, round(self._shown_age_s / _AGE_LSB_S)) if valid else NO_AGE
        if register == STARS:
            return self._parameters.stars if valid else 0
        if register == TEMPERATURE:
            return self._temperature
        if register == CTRL:
            return self._control
        return {ID: DEVICE_ID, VERSION: 0x0001}.get(register, UNKNOWN)

    def write_word(self, register: int, value: int) -> None:
        if register != CTRL:
            return
        if value & SOFT_RESET:
            self.power_up()
        else:
            self._control = value & TRACK
            if not self._control:
                self._state = OFF
