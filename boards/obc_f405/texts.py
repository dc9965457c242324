"""Definitions without what only people read: descriptions, units and event texts stay on the
ground, where the same files are read whole (design: text is in the dictionary alone).

The image's tables keep everything that the flight software looks at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

# By name of the table, or how it ends: columns that are emptied.
COLUMNS = {
    "FIELDS": (2, 3, 5),
    "PACKETS": (6,),
    "COMMANDS": (7,),
    "EVENTS": (2,),
    "PARAMETERS": (1, 6, 7),
    "FAILURES": (1,),
    "MODE_REASONS": (1,),
}
ARGUMENTS = 4  # column of COMMANDS with rows of their own
ARGUMENT_COLUMNS = (4,)


def _empty(row: ast.expr, columns: Iterable[int]) -> None:
    if isinstance(row, ast.Tuple):
        for column in columns:
            if column < len(row.elts) and isinstance(row.elts[column], ast.Constant):
                row.elts[column] = ast.Constant("")


def without_texts(source: str) -> str:
    """The definitions module `source` with the text columns of its tables empty."""
    tree = ast.parse(source)
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Tuple):
            continue
        name = getattr(statement.targets[0], "id", "")
        for ending, columns in COLUMNS.items():
            if not name.endswith(ending):
                continue
            for row in statement.value.elts:
                _empty(row, columns)
                if ending == "COMMANDS" and isinstance(row, ast.Tuple):
                    arguments = row.elts[ARGUMENTS]
                    for argument in arguments.elts if isinstance(arguments, ast.Tuple) else ():
                        _empty(argument, ARGUMENT_COLUMNS)
    return ast.unparse(tree) + "\n"
