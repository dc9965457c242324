"""ADS1115 16-bit analogue-to-digital converter, I2C 0x48..0x4B.

Source: TI ADS1115 data sheet SBAS444, sections 9.3.2 (multiplexer), 9.3.3 (full scale), 9.4.2
(operating modes), 9.5.3 (reading and writing) and 9.6 (registers). A conversion is done at the
first grid point after it began, at 8 samples per second (125 ms) at the second; continuous
conversions follow each other without a gap. Comparator and alert pin are not modelled, its
registers can be written and read.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.devices.base import Device
from sim.faults import FaultSet

CONVERSION, CONFIG, LO_THRESH, HI_THRESH = 0, 1, 2, 3
OS, MODE_SINGLE = 0x8000, 0x0100
SUPPLY_V = 3.3
_POWER_UP = (0x0000, 0x8583, 0x8000, 0x7FFF)
_FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
# MUX 0..3: positive and negative input of the differential measurements.
_DIFFERENTIAL = ((0, 1), (0, 3), (1, 3), (2, 3))


class Ads1115(Device):
    """`input_V(channel, grid)` is the voltage at input AIN0..AIN3, noise included.

    `tick` must be called once at each grid point.
    """

    def __init__(
        self, name: str, input_V: Callable[[int, int], float], faults: FaultSet | None = None
    ) -> None:
        super().__init__(name, faults)
        self._input_V = input_V
        self.power_up()

    def power_up(self) -> None:
        self._registers = list(_POWER_UP)
        self._pointer = CONVERSION
        self._due = -1  # grid index at which the running conversion is done, -1 none runs

    def tick(self) -> None:
        """Finish the conversion that is due at the present grid point."""
        if self._due < 0 or self.grid < self._due or not self.working:
            return
        config = self._registers[CONFIG]
        mux = config >> 12 & 7
        if mux & 4:
            volts = self._pin_V(mux & 3)
        else:
            positive, negative = _DIFFERENTIAL[mux]
            volts = self._pin_V(positive) - self._pin_V(negative)
        counts = round(volts / _FULL_SCALE_V[config >> 9 & 7] * 32768.0)
        self._registers[CONVERSION] = max(-32768, min(32767, counts)) & 0xFFFF
        self._due = -1 if config & MODE_SINGLE else self.grid + self._time()

    def _pin_V(self, channel: int) -> float:
        return max(0.0, min(SUPPLY_V, self._input_V(channel, self.grid)))

    def _time(self) -> int:
        """Grid points that a conversion takes."""
        return 2 if self._registers[CONFIG] >> 5 & 7 == 0 else 1

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx:
            self._pointer = tx[0] & 3
            if len(tx) >= 3:
                self._write(tx[1] << 8 | tx[2])
        if not rx_len:
            return b""
        value = self._registers[self._pointer]
        if self._pointer == CONFIG:
            converting = self._due >= 0 and value & MODE_SINGLE
            value = value & ~OS if converting else value | OS
        # Two bytes, then the released line reads ones.
        out = bytearray(value.to_bytes(2, "big")[:rx_len])
        out.extend(b"\xff" * (rx_len - len(out)))
        if self.faults.active:
            for index in range(min(2, rx_len)):
                out[index] = self.faulty(2 * self._pointer + index, out[index])
        return bytes(out)

    def _write(self, value: int) -> None:
        if self._pointer == CONFIG:
            single = value & MODE_SINGLE
            self._registers[CONFIG] = value
            if single and not value & OS:
                self._due = -1  # powered down, nothing started
            else:
                self._due = self.grid + self._time()
        elif self._pointer in (LO_THRESH, HI_THRESH):
            self._registers[self._pointer] = value
