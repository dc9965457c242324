"""Storage of the mission on the target: kept, read back, and the same as on the desktop."""

from __future__ import annotations

import pytest

from boards.desktop import run
from cli.campaigns import powercut, powercut_qemu
from flight.apps.storage import definitions
from tests.emulated.flight import Flight, when_built

ALWAYS = {"from_s": 0, "from_fraction": 0, "to_s": 0x3FFFFFFF, "to_fraction": 0}
TIMELINE = (
    (12.0, "file_create", {"path": "", "name": "a.bin", "size": 10}),
    (16.0, "file_list", {"path": ""}),
    (18.0, "log_read", {"log": 0, "from_s": 0, "to_s": 0x3FFFFFFF}),
    (22.0, "store_retrieve", {"count": 1, "store": 0, **ALWAYS}),
    (24.0, "stores_report", {}),
)


def flight(folder):
    made = Flight(folder, 45)
    for t_s, name, values in TIMELINE:
        made.uplink(t_s, made.encoder.frame(name, values))
    return made


@pytest.fixture(scope="module")
def flown(tmp_path_factory):
    return flight(tmp_path_factory.mktemp("storage")).fly()


def test_logs_stores_and_files_answer(flown):
    events = {event: arguments for event, *arguments in flown.events()}
    assert events[0x0507][0] == 0 and events[0x0507][1] >= 10
    assert events[0x0508][0] == 0 and events[0x0508][1] >= 5
    logged = flown.history.columns["event_log"]["logged_event"]
    assert logged[:2] == [0x0001, 0x0002] and 0x0503 in logged
    names = [report.name for report in flown.reports]
    assert "file_list" in names and "store_status" in names
    assert flown.history.columns["storage_hk"]["file_faults"][-1] == 0


def test_the_desktop_keeps_the_same(flown, tmp_path):
    """Records that hold measured times differ in them; how many there are and how long does not."""
    other = flight(tmp_path)
    run.fly(other.world)
    kept = [powercut_qemu.contents(each.world) for each in (flown, other)]
    assert [damaged for _, damaged in kept] == [0, 0]
    sizes = [{n: [len(r) for r in records] for n, records in found.items()} for found, _ in kept]
    assert sizes[0] == sizes[1]
    events = len(definitions.STORES)
    assert kept[0][0][events] == kept[1][0][events]
    wear = [dict(each.world.spacecraft.flash.memory.wear) for each in (flown, other)]
    assert wear[0] == wear[1]


@pytest.mark.accept
@pytest.mark.parametrize("operation", [3, 40, 77, 120])
def test_a_power_cut_costs_the_write_in_flight_at_most(operation):
    row = powercut.fly_run(powercut.Cut(0, powercut_qemu.SUBJECT, operation, 1))
    assert (row["verdict"], row["cuts"]) == ("pass", 1), row


EVERY_RECORD_STORED = when_built("""
from flight.core import records
for record in records.ALL:
    record.save()
""")


def test_scrubbing_of_every_record_allocates_nothing(tmp_path):
    """On a young spacecraft few records have been stored: the others are scrubbed all the same."""
    flight = Flight(tmp_path, 160.0).fly(EVERY_RECORD_STORED)
    columns = flight.history.columns["core_hk"]
    settled = [
        allocated
        for uptime_s, allocated in zip(columns["uptime_s"], columns["heap_allocated"], strict=True)
        if uptime_s > 20
    ]
    assert len(settled) > 8
    assert set(settled) == {settled[0]}
    assert flight.history.latest["health_hk"].raw["fram_passes"] >= 1
