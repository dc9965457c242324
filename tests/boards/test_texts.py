"""The image's definitions: without texts, and otherwise the very same."""

import types
from pathlib import Path

import pytest

from boards.obc_f405.texts import ARGUMENT_COLUMNS, ARGUMENTS, COLUMNS, without_texts
from flight import dictionary

ROOT = Path(__file__).resolve().parents[2]
MODULES = list(dictionary.SUBSYSTEMS)


def loaded(module):
    """The module as the image has it."""
    path = ROOT / (module.__name__.replace(".", "/") + ".py")
    made = types.ModuleType(module.__name__)
    code = compile(without_texts(path.read_text(encoding="utf-8")), str(path), "exec")
    types.FunctionType(code, made.__dict__)()
    return made


def emptied(row, columns):
    assert all(isinstance(row[column], str) for column in columns)
    return tuple("" if i in columns else value for i, value in enumerate(row))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.NAME)
def test_nothing_but_texts_is_gone(module):
    image = loaded(module)
    seen = 0
    for name, table in vars(module).items():
        (columns,) = [c for ending, c in COLUMNS.items() if name.endswith(ending)] or [None]
        if name.startswith("_") or name == "parameters" or name == "PARAMETERS":
            continue
        ours = getattr(image, name)
        if columns is None or not isinstance(table, tuple):
            assert ours == table, name
            continue
        seen += len(table)
        for before, after in zip(table, ours, strict=True):
            before = emptied(before, columns)
            if name == "COMMANDS":
                rows = tuple(emptied(row, ARGUMENT_COLUMNS) for row in before[ARGUMENTS])
                before = (*before[:ARGUMENTS], rows, *before[ARGUMENTS + 1 :])
            if name == "PACKETS":
                fields = tuple(emptied(row, COLUMNS["FIELDS"]) for row in before[5])
                before = (*before[:5], fields, *before[6:])
            assert after == before
    assert seen > 3


def test_a_table_of_parameters_in_a_file_of_its_own():
    from flight.apps.attitude import parameters

    image = loaded(parameters)
    for before, after in zip(parameters.PARAMETERS, image.PARAMETERS, strict=True):
        assert after == emptied(before, COLUMNS["PARAMETERS"])
