"""DRV8830 voltage-controlled H bridge driving one torque rod, I2C 0x60..0x68.

Source: TI DRV8830 data sheet SLVSAB2G, sections 7.3.1 (bridge logic), 7.3.2 (output voltage),
7.3.4 (protection) and 7.6 (registers). The output voltage is 4 VREF (VSET + 1) / 64; the coil is a
resistor at the time scale of the grid, so its dipole follows the voltage at once.
"""

from __future__ import annotations

from sim.devices.base import RegisterDevice
from sim.faults import FaultSet

CONTROL, FAULT = 0x00, 0x01
VREF_V = 1.285
VSET_MIN, VSET_MAX = 0x06, 0x3F
_FULL_V = 4.0 * VREF_V

FAULT_FAULT, FAULT_OCP, FAULT_UVLO, FAULT_OTS, FAULT_ILIMIT = 0x01, 0x02, 0x04, 0x08, 0x10
_CLEAR = 0x80


class Drv8830(RegisterDevice):
    """One rod. `dipole_A_m2` and `current_A` follow the registers."""

    def __init__(
        self,
        name: str,
        dipole_full_A_m2: float,
        resistance_ohm: float,
        current_limit_A: float,
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._dipole_per_V = dipole_full_A_m2 / _FULL_V
        self._resistance_ohm = resistance_ohm
        self._current_limit_A = current_limit_A
        self.power_up()

    def power_up(self) -> None:
        self._control = 0
        self._fault = 0
        self._voltage_V = 0.0

    @property
    def voltage_V(self) -> float:
        """Voltage over the coil, signed."""
        return self._voltage_V if self.working else 0.0

    @property
    def current_A(self) -> float:
        """Coil current, signed."""
        return self.voltage_V / self._resistance_ohm

    @property
    def dipole_A_m2(self) -> float:
        """Dipole along the rod's axis; reversed where the coil is connected the wrong way."""
        dipole = self.voltage_V * self._dipole_per_V
        return -dipole if self.faults.active and self.faults.has("sign_flip") else dipole

    def read_register(self, register: int) -> int:
        if register == CONTROL:
            return self._control
        if register == FAULT:
            return self._fault
        return 0

    def write_register(self, register: int, value: int) -> None:
        if register == CONTROL:
            self._control = value
            self._drive()
        elif register == FAULT and value & _CLEAR:
            self._fault = 0
            self._drive()

    def _drive(self) -> None:
        vset, direction = self._control >> 2, self._control & 3
        # 00 standby, 11 brake: no voltage. VSET below 0x06 is reserved: the bridge stays off.
        if direction in (0, 3) or vset < VSET_MIN:
            self._voltage_V = 0.0
            self._fault &= ~(FAULT_ILIMIT | FAULT_FAULT) if direction in (0, 3) else 0xFF
            return
        voltage = _FULL_V * (vset + 1) / 64.0
        limit_V = self._current_limit_A * self._resistance_ohm
        if voltage > limit_V:
            voltage = limit_V
            self._fault |= FAULT_ILIMIT | FAULT_FAULT
        self._voltage_V = voltage if direction == 1 else -voltage  # IN1 forward, IN2 reverse
