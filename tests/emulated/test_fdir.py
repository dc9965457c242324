"""Launch, deployables and monitors in the firmware: inhibited, burnt, confirmed, watched."""

import struct

from flight.core.records import HEADER_SIZE, TwoCopies
from ground import monitoring
from tests.emulated.flight import Flight
from tests.flight.fakes import Fram

BURN, OUT = 0x0703, 0x0704
VIOLATED, BACK = 0x0713, 0x0711
LIMIT_S = 2700  # fdir_launch_inhibit_s


def separated(world, launch_s):
    """The record of a spacecraft that separated so long ago, as flight/core/leop.py stores it."""
    fram = Fram()
    record = TwoCopies(fram, 0x300, 0x380, 12, 1)
    struct.pack_into(">BBBBBBHI", record.image, HEADER_SIZE, 0, 0, 0, 0, 0, 0, launch_s, 0)
    assert record.save() == 0
    world.spacecraft.devices["mb85rc1mt"].memory[0x300:0x400] = fram.memory[0x300:0x400]


def test_the_launch_is_silent_and_then_both_deployables_come_out(tmp_path):
    flight = Flight(tmp_path, 75.0, ('initial.deployed="no"',))
    separated(flight.world, LIMIT_S - 20)
    flight.fly()
    assert flight.status is None
    first_s = min(report.received_s for report in flight.reports)
    assert first_s >= 19.0, "nothing is emitted before the time is over"
    told = [event[:2] for event in flight.events() if event[0] in (BURN, OUT)]
    assert told == [(BURN, 0), (OUT, 0), (BURN, 1), (OUT, 1)]
    deployables = flight.world.spacecraft.power.deployables
    assert deployables.deployed == 3
    assert flight.history.value("fdir_hk", "deployed") == 3


def test_a_monitor_by_telecommand_is_violated_and_within_limits_again(tmp_path):
    """The heater comes on by command, beyond what the monitor allows, and goes off."""
    flight = Flight(tmp_path, 40.0)
    encoder = flight.encoder
    monitor = monitoring.monitor(
        flight.dictionary, number=40, packet="power_hk", field="switches", low=0, high=7,
        back_low=0, back_high=7, persistence=2,
    )  # fmt: skip
    flight.uplink(8.0, encoder.frame("monitor_add", monitor))
    flight.uplink(14.0, encoder.frame("power_switch", {"load": 3, "on": 1}))
    flight.uplink(24.0, encoder.frame("power_switch", {"load": 3, "on": 0}))
    flight.fly()
    told = [event[:2] for event in flight.events() if event[0] in (VIOLATED, BACK)]
    assert told == [(VIOLATED, 40), (BACK, 40)]
