"""One owner's keys on the ground and the counters that go with them: a folder none else may enter.

    NAME.key             32 octets, mode 0600 (ground/keys.py): in use
    NAME.new             of a change of which it is not known whether the spacecraft has made it
    NAME.N.kept          of generation N: used before, or not there when telemetry was asked
    OWNER.counters       next IV of each association, sequence count of each APID, generations
    OWNER.lock           held by the one process that sends for this owner

Keys never leave this folder but by `rekey`, wrapped. Nothing here prints one, or removes one. A
counter belongs to its key: every key has its own, and goes on with it whenever it comes back.
"""

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Dict, NamedTuple, Optional, Tuple, Type

from flight import dictionary
from ground import keys, private_file
from ground.errors import GroundError
from ground.security import Counters, TcSecurity, TmSecurity

GENERATION = "generation of "  # of the key in NAME.key
TRIED = "generation tried of "  # the last that a key was wrapped under, whatever came of it
TAKING = "generation being taken of "  # the change of files that is under way
NEWEST = "telemetry of "  # the lowest counter of telemetry that is not used up
# So many frames of telemetry may come again after a process was killed. The mark follows what came
# and never runs ahead: others who listen begin at it too, and frames that are good must reach them.
NOTE_EVERY = 64
LAST_GENERATION = 0xFFFFFFFF


class Change(NamedTuple):
    """A change of key that has begun: what the spacecraft is told."""

    key: bytes
    generation: int
    wrapped: bytes


