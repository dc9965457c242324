"""Numbers that modules take from one another, put in where they are used.

The compiler knows the constants of the module it is in, and no others: a name that was imported is
looked up each time, and costs an entry in the tables of both modules. What a module defines as
`NAME = const(number)` is put in for that name in every module that imports it, by name or by
attribute of the module. The module that defines it keeps it for itself, as `_NAME`, unless
something still asks for it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

Numbers = dict[str, dict[str, int]]  # module: constant: value


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _defined(statement: ast.stmt) -> tuple[str, int] | None:
    """Name and value of `NAME = const(number)`; None for anything else."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    value = statement.value
    name = statement.targets[0].id
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    if value.func.id != "const" or name.startswith("_"):
        return None
    number = value.args[0]
    if isinstance(number, ast.UnaryOp) and isinstance(number.op, ast.USub):
        inner = number.operand
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int):
            return name, -inner.value
    if isinstance(number, ast.Constant) and isinstance(number.value, int):
        return name, number.value
    return None


class _Insert(ast.NodeTransformer):
    """Numbers for the names that one module imports."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._names: dict[str, int] = {}
        self._modules: dict[str, str] = {}  # local name: module

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        module = node.module or ""
        stay = []
        for alias in node.names:
            local = alias.asname or alias.name
            if alias.name in self._numbers.get(module, {}):
                self._names[local] = self._numbers[module][alias.name]
                continue
            if f"{module}.{alias.name}" in self._numbers:
                self._modules[local] = f"{module}.{alias.name}"
            stay.append(alias)
        node.names = stay
        return node if stay else None

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            return ast.copy_location(_literal(self._names[node.id]), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
            module = self._modules.get(node.value.id, "")
            if node.attr in self._numbers.get(module, {}):
                return ast.copy_location(_literal(self._numbers[module][node.attr]), node)
        return node


class _Rename(ast.NodeTransformer):
    """Constants that only their own module needs get a name that the compiler does not keep."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._names:
            node.id = "_" + node.id
        return node


def _literal(value: int) -> ast.expr:
    constant = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), constant) if value < 0 else constant


def _asked(tree: ast.AST) -> set[str]:
    """Names that a module may want of another."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


def inserted(sources: Mapping[str, str]) -> dict[str, str]:
    """Every module with the numbers of the others in place; both: source by path."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    numbers: Numbers = {}
    for path, tree in trees.items():
        found = [pair for statement in tree.body if (pair := _defined(statement))]
        numbers[_module(path)] = dict(found)
    for tree in trees.values():
        _Insert(numbers).visit(tree)
    asked = set().union(*map(_asked, trees.values()))
    for path, tree in trees.items():
        taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        own = {n for n in numbers[_module(path)] if n not in asked and "_" + n not in taken}
        _Rename(own).visit(tree)
    return {
        path: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for path, tree in trees.items()
    }
