"""Frames, CLTUs and FARM-1 against the Java library ccsds.tmtc, in a process of its own."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from ground import cltu
from ground.fop import Fop
from ground.fop_table import ALERT, CONFIRMED
from ground.frames import Clcw
from tests.native.link_rig import Receiver, frame, packet, secured

pytestmark = pytest.mark.interop

FOLDER = Path(__file__).parent / "java"
LIBRARY = Path(__file__).resolve().parents[2] / "build" / "interop" / "java"
WINDOW = 20
STEP_US = 11_000_000  # control frames are carried out one in ten seconds


class Peer:
    """The library; one line is asked, one answered."""

    def __init__(self) -> None:
        java = shutil.which("java")
        assert java, "java is missing: make interop installs it"
        assert LIBRARY.is_dir(), "the library is missing: microflight interop fetches it"
        self._process = subprocess.Popen(
            [java, "-cp", f"{LIBRARY}/*", str(FOLDER / "Peer.java")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, word: str, octets: bytes) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{word} {octets.hex()}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip("\n")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture(scope="module")
def peer():
    started = Peer()
    yield started
    started.close()


def telecommands(flight):
    """Frames of the flight's telecommands, and the CLTUs they went up in."""
    for burst in flight.radiated:
        whole = burst[len(cltu.ACQUISITION) : -len(cltu.IDLE)]
        padded = cltu.decode(whole)
        yield padded[: (padded[2] << 8 & 0x300 | padded[3]) + 1], whole


def test_it_makes_the_cltus_that_we_radiate(peer, flight):
    count = 0
    for sent, whole in telecommands(flight):
        assert peer.ask("cltu", sent) == whole.hex()
        count += 1
    assert count == len(flight.commands)


@pytest.mark.parametrize("size", range(8, 219, 13))
def test_cltus_of_every_padding(peer, size):
    sent = secured(packet(size), iv=size)
    assert peer.ask("cltu", sent) == cltu.encode(sent).hex()
    assert bytes.fromhex(peer.ask("uncltu", cltu.encode(sent)))[: len(sent)] == sent


def test_it_reads_our_telecommand_frames(peer, flight):
    for sent, _ in telecommands(flight):
        kind, scid, vc, count, length, map_id, valid, security = peer.ask("tc", sent).split()
        assert (kind, scid, valid) == ("BD", str(0x2A5), "true")
        assert (vc, count) == (str(sent[2] >> 2), str(sent[4]))
        assert (length, map_id) == (str(len(sent)), "0")
        assert security == sent[6:20].hex()


def test_it_reads_every_telemetry_frame(peer, flight):
    channels = set()
    for received in flight.frames:
        vc = received[1] >> 1 & 7
        protected = vc in (1, 2, 3)
        answer = peer.ask("tms" if protected else "tm", received).split()
        scid, channel, master, count, pointer, idle, valid, ocf, size = answer
        assert (scid, channel, valid) == (str(0x2A5), str(vc), "true")
        assert (master, count) == (str(received[2]), str(received[3]))
        assert int(pointer) & 0x7FF == int.from_bytes(received[4:6], "big") & 0x7FF
        assert (idle == "true") == (vc == 7)
        assert ocf == received[-6:-2].hex()
        assert size == ("181" if protected else "211")
        channels.add(vc)
    assert channels >= {0, 1, 2, 3}


def test_a_damaged_frame_is_refused_by_it_too(peer, flight):
    sent, _ = next(telecommands(flight))
    for octet in (5, 12, len(sent) - 1):
        wrong = bytearray(sent)
        wrong[octet] ^= 0x10
        answer = peer.ask("tc", bytes(wrong))
        assert answer.startswith("refused") or answer.split()[6] == "false"


