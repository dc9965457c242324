"""Compile the C of `native/` into an extension module for CPython (cffi, API mode).

    python -m native.cffi.build_native [--force]

The declarations come from the headers themselves. Floating point is compiled as for the target
(no contraction, no errno from square roots), so that results are bit-equal. The module goes to
`build/native/`; nothing is done when it is newer than every source.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import sysconfig
from pathlib import Path

from cffi import FFI

from native.cffi.sources import INCLUDE, ROOT, cipher_include, included, kernel

BUILD = ROOT / "build" / "native"
MODULE = "_mf_native"
CFLAGS = (
    "-std=c99",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wdouble-promotion",
    "-ffp-contract=off",
    "-fno-math-errno",
)
HEADERS = (
    "mf_status.h",
    "mf_version.h",
    "mf_drivers.h",
    "mf_sensors.h",
    "mf_ubx.h",
    "mf_kernel.h",
    "mf_space_link.h",
    "mf_vote.h",
    "mf_boot_record.h",
    "mf_counter_memory.h",
    "mf_survival.h",
    "mf_scrub.h",
    "mf_contact.h",
    "mf_file_sum.h",
)
CALLBACK = """
extern "Python" int mf_python_exchange(void *handle, const uint8_t *request,
    uint32_t request_len, uint8_t *reply, uint32_t reply_len);
"""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NUMBER = re.compile(r"#define\s+(\w+)\s+(0[xX][0-9a-fA-F]+|[0-9]+)[uU]?\s*$")
_STRING = re.compile(r'#define\s+(\w+)\s+"')
_ASSERT = re.compile(r"_Static_assert\s*\([^;]*;", re.DOTALL)


def sources() -> list[Path]:
    """C files of a host build, in a fixed order."""
    return [*kernel(), ROOT / "native" / "cffi" / "host_port.c"]


def headers() -> list[Path]:
    """Headers whose declarations the extension exports, in order of dependence."""
    wanted = [INCLUDE / name for name in HEADERS]
    found = dict.fromkeys(header for name in wanted for header in (*included([name]), name))
    return [*found, ROOT / "native" / "cffi" / "mf_host.h"]


def declarations(header: Path) -> str:
    """A header reduced to what cffi reads: types, functions, numeric constants."""
    text = _ASSERT.sub("", _COMMENT.sub("", header.read_text(encoding="utf-8")))
    lines = []
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            lines.append(line)
        elif number := _NUMBER.match(line.strip()):
            lines.append(f"#define {number[1]} {number[2]}")
        elif string := _STRING.match(line.strip()):
            lines.append(f"static const char *const {string[1]};")
    return "\n".join(lines)


def digest() -> str:
    """Hash of everything the extension depends on."""
    total = hashlib.sha256(" ".join((sys.version, *CFLAGS)).encode())
    include = sorted((ROOT / "native" / "include").glob("*.h"))
    for path in (*sources(), *headers(), *include, Path(__file__)):
        total.update(path.read_bytes())
    return total.hexdigest()


def without_bodies(text: str) -> str:
    """Inline functions reduced to their prototypes."""
    out = []
    rest = text
    while match := re.search(r"\bstatic inline\b([^{;]*)\{", rest):
        out += [rest[: match.start()], match[1].rstrip(), ";"]
        depth, end = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
        rest = rest[end:]
    return "".join([*out, rest])


def extension_path() -> Path:
    """Where the extension of the running interpreter lies once it is built."""
    return BUILD / (MODULE + str(sysconfig.get_config_var("EXT_SUFFIX")))


def build(force: bool = False) -> Path:
    """Build the extension if any source changed; returns its path."""
    stamp = BUILD / (extension_path().name + ".sha256")
    wanted = digest()
    if not force and extension_path().exists() and stamp.exists():
        if stamp.read_text(encoding="ascii") == wanted:
            return extension_path()
    ffi = FFI()
    for header in headers():
        ffi.cdef(without_bodies(declarations(header)))
    ffi.cdef(CALLBACK)
    include = [str(ROOT / "native" / "include"), str(ROOT / "native" / "cffi")]
    include += map(str, cipher_include())
    preamble = "\n".join(f'#include "{header.name}"' for header in headers())
    ffi.set_source(
        MODULE,
        preamble,
        sources=[str(path) for path in sources()],
        include_dirs=include,
        extra_compile_args=list(CFLAGS),
    )
    workspace = BUILD / "compile"
    workspace.mkdir(parents=True, exist_ok=True)
    built = ffi.compile(tmpdir=str(workspace), verbose=False)
    # In one step: a process that uses the old extension keeps it whole.
    os.replace(built, extension_path())
    stamp.write_text(wanted, encoding="ascii")
    return extension_path()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compile the C kernel for CPython.")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    arguments = parser.parse_args()
    print(build(arguments.force).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
