"""The files that the ground's end of CFDP may touch: the one that goes up, and parts of those that
were asked for. Whatever else is named, it is refused.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import Any, Optional

from cfdppy.exceptions import ChecksumNotImplemented
from cfdppy.filestore import VirtualFilestore
from spacepackets.cfdp import ChecksumType
from spacepackets.cfdp.tlv import FilestoreResponseStatusCode

from ground.errors import GroundError

FILE_MAX_B = 1 << 24
CHUNK_B = 1 << 16


class Part:
    """A file that comes down: `NAME.part`, which was not there before, and `NAME` when it is whole.

    Raises `GroundError` when either is there, or the folder takes no file.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """`name`: on board; its last part is the name in the folder."""
        self.name = name
        last = name.rpartition("/")[2]
        self.target = folder / last
        self.path = folder / f"{last}.part"
        if os.path.lexists(self.target):
            raise GroundError(f"{self.target}: is there already; nothing is written over")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            # Without a buffer: what the disk does not take is said at once.
            self.file = os.fdopen(os.open(self.path, flags, 0o666), "r+b", buffering=0)
        except FileExistsError:
            raise GroundError(
                f"{self.path}: is there already: another download goes on, or one was killed;"
                " delete it then, or give another folder"
            ) from None
        except OSError as error:
            raise GroundError(f"{self.path}: {error.strerror}") from error

    @property
    def size(self) -> int:
        """Octets up to the last one that was written."""
        return 0 if self.file.closed else os.fstat(self.file.fileno()).st_size

    def keep(self) -> None:
        """Give it its name. Raises `OSError` when that is taken meanwhile, or the disk is full."""
        if not self._is_ours():
            raise FileNotFoundError(self.path)
        try:
            os.link(self.path, self.target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.lexists(self.target):
                raise FileExistsError(self.target) from None
            os.rename(self.path, self.target)
        else:
            os.unlink(self.path)
        self.file.close()

    def discard(self) -> None:
        """Delete what is not whole; nothing when it has its name or is gone already."""
        if not self.file.closed:
            if self._is_ours():
                self.path.unlink()
            self.file.close()

    def _is_ours(self) -> bool:
        """What has its name is still the file that was opened here."""
        try:
            named = os.lstat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(self.file.fileno()))


class Files(VirtualFilestore):
    """What the handlers see: `reading`, which goes up, and `part`, which comes down."""

    def __init__(self) -> None:
        self.reading: Optional[Path] = None  # it may lie anywhere
        self.sent_as = Path()  # its name to the spacecraft: nothing of where it lies
        self.part: Optional[Part] = None

    def send(self, path: Path) -> Path:
        """Give the file `path` to the sender, under a name that no file on board can have."""
        self.reading, self.sent_as = path, Path(f"~{path.name}")
        return self.sent_as

    def _source(self, file: Path) -> Path:
        if self.reading is None or file != self.sent_as:
            raise PermissionError(f"{str(file)!r} is not what goes up")
        return self.reading

    def _part(self, file: Path) -> Part:
        if self.part is None or file != Path(self.part.name) or self.part.file.closed:
            raise PermissionError(f"{str(file)!r} is not what was asked for")
        return self.part

    def read_data(self, file: Path, offset: Optional[int], read_len: Optional[int] = None) -> bytes:
        with self._source(file).open("rb") as opened:
            opened.seek(offset or 0)
            return opened.read(-1 if read_len is None else read_len)

    def read_from_opened_file(self, bytes_io: Any, offset: int, read_len: int) -> bytes:
        bytes_io.seek(offset)
        return bytes(bytes_io.read(read_len))

    def file_size(self, file: Path) -> int:
        return self._source(file).stat().st_size

    def file_exists(self, path: Path) -> bool:
        if path == self.sent_as:
            return self._source(path).exists()
        return self._part(path).size >= 0

    def is_directory(self, path: Path) -> bool:
        return False

    def filename_from_full_path(self, path: Path) -> Optional[str]:
        return path.name

    def truncate_file(self, file: Path) -> None:
        self._part(file).file.truncate(0)

    def delete_file(self, file: Path) -> Any:
        if self.part is not None and file == Path(self.part.name):
            self.part.discard()
            return FilestoreResponseStatusCode.DELETE_SUCCESS
        return FilestoreResponseStatusCode.NOT_PERFORMED

    def write_data(self, file: Path, data: bytes, offset: Optional[int]) -> None:
        part = self._part(file)
        if (offset or 0) + len(data) > FILE_MAX_B:
            raise PermissionError("the file grows beyond all that the spacecraft holds")
        part.file.seek(offset or 0)
        rest = memoryview(data)
        while rest:
            rest = rest[part.file.write(rest) :]

    def calculate_checksum(
        self, checksum_type: Any, file_path: Path, size_to_verify: int, segment_len: int = 4096
    ) -> bytes:
        if checksum_type == ChecksumType.NULL_CHECKSUM:
            return bytes(4)
        if checksum_type not in (ChecksumType.CRC_32, ChecksumType.MODULAR):
            raise ChecksumNotImplemented(checksum_type)
        if self.reading is not None and file_path == self.sent_as:
            with self.reading.open("rb") as opened:
                return checksum(checksum_type, opened, size_to_verify)
        return checksum(checksum_type, self._part(file_path).file, size_to_verify)

    def _not_performed(self, *_: Any) -> Any:
        """Filestore requests: there are none of ours, and none from the spacecraft are obeyed."""
        return FilestoreResponseStatusCode.NOT_PERFORMED

    create_file = rename_file = replace_file = _not_performed
    create_directory = remove_directory = list_directory = _not_performed


def checksum(kind: Any, file: Any, size: int) -> bytes:
    """CRC-32, or the sum of big-endian words modulo 2^32, of the first `size` octets."""
    crc = total = 0
    file.seek(0)
    while size > 0:
        data = file.read(min(CHUNK_B, size))
        if not data:
            break
        size -= len(data)
        if kind == ChecksumType.CRC_32:
            crc = zlib.crc32(data, crc)
            continue
        data += bytes(-len(data) % 4)
        total += sum(word for (word,) in struct.iter_unpack(">I", data))
    return (crc if kind == ChecksumType.CRC_32 else total & 0xFFFFFFFF).to_bytes(4, "big")
