"""Time reports 9/2 and what they say about the onboard clock.

A report holds the onboard time at which a frame of virtual channel 0 was given to the radio: the
last one before it with a frame count divisible by 2^exponent (flight/services/time.py). Set against
the time at which the ground received that frame, it tells how onboard and ground time stand, apart
from the way through the radio; the frame that waited least tells best.
"""

import struct
from collections import deque
from dataclasses import dataclass
from typing import Deque, List, Optional, Tuple

from flight.packets import space_packet as space
from ground import crc

QUALITIES = {0: "unknown", 1: "restored", 2: "set", 3: "GNSS"}
LAYOUT = struct.Struct(">HHHBBIHB")
SIZE = LAYOUT.size + crc.SIZE
EXPONENT_MAX = 8
WINDOW = 32
STEP_S = 2.0  # frames wait in the radio for less; what moves further is the clock
_FRAMES = 512


@dataclass(frozen=True)
class TimeReport:
    """`onboard_s` since the mission epoch, `ground_s` when the frame meant was received, None when
    it was not; `offset_s` the best known of onboard minus ground; `stepped`: not as before."""

    exponent: int
    quality: int
    onboard_s: float
    ground_s: Optional[float]
    offset_s: Optional[float]
    drift_ppm: Optional[float]
    stepped: bool

    @property
    def text(self) -> str:
        """One line for people."""
        line = f"onboard clock {self.onboard_s:.3f} s ({QUALITIES.get(self.quality, '?')})"
        if self.ground_s is not None:
            line += f" at {self.ground_s:.3f} s of the ground"
        if self.drift_ppm is not None:
            line += f", drift {self.drift_ppm:+.1f} ppm"
        return line


def is_time_packet(packet: bytes) -> bool:
    """A telemetry packet of APID 0 without secondary header."""
    return len(packet) >= 2 and packet[0] == 0 and packet[1] == 0


class Correlator:
    """Takes frames of virtual channel 0 and time reports in the order of their arrival."""

    def __init__(self) -> None:
        self._frames: Deque[Tuple[int, float]] = deque(maxlen=_FRAMES)
        self._samples: Deque[Tuple[float, float]] = deque(maxlen=WINDOW)
        self._quality: Optional[int] = None

    def frame(self, received_s: float, count: int) -> None:
        """A sound frame of virtual channel 0, after the reports that came in it."""
        self._frames.append((count, received_s))

    def report(self, packet: bytes) -> "TimeReport | str":
        """The report, or the name of what is wrong with it (a counter's name)."""
        if len(packet) != SIZE:
            return "length"
        if not crc.is_intact(packet):
            return "crc"
        fields = LAYOUT.unpack_from(packet)
        _, sequence, length, exponent, p_field, seconds, fraction, quality = fields
        if length != SIZE - 7 or sequence & 0xC000 != 0xC000:
            return "header"
        if p_field != space.TIME_P_FIELD or exponent > EXPONENT_MAX:
            return "time"
        onboard_s = seconds + fraction / 65536
        ground_s = self._received_s(exponent)
        stepped = quality != self._quality
        self._quality = quality
        if ground_s is not None:
            offset_s = onboard_s - ground_s
            if self._samples and abs(offset_s - self._samples[-1][1]) > STEP_S:
                stepped = True
                self._samples.clear()
            self._samples.append((ground_s, offset_s))
        best_s = max((offset for _, offset in self._samples), default=None)
        drift = self._drift_ppm()
        return TimeReport(exponent, quality, onboard_s, ground_s, best_s, drift, stepped)

    def _received_s(self, exponent: int) -> Optional[float]:
        for count, received_s in reversed(self._frames):
            if count % (1 << exponent) == 0:
                return received_s
        return None

    def _drift_ppm(self) -> Optional[float]:
        """Slope of the offsets, by least squares, once there are enough."""
        samples: List[Tuple[float, float]] = list(self._samples)
        if len(samples) < WINDOW:
            return None
        mean_t = sum(t for t, _ in samples) / len(samples)
        mean_y = sum(y for _, y in samples) / len(samples)
        square = sum((t - mean_t) ** 2 for t, _ in samples)
        if square <= 0:
            return None
        return 1e6 * sum((t - mean_t) * (y - mean_y) for t, y in samples) / square
