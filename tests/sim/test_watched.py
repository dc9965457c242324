"""The bridge for firmware that may do anything: it answers all, and says why it cannot go on."""

import os
import select
import threading

import pytest

from sim.bridges.pipe import RX_NAME, TX_NAME, prepare
from sim.bridges.watched import ENDED, FINISHED, SILENT, WatchedBridge
from sim.protocol import E_INVAL, OP_HELLO, OP_WATCHDOG, REPLY_MAX, Request, encode_request
from sim.scenario import load
from sim.world import World

HELLO = encode_request(Request(OP_HELLO, 0, 0, 1, 0, b"\x01\x01\x00"))


class Process:
    """An emulator that runs until it is told to have ended."""

    def __init__(self):
        self.code = None

    def poll(self):
        return self.code


class Firmware:
    """Sends `messages` one after the other, each when the answer to the one before has come."""

    def __init__(self, folder, messages, process=None):
        prepare(folder)
        self.tx = os.open(folder / TX_NAME, os.O_RDWR)
        self.rx = os.open(folder / RX_NAME, os.O_RDWR)
        self.over, self._end = os.pipe()
        self.replies = []
        self._thread = threading.Thread(target=self._run, args=(messages, process), daemon=True)
        self._thread.start()

    def _run(self, messages, process):
        for message in messages:
            os.write(self.tx, message)
            # An answer that has come is read, even when nobody will give another.
            if self.rx not in select.select([self.rx, self.over], [], [])[0]:
                return
            self.replies.append(os.read(self.rx, 65536))
        if process is not None:
            process.code = 134

    def join(self):
        """The bridge answers no more: the replies there were."""
        os.close(self._end)
        self._thread.join(timeout=10)
        assert not self._thread.is_alive()
        for pipe in (self.tx, self.rx, self.over):
            os.close(pipe)
        return self.replies


def watch(folder, messages, process=None, ends=False, silence_s=0.3, duration_s=2.0):
    """(world, why it returned, replies, what `before` was called with)."""
    world = World(load("first-light", [f"duration_s={duration_s}"]))
    process = process or Process()
    seen = []
    firmware = Firmware(folder, messages, process if ends else None)
    with WatchedBridge(folder, seen.append) as bridge:
        why = bridge.watch(world, process, silence_s)
        replies = firmware.join()
        bridge.drain()
    return world, why, replies, seen


def kick(time_us):
    return encode_request(Request(OP_WATCHDOG, 0, 0, 0, time_us, b"\x01\x00\x00\x00"))


def test_a_flight_to_its_end(tmp_path):
    messages = [HELLO, *(kick(t) for t in range(100_000, 2_200_000, 100_000))]
    world, why, replies, seen = watch(tmp_path, messages[:21])
    assert why == FINISHED and world.finished
    assert seen == list(range(21)) and len(replies) == 21


@pytest.mark.parametrize(
    ("message", "reply_len"),
    [
        (b"\x02", 4),  # shorter than a header
        (b"\x99" * 12, 4),
        (encode_request(Request(2, 1, 0x0C, 6, 0, b"\0"))[:-1], 10),  # less data than announced
        (b"\xff" * 40, REPLY_MAX),
        (HELLO + HELLO, 5),  # two requests in one
    ],
)
def test_what_is_no_request_is_refused_at_the_length_it_asks_for(tmp_path, message, reply_len):
    world, why, replies, _ = watch(tmp_path, [HELLO, message])
    assert why == SILENT
    assert len(replies[1]) == reply_len
    assert int.from_bytes(replies[1][:2], "little", signed=True) == E_INVAL
    assert world.counters["refused_malformed"] == 1


def test_silence_and_the_end_of_the_emulator_are_told_apart(tmp_path):
    assert watch(tmp_path / "a", [HELLO])[1] == SILENT
    assert watch(tmp_path / "b", [HELLO], ends=True, silence_s=30.0)[1] == ENDED


def test_requests_without_end_at_the_same_time_are_a_hang(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.bridges.watched._STUCK_REQUESTS", 50)
    world, why, replies, _ = watch(tmp_path, [HELLO, *[kick(100_000)] * 200][:60], silence_s=5.0)
    assert why == SILENT and world.requests > 50 and len(replies) < 60


def test_what_was_left_in_the_pipes_is_forgotten(tmp_path):
    prepare(tmp_path)
    with WatchedBridge(tmp_path) as bridge:
        with open(tmp_path / TX_NAME, "wb", buffering=0) as pipe:
            pipe.write(b"half a request")
        bridge.drain()
        assert bridge.watch(World(load("first-light")), Process(), 0.1) == SILENT
