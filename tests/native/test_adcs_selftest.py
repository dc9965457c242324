"""What the loop finds out about its actuators: polarity by test, residual dipole by watching."""

import numpy as np
import pytest

from native.adcs import ffi, lib
from tests.native.adcs_rig import DEG, DETUMBLE, IDLE, POINTING, SETTLE_S, SUNSAFE, Flight

E_BUSY, E_RANGE, E_INVAL = -16, -34, -22
STOP, POLARITY = 0, 1
NEVER, RUNNING, ENDED, STOPPED = range(4)
NOT_TESTED, RIGHT, REVERSED, SILENT, WRONG_AXIS, WRONG_SIZE, INCONCLUSIVE = range(7)
LONGEST_S = 120


class Wired(Flight):
    """A spacecraft whose rods may be wired wrong; magnetometers sampled as the test asks for."""

    def __init__(self, rods=(1.0, 1.0, 1.0), wheels=(1.0, 1.0, 1.0, 1.0), **changed):
        super().__init__(**changed)
        self.wires = np.diag(np.array(rods, float))
        self.motor_ok = np.array(wheels, float)

    def sense(self):
        super().sense()
        if self.report.selftest == RUNNING:
            field = self.body.dcm_BN @ self.env["field"](self.t)
            for mag in self.in_.mag:
                mag.fresh, mag.age_ms = True, 0
                noise = self.rng.normal(size=3) * 1.5e-7
                mag.value_S = (field + self.rods_before * self.coupling + noise).tolist()

    def act(self):
        self.out.rod_A_m2 = (self.wires @ np.array(list(self.out.rod_A_m2))).tolist()
        super().act()

    def command(self, what=POLARITY):
        return lib.mf_adcs_command_selftest(self.state, self.params, what)

    def test(self, seconds=LONGEST_S):
        """Start it and fly until it is over."""
        assert self.command() == 0
        self.step()
        while self.report.selftest == RUNNING and seconds > 0:
            self.fly(0.1)
            seconds -= 0.1
        return list(self.report.polarity)

    def off(self):
        """Nothing is driven."""
        return not any(self.out.rod_A_m2) and self.out.wheels_on == 0


def quiet(mode=DETUMBLE, **changed):
    flight = Wired(**changed).mode(mode)
    flight.fly(30)
    return flight


@pytest.mark.parametrize("mode", [IDLE, DETUMBLE, SUNSAFE, POINTING])
def test_right_actuators_are_found_right_from_every_mode_and_the_mode_goes_on(mode):
    flight = quiet(mode)
    assert flight.report.selftest == NEVER and not any(flight.report.polarity)
    assert flight.test() == [RIGHT] * 7
    assert flight.report.selftest == ENDED and flight.off()
    assert (flight.out.mode, flight.out.reason) == (mode, lib.MF_ADCS_REASON_COMMAND)
    flight.fly(10)
    assert flight.out.mode == mode and not any(list(flight.report.fault)[:3])


@pytest.mark.parametrize("which", range(3))
def test_a_reversed_rod_is_found(which):
    rods = [1.0, 1.0, 1.0]
    rods[which] = -1.0
    polarity = quiet(rods=rods).test()
    assert polarity == [REVERSED if i == which else RIGHT for i in range(7)]


def test_a_reversed_rod_found_in_flight_is_put_right_by_its_parameter():
    """Two of three turned round: detumbling speeds the body up until the signs are known."""
    flight = quiet(IDLE, rods=(-1.0, -1.0, 1.0), omega_deg_s=(1.0, -1.5, 1.0))
    assert flight.test()[:3] == [REVERSED, REVERSED, RIGHT]
    rate = flight.rate_deg_s()
    flight.mode(DETUMBLE).fly(60)
    assert flight.rate_deg_s() > rate + 0.1
    flight.params.rods.axis_B[0][0] = flight.params.rods.axis_B[1][1] = -1.0
    assert flight.test()[:3] == [RIGHT] * 3
    rate = flight.rate_deg_s()
    flight.fly(200)
    assert flight.rate_deg_s() < rate - 0.2


def test_dead_weak_and_exchanged_rods_are_found():
    assert quiet(rods=(1.0, 0.0, 0.3)).test()[:3] == [RIGHT, SILENT, WRONG_SIZE]
    flight = quiet()
    flight.wires = np.eye(3)[[1, 0, 2]]
    assert flight.test()[:3] == [WRONG_AXIS, WRONG_AXIS, RIGHT]


@pytest.mark.parametrize("which", range(4))
def test_a_reversed_or_silent_wheel_is_found(which):
    for actual, verdict in ((-1.0, REVERSED), (0.0, SILENT)):
        wheels = [1.0] * 4
        wheels[which] = actual
        polarity = quiet(wheels=wheels).test()
        assert polarity == [verdict if i == 3 + which else RIGHT for i in range(7)]


