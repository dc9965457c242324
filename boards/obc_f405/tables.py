"""Definitions as the image needs them: what only the ground reads stays on the ground, where the
same files are read whole (design: text is in the dictionary alone).

Out go descriptions, units, texts, names that no code on board asks for, telecommands that are not
functions (8/1), and tables that no code on board mentions. Fields that nobody asks for by name
become arrays with their neighbours of the same type: layouts and formats stay the same. Packets
that flight packs have their format in the place of the byte order, so that it need not be put
together in the heap.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping

from flight.packets import fields

# By name of the table, or how it ends: how many columns stay, and which of them are emptied.
COLUMNS = {
    "FIELDS": (2, ()),
    "PACKETS": (6, (1,)),
    "COMMANDS": (7, (1,)),
    "EVENTS": (2, ()),
    "PARAMETERS": (6, (1,)),
}
ARGUMENTS = 4  # column of COMMANDS with rows of their own
ARGUMENT_COLUMNS = (4, (0,))
BYTE_ORDER, FIELDS = 3, 5  # columns of PACKETS
SERVICE, SUBTYPE = 2, 3  # columns of COMMANDS
FUNCTION = (8, 1)


def _ending(name: str) -> str:
    """The row of COLUMNS for the table `name`, "" when it stays as it is."""
    return next((ending for ending in COLUMNS if name.endswith(ending)), "")


def _target(statement: ast.stmt) -> str:
    """The name that a statement defines, "" when it is no plain assignment."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


class Asked:
    """What flight asks for: `identifiers`, and the `strings` that may be names of fields."""

    def __init__(self, code: Iterable[str], tables: Iterable[str]) -> None:
        """`code`: the sources that are no tables; `tables`: those that are, which ask for one
        another's."""
        self.identifiers: set[str] = set()
        self.strings: set[str] = set()
        for source in code:
            self._look(ast.parse(source))
        statements = [statement for source in tables for statement in ast.parse(source).body]
        count = -1
        while count != len(self.identifiers):
            count = len(self.identifiers)
            for statement in statements:
                name = _target(statement)
                if isinstance(statement, ast.Assign) and name in self.identifiers:
                    self._look(statement.value, strings=not _ending(name))

    def _look(self, tree: ast.AST, strings: bool = True) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                self.identifiers.add(node.attr)
            elif isinstance(node, ast.Name):
                self.identifiers.add(node.id)
            elif isinstance(node, ast.alias):
                self.identifiers.add(node.name)
            elif strings and isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.strings.add(node.value)


def _cut(row: ast.expr, columns: tuple[int, tuple[int, ...]]) -> None:
    if isinstance(row, ast.Tuple):
        stay, emptied = columns
        del row.elts[stay:]
        for column in emptied:
            row.elts[column] = ast.Constant("")


def _split(kind: str) -> tuple[str, int]:
    """("f32", 3) for "f32[3]", ("f32", 1) for "f32"."""
    base, _, count = kind.rstrip("]").partition("[")
    return base, int(count or 1)


def _text(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant)
    return str(node.value)


def _merged(rows: list[ast.expr], names: set[str]) -> list[ast.expr]:
    """Fields whose names are not among `names` put together with neighbours of their type."""
    out: list[tuple[str, str, int]] = []
    for row in rows:
        assert isinstance(row, ast.Tuple)
        name = _text(row.elts[0])
        base, count = _split(_text(row.elts[1]))
        if name not in names:
            name = ""
            if out and out[-1][:2] == ("", base):
                count += out.pop()[2]
        out.append((name, base, count))
    made: list[ast.expr] = []
    for name, base, count in out:
        kind = f"{base}[{count}]" if count > 1 else base
        made.append(ast.Tuple([ast.Constant(name), ast.Constant(kind)], ast.Load()))
    return made


def _put_formats(packets: ast.expr, tables: Mapping[str, ast.expr]) -> None:
    """The format instead of "big" in every row of PACKETS; `tables`: the field tables by name."""
    for row in packets.elts if isinstance(packets, ast.Tuple) else ():
        assert isinstance(row, ast.Tuple)
        table = row.elts[FIELDS]
        if _text(row.elts[BYTE_ORDER]) != "big" or not isinstance(table, ast.Name):
            continue
        rows = tables[table.id]
        assert isinstance(rows, ast.Tuple)
        kinds = [("", _text(field.elts[1])) for field in rows.elts if isinstance(field, ast.Tuple)]
        row.elts[BYTE_ORDER] = ast.Constant(fields.struct_format(kinds, "big"))


def _is_function(row: ast.expr) -> bool:
    assert isinstance(row, ast.Tuple)
    return tuple(_number(row.elts[column]) for column in (SERVICE, SUBTYPE)) == FUNCTION


def _number(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _shrink(name: str, value: ast.expr, asked: Asked) -> None:
    """Cut the rows of the table `name`."""
    ending = _ending(name)
    if not ending or not isinstance(value, ast.Tuple):
        return
    if ending == "COMMANDS":
        value.elts = [row for row in value.elts if _is_function(row)]
    for row in value.elts:
        _cut(row, COLUMNS[ending])
        if ending == "COMMANDS" and isinstance(row, ast.Tuple):
            arguments = row.elts[ARGUMENTS]
            for argument in arguments.elts if isinstance(arguments, ast.Tuple) else ():
                _cut(argument, ARGUMENT_COLUMNS)
    if ending == "FIELDS":
        value.elts = _merged(value.elts, asked.strings)


def for_image(source: str, asked: Asked) -> str:
    """The source of a module of tables, with what flight asks for."""
    names = asked.identifiers
    tree = ast.parse(source)
    body: list[ast.stmt] = []
    tables = {_target(item): item.value for item in tree.body if isinstance(item, ast.Assign)}
    if "PACKETS" in tables:
        _put_formats(tables["PACKETS"], tables)
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            statement.names = [n for n in statement.names if (n.asname or n.name) in names]
            if not statement.names:
                continue
        name = _target(statement)
        if isinstance(statement, ast.Assign) and name:
            if name not in names:
                continue
            _shrink(name, statement.value, asked)
        body.append(statement)
    tree.body = body
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def put_together(source: str) -> str:
    """A module of tables in which `A + (…)` stands written out: the sum would take heap."""
    tree = ast.parse(source)
    tables: dict[str, ast.expr] = {}
    for statement in tree.body:
        name = _target(statement)
        if not isinstance(statement, ast.Assign) or not name:
            continue
        value = statement.value
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.Name):
            first = tables.get(value.left.id)
            if isinstance(first, ast.Tuple) and isinstance(value.right, ast.Tuple):
                rows = copy.deepcopy(first.elts) + value.right.elts
                statement.value = ast.Tuple(rows, ast.Load())
        tables[name] = statement.value
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def for_images(code: Mapping[str, str], tables: Mapping[str, str]) -> dict[str, str]:
    """Every module of `tables` as the image has it; both: source by path."""
    tables = {path: put_together(source) for path, source in tables.items()}
    asked = Asked(code.values(), tables.values())
    return {path: for_image(source, asked) for path, source in tables.items()}


def names_of_modules(paths: Iterable[str]) -> str:
    """Source of a function that mentions the full name and the last name of every module of
    `paths`. Nobody calls it."""
    lines = ["def names(package):"]
    for path in sorted(paths):
        parts = path[: -len(".py")].split("/")
        if parts[-1] == "__init__":
            parts.pop()
        lines.append("    import " + ".".join(parts))
        lines.append("    package." + parts[-1])
    return "\n".join(lines) + "\n"
