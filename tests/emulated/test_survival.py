"""Survival on the emulated computer: Python dies in every way there is, C flies on."""

import pytest

from tests.emulated.flight import Flight, when_built

FAULT, HANG, ENDED, MEMORY = "fault", "hang", "ended", "memory"
REASONS = {FAULT: 2, HANG: 1, ENDED: 3, MEMORY: 3}

# Runs in every fresh Python before the mission, which then dies once at 20 s.
DEATH = """
import obc, sys
record = bytearray(124)
obc.crash_into(record)
from boards import compose
build = compose.build
def once(board):
    mission = build(board)
    run_on = mission.run
    def run():
        mission.prepare()
        while obc.clock.ticks_ms() < 20000:
            mission.scheduler.run_next()
        obc.clock.sleep_until(20000)
        {death}
    if obc.reset_cause() != 6:
        mission.run = run
    return mission
compose.build = once
sys.exit()
"""
DEATHS = {
    FAULT: "obc.fault(1)",
    HANG: "while True: pass",
    ENDED: "raise RuntimeError('provoked')",
    MEMORY: "bytearray(200000)",
}


@pytest.mark.parametrize("death", DEATHS)
def test_dead_python_gives_way_to_beacons_and_comes_back(tmp_path, death):
    flight = Flight(tmp_path, 50.0, ("initial.rate_deg_s=15.0",))
    flight.fly(DEATH.format(death=DEATHS[death]))
    assert flight.status is None, flight.console
    boots = flight.world.boots
    assert len(boots) == 1, "no reset"
    columns = flight.history.columns["survival_beacon"]
    assert columns["survival_reason"][0] == REASONS[death]
    assert columns["received_s"][0] - 20.0 <= 5.0
    entered_s = columns["received_s"][0] - columns["survival_age_ms"][0] / 1000
    housekeeping_s = [t for t in flight.history.columns["tick_stats"]["received_s"] if t > 20.5]
    assert housekeeping_s, "Python is back"
    assert columns["beacon_control"][0] == 1
    assert housekeeping_s[0] - entered_s <= 3.5
    ids = [event[0] for event in flight.events()]
    assert 0x0020 in ids and 0x0021 in ids
    assert (0x0005, 0x0601, 18) in flight.events(), "from survival to safe: survived"
    assert flight.world.counters["watchdog_resets"] == 0


DEAF = """
import obc, sys
from boards import compose
def dead(board):
    raise RuntimeError("provoked")
if obc.boot_count() == 1:
    compose.build = dead
sys.exit()
"""


def test_python_that_never_comes_up_ends_in_a_reset_and_direct_commands_are_obeyed(tmp_path):
    flight = Flight(tmp_path, 110.0)
    encoder = flight.encoder
    flight.uplink(20.0, encoder.frame("direct_time", {"seconds": 1000, "fraction": 0}))
    flight.uplink(22.0, encoder.frame("restart_python"))  # not armed
    flight.fly(DEAF)
    assert [cause for _, cause in flight.world.boots] == [1, 5]
    columns = flight.history.columns["survival_beacon"]
    # Entered five times: the first beacon of each at once, then one every ten seconds.
    assert columns["vm_restarts_in_row"] == sorted(columns["vm_restarts_in_row"])
    assert max(columns["vm_restarts_in_row"]) == 5
    assert columns["direct_accepted"][-1] == 1 and columns["direct_refused"][-1] == 1
    reset_s = flight.world.boots[1][0]
    assert 70.0 < reset_s < 76.0
    verified = [r for r in flight.reports if r.kind == "verification"]
    assert verified


HUNG_APP = when_built("""
payload = mission.apps["payload"]
healthy = payload.step
def step(now_ms):
    if 20000 < now_ms < 26000:
        {hang}
    healthy(now_ms)
payload.step = step
""")


def test_a_hung_app_is_ended_at_its_hard_limit_and_the_others_go_on(tmp_path):
    flight = Flight(tmp_path, 40.0)
    flight.fly(HUNG_APP.format(hang="while True: pass"))
    events = flight.events()
    killed = [event for event in events if event[0] == 0x0026]
    assert killed and killed[0][2] == 250
    failed = [event for event in events if event[0] == 0x0007]
    assert failed, "contained by the scheduler as a failure of the app"
    assert not [event for event in events if event[0] == 0x0020], "no survival"
    assert len(flight.world.boots) == 1
    assert flight.history.columns["schedule"]["app_errors"][-1].count(0) >= 12


def test_an_app_that_catches_its_end_is_stopped_by_survival(tmp_path):
    stubborn = "going = True\n            while going:\n                try:\n" + (
        "                    while True: pass\n                except Exception: pass"
    )
    flight = Flight(tmp_path, 40.0)
    flight.fly(HUNG_APP.format(hang=stubborn))
    ids = [event[0] for event in flight.events()]
    assert 0x0020 in ids and 0x0021 in ids
    assert flight.history.columns["survival_beacon"]["survival_reason"][0] == 1
