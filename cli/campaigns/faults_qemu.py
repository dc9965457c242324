"""The onboard computer of a fault campaign in QEMU: both slots loaded, memory changed in flight.

When the emulator ends, as it does when the processor locks up, or falls silent, the simulated
external watchdog runs out in its time and cycles the computer's supply: the emulator starts anew
with what its flash memory held, blank RAM, and the same spacecraft.
"""

import shutil
import subprocess
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from elftools.elf.elffile import ELFFile

from cli import python_deaths, worlds
from cli.errors import CliError
from sim.bridges import injection, pipe, watched
from sim.bridges.injection import Injection, Poke

# Healthy firmware asks a thousand times in a second of wall time.
SILENCE_S = 5.0
STARTS_MAX = 8
FLASH_START, FLASH_END = 0x08000000, 0x08100000
SLOTS = (0x08010000, 0x08080000)  # A and B, boards/obc_f405/image_header.h
RAM_START, RAM_END = 0x20000000, 0x20020000
_PT_LOAD = "PT_LOAD"
_DICTIONARY = slice(20, 24)  # of an image: its dictionary hash, boards/obc_f405/image_header.h
# A worker that is killed takes its emulator with it, where there is a way: it would spin for ever.
_TIED = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


@dataclass
class Computer:
    """Flies a world: use `fly` as the vehicle of a flight.

    `exchange` 0 injects nothing. `script`, a compiled MicroPython file, runs ahead of the mission
    in every VM. Afterwards `injected`, `at_s` and `failure` say how the injection went, `lock_ups`
    how often the supply was cycled, and `times_us` when each request came, onboard.
    """

    elf: Path = worlds.ELF
    exchange: int = 0
    pokes: Sequence[Poke] = ()
    script: Optional[Path] = None
    record: bool = False
    injected: bool = False
    at_s: float = 0.0
    failure: str = ""
    lock_ups: int = 0
    times_us: List[int] = field(default_factory=list)

    def fly(self, world: Any) -> worlds.Outcome:
        """Fly `world` to its end, through everything that happens to the computer."""
        with worlds.run_directory("faults") as directory:
            pipe.prepare(directory)
            inject: Optional[Injection] = None
            if self.exchange:
                address = injection.read_end(self.elf)
                inject = Injection(world, self.exchange, self.pokes, address, directory)
            recorder = _Recorder(world, self.times_us) if self.record else world
            for start in range(STARTS_MAX):
                if self._run(recorder, directory, inject, start) == watched.FINISHED:
                    break
                self.lock_ups += 1
                world.lock_up()
                if world.finished:
                    break
            while not world.finished:
                world.lock_up()  # it starts no more
            if inject is not None:
                self.injected, self.at_s, self.failure = inject.done, inject.at_s, inject.failure
        return worlds.Outcome(resets=max(0, len(world.boots) - 1), firmware=None)

    def _run(self, world: Any, directory: Path, inject: Optional[Injection], start: int) -> str:
        """From one start of the emulator until the flight is over or it must be started again."""
        elf = self.elf
        if start and inject is not None and inject.done:
            elf = directory / "struck.elf"
            elf.write_bytes(struck_image(self.elf, self.pokes))
        command = [*_TIED, *worlds.qemu_command(elf, directory / "serial.log")]
        if self.script is not None:
            command += ["-append", f"run={self.script.resolve()}"]
        else:
            command += python_deaths.arguments(world.spacecraft.lines.python_deaths, directory)
        if self.exchange:
            command += [*injection.TIMER, *injection.PORT]
        (directory / injection.SOCKET).unlink(missing_ok=True)
        hooks = () if inject is None or start else (inject.before, inject.after)
        with (
            watched.WatchedBridge(directory, *hooks) as bridge,
            open(directory / "qemu.log", "wb") as log,
        ):
            bridge.drain()
            if inject is not None:
                inject.unread = bridge.unread
            process = subprocess.Popen(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                why = bridge.watch(world, process, SILENCE_S)
                if why == watched.ENDED and not world.requests:
                    log_text = (directory / "qemu.log").read_text(errors="replace")
                    raise CliError(f"the emulator does not start: {' '.join(log_text.split())}")
                return why
            finally:
                # It may hang in a way that no request to end reaches.
                process.kill()
                process.wait()
                if inject is not None:
                    inject.finish()


class _Recorder:
    """A world that notes the onboard time of every request."""

    def __init__(self, world: Any, times_us: List[int]) -> None:
        self._world = world
        self._times_us = times_us

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def exchange(self, request: bytes) -> bytes:
        """Note and pass on."""
        self._times_us.append(int.from_bytes(request[8:16], "little"))
        reply: bytes = self._world.exchange(request)
        return reply


def check_slots(elf: Path) -> None:
    """`CliError` unless `elf` holds an image in either slot, both of one build: the ground would
    not understand another's."""
    how = "build it: make firmware"
    if not elf.is_file():
        raise CliError(f"image {elf} is not there; {how}")
    hashes = {}
    with elf.open("rb") as file:
        for segment in ELFFile(file).iter_segments():
            if segment["p_type"] == _PT_LOAD and segment["p_paddr"] in SLOTS:
                hashes[segment["p_paddr"]] = segment.data()[_DICTIONARY]
    if len(hashes) != len(SLOTS):
        raise CliError(f"image {elf} does not hold both slots; {how}")
    if len(set(hashes.values())) != 1:
        raise CliError(f"image {elf}: slot B has another dictionary than slot A; {how}")


def struck_image(elf: Path, pokes: Sequence[Poke]) -> bytes:
    """The ELF file with what `pokes` did to its flash memory; RAM does not outlive the supply."""
    image = bytearray(elf.read_bytes())
    with elf.open("rb") as file:
        segments = [
            (segment["p_paddr"], segment["p_filesz"], segment["p_offset"])
            for segment in ELFFile(file).iter_segments()
            if segment["p_type"] == _PT_LOAD
        ]
    for poke in pokes:
        for start, size, offset in segments:
            at = poke.address - start
            if 0 <= at < size:
                if poke.data:
                    image[offset + at : offset + at + len(poke.data)] = poke.data
                else:
                    image[offset + at] ^= poke.flip
    return bytes(image)


@dataclass(frozen=True)
class Region:
    """A piece of memory by the symbols of the image: `start` to `end`, what lies there."""

    name: str
    start: int
    end: int


# name, first symbol, symbol behind the end; what an image lacks is left out.
_REGIONS: Tuple[Tuple[str, str, str], ...] = (
    ("data", "data_start", "data_end"),
    ("bss", "bss_start", "bss_end"),
    ("kernel", "msp_top", "kernel_bss_end"),
    ("handler stack", "kernel_start", "msp_top"),
    ("VM stack", "vm_stack_bottom", "vm_stack_top"),
    ("frame stack", "pystack_start", "pystack_end"),
    ("heap", "heap_start", "heap_end"),
    ("slot A", "image_header", "image_end"),
)


def symbols(elf: Path) -> Dict[str, int]:
    """Addresses by name. `CliError` when there are none."""
    return _symbols(elf, elf.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _symbols(elf: Path, _changed_ns: int) -> Dict[str, int]:
    """Every run of a campaign asks for them, and reading takes a second."""
    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        if table is None:
            raise CliError(f"{elf}: has no symbols; build it: make firmware")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def regions(elf: Path) -> List[Region]:
    """The regions that bit flips strike, and the boot block."""
    known = symbols(elf)
    found = [
        Region(name, known[first], known[end])
        for name, first, end in _REGIONS
        if first in known and end in known and known[end] > known[first]
    ]
    with elf.open("rb") as file:
        boot: Any = ELFFile(file).get_section_by_name(".boot")
        found.append(Region("boot block", boot["sh_addr"], boot["sh_addr"] + boot["sh_size"]))
    return found


def place_of(elf: Path, address: int) -> str:
    """The nearest symbol at or below `address`, with the distance. The boot block, which is linked
    by itself, has symbols of its own."""
    boot = regions(elf)[-1]
    known = symbols(elf.with_name("boot.elf") if boot.start <= address < boot.end else elf)
    below = [
        (value & ~1, name)
        for name, value in known.items()
        if name and not name.startswith("$") and value & ~1 <= address
    ]
    if not below:
        return f"{address:#010x}"
    value, name = max(below)
    return f"{name}+{address - value:#x}"
