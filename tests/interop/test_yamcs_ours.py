"""Yamcs commands the firmware in QEMU through our FOP-1 and security: it holds no key."""

from __future__ import annotations

import random

import pytest

from ground import keys
from ground.yamcs import configuration
from tests.interop.spacecraft import Spacecraft
from tests.interop.yamcs_rig import Partner

pytestmark = pytest.mark.interop

LOSS = 0.3


@pytest.fixture(scope="module")
def craft(tmp_path_factory):
    """On a channel with wrong bits: one in ten thousand, each way."""
    noisy = ["radio.bit_error_rate=1e-4"]
    with Spacecraft(tmp_path_factory.mktemp("qemu"), noisy) as flying:
        yield flying


@pytest.fixture(scope="module")
def ir(craft, tmp_path_factory):
    settings = configuration.Settings(security=configuration.OURS)
    partner = Partner(craft, tmp_path_factory.mktemp("yamcs"), "IR", settings)
    with partner.running():
        yield partner


def test_a_partner_commands_and_sees_every_stage(ir, craft):
    found = ir.finished(ir.send("ping"))
    stages = [found[f"Verifier_{name}_Status"] for name in ("Accepted", "Started", "Complete")]
    assert stages == ["OK", "OK", "OK"]
    # In sequence, on his own channel, under his association.
    frame = craft.up[-1]
    assert frame[0] >> 4 == 0 and frame[2] >> 2 == ir.partner.vc
    assert int.from_bytes(frame[6:8], "big") == 3


def test_telemetry_is_archived(ir):
    ir.finished(ir.send("ping"))
    rows = ir.yamcs.packets()
    block = range(ir.partner.apid_base, ir.partner.apid_base + ir.partner.apid_count)
    assert rows
    assert {row["id"]["name"] for row in rows} >= {"/microflight/pong"}
    assert all(int.from_bytes(packet[:2], "big") & 0x7FF in block for packet in ir.packets)


def test_what_is_lost_is_sent_again_protected_anew(ir, craft):
    """Three frames in ten do not get through: every telecommand is executed, once."""
    source = random.Random(4)
    since, lost = len(craft.up), len(craft.lost)
    craft.lose = lambda number, frame: source.random() < LOSS
    pongs = sum(report.kind == "pong" for report in ir.reports)
    commands = []
    # A few at a time: the queue of reports on board is short, and all of a window may come at once.
    for _ in range(5):
        few = [ir.send("ping") for _ in range(3)]
        for command in few:
            assert ir.finished(command)["CommandComplete_Status"] == "OK"
        commands += few
    craft.lose = lambda number, frame: False
    assert len(craft.lost) > lost
    sent = [frame for frame in craft.up[since:] if frame[0] >> 4 == 0]
    assert len(sent) > len(commands)
    assert len({frame[8:20] for frame in sent}) == len(sent)
    assert sum(report.kind == "pong" for report in ir.reports) == pongs + len(commands)


def test_bits_were_wrong_and_corrected(craft):
    front_end = craft.station.front_end
    assert craft.world.channel.bit_errors > 0
    assert front_end.corrected > 0 and front_end.uncorrectable == 0


def test_yamcs_holds_no_key(ir):
    secrets = keys.development().values()
    for path in ir.operation.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(key in content for key in secrets), path
    assert not (ir.operation.home / "keys").exists()
