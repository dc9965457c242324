"""Bad input to the attitude loop: refused or left out, counted, and never handed on."""

import math

import numpy as np
import pytest

from native.adcs import ffi, lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import Flight, pointing

E_INVAL = -22
BAD = (float("nan"), float("inf"), -float("inf"), 3e38, 0.0)
FIELDS = ("mag", "gyro", "fss", "css_V", "q_SN_tracker", "gnss", "wheel_speed_rad_s")


def floats(out):
    """Every number the loop gives."""
    report = out.report
    for group in (out.dipole_B_A_m2, out.rod_A_m2, out.wheel_torque_N_m):
        yield from group
    for name, field in ffi.typeof("mf_adcs_report_t").fields:
        if "float" in field.type.cname:
            value = getattr(report, name)
            yield from [value] if isinstance(value, float) else list(value)


def spoiler(name, value):
    def spoil(each, in_):
        if name == "mag":
            in_.mag[0].value_S = in_.mag[1].value_S = [value] * 3
        elif name in ("gyro", "fss"):
            sample = getattr(in_, name)
            sample.value_S, sample.dark = [value, 0.0, value], False
        elif name == "gnss":
            in_.gnss_r_E_m, in_.gnss_v_E_m_s, in_.gnss_fresh = [value] * 3, [1.0] * 3, True
        elif name == "q_SN_tracker":
            in_.q_SN_tracker, in_.tracker_fresh = [value] * 4, True
        else:
            setattr(in_, name, [value] * len(getattr(in_, name)))

    return spoil


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("name", FIELDS)
def test_no_number_gets_through_that_is_none(name, value):
    flight = Flight(60).mode(rig.POINTING)
    flight.fly(8)
    flight.spoil = spoiler(name, value)
    for _ in range(60):
        flight.step()
        assert all(math.isfinite(x) for x in floats(flight.out))
    if not math.isfinite(value) and name != "fss":
        assert flight.report.bad_inputs >= 6
    flight.spoil = lambda each, in_: None
    flight.fly(8)
    assert all(math.isfinite(x) for x in floats(flight.out))
    assert flight.out.mode in (rig.POINTING, rig.SUNSAFE, rig.DETUMBLE, rig.IDLE)


@pytest.mark.parametrize("step_us", [0, -100_000, -3_600_000_000, 3_600_000_000])
def test_time_that_does_not_go_on_turns_the_actuators_off(step_us):
    flight = Flight(momentum__start_N_m_s=1e-5, momentum__stop_N_m_s=1e-6)
    flight.tick = 100_000
    flight.mode(rig.POINTING).fly(120)
    while flight.tick % 10 != 3:
        flight.step()
    flight.sense()
    assert flight.out.wheels_on == 15
    flight.in_.time_us = flight.in_.time_us - 100_000 + step_us
    before = flight.report.bad_inputs
    status = lib.mf_adcs_step(flight.state, flight.params, flight.in_, flight.out)
    assert status == E_INVAL and flight.report.bad_inputs == before + 1
    assert flight.out.wheels_on == 0 and list(flight.out.rod_A_m2) == [0.0] * 3
    # After a step forward by an hour the attitude is not known; else it goes on as it was.
    assert flight.flag("ATTITUDE_VALID") == (step_us <= 0)


@pytest.mark.parametrize("jump_s", [-3600, 3600, 1])
def test_jumps_of_mission_time_are_counted_and_the_attitude_survives(jump_s):
    flight = pointing()
    losses = flight.report.attitude_losses

    def spoil(each, in_):
        in_.mission.seconds += jump_s

    flight.spoil = spoil
    flight.fly(5)
    flight.spoil = lambda each, in_: None
    flight.fly(20)
    assert flight.report.time_jumps == 2
    assert flight.report.attitude_losses == losses and flight.knowledge_deg() < 1.5


def test_without_mission_time_there_are_no_references_but_detumbling_goes_on():
    flight = Flight(300, omega_deg_s=(3.0, 2.0, 1.0)).mode(rig.DETUMBLE)

    def spoil(each, in_):
        in_.mission_known = False

    flight.spoil = spoil
    start = flight.body.energy
    flight.fly(200)
    assert not flight.flag("ORBIT_VALID") and not flight.flag("FIELD_MODEL_VALID")
    assert flight.body.energy < start and flight.out.mode == rig.DETUMBLE


def test_repeated_samples_do_not_make_the_filter_sure():
    flight = pointing()
    sigma = max(flight.report.sigma_B_rad)
    frozen = [list(flight.in_.mag[k].value_S) for k in range(2)]
    sun = list(flight.in_.fss.value_S)

    def spoil(each, in_):
        in_.fss.value_S, in_.css_fresh = sun, False
        for k in range(2):
            in_.mag[k].value_S = frozen[k]

    flight.spoil = spoil
    flight.fly(60)
    assert max(flight.report.sigma_B_rad) > sigma


def test_two_years_of_uptime_are_no_different():
    late, early = Flight(400, seed=3), Flight(400, seed=3)
    late.tick = 2 * 365 * 864_000 + 20
    for flight in (late, early):
        flight.mode(rig.POINTING).fly(200)
    assert list(late.report.q_BN) == list(early.report.q_BN)
    assert list(late.out.wheel_torque_N_m) == list(early.out.wheel_torque_N_m)


def test_wrong_inertia_by_half_still_points():
    flight = Flight()
    wrong = (rig.INERTIA_3U * 1.5).ravel().tolist()
    flight.params.control.inertia_B_kg_m2 = wrong
    flight.mode(rig.POINTING).fly(300)
    assert np.sqrt(np.mean(np.square(flight.fly(30, Flight.off_nadir_deg)))) < 1.5


def test_a_bad_step_is_the_same_in_a_second_loop():
    """What the loop does depends on its state and input alone."""
    flight = pointing()
    other = ffi.new("mf_adcs_t *")
    ffi.memmove(other, flight.state, ffi.sizeof("mf_adcs_t"))
    out = ffi.new("mf_adcs_out_t *")
    for _ in range(50):
        flight.step()
        assert lib.mf_adcs_step(other, flight.params, flight.in_, out) == flight.status
        assert bytes(ffi.buffer(out)) == bytes(ffi.buffer(flight.out))
