"""Find and load the compiled extension; `ffi` and `lib` are cffi's two objects."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from native.cffi.build_native import MODULE, extension_path


def _load() -> Any:
    path = extension_path()
    if not path.exists():
        raise ImportError("the C kernel is not built for this Python: run make setup")
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}: run make setup")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    return module


_module = _load()
ffi: Any = _module.ffi
lib: Any = _module.lib
