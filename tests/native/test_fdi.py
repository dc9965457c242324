"""Fault detection: every fault within 60 s, no false exclusion, hysteresis."""

import numpy as np
import pytest

from tests.native.attitude_rig import E_INVAL, INF, NAN, flown

C = flown()
MISSING, RANGE, STUCK, RATE, MODEL, PREDICTION, NOISE, OUTSIDE = (1 << i for i in range(8))
EXCLUDED, READMITTED = 1, 2
STEP_MS = 100
LIMIT_S = 60

# Sensor: parameters, white noise, full range, and what the filter's prediction is worth.
MAG = {"noise": 150e-9, "range": 4.9e-3, "prediction": 1e-6, "model": 6e-7}
SUN = {"noise": 0.01, "range": 1.0, "prediction": 0.01, "model": 0.0}
GYRO = {"noise": 5e-4, "range": 4.36, "prediction": 3e-3, "model": 0.0}
COMMON = {
    "chi2_limit": 2.5, "noise_limit": 9.0, "stuck_count": 20, "axis_stuck_count": 50,
    "exclude_ms": 10_000, "readmit_ms": 60_000, "gap_max_ms": 1000,
}  # fmt: skip
LIMITS = {
    "mag": {"size_min": 1e-5, "size_max": 1e-4, "rate_max": 3e-5, "model_tolerance": 5e-6},
    "sun": {"size_min": 0.7, "size_max": 1.3, "rate_max": 3.0, "model_tolerance": 0.3},
    "gyro": {"size_min": 0.0, "size_max": 1.0, "rate_max": 0.5, "model_tolerance": 1.0},
}
SENSORS = {"mag": MAG, "sun": SUN, "gyro": GYRO}


class Unit:
    def __init__(self, kind="mag", **changed):
        sensor = SENSORS[kind]
        values = {**LIMITS[kind], **COMMON, "noise_sigma": sensor["noise"], **changed}
        self.params = C.ffi.new("mf_fdi_params_t *", values)
        self.unit = C.ffi.new("mf_fdi_t *")
        self.input = C.ffi.new("mf_fdi_input_t *")
        C.lib.mf_fdi_reset(self.unit)

    def update(self, value, time_ms, **other):
        i = self.input
        i.present, i.outside = other.get("present", True), other.get("outside", False)
        i.value, i.model_size = list(value), other.get("model", 0.0)
        i.prediction = list(other.get("prediction", (0.0, 0.0, 0.0)))
        i.prediction_sigma, i.motion = other.get("sigma", 0.0), other.get("motion", 0.0)
        return C.lib.mf_fdi_update(self.unit, self.params, i, time_ms & 0xFFFFFFFF)


def signal(kind, t_s):
    """True value on a slowly turning body, arrays over time."""
    phase = np.outer(t_s, [0.011, 0.017, 0.007]) + [0.3, 1.1, 2.0]
    wave = np.sin(phase)
    if kind == "gyro":
        return 0.02 * wave
    unit = wave / np.linalg.norm(wave, axis=1, keepdims=True)
    return unit * (3.5e-5 + 1e-5 * np.sin(1.1e-3 * t_s))[:, None] if kind == "mag" else unit


def fly(kind, seconds, fault=None, at_s=0.0, seed=1, until_s=1e9, **changed):
    """One unit at 10 Hz; `fault(value, rng)` is what becomes of a sample (None: no sample).

    Gives the unit, and the times [s] of exclusions and re-admissions.
    """
    rng, sensor, unit = np.random.default_rng(seed), SENSORS[kind], Unit(kind, **changed)
    t_s = (1 + np.arange(int(seconds * 10))) * 0.1
    true = signal(kind, t_s)
    values = true + rng.normal(size=true.shape) * sensor["noise"]
    # The filter's error: slow, as large as its sigma says.
    error = np.sin(np.outer(t_s, [0.013, 0.019, 0.009]) + seed) * sensor["prediction"]
    sigma = float(np.hypot(sensor["prediction"], sensor["noise"]))
    events = []
    for k, t in enumerate(t_s):
        value, present = values[k], True
        if fault is not None and at_s <= t < until_s:
            value = fault(value, rng)
            present = value is not None
            value = np.zeros(3) if value is None else value
        result = unit.update(
            value.tolist(),
            (k + 1) * STEP_MS,
            present=present,
            model=float(np.linalg.norm(true[k])) if sensor["model"] else 0.0,
            prediction=(true[k] + error[k]).tolist(),
            sigma=sigma,
        )
        assert result >= 0
        if result:
            events.append((result, t))
    return unit, events


