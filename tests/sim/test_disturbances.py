"""Torques of air and sunlight against hand formulas and Basilisk's own facet models."""

import math

import numpy as np
import pytest
from Basilisk.architecture import messaging
from Basilisk.simulation import facetDragDynamicEffector, spacecraft
from Basilisk.utilities import SimulationBaseClass, simHelpers

from sim.disturbances import EARTH_RADIUS_M, Air, Box, Light
from sim.rotation import rotation_matrix
from tests.sim.onboard import make

AIR = Air(4e-13, 500.0, 65.0, 2.2)
LIGHT = Light(0.3, 0.2)
SIZE = (0.1, 0.2, 0.34)
CENTRE = (0.003, -0.002, 0.01)
RADIUS_M = EARTH_RADIUS_M + 500e3
PRESSURE = 1361.0 / 299792458.0
IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
# A place over the pole: the air stands still there.
OVER_POLE = [0.0, 0.0, RADIUS_M]


def test_density_falls_by_e_over_a_scale_height():
    assert AIR.density_at(RADIUS_M) == pytest.approx(4e-13)
    assert AIR.density_at(RADIUS_M + 65e3) == pytest.approx(4e-13 / math.e)
    assert AIR.density_at(RADIUS_M - 130e3) == pytest.approx(4e-13 * math.e**2)


@pytest.mark.parametrize(("axis", "sign"), [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0), (2, 1.0)])
def test_drag_on_one_face_by_hand(axis, sign):
    """Flow square onto one face: force 1/2 rho Cd v^2 A at the face's centre, arm to it."""
    velocity = [0.0, 0.0, 0.0]
    velocity[axis] = sign * 7600.0
    box = Box(SIZE, CENTRE, AIR, None)
    got = box.torque_B_N_m(IDENTITY, OVER_POLE, velocity, [1.0, 0.0, 0.0], 1.0)
    area = np.prod(SIZE) / SIZE[axis]
    force = np.zeros(3)
    force[axis] = -sign * 0.5 * 4e-13 * 2.2 * 7600.0**2 * area
    arm = np.array(CENTRE)
    arm[axis] += sign * SIZE[axis] / 2
    assert got == pytest.approx(np.cross(arm, force), rel=1e-9)
    assert np.linalg.norm(got) > 1e-10


def test_drag_turns_the_centre_of_pressure_behind_the_mass_centre():
    """Like a weather vane: a body whose middle lies ahead of its mass centre is pushed round."""
    box = Box((0.1, 0.1, 0.1), (0.0, 0.02, 0.0), AIR, None)
    torque = box.torque_B_N_m(IDENTITY, OVER_POLE, [7600.0, 0.0, 0.0], [1.0, 0.0, 0.0], 0.0)
    # The force points along -x at y > 0: about +z.
    assert torque[2] > 0.0 and torque[:2] == pytest.approx((0.0, 0.0), abs=1e-30)


def test_the_air_turns_with_the_earth():
    place = [RADIUS_M, 0.0, 0.0]
    box = Box(SIZE, CENTRE, AIR, None)
    still = box.torque_B_N_m(
        IDENTITY, place, [0.0, 7.292115e-5 * RADIUS_M, 0.0], [1.0, 0.0, 0.0], 1.0
    )
    assert still == pytest.approx((0.0, 0.0, 0.0), abs=1e-25)


