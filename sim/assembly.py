"""Puts a spacecraft together from its scenario, and refuses what does not fit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sim.deployables import Deployables
from sim.disturbances import Air, Box, Light
from sim.elements import satrec_of
from sim.environment import Environment
from sim.errors import ScenarioError
from sim.faults import Fault, kinds_of
from sim.noise import Noise
from sim.orbit import Frames, Orbit
from sim.plant import Plant, Rotor
from sim.rotation import mrp_from_quaternion
from sim.scenario import Scenario


def check_rotation(rows: list[list[float]], key: str, where: str) -> None:
    """ScenarioError unless the rows are a rotation."""
    array = np.array(rows)
    if np.abs(array @ array.T - np.eye(3)).max() > 1e-6 or np.linalg.det(array) < 0.0:
        raise ScenarioError(f"{where}: {key} is no rotation: its rows must be orthonormal")


def check_unit(vector: Sequence[float], key: str, where: str) -> None:
    """ScenarioError unless the vector has length 1."""
    if abs(math.hypot(*vector) - 1.0) > 1e-3:
        raise ScenarioError(f"{where}: {key} must be unit vectors")


def check_faults(faults: Iterable[Fault], devices: Iterable[str], where: str) -> None:
    """ScenarioError for a fault of a part that is not there, or that it cannot have."""
    known = set(devices)
    for fault in faults:
        device, kind = fault.device, fault.kind
        if device not in known:
            raise ScenarioError(f"{where}: a fault of {device}, which the spacecraft lacks")
        if kind not in kinds_of(device):
            raise ScenarioError(f"{where}: {device} knows no fault '{kind}'")


def inertia(data: dict[str, Any], where: str) -> list[list[float]]:
    """Inertia matrix of a scenario's spacecraft, kg m^2 in B. ScenarioError when it is none."""
    value = np.array(data["inertia_kg_m2"]) * data["inertia_scale"]
    matrix = np.diag(value) if value.ndim == 1 else value
    moments = np.linalg.eigvalsh(matrix)
    if (
        not np.allclose(matrix, matrix.T)
        or moments[0] <= 0.0
        or moments[2] > moments[0] + moments[1]
    ):
        raise ScenarioError(
            f"{where}: spacecraft.inertia_kg_m2 is no inertia: it must be symmetric, positive, and"
            " no principal value larger than the sum of the others"
        )
    rows: list[list[float]] = matrix.tolist()
    return rows


def make_environment(scenario: Scenario, step_s: float) -> Environment:
    """Orbit and surroundings of a scenario. ScenarioError when the orbit cannot be flown."""
    satrec = satrec_of(scenario.data["orbit"], scenario.path.parent, scenario.epoch)
    frames = Frames(scenario.epoch)
    model = Orbit(satrec, frames)
    # An orbit that decays during the flight is refused now, not in the middle of it.
    whole_s = np.arange(0.0, scenario.duration_s + 1e3, 60.0, dtype=np.float64)
    model.propagate(whole_s, frames.celestial(0.0))
    return Environment(model, frames, scenario.epoch, scenario.stations, step_s)


def take_deployables(scenario: Scenario) -> tuple[dict[str, Any], Deployables]:
    """The keys of `spacecraft.power` without those of the deployables, and the deployables."""
    power = dict(scenario.data["spacecraft"]["power"])
    burn_s, burn_W = power.pop("burn_s"), power.pop("burn_W")
    return power, Deployables(scenario.data["initial"]["deployed"] == "yes", burn_s, burn_W)


def make_box(disturbance: dict[str, Any]) -> Box | None:
    """The body as air and sunlight see it; None when neither is asked for."""
    air, light = disturbance["air"], disturbance["light"]
    if air is None and light is None:
        return None
    return Box(
        disturbance["size_m"],
        disturbance["centre_B_m"],
        None if air is None else Air(**air),
        None if light is None else Light(**light),
    )


def make_plant(
    scenario: Scenario,
    seed: int,
    step_ns: int,
    environment: Environment,
    inertia_B_kg_m2: list[list[float]],
    rotors: Sequence[Rotor],
    external_torque: bool,
) -> Plant:
    """The dynamics with their initial state, which comes from scenario and seed."""
    where, data = scenario.path.name, scenario.data["spacecraft"]
    initial = Noise(seed, "initial")
    rate = scenario.data["initial"]["rate_deg_s"]
    direction = initial.direction(0)
    omega_deg_s = rate if isinstance(rate, list) else [rate * axis for axis in direction]
    q_BN = scenario.data["initial"]["q_BN"]
    if q_BN is None:
        q_BN = initial.quaternion(1)
    norm = math.sqrt(sum(value * value for value in q_BN))
    if abs(norm - 1.0) > 1e-3:
        raise ScenarioError(f"{where}: initial.q_BN has norm {norm:.4f}, not 1")
    residual = data["residual_dipole_A_m2"]
    if not isinstance(residual, list):
        residual = [residual * axis for axis in initial.direction(4)]
    for axis in data["rods"]["axes_B"]:
        check_unit(axis, "spacecraft.rods.axes_B", where)
    for key in ("axis_B", "sun_axis_B", "secondary_B"):
        check_unit(scenario.data["pointing"][key], f"pointing.{key}", where)
    return Plant(
        data["mass_kg"],
        inertia_B_kg_m2,
        mrp_from_quaternion([value / norm for value in q_BN]),
        [math.radians(value) for value in omega_deg_s],
        environment.r_BN_N[0],
        environment.v_BN_N[0],
        data["rods"]["axes_B"],
        residual,
        step_ns,
        rotors,
        scenario.data["disturbance"]["gravity_gradient"] == "on",
        external_torque,
    )
