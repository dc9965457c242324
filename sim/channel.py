"""Radio channel between ground and spacecraft: visibility, delay, rate, bit errors, fades.

Bursts move on the grid. Bit errors are a function of (seed, direction, burst index): a Bernoulli
trial per bit, drawn as geometric gaps between errors. Fades, in which nothing gets through either
way, are a function of the seed: they begin and end at random, with exponential durations. A half
duplex radio hears nothing of a burst that overlaps a frame of its own.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

from sim.devices.mf_radio import MfRadio
from sim.noise import Noise
from sim.stations import Stations

Receiver = Callable[[float, bytes], None]
FADES_KEPT = 64  # the last, among which a burst may have to look back


HISTORY_S = 30.0  # longer than any burst takes


class Fades:
    """When nothing gets through. `every_s`, `lasting_s`: mean times [s] between fades and of one;
    `every_s` 0: never."""

    def __init__(self, seed: int, every_s: float, lasting_s: float) -> None:
        self._every_s, self._lasting_s = every_s, lasting_s
        self._noise = Noise(seed, "channel/fades")
        self._number = 0
        self._spans: list[tuple[float, float]] = []
        self._known_s = 0.0

    def within(self, begin_s: float, end_s: float) -> bool:
        """A fade touches the time between two instants."""
        if self._every_s <= 0.0:
            return False
        while self._known_s <= end_s:
            first = self._known_s - self._every_s * math.log(self._draw())
            last = first - self._lasting_s * math.log(self._draw())
            self._spans = [*self._spans[-FADES_KEPT:], (first, last)]
            self._known_s = last
        return any(first < end_s and last > begin_s for first, last in self._spans)

    def _draw(self) -> float:
        self._number += 1
        return float(self._noise.uniforms(self._number)[0])


class Channel:
    """Carries frames both ways. `on_frame` holds what receives the downlink, as (t_s, frame)."""

    def __init__(
        self,
        radio: MfRadio,
        seed: int,
        always_visible: bool,
        delay_s: float,
        bit_error_rate: float,
        fades: "Fades | None" = None,
        half_duplex: bool = False,
        stations: "Stations | None" = None,
    ) -> None:
        """`stations`: where the way leads, its delay comes on top of `delay_s`; without them
        everything arrives whose time it is to be seen."""
        self._radio = radio
        self._always_visible = always_visible
        self._delay_s = delay_s
        self._bit_error_rate = bit_error_rate
        self._noise = {way: Noise(seed, f"channel/{way}") for way in ("up", "down")}
        self._fades = fades or Fades(seed, 0.0, 1.0)
        self._half_duplex = half_duplex
        self._stations = None if always_visible else stations
        self._sent: list[tuple[float, float]] = []  # when the spacecraft transmitted, of late
        self._queue: list[tuple[float, int, bytes | Callable[[], bytes]]] = []
        self._uplink_free_s = 0.0
        self.on_frame: list[Receiver] = []
        self.antenna_out = True  # folded, it hears nothing and is not heard
        self.sent_up = self.received_up = self.lost_up = 0
        self.sent_down = self.received_down = self.lost_down = 0
        self.bit_errors = 0
        self.heard_s: list[float] = []  # when the radio took a burst of the ground

    @property
    def received_by(self) -> list[int]:
        """Frames received, by station."""
        return [] if self._stations is None else self._stations.frames

    def uplink(self, t_s: float, burst: bytes | Callable[[], bytes]) -> None:
        """Send `burst` from the ground at world time `t_s`, in order of time, then of calls. A
        callable gives its octets when they are radiated."""
        heapq.heappush(self._queue, (t_s, self.sent_up, burst))
        self.sent_up += 1

    def _serving(self, in_view: int, grid: int) -> tuple[list[int], float]:
        """Stations that can hear and be heard at the radio's rate, and the delay to them."""
        if self._stations is None:
            return [], self._delay_s
        serving = self._stations.able(in_view, self._radio.rate_bit_s)
        way_s = self._stations.delay_s(serving, grid) if serving else 0.0
        return serving, self._delay_s + way_s

    def advance(self, start_s: float, step_s: float, in_view: int, grid: int = 0) -> None:
        """Move what moves during the grid step that began at `start_s` and ends at `grid`;
        `in_view`: bit per station that sees the spacecraft."""
        moving = self._radio.advance(start_s, step_s)
        end_s = start_s + step_s
        if not moving and not (self._queue and self._queue[0][0] + self._delay_s <= end_s):
            return
        serving, delay_s = self._serving(in_view, grid)
        visible = self._always_visible or (in_view != 0 if self._stations is None else serving)
        visible = self.antenna_out and bool(visible)
        for t_s, frame in moving:
            index = self.sent_down
            self.sent_down += 1
            sent_s = len(frame) * 8.0 / self._radio.rate_bit_s
            self._sent.append((t_s - sent_s, t_s))
            if not visible or self._fades.within(t_s - sent_s, t_s):
                self.lost_down += 1
                continue
            self.received_down += 1
            if self._stations is not None:
                self._stations.count(serving)
            frame = self._damage("down", index, frame)
            for receiver in self.on_frame:
                receiver(t_s + delay_s, frame)
        while self._queue and self._queue[0][0] + delay_s <= end_s:
            t_s, index, burst = self._queue[0]
            if callable(burst):
                burst = burst()
                self._queue[0] = (t_s, index, burst)
            begin_s = max(t_s + delay_s, self._uplink_free_s)
            arrival_s = begin_s + len(burst) * 8.0 / self._radio.rate_bit_s
            if arrival_s > end_s:
                return
            heapq.heappop(self._queue)
            self._uplink_free_s = arrival_s
            heard = visible and not self._fades.within(begin_s, arrival_s)
            if heard and self._half_duplex:
                heard = not self._transmitting(begin_s, arrival_s, end_s)
            if heard and self._radio.receive(self._damage("up", index, burst)):
                self.received_up += 1
                self.heard_s.append(arrival_s)
            else:
                self.lost_up += 1

    def _transmitting(self, begin_s: float, end_s: float, now_s: float) -> bool:
        """The spacecraft transmitted some time between two instants, the second at most now."""
        self._sent = [span for span in self._sent if span[1] > now_s - HISTORY_S]
        begun_s = self._radio.sending_s
        spans = self._sent if begun_s is None else [*self._sent, (now_s - begun_s, now_s)]
        return any(first < end_s and last > begin_s for first, last in spans)

    def _damage(self, way: str, index: int, frame: bytes) -> bytes:
        rate = self._bit_error_rate
        if rate <= 0.0:
            return frame
        bits = len(frame) * 8
        damaged = bytearray(frame)
        noise = self._noise[way]
        position = -1
        draw = 0
        while True:
            uniform = noise.uniforms(index << 16 | draw)[0]
            position += 1 + int(math.log(uniform) / math.log1p(-rate))
            if position >= bits:
                return bytes(damaged)
            damaged[position >> 3] ^= 0x80 >> (position & 7)
            self.bit_errors += 1
            draw += 1
