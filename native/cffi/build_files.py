"""Compile the file system into an extension module for CPython (cffi).

    python -m native.cffi.build_files [--force]

`_mf_files` is native/src/storage with the littlefs of the pinned MicroPython tree, as it flies. The
memory below it is Python: three callbacks.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from cffi import FFI

from native.cffi.build_adcs import BUILD, extension_path
from native.cffi.build_native import CFLAGS, declarations
from native.cffi.sources import INCLUDE, ROOT, SRC, included, micropython_include

MODULE = "_mf_files"
STORAGE = SRC / "storage"
CALLBACKS = """
extern "Python" int mf_python_read_block(void *ctx, uint32_t block, uint32_t offset,
    uint8_t *data, uint32_t size);
extern "Python" int mf_python_program_block(void *ctx, uint32_t block, uint32_t offset,
    const uint8_t *data, uint32_t size);
extern "Python" int mf_python_erase_block(void *ctx, uint32_t block);
extern "Python" int mf_python_read_fram(void *ctx, uint32_t address, uint8_t *data, uint32_t size);
extern "Python" int mf_python_write_fram(void *ctx, uint32_t address, const uint8_t *data,
    uint32_t size);
extern "Python" uint16_t mf_python_crc16(const uint8_t *data, uint32_t size);
"""


def sources() -> list[Path]:
    """The binding of littlefs and littlefs itself."""
    return sorted(STORAGE.glob("*.c"))


def exported() -> list[Path]:
    """Headers of native/include that they reach."""
    return included(sorted(STORAGE.iterdir()))


def digest() -> str:
    """Hash of everything the extension depends on."""
    total = hashlib.sha256(repr((sys.version, CFLAGS, CALLBACKS)).encode())
    for path in (*sorted(STORAGE.iterdir()), *exported(), Path(__file__)):
        total.update(path.read_bytes())
    return total.hexdigest()


def _build(force: bool) -> Path:
    path = extension_path(MODULE)
    stamp = BUILD / (path.name + ".sha256")
    wanted = digest()
    if not force and path.exists() and stamp.exists():
        if stamp.read_text(encoding="ascii") == wanted:
            return path
    headers = exported()
    ffi = FFI()
    ffi.cdef("\n".join(declarations(header) for header in headers) + CALLBACKS)
    ffi.set_source(
        MODULE,
        "\n".join(f'#include "{header.name}"' for header in headers),
        sources=[str(source) for source in sources()],
        include_dirs=[str(INCLUDE), str(micropython_include())],
        extra_compile_args=list(CFLAGS),
    )
    folder = BUILD / MODULE
    folder.mkdir(parents=True, exist_ok=True)
    built = ffi.compile(tmpdir=str(folder), verbose=False)
    # In one step: a process that uses the old extension keeps it whole.
    os.replace(built, path)
    stamp.write_text(wanted, encoding="ascii")
    return path


def build(force: bool = False) -> Path:
    """Build the extension if any source changed; returns its path."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "files.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(force)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compile the file system for CPython.")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    try:
        path = build(parser.parse_args().force)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"build_files: {error}", file=sys.stderr)
        return 2
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
