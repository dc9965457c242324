"""Compile the algorithms of native/src/adcs into two extension modules for CPython (cffi).

    python -m native.cffi.build_adcs [--force]

`_mf_adcs` is what flies: single precision, the flags of the target, the one libm. `_mf_adcs_f64`
is the same sources with every float a double (mf_f64.h), to tell rounding from error. A new
algorithm is two new files, native/src/adcs/NAME.c and native/include/mf_NAME.h: nothing is listed
here. What cffi can read of a header: types, functions (inline ones too), `#define NAME number`.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cffi import FFI

from native.cffi.build_native import CFLAGS, declarations, without_bodies
from native.cffi.sources import INCLUDE, ROOT, algorithms, included, libm

BUILD = ROOT / "build" / "native"
SINGLE, DOUBLE = "_mf_adcs", "_mf_adcs_f64"
F64 = ROOT / "native" / "cffi" / "mf_f64.h"
FLAGS = {
    SINGLE: (*CFLAGS, "-Werror", "-fPIC"),
    DOUBLE: (*(f for f in CFLAGS if f != "-Wdouble-promotion"), "-fPIC", "-include", str(F64)),
}


def extension_path(module: str) -> Path:
    """Where an extension of the running interpreter lies once it is built."""
    return BUILD / (module + str(sysconfig.get_config_var("EXT_SUFFIX")))


def exported() -> list[Path]:
    """Headers of the algorithms and what they rest on, in order of dependence."""
    return included([*algorithms(), *libm()])


def interface(module: str) -> str:
    """What cffi is told about the C side."""
    text = []
    for header in exported():
        if module == DOUBLE and header.name == "mf_math.h":
            continue  # there its names are macros
        text.append(without_bodies(declarations(header)))
    whole = "\n".join(text)
    return re.sub(r"\bfloat\b", "double", whole) if module == DOUBLE else whole


def _hash(*parts: object) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else repr(part).encode())
    return total.hexdigest()


def _object(source: Path, folder: Path, flags: tuple[str, ...]) -> Path:
    """Compile one file unless its object is up to date. CalledProcessError with the compiler's
    words on standard error."""
    target = folder / f"{source.parent.name}_{source.stem}.o"
    stamp = target.with_suffix(".sha256")
    wanted = _hash(flags, source, *included([source]), F64)
    if target.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return target
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *flags, f"-I{INCLUDE}", "-c", str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    stamp.write_text(wanted, encoding="ascii")
    return target


def _build(module: str, force: bool) -> Path:
    path = extension_path(module)
    folder = BUILD / module
    common = BUILD / "libm"
    for place in (folder, common):
        place.mkdir(parents=True, exist_ok=True)
    # The libm is both: its single functions are no doubles in either module.
    work = [(source, common, FLAGS[SINGLE]) for source in libm()]
    work += [(source, folder, FLAGS[module]) for source in algorithms()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(_object, *zip(*work, strict=True)))
    text = interface(module)
    stamp = BUILD / (path.name + ".sha256")
    wanted = _hash(sys.version, text, Path(__file__), *objects)
    if not force and path.exists() and stamp.exists():
        if stamp.read_text(encoding="ascii") == wanted:
            return path
    ffi = FFI()
    ffi.cdef(text)
    preamble = [f'#include "{header.name}"' for header in exported()]
    if module == DOUBLE:
        preamble.insert(0, f'#include "{F64.name}"')
    ffi.set_source(
        module,
        "\n".join(preamble),
        include_dirs=[str(INCLUDE), str(F64.parent)],
        extra_objects=[str(path) for path in objects],
        libraries=["m"],  # the comparison in double precision takes the C library's functions
        extra_compile_args=["-std=c99", "-O1", "-ffp-contract=off", "-fno-math-errno"],
    )
    built = ffi.compile(tmpdir=str(folder), verbose=False)
    # In one step: a process that uses the old extension keeps it whole.
    os.replace(built, path)
    stamp.write_text(wanted, encoding="ascii")
    return path


def build(force: bool = False) -> list[Path]:
    """Build both extensions if any source changed; returns their paths."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "adcs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return [_build(module, force) for module in (SINGLE, DOUBLE)]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compile the algorithms for CPython.")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    try:
        paths = build(parser.parse_args().force)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"build_adcs: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
