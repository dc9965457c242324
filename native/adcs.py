"""The algorithms of native/src/adcs for CPython: the C as it flies, and the same in double.

`lib` and `ffi` are cffi's objects of the build that flies (single precision, the one libm);
`lib_f64` and `ffi_f64` those of the build for comparison. Names, units and frames are those of the
headers (native/include/mf_*.h). Host only.

    from native.adcs import ffi, lib
    field_E_T = ffi.new("float[3]")
    status = lib.mf_igrf_field(...)

`make setup` builds both; `python -m native.cffi.build_adcs` builds them alone.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from native.cffi.build_adcs import DOUBLE, SINGLE, extension_path

ffi: Any
lib: Any
ffi_f64: Any
lib_f64: Any

_PLACES = {"ffi": SINGLE, "lib": SINGLE, "ffi_f64": DOUBLE, "lib_f64": DOUBLE}


def _load(name: str) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    path = extension_path(name)
    if not path.exists():
        raise ImportError("the algorithms are not built for this Python: run make setup")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}: run make setup")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'native.adcs' has no attribute {name!r}")
    value = getattr(_load(_PLACES[name]), name.removesuffix("_f64"))
    globals()[name] = value
    return value
