"""The keys of the space link that an onboard computer is given, from a provisioned folder.

It holds one file NAME.key of 32 bytes per row of ASSOCIATIONS and WRAPPING_KEYS in
flight/dictionary.py, readable by its owner only; `python -m ground.keys generate FOLDER` makes
one. Development keys lie in build/keys/development. Host only.
"""

import stat
from pathlib import Path

from flight import dictionary

DEVELOPMENT = Path(__file__).resolve().parents[1] / "build" / "keys" / "development"
KEY_SIZE = 32


class KeyFileError(Exception):
    """One line: which file, what is wrong."""


def names() -> "list[str]":
    """Names of the keys, in the order of the image."""
    return [row[0] for row in dictionary.ASSOCIATIONS] + list(dictionary.WRAPPING_KEYS)


def secrets(folder: Path) -> "list[bytes]":
    """The keys of `folder`. Raises `KeyFileError`."""
    found = []
    for name in names():
        path = folder / f"{name}.key"
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(f"{path}: others may read it; chmod 600")
            key = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from error
        if len(key) != KEY_SIZE or key in found or len(set(key)) == 1:
            raise KeyFileError(f"{path}: no key of {KEY_SIZE} bytes of its own")
        found.append(key)
    return found
