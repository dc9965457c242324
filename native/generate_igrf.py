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
from importlib import metadata
from pathlib import Path

DEGREE, SECULAR_DEGREE = 13, 8
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


def order(degree: int) -> list[tuple[int, int]]:
    """Order of the table: n ascending, in it g of m = 0, then g and h of m = 1..n."""
    out = []
    for n in range(1, degree + 1):
        out.append((n, 0))
        for m in range(1, n + 1):
            out += [(n, m), (n, -m)]
    return out


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
    whole, secular = order(DEGREE), order(SECULAR_DEGREE)
    main = [shc[key][2025.0] for key in whole]
    before = [(shc[key][2025.0] - shc[key][2020.0]) / 5.0 for key in whole]
    after = [(shc[key][2030.0] - shc[key][2025.0]) / 5.0 for key in whole]
    if any(after[len(secular) :]):
        raise ValueError(f"secular variation beyond degree {SECULAR_DEGREE}")
    pairs = [(n, m) for n in range(1, DEGREE + 1) for m in range(n + 1)]
    first, second, slope = [], [], []
    for n, m in pairs:
        if m == n:
            # From the row above, one order down: derived functions, cos^m taken out.
            first.append(math.sqrt((2 * n - 1) / (2 * n)) if n > 1 else 1.0)
            second.append(0.0)
        else:
            root = math.sqrt(n * n - m * m)
            first.append((2 * n - 1) / root)
            second.append(math.sqrt((n - 1) ** 2 - m * m) / root)
        slope.append(math.sqrt((n - m) * (n + m + 1) / (2.0 if m == 0 else 1.0)))
    index = "rows n = 1..13, in each m = 0..n"
    parts = [
        "/* Written by native/generate_igrf.py from IGRF14.shc (IAGA, 10.5281/zenodo.14012302).\n"
        " * Rows n = 1..13: g(n,0), then g(n,m), h(n,m) for m = 1..n; Schmidt semi-normalised. */\n"
        "#ifndef MF_IGRF_TABLE_H\n#define MF_IGRF_TABLE_H\n",
        f"#define IGRF_DEGREE {DEGREE}\n#define IGRF_SECULAR {len(secular)} "
        f"/* coefficients up to degree {SECULAR_DEGREE}: beyond, no variation is given */\n",
        array("igrf_2025_nT", "Field at 2025-01-01 [nT]", main),
        array("igrf_before_nT_year", "Its change from 2020 to 2025 [nT/year]", before),
        array("igrf_after_nT_year", "Its change from 2025 on [nT/year]", after[: len(secular)]),
        array("igrf_first", f"Recursion, factor of the row above; {index}", first),
        array("igrf_second", f"Recursion, factor of the row before that; {index}", second),
        array("igrf_slope", f"Derivative from the next order; {index}", slope),
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
