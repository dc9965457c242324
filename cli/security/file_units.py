"""CFDP units made by hand, good and bad, for attacks and tests (CCSDS 727.0-B-5, 5.1 and 5.2).

Entities of one octet, numbers of two, no large files.
"""

import struct
from typing import Optional

from flight.packets.file_units import ENTITY, GROUND_ENTITY
from ground import crc

METADATA, EOF, FINISHED, ACK, NAK, PROMPT = 7, 4, 5, 6, 8, 9
WITH_CRC, UNACKNOWLEDGED, LARGE_FILE = 2, 4, 1


def unit(
    data: bytes,
    directive: Optional[int] = None,
    up: bool = True,
    owner: int = 0,
    number: int = 7,
    flags: int = 0,
    source: Optional[int] = None,
    destination: Optional[int] = None,
) -> bytes:
    """A unit of an upload, of file data without `directive`; with `up` False one to the sender of a
    download."""
    ground = GROUND_ENTITY + owner
    source = (ground if up else ENTITY) if source is None else source
    destination = (ENTITY if up else ground) if destination is None else destination
    first = 0x20 | flags | (0 if up else 0x08) | (0x10 if directive is None else 0)
    body = (b"" if directive is None else bytes((directive,))) + data
    size = len(body) + (crc.SIZE if flags & WITH_CRC else 0)
    made = struct.pack(">BHBBHB", first, size, 0x01, source, number, destination) + body
    return crc.append_crc(made) if flags & WITH_CRC else made


def metadata(size: int, name: bytes = b"a", kind: int = 3, options: bytes = b"") -> bytes:
    """Checksum `kind`, a file of `size` octets called `name`."""
    return (
        bytes((kind,)) + struct.pack(">I", size) + b"\x01x" + bytes((len(name),)) + name + options
    )


def data(offset: int, octets: bytes) -> bytes:
    """A segment."""
    return struct.pack(">I", offset & 0xFFFFFFFF) + octets


def eof(size: int, checksum: int = 0, condition: int = 0) -> bytes:
    """The end of a file."""
    return bytes((condition << 4,)) + struct.pack(">II", checksum, size)
