"""The control kernel on simulated parts: grid, measuring cycle, modes, commands, heartbeat."""

import math
import struct

import pytest

from tests.native.rig import (
    CALIBRATE,
    DETUMBLE,
    IDLE,
    INHIBIT,
    MAG,
    OP_I2C,
    POINTING,
    RESET_STATS,
    RODS,
    SELFTEST,
    SET_MODE,
    Rig,
    tumbling_rig,
    turning_field,
)

E_INVAL, E_NOSPC = -22, -28
MAG_VALID, GYRO_VALID, COILS_ON, DETUMBLED, SATURATED = 1, 2, 4, 8, 16
REASON_BOOT, REASON_COMMAND, REASON_HEARTBEAT = 0, 1, 9
EVENT_STEPPED_DOWN, EVENT_HEARTBEAT_LOST, EVENT_HEARTBEAT_BACK = 0x0207, 0x0208, 0x0209


def rod_writes(rig):
    """Control bytes written: (t_us, rod, byte)."""
    return [
        (request.t_us, RODS.index(request.address), request.tx[1])
        for request in rig.requests
        if request.op == OP_I2C and request.address in RODS and request.tx[:1] == b"\0"
    ]


def test_boots_idle_and_ticks_from_the_fifth_grid_point():
    rig = Rig()
    assert rig.stack.next_ms() == 475
    rig.run(3.0)
    report = rig.report()
    assert (report.mode, report.reason) == (IDLE, REASON_BOOT)
    assert (report.tick, report.time_ms) == (30, 3000)
    assert rig.kicks() == list(range(5, 31))
    assert rig.stats()["ticks"] == 26 and rig.stats()["skipped"] == 0
    assert not report.flags & COILS_ON


def test_reads_field_and_rate_in_si():
    rig = Rig()
    rig.omega_S_rad_s = lambda grid: (0.1, -0.05, 0.02)
    rig.run(3.0)
    report = rig.report()
    assert report.flags & (MAG_VALID | GYRO_VALID) == MAG_VALID | GYRO_VALID
    assert report.mag_B_T == pytest.approx((2e-5, -1e-5, 3e-5), abs=0.76e-7)
    assert report.omega_BN_B_rad_s == pytest.approx((0.1, -0.05, 0.02), abs=0.8e-4)


def test_mounting_matrices_turn_sensor_axes_into_body_axes():
    turn = [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]  # x_S along y_B, y_S along -x_B
    rig = Rig(config={"adcs.dcm_BS_mag": [turn, turn], "adcs.dcm_BS_gyro": turn})
    rig.omega_S_rad_s = lambda grid: (0.1, 0.0, 0.0)
    rig.run(3.0)
    report = rig.report()
    assert report.mag_B_T == pytest.approx((1e-5, 2e-5, 3e-5), abs=0.76e-7)
    assert report.omega_BN_B_rad_s == pytest.approx((0.0, 0.1, 0.0), abs=0.8e-4)


def test_coils_are_off_for_a_whole_tick_before_every_field_sample():
    rig = tumbling_rig()
    rig.run(60.0)
    on_since_off = {rod: None for rod in range(3)}  # time of the last write of "off"
    samples = driven = 0
    for request in rig.requests:
        if request.op != OP_I2C:
            continue
        if request.address in RODS and request.tx[:1] == b"\0" and request.rx_len == 0:
            rod = RODS.index(request.address)
            driven += request.tx[1] != 0
            on_since_off[rod] = request.t_us if request.tx[1] == 0 else None
        elif request.address == MAG and request.tx == b"\x10":
            samples += 1
            for since in on_since_off.values():
                assert since is not None and request.t_us - since >= 100_000
    assert driven > 40 and samples == pytest.approx(2 * 59, abs=3)


def test_first_sample_after_start_gives_no_dipole():
    rig = tumbling_rig()
    rig.run(60.0)
    first_sample = next(r.t_us for r in rig.requests if r.address == MAG and r.tx == b"\x10")
    first_drive = next(t_us for t_us, _rod, byte in rod_writes(rig) if byte != 0)
    assert first_drive > first_sample + 75_000  # a second sample had to come first


