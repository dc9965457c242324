"""Compile register-level C for the host, against models instead of registers.

`library()` builds and loads; `replace` puts deliberate mistakes into a source first, so that tests
can show that they notice them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cffi

ROOT = Path(__file__).resolve().parents[2]
STM32 = ROOT / "boards/obc_f405/stm32"
OUT = ROOT / "build/tests/stm32"
FLAGS = [
    *("-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion"),
    *("-ffp-contract=off", "-shared", "-fPIC", "-DMF_MMIO_MODEL"),
]
SHIM_CDEF = """
extern uint32_t (*shim_read)(uintptr_t address);
extern void (*shim_write)(uintptr_t address, uint32_t value);
extern uint64_t (*shim_now_us)(void);
extern void (*shim_wait)(void);
extern uint32_t shim_locked;
"""


def declarations(header: Path) -> str:
    """What cffi can read of one of our headers: no preprocessor, no inline functions. Array sizes
    that are macros become numbers."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    for name, number in re.findall(r"^#define (\w+) (\d+)u?\s*$", text, flags=re.M):
        text = text.replace(f"[{name}]", f"[{number}]")
    text = text.replace("extern const", "extern")  # cffi takes a constant for a number
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def library(
    sources: Sequence[Path],
    headers: Sequence[Path],
    replace: Sequence[tuple[str, str]] = (),
    cdef: str = "",
    include: Sequence[Path] = (),
) -> tuple[cffi.FFI, Any]:
    """(ffi, lib) of `sources` and the shim.

    Each pair of `replace` must match exactly once in the first source; `cdef` declares what no
    header of `headers` does; `include` are more folders with headers. A fresh copy of the library
    each time: statics start at zero.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler is needed"
    text = sources[0].read_text()
    for old, new in replace:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {sources[0].name}"
        text = text.replace(old, new)
    key = hashlib.sha256(text.encode())
    for path in (*sources, *headers, Path(__file__).parent / "shim.c"):
        key.update(path.read_bytes())
    for path in sorted((ROOT / "native/include").glob("*.h")) + sorted(STM32.glob("*.h")):
        key.update(path.read_bytes())
    OUT.mkdir(parents=True, exist_ok=True)
    built = OUT / f"{sources[0].stem}-{key.hexdigest()[:16]}.so"
    if not built.exists():
        copy = OUT / f"{built.stem}.c"
        copy.write_text(text)
        partial = OUT / f"{built.stem}.{id(text)}.partial"
        subprocess.run(
            [compiler, *FLAGS, f"-I{ROOT / 'native/include'}", f"-I{STM32}"]
            + [f"-I{folder}" for folder in include]
            + ["-o", str(partial)]
            + [str(path) for path in (copy, *sources[1:], Path(__file__).parent / "shim.c")],
            check=True,
        )
        partial.replace(built)
    ffi = cffi.FFI()
    ffi.cdef(SHIM_CDEF + "\n".join(declarations(header) for header in headers) + cdef)
    return ffi, ffi.dlopen(str(_private_copy(built)))


_copies = 0


def _private_copy(built: Path) -> Path:
    """The dynamic loader shares a file that is already loaded, statics included: load a copy."""
    global _copies
    _copies += 1
    copy = OUT / f"{built.stem}.{_copies % 64}.{id(built)}.copy.so"
    copy.unlink(missing_ok=True)
    shutil.copy(built, copy)
    return copy
