"""Cost on the target: instructions counted in QEMU, bytes of state and of code."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.errors import CliError
from native import bare, count
from native.bare.kernel import Kernel
from native.bare.kernels import KERNELS
from native.cffi.sources import INCLUDE, SRC

CYCLE = "instructions of the 10 Hz cycle"
SGP4 = "instructions of SGP4, at 1 Hz"
STATE = "state of the attitude loop"
CODE = "code and constants of all attitude algorithms"
_COUNTED = {CYCLE: "cycle_10_hz", SGP4: "sgp4_propagate"}
_LOOP = Kernel(
    "loop",
    ("mf_adcs_state.h",),
    "static mf_adcs_t state; static mf_adcs_params_t params;",
    "",
    "mf_adcs_reset(&state, &params)",
    state="mf_adcs_t",
)
_PUBLIC = re.compile(r"^(?!static)[a-z]\w*[ *]+(mf_\w+)\(", re.M)


def _everything() -> str:
    """A program that links every public function of every attitude algorithm."""
    headers = [
        f"mf_{path.stem}.h"
        for path in sorted((SRC / "adcs").glob("*.c"))
        if (INCLUDE / f"mf_{path.stem}.h").is_file()
    ]
    names = [
        name
        for header in headers
        for name in _PUBLIC.findall((INCLUDE / header).read_text("utf-8"))
    ]
    includes = "".join(f'#include "{header}"\n' for header in ("bare.h", *headers))
    table = ", ".join(f"(function_t){name}" for name in dict.fromkeys(names))
    return f"""{includes}
typedef void (*function_t)(void);
static function_t const everything[] = {{{table}}};
int bare_main(void)
{{
    for (uint32_t i = 0; i < sizeof(everything) / sizeof(everything[0]); i++) {{
        bare_print_decimal((uint32_t)(uintptr_t)everything[i]);
    }}
    return 0;
}}
"""


_NOTHING = """#include "bare.h"
int bare_main(void)
{
    bare_print_decimal(0u);
    return 0;
}
"""


def _counted(verify: Verify, kernels: "Sequence[Kernel]") -> "dict[str, dict[str, Any]]":
    """Figures of native/count.py."""
    try:
        with verify.progress(f"counting {', '.join(kernel.name for kernel in kernels)}", 1):
            return count.count(kernels)
    except (bare.BareError, RuntimeError) as error:
        raise CliError(str(error)) from error


def measure_instructions(verify: Verify) -> Values:
    """The cycle and SGP4, as the kernels that native/count.py counts."""
    known = {kernel.name: kernel for kernel in KERNELS}
    missing = [name for name in _COUNTED.values() if name not in known]
    if missing:
        raise CliError(f"native/bare/kernels.py has no kernel {missing[0]}")
    counted = _counted(verify, [known[name] for name in _COUNTED.values()])
    return {figure: counted[name]["instructions"] for figure, name in _COUNTED.items()}


def measure_bytes(verify: Verify) -> Values:
    """State of the loop; code of every public function, with what it calls."""
    state_B = _counted(verify, [_LOOP])[_LOOP.name]["state_B"]
    try:
        with tempfile.TemporaryDirectory(prefix="microflight-verify-") as name:
            folder = Path(name)
            all_B = bare.text_bytes(bare.image(_everything(), folder))
            code_B = all_B - bare.text_bytes(bare.image(_NOTHING, folder))
    except (bare.BareError, RuntimeError) as error:
        raise CliError(str(error)) from error
    return {
        STATE: state_B,
        CODE: Measured(code_B, "with what they need of libm and soft floating point"),
    }


PARTS = (
    Part(
        (Row(CYCLE, 15_000, "instructions"), Row(SGP4, 70_000, "instructions")),
        measure_instructions,
    ),
    Part((Row(STATE, 4096, "B"), Row(CODE, 48 * 1024, "B")), measure_bytes),
)
