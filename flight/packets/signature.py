"""Signature of a dictionary: 32 bits that change with every definition. Host only.

The build puts it into the image header, the spacecraft sends it, the ground compares.
"""

import binascii
import json
from types import ModuleType
from typing import Any

TABLES = ("APP", "NAME", "PACKETS", "COMMANDS", "EVENTS", "PARAMETERS")


def canonical_text(dictionary: Any) -> str:
    """JSON of all tables without white space: the same text on every Python and machine."""
    subsystems: tuple[ModuleType, ...] = dictionary.SUBSYSTEMS
    content = [
        dictionary.SCID,
        dictionary.EPOCH,
        dictionary.PARTNERS,
        dictionary.AUTHORITIES,
        dictionary.APP_NAMES,
        dictionary.MODE_NAMES,
        [[getattr(module, table) for table in TABLES] for module in subsystems],
    ]
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


def signature(dictionary: Any) -> int:
    """CRC-32 of the canonical text, 0..2^32-1."""
    return binascii.crc32(canonical_text(dictionary).encode("ascii"))
