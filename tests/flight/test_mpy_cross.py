"""Everything that flies compiles for the target."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MPY_CROSS = ROOT / "build" / "mpy-cross" / "mpy-cross"
HOST_ONLY = {"flight/packets/signature.py"}
FILES = [
    path
    for top in ("flight", "hal")
    for path in sorted((ROOT / top).rglob("*.py"))
    if str(path.relative_to(ROOT)) not in HOST_ONLY
] + [ROOT / "boards" / "compose.py"]


@pytest.mark.skipif(not MPY_CROSS.is_file(), reason="mpy-cross is not built: make firmware")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_compiles(path, tmp_path):
    out = tmp_path / "module.mpy"
    command = [MPY_CROSS, "-march=armv7emsp", "-msmall-int-bits=31", "-o", out, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 0
