"""Running the command as a person would, in this process."""

import shutil
from pathlib import Path

import pytest

from cli import worlds
from cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def microflight(capsys):
    """Call it with the words of a command line; gives exit code, stdout, stderr."""

    def call(*words: str) -> "tuple[int, str, str]":
        capsys.readouterr()
        code = main(list(words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def firmware() -> Path:
    """The firmware for the emulator; skips by name where it or the emulator is not there."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    if not worlds.ELF.is_file():
        pytest.skip(f"{worlds.ELF} is not built")
    return worlds.ELF


@pytest.fixture
def scenario_file(tmp_path):
    """first-light as a file of one's own, with text added; beside it what it refers to."""

    def write(addition: str) -> str:
        folder = ROOT / "sim" / "scenarios"
        shutil.copy(folder / "orbits.tle", tmp_path)
        path = tmp_path / "own.toml"
        text = (folder / "first-light.toml").read_text(encoding="utf-8")
        path.write_text(text + addition, encoding="utf-8")
        return str(path)

    return write