def test_dipole_opposes_the_derivative_and_drives_the_rods():
    rig = tumbling_rig()
    rig.set_param(1, 6e-4)  # well above the steps of the drivers
    rig.run(12.0)
    report = rig.report()
    assert report.flags & COILS_ON
    dipole, slope = report.dipole_B_A_m2, report.mag_dot_B_T_s
    cosine = sum(a * b for a, b in zip(dipole, slope, strict=True)) / (
        math.hypot(*dipole) * math.hypot(*slope)
    )
    assert cosine < -0.99
    assert [rod.dipole_A_m2 for rod in rig.rods] == pytest.approx(dipole, abs=1e-6)


def test_rods_that_did_not_change_are_not_written():
    rig = Rig()
    rig.run(30.0)
    assert len(rod_writes(rig)) == 3  # off, once each: their state was unknown


def test_saturation_keeps_the_direction():
    rig = tumbling_rig(0.2)
    rig.omega_S_rad_s = lambda grid: (0.0, 0.0, 0.2)
    rig.set_param(1, 1.0)
    rig.set_param(8, 1.0)
    rig.set_param(2, 0.4)
    rig.run(12.0)
    report = rig.report()
    assert report.flags & SATURATED
    size = math.hypot(*report.dipole_B_A_m2)
    assert size == pytest.approx(0.4, abs=0.01)
    slope = report.mag_dot_B_T_s
    for axis in range(3):
        wanted = -slope[axis] / math.hypot(*slope) * 0.4
        assert report.dipole_B_A_m2[axis] == pytest.approx(wanted, abs=0.5 / 64 * 7)


def test_idle_command_switches_coils_off_at_the_next_tick():
    rig = tumbling_rig()
    rig.run(12.2)
    assert rig.report().flags & COILS_ON
    sequence = rig.stack.kernel.command(SET_MODE, IDLE)
    rig.run(12.3)
    report = rig.report()
    assert (report.mode, report.reason, report.ack) == (IDLE, REASON_COMMAND, sequence)
    assert not report.flags & COILS_ON
    assert all(rod.dipole_A_m2 == 0.0 for rod in rig.rods)


def test_spin_along_the_field_waits_until_it_is_across():
    rig = tumbling_rig(0.005)
    rig.omega_S_rad_s = lambda grid: (0.1, 0.0, 0.0)
    rig.run(20.0)
    assert not [byte for _t, _rod, byte in rod_writes(rig) if byte]
    # A gyro that says so for longer than the orbit allows is not believed.
    rig.run(960.0)
    assert [byte for _t, _rod, byte in rod_writes(rig) if byte]


@pytest.mark.parametrize(
    ("code", "index", "value"),
    [
        (0, 0, 0.0),
        (7, 0, 0.0),
        (SET_MODE, 4, 0.0),
        (INHIBIT, 7, 1.0),
        (INHIBIT, 0, 0.5),
        (CALIBRATE, 0, 0.0),
        (CALIBRATE, 4, 0.0),
        (SELFTEST, 2, 0.0),
        (RESET_STATS, 1, 0.0),
        (2, 0, 0.1),
        (2, 6, 0.1),
        (2, 1, -0.1),
        (2, 1, 1.5),
        (2, 2, 10.5),
        (2, 3, 1.1),
        (2, 4, 3601.0),
        (2, 5, 0.5),
        (2, 1, float("nan")),
        (2, 4, float("inf")),
        (300, 0, 0.0),
    ],
)
def test_bad_commands_are_refused_and_change_nothing(code, index, value):
    rig = Rig()
    assert rig.stack.kernel.command(code, index, struct.pack(">f", value)) == E_INVAL
    rig.run(1.0)
    assert rig.report().ack == 0


