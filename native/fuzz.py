"""Fuzzing of the secured link: libFuzzer makes inputs for tests/native/c_link/target.c, which knows
the structure of frames; the inputs worth keeping are replayed by gcc alone.

A target that finds something ends with what failed; its input is kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from native.cffi.sources import INCLUDE, ROOT, cipher_include, secured_link
from native.coverage import CFLAGS, COVERAGE, SANITIZE

TARGET = ROOT / "tests" / "native" / "c_link"
CORPUS = TARGET / "corpus"
FILES = ("board.c", "target.c", "others.c")
COMPILERS = ("clang", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14")
CHECKS = ("-O2", "-g", "-std=c99", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
MAX_OCTETS = 512
# What a sanitizer, the target's own checks, and the fuzzer itself say.
REPORTS = {
    "sanitizer reports": re.compile(r"ERROR: \w+Sanitizer|runtime error:"),
    "state changes": re.compile(r"failed while [^\n]*(?:memcmp|before)"),
    "crashes": re.compile(r"deadly signal|libFuzzer: (?:timeout|out-of-memory)|failed while"),
}


class FuzzError(Exception):
    """A tool is missing or did not work; one line."""


@dataclass
class Found:
    """What one run counted and found. `reports` by name as in REPORTS."""

    statistics: dict[str, int]
    reports: dict[str, int]
    said: str


def compiler() -> str:
    """A clang that has libFuzzer's place. FuzzError when there is none."""
    for name in COMPILERS:
        if shutil.which(name):
            return name
    raise FuzzError("clang with libFuzzer is missing: run .ci/packages fuzz")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FuzzError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-400:]}")


def _compile(cc: str, folder: Path, source: Path, flags: tuple[str, ...]) -> Path:
    out = folder / f"{source.stem}.o"
    include = [f"-I{INCLUDE}"]
    for path in cipher_include():
        include += ["-isystem", str(path)]
    _run([cc, *flags, *include, "-c", str(source), "-o", str(out)])
    return out


def build(folder: Path) -> Path:
    """The target with libFuzzer and sanitizers in `folder`. The cipher's own branches, which no key
    changes, are not followed."""
    folder.mkdir(parents=True, exist_ok=True)
    cc = compiler()
    objects = []
    for source in (*secured_link(), *(TARGET / name for name in FILES)):
        followed = () if source.parent.name == "crypto" else ("-fsanitize=fuzzer-no-link",)
        objects.append(_compile(cc, folder, source, (*CHECKS, *followed)))
    program = folder / "fuzz"
    linked = ["-fsanitize=fuzzer,address,undefined", *map(str, objects), "-o", str(program)]
    _run([cc, *linked])
    return program


def build_replay(folder: Path, covered: bool) -> Path:
    """The target with a `main` that replays files: with sanitizers, or counting lines."""
    folder.mkdir(parents=True, exist_ok=True)
    flags = COVERAGE if covered else SANITIZE
    objects = [
        _compile("gcc", folder, source, (*CFLAGS, *flags))
        for source in (*secured_link(), *(TARGET / name for name in (*FILES, "replay.c")))
    ]
    program = folder / "replay"
    _run(["gcc", *flags, *map(str, objects), "-o", str(program)])
    return program


def start(
    program: Path, folder: Path, inputs: int, seed: int
) -> tuple[subprocess.Popen[str], Path]:
    """Begin a run of libFuzzer over `inputs` inputs, beginning with the kept ones; new ones go to
    `folder`. The process, and the file that its statistics go to."""
    grown = folder / "corpus"
    grown.mkdir(parents=True, exist_ok=True)
    statistics = folder / f"statistics-{seed}.json"
    statistics.unlink(missing_ok=True)
    command = [str(program), f"-runs={inputs}", f"-seed={seed}", f"-max_len={MAX_OCTETS}"]
    command += ["-len_control=0", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
    process = subprocess.Popen(
        [*command, str(grown), str(CORPUS)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FUZZ_STATISTICS": str(statistics)},
    )
    return process, statistics


def finish(process: subprocess.Popen[str], statistics: Path) -> Found:
    """Wait for a run and read what it found."""
    _, said = process.communicate()
    return _found(process.returncode, said, statistics)


def replay(program: Path, folder: Path, inputs: int = 0, seed: int = 1) -> Found:
    """The kept inputs, and behind them so many at random, through the replaying program."""
    statistics = folder / "statistics.json"
    statistics.unlink(missing_ok=True)
    done = subprocess.run(
        [str(program), *map(str, kept()), "-n", str(inputs), str(seed)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FUZZ_STATISTICS": str(statistics)},
    )
    return _found(done.returncode, done.stderr, statistics)


def _found(status: int, said: str, statistics: Path) -> Found:
    counted = json.loads(statistics.read_text()) if statistics.exists() else {}
    reports = {name: len(what.findall(said)) for name, what in REPORTS.items()}
    if status != 0 and not any(reports.values()):
        reports["crashes"] = 1
    return Found(counted, reports, said)


def kept() -> list[Path]:
    """The inputs kept as regression tests."""
    return sorted(path for path in CORPUS.iterdir() if path.is_file())


def covered_lines(folder: Path) -> dict[str, tuple[float, int]]:
    """After a replay that counts lines: per cent of the lines reached and their number, by file of
    the link."""
    rows = {}
    for source in secured_link():
        if source.name == "bearssl.c":
            continue
        done = subprocess.run(
            ["gcov", "-n", f"{source.stem}.gcno"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(
            rf"File '[^']*/{re.escape(source.name)}'\nLines executed:([0-9.]+)% of ([0-9]+)",
            done.stdout,
        )
        if not found:
            raise FuzzError(f"gcov says nothing about {source.name}: {done.stderr.strip()}")
        rows[source.name] = (float(found[1]), int(found[2]))
    return rows
