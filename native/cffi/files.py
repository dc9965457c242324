"""Files on NOR memory for CPython: the C of native/src/storage, as it flies.

Methods, arguments and results are those of `native.Files` on the target (docs/architecture.md,
"Python API of native"); what each call means is in native/include/mf_files.h.
"""

from __future__ import annotations

from typing import Any, Protocol

from native.cffi.build_adcs import extension_path
from native.cffi.build_files import MODULE
from native.cffi.extension import load

_module = load(MODULE, extension_path(MODULE), "the file system is")
ffi: Any = _module.ffi
lib: Any = _module.lib


class Device(Protocol):
    """Block memory: 0 or a negative errno. `buf` may be used during the call only."""

    BLOCK_SIZE: int
    BLOCKS: int

    def read(self, block: int, offset: int, buf: Any) -> int:
        """Fill `buf` from `offset` of `block`."""

    def program(self, block: int, offset: int, buf: Any) -> int:
        """Clear the bits that are 0 in `buf`."""

    def erase(self, block: int) -> int:
        """Set all bits of a block."""


def _failed(kind: Any, error: BaseException, trace: Any) -> None:
    """The device raised: keep it; the call that led there raises it again when C is left."""
    ffi.from_handle(trace.tb_frame.f_locals["ctx"])._pending = error


def _device(ctx: Any) -> Device | None:
    """The device, unless it has raised in this call."""
    files = ffi.from_handle(ctx)
    return None if files._pending is not None else files._device


@ffi.def_extern(name="mf_python_read_block", error=lib.MF_E_IO, onerror=_failed)
def _read(ctx: Any, block: int, offset: int, data: Any, size: int) -> int:
    device = _device(ctx)
    if device is None:
        return int(lib.MF_E_IO)
    return device.read(block, offset, memoryview(ffi.buffer(data, size)))


@ffi.def_extern(name="mf_python_program_block", error=lib.MF_E_IO, onerror=_failed)
def _program(ctx: Any, block: int, offset: int, data: Any, size: int) -> int:
    device = _device(ctx)
    if device is None:
        return int(lib.MF_E_IO)
    return device.program(block, offset, memoryview(ffi.buffer(data, size)).toreadonly())


@ffi.def_extern(name="mf_python_erase_block", error=lib.MF_E_IO, onerror=_failed)
def _erase(ctx: Any, block: int) -> int:
    device = _device(ctx)
    return int(lib.MF_E_IO) if device is None else device.erase(block)


def _view(buf: Any, off: int, n: int, writable: bool) -> Any:
    """Pointer to `buf[off:off+n]`; ValueError when that is not all inside."""
    data = ffi.from_buffer("uint8_t[]", buf, require_writable=writable)
    if off < 0 or n < 0 or off + n > len(data):
        raise ValueError("out of the buffer's bounds")
    return data + off


def _path(path: Any) -> bytes:
    """A path as C text: a str, or the bytes of a buffer up to its first NUL. ValueError without."""
    if isinstance(path, str):
        return path.encode()
    data = bytes(path)
    if 0 not in data:
        raise ValueError("path")
    return data[: data.index(0)]


def _u32(value: int) -> int:
    """Numbers that C has no place for become one that it refuses."""
    return value if 0 <= value <= 0x7FFFFFFF else 0xFFFFFFFF


