"""Control, wheels and rods against Basilisk's own flight modules, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from Basilisk.architecture import messaging
from Basilisk.fswAlgorithms import (
    attTrackingError,
    mrpFeedback,
    rwMotorTorque,
    rwNullSpace,
    torque2Dipole,
)
from scipy.spatial.transform import Rotation

from cli.adcs.basilisk import of_size, ran
from cli.adcs.builds import Array, accepted, numpy
from cli.adcs.loop import PYRAMID
from cli.adcs.parts import Part, Row, Values, Verify
from native.adcs import ffi, lib

CASES = 200
WHEELS = 4
ROTOR_KG_M2, BIAS_GAIN, SPEED_RAD_S = 1.5e-5, 0.05, 300.0

ERRORS = "attitude and rate errors against Basilisk"
TORQUE = "control torque against Basilisk, share of its size"
SHARES = "wheel shares against Basilisk, share of their size"
NULL = "null space of the wheels against Basilisk, share of its largest"
DIPOLE = "dipole for a torque against Basilisk, share of its size"


class _Control:
    """One case of attitude control: random attitudes near each other, rates, wheel speeds."""

    inertia = 0.02 * np.eye(3)
    natural_rad_s, damping = 0.1, 0.9

    def __init__(self, rng: np.random.Generator, size_rad: float) -> None:
        self.reference = Rotation.random(random_state=int(rng.integers(1 << 31)))
        off = rng.normal(size=3)
        self.body = self.reference * Rotation.from_rotvec(size_rad * off / np.linalg.norm(off))
        self.omega, self.omega_RN_R = rng.normal(size=(2, 3)) * 0.01
        self.alpha_R = rng.normal(size=3) * 1e-4
        self.speed = rng.uniform(-SPEED_RAD_S, SPEED_RAD_S, WHEELS)

    def ours(self) -> Any:
        params = ffi.new(
            "mf_control_params_t *",
            [self.inertia.ravel().tolist(), self.natural_rad_s, self.damping, 1.0, 1.0, 0.0],
        )
        momentum = PYRAMID.T @ self.speed * ROTOR_KG_M2
        rows = [self.body.as_quat(), self.omega, self.reference.as_quat(), self.omega_RN_R,
                self.alpha_R, momentum]  # fmt: skip
        source = ffi.new("mf_control_input_t *", [row.tolist() for row in rows])
        state, output = ffi.new("mf_control_t *"), ffi.new("mf_control_output_t *")
        accepted(lib.mf_control_update(state, params, source, output))
        return output

    def tracking(self) -> Any:
        """attTrackingError's message."""
        module = attTrackingError.attTrackingError()
        attitude = messaging.NavAttMsgPayload(
            sigma_BN=self.body.as_mrp().tolist(), omega_BN_B=self.omega.tolist()
        )
        dcm_RN = self.reference.as_matrix().T
        reference = messaging.AttRefMsgPayload(
            sigma_RN=self.reference.as_mrp().tolist(),
            omega_RN_N=(dcm_RN.T @ self.omega_RN_R).tolist(),
            domega_RN_N=(dcm_RN.T @ self.alpha_R).tolist(),
        )
        messages = (
            messaging.NavAttMsg().write(attitude),
            messaging.AttRefMsg().write(reference),
        )
        module.attNavInMsg.subscribeTo(messages[0])
        module.attRefInMsg.subscribeTo(messages[1])
        return ran(module).attGuidOutMsg.read()

    def feedback(self) -> Array:
        """mrpFeedback's torque; its error is a quarter of the angle where ours is a half."""
        module = mrpFeedback.mrpFeedback()
        spring = self.natural_rad_s**2 * self.inertia[0, 0]
        module.K, module.Ki, module.controlLawType = 4.0 * spring, -1.0, 1
        module.P = 2.0 * self.damping * self.natural_rad_s * self.inertia[0, 0]
        vehicle = messaging.VehicleConfigMsgPayload(ISCPntB_B=self.inertia.ravel().tolist())
        messages = (
            messaging.VehicleConfigMsg().write(vehicle),
            messaging.AttGuidMsg().write(self.tracking()),
            messaging.RWArrayConfigMsg().write(wheel_array()),
            messaging.RWSpeedMsg().write(messaging.RWSpeedMsgPayload(wheelSpeeds=self.speed)),
        )
        module.vehConfigInMsg.subscribeTo(messages[0])
        module.guidInMsg.subscribeTo(messages[1])
        module.rwParamsInMsg.subscribeTo(messages[2])
        module.rwSpeedsInMsg.subscribeTo(messages[3])
        return np.array(ran(module).cmdTorqueOutMsg.read().torqueRequestBody)


def wheel_array() -> Any:
    """The pyramid as Basilisk's flight modules take it."""
    array = messaging.RWArrayConfigMsgPayload()
    array.numRW = WHEELS
    array.GsMatrix_B = PYRAMID.ravel().tolist()
    array.JsList, array.uMax = [ROTOR_KG_M2] * WHEELS, [1.0] * WHEELS
    return array


def measure_control(verify: Verify) -> Values:
    """attTrackingError at any angle; mrpFeedback at small ones, where the two laws meet."""
    rng, errors, torque = np.random.default_rng(verify.seed), 0.0, 0.0
    for _ in range(CASES):
        case = _Control(rng, float(rng.uniform(0.01, 3.0)))
        found, guide = case.ours(), case.tracking()
        theta = -Rotation.from_mrp(guide.sigma_BR).inv().as_rotvec()
        errors = max(errors, float(np.abs(numpy(found.error_B_rad) - theta).max()))
        rate = numpy(found.rate_error_B_rad_s) - np.array(guide.omega_BR_B)
        errors = max(errors, float(np.abs(rate).max()))
        near = _Control(rng, 0.003)
        torque = max(torque, of_size(numpy(near.ours().torque_B_N_m), near.feedback()))
    return {ERRORS: errors, TORQUE: torque}


