"""Numbers that modules take from one another, put in where they are used.

The compiler knows the constants of the module it is in, and no others: a name that was imported is
looked up each time, and costs an entry in the tables of both modules. What a module defines as
`NAME = const(number)` or `NAME = number`, once, is put in for that name in every module that
imports it, by name or by attribute of the module. The module that defines the former keeps it for
itself, as `_NAME`, unless something still asks for it. Lines keep their numbers: a crash record
names one.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

Numbers = dict[str, dict[str, int]]  # module: constant: value
Edit = tuple[int, int, str]  # octets from, to, and what stands there instead


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _number(node: ast.expr) -> int | None:
    """A whole number as it is written, None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def _defined(tree: ast.Module) -> tuple[dict[str, int], set[str]]:
    """The constants of a module, and which of them are made by const()."""
    found: dict[str, int] = {}
    made = set()
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    times = Counter(node.id for node in names if isinstance(node.ctx, ast.Store))
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name, value = statement.targets[0].id, statement.value
        if name.startswith("_") or not name.isupper() or times[name] != 1:
            continue
        is_const = False
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            is_const = value.func.id == "const"
        number = _number(value.args[0]) if isinstance(value, ast.Call) and is_const else None
        number = _number(value) if number is None else number
        if number is not None:
            found[name] = number
            made |= {name} if is_const else set()
    return found, made


class _Source:
    """A module, and what is to stand in it instead."""

    def __init__(self, text: str) -> None:
        self._data = text.encode("utf-8")
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in self._data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.edits: list[Edit] = []

    def replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        """Have `text` in the place of a node; as many lines as before."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        self.edits.append((start, end, text + "\n" * (node.end_lineno - node.lineno)))

    def text(self) -> str:
        """The module with everything in its place."""
        data = self._data
        for start, end, text in sorted(self.edits, reverse=True):
            data = data[:start] + text.encode("utf-8") + data[end:]
        return data.decode("utf-8")


def _imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    return (node for node in tree.body if isinstance(node, ast.ImportFrom))


def _insert(source: _Source, numbers: Numbers) -> set[str]:
    """Put numbers in; names that the module may still want of another."""
    names: dict[str, int] = {}
    modules: dict[str, str] = {}  # local name: module
    asked: set[str] = set()
    for node in _imports(source.tree):
        module = node.module or ""
        stay = []
        for alias in node.names:
            local = alias.asname or alias.name
            if alias.name in numbers.get(module, {}):
                names[local] = numbers[module][alias.name]
                continue
            if f"{module}.{alias.name}" in numbers:
                modules[local] = f"{module}.{alias.name}"
            asked.add(alias.name)
            stay.append(alias.name + (f" as {alias.asname}" if alias.asname else ""))
        if len(stay) < len(node.names):
            source.replace(node, f"from {module} import {', '.join(stay)}" if stay else "pass")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            source.replace(node, _literal(names[node.id]))
        elif isinstance(node, ast.Attribute):
            module = modules.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
            if isinstance(node.ctx, ast.Load) and node.attr in numbers.get(module, {}):
                source.replace(node, _literal(numbers[module][node.attr]))
            else:
                asked.add(node.attr)
    return asked


def _literal(value: int) -> str:
    return f"({value})" if value < 0 else str(value)


def inserted(sources: Mapping[str, str]) -> dict[str, str]:
    """Every module with the numbers of the others in place; both: source by path."""
    made = {path: _Source(text) for path, text in sources.items()}
    numbers: Numbers = {}
    own = {}
    for path, source in made.items():
        numbers[_module(path)], own[path] = _defined(source.tree)
    asked: set[str] = set()
    for source in made.values():
        asked |= _insert(source, numbers)
    for path, source in made.items():
        found = [node for node in ast.walk(source.tree) if isinstance(node, ast.Name)]
        taken = {node.id for node in found}
        hidden = {name for name in own[path] if name not in asked and "_" + name not in taken}
        for node in found:
            if node.id in hidden:
                source.replace(node, "_" + node.id)
    return {path: source.text() for path, source in made.items()}
