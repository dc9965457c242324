"""The app "contacts" in a mission: stations, plan and orbit, what the radio is told, resets."""

import math
import struct

import pytest

from flight.core import contact_gate as gates
from flight.core import failures
from flight.core.modes import SILENCE_CEASED, SILENCE_LAUNCH, SILENCE_WINDOW
from tests.flight.fakes import Board
from tests.flight.partners_rig import Partners

EPOCH_S = 200_000_000
RADIUS_M = 6_878_137.0
SPEED_M_S = math.sqrt(3.986004418e14 / RADIUS_M)
HK = 0x0B01
LOW, DEFAULT = 1, 3
HOUR_S = 3600


class Contacts(Partners):
    """A mission with time, orbit and stations as the test says."""

    def __init__(self, board=None):
        super().__init__(board)
        self.radio_part = self.rig.board.radio

    def set_time(self):
        self.send("set_time", {"seconds": EPOCH_S + self.context.time.uptime_s, "fraction": 0})

    def set_orbit(self):
        """Over 0 N 0 E now, going east over the equator of an Earth whose axes are N's."""
        image = bytearray(192)
        start_s = self.context.time.seconds
        identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
        state = (RADIUS_M, 0.0, 0.0, 0.0, SPEED_M_S, 0.0)
        struct.pack_into("<IIf15f", image, 88, start_s, 0, 0.0, *state, *identity)
        self.rig.kernel.orbit = bytes(image)

    def station(self, number, longitude_deg, rate_code=DEFAULT, latitude_deg=0.0):
        values = {
            "number": number,
            "latitude_rad": math.radians(latitude_deg),
            "longitude_rad": math.radians(longitude_deg),
            "height_m": 0.0,
            "rate_code": rate_code,
        }
        assert self.send("contact_station", values) == 0

    def plan(self, *rows):
        """(start after now, duration, station) of up to eight windows."""
        rows = [*rows, *[(0, 0, 0)] * (8 - len(rows))]
        now_s = self.context.time.seconds
        values = {
            "part": 0,
            "start_s": [now_s + row[0] if row[1] else 0 for row in rows],
            "duration_s": [row[1] for row in rows],
            "station": [row[2] for row in rows],
        }
        assert self.send("contact_plan", values) == 0
        assert self.send("contact_source", {"plan": 1}) == 0

    @property
    def reason(self):
        return self.context.gate.reason

    @property
    def carrier(self):
        return self.radio_part.settings[-1][0]

    @property
    def rate(self):
        return self.radio_part.settings[-1][1]

    def by_radio(self, name="ping", owner="EC"):
        self.radio_part.received.append(self.encoder.frame(name, (), owner))


@pytest.fixture
def mission():
    one = Contacts()
    one.rig.fly(3)
    return one


@pytest.fixture
def flying():
    """Time and orbit known, one station on the other side of the Earth."""
    one = Contacts()
    one.rig.fly(3)
    one.set_time()
    one.set_orbit()
    one.station(0, 180.0)
    one.rig.fly(40)
    assert one.reason == gates.GATE_CLOSED
    return one


def test_open_before_anything_is_loaded(mission):
    mission.set_time()
    mission.set_orbit()
    mission.rig.fly(100)
    assert mission.reason == gates.GATE_NO_PLAN
    assert mission.carrier == 1 and not mission.context.modes.silence


def test_open_while_time_is_not_known(mission):
    mission.set_orbit()
    mission.station(0, 180.0)
    mission.rig.fly(100)
    assert mission.reason == gates.GATE_NO_TIME and mission.carrier == 1


def test_open_while_the_orbit_is_not_known(mission):
    mission.set_time()
    mission.station(0, 180.0)
    mission.rig.fly(100)
    assert mission.reason == gates.GATE_NO_ORBIT and mission.carrier == 1


def test_open_again_when_the_orbit_is_lost(flying):
    flying.rig.kernel.orbit = None
    flying.rig.fly(3)
    assert flying.reason == gates.GATE_NO_ORBIT and flying.carrier == 1


def test_closed_outside_windows_but_for_beacons(flying):
    radio = flying.radio_part
    assert flying.carrier == 0 and flying.context.modes.silence == SILENCE_WINDOW
    radio.sent.clear()
    radio.settings.clear()
    flying.rig.fly(600)
    values = flying.rig.fields(HK)
    assert values["gate_reason"] in (0, 1) and values["stations"] == 1 and not values["in_view"]
    # Radio settings are refreshed every ten seconds: count the changes to on.
    carriers = [0] + [carrier for carrier, _ in radio.settings]
    ons = sum(b > a for a, b in zip(carriers, carriers[1:], strict=False))
    assert 9 <= ons <= 10
    assert 9 <= len(radio.sent) <= 20, "two frames each at most"
    assert {frame[1] >> 1 & 7 for frame in radio.sent} == {0}, "the host's channel alone"


