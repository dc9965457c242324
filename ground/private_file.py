"""Small records of an operator that nobody else may read and that no crash leaves half written.

When a call returns, what it did outlives a loss of power: the octets are on the disk, and so is the
folder that names them. Without the folder a rename may be forgotten, and the old content be back.
"""

import json
import os
from pathlib import Path
from typing import Any

from ground.errors import GroundError


def replace(path: Path, record: Any) -> None:
    """Put `record` as JSON on the disk in the place of what `path` held. Raises `GroundError`."""
    replace_octets(path, json.dumps(record).encode("ascii"))


def replace_octets(path: Path, octets: bytes) -> None:
    """Put `octets` on the disk in the place of what `path` held. Raises `GroundError`."""
    scratch = path.with_name(path.name + ".new")
    try:
        _make_folder(path.parent)
        write_octets(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), octets)
    except OSError as error:
        raise GroundError(f"{path}: {error.strerror}") from error
    rename(scratch, path)


def write_octets(handle: int, octets: bytes) -> None:
    """Write `octets` to an open file, to the disk, and close it. Raises OSError."""
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def rename(path: Path, target: Path) -> None:
    """Give a file another name in its folder, in the place of what had it. Raises `GroundError`."""
    try:
        os.replace(path, target)
        sync_folder(target.parent)
    except OSError as error:
        raise GroundError(f"{target}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """The names in a folder are on the disk from here on. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folder(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)
