"""A spacecraft operated as operators do it, by commands in processes of their own: the firmware in
the emulator, the ground station without a key, and partners with theirs alone."""

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ground import keys
from tests.emulated import qemu
from tests.ground.ports import free_block

ROOT = Path(__file__).resolve().parents[2]
PACE = "15"
END_S = 180  # more than anything takes on a computer with other things to do


class Process:
    """One `microflight …` with its output in a file."""

    def __init__(self, folder, name, *words):
        self.path = folder / f"{name}.log"
        self._file = self.path.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli", *words],
            cwd=ROOT,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    def text(self):
        return self.path.read_text(encoding="utf-8")

    def tail(self):
        """Its last words: a flight that is watched fills megabytes."""
        return self.text()[-4000:]

    def line(self, pattern):
        """The first match in what it says; it has said it, or ended."""
        for _ in range(END_S * 20):
            found = re.search(pattern, self.text())
            if found:
                return found
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            found = re.search(pattern, self.text())
            assert found, self.tail()
            return found
        raise AssertionError(self.tail())

    def end(self):
        """Ask it to end, as Ctrl-C does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(END_S)
        self._file.close()
        return code


def keys_of(owner, folder):
    """A folder with the owner's keys and nothing else, as he would have it."""
    keys.make_folder(folder)
    every = keys.development()
    for name in keys.names(owner):
        keys.write_key(folder / f"{name}.key", every[name])
    return folder


@pytest.fixture
def operations(tmp_path):
    """Flight and station; gives a function that starts an action of an owner."""
    elf = qemu.firmware()
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed: make setup")
    words = ("--world", "qemu", "--elf", str(elf), "--radio", "0", "--pace", PACE, "--no-live")
    flight = Process(tmp_path, "flight", "fly", "first-light", *words, "--duration", "3000")
    started = [flight]
    try:
        port = flight.line(r"radio at 127\.0\.0\.1:(\d+)").group(1)
        base = free_block()
        radio = ("--radio", f"127.0.0.1:{port}", "--port", str(base))
        station = Process(tmp_path, "station", "ground", "station", *radio)
        started.append(station)
        station.line("the station is up")

        def act(owner, name, *words):
            folder = tmp_path / f"keys-{owner}"
            if not folder.exists():
                keys_of(owner, folder)
            rest = ("--owner", owner, "--keys", str(folder), "--station", f":{base}")
            process = Process(tmp_path, f"{owner}-{name}", "ground", *words, *rest)
            started.append(process)
            return process

        yield act
        assert station.process.poll() is None and flight.process.poll() is None
    finally:
        for process in reversed(started):
            process.end()


def test_two_partners_command_and_read_at_once(operations):
    watches = {owner: operations(owner, "watch", "watch", "--json") for owner in ("EC", "BY")}
    for process in watches.values():
        process.line('"packet": "power_hk"')  # who looks in late misses the answers
    sends = {owner: operations(owner, "send", "send", "ping") for owner in watches}
    for process in sends.values():
        assert process.process.wait(END_S) == 0, process.text()
        said = process.text()
        for stage in ("sent, AD", "accepted", "started", "completed"):
            assert re.search(rf"\d ping +{stage}$", said, re.M), said
    for owner, process in watches.items():
        for name in ("completion_success", "pong"):
            process.line(rf'"owner": "{owner}", "packet": "{name}"')
        assert process.end() == 0
        rows = [json.loads(line) for line in process.text().splitlines()]
        assert {row["owner"] for row in rows} <= {owner, "host"}
