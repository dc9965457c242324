"""Starts that fail again and again: a pause, default parameters, safe mode until health."""

import pytest

from flight import mission
from flight.apps.power import definitions
from ground.dictionary import Dictionary
from ground.encode import Encoder
from native.cffi.loader import ffi, lib
from tests.boards.test_desktop import Flight

BOOTS = 6  # why survival has the computer
BATTERY_LOW_MV = 0x0101


def failed_starts(attempts):
    """Fill the FRAM with the boot record of an image that has failed so often."""

    def before(world):
        record = ffi.new("mf_boot_record_t *")
        lib.mf_boot_record_clear(record)
        record.generation, record.attempts[0] = 9, attempts
        image = ffi.new("uint8_t[]", 40)
        lib.mf_boot_record_pack(record, image)
        memory = world.spacecraft.devices["mb85rc1mt"].memory
        memory[0x100:0x128] = bytes(ffi.buffer(image))

    return before


def spacecraft_modes(flight):
    """(onboard time it was received at [s], mode) of every housekeeping packet."""
    return [
        (report.received_s, report.values["spacecraft_mode"])
        for report in flight.reports
        if report.name == "core_hk"
    ]


def test_after_four_failed_starts_python_waits_takes_defaults_and_stays_safe_until_it_is_healthy():
    flight = Flight("duration_s=130", before=failed_starts(4))
    beacons = [report for report in flight.reports if report.name == "survival_beacon"]
    assert {beacon.values["survival_reason"] for beacon in beacons} == {BOOTS}
    assert len(beacons) >= 2 and beacons[0].values["image_attempts"][0] == 5
    modes = spacecraft_modes(flight)
    start_s = modes[0][0]
    assert start_s >= 20.0, "20 s of survival first"
    assert {mode for t_s, mode in modes if t_s < start_s + 55.0} == {mission.SAFE}
    assert modes[-1][1] == mission.DETUMBLE, "a minute of heartbeats is health"
    memory = flight.world.spacecraft.devices["mb85rc1mt"].memory
    newest = max((bytes(memory[at : at + 40]) for at in (0x100, 0x180)), key=lambda c: c[4:8])
    assert newest[10:12] == bytes(2), "and clears the counts"


@pytest.mark.parametrize("attempts", [2, 4])
def test_what_was_set_counts_again_when_starts_do_not_fail_any_more(attempts):
    """A value that was stored is not used in a start after a reset loop, which may be its fault."""
    encoder = Encoder(Dictionary())

    def before(world):
        world.uplink(5.0, encoder.frame("set_parameters", {"power_battery_low_mV": 6100}))
        world.uplink(8.0, encoder.frame("arm", {"function": 0x21}))
        world.uplink(9.0, encoder.frame("direct_reset"))
        failed_starts(attempts - 2)(world)

    flight = Flight("duration_s=60", before=before)
    params = flight.outcome.mission.context.params
    (default,) = [row[5] for row in definitions.PARAMETERS if row[0] == BATTERY_LOW_MV]
    assert len(flight.outcome.causes) == 2 and default != 6100
    assert params.u16(params.place(BATTERY_LOW_MV)) == (6100 if attempts == 2 else default)
