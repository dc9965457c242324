"""The C tests (tests/native/c) under the address and undefined-behaviour sanitizers."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_c_tests_pass_under_sanitizers():
    done = subprocess.run(
        [sys.executable, str(ROOT / "native" / "coverage.py"), "--sanitize"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 failed" in done.stdout


def test_sources_keep_to_the_size_guide():
    sources = [*(ROOT / "native").rglob("*.[ch]")]
    assert len(sources) > 20
    too_long = [p.name for p in sources if len(p.read_text(encoding="utf-8").splitlines()) > 400]
    assert too_long == []
