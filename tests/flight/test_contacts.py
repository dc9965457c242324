"""The app "contacts" in a mission: every rule of the gate, and what the radio is told."""

import pytest

from flight.core import contact_gate as gates
from flight.core.modes import SILENCE_CEASED, SILENCE_LAUNCH, SILENCE_WINDOW
from tests.flight.contacts_rig import DEFAULT, HK, LOW, Contacts, flying

HOUR_S = 3600


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
