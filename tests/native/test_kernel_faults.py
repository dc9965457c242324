"""Parts that fail: each ends in a named event, a flag and a safe mode, and recovers by itself."""

import pytest

from sim.faults import Fault
from tests.native.rig import DETUMBLE, IDLE, IMU, MAG, OP_I2C, SET_MODE, Rig, turning_field

E_NODEV, E_BADID, E_TIMEOUT, E_BUSY, E_RANGE = -19, -84, -110, -16, -34
MAG_VALID, GYRO_VALID, COILS_ON = 1, 2, 4
MAG_FAILED, IMU_FAILED, RODS_FAILED = 32, 64, 128
EVENT = {
    "mag_failed": 0x0201,
    "mag_recovered": 0x0202,
    "imu_failed": 0x0203,
    "imu_recovered": 0x0204,
    "rods_failed": 0x0205,
    "rods_recovered": 0x0206,
    "stepped_down": 0x0207,
    "rod_fault": 0x020B,
}
REASON_FIELD_LOST, REASON_RODS_LOST = 2, 3
# The loop goes on with the last field for 2.5 s and without for 10 s.
FIELD_LOST_S = 12.6


def tumbling(faults):
    rig = Rig(faults)
    rig.field_S_T = turning_field(0.02)
    rig.stack.kernel.command(SET_MODE, DETUMBLE)
    return rig


def status(arg0):
    return -arg0


@pytest.mark.parametrize(
    ("kind", "code"), [("nack", E_NODEV), ("dead", E_NODEV), ("timeout", E_TIMEOUT)]
)
def test_lost_magnetometer_steps_down_with_event_and_comes_back(kind, code):
    rig = tumbling({"mag": [Fault("mag", kind, 20.0, 60.0)]})
    rig.run(19.9)
    assert rig.report().mode == DETUMBLE
    rig.run(23.0)
    assert rig.report().mode == DETUMBLE and not rig.report().flags & COILS_ON
    rig.run(20.0 + FIELD_LOST_S)
    report = rig.report()
    assert (report.mode, report.reason) == (IDLE, REASON_FIELD_LOST)
    assert report.flags & MAG_FAILED and not report.flags & (COILS_ON | MAG_VALID)
    assert all(rod.dipole_A_m2 == 0 for rod in rig.rods)
    events = rig.events()
    assert [event[1] for event in events] == [EVENT["mag_failed"], EVENT["stepped_down"]]
    assert status(events[0][2]) == code and events[1][2:] == (REASON_FIELD_LOST, IDLE)
    assert rig.kicks()[-1] == 326  # a lost sensor is no reason to starve the watchdog
    rig.run(140.0)
    report = rig.report()
    assert report.mode == IDLE and report.flags & MAG_VALID and not report.flags & MAG_FAILED
    assert [event[1] for event in rig.events()] == [EVENT["mag_recovered"]]
    rig.stack.kernel.command(SET_MODE, DETUMBLE)
    rig.run(150.0)
    assert rig.report().mode == DETUMBLE


def test_stuck_magnetometer_is_found_and_comes_back():
    rig = tumbling({"mag": [Fault("mag", "stuck", 20.0, 60.0)]})
    rig.run(35.0 + FIELD_LOST_S)
    report = rig.report()
    assert (report.mode, report.reason) == (IDLE, REASON_FIELD_LOST)
    assert all(rod.dipole_A_m2 == 0 for rod in rig.rods)
    events = rig.events()
    assert [event[1] for event in events] == [EVENT["mag_failed"], EVENT["stepped_down"]]
    assert status(events[0][2]) == E_RANGE
    assert 30_000 <= events[0][0] <= 35_000
    rig.run(140.0)
    assert rig.report().flags & MAG_VALID
    assert [event[1] for event in rig.events()] == [EVENT["mag_recovered"]]


def test_stuck_gyro_is_found_and_the_loop_goes_on():
    rig = tumbling({"imu": [Fault("imu", "stuck", 20.0, 60.0)]})
    rig.run(30.0)
    report = rig.report()
    assert report.mode == DETUMBLE and not report.flags & GYRO_VALID
    events = rig.events()
    assert [event[1] for event in events] == [EVENT["imu_failed"]]
    assert status(events[0][2]) == E_RANGE


def test_detumble_without_magnetometer_ends_in_idle():
    rig = Rig({"mag": [Fault("mag", "nack")]})
    rig.run(5.0)
    rig.events()
    rig.stack.kernel.command(SET_MODE, DETUMBLE)
    rig.run(15.0)
    assert rig.report().mode == DETUMBLE and not rig.report().flags & COILS_ON
    rig.run(15.2)
    assert (rig.report().mode, rig.report().reason) == (IDLE, REASON_FIELD_LOST)
    assert [event[1] for event in rig.events()] == [EVENT["stepped_down"]]


def test_retries_of_a_dead_part_become_rare():
    rig = Rig({"mag": [Fault("mag", "nack")]})
    rig.run(400.0)
    asked = [r.t_us for r in rig.requests if r.op == OP_I2C and r.address == MAG]
    assert len(asked) < 25
    assert max(b - a for a, b in zip(asked, asked[1:], strict=False)) == 64_000_000


def test_wrong_identity_is_a_failure_of_its_own():
    rig = Rig({"mag": [Fault("mag", "wrong_id")], "imu": [Fault("imu", "wrong_id")]})
    rig.run(10.0)
    events = {event[1]: status(event[2]) for event in rig.events()}
    assert events == {EVENT["mag_failed"]: E_BADID, EVENT["imu_failed"]: E_BADID}
    assert not rig.report().flags & (MAG_VALID | GYRO_VALID)


