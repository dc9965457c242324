"""Modes, commands, targets and orbit of the attitude loop."""

import erfa
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from native.adcs import ffi, lib
from tests.native import adcs_rig as rig
from tests.native.adcs_rig import Flight, pointing

E_INVAL, E_NOSPC, E_BADMSG = -22, -28, -74


def ecef_to_gnss(flight, in_, off_m=(0.0, 0.0, 0.0)):
    """A fix of now, Earth-fixed, by ERFA's frames."""
    frames = rig.Frames(rig.EPOCH)
    dcm = frames.dcm_FN(np.array([flight.t]), frames.celestial(flight.t))[0]
    r, v = flight.env["r"](flight.t) + np.array(off_m), flight.env["v"](flight.t)
    in_.gnss_r_E_m = (dcm @ r).tolist()
    # The Earth turns about the pole of date, not about N's z: 1 m/s.
    in_.gnss_v_E_m_s = (dcm @ v - np.cross([0.0, 0.0, 7.292115e-5], dcm @ r)).tolist()
    in_.gnss_fresh, in_.gnss_age_ms = flight.tick % 10 == 0, 0


def test_boot_is_idle_and_nothing_is_on():
    flight = Flight(60)
    for _ in range(30):
        flight.step()
        assert flight.out.mode == rig.IDLE and flight.out.wheels_on == 0
        assert list(flight.out.rod_A_m2) == [0.0] * 3
        assert list(flight.out.wheel_torque_N_m) == [0.0] * 4


def test_unknown_modes_sensors_and_targets_are_refused():
    flight = Flight(60)
    assert lib.mf_adcs_command_mode(flight.state, 4) == E_INVAL
    assert lib.mf_adcs_command_inhibit(flight.state, 7, True) == E_INVAL
    assert flight.target(5) == E_INVAL
    assert flight.target(rig.TARGET, latitude_rad=float("nan")) == E_INVAL
    assert flight.target(rig.TARGET, latitude_rad=1.6) == E_INVAL
    bad = {"guidance": rig.guidance(rig.INERTIAL, q_RN=[0.0] * 4)}
    assert flight.target(rig.INERTIAL, **bad) == E_INVAL
    assert flight.state.waiting_count == 0


def test_corrupt_elements_are_refused_and_the_old_ones_kept():
    flight = Flight(60)
    line1, line2 = rig.TLE.line1.encode(), bytearray(rig.TLE.line2.encode())
    line2[12] ^= 1
    assert lib.mf_adcs_command_tle(flight.state, line1, bytes(line2)) == E_BADMSG
    flight.fly(2)
    assert flight.flag("ORBIT_VALID") and flight.report.tle_refused == 1


def test_old_elements_give_no_orbit():
    flight = Flight(60, sgp4={"age_max_s": 3600, "ahead_max_s": 3600})
    flight.fly(3)
    assert not flight.flag("ORBIT_VALID") and not flight.flag("FIELD_MODEL_VALID")


def test_pointing_without_an_orbit_waits_and_then_steps_down_to_sunsafe():
    flight = Flight(300, tle=False, attitude_wait_ms=60_000).mode(rig.POINTING)
    flight.fly(55)
    assert flight.out.mode == rig.POINTING and flight.out.wheels_on == 15
    assert flight.rate_deg_s() < 0.6  # the gyro's bias is all that is left
    flight.fly(10)
    assert flight.out.mode == rig.SUNSAFE and flight.out.wheels_on == 0
    assert flight.out.reason == lib.MF_ADCS_REASON_ATTITUDE_LOST


def test_losses_one_after_another_end_in_idle_and_never_go_up_again():
    flight = pointing()
    flight.wheels_working = 0
    flight.fly(3)
    assert (flight.out.mode, flight.flag("RODS_ONLY")) == (rig.POINTING, True)

    def no_gyro(each, in_):
        in_.gyro.fresh = False

    def blind(each, in_):
        in_.gyro.fresh = in_.mag[0].fresh = in_.mag[1].fresh = False

    flight.spoil = no_gyro
    flight.fly(6)
    assert flight.out.mode == rig.DETUMBLE
    flight.spoil = blind
    flight.fly(25)
    assert (flight.out.mode, flight.out.reason) == (rig.IDLE, lib.MF_ADCS_REASON_FIELD_LOST)
    assert list(flight.out.rod_A_m2) == [0.0] * 3
    modes = [mode for mode, _ in flight.reasons]
    assert modes == sorted(modes, reverse=True)
    flight.spoil = lambda each, in_: None
    flight.wheels_working = 15
    flight.fly(20)
    assert flight.out.mode == rig.IDLE


@pytest.mark.parametrize("mode", [rig.DETUMBLE, rig.SUNSAFE])
def test_without_rods_there_is_only_idle(mode):
    flight = Flight(60)
    flight.rods_working = 0
    flight.mode(mode).fly(1)
    assert (flight.out.mode, flight.out.reason) == (rig.IDLE, lib.MF_ADCS_REASON_RODS_LOST)


