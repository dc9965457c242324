"""NOR memory below the file system, with a power cut at any of its operations."""

from __future__ import annotations

from typing import Any

from native.cffi.files import Files
from sim.devices.nor_memory import NorMemory

E_IO, E_NODEV, E_INVAL, E_NOSPC, E_BADMSG = -5, -19, -22, -28, -74
E_NOENT, E_EXIST, E_ISDIR, E_NAMETOOLONG, E_NOTEMPTY = -2, -17, -21, -36, -39


class PowerCut(BaseException):
    """The supply failed in an operation."""


class Nor:
    """`operations` counts programs and erases. Operation number `cut` (from 1) is left after
    `fraction` of its time by PowerCut. A program that would have to set bits is an error: blocks
    are erased first. `failing` blocks take no program and no erase (their cells are worn out)."""

    BLOCK_SIZE = 4096

    def __init__(self, blocks: int = 64, image: bytes | None = None) -> None:
        self.BLOCKS = blocks
        self.memory = NorMemory(blocks * self.BLOCK_SIZE)
        if image is not None:
            self.memory.restore(image)
        self.operations = self.reads = 0
        self.cut: int | None = None
        self.fraction = 0.0
        self.status = 0  # of every operation, when not 0
        self.failing: set[int] = set()
        self.pieces: set[tuple[int, int]] = set()  # (offset in the page, size) of programs

    def _address(self, block: int, offset: int, size: int) -> int:
        assert 0 <= block < self.BLOCKS and offset + size <= self.BLOCK_SIZE
        assert offset % 256 + size <= 256 and offset % 16 == size % 16 == 0
        return block * self.BLOCK_SIZE + offset

    def read(self, block: int, offset: int, buf: Any) -> int:
        """Fill `buf`."""
        address = self._address(block, offset, len(buf))
        self.reads += 1
        buf[:] = self.memory.read(address, len(buf))
        return self.status

    def program(self, block: int, offset: int, buf: Any) -> int:
        """Clear bits."""
        address = self._address(block, offset, len(buf))
        data = bytes(buf)
        self.pieces.add((offset % 256, len(data)))
        if self.status:
            return self.status
        if self._cut_now():
            self.memory.program_partly(address, data, self.fraction)
            raise PowerCut
        if block not in self.failing:
            held = self.memory.read(address, len(data))
            assert all(old & new == new for old, new in zip(held, data, strict=True)), (
                "not erased before"
            )
            self.memory.program(address, data)
        return 0

    def erase(self, block: int) -> int:
        """Set all bits."""
        address = self._address(block, 0, 0)
        if self.status:
            return self.status
        if self._cut_now():
            self.memory.erase_partly(address, self.BLOCK_SIZE, self.fraction)
            raise PowerCut
        if block not in self.failing:
            self.memory.erase(address, self.BLOCK_SIZE)
        return 0

    def _cut_now(self) -> bool:
        self.operations += 1
        return self.operations == self.cut


def fresh(blocks: int = 64) -> tuple[Nor, Files]:
    """An empty file system, mounted."""
    nor = Nor(blocks)
    files = Files(nor)
    assert files.format() == 0 and files.mount() == 0
    return nor, files


def put(files: Files, path: str, data: bytes, flags: int = 0, slot: int = 0) -> None:
    """Write a whole file (or append to it) and close it."""
    flags = flags or Files.EMPTY
    assert files.open(slot, path, Files.WRITE | Files.CREATE | flags) == 0
    assert files.write(slot, data, 0, len(data)) == len(data)
    assert files.close(slot) == 0


def get(files: Files, path: str, slot: int = 0) -> bytes | None:
    """Content of a file, None when there is none."""
    status = files.open(slot, path, Files.READ)
    if status == E_NOENT:
        return None
    assert status == 0
    data = bytearray(files.length(slot))
    assert files.read(slot, data, 0, len(data)) == len(data)
    assert files.close(slot) == 0
    return bytes(data)


def names(files: Files, path: str = "") -> dict[str, int]:
    """Entries of a folder with their lengths."""
    assert files.list(path) == 0
    found, entry = {}, bytearray(Files.ENTRY_SIZE)
    while (size := files.next(entry)) > 0:
        name = bytes(entry[:size]).decode()
        assert not any(entry[size:32])
        found[name] = int.from_bytes(entry[32:36], "little", signed=True)
    assert size == 0
    return found
