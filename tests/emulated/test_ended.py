"""A flight that is told to end takes its emulator along."""

import signal
import subprocess
import sys

import pytest

from cli.worlds import ROOT

FLY = ("fly", "first-light", "--world", "qemu", "--live", "--duration", "86400")


def emulators():
    """Numbers of processes and of their parents, of those that have not ended."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in table.stdout.splitlines()]
    return {row[0]: row[1] for row in rows if "qemu" in row[3] and not row[2].startswith("Z")}


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_emulator_ends_with_its_flight(number, code):
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *FLY],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        # Its first lines: the second is of telemetry, so the emulator runs.
        assert process.stdout.readline() and process.stdout.readline()
        (own,) = [pid for pid, parent in emulators().items() if parent == str(process.pid)]
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(60) == code
    finally:
        process.kill()
        process.stdout.close()
    assert own not in emulators()
