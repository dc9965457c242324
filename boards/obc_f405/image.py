"""Finish a linked image: fill in its header, write the ELF and the slot's bytes.

Host only. The layout is that of image_header.h.
"""

from __future__ import annotations

import argparse
import importlib
import struct
import sys
import zlib
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

HEADER = struct.Struct("<IIIIII24s16s")
MAGIC = 0x3146464D
CRC_START = 12
FLAG_FLIGHT = 1
BOOT_SIZE = 64 * 1024
SLOT_B = 0x08080000
# Of an ELF32 file: where the place, the entry size and count of its segments stand, and an entry.
PHOFF_AT, PHENTSIZE_AT = 28, 42
SEGMENT = struct.Struct("<8I")
PT_LOAD = 1


def software_version(root: Path) -> str:
    """Version of the project, from pyproject.toml."""
    for line in (root / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "version":
            return value.strip().strip('"')
    raise ValueError("pyproject.toml has no version")


def dictionary_hash(root: Path) -> int:
    """Signature of the dictionary the image is built with (flight/packets/signature.py)."""
    sys.path.insert(0, str(root))
    signature = importlib.import_module("flight.packets.signature").signature
    return int(signature(importlib.import_module("flight.dictionary")))


class Image:
    """A linked ELF file as bytes, addressed by load address."""

    def __init__(self, path: Path) -> None:
        self.data = bytearray(path.read_bytes())
        with path.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            if not isinstance(table, SymbolTableSection):
                raise ValueError(f"{path} has no symbols")
            self.symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
            self.loads = [
                (s["p_paddr"], s["p_offset"], s["p_filesz"])
                for s in elf.iter_segments()
                if s["p_type"] == "PT_LOAD" and s["p_filesz"]
            ]

    def slot_bytes(self) -> bytearray:
        """The slot from its base to the end of the image; gaps are 0xFF as in erased flash."""
        base, end = self.symbols["image_header"], self.symbols["image_end"]
        out = bytearray(b"\xff" * (end - base))
        for address, offset, size in self.loads:
            if base <= address < end:
                out[address - base : address - base + size] = self.data[offset : offset + size]
        return out

    def write_header(self, header: bytes) -> None:
        """Replace the header in the ELF file's bytes."""
        base = self.symbols["image_header"]
        for address, offset, size in self.loads:
            if address <= base and base + len(header) <= address + size:
                at = offset + base - address
                self.data[at : at + len(header)] = header
                return
        raise ValueError("the image header is in no segment")


def with_segment(elf: bytes, address: int, data: bytes) -> bytes:
    """An ELF file with one more loadable segment: `data` at `address`.

    The table of segments moves to the end of the file, where there is room; its entries stay in
    the order of their addresses.
    """
    out = bytearray(elf)
    (at,) = struct.unpack_from("<I", elf, PHOFF_AT)
    size, count = struct.unpack_from("<HH", elf, PHENTSIZE_AT)
    rows = [elf[at + i * size : at + (i + 1) * size] for i in range(count)]
    out += bytes(-len(out) % 8)
    row = SEGMENT.pack(PT_LOAD, len(out), address, address, len(data), len(data), 5, 8)
    out += data
    out += bytes(-len(out) % 8)
    behind = [i for i, other in enumerate(rows) if SEGMENT.unpack(other)[2] > address]
    rows.insert(behind[0] if behind else len(rows), row)
    struct.pack_into("<I", out, PHOFF_AT, len(out))
    struct.pack_into("<H", out, PHENTSIZE_AT + 2, len(rows))
    return bytes(out) + b"".join(rows)


def finish(
    linked: Path, target: Path, board: str, profile: str, root: Path, other: Path | None = None
) -> None:
    """Patch the header of `linked` and write `target` (ELF) and its .bin beside it; `other`: the
    bytes of slot B, which go into the ELF file as well."""
    image = Image(linked)
    slot = image.slot_bytes()
    fields = [
        MAGIC,
        len(slot),
        0,
        image.symbols["image_header"],
        FLAG_FLIGHT if profile == "flight" else 0,
        dictionary_hash(root),
        software_version(root).encode(),
        board.encode(),
    ]
    slot[: HEADER.size] = HEADER.pack(*fields)
    fields[2] = zlib.crc32(slot[CRC_START:])
    slot[: HEADER.size] = HEADER.pack(*fields)
    image.write_header(bytes(slot[: HEADER.size]))
    data = bytes(image.data)
    if other is not None:
        data = with_segment(data, SLOT_B, other.read_bytes())
    target.write_bytes(data)
    target.with_suffix(".bin").write_bytes(slot)
    print(f"{target.name}: {len(slot)} bytes, CRC {fields[2]:08x}, dictionary {fields[5]:08x}")


def main() -> int:
    """Command line of the build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("linked", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--board", required=True)
    parser.add_argument("--profile", required=True, choices=("development", "flight"))
    parser.add_argument("--other", type=Path)
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    finish(
        arguments.linked,
        arguments.target,
        arguments.board,
        arguments.profile,
        root,
        arguments.other,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
