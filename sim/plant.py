"""Attitude dynamics: Basilisk, one step per point of the 100 ms grid.

Rigid hub, point-mass Earth, gravity gradient, torque rods and a residual dipole (both MtbEffector:
torque = dipole x B); where the spacecraft has them reaction wheels (ReactionWheelStateEffector,
balanced: the hub's inertia is that with the wheels locked) and the torque of air and sunlight
(ExtForceTorque). The orbit is not Basilisk's: before every step the hub's position and velocity
are set to SGP4, so that the gravity gradient sees the same orbit as the field. Friction and limits
of the wheels are not the effector's: sim/devices/mf_wheel.py gives the net torque on each rotor.

The modules run in the order of a Basilisk task (effectors, then the hub, which integrates from the
previous step to now, RK4); the plant calls them itself, since waking Basilisk's scheduler thread
costs three times the step. tests/sim/test_plant.py holds both ways to be equal bit by bit.
Commands and field written before a step act over the whole of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from Basilisk.architecture import messaging
from Basilisk.simulation import (
    GravityGradientEffector,
    MtbEffector,
    extForceTorque,
    reactionWheelStateEffector,
    spacecraft,
)
from Basilisk.utilities import SimulationBaseClass, simHelpers, simIncludeGravBody, simIncludeRW

from sim.rotation import Matrix, Vector, apply, dcm_from_mrp

_MTB_MAX = 1e3  # dipole limit of the effector [A m^2]: the rods' own limit is in their drivers
_UNLIMITED = 1e9  # the effector's own limits of a wheel, rpm and N m: out of the way
_RPM = 60.0 / (2.0 * math.pi)


@dataclass(frozen=True)
class Rotor:
    """A reaction wheel as the dynamics see it: spin axis (unit vector), inertia, first speed."""

    axis_B: Sequence[float]
    inertia_kg_m2: float
    speed_rad_s: float = 0.0


class Plant:
    """Attitude of one rigid spacecraft.

    Attributes after each step: `sigma_BN`, `omega_BN_B` (rad/s), `dcm_BN` (rows) and
    `wheel_speeds_rad_s`, relative to the body. `gravity_gradient` False leaves that torque out;
    `external_torque` True makes room for `torque_B_N_m` of `step`.
    """

    def __init__(
        self,
        mass_kg: float,
        inertia_B_kg_m2: Sequence[Sequence[float]],
        sigma_BN: Sequence[float],
        omega_BN_B: Sequence[float],
        r_BN_N: Sequence[float],
        v_BN_N: Sequence[float],
        rod_axes_B: Sequence[Sequence[float]],
        residual_dipole_B_A_m2: Sequence[float],
        step_ns: int,
        rotors: Sequence[Rotor] = (),
        gravity_gradient: bool = True,
        external_torque: bool = False,
    ) -> None:
        self.step_ns = step_ns
        self.time_ns = 0
        self._sim = SimulationBaseClass.SimBaseClass()
        process = self._sim.CreateNewProcess("plant")
        process.addTask(self._sim.CreateNewTask("step", step_ns))

        hub = spacecraft.Spacecraft()
        hub.ModelTag = "hub"
        hub.hub.mHub = mass_kg
        flat = [value for row in inertia_B_kg_m2 for value in row]
        hub.hub.IHubPntBc_B = simHelpers.np2EigenMatrix3d(flat)
        hub.hub.r_CN_NInit = [[value] for value in r_BN_N]
        hub.hub.v_CN_NInit = [[value] for value in v_BN_N]
        hub.hub.sigma_BNInit = [[value] for value in sigma_BN]
        hub.hub.omega_BN_BInit = [[value] for value in omega_BN_B]
        self._hub = hub

        gravity = simIncludeGravBody.gravBodyFactory()
        earth = gravity.createEarth()
        earth.isCentralBody = True
        gravity.addBodiesTo(hub)
        self._gravity = gravity

        self._rods = self._make_rods(hub, rod_axes_B, residual_dipole_B_A_m2)
        modules: list[Any] = [self._rods]
        if gravity_gradient:
            gradient = GravityGradientEffector.GravityGradientEffector()
            gradient.ModelTag = "gravity_gradient"
            gradient.addPlanetName(earth.planetName)
            hub.addDynamicEffector(gradient)
            modules.append(gradient)
        self.wheel_speeds_rad_s: tuple[float, ...] = tuple(rotor.speed_rad_s for rotor in rotors)
        if rotors:
            modules.append(self._make_wheels(hub, rotors))
        self._torque: extForceTorque.ExtForceTorque | None = None
        if external_torque:
            self._torque = extForceTorque.ExtForceTorque()
            self._torque.ModelTag = "air_and_light"
            hub.addDynamicEffector(self._torque)
            modules.append(self._torque)
        modules.append(hub)
        # Highest priority first: what acts on the hub, then the hub.
        for place, module in enumerate(modules):
            self._sim.AddModelToTask("step", module, len(modules) - place)
        self._sim.InitializeSimulation()
        self._modules = tuple(modules)

        states = hub.dynManager
        self._position = states.getStateObject(hub.hub.nameOfHubPosition)
        self._velocity = states.getStateObject(hub.hub.nameOfHubVelocity)
        self._sigma = states.getStateObject(hub.hub.nameOfHubSigma)
        self._omega = states.getStateObject(hub.hub.nameOfHubOmega)
        self._speeds: Any = None
        if rotors:
            self._speeds = states.getStateObject(self._wheels.nameOfReactionWheelOmegasState)
        self._integrate()
        self._read_states()

    def _make_rods(
        self,
        hub: spacecraft.Spacecraft,
        axes_B: Sequence[Sequence[float]],
        residual_B_A_m2: Sequence[float],
    ) -> MtbEffector.MtbEffector:
        # Elements 0..2 are the rods; 3..5 stand along x, y, z and carry the residual dipole.
        columns = [tuple(axis) for axis in axes_B] + [
            (1.0, 0.0, 0.0),
            (0.0, 1.0, 0.0),
            (0.0, 0.0, 1.0),
        ]
        layout = messaging.MTBArrayConfigMsgPayload()
        layout.numMTB = len(columns)
        layout.GtMatrix_B = [column[row] for row in range(3) for column in columns]
        layout.maxMtbDipoles = [_MTB_MAX] * len(columns)
        self._layout_msg = messaging.MTBArrayConfigMsg().write(layout)

        self._residual = [float(value) for value in residual_B_A_m2]
        self._command = messaging.MTBCmdMsgPayload()
        self._command.mtbDipoleCmds = [0.0, 0.0, 0.0, *self._residual]
        self._command_msg = messaging.MTBCmdMsg().write(self._command)
        self._commanded: Vector = (0.0, 0.0, 0.0)
        self._field = messaging.MagneticFieldMsgPayload()
        self._field_msg = messaging.MagneticFieldMsg().write(self._field)

        rods = MtbEffector.MtbEffector()
        rods.ModelTag = "rods"
        rods.mtbParamsInMsg.subscribeTo(self._layout_msg)
        rods.mtbCmdInMsg.subscribeTo(self._command_msg)
        rods.magInMsg.subscribeTo(self._field_msg)
        hub.addDynamicEffector(rods)
        return rods

    def _make_wheels(
        self, hub: spacecraft.Spacecraft, rotors: Sequence[Rotor]
    ) -> reactionWheelStateEffector.ReactionWheelStateEffector:
        factory = simIncludeRW.rwFactory()
        for rotor in rotors:
            factory.create(
                "custom",
                [float(value) for value in rotor.axis_B],
                Js=float(rotor.inertia_kg_m2),
                Omega=rotor.speed_rad_s * _RPM,
                Omega_max=_UNLIMITED,
                u_max=_UNLIMITED,
                useMaxTorque=False,
            )
        self._wheels = reactionWheelStateEffector.ReactionWheelStateEffector()
        factory.addToSpacecraft("wheels", self._wheels, hub)
        self._factory = factory
        self._motors = messaging.ArrayMotorTorqueMsgPayload()
        self._motors_msg = messaging.ArrayMotorTorqueMsg().write(self._motors)
        self._wheels.rwMotorCmdInMsg.subscribeTo(self._motors_msg)
        return self._wheels

    def step(
        self,
        r_BN_N: Sequence[float],
        v_BN_N: Sequence[float],
        field_N: Sequence[float],
        rod_dipole_A_m2: Vector,
        wheel_torque_N_m: Sequence[float] = (),
        torque_B_N_m: Vector = (0.0, 0.0, 0.0),
    ) -> None:
        """Advance by one step.

        Position (m), velocity (m/s) and field (T) are those at the start of the step, in N;
        `rod_dipole_A_m2` the dipole along each rod's axis; `wheel_torque_N_m` what acts between
        body and each rotor (motor and friction), positive when it spins the rotor up about its
        axis; `torque_B_N_m` any other torque on the body.
        """
        now_ns = self.time_ns
        self._position.setState([[r_BN_N[0]], [r_BN_N[1]], [r_BN_N[2]]])
        self._velocity.setState([[v_BN_N[0]], [v_BN_N[1]], [v_BN_N[2]]])
        self._field.magField_N = field_N
        self._field_msg.write(self._field, now_ns)
        if rod_dipole_A_m2 != self._commanded:
            self._command.mtbDipoleCmds = [*rod_dipole_A_m2, *self._residual]
            self._command_msg.write(self._command, now_ns)
            self._commanded = rod_dipole_A_m2
        if self._speeds is not None:
            self._motors.motorTorque = wheel_torque_N_m
            self._motors_msg.write(self._motors, now_ns)
        if self._torque is not None:
            x, y, z = torque_B_N_m
            self._torque.extTorquePntB_B = [[x], [y], [z]]
        self.time_ns = now_ns + self.step_ns
        self._integrate()
        self._read_states()

    def _integrate(self) -> None:
        for module in self._modules:
            module.UpdateState(self.time_ns)

    def _read_states(self) -> None:
        s, w = self._sigma.getState(), self._omega.getState()
        self.sigma_BN: Vector = (s[0][0], s[1][0], s[2][0])
        self.omega_BN_B: Vector = (w[0][0], w[1][0], w[2][0])
        self.dcm_BN: Matrix = dcm_from_mrp(self.sigma_BN)
        if self._speeds is not None:
            self.wheel_speeds_rad_s = tuple(row[0] for row in self._speeds.getState())

    def to_body(self, vector_N: Sequence[float]) -> Vector:
        """Components in B of a vector given in N."""
        return apply(self.dcm_BN, vector_N)
