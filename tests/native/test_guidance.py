"""Guidance against frames and their derivatives computed in float64 by differences."""

import numpy as np
import pytest

from tests.native.attitude_rig import (
    E_INVAL,
    E_RANGE,
    INF,
    NAN,
    angle_between,
    body_error,
    dcm,
    flown,
    numpy,
    single,
)

C = flown()
MU, EARTH = 3.986004418e14, 7.292115e-5
INERTIAL, SUN, NADIR, VELOCITY, TARGET = range(5)
BELOW, SINGULAR, FAST = 1, 2, 3
SUN_N = np.array([0.8, -0.36, 0.48])
FIRST_B, SECOND_B = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
TARGET_E = single(6.371e6 * np.array([np.cos(0.5) * np.cos(1.0), np.cos(0.5) * np.sin(1.0), 0.479]))
TARGET_E = single(TARGET_E / np.linalg.norm(TARGET_E) * 6.371e6)


def earth(t_s):
    """dcm_EN of an Earth turned by EARTH t about z."""
    a = EARTH * t_s + 0.3
    return np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1.0]])


def orbit(t_s, start):
    """Two-body motion from `start` by small Runge-Kutta steps."""
    r, v = start
    steps = max(1, int(abs(t_s) / 0.5))
    h = t_s / steps

    def pull(r):
        return -MU * r / np.linalg.norm(r) ** 3

    for _ in range(steps):
        k1 = pull(r)
        k2 = pull(r + h / 2 * v)
        k3 = pull(r + h / 2 * v + h * h / 4 * k1)
        k4 = pull(r + h * v + h * h / 2 * k2)
        r, v = r + h * v + h * h / 6 * (k1 + k2 + k3), v + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return r, v


def scene(seed):
    """A slightly eccentric orbit, with its spacecraft about over the target at t = 0."""
    rng = np.random.default_rng(seed)
    up = earth(0).T @ TARGET_E
    r = up / np.linalg.norm(up) * 6.878e6 + rng.normal(size=3) * 1.5e5
    side = np.cross(r, rng.normal(size=3))
    side /= np.linalg.norm(side)
    v = side * np.sqrt(MU / np.linalg.norm(r)) * 1.003 + r / np.linalg.norm(r) * 20.0
    return single(r), single(v)


def truth(target, t_s, start):
    """dcm_RN in float64: axes built by subtraction of projections, not by cross products alone."""
    r, v = orbit(t_s, start)
    line, other = {
        SUN: lambda: (SUN_N, np.array([0, 0, 1.0])),
        NADIR: lambda: (-r, v),
        VELOCITY: lambda: (v, -r),
        TARGET: lambda: (earth(t_s).T @ TARGET_E - r, v),
    }[target]()

    def axes(first, second):
        a = first / np.linalg.norm(first)
        b = second - a * (a @ second)
        b /= np.linalg.norm(b)
        return np.array([a, b, np.cross(a, b)])

    return axes(FIRST_B, SECOND_B).T @ axes(line, other)


def rate(target, t_s, start, h=0.1):
    """omega_RN in R by differences of the frame."""
    change = truth(target, t_s + h, start) @ truth(target, t_s - h, start).T
    # dcm(theta) = 1 - [theta x] to first order.
    cross = (change.T - change) / 2
    theta = np.array([cross[2, 1], cross[0, 2], cross[1, 0]])
    sine = np.linalg.norm(theta)
    return theta / (2 * h) * (np.arcsin(sine) / sine if sine > 0 else 1.0)


def guide(target, start=None, t_s=0.0, **changed):
    start = start or scene(1)
    r, v = orbit(t_s, start) if t_s else start
    parameters = {
        "target": target,
        "first_B": FIRST_B.tolist(),
        "second_B": SECOND_B.tolist(),
        "q_RN": [0.0, 0.0, 0.0, 1.0],
        "elevation_min_rad": 0.1,
        "rate_max_rad_s": 0.05,
    }
    source = {
        "r_N_m": r.tolist(),
        "v_N_m_s": v.tolist(),
        "sun_N": SUN_N.tolist(),
        "target_E_m": TARGET_E.tolist(),
        "dcm_EN": earth(t_s).ravel().tolist(),
    }
    for name, value in changed.items():
        (source if name in source else parameters)[name] = value
    params = C.ffi.new("mf_guidance_params_t *", parameters)
    given = C.ffi.new("mf_guidance_input_t *", source)
    output = C.ffi.new("mf_guidance_output_t *")
    return C.lib.mf_guidance_update(params, given, output), output


