"""Guidance and shadow against Basilisk's own modules, in float64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from Basilisk.architecture import messaging
from Basilisk.fswAlgorithms import hillPoint, locationPointing, velocityPoint
from Basilisk.simulation import eclipse
from scipy.spatial.transform import Rotation

from cli.adcs.basilisk import apart, dcm_of, of_size, ran
from cli.adcs.builds import Array, accepted, numpy, single
from cli.adcs.parts import Part, Row, Values, Verify
from native.adcs import ffi, lib

CASES = 200
MU_M3_S2 = 3.986004418e14
EARTH_RAD_S = 7.292115e-5
STEP_S = 0.05
NADIR, VELOCITY, TARGET = 2, 3, 4
AU_M, ORBIT_M, ORBIT_RAD_S = 1.495978707e11, 6.878e6, 1.1068e-3
TILTS_DEG = (0.0, 30.0, 50.0, 60.0)
EVENLY = np.linspace(0.0, 2.0 * np.pi, 20_000)

FRAMES = "nadir and velocity frames against Basilisk"
RATES = "rates of those frames against Basilisk, share of their size"
GROUND = "line to a ground point against Basilisk"
GROUND_RATE = "rate of that line against Basilisk, share of its size"
SHADOW = "shadow edges against Basilisk"


def orbits(seed: int) -> list[tuple[Array, Array]]:
    """Positions and velocities [m, m/s] of low orbits, rounded as the C code gets them."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(CASES):
        r, side = rng.normal(size=(2, 3))
        r *= rng.uniform(6.7e6, 7.4e6) / np.linalg.norm(r)
        side = np.cross(r, side)
        side *= np.sqrt(MU_M3_S2 / np.linalg.norm(r)) / np.linalg.norm(side)
        v = side * rng.uniform(0.99, 1.01) + r * rng.uniform(-1e-5, 1e-5)
        out.append((single(r), single(v)))
    return out


def guided(target: int, first_B: Any, second_B: Any, **given: Any) -> Any:
    """What the C's guidance gives."""
    params = ffi.new(
        "mf_guidance_params_t *",
        {"target": target, "first_B": first_B, "second_B": second_B, "q_RN": [0.0, 0, 0, 1],
         "elevation_min_rad": -0.1, "rate_max_rad_s": 1.0},
    )  # fmt: skip
    source = ffi.new("mf_guidance_input_t *", {k: np.ravel(v).tolist() for k, v in given.items()})
    output = ffi.new("mf_guidance_output_t *")
    accepted(lib.mf_guidance_update(params, source, output))
    return output


def _passive(q_RN: Any) -> Array:
    return np.asarray(Rotation.from_quat(numpy(q_RN)).as_matrix().T)


def measure_frames(verify: Verify) -> Values:
    """hillPoint: x away from the Earth, y ahead; velocityPoint: y along the velocity."""
    modules = (
        (NADIR, hillPoint.hillPoint, [-1.0, 0, 0], [0.0, 1, 0]),
        (VELOCITY, velocityPoint.velocityPoint, [0.0, 1, 0], [-1.0, 0, 0]),
    )
    angle = rate = 0.0
    planet = messaging.EphemerisMsg().write(messaging.EphemerisMsgPayload())
    for (r, v), (target, kind, first, second) in itertools.product(orbits(verify.seed), modules):
        payload = messaging.NavTransMsgPayload(r_BN_N=r.tolist(), v_BN_N=v.tolist())
        place = messaging.NavTransMsg().write(payload)
        module = kind()
        if target == VELOCITY:
            module.mu = MU_M3_S2
        module.transNavInMsg.subscribeTo(place)
        module.celBodyInMsg.subscribeTo(planet)
        wanted = ran(module).attRefOutMsg.read()
        dcm_RN = dcm_of(wanted.sigma_RN)
        ours = guided(target, first, second, r_N_m=r, v_N_m_s=v)
        angle = max(angle, apart(_passive(ours.q_RN), dcm_RN))
        rate = max(rate, of_size(numpy(ours.omega_RN_R_rad_s), dcm_RN @ wanted.omega_RN_N))
    return {FRAMES: angle, RATES: rate}


