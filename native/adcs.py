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

from typing import Any

from native.cffi.build_adcs import DOUBLE, SINGLE, extension_path
from native.cffi.extension import load

ffi: Any
lib: Any
ffi_f64: Any
lib_f64: Any

_PLACES = {"ffi": SINGLE, "lib": SINGLE, "ffi_f64": DOUBLE, "lib_f64": DOUBLE}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'native.adcs' has no attribute {name!r}")
    place = _PLACES[name]
    module = load(place, extension_path(place), "the algorithms are")
    value = getattr(module, name.removesuffix("_f64"))
    globals()[name] = value
    return value
