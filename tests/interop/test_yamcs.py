"""Yamcs with its own security commands the firmware in QEMU and archives its telemetry."""

from __future__ import annotations

import base64
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ground import keys, station
from ground.encode import PACKET_MAX
from ground.security import association
from ground.yamcs import configuration
from tests.interop.spacecraft import Spacecraft
from tests.interop.yamcs_rig import DICTIONARY, Partner

pytestmark = pytest.mark.interop

STAGES = ("Verifier_Accepted_Status", "Verifier_Started_Status", "Verifier_Complete_Status")


@pytest.fixture(scope="module")
def craft(tmp_path_factory):
    with Spacecraft(tmp_path_factory.mktemp("qemu")) as flying:
        yield flying


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("yamcs")


@pytest.fixture(scope="module")
def settings():
    return configuration.Settings()


@pytest.fixture(scope="module")
def host(craft, home, settings):
    partner = Partner(craft, home, "host", settings)
    with partner.running():
        yield partner


@pytest.fixture(scope="module")
def ec(craft, home, settings, host):
    partner = Partner(craft, home, "EC", settings)
    with partner.running():
        yield partner


@pytest.mark.parametrize("name", ["host", "ec"])
def test_a_partner_commands_and_sees_every_stage(name, request, craft):
    partner = request.getfixturevalue(name)
    found = partner.finished(partner.send("ping"))
    assert [found[stage] for stage in STAGES] == ["OK", "OK", "OK"]
    assert found["CommandComplete_Status"] == "OK"
    # On his own channel, unsequenced, protected under his own association.
    frame = craft.up[-1]
    _, spi = association(partner.partner.vc)
    assert frame[0] >> 4 == 0b0010 and frame[2] >> 2 == partner.partner.vc
    assert int.from_bytes(frame[6:8], "big") == spi
    assert any(report.kind == "pong" for report in partner.reports)


def test_a_refusal_shows_its_reason(host):
    refused = host.finished(host.send("sequence_activate", {"number": 200}))
    assert refused["CommandComplete_Status"] == "NOK"
    reasons = [str(value) for name, value in refused.items() if name.endswith("_Message")]
    assert any(reason in DICTIONARY.failures.values() for reason in reasons), refused


def test_parameters_are_set_and_read_back(host, craft):
    assert (
        host.finished(host.send("set_comms_idle_s", {"value": 20}))["CommandComplete_Status"]
        == "OK"
    )
    host.finished(host.send("report_comms_idle_s"))
    craft.until(lambda: host.yamcs.parameter("/microflight/parameter_comms_idle_s") == 20)


def archived(partner, least):
    """The archive's packets by their octets, once it has so many of those after it began."""

    def found():
        rows = {base64.b64decode(row["packet"]): row for row in partner.yamcs.packets()}
        return rows if len(rows) >= least else None

    return partner.craft.until(found)


@pytest.mark.parametrize("name", ["host", "ec"])
def test_every_packet_is_archived_as_it_came(name, request):
    partner = request.getfixturevalue(name)
    partner.finished(partner.send("ping"))
    ours = list(partner.packets)

    def complete():
        rows = archived(partner, 4)
        first = next(at for at, packet in enumerate(ours) if packet in rows)
        return rows if set(ours[first:]) <= set(rows) else None

    rows = partner.craft.until(complete)
    assert set(rows) <= set(partner.packets)


@pytest.mark.parametrize("name", ["host", "ec"])
def test_packets_keep_their_onboard_time(name, request):
    partner = request.getfixturevalue(name)
    partner.finished(partner.send("ping"))
    epoch = datetime.fromisoformat(DICTIONARY.epoch.replace("Z", "+00:00"))
    timed = 0
    for packet, row in archived(partner, 4).items():
        # A time report has no secondary header: rate octet, P-field, time.
        at = 14 if packet[0] & 0x08 else 8
        seconds = int.from_bytes(packet[at : at + 4], "big")
        fraction = int.from_bytes(packet[at + 4 : at + 6], "big")
        expected = epoch + timedelta(seconds=seconds + fraction / 65536)
        shown = datetime.fromisoformat(row["generationTime"].replace("Z", "+00:00"))
        assert abs(shown - expected) <= timedelta(milliseconds=1)
        timed += at == 8
    assert timed > 0 or name != "host"


def test_yamcs_reads_the_values_that_we_read(host, craft):
    """Every field of the newest housekeeping packet that both have."""
    name = "power_hk"
    rows = {base64.b64decode(row["packet"]): row for row in host.yamcs.packets()}
    report = next(
        r
        for r in reversed(host.reports)
        if r.name == name and any(r.packet.data in p for p in rows)
    )
    generation = next(row["generationTime"] for p, row in rows.items() if report.packet.data in p)
    archive = f"archive/host/parameters/microflight/{name}"
    query = f"start={generation}&limit=1&order=asc"
    expected = {}
    for field, value in report.raw.items():
        if isinstance(value, list):
            expected.update({f"{field}_{n}": one for n, one in enumerate(value)})
        else:
            expected[field] = value
    for field, value in expected.items():
        shown = host.yamcs.get(f"{archive}_{field}?{query}")["parameter"][0]
        assert shown["generationTime"] == generation
        number = next(v for key, v in shown["rawValue"].items() if key != "type")
        assert float(number) == pytest.approx(float(value)), field


