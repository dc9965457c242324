"""Radio channel between ground and spacecraft: visibility, delay, rate, bit errors.

Frames move on the grid. Bit errors are a function of (seed, direction, frame index): a Bernoulli
trial per bit, drawn as geometric gaps between errors.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

from sim.devices.mf_radio import MfRadio
from sim.noise import Noise

Receiver = Callable[[float, bytes], None]


class Channel:
    """Carries frames both ways. `on_frame` holds what receives the downlink, as (t_s, frame)."""

    def __init__(
        self,
        radio: MfRadio,
        seed: int,
        always_visible: bool,
        delay_s: float,
        bit_error_rate: float,
    ) -> None:
        self._radio = radio
        self._always_visible = always_visible
        self._delay_s = delay_s
        self._bit_error_rate = bit_error_rate
        self._noise = {way: Noise(seed, f"channel/{way}") for way in ("up", "down")}
        self._queue: list[tuple[float, int, bytes | Callable[[], bytes]]] = []
        self._uplink_free_s = 0.0
        self.on_frame: list[Receiver] = []
        self.antenna_out = True  # folded, it hears nothing and is not heard
        self.sent_up = self.received_up = self.lost_up = 0
        self.sent_down = self.received_down = self.lost_down = 0
        self.bit_errors = 0

    def uplink(self, t_s: float, burst: bytes | Callable[[], bytes]) -> None:
        """Send `burst` from the ground at world time `t_s`, in order of time, then of calls. A
        callable gives its octets when they are radiated."""
        heapq.heappush(self._queue, (t_s, self.sent_up, burst))
        self.sent_up += 1

    def advance(self, start_s: float, step_s: float, stations_in_view: int) -> None:
        """Move what moves during the grid step that began at `start_s`."""
        visible = self.antenna_out and (self._always_visible or stations_in_view != 0)
        for t_s, frame in self._radio.advance(start_s, step_s):
            index = self.sent_down
            self.sent_down += 1
            if not visible:
                self.lost_down += 1
                continue
            self.received_down += 1
            frame = self._damage("down", index, frame)
            for receiver in self.on_frame:
                receiver(t_s + self._delay_s, frame)
        end_s = start_s + step_s
        while self._queue and self._queue[0][0] + self._delay_s <= end_s:
            t_s, index, burst = self._queue[0]
            if callable(burst):
                burst = burst()
                self._queue[0] = (t_s, index, burst)
            begin_s = max(t_s + self._delay_s, self._uplink_free_s)
            arrival_s = begin_s + len(burst) * 8.0 / self._radio.rate_bit_s
            if arrival_s > end_s:
                return
            heapq.heappop(self._queue)
            self._uplink_free_s = arrival_s
            if visible and self._radio.receive(self._damage("up", index, burst)):
                self.received_up += 1
            else:
                self.lost_up += 1

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
