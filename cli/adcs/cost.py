"""Cost on the target: instructions counted in QEMU, bytes of state and of code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.adcs.parts import Measured, Part, Row, Values, Verify
from cli.errors import CliError
from native import bare, count
from native.bare import sizes
from native.bare.kernel import Kernel
from native.bare.kernels import KERNELS

CYCLE = "instructions of the 10 Hz cycle"
SGP4 = "instructions of SGP4, at 1 Hz"
STATE = "state of the attitude loop"
CODE = "code and constants that the attitude loop adds to a flight image"
IDLE = "attitude algorithms that nothing in flight calls"
_COUNTED = {CYCLE: "cycle_10_hz", SGP4: "sgp4_propagate"}
_LOOP = Kernel(
    "loop",
    ("mf_adcs_state.h",),
    "static mf_adcs_t state; static mf_adcs_params_t params;",
    "",
    "mf_adcs_reset(&state, &params)",
    state="mf_adcs_t",
)


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
    """State of the loop; what it adds to a flight image."""
    state_B = _counted(verify, [_LOOP])[_LOOP.name]["state_B"]
    try:
        found = sizes.measure()
    except (bare.BareError, RuntimeError) as error:
        raise CliError(str(error)) from error
    largest = [f"{name} {size_B}" for name, size_B in list(found.by_file().items())[:3]]
    return {
        STATE: state_B,
        CODE: Measured(
            found.total_B, f"libm and soft floating point included; largest: {', '.join(largest)}"
        ),
        IDLE: Measured(len(found.left_out), ", ".join(found.left_out)),
    }


PARTS = (
    Part(
        (Row(CYCLE, 15_000, "instructions"), Row(SGP4, 70_000, "instructions")),
        measure_instructions,
    ),
    Part(
        (Row(STATE, 4096, "B"), Row(CODE, 48 * 1024, "B"), Row(IDLE, 0, "files")),
        measure_bytes,
    ),
)