def test_pointing_goes_on_without_magnetometers_by_model_and_sun():
    flight = pointing()

    def spoil(each, in_):
        in_.mag[0].fresh = in_.mag[1].fresh = False

    flight.spoil = spoil
    assert max(flight.fly(120, Flight.off_nadir_deg)) < 2.5
    assert flight.out.mode == rig.POINTING and not flight.flag("FIELD_MEASURED")


def test_a_high_rate_ends_pointing_in_detumble():
    flight = pointing()
    flight.wheels_working = 7
    flight.motor_ok[:] = 0.0
    for _ in range(10):  # within a second: a step within a tick is the gyro's fault
        flight.body.omega = flight.body.omega + [0.0, 0.02, 0.0]
        flight.step()
    flight.fly(11)
    assert flight.out.mode == rig.DETUMBLE
    assert flight.out.reason == lib.MF_ADCS_REASON_RATE_HIGH


def test_detumble_brakes_and_declares():
    flight = Flight(3000, omega_deg_s=(2.0, -1.5, 1.0)).mode(rig.DETUMBLE)
    start = flight.body.energy
    assert not flight.step().flag("DETUMBLED")
    flight.fly(1200)
    assert flight.body.energy < 0.25 * start and flight.out.mode == rig.DETUMBLE


def test_targets_apply_at_their_time():
    flight = pointing()
    now = rig.MISSION_S + flight.t
    later = {"seconds": int(now) + 20}
    q_RN = Rotation.from_euler("z", 40, degrees=True).as_quat()
    wanted = rig.guidance(rig.INERTIAL, q_RN=q_RN.tolist())
    assert flight.target(rig.INERTIAL, at=later, guidance=wanted) == 0
    assert flight.target(rig.SUN) == 0
    flight.fly(1)
    assert flight.report.target == rig.SUN
    flight.fly(22)
    assert flight.report.target == rig.INERTIAL and flight.state.waiting_count == 0
    assert list(flight.report.q_RN) == pytest.approx(q_RN, abs=1e-6)
    flight.fly(240)
    true = Rotation.from_quat(flight.body.q_BN)
    assert (true * Rotation.from_quat(q_RN).inv()).magnitude() < 1.5 * rig.DEG


def test_the_queue_of_targets_has_an_end():
    flight = Flight(60)
    far = {"seconds": 2**31}
    assert [flight.target(rig.SUN, at=far) for _ in range(5)] == [0, 0, 0, 0, E_NOSPC]
    flight.fly(1)
    assert flight.state.waiting_count == 4 and flight.report.target == rig.NADIR


def test_a_target_below_the_horizon_is_replaced_by_nadir_and_said():
    flight = pointing()
    assert flight.target(rig.TARGET, latitude_rad=0.0, longitude_rad=0.0) == 0
    r_N = flight.env["r"](flight.t)
    frames = rig.Frames(rig.EPOCH)
    r_E = frames.dcm_FN(np.array([flight.t]), frames.celestial(flight.t))[0] @ r_N
    lon = float(np.arctan2(r_E[1], r_E[0]) + np.pi)
    assert flight.target(rig.TARGET, latitude_rad=0.0, longitude_rad=lon) == 0
    flight.fly(60)
    assert flight.flag("TARGET_FALLBACK") and not flight.flag("ON_TARGET")
    assert flight.report.guidance_reason == lib.MF_GUIDANCE_BELOW_HORIZON
    assert flight.off_nadir_deg() < 1.5


def test_a_point_on_the_ground_is_followed_through_a_pass():
    flight = pointing(momentum__gain_1_s=1e-3)
    frames = rig.Frames(rig.EPOCH)
    ahead = flight.t + 120.0
    dcm = frames.dcm_FN(np.array([ahead]), frames.celestial(ahead))[0]
    r_E = dcm @ flight.env["r"](ahead)
    lon, geocentric = np.arctan2(r_E[1], r_E[0]), np.arcsin(r_E[2] / np.linalg.norm(r_E))
    # WGS-84 latitude of the point below.
    lat = np.arctan(np.tan(geocentric) / (1 - 6.69437999014e-3))
    assert flight.target(rig.TARGET, latitude_rad=float(lat), longitude_rad=float(lon)) == 0
    point_E = erfa.gd2gc(1, lon, lat, 0.0)

    def off_deg(each):
        turn = frames.dcm_FN(np.array([each.t]), frames.celestial(each.t))[0]
        line = each.body.dcm_BN @ (turn.T @ point_E - each.env["r"](each.t))
        return float(np.degrees(np.arccos(line[2] / np.linalg.norm(line))))

    flight.fly(70)
    errors = flight.fly(100, off_deg)  # overhead it turns at 0.8 deg/s
    assert np.sqrt(np.mean(np.square(errors))) < 1.5
    assert not flight.flag("TARGET_FALLBACK")


