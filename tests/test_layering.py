"""Who may import whom, read from the syntax tree: native, hal, flight, boards; ground apart."""

import ast
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("boards", "cli", "flight", "ground", "hal", "native", "sim", "tests")
NAMELESS = {"utils", "util", "common", "helpers", "helper", "tools", "tool", "lib", "misc"}

# Does not exist in the image, or does not belong there.
NOT_ON_TARGET = {"typing", "dataclasses", "enum", "abc", "functools", "__future__", "collections"}
# Runs on the host only, although it lies beside code that flies.
HOST_ONLY = {"flight/packets/signature.py"}


def files(*folders: str) -> List[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> Iterator[Tuple[str, int]]:
    """Every imported module of a file, by its full name, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module is not None
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def ours(path: Path) -> Iterator[Tuple[str, int]]:
    """The imports of a file that stay inside the project."""
    for name, line in imports(path):
        if name.split(".")[0] in OURS:
            yield name, line


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def allowed(name: str, prefixes: Tuple[str, ...]) -> bool:
    return any(
        name == prefix or name.startswith(prefix + ".") or prefix.startswith(name + ".")
        for prefix in prefixes
    )


# Folder or file: the project's modules it may import.
RULES = {
    "native": ("native",),
    "hal": ("hal", "native"),
    "flight/packets": ("flight.packets", "hal.compat", "native"),
    "flight/core": (
        "flight.core",
        "flight.packets",
        "hal",
        "native",
        "flight.mission",
        "flight.partners",
    ),  # fmt: skip
    "flight/services": ("flight.core", "flight.packets", "flight.services", "hal", "native"),
    "flight/context.py": ("flight", "hal", "native"),
    "flight/dictionary.py": (
        "flight.core.definitions",
        "flight.mission",
        "flight.partners",
        "flight.apps",
    ),  # fmt: skip
    "flight/mission.py": (),
    "flight/partners.py": (),
    "boards/compose.py": ("flight", "hal", "native"),
    "boards/link_keys.py": ("flight.dictionary",),
    "boards/obc_f405": ("boards", "flight", "hal", "native"),
    "boards/desktop": ("boards", "flight", "hal", "native"),
    "sim": ("sim", "hal"),
    "ground": ("ground", "flight.packets", "flight.dictionary"),
    "cli": ("cli", "boards", "flight", "ground", "native", "sim"),
}


@pytest.mark.parametrize("place", RULES)
def test_imports_go_one_way(place):
    target = ROOT / place
    paths = [target] if target.is_file() else files(place)
    assert paths, f"{place} is not there"
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in paths
        for name, line in ours(path)
        if not allowed(name, RULES[place])
    ]
    assert not wrong, "\n".join(wrong)


def test_every_package_has_a_rule():
    for path in files(*(name for name in OURS if name != "tests")):
        place = relative(path)
        if path.name == "__init__.py" and not path.read_text(encoding="utf-8").strip():
            continue
        covered = any(place == rule or place.startswith(rule + "/") for rule in RULES)
        in_apps = place.startswith("flight/apps/")
        root_file = place in ("boards/__init__.py", "flight/__init__.py")
        assert covered or in_apps or root_file, f"{place} has no rule"


def test_apps_do_not_know_one_another_nor_the_parts():
    for path in files("flight/apps"):
        parts = path.relative_to(ROOT / "flight" / "apps").parts
        if len(parts) < 2:
            continue
        own = f"flight.apps.{parts[0]}"
        permitted = (own, "flight.core", "flight.services", "flight.packets")
        permitted += ("flight.mission", "flight.partners")
        for name, line in ours(path):
            where = f"{relative(path)}:{line} imports {name}"
            assert allowed(name, (*permitted, "hal", "native")), where
            assert not name.startswith("hal.drivers"), where


def test_definitions_are_data_alone():
    """A long table of parameters may lie beside its definitions.py, in a file of its own."""
    names = ("definitions.py", "parameters.py")
    paths = [path for path in files("flight/core", "flight/apps") if path.name in names]
    assert len(paths) >= 2
    for path in paths:
        own = ".".join(path.relative_to(ROOT).parts[:-1])
        permitted = {own, f"{own}.parameters"} if path.name == "definitions.py" else set()
        imported = {name for name, _ in imports(path)}
        assert imported <= permitted, f"{relative(path)} imports something"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_data = isinstance(node, (ast.Assign, ast.ImportFrom))
            assert is_data or is_docstring, f"{relative(path)}:{node.lineno}"


def test_the_dictionary_imports_definitions_only():
    for name, line in ours(ROOT / "flight" / "dictionary.py"):
        assert not name.endswith(".app"), f"flight/dictionary.py:{line} imports {name}"


def test_only_boards_imports_an_app():
    for path in files(*(name for name in OURS if name not in ("boards", "tests"))):
        for name, line in ours(path):
            parts = name.split(".")
            is_app = parts[:2] == ["flight", "apps"] and "app" in parts[3:4]
            assert not is_app, f"{relative(path)}:{line} imports {name}"


def test_packages_of_apps_are_empty():
    for path in files("flight/apps"):
        if path.name == "__init__.py":
            assert not path.read_text(encoding="utf-8").strip(), relative(path)


def device_files() -> List[Path]:
    paths = files("flight", "hal") + [ROOT / "boards" / "compose.py"]
    paths += [ROOT / "boards" / "obc_f405" / name for name in ("board.py", "main.py")]
    return [path for path in paths if relative(path) not in HOST_ONLY and path.is_file()]


def _at_run_time(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING:`."""
    waiting: List[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize("path", device_files(), ids=relative)
def test_device_files_need_nothing_the_target_lacks(path):
    for node in _at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 0)
        where = f"{relative(path)}:{line}"
        if isinstance(node, ast.Import):
            assert not {a.name.split(".")[0] for a in node.names} & NOT_ON_TARGET, where
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in NOT_ON_TARGET, where
        assert not isinstance(node, (ast.Match, ast.JoinedStr)), f"{where}: not for the target"


def test_no_folder_with_a_name_that_says_nothing():
    for top in (*OURS, "docs", "renode"):
        for path in (ROOT / top).rglob("*"):
            if path.is_dir():
                assert path.name.lower() not in NAMELESS, relative(path)


def code_files() -> List[Path]:
    return [path for path in files(*OURS) if "__pycache__" not in path.parts]


def test_no_eval_and_no_exec():
    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                assert name not in ("eval", "exec"), f"{relative(path)}:{node.lineno}: {name}"


def test_only_scheduler_and_supervisor_catch_everything():
    for path in files("flight", "hal", "boards", "ground", "cli", "sim", "native"):
        if path.name in ("scheduler.py", "supervisor.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or getattr(node.type, "id", "") in (
                    "Exception",
                    "BaseException",
                )
                assert not broad, f"{relative(path)}:{node.lineno} catches everything"


def test_files_are_short():
    long = [(relative(path), 300) for path in code_files()]
    long += [
        (relative(path), 400) for top in ("native", "boards") for path in (ROOT / top).rglob("*.c")
    ]
    too_long = []
    for place, limit in long:
        lines = len((ROOT / place).read_text(encoding="utf-8").splitlines())
        if lines > limit:
            too_long.append(f"{place} has {lines} lines, the limit is {limit}")
    assert not too_long, "\n".join(too_long)
