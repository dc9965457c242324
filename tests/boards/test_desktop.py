"""The desktop board in closed loop with the simulator: grid, resets, budget, whole flights."""

import struct

import numpy as np
import pytest

from boards import compose
from boards.desktop import run
from boards.desktop.board import Board
from boards.desktop.budget import StepHung, guard
from boards.desktop.clock import BoardReset, MissionOver
from flight import dictionary, mission
from ground import cltu, encode
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.frontend import FrontEnd
from hal import reset_cause
from sim.scenario import load
from sim.world import World

E_RESET = -104


class Flight:
    """One flown scenario with everything that came down."""

    def __init__(self, *overrides, seed=1, before=None, **options):
        self.world = World(load("first-light", list(overrides)), seed)
        self.frames = []
        self.world.on_frame.append(FrontEnd(lambda t_s, frame: self.frames.append((t_s, frame))))
        if before:
            before(self.world)
        self.outcome = run.fly(self.world, **options)
        decoder = Decoder(Dictionary())
        self.reports = [r for t_s, frame in self.frames for r in decoder.frame(t_s, frame)]
        self.summary = decoder.summary()

    def events(self):
        return [report.id for report in self.reports if report.kind == "event"]

    def last(self, name):
        return [report for report in self.reports if report.name == name][-1].values


def test_a_short_flight_is_clean_and_quick_to_its_first_frame():
    flight = Flight("duration_s=60")
    assert flight.summary["bad_frames"] == flight.summary["gaps"] == 0
    assert flight.frames[0][0] <= 2.0
    assert flight.outcome.causes == [reset_cause.POWER_ON]
    assert flight.world.counters["missed_ticks"] == 0
    assert flight.world.counters["refused_time"] == 0
    schedule = flight.last("schedule")
    assert schedule["app_errors"] == [0] * 16 and schedule["app_missed"] == [0] * 16
    assert flight.last("core_hk")["spacecraft_mode"] == mission.DETUMBLE


def test_two_flights_of_one_seed_are_byte_identical():
    first, second = Flight("duration_s=30"), Flight("duration_s=30")
    assert first.frames == second.frames
    other = Flight("duration_s=30", seed=2)
    assert [frame for _, frame in other.frames] != [frame for _, frame in first.frames]


def test_commands_fly_up_and_their_reports_down():
    encoder = encode.Encoder(Dictionary())

    def before(world):
        world.uplink(5.0, encoder.frame("ping", {}, "host"))
        world.uplink(7.0, encoder.frame("power_switch", {"load": 3, "on": 1}, "host"))
        world.uplink(9.0, encoder.frame("power_switch", {"load": 3, "on": 1}, "EC"))
        damaged = bytearray(encoder.security.frame(0, encoder.packet("ping")))
        damaged[-1] ^= 1
        world.uplink(11.0, cltu.burst(bytes(damaged)))
        world.uplink(13.0, cltu.burst(b"\xff" * 200))
        world.uplink(15.0, encoder.frame("ping", {}, "BY"))

    flight = Flight("duration_s=40", before=before)
    assert flight.last("power_hk")["switches"] & 0b1000
    assert [r.owner for r in flight.reports if r.kind == "pong"] == ["host", "BY"]
    failures = [r for r in flight.reports if r.packet.service == 1 and r.packet.subtype == 2]
    assert [r.owner for r in failures] == ["EC"]
    assert flight.last("core_hk")["commands_accepted"] == 3
    assert flight.last("comms_hk")["frames_refused"] == 2
    counters = flight.last("link_counters")
    assert counters["bad_fecf"] + counters["bad_length"] == 2


@pytest.mark.parametrize("devices,event,mode", [
    (["ak09916"], 0x0201, mission.SAFE),
    (["drv8830_y"], 0x0205, mission.DETUMBLE),  # two rods are left
    (["drv8830_x", "drv8830_y", "drv8830_z"], 0x0205, mission.SAFE),
    (["lsm6dso"], 0x0203, mission.DETUMBLE),
    (["eps"], 0x0103, mission.SAFE),
])  # fmt: skip
def test_killed_devices_end_in_a_named_event_and_a_defined_mode(devices, event, mode):
    faults = [f"fault.{device}.{rule}" for device in devices for rule in ("kind=dead", "t_s=30.0")]
    flight = Flight("duration_s=120", *faults)
    assert event in flight.events()
    assert flight.last("core_hk")["spacecraft_mode"] == mode
    assert flight.outcome.resets == 0


def test_python_that_stops_checking_in_is_stopped_by_survival_and_flies_on(monkeypatch):
    build = compose.build
    built = []

    def build_broken_first(board):
        flown = build(board)
        built.append(flown)
        if len(built) == 1:
            # A critical app that never ends a step: no heartbeat, then survival.
            flown.apps["power"].step = _fail
        return flown

    monkeypatch.setattr(compose, "build", build_broken_first)
    flight = Flight("duration_s=150")
    assert flight.outcome.causes == [reset_cause.POWER_ON]
    assert flight.outcome.python_stops == 1
    assert flight.last("core_hk")["reset_cause"] == reset_cause.VM_RESTART
    beacon = flight.last("survival_beacon")
    assert (beacon["survival_reason"], beacon["beacons_sent"]) == (1, 0)
    assert flight.events().count(0x0001) == 2
    for event in (0x000B, 0x0020, 0x0021):
        assert event in flight.events()


