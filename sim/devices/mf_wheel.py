"""Reaction wheel, I2C 0x20..0x23: register map in docs/icd/wheels.md.

Motor, limits and bearing of one wheel. Friction is Coulomb's and viscous while the rotor turns; at
rest it holds whatever the motor gives up to the static friction (Markley & Crassidis 2014, section
4.8). Over one grid step the net torque is taken constant; a rotor that comes to rest within a step
is stopped exactly, and turns on only if the motor overcomes the static friction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sim.devices.words import UNKNOWN, WordDevice, signed, word
from sim.faults import FaultSet

(ID, VERSION, CTRL, STATUS, TORQUE_CMD, SPEED_CMD, SPEED, TORQUE, CURRENT, TEMPERATURE, TIMEOUT,
 TORQUE_MAX, SPEED_MAX, INERTIA) = range(14)  # fmt: skip
DEVICE_ID = 0x5257
DRIVEN, TORQUE_LIMITED, SPEED_LIMIT, TIMED_OUT, REFUSED = 0x01, 0x02, 0x04, 0x08, 0x10
OFF, TORQUE_MODE, SPEED_MODE = 0, 1, 2
SOFT_RESET = 0x8000
TORQUE_LSB_N_M = 1e-7
SPEED_LSB_RAD_S = 0.025
INERTIA_LSB_KG_M2 = 1e-9
CURRENT_LSB_A = 1e-4
_TIMEOUT = 20  # grid points
_REST_RAD_S = 1e-3  # slower than that the bearing may hold the rotor
_SPEED_TIME_S = 0.5  # of the wheel's own speed controller
_SPEED_INTEGRAL_1_S = 1.0


@dataclass(frozen=True)
class WheelParameters:
    """Facts of one wheel."""

    inertia_kg_m2: float
    torque_max_N_m: float
    speed_max_rad_s: float
    coulomb_N_m: float
    viscous_N_m_s: float
    static_N_m: float
    torque_per_A_N_m: float


class MfWheel(WordDevice):
    """`drive` is called once per grid step and gives what acts between body and rotor.

    `telemetry(speed, grid)` makes of the true speed (rad/s) the measured one.
    """

    def __init__(
        self,
        name: str,
        parameters: WheelParameters,
        telemetry: Callable[[float, int], float],
        temperature_C: Callable[[], float],
        speed_rad_s: float = 0.0,
        faults: FaultSet | None = None,
    ) -> None:
        super().__init__(name, faults)
        self._parameters = parameters
        self._telemetry = telemetry
        self._temperature_C = temperature_C
        self.speed_rad_s = speed_rad_s  # the plant's, at the present grid point
        self.motor_N_m = 0.0
        self._constants = {
            ID: DEVICE_ID,
            VERSION: 0x0001,
            TORQUE_MAX: _unsigned(parameters.torque_max_N_m / TORQUE_LSB_N_M),
            SPEED_MAX: _unsigned(parameters.speed_max_rad_s / SPEED_LSB_RAD_S),
            INERTIA: _unsigned(parameters.inertia_kg_m2 / INERTIA_LSB_KG_M2),
        }
        self.power_up()

    def power_up(self) -> None:
        self._mode = OFF
        self._torque_command = self._speed_command = 0
        self._timeout = _TIMEOUT
        self._commanded = self.grid
        self._latched = 0
        self._limits = 0
        self._integral_N_m = 0.0

    def drive(self, step_s: float) -> float:
        """Net torque on the rotor (motor and friction, N m, about +axis) over the coming step."""
        if self._mode and self._timeout and self.grid + 1 - self._commanded > self._timeout:
            self._off()
            self._latched |= TIMED_OUT
        friction = self.faults.factor("friction_scale") if self.faults.active else 1.0
        self._limits = 0
        motor = self._motor(step_s, friction) if self._mode and self.working else 0.0
        self.motor_N_m = motor
        return self._net(motor, step_s, friction)

    @property
    def _polarity(self) -> float:
        """-1 for a wheel that was built in the other way round, which it does not know."""
        return -1.0 if self.faults.active and self.faults.has("sign_flip") else 1.0

    def _off(self) -> None:
        self._mode = OFF
        self._torque_command = self._speed_command = 0
        self._integral_N_m = 0.0

    def _motor(self, step_s: float, friction: float) -> float:
        facts, speed = self._parameters, self.speed_rad_s
        if self._mode == TORQUE_MODE:
            demand = self._polarity * self._torque_command * TORQUE_LSB_N_M
        else:
            wanted = self._polarity * self._speed_command * SPEED_LSB_RAD_S
            error = wanted - speed
            gain = facts.inertia_kg_m2 / _SPEED_TIME_S
            drag = facts.viscous_N_m_s * wanted
            if wanted:
                drag += math.copysign(facts.coulomb_N_m, wanted)
            demand = gain * error + self._integral_N_m + drag
            if abs(demand) < facts.torque_max_N_m:
                self._integral_N_m += gain * _SPEED_INTEGRAL_1_S * step_s * error
        limit = facts.torque_max_N_m
        motor = max(-limit, min(limit, demand))
        if motor != demand:
            self._limits = TORQUE_LIMITED
        if motor * speed > 0.0:
            # No further than to the speed limit within this step.
            drag = friction * (facts.coulomb_N_m + facts.viscous_N_m_s * abs(speed))
            room = (facts.speed_max_rad_s - abs(speed)) * facts.inertia_kg_m2 / step_s + drag
            motor = math.copysign(min(abs(motor), max(0.0, room)), motor)
        return motor

    def _net(self, motor: float, step_s: float, friction: float) -> float:
        facts, speed = self._parameters, self.speed_rad_s
        inertia = facts.inertia_kg_m2
        coulomb, static = friction * facts.coulomb_N_m, friction * facts.static_N_m
        if abs(speed) < _REST_RAD_S:
            if abs(motor) <= static:
                return -inertia * speed / step_s
            return motor - math.copysign(coulomb, motor)
        way = math.copysign(1.0, speed)
        viscous = friction * facts.viscous_N_m_s
        # Viscous friction at the middle of the step.
        net = (motor - way * coulomb - viscous * speed) / (1.0 + 0.5 * viscous * step_s / inertia)
        if (speed + net * step_s / inertia) * way >= 0.0:
            return net
        if abs(motor) <= static:
            return -inertia * speed / step_s
        stop_s = abs(speed * inertia / net)
        return (net * stop_s + (motor + way * coulomb) * (step_s - stop_s)) / step_s

    def read_word(self, register: int) -> int:
        if register == SPEED:
            return word(self._telemetry(self.speed_rad_s, self.grid) / SPEED_LSB_RAD_S)
        if register == TORQUE:
            return word(self._polarity * self.motor_N_m / TORQUE_LSB_N_M)
        facts = self._parameters
        if register == CURRENT:
            return word(self._polarity * self.motor_N_m / facts.torque_per_A_N_m / CURRENT_LSB_A)
        if register == TEMPERATURE:
            return word(self._temperature_C() * 16.0)
        if register == STATUS:
            at_limit = abs(self.speed_rad_s) >= facts.speed_max_rad_s - SPEED_LSB_RAD_S
            status = (self._mode != OFF) * DRIVEN | self._limits | at_limit * SPEED_LIMIT
            status |= self._latched
            self._latched = 0
            return status
        if register == TORQUE_CMD:
            return self._torque_command & 0xFFFF
        if register == SPEED_CMD:
            return self._speed_command & 0xFFFF
        if register == CTRL:
            return self._mode
        return self._timeout if register == TIMEOUT else self._constants.get(register, UNKNOWN)

    def write_word(self, register: int, value: int) -> None:
        if register == CTRL:
            self._set_mode(value)
        elif register == TORQUE_CMD:
            self._torque_command = signed(value)
            self._commanded = self.grid
        elif register == SPEED_CMD:
            limit = self._parameters.speed_max_rad_s / SPEED_LSB_RAD_S
            if abs(signed(value)) <= limit:
                self._speed_command = signed(value)
                self._commanded = self.grid
            else:
                self._latched |= REFUSED
        elif register == TIMEOUT:
            self._timeout = value

    def _set_mode(self, value: int) -> None:
        if value & SOFT_RESET:
            self.power_up()
            return
        mode = value & 3
        if mode > SPEED_MODE:
            self._latched |= REFUSED
            return
        if mode == OFF or self._mode == OFF:
            self._off()
        if self._mode != mode:
            self._integral_N_m = 0.0
            self._commanded = self.grid
        self._mode = mode


def _unsigned(value: float) -> int:
    return max(0, min(0xFFFF, round(value)))