@pytest.mark.parametrize("target", [SUN, NADIR, VELOCITY, TARGET])
def test_frames_and_their_derivatives(target):
    for seed in range(20):
        start = scene(seed)
        status, out = guide(target, start)
        assert status == 0 and out.reason == 0
        wanted = truth(target, 0.0, start)
        # 0.5 m of single precision at 500 km range.
        assert np.abs(dcm(numpy(out.q_RN)) - wanted).max() < 3e-6
        omega = numpy(out.omega_RN_R_rad_s)
        assert omega == pytest.approx(rate(target, 0.0, start), abs=2e-6 * 0.05 + 1e-7)
        change = (rate(target, 1.0, start) - rate(target, 0.0, start)) / 1.0
        assert numpy(out.alpha_RN_R_rad_s2) == pytest.approx(change, abs=5e-7)


def test_nadir_turns_once_per_orbit_about_minus_the_orbit_normal_axis():
    """Signs by plain words: z down, x ahead, so y is against the orbit normal: rate -n about y."""
    r, v = np.array([6.878e6, 0, 0]), np.array([0, np.sqrt(MU / 6.878e6), 0])
    status, out = guide(NADIR, (r, v))
    matrix = dcm(numpy(out.q_RN))
    assert status == 0
    assert matrix @ [-1, 0, 0] == pytest.approx([0, 0, 1], abs=1e-6)
    assert matrix @ [0, 1, 0] == pytest.approx([1, 0, 0], abs=1e-6)
    n = np.sqrt(MU / 6.878e6**3)
    assert numpy(out.omega_RN_R_rad_s) == pytest.approx([0, -n, 0], abs=1e-8)


def test_following_the_rate_leads_to_the_next_frame():
    """Pass over the target: each second's frame is the last one turned by its own rate."""
    start = scene(3)
    for t_s in np.arange(-200.0, 200.0, 20.0):
        status, now = guide(TARGET, start, t_s)
        later_status, later = guide(TARGET, start, t_s + 1.0)
        if status or later_status:
            continue
        theta = numpy(now.omega_RN_R_rad_s) + 0.5 * numpy(now.alpha_RN_R_rad_s2)
        error = body_error(numpy(later.q_RN), numpy(now.q_RN))
        assert error == pytest.approx(theta, abs=5e-6)


def test_a_pass_has_a_rise_and_a_set():
    start = scene(1)
    seen = [guide(TARGET, start, t_s) for t_s in (-1500.0, -100.0, 0.0, 100.0, 1500.0)]
    assert [status for status, _ in seen] == [E_RANGE, 0, 0, 0, E_RANGE]
    assert seen[0][1].reason == seen[4][1].reason == BELOW
    assert list(seen[0][1].q_RN) == [0, 0, 0, 1] and not any(seen[0][1].omega_RN_R_rad_s)


def test_elevation_limit_is_that_of_the_geometry():
    start = scene(1)
    r = orbit(180.0, start)[0]
    point = earth(180.0).T @ TARGET_E
    line = r - point
    elevation = np.arcsin(line @ point / np.linalg.norm(line) / np.linalg.norm(point))
    for offset, wanted in ((-1e-3, 0), (1e-3, E_RANGE)):
        status, _ = guide(TARGET, start, 180.0, elevation_min_rad=elevation + offset)
        assert status == wanted


def test_singular_geometry_and_too_fast_are_said():
    straight = np.array([6.878e6, 0, 0]), np.array([7000.0, 0, 0])
    for target in (NADIR, VELOCITY):
        status, out = guide(target, straight)
        assert status == E_RANGE and out.reason == SINGULAR
    status, out = guide(SUN, sun_N=[0, 0, 1.0])
    assert status == E_RANGE and out.reason == SINGULAR
    status, out = guide(TARGET, rate_max_rad_s=0.001)
    assert status == E_RANGE and out.reason == FAST
    assert guide(NADIR, first_B=[0, 0, 1.0], second_B=[0, 0, 2.0])[1].reason == SINGULAR


