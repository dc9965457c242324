"""The mission in the emulator whose FRAM dies."""

from tests.emulated.flight import Flight

COUNTERS = 0x0027


def pings(flight):
    """When pings were answered [s]."""
    return [report.received_s for report in flight.reports if report.kind == "pong"]


def test_telecommands_are_obeyed_without_fram_and_over_a_reset(tmp_path):
    settings = ("fault.mb85rc1mt.kind=dead", "fault.mb85rc1mt.t_s=12.0")
    flight = Flight(tmp_path, 70.0, settings)
    encoder = flight.encoder
    flight.uplink(8.0, encoder.frame("ping"))
    flight.uplink(32.0, encoder.frame("arm", {"function": 0x21}))
    flight.uplink(34.0, encoder.frame("direct_reset"))
    flight.uplink(60.0, encoder.frame("ping"))
    flight.fly()
    assert [cause for _, cause in flight.world.boots] == [1, 3]
    assert [event[:2] for event in flight.events() if event[0] == COUNTERS] == [(COUNTERS, 1)]
    answered = pings(flight)
    assert len(answered) == 2 and answered[0] < 12.0 and answered[1] > 60.0
    assert flight.history.value("comms_hk", "counters_in") == 1
