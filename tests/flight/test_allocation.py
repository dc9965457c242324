"""Steady-state code does not allocate: the device's rules, checked on the syntax tree.

The heap counter of the firmware is the proof; this finds the place. Functions that run at boot
only say so in their docstring, and are free.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Used at boot, on the ground and by the build only.
BOOT_MODULES = {
    "flight/mission.py",
    "flight/packets/fields.py",
    "flight/packets/signature.py",
    "flight/context.py",
}
FILES = sorted(
    path
    for top in ("flight", "hal")
    for path in (ROOT / top).rglob("*.py")
    if str(path.relative_to(ROOT)) not in BOOT_MODULES
)
ALLOCATING_CALLS = {
    "bytearray", "bytes", "dict", "enumerate", "format", "list", "memoryview", "set", "sorted",
    "str", "tuple", "zip",
}  # fmt: skip
ALLOCATING_METHODS = {
    "append", "encode", "format", "items", "join", "keys", "split", "to_bytes", "unpack",
    "unpack_from", "values",
}  # fmt: skip
# Methods of our own objects that are called like those of lists and texts.
OWN_METHODS = {"ring.append", "self._ring.append", "self.ring.append", "self._files.format"}
SMALL_INT = 1 << 30


def method_names():
    names = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                names |= {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return names


METHODS = method_names()


def is_boot(function):
    text = " ".join((ast.get_docstring(function) or "").split()).lower()
    return function.name in ("__init__", "start") or "boot time only" in text


def is_constant(node):
    if isinstance(node, ast.Tuple):
        return all(is_constant(element) for element in node.elts)
    if isinstance(node, ast.Name):
        # const() folds these where they stand, and a tuple of them is a constant.
        return node.id.startswith("_") and node.id.isupper()
    return isinstance(node, ast.Constant)


def findings(function):
    called = {id(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
    targets = set()
    for node in ast.walk(function):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Assign):
            targets |= {id(target) for target in node.targets}
        if isinstance(node, (ast.JoinedStr, ast.Slice, ast.Lambda, ast.Starred)):
            yield line, type(node).__name__
        if isinstance(node, (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)):
            yield line, "comprehension"
        if isinstance(node, (ast.List, ast.Dict, ast.Set)):
            yield line, "display"
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and not is_constant(node):
            yield line, "tuple"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield line, "float"
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            if not -SMALL_INT <= node.value < SMALL_INT:
                yield line, "large integer"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield line, "float division"
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
            if isinstance(node.left.value, str):
                yield line, "string operation"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ALLOCATING_CALLS:
                yield line, node.func.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ALLOCATING_METHODS and ast.unparse(node.func) not in OWN_METHODS:
                yield line, node.func.attr
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            # A method taken as a value is a new object; handlers are stored at boot.
            if node.attr in METHODS and id(node) not in called and node.attr not in ATTRIBUTES:
                yield line, "bound method " + node.attr
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield line, "new exception"


# Names that are methods of one class and plain attributes of another.
ATTRIBUTES = {"accepted", "refused", "reset", "collect", "generation", "safe", "events"}


def check(source):
    found = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not is_boot(node):
            found += [f"{node.name}:{line}: {what}" for line, what in findings(node)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_steady_state_code_does_not_allocate(path):
    assert check(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("body,what", [
    ("return f'{x}'", "JoinedStr"),
    ("return x[1:2]", "Slice"),
    ("return x, y", "tuple"),
    ("return [x]", "display"),
    ("return x / 2", "float division"),
    ("return x * 0.5", "float"),
    ("return 'a%d' % x", "string operation"),
    ("return bytes(x)", "bytes"),
    ("return struct.unpack_from('>H', x)", "unpack_from"),
    ("y = x.step\n  return y()", "bound method step"),
    ("raise ValueError(x)", "new exception"),
    ("return x & 0xFFFFFFFF", "large integer"),
    ("return [y for y in x]", "comprehension"),
    ("return min(*x)", "Starred"),
])  # fmt: skip
def test_the_check_itself_finds(body, what):
    found = check("def step(x, y):\n  " + body + "\n")
    assert any(entry.endswith(": " + what) for entry in found), found


def test_boot_code_is_free():
    assert check('def place(x):\n  """Boot time only."""\n  return [x]\n') == []
