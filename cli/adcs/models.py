"""Figures of the models: SGP4, IGRF, Sun, eclipse and frames, each against its oracle."""

from __future__ import annotations

import numpy as np
from sgp4.api import WGS72, Satrec

from cli.adcs.builds import accepted
from cli.adcs.environment import (
    Field,
    FrameOracle,
    angle_between,
    degrees_apart,
    matrix,
    period_min,
    points,
    sun,
    sun_truth,
    truth_nT,
    updated,
    vectors,
    verification,
)
from cli.adcs.environment_chain import OnBoard, Plant, edges
from cli.adcs.parts import Measured, Part, Row, Values, Verify
from native.adcs import ffi, lib

NEAR_EARTH_MIN = 225.0
FIELD_POINTS, FIELD_DAYS = 1000, (7305, 8300, 9132, 9772, 10957)
SUN_DAYS = range(9132, 11688)  # 2025 to 2031
FRAME_INSTANTS, YEARS_20_S = 500, 20 * 365 * 86400
ECLIPSE_ORBIT_S, LEVELS = 5760.0, (0.01, 0.5, 0.99)

IGRF = "IGRF-14 against ppigrf, low orbits and poles"
SGP4 = "SGP4 against SGP4-VER, near-earth objects"
OBJECTS = "SGP4-VER objects compared"
SUN = "Sun against ERFA, 2025 to 2031"
ECLIPSE = "eclipse edges against the plant"
FRAMES = "frames against ERFA, 2020 to 2040"


def measure_igrf(verify: Verify) -> Values:
    """Largest component of the difference [nT]."""
    field, worst = Field(), 0.0
    with verify.progress("magnetic field", len(FIELD_DAYS)) as tell:
        for k, day in enumerate(FIELD_DAYS, 1):
            where = points(FIELD_POINTS, verify.seed + day)
            wanted = truth_nT(where, day)
            for r_E_m, truth in zip(where, wanted, strict=True):
                status, found = field.at(day, r_E_m)
                accepted(status)
                worst = float(np.maximum(worst, np.abs(found - truth).max()))
            tell(k)
    return {IGRF: worst}


def measure_sgp4(verify: Verify) -> Values:
    """Largest component of the difference [mm], to the package and to the published vectors."""
    published, worst, compared = vectors(), 0.0, 0
    for name, line1, line2 in verification():
        if period_min(line2) >= NEAR_EARTH_MIN:
            continue
        tle, state = ffi.new("mf_tle_t *"), ffi.new("mf_sgp4_t *")
        accepted(lib.mf_tle_parse(line1.encode(), line2.encode(), tle))
        accepted(lib.mf_sgp4_init(state, tle))
        package = Satrec.twoline2rv(line1, line2, WGS72)
        position, velocity = ffi.new("double[3]"), ffi.new("double[3]")
        compared += 1
        for row in published[name]:
            error, r_km, _ = package.sgp4_tsince(row[0])
            if error:
                continue  # decayed: there is no state
            accepted(lib.mf_sgp4_propagate(state, row[0], position, velocity))
            for wanted_km in (np.array(r_km), np.array(row[1:4])):
                apart_mm = 1e3 * np.abs(np.array(list(position)) - 1e3 * wanted_km).max()
                worst = float(np.maximum(worst, apart_mm))
    return {SGP4: worst, OBJECTS: float(compared)}


def measure_sun(verify: Verify) -> Values:
    """Largest angle [deg]."""
    worst = 0.0
    for day in SUN_DAYS:
        share = (day * 0.377) % 1.0
        status, direction, _ = sun(day, share)
        accepted(status)
        worst = float(np.maximum(worst, degrees_apart(direction, sun_truth(day, share))))
    return {SUN: worst}


def measure_eclipse(verify: Verify) -> Values:
    """Largest difference [s] of any edge of the shadow over an orbit."""
    on_board, plant = OnBoard(), Plant()
    worst, count = 0.0, 0
    for level in LEVELS:
        found = edges(lambda t_s: float(on_board.at(t_s)[4]), 0.0, ECLIPSE_ORBIT_S, level)
        wanted = edges(lambda t_s: float(plant.at(t_s)[4]), 0.0, ECLIPSE_ORBIT_S, level)
        if len(found) != len(wanted) or not wanted:
            note = f"{len(found)} edges instead of {len(wanted)}"
            return {ECLIPSE: Measured(None, note)}
        count += len(wanted)
        worst = max(worst, float(np.abs(np.array(found) - wanted).max()))
    return {ECLIPSE: Measured(worst, f"{count} edges")}


def measure_frames(verify: Verify) -> Values:
    """Largest rotation [rad] between ours and theirs of GCRF to ITRF and of TEME to GCRF."""
    rng, worst = np.random.default_rng(verify.seed), 0.0
    for seconds in rng.integers(0, YEARS_20_S, FRAME_INSTANTS).tolist():
        ut1_ms = int(rng.integers(-900, 900))
        state, oracle = updated(seconds, ut1_ms=ut1_ms), FrameOracle(seconds, ut1_ms=ut1_ms)
        for ours, theirs in ((state.dcm_EN, oracle.dcm_EN), (state.dcm_NT, oracle.dcm_NT)):
            worst = float(np.maximum(worst, angle_between(matrix(ours), theirs)))
    return {FRAMES: worst}


PARTS = (
    Part((Row(IGRF, 5.0, "nT"),), measure_igrf),
    Part((Row(SGP4, 1.0, "mm"), Row(OBJECTS, 9, "", ">=")), measure_sgp4),
    Part((Row(SUN, 0.015, "deg"),), measure_sun),
    Part((Row(ECLIPSE, 5.0, "s"),), measure_eclipse),
    Part((Row(FRAMES, 3e-6, "rad"),), measure_frames),
)
