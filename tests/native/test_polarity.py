"""Polarity self-test of rods and wheels against a simulated spacecraft."""

import numpy as np
import pytest

from tests.native.attitude_rig import E_INVAL, INF, NAN, flown, numpy
from tests.native.rigid_body import INERTIA_3U, Body

C = flown()
RUNNING, RIGHT, REVERSED, DEAD, WRONG_AXIS, WRONG_SIZE, INCONCLUSIVE = range(7)
STEP_MS = 100
COUPLING = np.array([[8e-5, 1e-5, -5e-6], [5e-6, 6e-5, 1e-5], [0.0, -1e-5, 1e-4]])  # T per A m^2
WHEEL_AXES = np.array([[0.8, 0, 0.6], [0, 0.8, 0.6], [-0.8, 0, 0.6], [0, -0.8, 0.6]])


class Test:
    __test__ = False

    def __init__(self, expected, command, noise, value_max, ramp, **changed):
        values = {
            "expected": list(expected), "command": command, "noise": noise,
            "value_max": value_max, "measure_ms": 1000, "ramp": ramp, **changed,
        }  # fmt: skip
        self.params = C.ffi.new("mf_polarity_params_t *", values)
        self.state = C.ffi.new("mf_polarity_t *")
        self.command = C.out(1)
        C.lib.mf_polarity_reset(self.state)

    def update(self, value, time_ms):
        return C.lib.mf_polarity_update(
            self.state, self.params, C.array(value), time_ms & 0xFFFFFFFF, self.command
        )


def rod(which, actual=None, noise=300e-9, rate=0.005, start_ms=0, **changed):
    """One rod in the field of a slowly turning body; `actual` is its true coupling."""
    actual = COUPLING[which] if actual is None else np.asarray(actual)
    rng = np.random.default_rng(which)
    test = Test(COUPLING[which], 0.1, 300e-9, 2e-4, False, **changed)
    commands, drive = [], 0.0
    for k in range(200):
        angle = rate * k * 0.1
        field = 4e-5 * np.array([np.cos(angle), -np.sin(angle), 0.3])
        value = field + actual * drive + rng.normal(size=3) * noise
        result = test.update(value, start_ms + k * STEP_MS)
        drive = test.command[0]
        commands.append(drive)
        if result == 1:
            break
    assert commands[-1] == 0.0 and test.state.phase == 4
    return test, commands


def wheel(which, actual=1.0, axis=None, noise=1e-4, disturbance=0.0, **changed):
    """One wheel of a free body; `actual` scales its true torque, `axis` replaces its true axis."""
    true_axis = WHEEL_AXES[which] if axis is None else np.asarray(axis)
    rng = np.random.default_rng(which)
    test = Test(-WHEEL_AXES[which], 2e-4, noise * 0.036, 2e-3, True, **changed)
    body, drive = Body([0, 0, 0, 1], [0.002, -0.001, 0.003]), 0.0
    for k in range(200):
        momentum = INERTIA_3U @ (body.omega + rng.normal(size=3) * noise)
        result = test.update(momentum, k * STEP_MS)
        drive = test.command[0]
        if result == 1:
            break
        body.step(np.full(3, disturbance), -true_axis * actual * drive, 0.1)
    assert drive == 0.0 and test.state.phase == 4
    return test, body


@pytest.mark.parametrize("which", range(3))
def test_rods_right_reversed_dead(which):
    for actual, verdict in ((1.0, RIGHT), (-1.0, REVERSED), (0.0, DEAD), (0.3, WRONG_SIZE)):
        test, _ = rod(which, COUPLING[which] * actual)
        assert test.state.verdict == verdict
        assert test.state.ratio == pytest.approx(actual, abs=0.05)


@pytest.mark.parametrize("which", range(4))
def test_wheels_right_reversed_dead(which):
    for actual, verdict in ((1.0, RIGHT), (-1.0, REVERSED), (0.0, DEAD), (2.5, WRONG_SIZE)):
        test, _ = wheel(which, actual)
        assert test.state.verdict == verdict
        assert test.state.ratio == pytest.approx(actual, abs=0.05)


