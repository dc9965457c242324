"""The apps on a whole mission: what they do with healthy and with failing parts."""

import struct

import pytest

from flight import mission
from flight.core import failures
from ground import cltu, crc, encode
from ground.dictionary import Dictionary
from hal.drivers.mf_eps import ADDRESS as EPS
from hal.drivers.tmp108 import ADDRESS as TMP108
from tests.flight.rig import DETUMBLED, WELL, Rig, packets


@pytest.fixture
def rig():
    return Rig()


@pytest.fixture
def nominal(rig):
    rig.flags = WELL | DETUMBLED
    rig.fly(4)
    assert rig.modes.current == mission.NOMINAL
    return rig


def uplink(rig, name, values=None, owner="host"):
    frame = encode.Encoder(Dictionary()).frame(name, values or {}, owner)
    rig.board.radio.received.append(frame)


def reports(rig):
    return [(packet[7], packet[8]) for _, packet in packets(rig.board.radio.sent)]


def test_power_switches_by_mode_and_by_command(nominal):
    power = nominal.mission.apps["power"]
    assert nominal.power.switches == 0b0111
    assert power.switch(b"\x03\x01", 0, 0) == failures.OK
    assert nominal.power.switches == 0b1111
    nominal.modes.request(mission.SAFE, 1)
    nominal.fly(1)
    assert nominal.power.switches == 0b1101  # the heater is left as it was commanded
    nominal.fly(1)
    assert nominal.fields(0x0101)["switches"] == 0b1101


def test_a_switch_that_fails_is_reported_and_not_repeated(nominal):
    power = nominal.mission.apps["power"]
    nominal.set_faults(EPS, "nack")
    assert power.switch(b"\x03\x01", 0, 0) == failures.DEVICE_ERROR
    nominal.set_faults(EPS)
    nominal.fly(2)
    assert nominal.power.switches == 0b0111


def test_loads_of_a_mode_are_set_as_soon_as_the_eps_answers(nominal):
    nominal.set_faults(EPS, "timeout")
    nominal.modes.request(mission.DETUMBLE, 1)
    nominal.flags = WELL
    nominal.fly(1)
    assert nominal.power.switches == 0b0111
    nominal.set_faults(EPS)
    nominal.fly(1)
    assert nominal.power.switches == 0b0101


def test_switches_lost_in_a_brown_out_are_set_again(nominal):
    nominal.fly(1)
    nominal.power.switch(0)
    nominal.fly(2)
    assert nominal.power.switches == 0b0111
    nominal.fly(1)
    changes = [record[1:] for record in nominal.event_records() if record[0] == 0x0105]
    assert changes[-2:] == [(7, 0), (0, 7)]


def test_a_boot_with_all_loads_off_switches_the_radio_on():
    rig = Rig()
    rig.power.switch(0b1000)
    rig.fly(1.02)
    assert rig.power.switches == 0b1101  # the heater stays as it was found


def test_power_packet(nominal):
    hk = nominal.fields(0x0101)
    assert abs(hk["battery_voltage"] - nominal.power.battery_V * 1000) <= 2
    assert hk["battery_temperature"] == round(nominal.power.battery_C * 16)
    assert hk["power_state"] == 0 and hk["load_voltage"][3] == 0


def test_control_can_be_disabled_in_every_mode(rig):
    rig.fly(2)
    assert rig.commanded() == 1
    uplink(rig, "set_parameters", {"attitude_control_enabled": 0})
    rig.fly(2)
    assert rig.commanded() == 0
    attitude = rig.mission.apps["attitude"]
    assert attitude.control(b"\x01", 0, 0) == failures.REFUSED
    uplink(rig, "set_parameters", {"attitude_control_enabled": 1})
    rig.fly(2)
    assert rig.commanded() == 1


def test_control_command_holds_until_the_next_mode(rig):
    rig.fly(2)
    uplink(rig, "attitude_control", {"mode": 0})
    uplink(rig, "set_parameters", {"supervisor_retry_s": 30})
    rig.fly(5)
    assert rig.commanded() == 0 and rig.modes.current == mission.DETUMBLE
    rig.modes.request(mission.SAFE, 5)
    rig.fly(40)
    assert rig.modes.current == mission.DETUMBLE and rig.commanded() == 1


