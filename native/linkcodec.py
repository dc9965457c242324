"""The coded and secured link of native/src/link for CPython: the C as it flies.

`lib` and `ffi` are cffi's objects; names and layouts are those of the headers mf_cltu.h, mf_farm.h,
mf_gcm.h, mf_keys.h, mf_sdls.h, mf_iv_store.h, mf_tc.h, mf_rs.h, mf_tm_coding.h. Host only.

    from native.linkcodec import ffi, lib
    parity = ffi.new("uint8_t[32]")
    lib.mf_rs_encode(frame, parity)

`make setup` builds it; `python -m native.cffi.build_link` builds it alone.
"""

from __future__ import annotations

from typing import Any

from native.cffi.build_adcs import extension_path
from native.cffi.build_link import MODULE
from native.cffi.extension import load

ffi: Any
lib: Any


def __getattr__(name: str) -> Any:
    if name not in ("ffi", "lib"):
        raise AttributeError(f"module 'native.linkcodec' has no attribute {name!r}")
    value = getattr(load(MODULE, extension_path(MODULE), "the secured link is"), name)
    globals()[name] = value
    return value
