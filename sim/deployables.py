"""What is held down for the launch: each by a wire that the EPS burns, each with a switch that
tells when it is out.

A wire breaks after `burn_s` of current; it cools at once when the current stops. A channel burns
only while it is armed, and not longer than BURN_MAX_S at a time.
"""

from __future__ import annotations

ANTENNA, PANELS = 0, 1
COUNT = 2
ALL = (1 << COUNT) - 1
ARMED_S = 10.0
BURN_MAX_S = 8.0


class Deployables:
    """`deployed`, `armed` and `burning` are masks, bit n: deployable n."""

    def __init__(self, deployed: bool = True, burn_s: float = 3.0, burn_W: float = 6.0) -> None:
        self.deployed = ALL if deployed else 0
        self.armed = 0
        self.burning = 0
        self.burns = 0  # times a wire was given current
        self._burn_s = burn_s
        self._burn_W = burn_W
        self._armed_left_s = 0.0
        self._heated_s = [0.0] * COUNT

    @property
    def antenna_out(self) -> bool:
        """Folded, the antenna neither hears nor is heard."""
        return bool(self.deployed >> ANTENNA & 1)

    @property
    def load_W(self) -> float:
        """Power into the wires."""
        return self._burn_W if self.burning else 0.0

    def arm(self, mask: int) -> None:
        """Arm these channels for ARMED_S, and no other."""
        self.armed = mask & ALL
        self.burning &= self.armed
        self._armed_left_s = ARMED_S if self.armed else 0.0

    def burn(self, mask: int) -> None:
        """Current into those of these channels that are armed, and into no other."""
        begun = mask & self.armed & ~self.burning
        self.burns += bin(begun).count("1")
        self.burning = mask & self.armed

    def supply_lost(self) -> None:
        """Without a usable battery nothing is armed and nothing burns."""
        self.arm(0)

    def advance(self, step_s: float) -> None:
        """One grid step."""
        if not self.armed:
            return
        self._armed_left_s -= step_s
        for index in range(COUNT):
            if not self.burning >> index & 1:
                self._heated_s[index] = 0.0
                continue
            self._heated_s[index] += step_s
            if self._heated_s[index] >= self._burn_s:
                self.deployed |= 1 << index
            if self._heated_s[index] >= BURN_MAX_S:
                self.burning &= ~(1 << index)
        if self._armed_left_s <= 0.0:
            self.arm(0)
