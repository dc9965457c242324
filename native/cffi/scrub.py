"""Scrubbing of code (native/include/mf_scrub.h) over bytes of the caller."""

from __future__ import annotations

from typing import Any

from native.cffi.loader import ffi, lib


class Scrub:
    """Passes over `data` (a bytearray, which may change), whose CRC-32 should be `expected`."""

    def __init__(self, data: bytearray, expected: int) -> None:
        self._data = ffi.from_buffer("uint8_t[]", data)
        self._scrub: Any = ffi.new("mf_scrub_t *")
        lib.mf_scrub_begin(self._scrub, self._data, len(data), expected)

    def step(self, size: int) -> int:
        """The next slice: 0 the pass goes on, 1 it ended well, -74 it ended with another CRC."""
        return int(lib.mf_scrub_step(self._scrub, size))