def test_actuators_that_do_not_answer_are_left_out():
    flight = quiet()
    flight.rods_working, flight.wheels_working = 0b101, 0b0111
    assert flight.test() == [RIGHT, NOT_TESTED, RIGHT, RIGHT, RIGHT, RIGHT, NOT_TESTED]
    assert flight.report.selftest == ENDED


def test_the_second_magnetometer_watches_when_the_first_is_inhibited():
    flight = quiet()
    assert lib.mf_adcs_command_inhibit(flight.state, lib.MF_ADCS_MAG_1, True) == 0
    for i in range(9):
        flight.params.selftest.coil_B_T_A_m2[0][i] = 0.0  # would be refused
        flight.params.selftest.coil_B_T_A_m2[1][i] = flight.coupling if i % 4 == 0 else 0.0
    assert flight.test() == [RIGHT] * 7


def test_without_a_witness_there_is_no_verdict():
    flight = quiet()

    def blind(flight, in_):
        for mag in in_.mag:
            mag.fresh = False

    flight.spoil = blind
    assert flight.test(LONGEST_S)[:3] == [INCONCLUSIVE] * 3
    assert flight.off()


def test_one_actuator_at_a_time_and_no_other():
    flight = quiet()
    assert flight.command() == 0
    driven = set()
    for _ in range(LONGEST_S * 10):
        flight.step()
        rods = [i for i in range(3) if flight.out.rod_A_m2[i]]
        wheels = [3 + i for i in range(4) if flight.out.wheels_on >> i & 1]
        assert len(rods + wheels) <= 1
        assert not any(t for i, t in enumerate(flight.out.wheel_torque_N_m) if 3 + i not in wheels)
        driven.update(rods + wheels)
        if flight.report.selftest != RUNNING:
            break
    assert driven == set(range(7)) and flight.report.selftest == ENDED


@pytest.mark.parametrize("end", ["stop", "mode", "fast"])
def test_it_ends_at_once_with_everything_off(end):
    flight = quiet(SUNSAFE)
    assert flight.command() == 0
    flight.fly(12)
    assert flight.report.selftest == RUNNING and not flight.off()
    reached = list(flight.report.polarity)
    if end == "stop":
        assert flight.command(STOP) == 0
    elif end == "mode":
        flight.mode(IDLE)
    else:
        # Not within one tick: that would be the gyro's fault.
        while flight.report.selftest == RUNNING and flight.rate_deg_s() < 9.0:
            flight.body.omega = flight.body.omega + [0.0, 2.0 * DEG, 0.0]
            flight.step()
    if flight.report.selftest == RUNNING:
        flight.step()
    assert flight.report.selftest == STOPPED
    if end == "stop":
        assert flight.out.mode == SUNSAFE and flight.out.wheels_on == 0
    else:
        assert flight.off()
    assert list(flight.report.polarity)[1:] == reached[1:] and reached[3:] == [NOT_TESTED] * 4


def test_refusals_change_nothing():
    flight = quiet(omega_deg_s=(5.0, 0.0, 0.0))
    before = bytes(ffi.buffer(flight.state))
    assert flight.command() == E_RANGE  # turns too fast
    assert flight.command(2) == E_INVAL and flight.command(STOP) == 0
    fresh = Wired()
    assert fresh.command() == E_RANGE  # no rate is known yet
    assert bytes(ffi.buffer(flight.state)) == before
    flight = quiet()
    assert flight.command() == 0 and flight.command() == E_BUSY


def test_pointing_takes_up_again_what_the_test_let_drift():
    flight = Wired().mode(POINTING)
    flight.fly(SETTLE_S)
    assert flight.off_nadir_deg() < 1.5 and flight.test() == [RIGHT] * 7
    flight.fly(120)
    assert flight.out.mode == POINTING and flight.off_nadir_deg() < 1.5


def test_the_residual_dipole_is_found_and_taken_off():
    """Over half an orbit of nadir pointing; the rods cancel it, so the wheels need not."""
    flight = Flight(4000, seed=5).mode(POINTING)
    flight.residual = np.array([0.012, -0.009, 0.007])
    flight.fly(2800)
    found = np.array(list(flight.report.residual_B_A_m2))
    sigma = flight.report.residual_sigma_A_m2
    assert np.abs(found - flight.residual).max() < 3.0 * sigma < 0.009
    before = flight.momentum()
    flight.fly(600)
    assert abs(flight.momentum() - before) < 5e-5  # alone it gives 4e-4
