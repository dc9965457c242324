"""`microflight new app NAME`: a new app that runs, sends telemetry, obeys a command, is tested."""

import argparse
import keyword
import re
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import Dict, List, Tuple

from cli.errors import CliError
from cli.worlds import ROOT

EPILOG = """\
examples:
  microflight new app beacon
  microflight fly first-light --world desktop --no-live
  pytest tests/flight/test_beacon.py

It writes flight/apps/NAME/{__init__,app,definitions}.py and tests/flight/test_NAME.py, and enters
the app in flight/mission.py, flight/dictionary.py and boards/compose.py.
"""

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
NAME = re.compile(r"[a-z][a-z0-9_]{1,19}")
RESERVED = ("core", "supervisor", "housekeeping")
PERIOD_MS = 1000
OFFSET_MS = 35
BUDGET_MS = 10
DEADLINE_MS = 5000
LINE_MAX = 100


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "new",
        help="make a new app",
        description="Make a new app: running, in the schedule, with telemetry, command and test.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=["app"], help="what to make")
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits, underscores")
    parser.set_defaults(run=run)


def _check_name(name: str, taken: List[str]) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CliError(
            f"{name!r} cannot name an app: use 2 to 20 lower-case letters, digits and underscores,"
            " a letter first"
        )
    if name in taken or name in RESERVED:
        raise CliError(f"there is an app {name!r} already; choose another name")


def _insert(text: str, pattern: str, replacement: str, where: str) -> str:
    """`text` with the one match of `pattern` replaced. Raises `CliError` when it is not there."""
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE | re.DOTALL)
    if count != 1:
        raise CliError(f"{where}: cannot find where to enter the app; enter it by hand")
    return changed


def _with_import(text: str, prefix: str, line: str, where: str) -> str:
    """`text` with the import `line` put in order among those that begin with `prefix`."""
    lines = text.splitlines(keepends=True)
    places = [i for i, existing in enumerate(lines) if existing.startswith(prefix)]
    if not places:
        raise CliError(f"{where}: cannot find its imports; enter the app by hand")
    after = [i for i in places if lines[i] < line]
    lines.insert(after[-1] + 1 if after else places[0], line)
    return "".join(lines)


def edits(root: Path, name: str, class_name: str) -> List[Tuple[Path, str]]:
    """The files that get a line or two for the new app, with their new text."""
    dictionary = root / "flight" / "dictionary.py"
    text = _with_import(
        dictionary.read_text(encoding="utf-8"),
        "from flight.apps.",
        f"from flight.apps.{name} import definitions as {name}\n",
        str(dictionary),
    )
    text = _insert(
        text,
        r"^SUBSYSTEMS = \(([^()]*?),?\s*\)(?:  # fmt: skip)?$",
        rf"SUBSYSTEMS = (\1, {name})",
        str(dictionary),
    )
    listed = re.search(r"^SUBSYSTEMS = \((.*?)\)$", text, re.MULTILINE | re.DOTALL)
    if listed and len(listed.group(0)) > LINE_MAX:
        rows = "".join(f"    {item.strip()},\n" for item in listed.group(1).split(","))
        text = text.replace(listed.group(0), f"SUBSYSTEMS = (\n{rows})")
    mission = root / "flight" / "mission.py"
    row = f'    ("{name}", {PERIOD_MS}, {OFFSET_MS}, {BUDGET_MS}, False, "skip", {DEADLINE_MS}),\n'
    table = _insert(
        mission.read_text(encoding="utf-8"),
        r"^(APPS = \(\n.*?)^\)$",
        rf"\1{row})",
        str(mission),
    )
    compose = root / "boards" / "compose.py"
    composed = _with_import(
        compose.read_text(encoding="utf-8"),
        "from flight.apps.",
        f"from flight.apps.{name}.app import {class_name}\n",
        str(compose),
    )
    composed = _insert(
        composed, r"^(APP_CLASSES = \(\n.*?)^\)$", rf"\1    {class_name},\n)", str(compose)
    )
    return [(dictionary, text), (mission, table), (compose, composed)]


def new_files(root: Path, name: str, class_name: str, number: int) -> Dict[Path, str]:
    """The app's own files with their text."""
    words = {"name": name, "class_name": class_name, "app": str(number), "id": f"0x{number:02X}"}
    folder = root / "flight" / "apps" / name
    made = {folder / "__init__.py": ""}
    for template, path in (
        ("app", folder / "app.py"),
        ("definitions", folder / "definitions.py"),
        ("test", root / "tests" / "flight" / f"test_{name}.py"),
    ):
        source = (TEMPLATES / f"{template}.py.txt").read_text(encoding="utf-8")
        made[path] = Template(source).substitute(words)
    return made


def run(arguments: argparse.Namespace) -> int:
    """Make the files, enter the app, refresh the document of the dictionary."""
    from flight import dictionary, mission

    name: str = arguments.name
    _check_name(name, [module.NAME for module in dictionary.SUBSYSTEMS])
    number = max(module.APP for module in dictionary.SUBSYSTEMS) + 1
    rows = dictionary.SUBSYSTEMS[0].SCHEDULE_ROWS
    if len(mission.APPS) >= rows or number >= min(p[3] for p in dictionary.PARTNERS):
        raise CliError(
            f"no room for another app: the schedule packet has {rows} rows"
            " (flight/core/definitions.py SCHEDULE_ROWS)"
        )
    class_name = "".join(word.capitalize() for word in name.split("_"))
    files = new_files(ROOT, name, class_name, number)
    for path in files:
        if path.exists():
            raise CliError(f"{path}: is there already; choose another name or remove it")
    changed = edits(ROOT, name, class_name)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path, text in changed:
        path.write_text(text, encoding="utf-8")
    # In a process of its own: this one has the old dictionary imported.
    document = ROOT / "docs" / "telemetry.md"
    done = subprocess.run(
        [sys.executable, "-m", "cli", "dictionary", "--markdown", "--output", str(document)],
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise CliError(f"{document}: could not be written anew")
    for path in [*files, *(path for path, _ in changed), document]:
        print(path.relative_to(ROOT))
    print(f"app {name}: fly it with microflight fly first-light --world desktop")
    return 0
