"""The app "contacts": plan, windows, resets, refusals."""

import struct

import pytest

from flight.core import contact_gate as gates
from flight.core import failures
from tests.flight.contacts_rig import EPOCH_S, HK, LOW, Contacts, flying
from tests.flight.fakes import Board


@pytest.fixture
def mission():
    one = Contacts()
    one.rig.fly(3)
    return one


@pytest.fixture(name="flying")
def closed():
    one = flying()
    assert one.reason == gates.GATE_CLOSED
    return one


def test_an_uploaded_plan_needs_no_orbit(flying):
    flying.rig.kernel.orbit = None
    flying.plan((100, 60, 3), (300, 30, 3))
    seen = []
    for _ in range(420):
        flying.rig.fly(1)
        seen.append(flying.reason)
    # Between them beacons; behind the last the windows of the orbit, which is not known.
    assert seen[110:150] == [gates.GATE_WINDOW] * 40
    assert set(seen[170:290]) == {gates.GATE_CLOSED, gates.GATE_BEACON}
    assert seen[305:325] == [gates.GATE_WINDOW] * 20
    assert seen[340:] == [gates.GATE_NO_ORBIT] * 80
    assert seen.count(gates.GATE_WINDOW) in range(89, 95)


def test_a_station_of_the_plan_that_is_not_known_has_the_lowest_rate(flying):
    flying.plan((5, 60, 7))
    flying.rig.fly(10)
    assert flying.reason == gates.GATE_WINDOW and flying.rate == 0


def test_back_to_the_orbit(flying):
    flying.plan((5, 600, 3))
    flying.rig.fly(10)
    assert flying.reason == gates.GATE_WINDOW
    flying.send("contact_source", {"plan": 0})
    flying.rig.fly(60)
    assert flying.reason in (0, 1)


def test_parts_of_the_plan_are_replaced_one_by_one(flying):
    flying.plan((1000, 10, 0), (2000, 10, 1))
    values = {"start_s": [EPOCH_S * 2] * 8, "duration_s": [5] * 8, "station": [2] * 8}
    assert flying.send("contact_plan", {"part": 2, **values}) == 0
    flying.rig.fly(11)
    assert flying.rig.fields(HK)["plan_rows"] == 10
    assert flying.send("contact_plan", {"part": 2, **values, "duration_s": [0] * 8}) == 0
    flying.rig.fly(11)
    assert flying.rig.fields(HK)["plan_rows"] == 2


def test_a_step_of_time_makes_the_windows_anew(flying):
    began = flying.rig.fields(HK)["scan_age_s"]
    assert began < 60
    flying.set_orbit()
    assert flying.send("set_time", {"seconds": EPOCH_S + 100_000, "fraction": 0}) == 0
    flying.rig.fly(2)
    assert flying.reason == gates.GATE_NO_ORBIT
    flying.rig.fly(40)
    assert flying.reason in (0, 1)


def test_the_windows_in_use_are_never_older_than_ten_minutes_and_a_scan(flying):
    oldest = 0
    for _ in range(70):
        flying.rig.fly(20)
        oldest = max(oldest, flying.rig.fields(HK)["scan_age_s"])
    assert 590 < oldest < 630


def restarted(mission, cause):
    board = Board(cause=cause)
    board.fram.memory[:] = mission.rig.board.fram.memory
    return Contacts(board)


def test_stations_and_plan_outlive_a_reset(flying):
    flying.station(6, 60.0, LOW)
    flying.plan((100_000, 60, 6))
    again = restarted(flying, 1)
    assert again.rig.mission.apps["contacts"].plan.stations == 0b1000001
    assert again.rig.mission.apps["contacts"].plan.from_plan


def test_after_a_loss_of_power_time_is_not_known_and_the_gate_open(flying):
    flying.rig.fly(100)
    again = restarted(flying, 1)
    again.rig.fly(20)
    assert again.reason == gates.GATE_NO_TIME and again.carrier == 1


def test_after_a_short_reset_it_is_open_until_the_orbit_is_known(flying):
    flying.rig.fly(100)
    again = restarted(flying, 4)
    again.rig.fly(20)
    assert again.reason == gates.GATE_NO_ORBIT and again.carrier == 1
    again.set_orbit()
    again.rig.fly(40)
    assert again.reason in (0, 1) and again.carrier == 0