class Files:
    """One file system on `device`. ValueError when its geometry cannot be used.

    Every method returns 0 or a count, or a negative errno; what the device raises comes out of the
    call that led to it, and the file system then wants to be mounted again.
    """

    READ: int = lib.MF_FILES_READ
    WRITE: int = lib.MF_FILES_WRITE
    CREATE: int = lib.MF_FILES_CREATE
    EMPTY: int = lib.MF_FILES_EMPTY
    APPEND: int = lib.MF_FILES_APPEND
    SLOTS: int = lib.MF_FILES_SLOTS
    ENTRY_SIZE: int = lib.MF_FILES_NAME_MAX + 5

    def __init__(self, device: Device) -> None:
        self._device = device
        self._pending: BaseException | None = None
        self._handle = ffi.new_handle(self)
        self._memory = ffi.new("uint64_t[]", (lib.mf_files_size() + 7) // 8)
        self._files = ffi.cast("mf_files_t *", self._memory)
        self._name = ffi.new("char[]", lib.MF_FILES_NAME_MAX + 1)
        self._length = ffi.new("int32_t *")
        functions = ffi.new("mf_files_device_t *")
        functions.read = lib.mf_python_read_block
        functions.program = lib.mf_python_program_block
        functions.erase = lib.mf_python_erase_block
        functions.ctx = self._handle
        functions.block_size, functions.blocks = device.BLOCK_SIZE, device.BLOCKS
        if lib.mf_files_reset(self._files, functions) < 0:
            raise ValueError("geometry")

    def _done(self, status: int) -> int:
        error, self._pending = self._pending, None
        if error is not None:
            raise error
        return status

    def format(self) -> int:
        """Make an empty file system."""
        return self._done(lib.mf_files_format(self._files))

    def mount(self) -> int:
        """Use what is there."""
        return self._done(lib.mf_files_mount(self._files))

    def unmount(self) -> None:
        """Forget open files."""
        lib.mf_files_unmount(self._files)

    def mounted(self) -> bool:
        """True between mount and unmount."""
        return bool(lib.mf_files_mounted(self._files))

    def open(self, slot: int, path: Any, flags: int) -> int:
        """`slot` names the file from now on."""
        return self._done(lib.mf_files_open(self._files, _u32(slot), _path(path), _u32(flags)))

    def read(self, slot: int, buf: Any, off: int, n: int) -> int:
        """Into `buf[off:off+n]`; bytes read."""
        data = _view(buf, off, n, True)
        return self._done(lib.mf_files_read(self._files, _u32(slot), data, n))

    def write(self, slot: int, buf: Any, off: int, n: int) -> int:
        """From `buf[off:off+n]`; `n`."""
        data = _view(buf, off, n, False)
        return self._done(lib.mf_files_write(self._files, _u32(slot), data, n))

    def seek(self, slot: int, position: int) -> int:
        """Position of the next read or write."""
        return self._done(lib.mf_files_seek(self._files, _u32(slot), _u32(position)))

    def length(self, slot: int) -> int:
        """Length of an open file."""
        return self._done(lib.mf_files_length(self._files, _u32(slot)))

    def truncate(self, slot: int, length: int) -> int:
        """Cut off, or fill up with zeros."""
        return self._done(lib.mf_files_truncate(self._files, _u32(slot), _u32(length)))

    def sync(self, slot: int) -> int:
        """What was written is kept from now on."""
        return self._done(lib.mf_files_sync(self._files, _u32(slot)))

    def close(self, slot: int) -> int:
        """Sync and free the slot."""
        return self._done(lib.mf_files_close(self._files, _u32(slot)))

    def remove(self, path: Any) -> int:
        """A file, or a folder that is empty."""
        return self._done(lib.mf_files_remove(self._files, _path(path)))

    def rename(self, old: Any, new: Any) -> int:
        """In one step; a file in the way is replaced."""
        return self._done(lib.mf_files_rename(self._files, _path(old), _path(new)))

    def folder(self, path: Any) -> int:
        """Make a folder."""
        return self._done(lib.mf_files_folder(self._files, _path(path)))

    def stat(self, path: Any) -> int:
        """Length of a file, -21 for a folder."""
        return self._done(lib.mf_files_stat(self._files, _path(path)))

    def list(self, path: Any) -> int:
        """Begin to list a folder."""
        return self._done(lib.mf_files_list(self._files, _path(path)))

    def next(self, buf: Any) -> int:
        """Next entry: length of its name, 0 at the end. `buf`, ENTRY_SIZE bytes at least, gets the
        name, padded with NUL to 32 bytes, and the file's length, little-endian (-21: folder)."""
        out = _view(buf, 0, self.ENTRY_SIZE, True)
        status = self._done(lib.mf_files_next(self._files, self._name, self._length))
        if status > 0:
            name = ffi.string(self._name).ljust(lib.MF_FILES_NAME_MAX + 1, b"\0")
            entry = name + int(self._length[0]).to_bytes(4, "little", signed=True)
            ffi.memmove(out, entry, len(entry))
        return status

    def used(self) -> int:
        """Blocks in use, by looking at every one."""
        return self._done(lib.mf_files_used(self._files))

    def tidy(self) -> int:
        """What a later write would have to do first."""
        return self._done(lib.mf_files_tidy(self._files))
