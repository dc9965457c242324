"""The README's tutorial, word for word, in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".git", ".venv", ".cache", "build", "__pycache__", ".*_cache", ".hypothesis")
BLOCK = re.compile(r"<!-- tutorial -->\n```sh\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The tree without what was built, but with the C kernel and the environment."""
    tree = tmp_path_factory.mktemp("tutorial") / "microflight"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copytree(ROOT / "build" / "native", tree / "build" / "native")
    (tree / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    return tree


def test_the_tutorial_runs_as_it_stands(copy):
    blocks = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 4
    # The copy's packages come before the installed ones.
    environment = dict(os.environ, PYTHONPATH=str(copy))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(blocks)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "beacon_hk" in done.stdout
    assert done.stdout.count("1 passed") == 2
    rows = (copy / "build" / "flight.csv").read_text(encoding="utf-8").splitlines()
    assert any(",beacon_hk,count," in row for row in rows)


def test_the_test_command_of_the_readme_is_what_the_server_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert re.search(r"^make test$", script, re.MULTILINE)


def test_the_readme_names_every_dependency():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = re.findall(r'^    "([A-Za-z0-9_-]+)==', project, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        assert re.search(rf"\b{re.escape(name)}\b", readme), (
            f"README.md does not say what {name} is for"
        )