def basilisk_drag_torque(velocity_B, density):
    """The facet model of Basilisk, the body's axes along N."""
    sim = SimulationBaseClass.SimBaseClass()
    sim.CreateNewProcess("p").addTask(sim.CreateNewTask("t", 100_000_000))
    hub = spacecraft.Spacecraft()
    hub.hub.mHub = 4.0
    hub.hub.IHubPntBc_B = simHelpers.np2EigenMatrix3d([1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0])
    hub.hub.r_CN_NInit = [[7e6], [0.0], [0.0]]
    hub.hub.v_CN_NInit = [[value] for value in velocity_B]
    drag = facetDragDynamicEffector.FacetDragDynamicEffector()
    for axis in range(3):
        for sign in (1.0, -1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            place = np.array(CENTRE) + normal * SIZE[axis] / 2
            drag.addFacet(float(np.prod(SIZE) / SIZE[axis]), 2.2, normal, place)
    air = messaging.AtmoPropsMsgPayload()
    air.neutralDensity = density
    message = messaging.AtmoPropsMsg().write(air)
    drag.atmoDensInMsg.subscribeTo(message)
    hub.addDynamicEffector(drag)
    sim.AddModelToTask("t", hub, 1)
    sim.AddModelToTask("t", drag, 2)
    sim.InitializeSimulation()
    sim.ConfigureStopTime(200_000_000)
    sim.ExecuteSimulation()
    return np.array(drag.torqueExternalPntB_B).flatten()


def test_drag_agrees_with_basilisk_on_an_oblique_flow():
    velocity = [5200.0, -3100.0, 4300.0]
    got = Box(SIZE, CENTRE, AIR, None).torque_B_N_m(
        IDENTITY, OVER_POLE, velocity, [1.0, 0.0, 0.0], 1.0
    )
    expected = basilisk_drag_torque(velocity, 4e-13)
    assert np.linalg.norm(expected) > 1e-9
    assert got == pytest.approx(expected, rel=1e-4, abs=1e-14)


@pytest.mark.parametrize(
    ("specular", "diffuse", "factor"), [(0.0, 0.0, 1.0), (1.0, 0.0, 2.0), (0.0, 1.0, 5.0 / 3.0)]
)
def test_light_square_onto_a_face_by_hand(specular, diffuse, factor):
    """Absorbed P A, mirrored 2 P A, scattered (1 + 2/3) P A."""
    box = Box(SIZE, CENTRE, None, Light(specular, diffuse))
    got = box.torque_B_N_m(IDENTITY, OVER_POLE, [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], 1.0)
    force = [0.0, -factor * PRESSURE * 0.1 * 0.34, 0.0]
    arm = [CENTRE[0], CENTRE[1] + 0.1, CENTRE[2]]
    assert got == pytest.approx(np.cross(arm, force), rel=1e-9)
    assert np.linalg.norm(got) > 1e-10


def test_light_onto_three_faces_against_a_sum_over_all_six():
    sun = np.array([0.5, -0.6, 0.62])
    sun /= np.linalg.norm(sun)
    expected = np.zeros(3)
    for axis in range(3):
        for sign in (1.0, -1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            cosine = sun @ normal
            if cosine > 0.0:
                area = np.prod(SIZE) / SIZE[axis]
                push = (1 - 0.3) * sun + 2 * (0.3 * cosine + 0.2 / 3) * normal
                arm = np.array(CENTRE) + normal * SIZE[axis] / 2
                expected += np.cross(arm, -PRESSURE * area * cosine * push)
    box = Box(SIZE, CENTRE, None, LIGHT)
    got = box.torque_B_N_m(IDENTITY, OVER_POLE, [0.0, 0.0, 0.0], sun.tolist(), 1.0)
    assert got == pytest.approx(expected, rel=1e-9)
    half = box.torque_B_N_m(IDENTITY, OVER_POLE, [0.0, 0.0, 0.0], sun.tolist(), 0.5)
    assert half == pytest.approx(expected / 2, rel=1e-9)
    dark = box.torque_B_N_m(IDENTITY, OVER_POLE, [0.0, 0.0, 0.0], sun.tolist(), 0.0)
    assert dark == (0.0, 0.0, 0.0)


def test_a_body_with_its_mass_in_the_middle_feels_no_torque():
    box = Box((0.1, 0.1, 0.1), (0.0, 0.0, 0.0), AIR, Light(0.0, 0.0))
    got = box.torque_B_N_m(IDENTITY, OVER_POLE, [4000.0, 3000.0, 5000.0], [0.48, 0.6, 0.64], 1.0)
    assert got == pytest.approx((0.0, 0.0, 0.0), abs=1e-20)


def test_torque_is_the_same_whichever_way_the_inertial_axes_lie():
    turn = rotation_matrix([0.7, -0.4, 1.1])
    velocity, sun = np.array([4000.0, 3000.0, 5000.0]), np.array([0.48, 0.6, 0.64])
    box = Box(SIZE, CENTRE, AIR, LIGHT)
    straight = box.torque_B_N_m(IDENTITY, [0, 0, 7e6], velocity.tolist(), sun.tolist(), 1.0)
    place = np.array(turn).T @ [0, 0, 7e6]
    flow = np.array(turn).T @ velocity
    # The same flow in B: take out the air's own motion at the new place.
    flow += np.cross([0.0, 0.0, 7.292115e-5], place)
    turned = box.torque_B_N_m(
        turn, place.tolist(), flow.tolist(), (np.array(turn).T @ sun).tolist(), 1.0
    )
    assert turned == pytest.approx(straight, rel=1e-9)


QUIET = (
    "initial.rate_deg_s=[0,0,0]",
    "spacecraft.residual_dipole_A_m2=0",
    "disturbance.gravity_gradient=off",
    "crystal_ppm=0",
)


def test_the_plant_feels_the_torque_that_the_truth_records():
    onboard = make(*QUIET, "disturbance.air={}", "disturbance.light={}")
    onboard.time_us = 2_000_000
    onboard.i2c(1, 0x0C)
    truth = onboard.world.truth
    torque = truth["disturbance_B_N_m"][1:].mean(axis=0)
    assert np.linalg.norm(torque) > 1e-9
    gained = np.array([0.033, 0.033, 0.0067]) * truth["omega_BN_B_rad_s"][-1]
    assert gained == pytest.approx(torque * 2.0, rel=1e-2)


def test_without_its_sections_nothing_disturbs():
    onboard = make(*QUIET)
    onboard.time_us = 2_000_000
    onboard.i2c(1, 0x0C)
    assert not onboard.world.truth["disturbance_B_N_m"].any()
    assert np.abs(onboard.world.truth["omega_BN_B_rad_s"]).max() < 1e-15


def test_gravity_gradient_can_be_switched_off():
    turning = make(*QUIET[:2], "crystal_ppm=0")
    turning.time_us = 2_000_000
    turning.i2c(1, 0x0C)
    assert np.abs(turning.world.truth["omega_BN_B_rad_s"][-1]).max() > 1e-9
