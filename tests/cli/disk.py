"""A disk that loses its power: which steps reach it, and what is left when it goes.

Every step of the operating system that changes the folder is counted, and the power can go before
or after any of them. What is left then is either all that was done, or the least that the system
has promised: contents of files that were synced, under the names of a folder that was synced.
"""

import os


class PowerCut(BaseException):
    """No program handles it."""


class Disk:
    """Changes of `folder` are watched while it is patched in by `watch`. `cut_at`: the number of
    the step, two for each, before and behind it, at which the power goes; None: never."""

    def __init__(self, folder):
        self.folder = folder
        self.cut_at = None
        self.steps = 0
        self._contents = {path.stat().st_ino: path.read_bytes() for path in folder.iterdir()}
        self._names = self._listed()

    def _listed(self):
        return {path.name: path.stat().st_ino for path in self.folder.iterdir()}

    def _step(self):
        self.steps += 1
        if self.steps == self.cut_at:
            raise PowerCut

    def watch(self, monkeypatch):
        """Let the steps go by here."""
        real_open, real_fdopen, real_replace = os.open, os.fdopen, os.replace

        def opened(path, flags, *mode, **more):
            if not flags & os.O_CREAT:
                return real_open(path, flags, *mode, **more)
            self._step()
            handle = real_open(path, flags, *mode, **more)
            if flags & os.O_TRUNC:
                self._contents.pop(os.fstat(handle).st_ino, None)
            self._step()
            return handle

        def fdopened(handle, *words, **more):
            return Writer(self, real_fdopen(handle, *words, **more))

        def synced(handle):
            self._step()
            if os.path.samestat(os.fstat(handle), os.stat(self.folder)):
                self._names = self._listed()
            else:
                found = [p for p in self.folder.iterdir() if p.stat().st_ino == _inode(handle)]
                self._contents[_inode(handle)] = found[0].read_bytes()
            self._step()

        def replaced(path, target):
            self._step()
            real_replace(path, target)
            self._step()

        monkeypatch.setattr(os, "open", opened)
        monkeypatch.setattr(os, "fdopen", fdopened)
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "replace", replaced)

    def lose(self):
        """The power has gone, and nothing is left that was not promised."""
        left = {name: self._contents.get(inode, b"") for name, inode in self._names.items()}
        for path in list(self.folder.iterdir()):
            path.unlink()
        for name, octets in left.items():
            (self.folder / name).write_bytes(octets)
            (self.folder / name).chmod(0o600)


class Writer:
    """An open file; the power can go in the middle of a write."""

    def __init__(self, disk, file):
        self._disk, self._file = disk, file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, octets):
        self._disk._step()
        self._file.write(octets[: len(octets) // 2])
        self._file.flush()
        self._disk._step()
        self._file.write(octets[len(octets) // 2 :])

    def __getattr__(self, name):
        return getattr(self._file, name)


def _inode(handle):
    return os.fstat(handle).st_ino
