"""Partners on the target: quotas, tasks, suspension, and memory that nobody may see."""

import struct

from elftools.elf.elffile import ELFFile

from flight.core import failures
from ground.keys import development
from tests.emulated import qemu
from tests.emulated.flight import Flight
from tests.emulated.test_mission import FLY


def symbol(name):
    """Address of a symbol of the development image."""
    with qemu.firmware().open("rb") as file:
        (found,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
        return found["st_value"]


def test_memory_is_read_by_the_list(tmp_path):
    flight = Flight(tmp_path, 32.0)
    image, keys = symbol("image_header"), symbol("port_link_secrets")
    wanted = [
        ("memory_dump", {"memory": 0, "address": image, "length": 64}, 0),
        ("memory_dump", {"memory": 0, "address": 0x08000000, "length": 8}, 0),
        ("memory_check", {"memory": 0, "address": keys - 1000, "length": 1000}, 0),
        ("memory_check", {"memory": 0, "address": keys - 1000, "length": 1001}, 31),
        ("memory_dump", {"memory": 0, "address": keys, "length": 32}, 31),
        ("memory_dump", {"memory": 0, "address": keys + 12 * 32 - 1, "length": 2}, 31),
        ("memory_dump", {"memory": 0, "address": 0x08080000, "length": 32}, 31),  # the other slot
        ("memory_dump", {"memory": 0, "address": 0x20000000, "length": 176}, 31),
        ("memory_dump", {"memory": 0, "address": 0x1FFFC000, "length": 8}, 31),
        ("memory_dump", {"memory": 0, "address": 0x40023801, "length": 2}, 31),
        ("memory_dump", {"memory": 0, "address": 0xFFFFFFFF, "length": 2}, 31),
        ("memory_dump", {"memory": 1, "address": 0x0800, "length": 64}, 31),
        ("memory_load", {"memory": 0, "address": image + 512, "data": "0000"}, 31),
        ("memory_load", {"memory": 1, "address": 0x1F000, "data": "patch"}, 0),
        ("memory_dump", {"memory": 1, "address": 0x1F000, "length": 5}, 0),
    ]
    for number, (name, values, _) in enumerate(wanted):
        flight.uplink(4.0 + 1.5 * number, flight.encoder.frame(name, values))
    flight.fly()
    answers = [event for event in flight.history.events if event.kind == "verification"]
    refused = [code for _, _, code in wanted if code]
    assert [answer.raw["code"] for answer in answers] == refused == [failures.PROTECTED] * 10
    assert flight.history.verified["completion_success"] == len(wanted) - len(refused)
    packets = [report.packet for report in flight.reports if report.packet.service == 6]
    dumps = [packet.data for packet in packets if packet.subtype == 6]
    assert [struct.unpack(">BBIB", data[:7])[2:] for data in dumps] == [
        (image, 64), (0x08000000, 8), (0x1F000, 5),
    ]  # fmt: skip
    assert dumps[0][7:11] == b"MFF1" and dumps[2][7:-2] == b"patch"
    secrets = list(development().values())
    assert not any(key[:8] in data for key in secrets for data in dumps)
    assert [packet.subtype for packet in packets].count(10) == 1


def test_a_flood_costs_its_sender_alone(tmp_path):
    """IR sends more than is his; EC has the payload measure, the host suspends IR."""
    flight = Flight(tmp_path, 112.0, ["initial.rate_deg_s=0.1"])
    encoder = flight.encoder
    for number in range(90):
        flight.uplink(20.0 + 0.25 * number, encoder.frame("ping", (), "IR"))
    flight.uplink(22.0, encoder.frame("science_task", {"duration": 20, "interval": 5}, "EC"))
    flight.uplink(30.0, encoder.frame("ping", (), "BY"))
    flight.uplink(50.0, encoder.frame("partner_suspend", {"owner": 2, "on": 1}))
    flight.uplink(52.0, encoder.frame("science_read", {"owner": 2}, "IR"))
    flight.uplink(53.0, encoder.frame("science_read", {"owner": 1}, "BY"))
    flight.fly()
    latest = flight.history.latest
    ir = latest["account_IR"].raw
    assert ir["tc_received"] == 91 and 15 <= ir["tc_over_rate"] <= 25
    assert ir["account_state"] & 3 == 1 and ir["tc_failure"] == failures.SUSPENDED
    assert ir["tc_accepted"] + ir["tc_refused"] == 91
    pongs = [report.owner for report in flight.reports if report.kind == "pong"]
    # What found no room on the way down is in his store.
    assert pongs.count("BY") == 1 and 50 < pongs.count("IR") <= ir["tc_accepted"]
    assert latest["account_EC"].raw["payload_used"] == 20
    assert [report.owner for report in flight.reports if report.name == "science"] == ["EC"]
    assert latest["account_BY"].raw["tc_refused"] == latest["account_EC"].raw["tc_refused"] == 0
    refused = [e for e in flight.history.events if e.kind == "verification"]
    assert {event.owner for event in refused} == {"IR"}
    assert len(flight.world.boots) == 1 and flight.decoder.summary()["bad_frames"] == 0


LOCKED = (
    FLY
    + """
fly(31000)
before = 0
before = obc.heap_total_allocated()
micropython.heap_lock()
fly(112000)
micropython.heap_unlock()
print(obc.heap_total_allocated() - before)
print(sum(scheduler.counters.errors))
"""
)


def test_accounts_tasks_and_memory_do_not_allocate(tmp_path):
    flight = Flight(tmp_path, 120.0, ["initial.rate_deg_s=0.1"])
    for t_s, name, values, owner in (
        (20.0, "science_task", {"duration": 60}, "IR"),
        (40.0, "science_read", {"owner": 2}, "IR"),
        (50.0, "science_release", {"owners": 3, "after": 0}, "IR"),
        (60.0, "memory_dump", {"memory": 1, "address": 0x1F000, "length": 60}, "host"),
        (62.0, "memory_check", {"memory": 1, "address": 0x1F000, "length": 600}, "host"),
        (70.0, "science_stop", {}, "IR"),
        (80.0, "power_switch", {"load": 1, "on": 1}, "EC"),  # refused
        (90.0, "partner_suspend", {"owner": 3, "on": 1}, "host"),
    ):
        flight.uplink(t_s, flight.encoder.frame(name, values, owner))
    flight.fly(LOCKED)
    assert flight.console.splitlines() == ["0", "0"] and flight.status == 0
