"""The mission on the target: steady state without allocation, hung and crashed Python."""

from ground import cltu
from sim.protocol import BUS_ADCS, OP_HELLO, OP_I2C, REQUEST_HEADER
from tests.boards.attitude_requests import EPOCH_S, LINE1, LINE2
from tests.emulated.flight import Flight, when_built

COMPOSE = """
import micropython, native, obc, sys
from boards import compose
from boards.obc_f405 import board
"""
FLY = (
    COMPOSE
    + """
mission = compose.build(board.build())
mission.prepare()
scheduler = mission.scheduler
def fly(until_ms):
    while scheduler.next_entry().release_ms < until_ms:
        scheduler.run_next()
"""
)

# Nothing to detumble and hardly any hold time: nominal, with payload and rods at work.
CALM = ("initial.rate_deg_s=0.0", "spacecraft.imu.bias_rad_s=[0.0,0.0,0.0]")

DEAD = ("kind=dead", "t_s=10")


def reset_at(time_ms):
    """The mission; at `time_ms` of its first flight the processor resets without a goodbye."""
    return (
        COMPOSE
        + """
if obc.boot_count() == 1:
    mission = compose.build(board.build())
    mission.prepare()
    while obc.clock.ticks_ms() < TIME_MS:
        mission.scheduler.run_next()
    obc.poke(0xE000ED0C, 0x05FA0004)
sys.exit()
""".replace("TIME_MS", str(time_ms))
    )


LOCKED = (
    FLY
    + """
context = mission.context
fly(31000)
started = [entry.done_ms for entry in scheduler.entries]
print(context.modes.current)
PROVOKE
before = 0  # a new name may grow the dictionary of globals, and allocate
before = obc.heap_total_allocated()
micropython.heap_lock()
fly(52000)
micropython.heap_unlock()
print(obc.heap_total_allocated() - before)
print(sum(scheduler.counters.errors), sum(scheduler.counters.missed))
print([entry.done_ms - at for entry, at in zip(scheduler.entries, started)])
print(context.commands.accepted, context.commands.refused, context.telemetry.dropped)
"""
)


def locked_flight(folder, provoke=""):
    """Half a minute of warming up, then two major frames (10 s) of every app under heap_lock."""
    flight = Flight(folder, 60.0, CALM)
    encoder = flight.encoder
    hold = {"attitude_detumbled_hold": 1.0}
    flight.uplink(5.0, encoder.frame("set_parameters", hold))
    flight.uplink(36.0, encoder.frame("ping"))
    flight.uplink(37.0, encoder.frame("set_parameters", {"attitude_detumbled_hold": 2.0}))
    flight.uplink(38.0, encoder.frame("reset"))  # refused: not armed
    flight.uplink(39.0, cltu.burst(bytes(60)))  # no frame of ours
    flight.uplink(40.0, encoder.frame("payload_dump", {"count": 4}))
    flight.uplink(41.0, encoder.frame("set_time", {"seconds": EPOCH_S + 41, "fraction": 0}))
    flight.uplink(42.0, encoder.frame("attitude_tle", {"line1": LINE1, "line2": LINE2}))
    flight.uplink(43.0, encoder.frame("attitude_target", {"target": 1}))
    flight.uplink(44.0, encoder.frame("attitude_inhibit", {"sensor": 1, "on": 1}))
    flight.uplink(45.0, encoder.frame("attitude_calibrate", {"what": 2}))  # refused by the loop
    flight.uplink(46.0, encoder.frame("report_parameters", ["attitude_bdot_gain"] * 24))
    flight.uplink(47.0, encoder.frame("attitude_control", {"mode": 2}))
    return flight.fly(LOCKED.replace("PROVOKE", provoke))


def test_two_whole_frames_of_the_mission_do_not_allocate(tmp_path):
    flight = locked_flight(tmp_path)
    mode, allocated, errors, flown_ms, commands = flight.console.splitlines()
    assert flight.status == 0
    assert mode == "3"  # nominal
    assert allocated == "0"
    assert errors == "0 0"
    # Every app was at work to the end: 21 s, or its next multiple of the period.
    flown = [int(word) for word in flown_ms.strip("[]").split(",")]
    assert all(20900 <= at <= 25000 for at in flown), flown_ms
    assert commands == "12 2 0"


SILENT = (
    FLY
    + """
fly(31000)
before = 0
before = obc.heap_total_allocated()
fly(52000)
print(obc.heap_total_allocated() - before)
print(mission.apps["power"]._errors, scheduler.counters.errors[0])
"""
)


