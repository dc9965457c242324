"""What `make` says on a computer that lacks something and may not install it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "uname", "gcc", "make", "arm-none-eabi-gcc", "qemu-system-arm", "apt-get")


@pytest.fixture
def computer(tmp_path):
    """Run .ci/packages with nothing on the PATH but the tools named, as a plain user."""

    def call(*missing, python=sys.executable):
        for tool in TOOLS:
            found = shutil.which(tool)
            if found and tool not in missing:
                (tmp_path / tool).symlink_to(found)
        for name, text in (("id", "echo 1000"), ("sudo", "exit 1")):
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        return subprocess.run(
            ["/bin/sh", str(ROOT / ".ci" / "packages")],
            env={"PATH": str(tmp_path), "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_missing_packages_are_one_command(computer):
    done = computer("qemu-system-arm", "arm-none-eabi-gcc")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get update && sudo apt-get install" in done.stderr
    # Without the compiler nobody can ask it for its C library, so that is missing as well.
    for package in ("qemu-system-arm", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi"):
        assert package in done.stderr


def test_another_kind_of_system_gets_the_names(computer):
    done = computer("qemu-system-arm", "apt-get")
    assert done.returncode == 2
    assert "qemu-system-arm" in done.stderr and "package manager" in done.stderr


def test_an_old_python_is_named(computer, tmp_path):
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = computer(python=str(old))
    assert done.returncode == 2
    assert "Python 3.8.1" in done.stderr and "3.10" in done.stderr
