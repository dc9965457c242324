"""Under-voltage ladder: what is given up, step by step, as the battery runs down.

1 payload; 2 wheels and rods (safe mode); 3 the transmitter, but for a share of each minute;
4 survival. Down at once, to wherever the voltage is; up one step at a time, when the voltage has
been above the threshold and the hysteresis for some readings.
"""

from array import array

from hal.compat import const

NORMAL = const(0)
NO_PAYLOAD = const(1)
SAFE = const(2)
DUTY = const(3)
SURVIVAL = const(4)

_UP_READINGS = const(3)
_DUTY_S = const(60)


class Ladder:
    """`level`: 0 nothing given up .. 4 survival."""

    def __init__(self, params):
        self._params = params
        numbers = (0x0103, 0x0101, 0x0104, 0x0105)
        self._thresholds_at = array("H", [params.place(number) for number in numbers])
        self._hysteresis_at = params.place(0x0102)
        self._on_at = params.place(0x0106)
        self.level = NORMAL
        self._well = 0
        self._second = 0

    def update(self, millivolt):
        """Take one reading; True when the level changed."""
        level = self.level
        params = self._params
        places = self._thresholds_at
        while level < SURVIVAL and millivolt < params.u16(places[level]):
            level += 1
        if level != self.level:
            self.level = level
            self._well = 0
            return True
        if level == NORMAL:
            return False
        if millivolt <= params.u16(places[level - 1]) + params.u16(self._hysteresis_at):
            self._well = 0
            return False
        self._well += 1
        if self._well < _UP_READINGS:
            return False
        self._well = 0
        self.level = level - 1
        return True

    def silent(self):
        """Once a second: True while the transmitter is to be silent."""
        if self.level < DUTY:
            self._second = 0
            return False
        self._second = (self._second + 1) % _DUTY_S
        return self._second > self._params.u8(self._on_at)
