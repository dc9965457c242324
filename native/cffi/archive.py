"""Archives of records in FRAM and flash for CPython: the C of native/src/storage, as it flies.

Methods, arguments and results are those of `native.Archive` on the target; what each call means is
in native/include/mf_archive.h.
"""

from __future__ import annotations

from typing import Any, Protocol

from native.cffi.buffers import crc16
from native.cffi.files import Files, ffi, lib


class FramDevice(Protocol):
    """FRAM: 0 or a negative errno."""

    def read(self, addr: int, buf: Any) -> int:
        """Fill `buf` from `addr` on."""

    def write(self, addr: int, buf: Any) -> int:
        """Write `buf` from `addr` on."""


def _failed(kind: Any, error: BaseException, trace: Any) -> None:
    """The FRAM raised: keep it; the call that led there raises it again when C is left."""
    ffi.from_handle(trace.tb_frame.f_locals["ctx"])._pending = error


@ffi.def_extern(name="mf_python_read_fram", error=lib.MF_E_IO, onerror=_failed)
def _read(ctx: Any, address: int, data: Any, size: int) -> int:
    archive = ffi.from_handle(ctx)
    if archive._pending is not None:
        return int(lib.MF_E_IO)
    return int(archive._fram.read(address, memoryview(ffi.buffer(data, size))))


@ffi.def_extern(name="mf_python_write_fram", error=lib.MF_E_IO, onerror=_failed)
def _write(ctx: Any, address: int, data: Any, size: int) -> int:
    archive = ffi.from_handle(ctx)
    if archive._pending is not None:
        return int(lib.MF_E_IO)
    return int(archive._fram.write(address, memoryview(ffi.buffer(data, size)).toreadonly()))


@ffi.def_extern(name="mf_python_crc16")
def _crc16(data: Any, size: int) -> int:
    return crc16(ffi.buffer(data, size), 0, size)


def _u32(value: int) -> int:
    """Numbers that C has no place for become one that it refuses."""
    return value if 0 <= value <= 0x7FFFFFFF else 0xFFFFFFFF


class Archive:
    """One archive over `fram`; on the target that is the board's own and not an argument.

    ValueError when the sizes cannot be used. What FRAM or the device of the files raise comes out
    of the call that led to it.
    """

    HEAD: int = lib.MF_ARCHIVE_HEAD
    RECORD_MAX: int = lib.MF_ARCHIVE_RECORD_MAX
    cost_ms = 300

    def __init__(
        self,
        number: int,
        fram_address: int,
        fram_size: int,
        files: int,
        file_size: int,
        enough: int,
        circular: bool,
        fram: FramDevice,
    ) -> None:
        self._fram = fram
        self._pending: BaseException | None = None
        self._handle = ffi.new_handle(self)
        self._functions = ffi.new("mf_archive_memory_t *")
        self._functions.read = lib.mf_python_read_fram
        self._functions.write = lib.mf_python_write_fram
        self._functions.crc16 = lib.mf_python_crc16
        self._functions.ctx = self._handle
        self._memory = ffi.new("uint64_t[]", (lib.mf_archive_size() + 7) // 8)
        self._archive = ffi.cast("mf_archive_t *", self._memory)
        config = ffi.new("mf_archive_config_t *")
        config.number, config.files = _u32(number), _u32(files)
        config.fram_address, config.fram_size = _u32(fram_address), _u32(fram_size)
        config.file_size, config.enough = _u32(file_size), _u32(enough)
        config.circular = bool(circular)
        if self._done(lib.mf_archive_reset(self._archive, config, self._functions)) < 0:
            raise ValueError("archive")

    def _done(self, status: Any, files: Files | None = None) -> Any:
        error, self._pending = self._pending, None
        if files is not None and files._pending is not None:
            status = files._done(status)
        if error is not None:
            raise error
        return status

    def keep(self, buf: Any, off: int, n: int, priority: int, seconds: int) -> bool:
        """Take `buf[off:off+n]`; False, counted, when it cannot be."""
        data = ffi.from_buffer("uint8_t[]", buf)
        if off < 0 or n < 0 or off + n > len(data):
            raise ValueError("out of the buffer's bounds")
        kept = lib.mf_archive_keep(self._archive, data + off, n, _u32(priority), _u32(seconds))
        return bool(self._done(kept))

    def enabled(self, on: bool | None = None) -> bool:
        """Whether it takes records; with `on`, set."""
        if on is not None:
            lib.mf_archive_enable(self._archive, bool(on))
        return bool(lib.mf_archive_enabled(self._archive))

    def begin(self, files: Files) -> int:
        """After a mount: find out what the files hold."""
        return int(self._done(lib.mf_archive_begin(self._archive, files._files), files))

    def waiting(self) -> bool:
        """There is a piece of work to do."""
        return bool(lib.mf_archive_waiting(self._archive))

    def work(self, files: Files) -> int:
        """One piece of work."""
        return int(self._done(lib.mf_archive_work(self._archive, files._files), files))

    def select(self, from_s: int, to_s: int, priority: int) -> None:
        """Read what was kept in a range of time, from a priority on."""
        lib.mf_archive_select(self._archive, _u32(from_s), _u32(to_s), _u32(priority))

    def abort(self) -> None:
        """End the selection."""
        lib.mf_archive_abort(self._archive)

    def reading(self) -> bool:
        """A selection is being read."""
        return bool(lib.mf_archive_reading(self._archive))

    def fetch(self, files: Files, record: Any) -> int:
        """The next record of the selection; length of its content, which begins at HEAD."""
        out = ffi.from_buffer("uint8_t[]", record, require_writable=True)
        if len(out) < self.RECORD_MAX:
            raise ValueError("out of the buffer's bounds")
        return int(self._done(lib.mf_archive_fetch(self._archive, files._files, out), files))

    def delete(self, until_s: int) -> None:
        """Forget what was kept up to a time."""
        lib.mf_archive_delete(self._archive, _u32(until_s))

    def deleting(self) -> bool:
        """That is not done yet."""
        return bool(lib.mf_archive_deleting(self._archive))

    def count(self, counter: int) -> int:
        """A counter of mf_archive.h, modulo 2^16."""
        return int(lib.mf_archive_count(self._archive, _u32(counter)))

    def used(self) -> int:
        """Bytes that wait in FRAM."""
        return int(lib.mf_archive_used(self._archive))

    def stored(self) -> int:
        """Bytes in files."""
        return int(lib.mf_archive_stored(self._archive))

    def fill(self) -> int:
        """% of the room in files."""
        return int(lib.mf_archive_fill(self._archive))

    def left(self) -> int:
        """% of it that is still to be read."""
        return int(lib.mf_archive_left(self._archive))

    def oldest(self) -> int:
        """Time of the oldest record [s], 0 without."""
        return int(lib.mf_archive_oldest(self._archive))

    def newest(self) -> int:
        """Time of the newest record [s], 0 without."""
        return int(lib.mf_archive_newest(self._archive))

    def begins(self) -> int:
        """From when on the selection is [s], 0 without one."""
        return int(lib.mf_archive_from(self._archive))