def _fail(now_ms):
    raise RuntimeError("broken")


def test_a_commanded_reset_keeps_parameters_and_counts_the_boot():
    encoder = encode.Encoder(Dictionary())

    def before(world):
        world.uplink(5.0, encoder.frame("set_parameters", {"power_battery_low_mV": 6100}, "host"))
        world.uplink(8.0, encoder.frame("arm", {"function": 4}, "host"))
        world.uplink(9.0, encoder.frame("reset", {}, "host"))

    flight = Flight("duration_s=40", before=before)
    assert flight.outcome.causes == [reset_cause.POWER_ON, reset_cause.SOFTWARE]
    hk = flight.last("core_hk")
    assert (hk["boot_count"], hk["params_source"], hk["reset_cause"]) == (2, 1, 3)
    assert 0x0010 in flight.events()
    params = flight.outcome.mission.context.params
    assert params.u16(params.place(0x0101)) == 6100


def answer(status, rx_len):
    return struct.pack("<hH", status, 0) + bytes(rx_len)


class Quiet:
    """A world in which every transfer goes well and nothing answers more than zeros."""

    def __init__(self):
        self.requests = []
        self.status = 0

    def exchange(self, request):
        op, bus, address, _, rx_len, time_us = struct.unpack_from("<BBHHHQ", request)
        self.requests.append((op, bus, address, time_us))
        return answer(self.status, rx_len)


def test_hello_comes_first_and_carries_the_cause():
    quiet = Quiet()
    seen = []
    Board(lambda request: (seen.append(request), quiet.exchange(request))[1], cause=4)
    assert seen[0][0] == 1 and seen[0][17] == 4
    assert quiet.requests[0] == (1, 0, 0, 0)


def test_ticks_run_at_their_grid_time_and_before_a_release_at_the_same_time():
    quiet = Quiet()
    board = Board(quiet.exchange)
    board.clock.sleep_until(2000)
    kicks = [time_us for op, _, _, time_us in quiet.requests if op == 8]
    assert kicks[-1] == 2_000_000
    assert all(time_us % 100_000 == 0 for time_us in kicks)
    assert [b - a for a, b in zip(kicks, kicks[1:], strict=False)] == [100_000] * (len(kicks) - 1)
    times = [time_us for _, _, _, time_us in quiet.requests]
    assert times == sorted(times)
    assert board.clock.ticks_ms() == 2000 and board.clock.idle_us() == 2_000_000
    board.clock.sleep_until(1500)
    assert board.clock.ticks_ms() == 2000


def test_a_pulled_reset_line_ends_the_boot():
    quiet = Quiet()
    board = Board(quiet.exchange)
    board.clock.sleep_until(500)
    quiet.status = E_RESET
    with pytest.raises(BoardReset) as caught:
        board.clock.sleep_until(5000)
    assert caught.value.cause == reset_cause.PIN
    assert board.clock.ticks_ms() <= 700


def test_the_flight_ends_with_the_world():
    over = []
    board = Board(Quiet().exchange, finished=lambda: bool(over))
    board.clock.sleep_until(300)
    over.append(True)
    with pytest.raises(MissionOver):
        board.clock.sleep_until(400)


def test_board_is_complete():
    board = Board(Quiet().exchange)
    assert board.name == "desktop" and len(board.dictionary_hash) == 4
    assert board.heap_used() == board.heap_total_allocated() == board.stack_used() == 0
    assert board.collect() is None
    with pytest.raises(BoardReset) as caught:
        board.reset(reset_cause.SOFTWARE)
    assert caught.value.cause == reset_cause.SOFTWARE


def test_a_hung_step_is_stopped_by_its_line_budget():
    board = Board(Quiet().exchange)
    flown = compose.build(board)

    def hang(now_ms):
        while True:
            now_ms += 1

    flown.apps["payload"].step = hang
    guard(flown, 200_000)
    flown.prepare()
    for _ in range(30):
        flown.scheduler.run_next()
    entry = next(e for e in flown.scheduler.entries if e.app.NAME == "payload")
    errors = list(flown.scheduler.counters.errors)
    assert errors.pop(entry.index) >= 1 and not any(errors)
    with pytest.raises(StepHung, match="payload"):
        entry.app.step(0)


def test_the_line_budget_changes_nothing_else():
    assert Flight("duration_s=12").frames == Flight("duration_s=12", line_budget=200_000).frames


def test_disabling_the_controller_keeps_the_satellite_tumbling():
    encoder = encode.Encoder(Dictionary())

    def before(world):
        frame = encoder.frame("set_parameters", {"attitude_control_enabled": 0}, "host")
        world.uplink(1.0, frame)

    idle, working = Flight("duration_s=900", before=before), Flight("duration_s=900")
    rate = np.asarray(idle.world.truth["rate_deg_s"])
    assert rate[-1] > 0.9 * rate[0]
    assert np.asarray(working.world.truth["rate_deg_s"])[-1] < 0.9 * rate[0]


def test_world_fields_alone_may_be_zero_by_nature_on_the_desktop():
    flight = Flight("duration_s=30")
    hk = flight.last("core_hk")
    for name in ("cpu_permille", "heap_used", "heap_allocated", "stack_used"):
        assert not np.any(hk[name]) and name in dictionary.WORLD_FIELDS
