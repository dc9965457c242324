"""A flash memory that is full: the file system as somebody left it who wrote until nothing more
went in. And what FRAM holds after a flight."""

import struct
from functools import lru_cache
from typing import Any, Dict

import native
from cli.campaigns.powercut_memory import Blocks, Fram, Supply
from cli.campaigns.powercut_subjects import Events
from cli.errors import CliError
from flight import dictionary
from flight.core.params import SOURCE_DEFAULTS, Params
from ground.dictionary import Dictionary
from sim.devices.nor_memory import NorMemory
from sim.devices.w25q128 import SIZE

FULL = "full"
FILES_BLOCKS = 2048  # as hal/flash_blocks.py, which a test compares
_FOLDER, _FILE = "f0", "f0/filled"
_PIECE_B = 65536
_E_NOSPC = -28


class AllBlocks(Blocks):
    """All blocks that the mission gives to its file system."""

    BLOCKS = FILES_BLOCKS


@lru_cache(maxsize=1)
def full_memory() -> bytes:
    """Image of a flash memory (`NorMemory.image`) whose file system is mounted as ever and takes
    not one block more."""
    cells = NorMemory(SIZE)
    files = native.Files(AllBlocks(Supply(), cells))
    _well(files.format())
    _well(files.mount())
    _well(files.folder(_FOLDER))
    data = bytes(range(256)) * (_PIECE_B // 256)
    size = len(data)
    while size:
        if _append(files, data, size) == _E_NOSPC:
            size //= 2  # what did not go in whole is not in the file at all
    files.unmount()
    return cells.image()


def _append(files: native.Files, data: bytes, size: int) -> int:
    """`size` octets more; -ENOSPC when there is no room for them."""
    _well(files.open(0, _FILE, files.WRITE | files.CREATE | files.APPEND))
    written = files.write(0, data, 0, size)
    closed = files.close(0)
    if _E_NOSPC in (written, closed):
        return _E_NOSPC
    _well(min(written, closed))
    return 0


def _well(status: int) -> None:
    if status < 0:
        raise CliError(f"the full memory could not be made: status {status}")


def stored_parameters(memory: bytearray) -> Dict[str, Any]:
    """The parameters in `memory` (of FRAM, unchanged) by name, as the flight software reads them at
    a start; none where it finds no good copy."""
    params = Params(dictionary, Fram(Supply(), bytearray(memory)), Events())
    params.load()
    if params.source == SOURCE_DEFAULTS:
        return {}
    return {
        row.name: struct.unpack_from(">" + row.type.code, params.image, params.place(row.id))[0]
        for row in Dictionary().parameters.values()
    }