def test_a_beacon_is_not_stale(flying):
    flying.rig.fly(300)
    before = len(flying.heard(0))
    now_s = flying.context.time.seconds
    flying.rig.fly(61)
    found = [p for p in flying.heard(0)[before:] if p[7] == 3]
    times = [int.from_bytes(p[14:18], "big") for p in found]
    assert times and min(times) > now_s - 65


def test_the_window_of_a_station_opens_at_its_rate(flying):
    """A quarter of an hour on, over 60 E or so."""
    flying.station(1, 60.0, LOW)
    flying.rig.fly(40)
    assert flying.reason == gates.GATE_CLOSED
    begun = None
    for _ in range(1500):
        flying.rig.fly(1)
        if flying.reason == gates.GATE_WINDOW:
            begun = begun or flying.context.time.seconds
            if flying.context.time.seconds > begun + 3:
                break
    assert begun is not None and flying.carrier == 1 and flying.rate == LOW
    values = flying.rig.fields(0x0B02)
    assert abs(values["rise_s"][1] - begun) <= 2
    lasts_s = values["set_s"][1] - values["rise_s"][1]
    assert 300 < lasts_s < 600 and values["highest_elevation"][1] > 8500
    flying.rig.fly(lasts_s)
    assert flying.reason in (0, 1) and flying.rate == DEFAULT


def test_of_two_stations_in_view_both_can_listen(mission):
    mission.set_time()
    mission.set_orbit()
    mission.station(2, 1.0, 4)
    mission.station(5, 2.0, 0)
    mission.rig.fly(40)
    assert mission.reason == gates.GATE_WINDOW
    assert mission.rig.fields(HK)["in_view"] == 0b100100
    assert mission.rate == 0, "the lowest of the two"
    mission.send("contact_station_remove", {"number": 5})
    mission.rig.fly(40)
    assert mission.rate == 4


def test_a_telecommand_by_radio_opens_for_ten_minutes(flying):
    flying.by_radio()
    flying.rig.fly(3)
    assert flying.reason == gates.GATE_TELECOMMAND and flying.carrier == 1
    flying.radio_part.sent.clear()
    flying.rig.fly(590)
    assert flying.reason == gates.GATE_TELECOMMAND
    assert len(flying.radio_part.sent) > 100
    flying.rig.fly(15)
    assert flying.reason in (0, 1)


def test_what_is_no_valid_telecommand_opens_nothing(flying):
    burst = bytearray(bytes(flying.encoder.frame("ping", (), "EC")))
    burst[30] ^= 0xFF
    burst[31] ^= 0xFF
    flying.radio_part.received.append(bytes(burst))
    packet = flying.encoder.packet("comms_carrier", {"on": 1}, "EC")  # refused: the host's
    flying.radio_part.received.append(flying.encoder.burst(packet, "EC"))
    flying.rig.fly(5)
    assert flying.context.commands.refused == 1
    assert flying.reason in (0, 1)


def test_a_stored_telecommand_opens_nothing(flying):
    assert flying.send("ping") == 0
    flying.rig.fly(3)
    assert flying.reason in (0, 1)


def test_ceased_emission_is_obeyed_whatever_the_gate_says(flying):
    flying.rig.kernel.emission_ceased = True
    flying.by_radio()
    flying.rig.fly(3)
    assert flying.reason == gates.GATE_TELECOMMAND
    assert flying.context.modes.silence == SILENCE_CEASED and flying.carrier == 0
    flying.rig.kernel.emission_ceased = False
    flying.rig.fly(2)
    assert flying.carrier == 1


def test_silence_of_the_launch_is_obeyed_whatever_the_gate_says(flying):
    flying.context.modes.silence |= SILENCE_LAUNCH
    flying.by_radio()
    flying.rig.fly(3)
    assert flying.reason == gates.GATE_TELECOMMAND and flying.carrier == 0


def test_the_gate_can_be_taken_out_of_use(flying):
    flying.send("set_parameters", {"contact_gate": 0})
    flying.rig.fly(3)
    assert flying.reason == gates.GATE_UNUSED and flying.carrier == 1


def test_command_loss_opens(flying):
    flying.send("set_parameters", {"fdir_command_loss_h": 1})
    flying.rig.fly(HOUR_S + 5)
    assert flying.context.leop.lost
    assert flying.reason == gates.GATE_LOST and flying.carrier == 1 and flying.rate == DEFAULT


def test_an_app_that_is_gone_leaves_the_gate_open(flying):
    place = [entry.app.NAME for entry in flying.context.scheduler.entries].index("contacts")
    assert flying.send("app_enable", {"app": place, "on": 0}) == 0
    flying.rig.fly(3)
    assert flying.carrier == 0
    flying.rig.fly(5)
    assert flying.carrier == 1
    flying.radio_part.sent.clear()
    flying.rig.fly(10)
    assert len(flying.radio_part.sent) > 5


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