def test_report_is_copied_as_it_is(rig):
    rig.kernel.report[12:72] = bytes(range(100, 160))
    rig.fly(1.2)
    assert bytes(rig.context.store.record(0x0201).data[12:]) == bytes(range(100, 160))


def test_kernel_events_get_mission_time(rig):
    rig.kernel.events.append(struct.pack("<IHHI", 900, 0x0201, 0x10000 - 19, 0xC0000005))
    rig.kernel.events.append(struct.pack("<IHHI", 900, 0x02FF, 1, 2))
    rig.fly(1.2)
    records = rig.event_records()
    assert (0x0201, 19, 0xC0000005) in records  # the status shown as errno
    assert (0x0243, 0x02FF, 0) in records
    body = next(p[20:] for _, p in packets(rig.board.radio.sent) if p[26:28] == b"\x02\x01")
    assert struct.unpack(">IH", body[:6]) == (0, 900 * 65536 // 1000)


def test_a_loop_that_refuses_a_command_makes_an_event(rig):
    rig.kernel.refuse = -28
    rig.obey = lambda: None
    rig.fly(1.2)
    assert 0x0242 in rig.events()


def test_payload_samples_in_nominal_only(rig):
    rig.fly(20)
    assert rig.context.store.record(0x0401).posted_ms < 0
    rig.flags = WELL | DETUMBLED
    rig.celsius = -12.25
    rig.fly(30)
    sample = rig.fields(0x0401)
    assert sample["temperature"] == -196 and sample["payload_state"] == 1
    assert sample["sample_number"] == sample["samples_stored"] >= 4
    frames = [vc for vc, packet in packets(rig.board.radio.sent) if packet[7:9] == b"\x03\x19"]
    assert 1 in frames  # down on the partner's own channel


def test_payload_dump(nominal):
    assert nominal.mission.apps["payload"].dump(b"\x03", 0, 1) == failures.REFUSED
    for celsius in (1.0, 2.0, 3.0, 4.0):
        nominal.celsius = celsius
        nominal.fly(5)
    uplink(nominal, "payload_dump", {"count": 3}, "EC")
    nominal.fly(2)
    batch = nominal.fields(0x0402)
    assert batch["count"] == 3 and batch["temperatures"] == [32, 48, 64] + [0] * 9
    assert batch["interval_s"] == 5 and batch["first_fraction"] == 1966
    assert batch["first_seconds"] == 11


def test_payload_ring_keeps_the_newest(nominal):
    for number in range(70):
        nominal.celsius = number / 16
        nominal.fly(5)
    assert nominal.fields(0x0401)["samples_stored"] == 60
    nominal.mission.apps["payload"].dump(b"\x0c", 0, 1)
    assert nominal.fields(0x0402)["temperatures"] == list(range(58, 70))


def test_payload_interval_is_a_parameter(nominal):
    uplink(nominal, "set_parameters", {"payload_interval_s": 20}, "EC")
    nominal.fly(10)
    before = nominal.fields(0x0401)["sample_number"]
    nominal.fly(60)
    assert nominal.fields(0x0401)["sample_number"] - before == 3


def test_a_dead_instrument_is_an_event_and_no_danger(nominal):
    nominal.fly(5)
    nominal.set_faults(TMP108, "dead")
    nominal.fly(30)
    assert (0x0401, 19, 0) in nominal.event_records()
    assert nominal.fields(0x0401)["payload_state"] == 2
    assert nominal.modes.current == mission.NOMINAL
    nominal.set_faults(TMP108)
    nominal.fly(10)
    assert 0x0402 in nominal.events() and nominal.fields(0x0401)["payload_state"] == 1


def test_payload_can_be_stopped_by_command(nominal):
    nominal.fly(5)
    uplink(nominal, "payload_enable", {"on": 0}, "EC")
    nominal.fly(2)
    before = nominal.context.store.record(0x0401).posted_ms
    nominal.fly(20)
    assert nominal.context.store.record(0x0401).posted_ms == before


def test_replies_go_down_on_the_channel_of_the_sender(rig):
    rig.fly(1.6)
    del rig.board.radio.sent[:]
    uplink(rig, "ping", owner="EC")
    rig.fly(1.5)
    found = [(vc, packet[7], packet[8]) for vc, packet in packets(rig.board.radio.sent)]
    assert (1, 17, 2) in found and (0, 17, 2) not in found


def test_open_frames_go_down_every_second(rig):
    rig.fly(1.2)
    for _ in range(5):
        before = len(rig.board.radio.sent)
        del rig.board.radio.sent[:]
        rig.fly(1)
        assert len(rig.board.radio.sent) >= 1 and before >= 1


def test_a_full_radio_loses_nothing(rig):
    rig.board.radio.free = 0
    rig.fly(4)
    assert rig.board.radio.sent == []
    rig.board.radio.free = 10_000
    rig.fly(2)
    assert rig.events()[:4] == [0x0001, 0x0002, 0x0003, 0x0005]
    numbers = [frame[2] for frame in rig.board.radio.sent]
    assert numbers == list(range(len(numbers)))


def test_bad_frames_are_counted_and_the_next_good_one_works(rig):
    ping = encode.Encoder(Dictionary()).packet("ping")
    frame = rig.board.radio.station.frame(0, ping)
    rig.fly(1.2)
    forged = crc.append_crc(frame[:30] + b"\xff" + frame[31:-2])
    for bad in (frame[:-9], frame[:9] + b"\xff" + frame[10:], forged):
        rig.board.radio.received.append(cltu.burst(bad))
        rig.fly(0.5)
    rig.board.radio.received.append(cltu.burst(frame))
    rig.fly(11)
    hk = rig.fields(0x0302)
    assert (hk["frames_received"], hk["frames_refused"]) == (4, 3)
    refused = [record[1:] for record in rig.event_records() if record[0] == 0x0303]
    assert refused == [(1, 1), (1, 1), (5, 1)], "length, checksum, tag"
    assert (17, 2) in reports(rig)


def test_a_silent_radio_is_found_again(rig):
    rig.fly(2)
    rig.board.radio.status = -110
    rig.fly(5)
    assert rig.fields(0x0302)["radio_state"] in (0, 2)
    rig.board.radio.status = 0
    rig.fly(12)
    assert (0x0301, 110, 0) in rig.event_records() and 0x0302 in rig.events()
    assert rig.fields(0x0302)["radio_state"] == 2 and rig.fields(0x0302)["radio_errors"] > 3
    assert rig.scheduler.counters.errors[5] == 0


def test_carrier_off_keeps_telemetry_waiting(rig):
    rig.fly(2)
    uplink(rig, "comms_carrier", {"on": 0})
    rig.fly(0.6)
    before = len(rig.board.radio.sent)
    rig.fly(3)
    assert len(rig.board.radio.sent) == before and rig.board.radio.settings[-1] == (0, 3)
    uplink(rig, "comms_carrier", {"on": 1})
    rig.fly(1)
    assert len(rig.board.radio.sent) > before


def test_heap_growth_and_the_parameter_demand_collections(rig):
    rig.fly(15)
    boot = rig.board.collections
    rig.board.heap = 20_000
    rig.fly(10)
    assert rig.board.collections == boot + 1
    rig.fly(30)
    assert rig.board.collections == boot + 1
    uplink(rig, "set_parameters", {"sched_gc_every_s": 2})
    rig.fly(20)
    assert boot + 9 <= rig.board.collections <= boot + 12


def test_schedule_packet_shows_every_app(rig):
    rig.fly(12)
    schedule = rig.fields(0x0002)
    apps = len(mission.APPS)
    assert schedule["app_state"] == [1] * apps + [0] * (16 - apps)
    assert schedule["app_errors"] == [0] * 16
