"""The worlds a flight can happen in: where the flight software runs, and what drives it.

`check` says beforehand what is missing; `fly` takes a simulated world and flies it to its end.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from cli import python_deaths
from cli.errors import CliError

ROOT = Path(__file__).resolve().parents[1]
ELF = ROOT / "build" / "firmware" / "pyboard-development" / "microflight.elf"
RUNS = ROOT / "build" / "run"
NAMES = ("desktop", "qemu", "renode")
EMULATED = ("qemu", "renode")
END_GRACE_S = 5.0
LOG_TAIL = 3


@dataclass
class Outcome:
    """How the onboard computer fared: resets it went through, and what firmware it was."""

    resets: int = 0
    firmware: Optional[Dict[str, Any]] = None


def check(name: str, elf: Path = ELF) -> None:
    """Raise `CliError` when the world `name` is unknown or cannot run on this computer."""
    if name not in NAMES:
        raise CliError(f"world {name!r} is unknown; worlds are: {', '.join(NAMES)}")
    if name == "desktop":
        try:
            import native  # noqa: F401
        except ImportError as error:
            raise CliError(
                f"the C kernel is not built for this computer ({error}): make setup"
            ) from error
        return
    emulator = "qemu-system-arm" if name == "qemu" else "renode"
    if shutil.which(emulator) is None:
        how = "make setup, or: sudo apt install qemu-system-arm"
        if name == "renode":
            how = "install it from renode.io, or fly with --world qemu"
        raise CliError(f"world {name} needs {emulator}, which is not on the PATH; {how}")
    if not elf.is_file():
        raise CliError(f"firmware {elf} is not there; build it: make firmware")
    firmware(elf)


def fly(name: str, world: Any, elf: Path = ELF) -> Outcome:
    """Fly `world` to its end in the world called `name`. Raises `CliError` when that breaks."""
    if name == "desktop":
        return _desktop(world)
    if name == "qemu":
        return _qemu(world, elf)
    return _renode(world, elf)


def firmware(elf: Path) -> Dict[str, Any]:
    """Hash and sizes of the firmware image, as in `fly --json`."""
    from boards.obc_f405 import size

    try:
        sizes = size.measure(elf)
    except (OSError, ValueError) as error:
        raise CliError(f"{elf}: no firmware of ours ({error}); build it: make firmware") from error
    return {
        "elf_sha256": hashlib.sha256(elf.read_bytes()).hexdigest(),
        "flash_B": sizes["flash_B"],
        "ram_B": sizes["ram_B"],
    }


def _desktop(world: Any) -> Outcome:
    from boards.desktop import run

    outcome = run.fly(world, deaths=world.spacecraft.lines.python_deaths)
    return Outcome(resets=outcome.resets)


@contextlib.contextmanager
def run_directory(name: str) -> Iterator[Path]:
    """A fresh directory for one run of an emulator; kept, for its logs, when the run breaks."""
    RUNS.mkdir(parents=True, exist_ok=True)
    directory = RUNS / f"{name}-{os.getpid()}-{next(_numbers)}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    yield directory
    shutil.rmtree(directory)


def _count() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


_numbers = _count()


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the emulator we started, and what it started: `renode` may be a wrapper script."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _tail(log: Path) -> str:
    """The last lines of an emulator's log, on one line."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "no log"
    return " / ".join(line.strip() for line in lines[-LOG_TAIL:] if line.strip()) or "empty log"


def qemu_command(elf: Path, serial: Path) -> List[str]:
    """The deterministic launch: 8 ns an instruction, virtual time only."""
    return [
        "qemu-system-arm",
        *("-M", "netduinoplus2"),
        *("-kernel", str(elf.resolve())),
        *("-display", "none", "-monitor", "none"),
        *("-serial", f"file:{serial.name}"),
        *("-icount", "shift=3,sleep=off,align=off"),
        *("-semihosting-config", "enable=on,target=native"),
    ]


def _qemu(world: Any, elf: Path) -> Outcome:
    from sim.bridges import pipe
    from sim.errors import BridgeError

    outcome = Outcome(firmware=firmware(elf))
    with run_directory("qemu") as directory:
        serial = directory / "serial.log"
        log = directory / "qemu.log"
        pipe.prepare(directory)
        with open(log, "wb") as output:
            process = subprocess.Popen(
                qemu_command(elf, serial)
                + python_deaths.arguments(world.spacecraft.lines.python_deaths, directory),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                pipe.serve(world, directory, process)
            except BridgeError as error:
                said = f"{log}: {_tail(log)}; serial: {_tail(serial)}"
                raise CliError(f"qemu: {error}; {said}") from error
            finally:
                stop(process)
    return outcome


def _monitor_path(path: Path) -> str:
    """A path as Renode's monitor reads it after `@`: blanks escaped."""
    return str(path).replace(" ", "\\ ")


def _renode(world: Any, elf: Path) -> Outcome:
    from sim.bridges import tcp
    from sim.errors import BridgeError

    outcome = Outcome(firmware=firmware(elf))
    # The bridge in Renode connects once and never tries again: listen before it starts.
    server = tcp.listen(0)
    port = server.getsockname()[1]
    with run_directory("renode") as directory:
        log = directory / "renode.log"
        script = (
            f"$bin=@{_monitor_path(elf.resolve())}; $port={port}; "
            f"include @{_monitor_path(ROOT / 'renode' / 'obc.resc')}; start"
        )
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["renode", "--disable-gui", "--console", "--plain", "-e", script],
                cwd=directory,
                stdin=subprocess.PIPE,  # Renode spins on a closed one
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                tcp.serve(world, server, process)
            except BridgeError as error:
                raise CliError(f"renode: {error}; {log}: {_tail(log)}") from error
            finally:
                stop(process)
    return outcome
