"""Runs firmware in QEMU for tests: builds, scripts compiled for the target, and launches.

A build that cannot be made (no cross compiler, no sources) skips the test with the reason; a build
that fails is a failure.
"""

import fcntl
import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ground import keys

ROOT = Path(__file__).resolve().parents[2]
BOARD_DIR = ROOT / "boards" / "obc_f405"
MPY_CROSS = ROOT / "build" / "mpy-cross" / "mpy-cross"
TIMEOUT_S = 60
CONSOLE = "console.log"


@dataclass
class Run:
    """What a run of the emulator left behind."""

    status: int
    console: str


def firmware(
    profile: str = "development", slot: str = "a", board: str = "pyboard", tick_ms: int = 100
) -> Path:
    """Build one image (nothing to do when it is up to date) and return its ELF file."""
    elf, failure = _build(profile, slot, board, tick_ms)
    assert not failure, failure
    return elf


def trial_keys() -> Path:
    """Keys for flight images that never fly."""
    folder = ROOT / "build" / "keys" / "trial"
    if not folder.exists():
        keys.generate(folder, keys.names())
    return folder


@functools.cache
def _build(profile: str, slot: str, board: str, tick_ms: int) -> tuple[Path, str]:
    """ELF file and what went wrong, remembered: one failing build fails its tests at once."""
    for tool in ("arm-none-eabi-gcc", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed: make setup")
    settings = [f"BOARD={board}", f"PROFILE={profile}", f"SLOT={slot}", f"TICK_MS={tick_ms}"]
    if profile == "flight":
        settings.append(f"KEYS={trial_keys()}")
    lock = ROOT / "build" / "firmware.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # test workers share the build folder
        step = subprocess.run(
            ["make", "-j2", "-C", str(BOARD_DIR), *settings],
            capture_output=True,
            text=True,
            check=False,
            env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
        )
    failure = step.stdout[-2000:] + step.stderr[-2000:] if step.returncode else ""
    suffix = "-b" if slot == "b" else ""
    name = f"{board}-{profile}" + (f"-{tick_ms}ms" if tick_ms != 100 else "")
    folder = ROOT / "build" / "firmware" / name
    return folder / f"microflight{suffix}.elf", failure


def compile_script(source: Path, folder: Path) -> Path:
    """Compile a Python file to .mpy in `folder`."""
    firmware()
    target = folder / f"{source.stem}.mpy"
    subprocess.run([str(MPY_CROSS), "-s", source.name, "-o", str(target), str(source)], check=True)
    return target


def command(elf: Path, *extra: str) -> list[str]:
    """The deterministic launch; the console goes into a file of the working directory."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed: make setup")
    return [
        "qemu-system-arm",
        *("-M", "netduinoplus2", "-kernel", str(elf)),
        *("-display", "none", "-monitor", "none", "-serial", f"file:{CONSOLE}"),
        *("-icount", "shift=3,sleep=off,align=off"),
        *("-semihosting-config", "enable=on,target=native"),
        *extra,
    ]


def run_script(source: Path, folder: Path, elf: Path | None = None) -> Run:
    """Run one script in the development image; the emulator ends by itself."""
    script = compile_script(source, folder)
    step = subprocess.run(
        command(elf or firmware(), "-append", f"run={script.name}"),
        cwd=folder,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    console = (folder / CONSOLE).read_text(encoding="utf-8").replace("\r\n", "\n")
    return Run(step.returncode, console)


def run_text(text: str, folder: Path, elf: Path | None = None) -> Run:
    """Run a script given as text."""
    source = folder / "script.py"
    source.write_text(text, encoding="utf-8")
    return run_script(source, folder, elf)
