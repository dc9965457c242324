"""The attitude loop on the target: what the ground may ask of it, bit by bit as sent; and mission
time over a restart of Python."""

import struct

from ground import crc
from ground.encode import PARAMETERS_PER_REPORT
from tests.boards import attitude_requests
from tests.boards.attitude_requests import EPOCH_S
from tests.emulated.flight import Flight
from tests.emulated.test_mission import CRASH


def test_every_request_ends_as_it_must(tmp_path):
    flight = Flight(tmp_path, attitude_requests.END_S)
    identifiers = attitude_requests.uplink(flight.uplink)
    flight.fly()
    attitude_requests.check(flight.history, flight.reports, identifiers)
    assert flight.decoder.summary()["bad_frames"] == 0 and len(flight.world.boots) == 1


def test_mission_time_outlives_a_restart_of_python(tmp_path):
    """The kernel keeps it; the loop's orbit stays, packets go on with the same time."""
    flight = Flight(tmp_path, 60.0)
    encoder = flight.encoder
    set_s, sent_s = EPOCH_S + 5, 5.0
    flight.uplink(sent_s, encoder.frame("set_time", {"seconds": set_s, "fraction": 0}))
    lines = {"line1": attitude_requests.LINE1, "line2": attitude_requests.LINE2}
    flight.uplink(8.0, encoder.frame("attitude_tle", lines))
    flight.fly(CRASH)
    assert flight.status is None and len(flight.world.boots) == 1
    restarts = [report for report in flight.reports if report.kind == "event" and report.id == 1]
    assert [event.raw["arg0"] >> 8 for event in restarts] == [1, 6], "power on, VM restart"
    core = flight.history.latest["core_hk"]
    assert core.raw["time_quality"] == 1 and core.raw["reset_cause"] == 6
    after = [report for report in flight.reports if report.time_s > EPOCH_S]
    assert len(after) > 100
    offsets = [report.received_s - (report.time_s - EPOCH_S) for report in after]
    late = [offset for report, offset in zip(after, offsets, strict=True) if report.received_s > 30]
    early = [
        offset for report, offset in zip(after, offsets, strict=True) if report.received_s < 20
    ]
    # What waits for its frame or in a queue comes later, never earlier.
    assert abs(min(late) - min(early)) < 0.1
    estimates = [r.raw for r in flight.reports if r.name == "attitude_estimate"]
    assert estimates[-1]["flags"] & attitude_requests.ORBIT_VALID


def test_every_parameter_is_what_the_dictionary_says(tmp_path):
    """Bit by bit in single precision, as written for people; and what is set is what is kept."""
    flight = Flight(tmp_path, 70.0)
    encoder = flight.encoder
    parameters = flight.dictionary.parameters
    changed = {"attitude_mag_1_bias_x": -1.5e-6, "attitude_elevation_min": -0.1}
    flight.uplink(5.0, encoder.frame("set_parameters", changed))
    refused = {"attitude_mag_1_bias_y": 1e-3}
    beyond = bytearray(encoder.packet("set_parameters", refused)[:-2])
    beyond[-4:] = struct.pack(">f", 1.001e-3)
    flight.uplink(8.0, encoder.burst(crc.append_crc(bytes(beyond))))
    names = list(parameters)
    for number, first in enumerate(range(0, len(names), PARAMETERS_PER_REPORT)):
        part = names[first : first + PARAMETERS_PER_REPORT]
        flight.uplink(40.0 + 3.0 * number, encoder.frame("report_parameters", part))
    flight.fly()
    wanted = {name: row.default for name, row in parameters.items()} | changed
    for name, row in parameters.items():
        code = ">" + row.type.code
        assert (
            flight.history.parameters[name]
            == struct.unpack(code, struct.pack(code, wanted[name]))[0]
        )
    refusals = [r.raw["code"] for r in flight.reports if r.name == "acceptance_failure"]
    assert [flight.dictionary.failures[code] for code in refusals] == ["out_of_range"]
    # Nothing that the dictionary allows is refused by the loop.
    assert flight.history.latest["attitude_devices"].raw["commands_refused"] == 0