def test_a_lost_frame_is_not_taken_for_done(ec, craft):
    lost = len(craft.up)
    craft.lose = lambda number, frame: number == lost
    away = ec.send("ping")
    craft.until(lambda: len(craft.lost) == 1)
    assert ec.finished(ec.send("ping"))["CommandComplete_Status"] == "OK"
    found = ec.yamcs.stages(away)
    assert found["Acknowledge_Sent_Status"] == "OK"
    assert found["Verifier_Accepted_Status"] in ("PENDING", "TIMEOUT")
    assert "CommandComplete_Status" not in found


def test_a_server_holds_no_other_key(host, ec, home):
    kept = {path.name: path.read_bytes() for path in (home / "ec" / "keys").iterdir()}
    assert set(kept) == {"tc-EC.key", "tm-EC.key"}
    others = [key for name, key in keys.development().items() if not name.endswith("-EC")]
    for path in (home / "ec").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(key in content for key in others), path


def test_a_server_sees_nobody_elses_packets(host, ec):
    host.finished(host.send("ping"))
    block = range(ec.partner.apid_base, ec.partner.apid_base + ec.partner.apid_count)
    rows = archived(ec, 1)
    assert all(int.from_bytes(packet[:2], "big") & 0x7FF in block for packet in rows)


def test_another_partners_telecommand_is_unknown(ec):
    with pytest.raises(AssertionError, match="No such command"):
        ec.yamcs.command("/microflight/host/ping")


@pytest.mark.parametrize(("size", "fits"), [(PACKET_MAX, True), (PACKET_MAX + 1, False)])
def test_the_longest_packet_and_one_more(host, craft, size, fits):
    """Yamcs does not cut packets into segments: what is longer than a frame is refused by it."""
    overhead = 11 + 1 + 1 + 6 + 2  # headers, sub-schedule, count, time, CRC
    inner = bytes([0x19]) * (size - overhead)
    before = len(craft.up)
    values = {"sub": 0, "seconds": 0, "fraction": 0, "packet": inner.hex()}
    command = host.send("schedule_insert", values)
    if fits:
        # It goes up, and the spacecraft refuses what is inside.
        found = host.finished(command)
        assert len(craft.up) == before + 1 and len(craft.up[-1]) == 256
        assert (
            found["Verifier_Accepted_Status"] == "NOK" or found["CommandComplete_Status"] == "NOK"
        )
    else:
        found = host.finished(command)
        assert len(craft.up) == before
        assert "too large" in found["CommandComplete_Message"]


@pytest.mark.parametrize("option", ["pus11ScheduleAt", "cop1Bypass", "ccsdsMapId"])
def test_options_are_refused(ec, craft, option):
    value = {"type": "STRING", "stringValue": "1"}
    before = len(craft.up)
    with pytest.raises(AssertionError, match="CommandOptions"):
        ec.yamcs.command("/microflight/EC/ping", None, **{option: value})
    for path in ("sdls/ec/TC/2/seq", "sdls/ec/TC/2", "cop1/ec/TC.vc1/status"):
        with pytest.raises(AssertionError, match="ControlLinks|ReadLinks|COP-1|40[34]"):
            ec.yamcs.get(path)
    assert len(craft.up) == before


def test_the_page_is_served_on_this_computer(ec):
    page = ec.yamcs.url.replace("/api", "/")
    with urllib.request.urlopen(page, timeout=30.0) as answer:
        assert b"<html" in answer.read().lower()
    port = int(page.rsplit(":", 1)[1].strip("/"))
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    addresses = {
        row.split()[1].rpartition(":")[0]
        for row in listening.splitlines()
        if row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A"
    }
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert addresses and addresses <= loopback


def test_nobody_can_log_in(ec):
    url = ec.yamcs.url.replace("/api", "/auth/token")
    for name, password in (("admin", "admin"), ("guest", "guest"), ("System", "")):
        form = urllib.parse.urlencode(
            {"grant_type": "password", "username": name, "password": password}
        )
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(url, form.encode(), timeout=30.0)


def test_counters_go_on_after_a_restart_of_the_server(craft, home, settings, host, monkeypatch):
    partner = Partner(craft, home, "IR", settings)
    with partner.running():
        assert partner.finished(partner.send("ping"))["CommandComplete_Status"] == "OK"
        before = craft.up[-1][8:20]
    # The station waits a minute before it takes another sender of datagrams for the channel.
    monkeypatch.setattr(station, "HELD_S", 0.0)
    with partner.running():
        assert partner.finished(partner.send("ping"))["CommandComplete_Status"] == "OK"
        assert craft.up[-1][8:20] > before
