"""Count the instructions of the kernels on a Cortex-M4F, and the bytes they take.

    python native/count.py [NAME ...] [--json FILE]

Each kernel of native/bare/kernels.py is linked into an image of its own and run in QEMU, where
counts are exact. Printed is JSON: {kernel: {instructions, text_B, state_B, limit}}: the longest
of 16 runs after the first; text includes what the kernel needs of the libm and of the compiler's
soft floating point. Exit code 1 when a limit is exceeded, 2 when a count cannot be made.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from native import bare
from native.bare.kernel import Kernel
from native.bare.kernels import KERNELS

RUNS = 16
_EMPTY = Kernel("empty", (), "", "", '__asm__ volatile("")')


def image_text(kernel: Kernel) -> str:
    """The C program that counts one kernel."""
    includes = "".join(f'#include "{header}"\n' for header in ("bare.h", *kernel.headers))
    size = f"(uint32_t)sizeof({kernel.state})" if kernel.state else "0u"
    return f"""{includes}
static int status;
{kernel.data}
static void nothing(void)
{{
    __asm__ volatile("");
}}

static void call(void)
{{
    {kernel.call};
}}

int bare_main(void)
{{
    {kernel.setup}
    call();
    uint32_t overhead = bare_count(nothing);
    uint32_t most = 0;
    for (int run = 0; run < {RUNS}; run++) {{
        uint32_t instructions = bare_count(call) - overhead;
        most = instructions > most ? instructions : most;
    }}
    bare_print_decimal(most);
    bare_print_decimal({size});
    return status < 0 ? 3 : 0;
}}
"""


def count(kernels: Iterable[Kernel] = KERNELS) -> dict[str, dict[str, Any]]:
    """Figures of `kernels`. bare.BareError when an image cannot be built or run."""
    out = {}
    with tempfile.TemporaryDirectory(prefix="microflight-count-") as name:
        folder = Path(name)
        empty_B = bare.text_bytes(bare.image(image_text(_EMPTY), folder))
        for kernel in kernels:
            instructions, state_B = map(int, bare.run(image_text(kernel), folder).split())
            out[kernel.name] = {
                "instructions": instructions,
                "text_B": bare.text_bytes(folder / "image.elf") - empty_B,
                "state_B": state_B,
                "limit": kernel.limit,
            }
    return out


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Count the kernels' instructions in QEMU.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="kernels; all when none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write there instead")
    arguments = parser.parse_args()
    known = {kernel.name: kernel for kernel in KERNELS}
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        print(f"count: no kernel {unknown[0]!r}; there is: {', '.join(known)}", file=sys.stderr)
        return 2
    try:
        figures = count([known[name] for name in arguments.names] or KERNELS)
    except (bare.BareError, RuntimeError) as error:
        print(f"count: {error}", file=sys.stderr)
        return 2
    text = json.dumps(figures, indent=2)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    over = [k for k, f in figures.items() if f["limit"] and f["instructions"] > f["limit"]]
    for name in over:
        print(f"count: {name} is over its limit", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