def stuck_at():
    kept = []

    def fault(value, _rng):
        kept.append(value)
        return kept[0]

    return fault


def one_axis(axis, change):
    def fault(value, rng):
        out = value.copy()
        out[axis] = change(value, rng)[axis]
        return out

    return fault


def stuck_axis(axis):
    kept = []

    def fault(value, _rng):
        kept.append(value[axis])
        out = value.copy()
        out[axis] = kept[0]
        return out

    return fault


def faults(kind):
    """Every fault the figures name: name, what becomes of a sample."""
    full, noise = SENSORS[kind]["range"], SENSORS[kind]["noise"]

    def bias(part):
        return lambda v, rng: v + full * part

    def noisy(v, rng):
        return v + rng.normal(size=3) * noise * 10

    yield "dead", lambda v, rng: None
    yield "zeros", lambda v, rng: np.zeros(3)
    yield "stuck", stuck_at()
    yield "sign flip", lambda v, rng: -v
    yield "noise", noisy
    for part in (0.05, 0.2, 1.0):
        yield f"bias {part}", bias(part)
    for axis in range(3):
        yield f"stuck {axis}", stuck_axis(axis)
        yield f"sign flip {axis}", one_axis(axis, lambda v, rng: -v)
        yield f"noise {axis}", one_axis(axis, noisy)
        for part in (0.05, 0.2, 1.0):
            yield f"bias {part} {axis}", one_axis(axis, bias(part))


@pytest.mark.parametrize("kind", ["mag", "sun", "gyro"])
def test_every_fault_is_found_within_a_minute(kind):
    late = []
    for name, fault in faults(kind):
        _, events = fly(kind, 100 + LIMIT_S, fault, at_s=100.0)
        if not events or events[0][0] != EXCLUDED or not 100 < events[0][1] < 100 + LIMIT_S:
            late.append((name, events))
    # A single axis that reads near zero when it flips changes nothing: harmless, and only that.
    assert late == []


@pytest.mark.parametrize("kind", ["mag", "sun", "gyro"])
def test_no_false_exclusion_short(kind):
    unit, events = fly(kind, 1500, seed=3)
    assert events == [] and unit.unit.fault_ms == 0


@pytest.mark.accept
@pytest.mark.parametrize("kind", ["mag", "sun", "gyro"])
def test_no_false_exclusion_in_a_day(kind):
    unit, events = fly(kind, 86_400, seed=4)
    assert events == [] and unit.unit.exclusions == 0


def test_a_unit_that_recovers_is_admitted_again_after_its_time():
    unit, events = fly("mag", 300, lambda v, rng: None, at_s=50.0, until_s=80.0)
    assert [kind for kind, _ in events] == [EXCLUDED, READMITTED]
    assert events[0][1] == pytest.approx(60.0, abs=0.3)
    assert events[1][1] == pytest.approx(140.0, abs=0.3)
    assert not unit.unit.excluded and unit.unit.exclusions == 1 and unit.unit.reason == 0


def test_one_fault_starts_the_healthy_time_anew():
    def now_and_then(value, rng):
        return None if rng.random() < 0.01 else value

    unit, events = fly("mag", 60, lambda v, rng: None, at_s=1.0, until_s=20.0)
    assert [kind for kind, _ in events] == [EXCLUDED]
    rng = np.random.default_rng(0)
    for k in range(3000):
        value = now_and_then([3e-5 + rng.normal() * 1e-7, 1e-5, rng.normal() * 1e-7], rng)
        result = unit.update(value or [0, 0, 0], 60_100 + k * 100, present=value is not None)
        assert result in (0, READMITTED)
    assert unit.unit.excluded


def test_single_spikes_do_nothing():
    def spike(value, rng):
        return value + (1e-3 if rng.random() < 0.005 else 0.0)

    unit, events = fly("mag", 900, spike)
    assert events == []


def test_flapping_excludes_in_the_end():
    state = {"k": 0}

    def flap(value, rng):
        state["k"] += 1
        return None if state["k"] % 2 else value

    _, events = fly("gyro", 60, flap)
    assert events and events[0][0] == EXCLUDED


