"""Which C files a host build takes, read from their `#include` lines."""

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
TARGET_ONLY = frozenset(("stm32_i2c.c", "stm32_usart.c"))

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
    """The one libm (mf_math.h)."""
    return sorted((SRC / "libm").glob("*.c"))


def _header(path: Path) -> str:
    """What a caller of an algorithm includes: its header, or, of a file of the attitude loop, the
    loop's own."""
    own = f"mf_{path.stem}.h"
    return own if (INCLUDE / own).exists() else f"mf_{path.stem.split('_')[0]}_state.h"


def with_called(own: list[Path]) -> list[Path]:
    """`own`, and behind it the algorithms and the libm that it calls, by the headers it reaches."""
    files = own
    while True:
        names = {header.name for header in included(files)}
        called = [path for path in algorithms() if _header(path) in names]
        called = [path for path in called if path not in own]
        if "mf_math.h" in names:
            called += libm()
        if own + called == files:
            return files
        files = own + called


def kernel() -> list[Path]:
    """The control kernel, link and drivers, and of the algorithms those that they call; needs
    `cipher_include` on the search path."""
    folders = ("crypto", "drivers", "kernel", "link")
    own = [path for folder in folders for path in sorted((SRC / folder).glob("*.c"))]
    return with_called([path for path in own if path.name not in TARGET_ONLY])


def secured_link() -> list[Path]:
    """The whole link with its cipher; needs `cipher_include` on the search path."""
    return sorted((SRC / "link").glob("*.c")) + sorted((SRC / "crypto").glob("*.c"))


@cache
def _third_party(name: str) -> Path:
    script = ROOT / "boards" / "obc_f405" / "third_party.py"
    step = subprocess.run(
        [sys.executable, str(script), name], stdout=subprocess.PIPE, text=True, check=False
    )
    if step.returncode != 0:
        raise RuntimeError(f"the sources of {name} are missing; third_party has said why")
    return Path(step.stdout.strip())


def micropython_include() -> Path:
    """Top of the pinned MicroPython tree, which carries littlefs; fetched at first use.

    RuntimeError when it cannot be had.
    """
    return _third_party("micropython")


def cipher_include() -> list[Path]:
    """Folders of the pinned BearSSL tree that native/src/crypto is compiled with; as above."""
    root = _third_party("bearssl")
    return [root, root / "inc", root / "src"]
