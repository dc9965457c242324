"""Compile the coded and secured link into an extension module for CPython (cffi).

    python -m native.cffi.build_link [--force]

`_mf_link` is native/src/link and native/src/crypto with the pinned BearSSL, as they fly. The
interface is read from the headers; records go to the tests by two callbacks.
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
from native.cffi.sources import ROOT, cipher_include, included, secured_link

MODULE = "_mf_link"
CALLBACKS = """
extern "Python" int mf_python_save(void *context, uint32_t index, uint16_t spi,
    uint32_t generation, const uint8_t *iv);
extern "Python" int mf_python_read(void *context, uint32_t address, uint8_t *data, uint32_t size);
extern "Python" int mf_python_write(void *context, uint32_t address, const uint8_t *data,
    uint32_t size);
"""


def digest() -> str:
    """Hash of everything the extension depends on."""
    total = hashlib.sha256(repr((sys.version, CFLAGS, CALLBACKS)).encode())
    for path in (*secured_link(), *included(secured_link()), Path(__file__)):
        total.update(path.read_bytes())
    return total.hexdigest()


def _build(force: bool) -> Path:
    path = extension_path(MODULE)
    stamp = BUILD / (path.name + ".sha256")
    wanted = digest()
    if not force and path.exists() and stamp.exists():
        if stamp.read_text(encoding="ascii") == wanted:
            return path
    headers = included(secured_link())
    ffi = FFI()
    ffi.cdef("\n".join(declarations(header) for header in headers) + CALLBACKS)
    ffi.set_source(
        MODULE,
        "\n".join(f'#include "{header.name}"' for header in headers),
        sources=[str(source) for source in secured_link()],
        include_dirs=[str(ROOT / "native" / "include"), *map(str, cipher_include())],
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
    with (BUILD / "link.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(force)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compile the secured link for CPython.")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    try:
        path = build(parser.parse_args().force)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"build_link: {error}", file=sys.stderr)
        return 2
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
