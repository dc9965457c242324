"""A parameter image on its way from the ground into the firmware: uploaded, taken, and kept."""

from cli.file_link import FileLink
from ground import parameter_image
from tests.emulated.flight import Flight

REFUSED, LOADED = 0x0509, 0x050A


def test_an_image_that_is_uploaded_is_in_use_and_outlives_a_reset(tmp_path):
    flight = Flight(tmp_path, 75.0)
    values = {"supervisor_retry_s": 77, "attitude_rod_dipole": 0.15}
    good = parameter_image.image(flight.dictionary, values)
    for name, data in (("good", good), ("bad", good[:-1] + bytes((good[-1] ^ 1,)))):
        (tmp_path / name).write_bytes(data)
    link = FileLink(flight, "host", tmp_path)
    link.upload(12.0, tmp_path / "good", "parameters-0")
    link.upload(22.0, tmp_path / "bad", "parameters-1")
    encoder = flight.encoder
    flight.uplink(32.0, encoder.frame("parameters_load", {"number": 0}))
    flight.uplink(37.0, encoder.frame("parameters_load", {"number": 1}))
    flight.uplink(42.0, encoder.frame("arm", {"function": 0x21}))
    flight.uplink(44.0, encoder.frame("direct_reset"))
    flight.uplink(65.0, encoder.frame("report_parameters", list(values)))
    flight.fly()
    told = [event for event in flight.events() if event[0] in (REFUSED, LOADED)]
    assert told == [(LOADED, 2, 1), (REFUSED, 65535, 3)]
    assert len(flight.world.boots) == 2
    found = flight.history.parameters
    assert {name: round(float(found[name]), 6) for name in values} == values
