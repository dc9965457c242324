"""Write the coefficients of the geomagnetic field as a C table.

    python native/generate_igrf.py [--check]

Source: IGRF-14 of IAGA (Alken et al.; doi 10.5281/zenodo.14012302), as the file IGRF14.shc that the
pinned package ppigrf carries. Taken are the definitive field of 2020, the field of 2025 and its
secular variation; with them the factors of the Schmidt recursion, so that no root and no division
is left for flight. The result, native/src/adcs/igrf_table.h, is committed; `--check` says whether
it is what this script writes.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

DEGREE = 13
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


def factors(n: int, m: int) -> tuple[float, float, float]:
    """Of the functions without cos^m: recursion in n (two), and slope from the order below.

    On the diagonal (n = m) the first is the step from (m - 1, m - 1). The third gives the
    derivative by z/r of (n, m - 1) from the function (n, m) itself.
    """
    if n == m:
        first, second = (math.sqrt((2 * n - 1) / (2 * n)) if n > 1 else 1.0), 0.0
    else:
        root = math.sqrt(n * n - m * m)
        first, second = (2 * n - 1) / root, math.sqrt((n - 1) ** 2 - m * m) / root
    slope = math.sqrt((n - m + 1) * (n + m) / (2.0 if m == 1 else 1.0)) if m > 0 else 0.0
    return first, second, slope


def array(name: str, comment: str, values: list[float]) -> str:
    """One C array, 8 numbers a line."""
    words = [f"{value:.9g}" for value in values]
    words = [word if "." in word or "e" in word else word + ".0" for word in words]
    lines = [
        "    " + ", ".join(f"{word}f" for word in words[k : k + 8]) + ","
        for k in range(0, len(words), 8)
    ]
    body = "\n".join(lines)
    return f"/* {comment} */\nstatic const float {name}[{len(values)}] = {{\n{body}\n}};\n"


def table(text: str) -> str:
    """The whole header."""
    shc = read_shc(text)

    def pairs(value: Callable[[dict[float, float]], float]) -> list[float]:
        out = []
        for n, m in columns():
            out += [value(shc[n, m]), value(shc[n, -m]) if m > 0 else 0.0]
        return out

    rest = [part for key in columns() for part in factors(*key)]
    parts = [
        "/* Written by native/generate_igrf.py from IGRF14.shc (IAGA, 10.5281/zenodo.14012302).\n"
        " * Order m = 0..13, in it n = max(m, 1)..13; Schmidt semi-normalised. Fields: g, h (h of\n"
        " * m = 0 is zero). Factors: two of the recursion in n, one of the derivative. */\n"
        "#ifndef MF_IGRF_TABLE_H\n#define MF_IGRF_TABLE_H\n",
        f"#define IGRF_DEGREE {DEGREE}\n",
        array("igrf_2025_nT", "Field at 2025-01-01 [nT]", pairs(lambda year: year[2025.0])),
        array(
            "igrf_before_nT_year",
            "Its change from 2020 to 2025 [nT/year]",
            pairs(lambda year: (year[2025.0] - year[2020.0]) / 5.0),
        ),
        array(
            "igrf_after_nT_year",
            "Its change from 2025 on [nT/year]",
            pairs(lambda year: (year[2030.0] - year[2025.0]) / 5.0),
        ),
        array("igrf_factor", "Factors, three per (n, m)", rest),
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