class Keyring:
    """The keys of `owner` in `folder`. With `sending` no other process sends for him meanwhile; a
    context manager lets go. Raises `GroundError`."""

    def __init__(self, folder: Path, owner: str, sending: bool = False) -> None:
        self.folder, self.owner = folder, owner
        _check_folder(folder)
        self._lock: Optional[int] = None
        self._followed: Optional[TmSecurity] = None
        if sending:
            # Before anything is read: who sends until now may be changing it.
            self._take_lock()
        opened = False
        try:
            self._open(sending)
            opened = True
        finally:
            if not opened:
                self._let_go()

    def _open(self, sending: bool) -> None:
        self.counters = Counters(self.folder / f"{self.owner}.counters")
        own = keys.names(self.owner)
        if sending:
            for name in own:
                if TAKING + name in self.counters.names():
                    self._change_files(name, self.counters.value(TAKING + name))
        self.keys: Dict[str, bytes] = {
            name: key for name, key in keys.load(self.folder).items() if name in own
        }
        if sending and f"tc-{self.owner}" not in self.keys:
            raise GroundError(
                f"{self.folder}: no key tc-{self.owner}; microflight ground keys generate|load"
            )
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
        try:
            self.note_telemetry(at_once=True)
        finally:
            self._let_go()

    def _let_go(self) -> None:
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
            self._let_go()
            raise GroundError(
                f"another process sends for {self.owner} with the keys in {self.folder}"
            ) from None

    # --- changes of keys ---

    def generation(self, name: str) -> int:
        """Generation of the key in use; that of the image is 1."""
        return max(1, self.counters.value(GENERATION + name))

    def begin_change(self, name: str) -> Change:
        """Make a key that is to replace the present one, and keep it before the spacecraft is told:
        whatever happens then, one of the two is right. Its generation was never tried before, for
        it is the nonce under which it is wrapped. Raises `GroundError` when a change is open."""
        path = self.folder / f"{name}.new"
        if path.exists():
            raise GroundError(
                f"{path}: a change is not concluded; microflight ground keys resume looks which"
                " key the spacecraft has"
            )
        self.security.wrapping_key(name)
        generation = max(self.counters.value(TRIED + name), self.generation(name)) + 1
        if generation > LAST_GENERATION:
            raise GroundError(f"{name}: generations have come to their end")
        key = secrets.token_bytes(keys.KEY_SIZE)
        self.counters.set(TRIED + name, generation)
        private_file.replace_octets(path, key)
        return Change(key, generation, self.security.wrap(name, key, generation))

    def prepared(self, name: str) -> Optional[int]:
        """The generation of a change that is not concluded, or None."""
        if not (self.folder / f"{name}.new").exists():
            return None
        return max(self.counters.value(TRIED + name), self.generation(name) + 1)

    def others(self, name: str) -> Dict[int, Path]:
        """Files of the keys of an association that are here and not in use, by generation."""
        found = {}
        for path in self.folder.glob(f"{name}.*.kept"):
            number = path.name.split(".")[1]
            if number.isdigit():
                found[int(number)] = path
        found.pop(self.generation(name), None)
        prepared = self.prepared(name)
        if prepared is not None:
            found[prepared] = self.folder / f"{name}.new"
        return dict(sorted(found.items()))

    def take_into_use(self, name: str, generation: int) -> None:
        """The spacecraft has the key of this generation: use it, with its own counter. The one
        before is kept, with its own. Raises `GroundError`.

        What is to be done is on the disk first, then the files change, then the counters, all at
        once. Whoever opens the folder after a crash finishes it before he takes a counter; until
        then the file and the counters are those of one key."""
        source = self.others(name).get(generation)
        if source is None:
            raise GroundError(f"{self.folder}: no key {name} of generation {generation}")
        key = keys.read_key(source)
        self.note_telemetry(at_once=True)
        self.counters.set(TAKING + name, generation)
        self._change_files(name, generation)
        self.security.exchange_key(name, key)
        self.keys[name] = key

    def _change_files(self, name: str, generation: int) -> None:
        path = self.folder / f"{name}.key"
        before = self.generation(name)
        source = self.others(name).get(generation)
        if source is not None:  # else it is in its place, and the counters alone are left
            private_file.replace_octets(self._kept(name, before), keys.read_key(path))
            private_file.rename(source, path)
        values: Dict[str, Optional[int]] = {GENERATION + name: generation, TAKING + name: None}
        for counter in (name, NEWEST + name):
            values[_of(counter, before)] = self.counters.value(counter)
            values[counter] = self.counters.value(_of(counter, generation))
            values[_of(counter, generation)] = None
        self.counters.update(values)

    def set_aside(self, name: str) -> None:
        """The spacecraft was heard without the prepared key. It may still come to it, by a frame
        that was held back: the key is kept."""
        generation = self.prepared(name)
        if generation is not None:
            private_file.rename(self.folder / f"{name}.new", self._kept(name, generation))

    def _kept(self, name: str, generation: int) -> Path:
        return self.folder / f"{name}.{generation}.kept"

    # --- counters of telemetry ---

    def follow(self, security: TmSecurity) -> None:
        """Open the owner's telemetry by `security` from now on: nothing that this folder has heard
        before, under the key in use and under those that the spacecraft may change to."""
        name, vc = self._telemetry()
        if name not in self.keys:
            return
        rows = [(self.keys[name], self.counters.value(NEWEST + name))]
        for generation, path in self.others(name).items():
            if generation > self.generation(name):
                mark = self.counters.value(_of(NEWEST + name, generation))
                if mark:  # the spacecraft has come to it: nothing of before is new
                    rows.clear()
                rows.append((keys.read_key(path), mark))
        security.set_keys(vc, rows)
        # Every simulated flight has these keys, and counts from 0.
        if self._lock is not None and self.folder.resolve() != keys.DEVELOPMENT:
            self._followed = security

    def note_telemetry(self, at_once: bool = False) -> None:
        """Store how far telemetry has come: when that is much, or `at_once`, before something is
        decided by it. Raises `GroundError`."""
        if self._followed is None:
            return
        name, vc = self._telemetry()
        key, reached = self._followed.reached(vc)
        mark, enough = NEWEST + name, NOTE_EVERY
        if key != self.keys[name]:
            found = [n for n, path in self.others(name).items() if keys.read_key(path) == key]
            if not found:
                return
            mark = _of(NEWEST + name, found[0])
            if self.counters.value(mark) == 0:
                enough = 1
        if reached - self.counters.value(mark) >= (1 if at_once else enough):
            self.counters.set(mark, reached)

    def forget_telemetry(self) -> None:
        """The spacecraft's memory is new, and its telemetry counts from 0. Raises `GroundError`."""
        name, _ = self._telemetry()
        if name not in self.keys:
            raise GroundError(f"{self.folder}: no key {name}, no counter of telemetry")
        self.counters.update({NEWEST + name: None})

    def _telemetry(self) -> Tuple[str, int]:
        """Name of the owner's association of telemetry, which the host has not, and its channel."""
        name = f"tm-{self.owner}"
        return name, next((row[3] for row in dictionary.ASSOCIATIONS if row[0] == name), 0)


def _of(counter: str, generation: int) -> str:
    """Where the counter of a key is that is not in use."""
    return f"{counter} of generation {generation}"


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
