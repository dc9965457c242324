"""Write the coefficients of the geomagnetic field as a C table.

    python native/generate_igrf.py [--check]

Source: IGRF-14 of IAGA (Alken et al.; doi 10.5281/zenodo.14012302), as the file IGRF14.shc that the
pinned package ppigrf carries. Taken are the field of 2025, in the tenths of a nanotesla in which it
is published, and its change over the five years before and after. The result,
native/src/adcs/igrf_table.h, is committed; `--check` says whether it is what this script writes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

DEGREE, DEGREE_AFTER = 13, 8
TARGET = Path(__file__).resolve().parent / "src" / "adcs" / "igrf_table.h"


def read_shc(text: str) -> dict[tuple[int, int], dict[float, float]]:
    """Coefficients by (n, m), m negative for h, and by year [nT]."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    years = [float(word) for word in lines[1].split()]
    table = {}
    for line in lines[2:]:
        n, m, *values = line.split()
        table[int(n), int(m)] = dict(zip(years, map(float, values), strict=True))
    return table


def columns() -> list[tuple[int, int]]:
    """(n, m) in the order of the tables: m ascending, in it n; g(0,0) is no term."""
    return [(n, m) for m in range(DEGREE + 1) for n in range(max(m, 1), DEGREE + 1)]


def array(name: str, comment: str, values: list[float], unit: float) -> str:
    """One C array of whole multiples of `unit`, 12 numbers a line."""
    counts = [round(value / unit) for value in values]
    for value, count in zip(values, counts, strict=True):
        if abs(value - count * unit) > 1e-6 or not -32768 <= count <= 32767:
            raise ValueError(f"{name}: {value} is no int16 of {unit}")
    lines = [
        "    " + ", ".join(str(count) for count in counts[k : k + 12]) + ","
        for k in range(0, len(counts), 12)
    ]
    body = "\n".join(lines)
    return f"/* {comment} */\nstatic const int16_t {name}[{len(values)}] = {{\n{body}\n}};\n"


def table(text: str) -> str:
    """The whole header."""
    shc = read_shc(text)

    def numbers(value: Callable[[dict[float, float]], float], degree: int) -> list[float]:
        out = []
        for n, m in columns():
            if n <= degree:
                out += [value(shc[n, m]), *([value(shc[n, -m])] if m > 0 else [])]
            elif any(value(shc[n, k]) for k in {m, -m}):
                raise ValueError(f"a number of degree {n} is beyond {degree}")
        return out

    dipole = [shc[1, m][2025.0] for m in (0, 1, -1)]
    for m in (0, 1, -1):  # too large for the table
        change = {2020.0: shc[1, m][2020.0] - shc[1, m][2025.0], 2025.0: 0.0}
        shc[1, m] = {**change, 2030.0: shc[1, m][2030.0] - shc[1, m][2025.0]}
    parts = [
        "/* Written by native/generate_igrf.py from IGRF14.shc (IAGA, 10.5281/zenodo.14012302).\n"
        " * Order m = 0..13, in it n = max(m, 1)..13: g and, but for m = 0, h. */\n"
        "#ifndef MF_IGRF_TABLE_H\n#define MF_IGRF_TABLE_H\n\n#include <stdint.h>\n",
        f"#define IGRF_DEGREE {DEGREE}\n#define IGRF_DEGREE_AFTER {DEGREE_AFTER}\n",
        "/* Dipole at 2025-01-01 [nT]: g(1,0), g(1,1), h(1,1); left out of the table below. */\n"
        f"static const float igrf_dipole_nT[3] = {{{', '.join(f'{v:.1f}f' for v in dipole)}}};\n",
        array(
            "igrf_2025",
            "Field at 2025-01-01 [0.1 nT]",
            numbers(lambda year: year[2025.0], DEGREE),
            0.1,
        ),
        array(
            "igrf_before",
            "Its change over the five years before [0.01 nT]",
            numbers(lambda year: year[2025.0] - year[2020.0], DEGREE),
            0.01,
        ),
        array(
            "igrf_after",
            "Its change over the five years after, to degree 8 [0.01 nT]",
            numbers(lambda year: round(year[2030.0] - year[2025.0], 6), DEGREE_AFTER),
            0.01,
        ),
        "#endif\n",
    ]
    return "\n".join(parts)


def main() -> int:
    """Command line. Exit code 1 when `--check` finds a difference, 2 without the source."""
    parser = argparse.ArgumentParser(description="Write the table of the geomagnetic field.")
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    files = metadata.files("ppigrf") or []
    source = [Path(str(file.locate())) for file in files if file.name == "IGRF14.shc"]
    if not source:
        print("generate_igrf: ppigrf with IGRF14.shc is not installed: make setup", file=sys.stderr)
        return 2
    text = table(source[0].read_text(encoding="utf-8"))
    if check:
        return 0 if TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
