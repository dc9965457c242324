"""Apps that leak, hoard and raise on the target: contained, told, and nobody else is late; the tick
counter wraps and nobody notices."""

import pytest

from flight import mission
from ground.encode import Encoder
from sim.protocol import REQUEST_HEADER
from tests.emulated.flight import Flight

# Runs before the mission: spoils one app, in the first VM only.
SPOIL = """
import obc, sys
from boards import compose
if obc.reset_cause() != 6:
    build = compose.build
    def spoiled(board):
        mission = build(board)
        app = mission.apps["health"]
        own_step = app.step
        own_start = app.start
        kept = []
        share = []  # 64 bytes each: a twelfth of what is free when it begins
        def start():
            kept.clear()
            own_start()
        def step(now_ms):
            if mission.context.time.uptime_s > 20:
                if not share:
                    share.append(mission.context.memory.free() // 12 // 64)
                DEED
            own_step(now_ms)
        app.start = start
        app.step = step
        return mission
    compose.build = spoiled
sys.exit()
"""
HEALTH = [row[0] for row in mission.APPS].index("health")


def spoiled(folder, deed, duration_s=60.0):
    return Flight(folder, duration_s).fly(SPOIL.replace("DEED", deed))


def others(flight, packet, name):
    values = list(flight.history.latest[packet].raw[name])
    del values[HEALTH]
    return values


def in_time(flight):
    """Nobody but the spoiled app failed, was late or started again; no tick was missed."""
    for name in ("app_errors", "app_missed", "app_restarts"):
        assert not any(others(flight, "schedule", name)), name
    assert max(others(flight, "schedule_times", "app_jitter_us")[16:]) <= 2000
    assert flight.world.counters["missed_ticks"] == 0
    assert flight.world.counters["watchdog_resets"] == 0 and len(flight.world.boots) == 1


def test_a_leak_is_stopped_before_memory_is_out(tmp_path):
    flight = spoiled(tmp_path, "kept.append([bytearray(48) for _ in range(share[0])])")
    in_time(flight)
    events = flight.events()
    assert any(event == 0x0013 for event, _, _ in events)  # scarce
    assert (0x0007, HEALTH, 257) in events
    assert flight.history.latest["schedule"].raw["app_restarts"][HEALTH] >= 1
    assert flight.history.latest["core_hk"].raw["heap_shortages"] == 0


def test_an_app_that_wants_more_than_there_is_is_given_up_and_told(tmp_path):
    flight = spoiled(tmp_path, "kept.append(bytearray(150000))", 120.0)
    in_time(flight)
    events = [event[:2] for event in flight.events()]
    assert (0x0012, HEALTH) in events and (0x0007, HEALTH) in events
    assert flight.history.latest["core_hk"].raw["heap_shortages"] >= 3
    assert flight.history.latest["schedule"].raw["app_state"][HEALTH] == 2  # backing off


def test_an_app_that_raises_now_and_then_runs_on(tmp_path):
    flight = spoiled(tmp_path, "if now_ms // 1000 in (25, 26, 35): raise OSError(5)")
    in_time(flight)
    assert flight.history.latest["schedule"].raw["app_errors"][HEALTH] == 2
    assert flight.history.latest["schedule"].raw["app_state"][HEALTH] == 1


HUNG_START = """
import obc, sys
from boards import compose
build = compose.build
def spoiled(board):
    mission = build(board)
    app = mission.apps["health"]
    own_start = app.start
    starts = [0]
    def start():
        starts[0] += 1
        if starts[0] < 4:
            while True: pass
        own_start()
    app.start = start
    return mission
compose.build = spoiled
sys.exit()
"""


