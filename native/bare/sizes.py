"""What the attitude loop adds to a flight image, in bytes: code and constants, by file.

    python -m native.bare.sizes [--symbols N]

Linked is what the control kernel calls (every function of mf_adcs.h) with all that it reaches, at
the flags of the firmware, unreached sections left out as there: the algorithms, the parameters of
the reference mission, the libm, and soft floating point. Files of native/src/adcs that are not in
it are listed too: nothing that flies calls them.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from native import bare
from native.cffi.sources import INCLUDE, algorithms

_PUBLIC = re.compile(r"^(?:int|void|bool|float) (mf_adcs_\w+)\(", re.M)
_SECTION = re.compile(
    r"^ (\.(?:text|rodata|data)\S*)\n?\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s(\S+)$", re.M
)
_HASH = re.compile(r"-[0-9a-f]{16}\.o$")
# Of the frame that holds the loop in a bare image, and not the loop's.
_FRAME = ("bare_start", "image")


class Piece(NamedTuple):
    """One section of one object file."""

    file: str
    symbol: str
    size_B: int


class Sizes(NamedTuple):
    """What was linked, largest first, and the algorithms that were not."""

    pieces: "tuple[Piece, ...]"
    left_out: "tuple[str, ...]"
    total_B: int  # of the pieces and what aligns them

    def by_file(self) -> "dict[str, int]":
        """Bytes per file, largest first."""
        out: "dict[str, int]" = {}
        for piece in self.pieces:
            out[piece.file] = out.get(piece.file, 0) + piece.size_B
        return dict(sorted(out.items(), key=lambda item: -item[1]))


_NOTHING = """#include "bare.h"
int bare_main(void)
{
    bare_print_decimal(0u);
    return 0;
}
"""


def _program() -> str:
    """An image that links what the kernel calls."""
    names = _PUBLIC.findall((INCLUDE / "mf_adcs.h").read_text(encoding="utf-8"))
    table = ", ".join(f"(function_t){name}" for name in names)
    return f"""#include "bare.h"
#include "mf_adcs_state.h"
typedef void (*function_t)(void);
static function_t const called[] = {{{table}}};
int bare_main(void)
{{
    for (uint32_t i = 0; i < sizeof called / sizeof called[0]; i++) {{
        bare_print_decimal((uint32_t)(uintptr_t)called[i]);
    }}
    return 0;
}}
"""


def _pieces(text: str) -> "list[Piece]":
    """Sections with a size and an address in a linker's map."""
    out = []
    for section, size, path in _SECTION.findall(text[text.index("Memory Configuration") :]):
        archive = re.search(r"lib\w+\.a\(([^)]+)\)$", path)
        file = archive[1] if archive else _HASH.sub("", Path(path).name)
        symbol = section.split(".", 2)[2] if section.count(".") > 1 else section
        if int(size, 16) > 0 and not file.endswith(_FRAME):
            out.append(Piece(file, symbol, int(size, 16)))
    return out


def measure() -> Sizes:
    """Link and look. bare.BareError, RuntimeError when it cannot be built."""
    with tempfile.TemporaryDirectory(prefix="microflight-sizes-") as name:
        folder = Path(name)
        frame_B = bare.text_bytes(bare.image(_NOTHING, folder))
        total_B = bare.text_bytes(bare.image(_program(), folder)) - frame_B
        text = (folder / "image.map").read_text(encoding="utf-8")
    pieces = sorted(_pieces(text), key=lambda piece: -piece.size_B)
    linked = {piece.file for piece in pieces}
    left_out = [path.stem for path in algorithms() if f"adcs_{path.stem}" not in linked]
    return Sizes(tuple(pieces), tuple(left_out), total_B)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Bytes of the attitude loop in a flight image.")
    parser.add_argument("--symbols", type=int, default=0, metavar="N", help="also the N largest")
    count = parser.parse_args().symbols
    try:
        sizes = measure()
    except (bare.BareError, RuntimeError) as error:
        print(f"sizes: {error}", file=sys.stderr)
        return 2
    for file, size_B in sizes.by_file().items():
        print(f"{size_B:7d} {file}")
    print(f"{sizes.total_B:7d} together")
    for piece in sizes.pieces[:count]:
        print(f"{piece.size_B:7d} {piece.file} {piece.symbol}")
    if sizes.left_out:
        print(f"nothing that flies calls: {', '.join(sizes.left_out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