def bits(unit, value, k, **other):
    unit.update(value, k * STEP_MS, **other)
    return unit.unit.faults


def test_each_test_has_its_own_bit():
    assert bits(Unit(), [3e-5, 0, 0], 1) == 0
    assert bits(Unit(), [3e-5, 0, 0], 1, present=False) == MISSING
    assert bits(Unit(), [NAN, 0, 0], 1) == MISSING
    assert bits(Unit(), [3e-4, 0, 0], 1) == RANGE
    assert bits(Unit(), [5e-6, 0, 0], 1) == RANGE
    assert bits(Unit(), [3e-5, 0, 0], 1, outside=True) == OUTSIDE
    assert bits(Unit(), [3e-5, 0, 0], 1, model=4e-5) == MODEL
    unit = Unit()
    for k in range(1, 10):
        bits(unit, [3e-5, 1e-8 * k, 0], k, prediction=[-3e-5, 0, 0], sigma=1e-6)
    assert unit.unit.faults == PREDICTION
    unit = Unit()
    bits(unit, [3e-5, 0, 0], 1)
    assert bits(unit, [5e-5, 0, 0], 2) == RATE
    assert bits(unit, [3e-5, 0, 0], 3) == RATE  # one spike is not noise yet
    for k in range(4, 20):
        bits(unit, [3e-5 + 2e-6 * (k % 2), 0, 1e-8 * k], k)
    assert unit.unit.faults == NOISE
    assert bits(unit, [NAN, 0, 0], 20) == MISSING  # and its past is forgotten
    assert not bits(unit, [5e-5, 0, 0], 21) & RATE


def test_motion_is_not_taken_for_noise():
    quiet, moving = Unit(rate_max=1.0), Unit(rate_max=1.0)
    for k in range(1, 300):
        wave = [3e-5 * np.cos(0.4 * k), 3e-5 * np.sin(0.4 * k), 1e-6 * np.sin(0.1 * k)]
        bits(quiet, wave, k)
        bits(moving, wave, k, motion=3e-5 * 0.4**2)
    assert quiet.unit.faults & NOISE and not moving.unit.faults & NOISE


def test_counter_wrap_and_gaps():
    unit = Unit()
    rng = np.random.default_rng(1)
    for k in range(200):
        value = [3e-5, 1e-5, 0] + rng.normal(size=3) * 1e-7
        assert unit.update(value, 2**32 - 10_000 + k * 100) == 0
        assert unit.unit.faults == 0
    assert unit.update([9e-5, 1e-5, 0], 2**32 + 500_000) == 0  # after a gap: no rate
    assert unit.unit.faults == 0
    before = bytes(C.ffi.buffer(unit.unit))
    for t_ms in (2**32 + 500_000, 2**32 + 400_000):
        assert unit.update([9e-5, 1e-5, 0], t_ms) == E_INVAL
    assert bytes(C.ffi.buffer(unit.unit)) == before
    # A gap counts for its longest only: not enough to exclude.
    assert unit.update([0, 0, 0], 2**32 + 50_000_000) == 0 and unit.unit.fault_ms == 1000


@pytest.mark.parametrize(
    "changed",
    [{"size_max": 0.0}, {"rate_max": NAN}, {"chi2_limit": 1.0}, {"noise_sigma": 0.0},
     {"noise_limit": INF}, {"stuck_count": 1}, {"axis_stuck_count": 5}, {"exclude_ms": 0}],
)  # fmt: skip
def test_bad_parameters_are_refused(changed):
    assert Unit(**changed).update([3e-5, 0, 0], 100) == E_INVAL


def test_nothing_but_numbers_stays_inside():
    rng, unit = np.random.default_rng(2), Unit()
    wild = [NAN, INF, -INF, 3e38, -3e38, 0.0, 1e-38, 3e-5]
    for k in range(1, 3000):
        unit.update(
            rng.choice(wild, 3), k * 100, model=rng.choice(wild), prediction=rng.choice(wild, 3),
            sigma=abs(rng.choice(wild)), motion=rng.choice(wild),
        )  # fmt: skip
        assert np.isfinite([unit.unit.noise, unit.unit.chi2]).all()
