"""Parameter images as files (docs/icd/parameter-image.md), for the command `parameters_load`."""

import struct
import zlib
from typing import Mapping

from ground.dictionary import Dictionary
from ground.errors import GroundError

MAGIC = b"MFP1"


def layout(dictionary: Dictionary) -> int:
    """Sum of the table of parameters: an image of another table is refused on board."""
    value = 0xFFFF
    for parameter in sorted(dictionary.parameters.values(), key=lambda row: row.id):
        size = struct.calcsize(">" + parameter.type.code)
        value = (value * 31 + parameter.id * 8 + size) & 0xFFFF
    return value


def image(dictionary: Dictionary, values: Mapping[str, float]) -> bytes:
    """The file that sets `values`, by the names of the parameters. Raises `GroundError` for a name
    that is none or a value that does not fit its type."""
    entries = []
    for name, value in values.items():
        parameter = dictionary.parameters.get(name)
        if parameter is None:
            raise GroundError(f"{name}: no such parameter")
        try:
            packed = struct.pack(">" + parameter.type.code, value)
        except (struct.error, OverflowError) as error:
            raise GroundError(f"{name}: {value} is no {parameter.type.name}") from error
        entries.append((parameter.id, packed))
    return build(layout(dictionary), sorted(entries))


def build(version: int, entries: "list[tuple[int, bytes]]") -> bytes:
    """The file of these entries as they stand."""
    body = MAGIC + struct.pack(">HH", version, len(entries))
    body += b"".join(struct.pack(">H", number) + value for number, value in entries)
    return body + struct.pack(">I", zlib.crc32(body))
