"""Key files of the link: one file per key, 32 bytes, readable by their owner only.

    python -m ground.keys generate FOLDER [--partner NAME]

makes new random keys: all of a spacecraft, or those one partner keeps. A folder of development keys
for the simulator is `build/keys/development`; `make setup` and `make firmware` make it.
"""

import argparse
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Dict, Iterable, List, Optional

from flight import dictionary
from ground import private_file
from ground.errors import GroundError

KEY_SIZE = 32
DEVELOPMENT = Path(__file__).resolve().parents[1] / "build" / "keys" / "development"


def names(partner: Optional[str] = None) -> List[str]:
    """Names of the keys of a spacecraft, or of one partner's; the host also keeps the emergency
    key. Raises `GroundError` for an unknown partner."""
    every = [row[0] for row in dictionary.ASSOCIATIONS] + list(dictionary.WRAPPING_KEYS)
    if partner is None:
        return every
    if partner not in [row[0] for row in dictionary.PARTNERS]:
        raise GroundError(f"partner {partner!r} is unknown")
    own = [name for name in every if name.split("-")[1] == partner]
    return own + ["tc-emergency"] if partner == "host" else own


def write_key(path: Path, key: bytes) -> None:
    """A new key file, on the disk; an existing one is never overwritten. Raises `GroundError`."""
    try:
        private_file.write_octets(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), key)
        private_file.sync_folder(path.parent)
    except OSError as error:
        raise GroundError(f"{path}: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make a folder that nobody else may enter, or make it so. Raises `GroundError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise GroundError(f"{folder}: {error.strerror}") from error


def generate(folder: Path, which: Iterable[str]) -> List[Path]:
    """Make the keys `which` in `folder`, which nobody else may enter. Raises `GroundError`."""
    make_folder(folder)
    made = []
    for name in which:
        path = folder / f"{name}.key"
        write_key(path, secrets.token_bytes(KEY_SIZE))
        made.append(path)
    return made


def read_key(path: Path) -> bytes:
    """A key. Raises `GroundError` when it is missing, open to others, or none."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise GroundError(f"{path}: others may read it; chmod 600")
        key = path.read_bytes()
    except OSError as error:
        raise GroundError(f"{path}: {error.strerror}") from error
    if len(key) != KEY_SIZE or len(set(key)) == 1:
        raise GroundError(f"{path}: no key of {KEY_SIZE} bytes")
    return key


def load(folder: Path) -> Dict[str, bytes]:
    """The keys of a folder by name: those that are there. Raises `GroundError`."""
    found = {}
    for name in names():
        path = folder / f"{name}.key"
        if path.exists():
            found[name] = read_key(path)
    return found


def development() -> Dict[str, bytes]:
    """The development keys, made when they are missing."""
    if not DEVELOPMENT.exists():
        # Two processes may come here at once: the folder appears whole, or not at all.
        scratch = DEVELOPMENT.with_name(f"new-{os.getpid()}")
        generate(scratch, names())
        try:
            scratch.rename(DEVELOPMENT)
        except OSError:
            for path in scratch.iterdir():
                path.unlink()
            scratch.rmdir()
    return load(DEVELOPMENT)


def main() -> int:
    """Command line; exit code 2 and one line when it cannot be done."""
    parser = argparse.ArgumentParser(description="Make keys of the link.")
    parser.add_argument("action", choices=["generate"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--partner", help="the keys of this partner only")
    arguments = parser.parse_args()
    try:
        made = generate(arguments.folder, names(arguments.partner))
    except GroundError as error:
        print(f"keys: {error}", file=sys.stderr)
        return 2
    print(f"keys: {len(made)} made in {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
