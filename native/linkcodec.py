"""The coded and secured link of native/src/link for CPython: the C as it flies.

`lib` and `ffi` are cffi's objects; names and layouts are those of the headers mf_cltu.h, mf_farm.h,
mf_gcm.h, mf_keys.h, mf_sdls.h, mf_iv_store.h, mf_tc.h, mf_rs.h, mf_tm_coding.h. Host only.

    from native.linkcodec import ffi, lib
    parity = ffi.new("uint8_t[32]")
    lib.mf_rs_encode(frame, parity)

`make setup` builds it; `python -m native.cffi.build_link` builds it alone.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from native.cffi.build_adcs import extension_path
from native.cffi.build_link import MODULE

ffi: Any
lib: Any


def _load() -> Any:
    if MODULE in sys.modules:
        return sys.modules[MODULE]
    path = extension_path(MODULE)
    if not path.exists():
        raise ImportError("the secured link is not built for this Python: run make setup")
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}: run make setup")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    return module


def __getattr__(name: str) -> Any:
    if name not in ("ffi", "lib"):
        raise AttributeError(f"module 'native.linkcodec' has no attribute {name!r}")
    value = getattr(_load(), name)
    globals()[name] = value
    return value
