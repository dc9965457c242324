"""The C part of the flight software, one Python API in every world (docs/architecture.md).

This is the CPython side; on the target a module of the same name is compiled in. Here `Stack`
stands for the onboard computer; there its parts are constants of the module.

The extension is loaded at the first use of a name, so that the builder, which lives in this
package, can be run before there is one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from native.cffi.archive import Archive
    from native.cffi.buffers import copy, crc16, crc32_into, in_range, sum32_into, swap_copy
    from native.cffi.files import Files
    from native.cffi.scrub import Scrub
    from native.cffi.stack import Stack

FLIGHT_BUILD = False
VERSION: str
TICK_PERIOD_MS: int

__all__ = [
    "Archive",
    "FLIGHT_BUILD",
    "Files",
    "TICK_PERIOD_MS",
    "VERSION",
    "Scrub",
    "Stack",
    "copy",
    "crc16",
    "crc32_into",
    "forget_traceback",
    "in_range",
    "sum32_into",
    "swap_copy",
]


def forget_traceback(error: BaseException) -> None:
    """Let a prebuilt exception be raised anew without the frames of the last time."""
    error.__traceback__ = None


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'native' has no attribute {name!r}")
    if name in ("Archive", "Files"):
        # An extension of its own.
        from native.cffi import archive, files

        globals().update(Archive=archive.Archive, Files=files.Files)
        return globals()[name]
    from native.cffi import buffers, scrub, stack
    from native.cffi.loader import ffi, lib

    globals().update(
        VERSION=ffi.string(lib.MF_VERSION).decode("ascii"),
        TICK_PERIOD_MS=lib.MF_TICK_PERIOD_MS,
        Scrub=scrub.Scrub,
        Stack=stack.Stack,
        copy=buffers.copy,
        crc16=buffers.crc16,
        crc32_into=buffers.crc32_into,
        in_range=buffers.in_range,
        sum32_into=buffers.sum32_into,
        swap_copy=buffers.swap_copy,
    )
    return globals()[name]
