"""Bare-metal images for the Cortex-M4F: C code of ours run in QEMU with nothing else around it.

`run` compiles a C text with the algorithms it includes, at the flags of the firmware, and gives
back what it printed. One instruction is 8 ns of virtual time (`-icount shift=3`), and TIM5 counts
nanoseconds: that is how instructions are counted (start.c). Instructions, not cycles: on silicon
expect 1.2 to 1.6 cycles each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from native.cffi.sources import (
    INCLUDE,
    ROOT,
    cipher_include,
    included,
    secured_link,
    with_called,
)

HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build" / "native" / "bare"
ARCH = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
CFLAGS = (
    *("-std=gnu99", "-Os", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion"),
    *("-ffp-contract=off", "-fno-math-errno", "-ffunction-sections", "-fdata-sections"),
    *("-fno-common", "-fno-tree-loop-distribute-patterns"),
)
COMPILER, EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
OUTPUT = "output.txt"
TIMEOUT_S = 60


class BareError(Exception):
    """A tool is missing, or the image failed; one line, or the tool's own words."""


def _tool(name: str) -> str:
    if shutil.which(name) is None:
        raise BareError(f"{name} is not installed: make setup")
    return name


def _step(command: list[str], folder: Path | None = None, timeout_s: float = TIMEOUT_S) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as error:
        raise BareError(f"{command[0]} took longer than {timeout_s} s") from error
    if done.returncode != 0:
        raise BareError(f"{command[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _object(source: Path) -> Path:
    """Compile one file unless an object of the same contents and flags is there."""
    local = [path for path in source.parent.glob("*.h") if source.is_relative_to(ROOT / "native")]
    key = hashlib.sha256(repr(CFLAGS).encode())
    for path in (source, *local, *included([source, *local])):
        key.update(path.read_bytes())
    target = BUILD / f"{source.parent.name}_{source.stem}-{key.hexdigest()[:16]}.o"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}")
        include = [f"-I{INCLUDE}", f"-I{HERE}"]
        if source.parent.name == "crypto":
            include += [f"-I{folder}" for folder in cipher_include()]
        command = [_tool(COMPILER), *ARCH, *CFLAGS, *include, "-c", str(source)]
        _step([*command, "-o", str(part)])
        part.replace(target)
    return target


def image(text: str, folder: Path) -> Path:
    """Build `text`, which defines `int bare_main(void)`, into an ELF file in `folder`, and beside
    it the linker's map, image.map."""
    source = folder / "image.c"
    source.write_text(text, encoding="utf-8")
    files = with_called([HERE / "start.c", source])
    link = secured_link()
    if {header.name for header in included([source])} & {f"mf_{path.stem}.h" for path in link}:
        files += link  # what is not called is not linked
    target = folder / "image.elf"
    command = [
        _tool(COMPILER),
        *ARCH,
        "-nostdlib",
        f"-Wl,--gc-sections,-Map={folder / 'image.map'}",
        "-T",
        str(HERE / "bare.ld"),
    ]
    command += ["-o", str(target), *(str(_object(path)) for path in files), "-lgcc"]
    _step(command)
    return target


def text_bytes(elf: Path) -> int:
    """Size of code and constants of an image."""
    return int(_step(["arm-none-eabi-size", str(elf)]).splitlines()[1].split()[0])


def run(text: str, folder: Path, timeout_s: float = TIMEOUT_S) -> str:
    """Build and run `text` in `folder`; what it printed. BareError unless it returned 0."""
    elf = image(text, folder)
    command = [
        *(_tool(EMULATOR), "-M", "netduinoplus2", "-kernel", str(elf)),
        *("-display", "none", "-monitor", "none", "-serial", "none"),
        *("-icount", "shift=3,sleep=off,align=off"),
        *("-semihosting-config", "enable=on,target=native"),
    ]
    _step(command, folder, timeout_s)
    return (folder / OUTPUT).read_text(encoding="ascii")
