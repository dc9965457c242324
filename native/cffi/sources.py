"""Which C files a host build takes, read from their `#include` lines, and where the libm lies."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "native" / "include"
SRC = ROOT / "native" / "src"
# Registers of the microcontroller: proven against models of their own, not part of a host build.
TARGET_ONLY = frozenset(("stm32_i2c.c",))

_INCLUDE = re.compile(r'^\s*#include\s+"(mf_\w+\.h)"', re.MULTILINE)


def included(paths: Iterable[Path]) -> list[Path]:
    """Headers of native/include that `paths` reach, each after those it includes itself."""
    found: list[Path] = []
    entered: set[str] = set()

    def enter(path: Path) -> None:
        for name in _INCLUDE.findall(path.read_text(encoding="utf-8")):
            header = INCLUDE / name
            if name not in entered and header.exists():
                entered.add(name)
                enter(header)
                found.append(header)

    for path in paths:
        enter(path)
    return found


def algorithms() -> list[Path]:
    """Every file of attitude determination and control."""
    return sorted((SRC / "adcs").glob("*.c"))


def libm() -> list[Path]:
    """The one libm under our names (mf_math.h); needs `libm_include` on the search path."""
    return sorted((SRC / "libm").glob("*.c"))


def with_called(own: list[Path]) -> list[Path]:
    """`own`, and behind it the algorithms and the libm that it calls, by the headers it reaches."""
    files = own
    while True:
        names = {header.name for header in included(files)}
        called = [path for path in algorithms() if f"mf_{path.stem}.h" in names]
        called = [path for path in called if path not in own]
        if "mf_math.h" in names:
            called += libm()
        if own + called == files:
            return files
        files = own + called


def kernel() -> list[Path]:
    """The control kernel, links and drivers, and of the algorithms those that they call."""
    folders = ("drivers", "kernel", "link")
    own = [path for folder in folders for path in sorted((SRC / folder).glob("*.c"))]
    return with_called([path for path in own if path.name not in TARGET_ONLY])


@cache
def libm_include() -> Path:
    """Top of the pinned MicroPython tree, which carries the libm; fetched at first use.

    RuntimeError when it cannot be had.
    """
    script = ROOT / "boards" / "obc_f405" / "third_party.py"
    step = subprocess.run(
        [sys.executable, str(script), "micropython"], stdout=subprocess.PIPE, text=True, check=False
    )
    if step.returncode != 0:
        raise RuntimeError("the sources of the libm are missing; third_party has said why")
    return Path(step.stdout.strip())
