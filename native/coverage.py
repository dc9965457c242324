"""Build the C tests with sanitizers or with coverage, run them, print what they reach.

python native/coverage.py               line coverage of native/src by the C tests
python native/coverage.py --sanitize    address and undefined-behaviour sanitizers only
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from native.cffi.sources import ROOT, cipher_include, kernel

BUILD = ROOT / "build" / "native" / "check"
CFLAGS = (
    "-std=c99 -Wall -Wextra -Werror -Wdouble-promotion -ffp-contract=off -fno-math-errno -g"
).split()
SANITIZE = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COVERAGE = ("-O0", "--coverage")


def build(name: str, flags: tuple[str, ...]) -> Path:
    """Compile everything into one program; raises CalledProcessError with gcc's words."""
    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.gc??"):
        stale.unlink()
    tests = ROOT / "tests" / "native" / "c"
    program = folder / "check"
    include = [f"-I{ROOT / 'native' / 'include'}", f"-I{tests}"]
    for path in cipher_include():
        include += ["-isystem", str(path)]
    objects = []
    for source in (*kernel(), *sorted(tests.glob("*.c"))):
        objects.append(folder / f"{source.parent.name}_{source.stem}.o")
        command = ["gcc", *CFLAGS, *flags, *include, "-c", str(source), "-o", str(objects[-1])]
        subprocess.run(command, check=True)
    link = ["gcc", *flags, *map(str, objects), "-o", str(program)]
    subprocess.run(link, check=True)
    return program


def coverage(folder: Path) -> list[tuple[str, float, int]]:
    """gcov's figures: file, per cent of lines, number of lines."""
    rows = []
    for source in kernel():
        notes = folder / f"{source.parent.name}_{source.stem}.gcno"
        said = subprocess.run(
            ["gcov", "-n", str(notes)], cwd=folder, check=True, capture_output=True, text=True
        ).stdout
        match = re.search(r"Lines executed:([0-9.]+)% of ([0-9]+)", said)
        if match:
            name = str(source.relative_to(ROOT / "native" / "src"))
            rows.append((name, float(match[1]), int(match[2])))
    return rows


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Sanitizers and coverage of the C kernel.")
    parser.add_argument("--sanitize", action="store_true", help="sanitizers instead of coverage")
    sanitize = parser.parse_args().sanitize
    program = build(*(("sanitize", SANITIZE) if sanitize else ("coverage", COVERAGE)))
    status = subprocess.run([str(program)], check=False).returncode
    if not sanitize and status == 0:
        rows = coverage(program.parent)
        for name, percent, lines in rows:
            print(f"{name:28} {percent:6.1f} % of {lines}")
        total = sum(lines for _, _, lines in rows)
        covered = sum(percent * lines for _, percent, lines in rows) / total
        print(f"{'all':28} {covered:6.1f} % of {total}")
    return status


if __name__ == "__main__":
    sys.exit(main())