def test_parts_that_do_not_answer_cost_no_heap(tmp_path):
    settings = [f"fault.{part}.{rule}" for part in ("eps", "tmp108") for rule in DEAD]
    flight = Flight(tmp_path, 60.0, settings)
    flight.fly(SILENT)
    allocated, failed = flight.console.splitlines()
    assert (allocated, flight.status) == ("0", 0)
    errors, contained = failed.split()
    assert int(errors) > 20 and contained == "0"


def test_an_app_that_allocates_is_found_out(tmp_path):
    """The measure of the test above."""
    flight = locked_flight(tmp_path, "mission.apps['payload'].step = lambda now_ms: [now_ms]")
    assert flight.console.splitlines()[2] != "0 0"


CRASH = (
    COMPOSE
    + """
record = bytearray(124)
obc.crash_into(record)
if record[4] == 0:
    build = compose.build
    def once(board):
        mission = build(board)
        def run():
            mission.prepare()
            while obc.clock.ticks_ms() < 20000:
                mission.scheduler.run_next()
            raise RuntimeError("provoked")
        mission.run = run
        return mission
    compose.build = once
sys.exit()
"""
)


def test_error_in_main_leaves_a_flying_spacecraft(tmp_path):
    """The VM restarts while the loop ticks on; buses, radio and modes are back, the ground knows
    why."""
    flight = Flight(tmp_path, 60.0)
    encoder = flight.encoder
    flight.uplink(40.0, encoder.frame("ping"))
    flight.fly(CRASH)
    assert flight.status is None
    assert "RuntimeError" in flight.console
    assert len(flight.world.boots) == 1
    counters = flight.world.counters
    assert (counters["missed_ticks"], counters["watchdog_resets"]) == (0, 0)
    assert flight.decoder.summary()["bad_frames"] == 0
    boots = [arg0 >> 8 for number, arg0, _ in flight.events() if number == 0x0001]
    assert boots == [1, 6]  # power on, VM restart
    assert flight.history.latest["core_hk"].raw["reset_cause"] == 6
    assert (0x0011, 0x0100, 1) in flight.events()
    crash = flight.history.latest["crash_record"].raw
    assert (crash["crash_kind"], crash["crash_count"], crash["vm_restarts"]) == (1, 1, 1)
    assert bytes(crash["crash_text"]).rstrip(b"\0").startswith(b"RuntimeError script ")
    assert crash["crash_line"] > 0
    assert flight.history.modes[-1][1] == 2  # detumble again
    assert flight.history.verified["completion_success"] == 1


def test_coils_that_a_reset_left_on_go_off_with_the_first_tick(tmp_path):
    flight = Flight(tmp_path, 23.0)
    answer = flight.world.exchange
    writes: list[list[tuple[int, bytes, int]]] = []  # per boot: address, bytes, onboard ms

    def exchange(request: bytes, reply_len: int = 0) -> bytes:
        op, bus, address, _, _, time_us = REQUEST_HEADER.unpack_from(request)
        if op == OP_HELLO:
            writes.append([])
        elif (op, bus) == (OP_I2C, BUS_ADCS) and 0x60 <= address <= 0x68:
            writes[-1].append((address, bytes(request[REQUEST_HEADER.size :]), time_us // 1000))
        return answer(request, reply_len)

    flight.world.exchange = exchange
    flight.fly(reset_at(20000))
    first, second = writes
    assert any(data[1] for _, data, at_ms in first if at_ms == 20000), "left on"
    rods = sorted({address for address, _, _ in first})
    assert len(rods) == 3
    assert sorted(second[:3]) == [(address, b"\0\0", 500) for address in rods]


WORK_ABOUT_TO_WRAP = when_built("mission.context.scheduler.work_us = (1 << 30) - 1_000_000")


def test_the_sum_of_work_wraps_without_an_allocation(tmp_path):
    """As it does after some hours of flight; the load of the processor does not notice."""
    flight = Flight(tmp_path, 120.0).fly(WORK_ABOUT_TO_WRAP)
    columns = flight.history.columns["core_hk"]
    rows = zip(columns["uptime_s"], columns["heap_used"], columns["cpu_permille"], strict=True)
    settled = [(used[0], cpu[0]) for uptime_s, used, cpu in rows if uptime_s > 20]
    assert len(settled) > 8
    assert {used for used, _ in settled} == {settled[0][0]}
    busy = [cpu for _, cpu in settled]
    assert 0 < min(busy) and max(busy) < 2 * min(busy)
    assert sum(busy) * 10 * 1000 > 1_000_000  # [us] of work: it did wrap
