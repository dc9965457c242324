"""The attitude loop in closed loop on a float64 plant: acquisition, pointing, faults, eclipse."""

import numpy as np
import pytest

from native.adcs import ffi, lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import SETTLE_S, Flight
from tests.native.adcs_rig import pointing as settled


def test_state_fits_its_budget_and_report_has_no_gaps():
    assert ffi.sizeof("mf_adcs_t") <= 4096
    report = ffi.typeof("mf_adcs_report_t")
    assert sum(ffi.sizeof(field.type) for _, field in report.fields) == ffi.sizeof(report) == 308


def test_points_to_nadir_from_a_slow_tumble_and_says_so():
    flight = settled()
    errors = flight.fly(60, Flight.off_nadir_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 1.0
    assert flight.knowledge_deg() < 1.2
    assert flight.flag("ON_TARGET") and flight.flag("ORBIT_VALID") and flight.flag("WHEELS_ON")
    # The report's error is the true one as far as the attitude is known.
    said = np.linalg.norm(list(flight.report.error_B_rad)) / rig.DEG
    assert abs(said - errors[-1]) < 1.2
    bias = np.array(list(flight.report.bias_B_rad_s))
    assert np.linalg.norm(bias - flight.gyro_bias) < 0.02 * rig.DEG
    # Null space: every wheel turns well away from zero.
    assert np.min(np.abs(flight.speed)) > 50.0


def test_covariance_is_honest_where_errors_are_white():
    flight = Flight()
    flight.mag_bias[:] = 0.0
    flight.mode(rig.POINTING).fly(SETTLE_S)
    sigma = np.linalg.norm(list(flight.report.sigma_B_rad)) / rig.DEG
    assert flight.knowledge_deg() < 4.0 * sigma and sigma < 1.0


def test_friction_is_found_and_made_up_for():
    flight = settled()
    expected = flight.friction + 2e-8 * np.abs(flight.speed)
    found = [flight.state.wheels[i].friction_N_m for i in range(4)]
    assert found == pytest.approx(expected, rel=0.15)


def test_rods_are_off_while_the_field_is_sampled():
    flight = settled(momentum__start_N_m_s=1e-5, momentum__stop_N_m_s=1e-6)
    on = [np.linalg.norm(list(flight.step().out.rod_A_m2)) > 0 for _ in range(20)]
    phases = [(flight.tick - 20 + k) % 10 for k in range(20)]
    assert [phase for phase, lit in zip(phases, on, strict=True) if lit and phase >= 7] == []
    assert sum(on) >= 12


def test_field_of_the_rods_never_enters_the_loop():
    # Sampled while the rods are on, the field would be wrong by 100 uT per A m^2.
    flight = settled(momentum__start_N_m_s=1e-5, momentum__stop_N_m_s=1e-6)
    flight.coupling = 1e-3

    def late(each, in_):
        for sample in (in_.mag[0], in_.mag[1]):
            if each.tick % 10 == 3:
                spoiled = each.body.dcm_BN @ each.env["field"](each.t) + 4e-4 * each.rods_before
                sample.value_S, sample.fresh = spoiled.tolist(), True

    flight.spoil = late
    flight.fly(30)
    assert list(flight.report.fault)[:2] == [0, 0]
    assert flight.state.mag_age_ms <= 900 and flight.off_nadir_deg() < 1.5


def test_wheel_momentum_is_dumped():
    flight = Flight(momentum__gain_1_s=0.01).mode(rig.POINTING)
    flight.speed = np.array([300.0, 200.0, 0.0, 100.0])
    start = flight.momentum()
    flight.fly(1200)
    # At 8 uN m, and at most across the field.
    assert flight.momentum() < start - 8e-4
    assert flight.off_nadir_deg() < 1.5


@pytest.mark.parametrize("wheel", [0, 3])
def test_a_wheel_that_stops_answering_is_replaced_by_the_others(wheel):
    flight = settled()
    flight.wheels_working = 15 & ~(1 << wheel)
    flight.motor_ok[wheel] = 0.0
    errors = flight.fly(60, Flight.off_nadir_deg)
    assert max(errors) < 3.0 and errors[-1] < 1.5
    assert flight.report.wheels_used == 15 & ~(1 << wheel)
    assert flight.out.mode == rig.POINTING and not flight.flag("RODS_ONLY")


def test_a_wheel_that_does_not_obey_is_found():
    flight = settled()
    flight.motor_ok[1] = 0.0
    flight.speed[1] = 0.0  # seized
    flight.fly(60)
    assert flight.report.wheels_used == 0b1101
    assert flight.out.mode == rig.POINTING and flight.off_nadir_deg() < 1.5


@pytest.mark.parametrize("left", [0b0101, 0b1010])
def test_two_wheels_hold_two_axes_and_are_relieved(left):
    """The lost ones run out and turn the body about the axis that is left, and about no other."""
    flight = settled()
    flight.wheels_working = left
    flight.motor_ok[[i for i in range(4) if not left >> i & 1]] = 0.0
    across = np.cross(*rig.PYRAMID[[i for i in range(4) if left >> i & 1]])
    across /= np.linalg.norm(across)

    def off(each):
        error = np.array(list(each.report.error_B_rad)) / rig.DEG
        return np.linalg.norm(error - across * (across @ error))

    assert max(flight.fly(300, off)) < 3.0
    assert flight.flag("RODS_ONLY") and flight.out.wheels_on == left
    before = flight.momentum()
    flight.fly(600)
    assert flight.momentum() < max(before, 1e-3)


def test_two_wheels_lost_leave_rods_and_a_command_brings_wheels_back():
    flight = settled()
    flight.wheels_working = 0b1000
    flight.fly(5)
    assert flight.flag("RODS_ONLY") and flight.out.reason == lib.MF_ADCS_REASON_WHEELS_LOST
    assert flight.out.wheels_on == 0 and flight.out.mode == rig.POINTING
    flight.wheels_working = 15
    flight.fly(5)
    assert flight.flag("RODS_ONLY")  # down only
    flight.mode(rig.POINTING).fly(1)
    assert not flight.flag("RODS_ONLY") and flight.out.wheels_on == 15


def eclipse_s():
    """Start and end of the first whole eclipse of the orbit."""
    t, light = rig.environment(12000)["light"]
    dark = np.flatnonzero(light < 0.01)
    start = dark[0] if dark[0] > 30 else dark[np.flatnonzero(np.diff(dark) > 1)[0] + 1]
    end = start + np.flatnonzero(light[start:] > 0.99)[0]
    return float(t[start]), float(t[end])


@pytest.mark.accept
def test_eclipse_is_flown_through_and_the_sun_is_taken_back_without_a_jump():
    start, end = eclipse_s()
    flight = Flight(12000, start_s=start - 500.0).mode(rig.POINTING)
    flight.fly(480)
    errors = flight.fly(end - start + 10, Flight.knowledge_deg)
    assert errors[-1] < 2.0
    before = flight.report.rejected_sun
    after = flight.fly(120, Flight.off_nadir_deg)
    assert max(after) < 2.5 and flight.report.rejected_sun - before <= 3
    assert flight.report.attitude_losses == 0


@pytest.mark.accept
@pytest.mark.parametrize("seed", range(3))
def test_commissioning_detumble_sunsafe_nadir(seed):
    rng = np.random.default_rng(seed)
    spin = rng.normal(size=3)
    flight = Flight(26000, omega_deg_s=10.0 * spin / np.linalg.norm(spin), seed=seed)
    flight.mode(rig.DETUMBLE)
    rates = flight.fly(rig.ORBIT_S, Flight.rate_deg_s)
    assert rates[-1] < 0.5 and flight.flag("DETUMBLED")
    flight.mode(rig.SUNSAFE)
    flight.fly(2 * rig.ORBIT_S)
    off = flight.fly(900, Flight.off_sun_deg)
    assert np.median(off) < 25.0
    flight.mode(rig.POINTING)
    flight.fly(1200)
    errors = flight.fly(rig.ORBIT_S, Flight.off_nadir_deg)
    assert np.sqrt(np.mean(np.square(errors))) < 1.5
    assert flight.momentum() < 0.8 * rig.WHEEL_J * rig.WHEEL_SPEED
    assert flight.out.mode == rig.POINTING


def test_a_calibrated_magnetometer_is_not_mixed_with_one_that_is_not():
    """The second one is off by 4 uT: alone it would turn the attitude by some 6 deg."""
    flight = settled()
    flight.mag_bias = np.array([[0.0, 0.0, 0.0], [2.5e-6, 2.5e-6, -2.0e-6]])
    flight.state.corrected[0] = True
    flight.state.correction[0].matrix = [1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0]
    flight.fly(600)
    alone = flight.knowledge_deg()
    flight.state.corrected[1] = True
    flight.state.correction[1].matrix = [1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0]
    flight.fly(600)
    assert list(flight.report.fault)[:2] == [0, 0]
    assert alone < 0.5 < flight.knowledge_deg()
