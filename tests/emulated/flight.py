"""The firmware in QEMU with the whole simulated spacecraft behind its device bus, and the ground's
view of it: what a test of the mission on the target needs."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path

from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.encode import Burst, Encoder
from ground.frontend import FrontEnd
from ground.history import History
from sim.bridges import pipe
from sim.errors import BridgeError
from sim.scenario import load
from sim.world import World
from tests.emulated import qemu


def when_built(work: str) -> str:
    """Script for `Flight.fly`: statements that see the `mission` after it is built and before it
    runs, in every VM."""
    return f"""
import obc, sys
from boards import compose
build = compose.build
def built(board):
    mission = build(board)
{textwrap.indent(textwrap.dedent(work).strip(), "    ")}
    return mission
compose.build = built
sys.exit()
"""


class Flight:
    """One flight of `duration_s`; `uplink` before `fly`. Afterwards `world`, `history`, `reports`,
    `decoder` and `console` say how it went."""

    def __init__(self, folder: Path, duration_s: float, settings: Sequence[str] = ()) -> None:
        scenario = load("first-light", [f"duration_s={duration_s}", *settings])
        self.folder = folder
        self.world = World(scenario)
        self.dictionary = Dictionary()
        self.decoder = Decoder(self.dictionary)
        self.history = History()
        self.reports: list[Report] = []
        self.console = ""
        self.arguments = ""  # more of the command line of the image
        self.status: int | None = None
        self.encoder = Encoder(self.dictionary)
        self.front_end = FrontEnd(self._receive)
        self.world.on_frame.append(self.front_end)

    def _receive(self, t_s: float, frame: bytes) -> None:
        for report in self.decoder.frame(t_s, frame):
            self.history.add(report)
            self.reports.append(report)

    def uplink(self, t_s: float, burst: "bytes | Burst") -> None:
        """Radiate from the ground at world time `t_s`."""
        self.world.uplink(t_s, burst)

    def fly(self, script: str | None = None, elf: Path | None = None) -> Flight:
        """Fly to the end of the scenario, or until `script` (it runs before the mission of every
        VM, see port_run.c) ends the emulator; its exit status is then in `status`."""
        extra: tuple[str, ...] = ()
        if script is not None:
            source = self.folder / "script.py"
            source.write_text(script, encoding="utf-8")
            run = f"run={qemu.compile_script(source, self.folder).name}"
            extra = ("-append", f"{run} {self.arguments}")
        elif self.arguments:
            extra = ("-append", self.arguments)
        pipe.prepare(self.folder)
        process = subprocess.Popen(qemu.command(elf or qemu.firmware(), *extra), cwd=self.folder)
        try:
            pipe.serve(self.world, self.folder, process)
        except BridgeError:
            self.status = process.poll()
            if self.status is None:
                raise
        finally:
            process.kill()
            process.wait()
        text = (self.folder / qemu.CONSOLE).read_text(encoding="utf-8")
        self.console = text.replace("\r\n", "\n")
        return self

    def events(self) -> list[tuple[int, int, int]]:
        """(id, arg0, arg1) of the events received, in order."""
        return [
            (event.id, event.raw["arg0"], event.raw["arg1"])
            for event in self.history.events
            if event.kind == "event"
        ]