def test_second_identity_byte_of_the_magnetometer_counts():
    wrong = Fault("mag", "stuck", register=1, value=0x0C)
    rig = Rig({"mag": [wrong]})
    rig.run(10.0)
    assert status(rig.events()[0][2]) == E_BADID


def test_data_never_ready_is_a_failure():
    rig = Rig({"mag": [Fault("mag", "stuck", 10.0, register=0x10, value=0)]})
    rig.run(20.0)
    events = rig.events()
    assert [event[1] for event in events] == [EVENT["mag_failed"]]
    assert status(events[0][2]) == E_BUSY


def test_overflow_and_absurd_field_give_no_dipole():
    rig = tumbling({})
    rig.run(12.2)
    assert rig.report().flags & COILS_ON
    rig.field_S_T = lambda grid: (2e-3, 0.0, 0.0)
    rig.run(15.0)
    assert not rig.report().flags & COILS_ON
    assert all(rod.dipole_A_m2 == 0 for rod in rig.rods)


def test_one_lost_sample_is_survived_without_event():
    rig = tumbling({"mag": [Fault("mag", "nack", 20.85, 20.95)]})
    rig.run(40.0)
    report = rig.report()
    assert report.mode == DETUMBLE and report.mag_errors == 1 and rig.events() == []


def test_coils_stay_off_in_a_cycle_whose_sample_is_missing():
    rig = tumbling({"mag": [Fault("mag", "nack", 20.95, 21.0)]})
    rig.run(21.3)
    assert not rig.report().flags & COILS_ON
    rig.run(23.3)
    assert rig.report().flags & COILS_ON


def test_magnetometer_that_lost_its_supply_is_set_up_anew():
    rig = tumbling({})
    rig.run(20.0)
    rig.mag.power_up()
    rig.run(30.0)
    assert rig.report().mode == DETUMBLE and rig.report().flags & MAG_VALID


def test_lost_gyro_leaves_the_loop_running():
    rig = tumbling({"imu": [Fault("imu", "nack", 20.0, 40.0)]})
    rig.run(35.0)
    report = rig.report()
    assert report.mode == DETUMBLE
    assert report.flags & IMU_FAILED and not report.flags & GYRO_VALID
    assert [event[1] for event in rig.events()] == [EVENT["imu_failed"]]
    rig.run(100.0)
    assert [event[1] for event in rig.events()] == [EVENT["imu_recovered"]]
    assert rig.report().flags & (IMU_FAILED | GYRO_VALID) == GYRO_VALID
    assert any(r.address == IMU and r.status == E_NODEV for r in rig.requests)


def test_the_other_rods_go_on_without_a_lost_one():
    rig = tumbling({"rod1": [Fault("rod1", "dead", 20.0, 60.0)]})
    rig.run(30.2)
    report = rig.report()
    assert report.mode == DETUMBLE and report.flags & COILS_ON
    assert not report.flags & RODS_FAILED and report.dipole_B_A_m2[1] == 0.0
    assert [event[1:] for event in rig.events()] == [(EVENT["rods_failed"], -E_NODEV, 1)]
    rig.run(62.0)
    assert [event[1:3] for event in rig.events()] == [(EVENT["rods_recovered"], 1)]


def test_without_any_rod_the_loop_goes_idle():
    rig = tumbling({f"rod{i}": [Fault(f"rod{i}", "dead", 20.0, 60.0)] for i in range(3)})
    rig.run(45.0)
    report = rig.report()
    assert (report.mode, report.reason) == (IDLE, REASON_RODS_LOST)
    assert report.flags & RODS_FAILED
    assert all(rod.dipole_A_m2 == 0 for rod in rig.rods)
    assert sorted(event[1] for event in rig.events()) == [
        *[EVENT["rods_failed"]] * 3,
        EVENT["stepped_down"],
    ]
    rig.run(62.0)
    assert not rig.report().flags & RODS_FAILED and rig.report().mode == IDLE


def test_a_coil_that_cannot_be_switched_off_is_tried_again_and_voids_the_sample():
    # The driver refuses exactly the "off" of one cycle, at its first two attempts.
    rig = tumbling({"rod0": [Fault("rod0", "nack", 20.65, 20.85)]})
    rig.run(22.0)
    offs = [
        (r.t_us, r.status)
        for r in rig.requests
        if r.address == 0x60 and r.tx == b"\0\0" and 20_600_000 < r.t_us < 21_000_000
    ]
    assert offs == [(20_700_000, E_NODEV), (20_800_000, E_NODEV), (20_900_000, 0)]
    samples = [r.t_us for r in rig.requests if r.address == MAG and r.tx == b"\x10"]
    assert not [t for t in samples if 20_600_000 < t < 21_500_000]


def test_driver_fault_is_reported_once_and_cleared():
    rig = Rig({"rod2": [Fault("rod2", "stuck", 20.0, 60.0, register=1, value=0x03)]})
    rig.field_S_T = turning_field(0.02)
    rig.stack.kernel.command(SET_MODE, DETUMBLE)
    rig.run(50.0)
    assert [event[1:] for event in rig.events()] == [(EVENT["rod_fault"], 2, 0x03)]
    assert any(r.address == 0x63 and r.tx == b"\x01\x80" for r in rig.requests)


def test_events_that_find_the_queue_full_are_dropped_newest_first():
    faults = [Fault("imu", "nack", t, t + 3.0) for t in range(10, 900, 20)]
    rig = Rig({"imu": faults})
    rig.run(8.0)
    rig.events()
    rig.run(900.0)
    events = rig.events()
    assert len(events) == 32
    assert [e[1] for e in events[:2]] == [EVENT["imu_failed"], EVENT["imu_recovered"]]
    assert events == sorted(events, key=lambda event: event[0])
