"""docs/fdir.md traces every fault to tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "fdir.md").read_text(encoding="utf-8")
FIELDS = (
    "Power",
    "Launch and deployables",
    "Attitude",
    "Communication",
    "Computer and software",
    "Storage",
    "Time",
    "Thermal and payload",
    "Monitors and event-actions",
    "Bad input",
)
BAD_INPUT = (
    "duplicate ids",
    "impossible periods",
    "unknown apps",
    "cyclic event-actions",
    "full stores, tables, memory",
    "corrupted file systems",
    "wrong-version parameter images",
)


def leaves():
    """(section, fault, detection, recovery, tests) of every row of a table of faults."""
    found = []
    for section in TEXT.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        if "| fault |" not in body:
            continue
        for line in body.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if not line.startswith("| ") or cells[0] == "fault":
                continue
            assert len(cells) == 4, line
            tests = re.findall(r"`([\w/]+\.py)::(\w+)`", cells[3])
            found.append((title, *cells[:3], tests))
    return found


def defined(path):
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_field_has_its_faults():
    assert tuple(dict.fromkeys(leaf[0] for leaf in leaves())) == FIELDS


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf[1].replace(" ", "-"))
def test_every_leaf_names_tests_that_are_there(leaf):
    _, fault, detection, recovery, tests = leaf
    assert fault and detection and recovery and tests
    for path, test in tests:
        assert test.startswith("test_") and test in defined(path), (fault, path, test)


def test_every_bad_input_has_a_row():
    assert tuple(leaf[1] for leaf in leaves() if leaf[0] == "Bad input") == BAD_INPUT
