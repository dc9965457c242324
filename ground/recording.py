"""Recorded telemetry frames: one file, written as they come, replayed by `microflight decode`.

Layout, all integers big-endian: magic `MFFRAMES` (8 bytes), version u16 (1), dictionary signature
u32 of the ground that recorded (information only), then per frame: receive time u64 [us of world
time], length u16, the bytes. Two runs of one seed write byte-identical files.
"""

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Iterator, Optional, Type

from ground.errors import RecordingError

MAGIC = b"MFFRAMES"
VERSION = 1
_HEADER = struct.Struct(">8sHI")
_RECORD = struct.Struct(">QH")


class Recorder:
    """Writes frames to `path`. A context manager; also a callable `(t_s, frame)`.

    Raises `RecordingError` when the file cannot be created.
    """

    def __init__(self, path: "str | Path", signature: int) -> None:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = open(path, "wb")
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written: {error.strerror}") from error
        self._file.write(_HEADER.pack(MAGIC, VERSION, signature))

    def __call__(self, t_s: float, frame: bytes) -> None:
        """Append one frame received at world time `t_s` [s]."""
        self._file.write(_RECORD.pack(round(t_s * 1e6), len(frame)))
        self._file.write(frame)

    def close(self) -> None:
        """Flush and close the file."""
        self._file.close()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


def read(path: "str | Path") -> Iterator["tuple[float, bytes]"]:
    """Yield `(t_s, frame)` of every record of the frames file `path`.

    Raises `RecordingError` for a missing file, another format or version, or a cut record (after
    all whole records were given).
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        raise RecordingError(f"{path}: not a frames file; record one with fly --frames FILE")
    _, version, _ = _HEADER.unpack_from(data)
    if version != VERSION:
        raise RecordingError(f"{path}: version {version} of the format, this tool reads {VERSION}")
    offset = _HEADER.size
    while offset < len(data):
        if offset + _RECORD.size > len(data):
            raise RecordingError(f"{path}: cut in mid-record at byte {offset}")
        time_us, length = _RECORD.unpack_from(data, offset)
        start = offset + _RECORD.size
        if start + length > len(data):
            raise RecordingError(f"{path}: cut in mid-record at byte {offset}")
        yield time_us / 1e6, data[start : start + length]
        offset = start + length
