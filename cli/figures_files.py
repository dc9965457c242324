"""Figures of files over the link: CFDP between cfdp-py on the ground and the spacecraft, flown."""

import hashlib
import random
import tempfile
from pathlib import Path
from typing import Any, Callable, List, Optional

from cli import flights
from cli.errors import CliError
from cli.figures import Bench, Figure
from cli.file_link import FileLink

LOSSY_B, LOSS = 200_000, 0.3  # headers and the loss itself cost 54 % or 56 %
PASSES_B, PASS_S, BETWEEN_S, PASSES = 500_000, 480.0, 600.0, 3
BEGIN_S = 30.0
LINK_BIT_S = 9600
# Octets of packets in what is radiated: telecommands of 256 octets in 314, frames of 211 in 259.
UPLINK_SHARE, DOWNLINK_SHARE = 218 / 314, 211 / 259
# What an operator sets for a download: the fast reports of attitude and power every ten seconds.
SLOWED = (0x0101, 0x0201, 0x0203, 0x0204)
SLOW_S = 10


class Transfer:
    """One flight with one file, `way` "up" or "down"."""

    def __init__(self, way: str, size: int, loss: float, duration_s: float, passes: Any) -> None:
        self.way, self.size = way, size
        self.data = random.Random(size).randbytes(size)
        overrides = [f"duration_s={duration_s}"]
        self.flight = flights.prepare("first-light", "desktop", 1, overrides, timeline=False)
        self.received: Optional[bytes] = None
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = folder / "source"
            source.write_bytes(self.data)
            self.link = FileLink(self.flight, "host", folder, loss, seed=7, passes=passes)
            for structure in SLOWED:
                values = {"count": 1, "packet": structure, "interval_s": SLOW_S}
                burst = self.flight.encoder.frame("structure_interval", values)
                self.flight.world.uplink(BEGIN_S - 10.0, burst)
            begin_s = BEGIN_S
            if way == "up":
                self.link.upload(begin_s, source, "file.bin")
            else:
                self._store()
                self.link.download(begin_s, "file.bin")
            self.flight.fly()
            self.received = self._content() if way == "up" else _read(folder / "file.bin")

    def _store(self) -> None:
        """Have the file in the flash memory before the flight: what an app would have written."""
        files = files_of(self.flight)
        if files.mount() < 0:
            files.format()
            files.mount()
        files.folder("f0")
        if files.open(0, "f0/file.bin", files.WRITE | files.CREATE) < 0:
            raise CliError("the simulated flash takes no file")
        files.write(0, self.data, 0, self.size)
        files.close(0)
        files.unmount()

    def _content(self) -> Optional[bytes]:
        """The file as it lies in the flash memory after the flight."""
        files = files_of(self.flight)
        files.mount()
        size = files.stat("f0/file.bin")
        if size < 0:
            return None
        out = bytearray(size)
        files.open(0, "f0/file.bin", files.READ)
        files.read(0, out, 0, size)
        return bytes(out)

    @property
    def same(self) -> bool:
        """What arrived has the hash of what was sent, and both ends say so."""
        ended = [outcome for outcome in self.link.files.ended if outcome.way == self.way]
        if self.received is None or len(ended) != 1 or not ended[0].complete:
            return False
        return hashlib.sha256(self.received).digest() == hashlib.sha256(self.data).digest()

    @property
    def octets(self) -> int:
        """Of packets, sent in the direction of the file."""
        return self.link.sent[f"{self.way}_B"]

    @property
    def seconds(self) -> float:
        """From the request to the end, as the ground sees it."""
        if not self.link.done_s:
            raise CliError("the transfer did not end")
        return self.link.done_s[-1] - BEGIN_S


def _read(path: Path) -> Optional[bytes]:
    return path.read_bytes() if path.exists() else None


def files_of(flight: Any) -> Any:
    """The file system on the simulated flash, from outside."""
    import native
    from cli.campaigns.powercut_memory import Blocks, Supply
    from cli.campaigns.powercut_qemu import FILES_BLOCKS

    class Range(Blocks):
        BLOCKS = FILES_BLOCKS

    return native.Files(Range(Supply(), flight.world.spacecraft.flash.memory))


def files(bench: Bench) -> List[Figure]:
    """Loss both ways, without loss, over several passes."""
    figure = bench.figure
    flown: "dict[str, Transfer]" = {}

    def fly(title: str, *how: Any) -> Transfer:
        if title not in flown:
            bench.say(f"flying {title} in world desktop")
            flown[title] = Transfer(*how)
        return flown[title]

    always = ((0.0, 1e9),)
    passes = [
        (BEGIN_S + n * (PASS_S + BETWEEN_S), BEGIN_S + n * (PASS_S + BETWEEN_S) + PASS_S)
        for n in range(PASSES)
    ]
    last_s = passes[-1][1]
    rows: List[Figure] = []
    for way in ("up", "down"):
        share = UPLINK_SHARE if way == "up" else DOWNLINK_SHARE
        name = f"CFDP class 2 {way}"

        def lossy(way: str = way) -> Transfer:
            return fly(f"{LOSSY_B} B {way}, loss", way, LOSSY_B, LOSS, 1600.0, always)

        def clean(way: str = way) -> Transfer:
            return fly(f"{LOSSY_B} B {way}", way, LOSSY_B, 0.0, 700.0, always)

        def passing(way: str = way) -> Transfer:
            return fly(f"{PASSES_B} B {way}, passes", way, PASSES_B, 0.0, last_s + 60.0, passes)

        def missing(get: Callable[[], Transfer]) -> Callable[[], float]:
            return lambda: float(not get().same)

        def overhead(get: Callable[[], Transfer] = lossy) -> float:
            made = get()
            return round(100 * (made.octets / made.size - 1), 1)

        def used(get: Callable[[], Transfer] = clean, share: float = share) -> float:
            made = get()
            capacity_B = made.seconds * LINK_BIT_S / 8 * share
            return round(100 * made.size / capacity_B, 1)

        def needed(get: Callable[[], Transfer] = passing) -> float:
            return get().link.done_s[-1]

        rows += [
            figure(
                f"{name}, 200 kB, 30 % loss each way: hashes that differ", missing(lossy), 0, ""
            ),
            figure(f"{name}, 200 kB, 30 % loss each way: overhead", overhead, 80, "%"),
            figure(f"{name}, 200 kB, no loss: hashes that differ", missing(clean), 0, ""),
            figure(f"{name}, 200 kB, no loss: share of the link", used, 70, "%", ">="),
            figure(f"{name}, 500 kB, passes of 8 min: hashes that differ", missing(passing), 0, ""),
            figure(f"{name}, 500 kB, passes of 8 min: done at", needed, last_s, "s"),
        ]
    return rows


GROUPS = {"files": files}
