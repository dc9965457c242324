"""Contacts on the desktop, down to the registers of the radio: stations with range and rates, and
emission that was ceased."""

import math

import pytest

from cli import flights

CALM = ("initial.rate_deg_s=0.0", "spacecraft.imu.bias_rad_s=[0.0,0.0,0.0]")
# Minsk sees the spacecraft from 1248 s after the epoch of the scenario until 1771 s, Tehran from
# 1115 s until 1279 s; Minsk works up to 4800 bit/s.
EPOCH = "epoch=2026-10-04T06:19:30Z"
LATER_S = 1170.0
ALONE_S = 1280.0 - LATER_S  # Minsk, and nobody else


def flight_of(duration_s, *settings):
    """Scenario passes without its own telecommands."""
    flight = flights.prepare(
        "passes", "desktop", 1, [f"duration_s={duration_s}", *CALM, *settings], timeline=False
    )
    flight.sent = []
    flight.world.on_frame.append(lambda t_s, frame: flight.sent.append(t_s))
    return flight


def send(flight, t_s, name, values=(), owner="host"):
    flight.world.uplink(t_s, flight.encoder.frame(name, values, owner))


def load(flight, t_s, *stations):
    """Time, orbit and stations (name, number, rate code), by telecommand."""
    from sim.arguments import mission_time
    from sim.elements import tle_lines

    scenario = flight.scenario
    seconds, fraction = mission_time(scenario.epoch, t_s)
    send(flight, t_s, "set_time", {"seconds": seconds, "fraction": fraction})
    line1, line2 = tle_lines(scenario.data["orbit"], scenario.path.parent, scenario.epoch)
    send(flight, t_s + 0.5, "attitude_tle", {"line1": line1, "line2": line2})
    for name, number, rate_code in stations:
        (row,) = (row for row in scenario.stations if row.name == name)
        values = {
            "number": number,
            "latitude_rad": math.radians(row.latitude_deg),
            "longitude_rad": math.radians(row.longitude_deg),
            "height_m": row.altitude_m,
            "rate_code": rate_code,
        }
        send(flight, t_s + 1.0 + number, "contact_station", values)


def received_by(flight, name):
    names = [station.name for station in flight.scenario.stations]
    return flight.world.channel.received_by[names.index(name)]


@pytest.mark.parametrize("rate_code,heard", [(2, True), (3, False)])
def test_a_slow_station_hears_only_at_its_rate(rate_code, heard):
    """Loaded through a relay, which then goes: Minsk, whose rate on board is right or too high."""
    flight = flight_of(200.0, EPOCH, "station.3.max_rate_bit_s=4800")
    channel = flight.world.channel
    channel._always_visible = True
    load(flight, 5.0, ("Minsk", 0, rate_code))

    def stations_only(t_s, frame):
        channel._always_visible = t_s < 60.0

    flight.world.on_frame.append(stations_only)
    flight.fly()
    after = sum(t_s > ALONE_S for t_s in flight.sent)
    assert flight.world.spacecraft.radio.rate_bit_s == (4800 if heard else 9600)
    if heard:
        assert after > 100 and received_by(flight, "Minsk") >= after
    else:
        assert after == received_by(flight, "Minsk") == 0
        assert flight.world.channel.lost_down > 100
    assert received_by(flight, "Tehran") > 0


def carriers(flight, from_s, to_s):
    truth = flight.world.truth
    chosen = (truth["t_s"] >= from_s) & (truth["t_s"] <= to_s)
    return truth["carrier"][chosen]


def test_ceased_emission_is_obeyed_by_python_survival_and_after_a_reset():
    flight = flight_of(
        150.0,
        "radio.visibility=always",
        "fault.python.kind=vm_fault",
        "fault.python.t_s=40.0",
        "fault.computer.kind=reset",
        "fault.computer.t_s=70.0",
    )
    send(flight, 20.0, "cease_emission", {"on": 1})
    send(flight, 30.0, "ping")  # a telecommand opens the gate, and no more than that
    send(flight, 60.0, "ping")
    send(flight, 90.0, "ping")
    send(flight, 110.0, "cease_emission", {"on": 0})
    flight.fly()
    assert [t_s for t_s in flight.sent if 21.0 < t_s < 110.0] == []
    assert not any(carriers(flight, 22.0, 109.0))
    assert len(flight.world.spacecraft.lines.python_deaths) == 1
    assert len(flight.world.boots) == 2
    assert sum(t_s > 112.0 for t_s in flight.sent) > 50
    assert flight.world.counters["uplink_received"] == 5, "it listened all the time"