def shares(torque: Any, speed: Any, available: int, gain: float) -> Array:
    """Motor torques by the C."""
    params = ffi.new(
        "mf_wheels_params_t *",
        {"axis_B": PYRAMID.tolist(), "inertia_kg_m2": ROTOR_KG_M2, "torque_max_N_m": 1.0,
         "momentum_max_N_m_s": 1.0, "bias_N_m_s": 0.0, "bias_gain_1_s": gain, "horizon_s": 0.1},
    )  # fmt: skip
    output = ffi.new("mf_wheels_output_t *")
    accepted(lib.mf_wheels_allocate(params, torque.tolist(), speed.tolist(), available, output))
    return numpy(output.motor_N_m)


def measure_wheels(verify: Verify) -> Values:
    """rwMotorTorque with every wheel and with one lost; rwNullSpace bringing speeds to rest."""
    rng, share, null = np.random.default_rng(verify.seed), 0.0, 0.0
    array = messaging.RWArrayConfigMsg().write(wheel_array())
    elements = []
    for axis in PYRAMID:
        element = messaging.RWConfigElementMsgPayload()
        element.gsHat_B, element.Js, element.uMax = axis.tolist(), ROTOR_KG_M2, 1.0
        elements.append(element)
    layout = messaging.RWConstellationMsgPayload()
    layout.numRW, layout.reactionWheels = WHEELS, elements
    constellation = messaging.RWConstellationMsg().write(layout)
    for k in range(CASES):
        torque = rng.normal(size=3) * 1e-3
        speed = rng.uniform(-SPEED_RAD_S, SPEED_RAD_S, WHEELS)
        lost = k % (WHEELS + 1)
        request = messaging.CmdTorqueBodyMsgPayload(torqueRequestBody=torque.tolist())
        request_msg = messaging.CmdTorqueBodyMsg().write(request)
        state = [_unavailable() if i == lost else 0 for i in range(WHEELS)]
        working = messaging.RWAvailabilityMsgPayload(wheelAvailability=state)
        working_msg = messaging.RWAvailabilityMsg().write(working)
        module = rwMotorTorque.rwMotorTorque()
        module.controlAxes_B = np.eye(3).ravel().tolist()
        module.rwParamsInMsg.subscribeTo(array)
        module.vehControlInMsg.subscribeTo(request_msg)
        module.rwAvailInMsg.subscribeTo(working_msg)
        wanted = ran(module).rwMotorTorqueOutMsg.read().motorTorque[:WHEELS]
        share = max(share, of_size(shares(torque, speed, 15 & ~(1 << lost), 0.0), wanted))

        idle = messaging.ArrayMotorTorqueMsg().write(messaging.ArrayMotorTorqueMsgPayload())
        speeds = messaging.RWSpeedMsg().write(messaging.RWSpeedMsgPayload(wheelSpeeds=speed))
        still = messaging.RWSpeedMsg().write(messaging.RWSpeedMsgPayload())
        bias = rwNullSpace.rwNullSpace()
        bias.OmegaGain = BIAS_GAIN * ROTOR_KG_M2
        bias.rwMotorTorqueInMsg.subscribeTo(idle)
        bias.rwSpeedsInMsg.subscribeTo(speeds)
        bias.rwDesiredSpeedsInMsg.subscribeTo(still)
        bias.rwConfigInMsg.subscribeTo(constellation)
        wanted = ran(bias).rwMotorTorqueOutMsg.read().motorTorque[:WHEELS]
        off = shares(np.zeros(3), speed, 15, BIAS_GAIN) - np.array(wanted)
        null = max(null, float(np.abs(off).max()) / (BIAS_GAIN * ROTOR_KG_M2 * SPEED_RAD_S))
    return {SHARES: share, NULL: null}


def _unavailable() -> int:
    """Basilisk's word for a wheel that is not to be used."""
    return int(rwMotorTorque.UNAVAILABLE)


def measure_dipole(verify: Verify) -> Values:
    """torque2Dipole gives the least dipole, as ours does."""
    rng, worst = np.random.default_rng(verify.seed), 0.0
    for _ in range(CASES):
        field, torque = rng.normal(size=3), rng.normal(size=3) * 1e-6
        field *= rng.uniform(2e-5, 6e-5) / np.linalg.norm(field)
        module = torque2Dipole.torque2Dipole()
        tam = messaging.TAMSensorBodyMsgPayload(tam_B=field.tolist())
        request = messaging.CmdTorqueBodyMsgPayload(torqueRequestBody=torque.tolist())
        messages = (
            messaging.TAMSensorBodyMsg().write(tam),
            messaging.CmdTorqueBodyMsg().write(request),
        )
        module.tamSensorBodyInMsg.subscribeTo(messages[0])
        module.tauRequestInMsg.subscribeTo(messages[1])
        wanted = ran(module).dipoleRequestOutMsg.read().dipole_B
        found = ffi.new("float[3]")
        accepted(lib.mf_rods_for_torque(field.tolist(), torque.tolist(), found))
        worst = max(worst, of_size(numpy(found), wanted))
    return {DIPOLE: worst}


PARTS = (
    Part((Row(ERRORS, 5e-6, "rad, rad/s"), Row(TORQUE, 3e-4, "")), measure_control),
    Part((Row(SHARES, 1e-5, ""), Row(NULL, 1e-5, "")), measure_wheels),
    Part((Row(DIPOLE, 1e-5, ""),), measure_dipole),
)
