"""LibreCube's cfdp in either role against the entity on board, with loss each way.

Its timers and its handling of events run in threads, by the clock on the wall: the line hands over
what comes, and lets a second of the spacecraft pass whenever nothing did for a moment.
"""

from __future__ import annotations

import functools
import hashlib
import queue
import random
import time
from pathlib import Path
from typing import Any

import cfdp.core
import pytest
from cfdp import CfdpEntity, TransmissionMode
from cfdp.filestore import NativeFileStore
from cfdp.transport.base import Transport

from flight.core import cfdp_table as table
from flight.packets.file_units import ENTITY, GROUND_ENTITY
from tests.flight.cfdp_rig import Onboard, content, write

MODULAR = 0
SEGMENT_B = 200
MOMENT_S = 0.02
PATIENCE_S = 60.0


class Wire(Transport):
    """What the peer sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: queue.Queue[bytes] = queue.Queue()

    def request(self, data: bytes) -> None:
        self.sent.put(bytes(data))


class Peers:
    """The spacecraft and LibreCube's entity of the host."""

    def __init__(self, folder: Path, loss: float, seed: int) -> None:
        self.folder = folder
        self.onboard = Onboard()
        # It answers a request with one unit, however long: requests no longer than a segment.
        self.onboard.table.span_B = SEGMENT_B
        self.wire = Wire()
        self.entity = CfdpEntity(
            GROUND_ENTITY,
            NativeFileStore(str(folder)),
            self.wire,
            transaction_inactivity_limit=None,
            positive_ack_timer_interval=0.2,
            positive_ack_timer_expiration_limit=None,
            nak_timer_interval=0.3,
            nak_timer_expiration_limit=None,
        )
        self.loss = loss
        self.noise = random.Random(seed)
        self.lost = 0

    def gone(self) -> bool:
        gone = self.noise.random() < self.loss
        self.lost += gone
        return gone

    def until(self, over: Any) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not over():
            assert time.monotonic() < end_s, "not over"
            try:
                pdu = self.wire.sent.get(timeout=MOMENT_S)
            except queue.Empty:
                self.onboard.second()
            else:
                if not self.gone():
                    self.onboard.take(pdu)
            for pdu in self.onboard.drain():
                if not self.gone():
                    self.entity.pdu_received(pdu)


@pytest.fixture
def peers(request, tmp_path, monkeypatch):
    short = functools.partial(cfdp.core.Transaction, maximum_file_segment_length=SEGMENT_B)
    monkeypatch.setattr(cfdp.core, "Transaction", short)
    made = Peers(tmp_path, request.param, seed=5)
    yield made
    made.entity.shutdown()


@pytest.mark.parametrize("peers", [0.0, 0.1, 0.3], indirect=True)
def test_it_sends_and_the_spacecraft_receives(peers):
    data = content(20_001)
    write(peers.folder, "source", data)
    number = peers.entity.put(
        ENTITY,
        source_filename="/sent/source",
        destination_filename="a.bin",
        transmission_mode=TransmissionMode.ACKNOWLEDGED,
        checksum_type=MODULAR,
    )
    onboard = peers.onboard
    peers.until(lambda: peers.entity.is_complete(number) and not onboard.table.is_busy(0))
    received = onboard.memory.files[b"f0/a.bin"]
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()
    assert onboard.field(0, table.CONDITION) == 0
    assert (peers.lost > 0) == (peers.loss > 0)


@pytest.mark.parametrize("peers", [0.0, 0.1, 0.3], indirect=True)
def test_the_spacecraft_sends_and_it_receives(peers):
    data = content(20_002)
    onboard = peers.onboard
    onboard.memory.files[b"f0/b.bin"] = data
    onboard.cfdp.hear(0, 60000)
    onboard.download("b.bin", kind=MODULAR)
    peers.until(lambda: not onboard.table.is_busy(table.OWNERS))
    assert onboard.cfdp.sender.downloads == 1
    received = (peers.folder / "b.bin").read_bytes()
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()
    assert (peers.lost > 0) == (peers.loss > 0)
