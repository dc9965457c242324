"""Contacts on the target: no heap, the gate, mail, stations over a reset."""

import math

from ground.mail import text_of
from sim.arguments import mission_time
from sim.elements import tle_lines
from tests.emulated.flight import Flight
from tests.emulated.test_mission import CALM, FLY, reset_at

FAR = (-0.2150, -78.5020, 2850.0)  # Quito, seen eight hours later
MINSK = (53.9006, 27.5590, 220.0)
# Minsk sees the spacecraft from 1248 s after the epoch of first-light, until 1771 s.
LATER = ("epoch=2026-10-04T06:19:30Z",)
RISE_S = 1248.0 - 1170.0
NO_ORBIT = 4

LOCKED = (
    FLY
    + """
fly(21000)
before = 0
before = obc.heap_total_allocated()
micropython.heap_lock()
fly(110000)
micropython.heap_unlock()
print(obc.heap_total_allocated() - before)
print(sum(scheduler.counters.errors))
print(mission.context.gate.reason, mission.context.gate.beacons)
"""
)


def commanded(flight, place=FAR, rate_code=3):
    """Time, orbit and a station, by default one that does not see the spacecraft; mail from EC to
    IR."""

    def send(t_s, name, values=(), owner="host"):
        flight.uplink(t_s, flight.encoder.frame(name, values, owner))

    scenario = flight.world.scenario
    seconds, fraction = mission_time(scenario.epoch, 10.0)
    send(10.0, "set_time", {"seconds": seconds, "fraction": fraction})
    line1, line2 = tle_lines(scenario.data["orbit"], scenario.path.parent, scenario.epoch)
    send(11.0, "attitude_tle", {"line1": line1, "line2": line2})
    latitude, longitude, height_m = place
    values = {
        "number": 4,
        "latitude_rad": math.radians(latitude),
        "longitude_rad": math.radians(longitude),
        "height_m": height_m,
        "rate_code": rate_code,
    }
    send(13.0, "contact_station", values)
    send(15.0, "mail", {"to": "IR", "reference": 7, "text": "samples are released"}, "EC")
    send(26.0, "mail_fetch", {"count": 1}, "IR")
    send(27.0, "mail_take", {"from": 1, "reference": 7}, "IR")
    send(28.0, "mail_report", (), "EC")
    return send


def test_contacts_and_mail_do_not_allocate(tmp_path):
    flight = Flight(tmp_path, 120.0, CALM)
    send = commanded(flight)
    send(24.0, "set_parameters", {"contact_open_s": 60})
    flight.fly(LOCKED)
    allocated, errors, gate = flight.console.splitlines()
    assert (allocated, errors, flight.status) == ("0", "0", 0)
    assert gate.split()[0] in ("0", "1"), "closed, and it was under lock"


def gates(flight, after_s=0.0):
    """(received, reason) as reported by packet contacts_hk."""
    columns = flight.history.columns["contacts_hk"]
    rows = zip(columns["received_s"], columns["gate_reason"], strict=True)
    return [(t_s, reason) for t_s, reason in rows if t_s >= after_s]


def test_the_gate_closes_and_a_telecommand_opens_it(tmp_path):
    flight = Flight(tmp_path, 260.0, CALM)
    frames = []
    flight.world.on_frame.append(lambda t_s, frame: frames.append(t_s))
    send = commanded(flight)
    send(24.0, "set_parameters", {"contact_open_s": 60})
    send(200.0, "ping", (), "EC")
    flight.fly()
    # Open by the last telecommand before, until a minute after it.
    closed = [t_s for t_s in frames if 95.0 < t_s < 199.0]
    assert 0 < len(closed) <= 4, "beacons"
    assert sum(200.0 < t_s < 255.0 for t_s in frames) > 50
    texts = [event.text for event in flight.history.events if event.id >> 8 == 11]
    assert "transmitter may be on: orbit not known" in texts
    assert texts[-1] == "transmitter may be on: a telecommand was heard"
    values = flight.history.latest["contacts_hk"].values
    assert values["stations"] == 0b10000 and values["orbit_known"] == 1
    windows = flight.history.latest["contact_windows"].values
    assert windows["window_state"] == [0] * 8, "not within the next orbit"
    assert (values["mail_accepted"], values["mail_taken"], values["mail_waiting"]) == (1, 1, 0)
    mail = flight.history.latest["mail"]
    assert (mail.owner, mail.values["mail_sender"], text_of(mail.values)) == (
        "IR", 1, "samples are released"
    )  # fmt: skip
    receipts = [report for report in flight.reports if report.name == "mail_receipt"]
    assert [(r.owner, r.values["mail_number"]) for r in receipts] == [("EC", 7)]
    box = flight.history.latest["mail_box"]
    assert box.owner == "EC" and box.values["mail_states"][0] == 2
    assert len(flight.world.boots) == 1


def test_stations_and_mail_outlive_a_reset(tmp_path):
    flight = Flight(tmp_path, 75.0, CALM)
    send = commanded(flight)
    send(25.0, "mail", {"to": "BY", "reference": 9, "text": "still there"}, "EC")
    send(60.0, "mail_fetch", {"count": 1}, "BY")
    flight.fly(reset_at(32000))
    assert len(flight.world.boots) == 2
    values = flight.history.latest["contacts_hk"].values
    assert values["stations"] == 0b10000 and values["mail_waiting"] == 1
    # Time was restored, the elements are gone: open.
    assert {reason for t_s, reason in gates(flight, 45.0)} == {NO_ORBIT}
    mail = flight.history.latest["mail"]
    assert (mail.owner, text_of(mail.values)) == ("BY", "still there")


def test_a_window_begins_with_the_orbit_at_the_rate_of_its_station(tmp_path):
    flight = Flight(tmp_path, 130.0, (*CALM, *LATER))
    rates = []
    flight.world.on_frame.append(
        lambda t_s, frame: rates.append((t_s, flight.world.spacecraft.radio.rate_bit_s))
    )
    commanded(flight, MINSK, 2)
    flight.fly()
    texts = [(e.received_s, e.text) for e in flight.history.events if e.id >> 8 == 11]
    assert texts[-1][1] == "transmitter may be on: window of a station"
    assert RISE_S - 2.0 <= texts[-1][0] <= RISE_S + 5.0
    assert {rate for t_s, rate in rates if t_s < RISE_S - 5.0} == {9600}
    assert {rate for t_s, rate in rates if t_s > RISE_S + 5.0} == {4800}
    windows = flight.history.latest["contact_windows"].values
    epoch_s = mission_time(flight.world.scenario.epoch, 0.0)[0]
    assert windows["window_state"][4] == 2
    assert abs(windows["rise_s"][4] - epoch_s - RISE_S) <= 5.0
    assert abs(windows["set_s"][4] - epoch_s - (1771.0 - 1170.0)) <= 5.0