def transmissions(source, count):
    """A sender that gets lost in every way: (what it is, frame)."""
    expected = 0
    for iv in range(count):
        kind = source.choices(("next", "jump", "bd", "unlock", "set"), (12, 5, 2, 2, 1))[0]
        body = packet(source.randrange(8, 60))
        if kind == "next":
            yield kind, secured(body, iv=iv, kind="AD", ns=expected)
            expected = (expected + 1) & 0xFF
        elif kind == "jump":
            # In either part of the window, at its borders, and far outside.
            ns = expected + source.choice((-11, -10, -9, -1, 1, 8, 9, 10, 11, 100, 200)) & 0xFF
            yield kind, secured(body, iv=iv, kind="AD", ns=ns)
        elif kind == "bd":
            yield kind, secured(body, iv=iv, kind="BD")
        elif kind == "unlock":
            yield kind, frame(b"\x00", kind="BC")
        else:
            expected = source.randrange(256)
            yield kind, frame(bytes((0x82, 0, expected)), kind="BC")


@pytest.mark.parametrize("seed", range(6))
def test_farm_1_step_by_step(peer, seed):
    """The same frames to the FARM on board and to theirs: the same CLCW after each."""
    receiver = Receiver()
    peer.ask("farm", bytes((0, WINDOW, 0)))
    seen = set()
    for number, (kind, sent) in enumerate(transmissions(random.Random(seed), 300)):
        receiver.receive(sent, now_us=number * STEP_US)
        receiver.packets()
        vr, farm_b, lockout, wait, retransmit = receiver.farm(0)
        answer = peer.ask("frame", sent).split()
        ours = ["0", str(vr), *(str(bool(f)).lower() for f in (lockout, wait, retransmit))]
        assert answer == [*ours, str(farm_b & 3)], (number, kind)
        seen.add((kind, lockout, retransmit))
    assert {(kind, lockout) for kind, lockout, _ in seen} >= {
        ("next", False),
        ("jump", True),
        ("unlock", False),
        ("set", False),
    }
    assert any(retransmit for _, _, retransmit in seen)


class Sender:
    """Our FOP-1; what it radiates goes to the library's FARM unless it is lost."""

    def __init__(self, peer, seed, loss):
        self.peer, self.loss = peer, loss
        self.random = random.Random(seed)
        self.now_s = 0.0
        self.ivs = itertools.count()
        self.vr = 0
        self.delivered = []
        self.confirmed, self.wanted = [], []
        self.alerts = []
        self.fop = Fop(self, self.said, 5.0, 20, 8)

    def said(self, kind, detail):
        if kind == CONFIRMED and detail in self.wanted:
            self.confirmed.append(detail)
        elif kind == ALERT:
            self.alerts.append(detail)

    def radiate(self, sent, fdu=None):
        if self.random.random() < self.loss:
            return True
        self.word = self.peer.ask("frame", sent).split()
        if fdu is not None and int(self.word[1]) != self.vr:
            self.delivered.append(fdu)
        self.vr = int(self.word[1])
        return True

    def send_ad(self, sequence, fdu):
        # Protected anew each time, as the sender of docs/link.md section 4 has to.
        return self.radiate(secured(fdu, iv=next(self.ivs), kind="AD", ns=sequence), fdu)

    def send_bd(self, fdu):
        return self.radiate(secured(fdu, iv=next(self.ivs), kind="BD"))

    def send_bc(self, control):
        return self.radiate(frame(control, kind="BC"))

    def step(self):
        """A second, and a CLCW, if it gets through."""
        self.now_s += 1.0
        if self.random.random() >= self.loss:
            vc, value, lockout, wait, retransmit, farm_b = self.word
            flags = [text == "true" for text in (lockout, wait, retransmit)]
            self.fop.clcw(Clcw(int(vc), False, False, *flags, int(farm_b), int(value)), self.now_s)
        self.fop.tick(self.now_s)


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_our_fop_1_and_their_farm_1(peer, loss):
    """Everything comes, once and in order, whatever is lost."""
    sender = Sender(peer, 5, loss)
    sender.word = peer.ask("farm", bytes((0, WINDOW, 0))).split()
    sender.fop.initiate()
    wanted = [packet(12 + number % 40) for number in range(120)]
    sender.wanted = wanted
    waiting = list(wanted)
    while len(sender.confirmed) < len(wanted) and sender.now_s < 5000.0:
        if waiting and sender.fop.transfer(waiting[0], sender.now_s):
            waiting.pop(0)
        sender.step()
    assert sender.delivered == wanted
    assert sender.alerts == []