def test_a_start_that_hangs_is_ended_at_boot_and_after_and_comes_back_when_it_no_longer_does(
    tmp_path,
):
    """Three times, the first before anything runs: no survival, no other start of Python."""
    flight = Flight(tmp_path, 50.0).fly(HUNG_START)
    for name in ("app_errors", "app_missed", "app_restarts"):
        assert not any(others(flight, "schedule", name)), name
    assert flight.world.counters["missed_ticks"] == 0 and len(flight.world.boots) == 1
    events = flight.events()
    killed = [event for event in events if event[0] == 0x0026]
    assert len(killed) == 3 and {limit_ms for _, _, limit_ms in killed} == {250}
    assert [arg0 for event, arg0, _ in events if event == 0x0007] == [HEALTH] * 3
    assert not [event for event in events if event[0] == 0x0020], "no survival"
    assert [arg0 >> 8 for event, arg0, _ in events if event == 0x0001] == [1]
    assert flight.history.latest["schedule"].raw["app_errors"][HEALTH] == 3
    assert flight.history.latest["schedule"].raw["app_restarts"][HEALTH] == 3
    assert flight.history.latest["schedule"].raw["app_state"][HEALTH] == 1


HOG = """
import obc, sys
from boards import compose
if obc.reset_cause() != 6:
    build = compose.build
    def spoiled(board):
        mission = build(board)
        app = mission.apps["payload"]
        hog = [None]
        def step(now_ms):
            while mission.context.time.uptime_s > 20:
                hog[0] = [hog[0]]
        app.step = step
        return mission
    compose.build = spoiled
sys.exit()
"""


def test_memory_that_never_comes_back_ends_in_a_fresh_python(tmp_path):
    """Nothing an app gives back helps: no heartbeat, the control kernel starts Python again, and
    telemetry is back."""
    flight = Flight(tmp_path, 90.0).fly(HOG)
    events = flight.events()
    assert any(event == 0x0012 for event, _, _ in events)
    assert any(event == 0x0014 for event, _, _ in events)
    assert [arg0 >> 8 for event, arg0, _ in events if event == 0x0001] == [1, 6]
    assert flight.world.counters["missed_ticks"] == 0
    assert len(flight.world.boots) == 1
    assert flight.history.latest["core_hk"].raw["heap_shortages"] == 0
    assert flight.history.latest["core_hk"].raw["uptime_s"] > 60


@pytest.mark.parametrize("wraps", [1, 2])
def test_the_tick_wraps_and_nobody_notices(tmp_path, wraps):
    """Started 20.3 s before the millisecond tick of Python wraps, for the first and the second
    time; the world's clock begins at zero all the same."""
    start_ms = wraps * (1 << 30) - 20_324
    start_ms -= start_ms % 100
    flight = Flight(tmp_path, 60.0)
    flight.arguments = f"start_ms={start_ms}"
    answer = flight.world.exchange

    def shifted(request: bytes, reply_len: int = 0) -> bytes:
        fields = REQUEST_HEADER.unpack_from(request)
        # The boot block, which asks first, has a time of its own.
        time_us = max(0, fields[-1] - start_ms * 1000)
        header = REQUEST_HEADER.pack(*fields[:-1], time_us)
        return answer(header + bytes(request[REQUEST_HEADER.size :]), reply_len)

    flight.world.exchange = shifted
    encoder = Encoder(flight.dictionary)
    for t_s in (15.0, 21.0, 30.0):
        flight.uplink(t_s, encoder.frame("ping"))
    flight.fly()
    schedule = flight.history.latest["schedule"].raw
    for name in ("app_errors", "app_missed", "app_restarts", "app_overruns"):
        assert not any(schedule[name]), name
    assert max(flight.history.latest["schedule_times"].raw["app_jitter_us"][16:]) <= 2000
    counters = flight.world.counters
    assert counters["missed_ticks"] == counters["watchdog_resets"] == 0
    assert counters["refused_time"] == 0
    assert flight.history.verified["completion_success"] == 3
    uptime = flight.history.latest["core_hk"].raw["uptime_s"]
    assert 40 <= uptime - start_ms % (1 << 30) // 1000 <= 60
    times = flight.history.columns["power_hk"]["time_s"]
    gaps = {round(b - a, 3) for a, b in zip(times, times[1:], strict=False)}
    assert gaps == {1.0}
