"""The control kernel's grid: skipped and late ticks, statistics, snapshots, several stacks."""

import math

from tests.native.rig import DETUMBLE, IDLE, RESET_STATS, Rig, tumbling_rig

GYRO_VALID, COILS_ON = 2, 4
EVENT_TICKS_SKIPPED = 0x020A


def test_skipped_ticks_are_counted_and_leave_the_coils_off():
    rig = tumbling_rig()
    rig.run(12.2)
    assert rig.report().flags & COILS_ON
    rig.stack.timer(12_750_000)  # five grid points late, sampling time missed too
    report = rig.report()
    assert report.tick == 127 and rig.stats()["skipped"] == 4
    assert not report.flags & COILS_ON and report.late_samples == 1
    assert not report.flags & GYRO_VALID
    assert rig.events()[-1][1:] == (EVENT_TICKS_SKIPPED, 4, 4)
    assert rig.kicks()[-1] == 127


def test_timing_statistics_and_their_reset():
    rig = Rig()
    rig.run(10.0)
    stats = rig.stats()
    assert stats["jitter_hist"][0] == stats["duration_hist"][0] == stats["ticks"] == 96
    rig.stack.kernel.command(RESET_STATS, 0)
    rig.run(11.0)
    assert rig.stats()["ticks"] == 10  # the tick that applied it is the first of the new count


def test_snapshot_is_consistent_after_every_tick():
    rig = tumbling_rig()
    for tick in range(5, 120):
        rig.run(tick / 10)
        report = rig.report()
        assert report.time_ms == report.tick * 100 == tick * 100
        assert bool(report.flags & COILS_ON) == (math.hypot(*report.dipole_B_A_m2) > 0)


def test_two_stacks_do_not_know_of_each_other():
    one, other = tumbling_rig(), Rig()
    one.run(12.0)
    other.run(3.0)
    one.run(13.0)
    assert other.report().tick == 30 and one.report().tick == 130
    assert other.report().mode == IDLE and one.report().mode == DETUMBLE


def test_late_start_waits_for_the_next_sampling_time():
    rig = Rig(now_us=1_080_000)
    assert rig.stack.next_ms() == 1175
    rig = Rig(now_us=1_074_999)
    assert rig.stack.next_ms() == 1075
