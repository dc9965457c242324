"""Lays the MicroPython stubs out where the type checker looks for them: build/typings.

The stub package installs plain modules beside all others, where a checker does not read them.
Modules that CPython has as well are left to the checker's own stubs: flight code runs on both.
"""

import shutil
import sys
from importlib import metadata
from pathlib import Path

STUBS = "micropython-stm32-stubs"


def main() -> int:
    """Copy the stubs of the installed package; exit code 2 with one line when it is not there."""
    target = Path("build/typings")
    try:
        listed = metadata.distribution(STUBS).files or []
    except metadata.PackageNotFoundError:
        print(f"lint: {STUBS} is not installed: make setup", file=sys.stderr)
        return 2
    shutil.rmtree(target, ignore_errors=True)
    for file in listed:
        if file.suffix == ".pyi" and file.parts[0].split(".")[0] not in sys.stdlib_module_names:
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(str(file.locate())), place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
