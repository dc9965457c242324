"""Load a compiled extension from the build folder, once."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def load(name: str, path: Path, what: str) -> Any:
    """The module `name` of the file `path`; ImportError in one line when it is not built.

    `what` is how the message calls it: "the C kernel is", "the algorithms are".
    """
    if name in sys.modules:
        return sys.modules[name]
    if not path.exists():
        raise ImportError(f"{what} not built for this Python: run make setup")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}: run make setup")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
