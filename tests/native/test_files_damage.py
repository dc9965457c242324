"""Damaged file systems under the sanitizers: refused or used, never a crash and never an endless
call; and the memory can always be formatted anew."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from native.cffi.build_files import sources
from native.cffi.sources import INCLUDE, micropython_include

PROGRAM = Path(__file__).parent / "c_files/corrupt.c"
FLAGS = ["-std=c99", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of tests/native/c_files with the file system, as it flies."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler is needed"
    made = tmp_path_factory.mktemp("damage") / "corrupt"
    folders = [f"-I{INCLUDE}", f"-I{micropython_include()}"]
    files = [str(path) for path in (PROGRAM, *sources())]
    subprocess.run([compiler, *FLAGS, *SANITIZERS, *folders, *files, "-o", str(made)], check=True)
    return made


def fly(program: Path, first: int, count: int) -> tuple[int, int]:
    """(mounted, healthy to the end) of so many damaged memories."""
    done = subprocess.run(
        [str(program), str(first), str(count)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seeds, mounted, healthy = map(int, re.findall(r"\d+", done.stdout))
    assert seeds == count
    return mounted, healthy


def test_some_damaged_memories(program: Path) -> None:
    mounted, healthy = fly(program, 1, 1500)
    assert 1000 < mounted < 1500, "some are refused at once"
    assert 1000 < healthy < mounted, "and some in use"


@pytest.mark.accept
def test_many_damaged_memories(program: Path) -> None:
    mounted, healthy = fly(program, 10_000, 100_000)
    assert healthy < mounted < 100_000
