"""What docs/yamcs.md tells an operator to type, typed: flight, station, servers of two partners."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from ground import keys
from tests.emulated import qemu
from tests.interop.spacecraft import free_ports
from tests.interop.yamcs_api import Yamcs

pytestmark = pytest.mark.interop

LOOKS = 600
LOOK_S = 0.2
STAGES = ("Verifier_Accepted_Status", "Verifier_Started_Status", "Verifier_Complete_Status")


class Process:
    """`microflight` with some arguments; ended as by Ctrl-C."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=qemu.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60.0)
        self._process.stdout.close()

    def says(self, pattern):
        """The first line that fits, read until it comes."""
        seen = []
        for line in self._process.stdout:
            seen.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError("".join(seen[-20:]))

    def look(self):
        """A moment later; it must still run."""
        try:
            status = self._process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"ended with {status}: {self._process.stdout.read()[-2000:]}")


class Server:
    """Yamcs as `microflight ground yamcs` says where it is."""

    def __init__(self, url: str) -> None:
        self.url = url


def own_keys(folder):
    """The development keys with counters of their own: those of a spacecraft never used."""
    made = folder / "keys"
    made.mkdir(mode=0o700)
    for name, key in keys.development().items():
        keys.write_key(made / f"{name}.key", key)
    return made


def test_two_partners_command_by_what_is_documented(tmp_path):
    qemu.firmware()
    base = free_ports()
    port, http = str(base), str(base + 50)
    with ExitStack() as stack:
        flying = stack.enter_context(
            Process(
                *("fly", "first-light", "--world", "qemu", "--no-live", "--duration", "7200"),
                *("--radio", str(base + 60), "--pace", "8"),
            )
        )
        flying.says("radio at")
        station = stack.enter_context(
            Process("ground", "station", "--radio", f"127.0.0.1:{base + 60}", "--port", port)
        )
        station.says("the station is up")
        servers = stack.enter_context(
            Process(
                *("ground", "yamcs", "host", "EC", "--folder", str(tmp_path)),
                *("--port", port, "--http", http, "--keys", str(own_keys(tmp_path))),
            )
        )
        urls = {
            name: servers.says(rf"yamcs [\d.]+: {name} at (http://\S+),")[1]
            for name in ("host", "EC")
        }
        for name, url in urls.items():
            yamcs = Yamcs(Server(url), name.lower())
            looks = iter(range(LOOKS))
            while not int(yamcs.link("TM")["dataInCount"]):
                assert next(looks) is not None
                flying.look()
            command = yamcs.command(f"/microflight/{name}/ping")
            while yamcs.stages(command).get("CommandComplete_Status") in (None, "PENDING"):
                assert next(looks) is not None
                station.look()
            assert [yamcs.stages(command)[stage] for stage in STAGES] == ["OK", "OK", "OK"]
            names = {row["id"]["name"] for row in yamcs.packets()}
            assert {"/microflight/pong", "/microflight/completion_success"} <= names
