"""One owner's keys on the ground and the counters that go with them: a folder none else may enter.

    NAME.key             32 octets, mode 0600 (ground/keys.py)
    OWNER.counters       next IV of each association, sequence count of each APID, generations
    OWNER.lock           held by the one process that sends for this owner

Keys never leave this folder but by `rekey`, wrapped. Nothing here prints one.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Dict, Optional, Type

from ground import keys
from ground.errors import GroundError
from ground.security import Counters, TcSecurity

GENERATION = "generation of "


class Keyring:
    """The keys of `owner` in `folder`. With `sending` no other process sends for him meanwhile; a
    context manager lets go. Raises `GroundError`."""

    def __init__(self, folder: Path, owner: str, sending: bool = False) -> None:
        self.folder, self.owner = folder, owner
        _check_folder(folder)
        own = keys.names(owner)
        self.keys: Dict[str, bytes] = {
            name: key for name, key in keys.load(folder).items() if name in own
        }
        if sending and f"tc-{owner}" not in self.keys:
            raise GroundError(f"{folder}: no key tc-{owner}; microflight ground keys generate|load")
        self._lock: Optional[int] = None
        if sending:
            self._take_lock()
        self.counters = Counters(folder / f"{owner}.counters")
        self.security = TcSecurity(self.keys, self.counters)

    def __enter__(self) -> "Keyring":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others send for this owner."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        path = self.folder / f"{self.owner}.lock"
        try:
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise GroundError(f"{path}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise GroundError(
                f"another process sends for {self.owner} with the keys in {self.folder}"
            ) from None

    def generation(self, name: str) -> int:
        """Generation of a key as far as this ground has changed it; that of the image is 1."""
        return max(1, self.counters.value(GENERATION + name))

    def prepare(self, name: str, key: bytes) -> None:
        """Keep `key`, which is to replace the present one, before the spacecraft is told: whatever
        happens then, one of the two is right. Raises `GroundError` when a change is open."""
        path = self.folder / f"{name}.new"
        if path.exists():
            raise GroundError(
                f"{path}: a change is not concluded; microflight ground keys resume looks which"
                " key the spacecraft has"
            )
        keys.write_key(path, key)

    def prepared(self, name: str) -> Optional[bytes]:
        """The key of a change that is not concluded, or None."""
        path = self.folder / f"{name}.new"
        return keys.read_key(path) if path.exists() else None

    def take_into_use(self, name: str, generation: int) -> None:
        """The spacecraft has the prepared key: use it. The one before stays as NAME.old until the
        next change. Raises `GroundError`."""
        key = self.prepared(name)
        if key is None:
            raise GroundError(f"{self.folder}: no new key {name}")
        path = self.folder / f"{name}.key"
        self.counters.set(GENERATION + name, generation)
        self.security.set_key(name, key)
        try:
            path.replace(self.folder / f"{name}.old")
            (self.folder / f"{name}.new").replace(path)
        except OSError as error:
            raise GroundError(f"{path}: {error.strerror}") from error
        self.keys[name] = key

    def drop_prepared(self, name: str) -> None:
        """The spacecraft has kept the old key."""
        (self.folder / f"{name}.new").unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise GroundError(
            f"{folder}: {error.strerror}; microflight ground keys generate FOLDER makes keys"
        ) from error
    if not folder.is_dir():
        raise GroundError(f"{folder}: no folder")
    if mode & 0o077:
        raise GroundError(f"{folder}: others may enter it; chmod 700")