def test_command_queue_holds_eight_and_acknowledges_in_order():
    kernel = (rig := Rig()).stack.kernel
    assert [kernel.command(SET_MODE, IDLE) for _ in range(8)] == list(range(1, 9))
    assert kernel.command(SET_MODE, IDLE) == E_NOSPC
    rig.run(0.5)
    assert rig.report().ack == 8
    assert kernel.command(SET_MODE, DETUMBLE) == 9


def test_command_sequence_wraps_without_zero():
    rig = Rig()
    seen = []
    for tick in range(260):
        seen.append(rig.stack.kernel.command(SET_MODE, IDLE))
        rig.run(0.5 + tick / 10)
    assert seen == [i % 255 + 1 for i in range(260)]


def test_lost_heartbeat_stops_the_watchdog_and_detumbles():
    rig = Rig()
    rig.field_S_T = turning_field(0.002)
    rig.stack.kernel.command(SET_MODE, POINTING)
    rig.beating = False
    rig.run(29.9)
    assert rig.kicks()[-1] == 299 and rig.report().mode == POINTING
    rig.run(60.0)
    assert rig.kicks()[-1] == 299  # the grace of the first 30 s is over, and no beat ever came
    report = rig.report()
    assert (report.mode, report.reason) == (DETUMBLE, REASON_HEARTBEAT)
    assert [event for event in rig.events() if event[0] >= 30_000] == [
        (30000, EVENT_HEARTBEAT_LOST, 0, 30000),
        (30000, EVENT_STEPPED_DOWN, REASON_HEARTBEAT, DETUMBLE),
    ]
    assert rig.stack.kernel.command(SET_MODE, POINTING) > 0
    rig.run(60.1)
    assert rig.report().mode == DETUMBLE  # commanded up, stepped down again in the same tick
    rig.stack.kernel.beat()
    rig.run(60.5)
    assert rig.kicks()[-1] == 605
    assert [e[1] for e in rig.events()] == [EVENT_STEPPED_DOWN, EVENT_HEARTBEAT_BACK]
    rig.stack.kernel.command(SET_MODE, POINTING)
    rig.run(60.6)
    assert rig.report().mode == POINTING


def test_without_heartbeat_detumbling_goes_on_and_idle_stays_idle():
    for mode in (IDLE, DETUMBLE):
        rig = Rig()
        rig.field_S_T = turning_field(0.02)
        rig.stack.kernel.command(SET_MODE, mode)
        rig.beating = False
        rig.run(60.2)
        assert rig.report().mode == mode
        assert bool(rig.report().flags & COILS_ON) == (mode == DETUMBLE)
        assert EVENT_STEPPED_DOWN not in [event[1] for event in rig.events()]


def test_heartbeat_limit_is_a_parameter():
    rig = Rig()
    rig.set_param(5, 20.0)
    rig.run(40.0)
    rig.beating = False
    rig.run(59.9)
    assert rig.kicks()[-1] == 599
    rig.run(65.0)
    assert rig.kicks()[-1] == 600


def test_detumbled_needs_the_hold_time_and_is_lost_with_the_rate():
    rig = Rig()
    rig.field_S_T = turning_field(0.001)
    rig.set_param(4, 30.0)
    rig.run(30.0)
    assert not rig.report().flags & DETUMBLED
    rig.run(60.0)
    report = rig.report()
    assert report.flags & DETUMBLED and report.rate_rad_s == pytest.approx(0.001, abs=3e-4)
    rig.field_S_T = turning_field(0.05)
    rig.run(65.0)
    assert rig.report().flags & DETUMBLED  # not by a few samples
    rig.run(80.0)
    assert not rig.report().flags & DETUMBLED


def test_gyro_alone_can_deny_detumbled():
    rig = Rig()
    rig.omega_S_rad_s = lambda grid: (0.0, 0.06, 0.0)  # about the field: B-dot sees nothing
    rig.set_param(4, 10.0)
    rig.run(60.0)
    assert not rig.report().flags & DETUMBLED