def test_exchanged_plugs_are_found():
    assert rod(0, COUPLING[1])[0].state.verdict == WRONG_AXIS
    assert rod(2, COUPLING[0])[0].state.verdict == WRONG_AXIS
    assert wheel(0, axis=WHEEL_AXES[1])[0].state.verdict == WRONG_AXIS


def test_a_sensor_with_a_flipped_axis_is_found():
    """The same test shows a sensor that is wired wrong: its main axis turned round."""
    assert rod(0, COUPLING[0] * [-1, 1, 1])[0].state.verdict == REVERSED


def test_the_drive_is_plus_minus_minus_plus_and_leaves_nothing_behind():
    _, commands = rod(1)
    changes = [commands[0]] + [b for a, b in zip(commands, commands[1:], strict=False) if a != b]
    assert np.sign(changes) == pytest.approx([1, -1, 1, 0])
    assert commands.count(np.float32(0.1)) == commands.count(-np.float32(0.1)) == 24
    _, body = wheel(0)
    assert body.omega == pytest.approx([0.002, -0.001, 0.003], abs=1e-4)


def test_drift_drops_out():
    """A body turning at 1 deg/s moves the field by as much as the coil; a torque bends the rate."""
    assert rod(1, rate=0.0175)[0].state.ratio == pytest.approx(1.0, abs=0.05)
    assert wheel(2, disturbance=1e-5)[0].state.ratio == pytest.approx(1.0, abs=0.05)


def test_noise_beyond_the_response_is_no_verdict():
    test = Test(COUPLING[0], 0.1, 1e-4, 1.0, False)
    rng = np.random.default_rng(0)
    for k in range(200):
        if test.update(rng.normal(size=3) * 1e-4, k * STEP_MS) == 1:
            break
    assert test.state.verdict == INCONCLUSIVE and test.state.ratio == 0.0


def test_gaps_standing_time_and_motion_end_it_with_the_command_off():
    for time_ms, value in ((5000, [4e-5, 0, 0]), (300, [4e-5, 0, 0]), (400, [3e-4, 0, 0])):
        test = Test(COUPLING[0], 0.1, 3e-7, 2e-4, False)
        for k in range(4):
            assert test.update([4e-5, 0, 0], k * STEP_MS) == 0
            assert test.command[0] == np.float32(0.1)
        assert test.update(value, time_ms) == 1 and test.command[0] == 0.0
        assert test.state.verdict == INCONCLUSIVE
        assert test.update([4e-5, 0, 0], 600) == 1 and test.command[0] == 0.0


def test_missing_samples_are_left_out_and_none_is_no_verdict():
    test = Test(COUPLING[0], 0.1, 3e-7, 2e-4, False)
    k = 0
    while test.update([NAN, INF, 0.0], k * STEP_MS) == 0:
        k += 1
        assert k < 100
    assert test.state.verdict == INCONCLUSIVE and np.isfinite(numpy(test.state.response)).all()
    test, drive = Test(COUPLING[0], 0.1, 3e-7, 2e-4, False), 0.0
    for k in range(100):
        value = [NAN] * 3 if k % 3 == 0 else COUPLING[0] * drive
        if test.update(value, k * STEP_MS) == 1:
            break
        drive = test.command[0]
    assert test.state.verdict == RIGHT


def test_it_runs_over_the_wrap_of_the_counter():
    assert rod(0, start_ms=2**32 - 1000)[0].state.verdict == RIGHT


@pytest.mark.parametrize(
    "changed",
    [{"expected": [0, 0, 0]}, {"expected": [NAN, 0, 0]}, {"command": 0.0}, {"noise": -1.0},
     {"value_max": NAN}, {"measure_ms": 0}, {"measure_ms": 2_000_000}],
)  # fmt: skip
def test_bad_parameters_are_refused(changed):
    values = {"expected": COUPLING[0], "command": 0.1, "noise": 3e-7, "value_max": 2e-4}
    values.update(changed)
    test = Test(ramp=False, **values)
    assert test.update([4e-5, 0, 0], 0) == E_INVAL and test.command[0] == 0.0
