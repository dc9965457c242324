"""Electrical power system of the reference spacecraft, I2C 0x18 (docs/icd/eps.md)."""

from __future__ import annotations

from sim.devices.base import Device, clamp_i16
from sim.faults import FaultSet
from sim.power import SWITCH_COUNT, Power

ID, VERSION, SWITCHES, STATUS = 0x00, 0x01, 0x02, 0x03
BATT_V, BATT_I, BATT_T, SOLAR_I = 0x04, 0x05, 0x06, 0x07
CHANNEL = 0x10
ARM, BURN, DEPLOYED = 0x20, 0x21, 0x22
ARM_KEY = 0x5A00
_VOLT_LSB = 1.25e-3
_AMPERE_LSB = 0.5e-3


class MfEps(Device):
    """Reads and switches the spacecraft's `Power`. Faults count bytes: 2 * register, high first."""

    id_registers = frozenset((2 * ID, 2 * ID + 1))

    def __init__(self, name: str, power: Power, faults: FaultSet | None = None) -> None:
        super().__init__(name, faults)
        self._power = power
        self._register = 0

    def peek(self, tx: bytes, rx_len: int, address: int = 0) -> bytes:
        """As `Device.peek`; data that would be written is left out: switching is not undone."""
        register, undervoltage = self._register, self._power.undervoltage
        try:
            return self.transfer(tx[:1], rx_len, address)
        finally:
            self._register, self._power.undervoltage = register, undervoltage

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        if tx:
            self._register = tx[0]
            for index in range(1, len(tx) - 1, 2):
                self._write(self._register, tx[index] << 8 | tx[index + 1])
                self._register = (self._register + 1) & 0xFF
        out = bytearray()
        while len(out) < rx_len:
            value = self._read(self._register)
            high, low = value >> 8, value & 0xFF
            if self.faults.active:
                high = self.faulty(2 * self._register, high)
                low = self.faulty(2 * self._register + 1, low)
            out += bytes((high, low))
            self._register = (self._register + 1) & 0xFF
        return bytes(out[:rx_len])

    def _read(self, register: int) -> int:
        power = self._power
        if register == ID:
            return 0x4550
        if register == VERSION:
            return 0x0001
        if register == SWITCHES:
            return power.switches
        if register == STATUS:
            status = (power.battery_A > 0.0) | power.undervoltage << 1
            power.undervoltage = False
            return status
        if register == BATT_V:
            return _volts(power.battery_V)
        if register == BATT_I:
            return clamp_i16(power.battery_A / _AMPERE_LSB) & 0xFFFF
        if register == BATT_T:
            return clamp_i16(power.battery_C * 16.0) & 0xFFFF
        if register == SOLAR_I:
            return min(0xFFFF, round(power.solar_A / _AMPERE_LSB))
        if ARM <= register <= DEPLOYED:
            wires = power.deployables
            return (wires.armed, wires.burning, wires.deployed)[register - ARM]
        channel, current = divmod(register - CHANNEL, 2)
        if 0 <= channel < SWITCH_COUNT:
            if current:
                return clamp_i16(power.channel_A(channel) / _AMPERE_LSB) & 0xFFFF
            return _volts(power.channel_V(channel))
        return 0xFFFF

    def _write(self, register: int, value: int) -> None:
        if register == SWITCHES:
            self._power.switch(value & 0x000F)
        elif register == ARM:
            self._power.deployables.arm(value & 0xFF if value & 0xFF00 == ARM_KEY else 0)
        elif register == BURN:
            self._power.deployables.burn(value)


def _volts(value: float) -> int:
    return max(0, min(0x7FFF, round(value / _VOLT_LSB)))
