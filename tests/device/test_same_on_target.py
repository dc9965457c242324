"""The same scripts on CPython and in the firmware, outputs compared line by line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulated import qemu

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_same_output(script, tmp_path):
    host = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(qemu.ROOT)},
    )
    assert host.returncode == 0, host.stderr
    target = qemu.run_script(script, tmp_path)
    assert target.status == 0, target.console
    assert target.console.splitlines() == host.stdout.splitlines()
