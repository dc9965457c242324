"""Time, schedule and sequences on the target: no heap, the tags kept, FRAM over a reset."""

from ground.schedule import STATES
from tests.emulated.flight import Flight
from tests.emulated.test_mission import CALM, FLY, reset_at

EPOCH_S = 200_000_000
SET_S = 10.0

LOCKED = (
    FLY
    + """
fly(21000)
before = 0
before = obc.heap_total_allocated()
micropython.heap_lock()
fly(52000)
micropython.heap_unlock()
print(obc.heap_total_allocated() - before)
print(sum(scheduler.counters.errors))
"""
)


def pings(*after_s, **more):
    """Rows of an insert, so many seconds after mission time was set."""
    rows = []
    for t_s in after_s:
        ms = round(t_s * 1000)
        rows.append({"seconds": EPOCH_S + ms // 1000, "ms": ms % 1000, "command": "ping", **more})
    return rows


def commanded(flight):
    """Everything that the schedule and the sequences do, within half a minute."""

    def send(t_s, name, values=(), owner="host"):
        flight.uplink(t_s, flight.encoder.frame(name, values, owner))

    send(SET_S, "set_time", {"seconds": EPOCH_S, "fraction": 0})
    send(SET_S + 1, "schedule_enable")
    send(SET_S + 1.6, "schedule_enable", (), "EC")
    send(24.0, "schedule_insert", {"activities": pings(18.123, 19.95, 25.5, label="a")})
    send(25.0, "schedule_insert", {"activities": pings(19.0, 900.0)}, "EC")
    entries = [{"command": "ping", "delay_s": 0.3}] * 4
    send(26.0, "sequence_load", {"number": 1, "entries": entries})
    after = {"delay_s": 6.25, "command": "sequence_activate", "args": {"number": 1}}
    send(26.7, "schedule_insert_after", {"activities": [after]})
    send(28.0, "schedule_shift", {"offset_s": 4.5, "requests": ["a"]})  # the last of the three
    send(30.0, "schedule_report", (), "EC")
    send(31.0, "sequence_report")
    send(33.0, "schedule_insert", {"activities": pings(3.0)})  # past: refused
    send(34.0, "set_time", {"seconds": EPOCH_S + 20, "fraction": 0})  # slewed
    send(35.0, "schedule_shift_all", {"offset_s": 0.25})
    send(44.0, "schedule_disable_subs", {"subs": [3]})
    send(45.0, "schedule_reset", (), "EC")


def test_schedule_and_sequences_do_not_allocate(tmp_path):
    flight = Flight(tmp_path, 60.0, CALM)
    commanded(flight)
    flight.fly(LOCKED)
    allocated, errors = flight.console.splitlines()
    assert (allocated, errors, flight.status) == ("0", "0", 0)


def test_everything_is_released_at_its_time(tmp_path):
    flight = Flight(tmp_path, 64.0, CALM)
    commanded(flight)
    flight.fly()
    values = flight.history.latest["schedule_hk"].values
    # Three pings of the host, one of EC, and the start of the sequence with its four.
    assert values["schedule_released"] == 5 and values["sequence_commands"] == 4
    assert values["schedule_failed"] == values["schedule_late"] == values["schedule_lost"] == 0
    assert values["schedule_waiting"] == [0, 0]
    assert 0 <= values["release_late_max"] < 0.1
    assert sum(1 for report in flight.reports if report.kind == "pong") == 8
    (summary,) = [report for report in flight.reports if report.kind == "schedule_summary"]
    assert summary.owner == "EC"
    times = [row["time_s"] for row in summary.values["activities"]]
    assert times == [EPOCH_S + 900.0], "the other one is on its way"
    (status,) = [report for report in flight.reports if report.kind == "sequence_status"]
    assert status.values["sequences"][1]["state"] == STATES[2]
    codes = [event.raw["arg0"] for event in flight.history.events if event.id == 0x000A]
    assert codes == [21], "time_past"
    clock = flight.history.latest["time_report"].values
    assert clock["quality"] == 2 and abs(clock["onboard_s"] - EPOCH_S) < 60
    assert len(flight.world.boots) == 1


def test_the_schedule_goes_on_after_a_reset(tmp_path):
    flight = Flight(tmp_path, 70.0, CALM)

    def send(t_s, name, values=()):
        flight.uplink(t_s, flight.encoder.frame(name, values))

    send(SET_S, "set_time", {"seconds": EPOCH_S, "fraction": 0})
    send(SET_S + 1, "schedule_enable")
    send(12.0, "schedule_insert", {"activities": pings(8.0, 40.0, 45.0)})
    flight.fly(reset_at(30000))
    assert len(flight.world.boots) == 2
    core = flight.history.latest["core_hk"].raw
    assert core["time_quality"] == 1
    values = flight.history.latest["schedule_hk"].values
    assert (values["schedule_released"], values["schedule_lost"]) == (2, 0)
    of_quality = {1: [], 2: []}
    for report in flight.reports:
        if report.kind == "housekeeping" and report.packet.time_quality in of_quality:
            of_quality[report.packet.time_quality].append(report.time_s)
    assert min(of_quality[1]) > max(of_quality[2]), "no time twice"
    assert 0 <= max(of_quality[1]) - EPOCH_S - (70.0 - SET_S) < 9
