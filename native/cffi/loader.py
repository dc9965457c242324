"""Find and load the compiled extension; `ffi` and `lib` are cffi's two objects."""

from __future__ import annotations

from typing import Any

from native.cffi.build_native import MODULE, extension_path
from native.cffi.extension import load

_module = load(MODULE, extension_path(), "the C kernel is")
ffi: Any = _module.ffi
lib: Any = _module.lib