def test_sun_needs_no_orbit_and_inertial_nothing():
    status, out = guide(SUN, r_N_m=[0, 0, 0], v_N_m_s=[NAN, 0, 0])
    assert status == 0 and not any(out.omega_RN_R_rad_s)
    q = [0.5, -0.5, 0.5, 0.5]
    status, out = guide(INERTIAL, q_RN=q, r_N_m=[NAN] * 3)
    assert status == 0 and angle_between(numpy(out.q_RN), q) < 1e-6
    assert guide(INERTIAL, q_RN=[0, 0, 0, 0])[0] == E_INVAL


@pytest.mark.parametrize("bad", [NAN, INF, -INF, 0.0, 1e30])
@pytest.mark.parametrize("name", ["r_N_m", "v_N_m_s", "target_E_m", "dcm_EN"])
def test_bad_input_is_refused(bad, name):
    status, out = guide(TARGET, **{name: [bad] * (9 if name == "dcm_EN" else 3)})
    assert status == E_INVAL and list(out.q_RN) == [0, 0, 0, 1]


def test_bad_parameters_are_refused():
    assert guide(5)[0] == E_INVAL
    assert guide(NADIR, rate_max_rad_s=NAN)[0] == E_INVAL
    assert guide(TARGET, elevation_min_rad=NAN)[0] == E_INVAL
    assert guide(NADIR, first_B=[NAN, 0, 0])[0] == E_RANGE
    assert guide(SUN, sun_N=[0.0, 0.0, 0.0])[0] == E_INVAL


def raster(elapsed_ms, columns=3, rows=2, step=0.01, dwell_ms=1000):
    _, out = guide(NADIR)
    before = dcm(numpy(out.q_RN)), numpy(out.omega_RN_R_rad_s)
    params = C.ffi.new("mf_raster_params_t *", [columns, rows, step, dwell_ms])
    status = C.lib.mf_raster_apply(params, C.array(FIRST_B), C.array(SECOND_B), elapsed_ms, out)
    return status, out, before


def test_raster_walks_there_and_back():
    """Offsets of the line of sight in the frame: along y rows, along -x columns, each once."""
    points = []
    for k in range(6):
        status, out, (matrix, omega) = raster(k * 1000 + 500)
        assert status == 0
        sight = matrix @ dcm(numpy(out.q_RN)).T @ FIRST_B
        points.append(sight[:2])
        # The same turn of the frame, in its displaced axes.
        turned = dcm(numpy(out.q_RN)).T @ numpy(out.omega_RN_R_rad_s)
        assert turned == pytest.approx(matrix.T @ omega, abs=1e-8)
    rows_y = np.cross(FIRST_B, SECOND_B)[:2]
    columns_x = np.cross(FIRST_B, np.cross(FIRST_B, SECOND_B))[:2]
    order = [(-1, -0.5), (0, -0.5), (1, -0.5), (1, 0.5), (0, 0.5), (-1, 0.5)]
    wanted = [0.01 * (c * columns_x + r * rows_y) for c, r in order]
    assert np.array(points) == pytest.approx(np.array(wanted), abs=2e-6)


def test_raster_ends_and_holds():
    status, last, _ = raster(5999)
    done, held, _ = raster(4_000_000_000)
    assert status == 0 and done == 1 and list(last.q_RN) == list(held.q_RN)


@pytest.mark.parametrize(
    "bad",
    [{"columns": 0}, {"rows": 1001}, {"step": NAN}, {"step": 0.6}, {"dwell_ms": 0},
     {"columns": 1000, "step": 0.01}],
)  # fmt: skip
def test_bad_rasters_leave_guidance_alone(bad):
    status, out, (matrix, _) = raster(0, **bad)
    assert status == E_INVAL and dcm(numpy(out.q_RN)) == pytest.approx(matrix, abs=1e-7)