def measure_ground(verify: Verify) -> Values:
    """locationPointing turns the shortest way until its axis points there; asked where we point,
    it has nothing left to turn. Its rate is a difference over a short while."""
    rng, angle, rate = np.random.default_rng(verify.seed), 0.0, 0.0
    axis = np.array([0.0, 0.0, 1.0])
    for r, v in orbits(verify.seed):
        up = r / np.linalg.norm(r) + rng.uniform(-0.15, 0.15, 3)
        place = single(6.378e6 * up / np.linalg.norm(up))
        ours = guided(
            TARGET, axis.tolist(), [1.0, 0, 0],
            r_N_m=r, v_N_m_s=v, target_E_m=place, dcm_EN=np.eye(3),
        )  # fmt: skip
        dcm_RN = _passive(ours.q_RN)
        module = locationPointing.locationPointing()
        module.pHat_B = axis.tolist()
        sigma = Rotation.from_matrix(dcm_RN.T).as_mrp().tolist()
        attitude = messaging.NavAttMsg().write(messaging.NavAttMsgPayload(sigma_BN=sigma))
        orbit = messaging.NavTransMsg()
        ground = messaging.GroundStateMsg()
        module.scAttInMsg.subscribeTo(attitude)
        module.scTransInMsg.subscribeTo(orbit)
        module.locationInMsg.subscribeTo(ground)
        module.SelfInit()
        module.Reset(0)
        for t_s in (-0.5 * STEP_S, 0.5 * STEP_S, 0.0):
            a = EARTH_RAD_S * t_s
            turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
            at = (r + v * t_s).tolist()
            orbit.write(messaging.NavTransMsgPayload(r_BN_N=at, v_BN_N=v.tolist()))
            ground.write(messaging.GroundStateMsgPayload(r_LN_N=(turn @ place).tolist()))
            module.UpdateState(round((1.0 + t_s) * 1e9))
            guide = module.attGuidOutMsg.read()
            if t_s > 0.0:
                turning = np.array(guide.omega_RN_B)
        angle = max(angle, float(Rotation.from_mrp(guide.sigma_BR).magnitude()))
        # Only the rate across the line is given by the line.
        across = np.cross(axis, np.cross(numpy(ours.omega_RN_R_rad_s), axis))
        rate = max(rate, of_size(across, np.cross(axis, np.cross(turning, axis))))
    return {GROUND: angle, GROUND_RATE: rate}


def measure_shadow(verify: Verify) -> Values:
    """Times [s] at which half of the Sun is hidden, on circular orbits of several inclinations."""
    model = eclipse.Eclipse()
    craft = messaging.SCStatesMsg()
    planet = messaging.SpicePlanetStateMsgPayload()
    planet.PlanetName = "earth"
    planet.J20002Pfix = np.eye(3).tolist()
    sun = messaging.SpicePlanetStateMsgPayload(PositionVector=[AU_M, 0.0, 0.0])
    messages = (
        messaging.SpicePlanetStateMsg().write(planet),
        messaging.SpicePlanetStateMsg().write(sun),
    )
    craft.write(messaging.SCStatesMsgPayload(r_BN_N=[ORBIT_M, 0.0, 0.0]))
    model.addSpacecraftToModel(craft)
    model.addPlanetToModel(messages[0])
    model.sunInMsg.subscribeTo(messages[1])
    model.Reset(0)
    share = ffi.new("float *")
    worst = 0.0
    for tilt in np.radians(TILTS_DEG):
        edges: list[list[float]] = [[], []]
        before = [1.0, 1.0]
        for angle in EVENLY:
            along = np.array(
                [np.cos(angle) * np.cos(tilt), np.sin(angle), -np.cos(angle) * np.sin(tilt)]
            )
            r = ORBIT_M * along
            craft.write(messaging.SCStatesMsgPayload(r_BN_N=r.tolist()))
            model.UpdateState(0)
            accepted(lib.mf_eclipse_update(r.tolist(), [1.0, 0.0, 0.0], AU_M, share))
            now = [share[0], model.eclipseOutMsgs[0].read().shadowFactor]
            for which in range(2):
                if (now[which] > 0.5) != (before[which] > 0.5):
                    edges[which].append(float(angle) / ORBIT_RAD_S)
            before = now
        if len(edges[0]) != len(edges[1]) or not edges[0]:
            return {SHADOW: float("nan")}
        worst = max(worst, float(np.abs(np.array(edges[0]) - edges[1]).max()))
    return {SHADOW: worst}


PARTS = (
    Part((Row(FRAMES, 5e-6, "rad"), Row(RATES, 1e-5, "")), measure_frames),
    Part((Row(GROUND, 5e-6, "rad"), Row(GROUND_RATE, 1e-5, "")), measure_ground),
    Part((Row(SHADOW, 5.0, "s"),), measure_shadow),
)