def test_gnss_is_the_better_orbit_and_is_carried_on():
    flight = Flight(400, tle=False)
    flight.spoil = ecef_to_gnss
    flight.fly(30)
    assert flight.flag("GNSS_ORBIT") and flight.flag("ORBIT_VALID")
    flight.spoil = lambda each, in_: None
    flight.fly(200)
    off = np.array(list(flight.report.r_N_m)) - flight.env["r"](flight.t - rig.DT)
    assert flight.flag("GNSS_ORBIT") and np.linalg.norm(off) < 30.0


def test_a_fix_far_from_the_elements_is_not_taken():
    flight = Flight(60)
    flight.fly(3)
    flight.spoil = lambda each, in_: ecef_to_gnss(each, in_, off_m=(3e5, 0.0, 0.0))
    flight.fly(20)
    assert not flight.flag("GNSS_ORBIT")
    assert flight.report.fault[rig.GNSS] == lib.MF_ADCS_FAULT_MODEL


def test_star_tracker_starts_the_filter_and_holds_it_to_its_accuracy():
    flight = Flight()

    def spoil(each, in_):
        in_.fss.dark, in_.css_fresh = True, False
        noise = Rotation.from_rotvec(each.rng.normal(size=3) * 2e-4)
        q = (Rotation.from_quat(each.body.q_BN) * noise).as_quat()
        in_.q_SN_tracker, in_.tracker_fresh = q.tolist(), each.tick % 10 == 3
        in_.tracker_age_ms = 0

    flight.spoil = spoil
    flight.mode(rig.POINTING).fly(200)
    knowledge = flight.fly(60, Flight.knowledge_deg)
    assert np.sqrt(np.mean(np.square(knowledge))) < 0.05
    assert np.sqrt(np.mean(np.square(flight.fly(60, Flight.off_nadir_deg)))) < 0.2


def test_an_inhibited_sensor_is_not_used():
    flight = pointing()
    assert lib.mf_adcs_command_inhibit(flight.state, rig.MAG_1, True) == 0
    assert lib.mf_adcs_command_inhibit(flight.state, rig.GNSS, True) == 0
    flight.spoil = ecef_to_gnss
    flight.fly(5)
    assert flight.report.fault[rig.MAG_1] == lib.MF_ADCS_FAULT_INHIBITED
    assert flight.report.sensors_used & 1 == 0 and not flight.flag("GNSS_ORBIT")
    second = np.array(list(flight.state.mag_each_B_T[1]))
    assert list(flight.report.mag_B_T) == pytest.approx(second)


def test_coarse_sun_from_five_faces_and_none():
    css = ffi.new("mf_adcs_css_params_t *", {"arm_V": 2.5, "dark_V": 0.1})
    css.axis_B = rig.AXES.tolist()
    sun = np.array([0.6, -0.48, 0.64])
    volts = 2.5 * np.clip(rig.AXES @ sun, 0, 1)
    out = ffi.new("float[3]")
    assert lib.mf_adcs_coarse_sun(css, volts.tolist(), out) == 0
    assert list(out) == pytest.approx(sun, abs=1e-6)
    volts[5] = 0.4  # the Earth on the far side: no part of the Sun's direction
    assert lib.mf_adcs_coarse_sun(css, volts.tolist(), out) == 0
    assert list(out) == pytest.approx(sun, abs=1e-6)
    assert lib.mf_adcs_coarse_sun(css, [0.02] * 6, out) == -34
    assert lib.mf_adcs_coarse_sun(css, [0.7, 0, 0.7, 0, 0.1, 0], out) == -34  # Earth alone
    assert lib.mf_adcs_coarse_sun(css, [float("nan")] * 6, out) == E_INVAL


def test_magnetometers_are_calibrated_on_command_in_a_tumble():
    flight = Flight(4000, omega_deg_s=(1.5, -1.0, 0.8))
    flight.mag_bias[:] = [[3e-6, -4e-6, 2e-6], [-2e-6, 1e-6, 3e-6]]
    start, apply, forget = 1, 2, 3
    calibrate = lib.mf_adcs_command_calibrate
    assert calibrate(flight.state, flight.params, apply) == -34  # nothing was collected
    assert calibrate(flight.state, flight.params, 4) == E_INVAL
    assert calibrate(flight.state, flight.params, start) == 0
    flight.fly(5)
    assert flight.report.calibration == 1
    assert calibrate(flight.state, flight.params, apply) == -34  # not enough yet
    flight.fly(2400)
    assert calibrate(flight.state, flight.params, apply) == 0
    flight.fly(2)
    assert flight.report.calibration == 0b110
    for which in range(2):
        found = np.array(list(flight.state.correction[which].bias_T))
        assert np.linalg.norm(found - flight.mag_bias[which]) < 2e-7
    assert calibrate(flight.state, flight.params, forget) == 0
    assert flight.step().report.calibration == 0