def test_a_plan_that_cannot_be_stored_is_told(flying):
    flying.rig.board.fram.status = -5
    values = {"number": 1, "latitude_rad": 0.1, "longitude_rad": 0.1, "height_m": 0.0}
    assert flying.send("contact_station", values) == failures.STORAGE_ERROR
    flying.rig.board.fram.status = 0
    flying.by_radio()
    flying.rig.fly(5)
    assert 0x0B03 in flying.rig.events()


def test_partners_command_neither_stations_nor_plan(mission):
    values = {"number": 1, "latitude_rad": 0.1, "longitude_rad": 0.1, "height_m": 0.0}
    for owner in (1, 2, 3):
        assert mission.send("contact_station", values, owner) == failures.NOT_AUTHORISED
        assert mission.send("contact_source", {"plan": 1}, owner) == failures.NOT_AUTHORISED


@pytest.mark.parametrize("name,value", [("latitude_rad", 1.6), ("longitude_rad", -4.0),
                                        ("height_m", 9001.0), ("elevation_min_rad", 1.6),
                                        ("number", 8), ("rate_code", 6)])  # fmt: skip
def test_a_station_out_of_range_is_refused(mission, name, value):
    good = struct.pack(">HBffffB", HK, 0, 0.1, 0.1, 10.0, 0.1, 3)
    names = ("latitude_rad", "longitude_rad", "height_m", "elevation_min_rad")
    places = {"number": 2, "rate_code": 19, **{n: 3 + 4 * i for i, n in enumerate(names)}}
    bad = bytearray(good)
    struct.pack_into(">f" if name in names else ">B", bad, places[name], value)
    assert mission.execute(mission.raw(0, 8, 1, bytes(bad))) == failures.OUT_OF_RANGE
    assert mission.execute(mission.raw(0, 8, 1, good)) == 0


def test_housekeeping_of_closed_times_goes_to_the_stores_only(flying):
    kept = []
    keeper = flying.context.telemetry.keeper

    class Keeper:
        def keep(self, owner, kind, structure, packet, n, seconds):
            kept.append(structure)
            return keeper.keep(owner, kind, structure, packet, n, seconds)

    flying.context.telemetry.keeper = Keeper()
    flying.rig.fly(5)
    while flying.context.gate.listening():
        flying.rig.fly(1)
    before = flying.context.telemetry.queues[0].waiting()
    kept.clear()
    flying.rig.fly(10)
    assert len(kept) > 10
    assert flying.context.telemetry.queues[0].waiting() == before


def spoilt(flying):
    """A start on the memory of another, of which nothing of the plan can be read for now."""
    board = Board(cause=1)
    board.fram.memory[:] = flying.rig.board.fram.memory
    good = bytes(board.fram.memory[0x19000:0x1B000])
    for address in (0x19010, 0x1A010):
        board.fram.memory[address] ^= 0xFF
    return Contacts(board), good


def test_a_plan_that_could_not_be_read_at_the_start_is_found_later(flying):
    again, good = spoilt(flying)
    again.rig.fly(5)
    assert again.rig.mission.apps["contacts"].plan.stations == 0
    assert again.reason == gates.GATE_NO_PLAN, "open meanwhile"
    again.rig.board.fram.memory[0x19000:0x1B000] = good
    again.rig.fly(61)
    assert again.rig.mission.apps["contacts"].plan.stations == 1


def test_a_plan_that_shows_is_not_written_over(flying):
    again, good = spoilt(flying)
    again.rig.fly(5)
    again.rig.board.fram.memory[0x19000:0x1B000] = good
    values = {"number": 7, "latitude_rad": 0.1, "longitude_rad": 0.1, "height_m": 0.0}
    assert again.send("contact_station", values) == failures.STORAGE_ERROR
    assert again.rig.mission.apps["contacts"].plan.stations == 1
    assert again.send("contact_station", values) == 0
    assert again.rig.mission.apps["contacts"].plan.stations == 0b10000001
