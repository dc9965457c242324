"""Flash and RAM budget of a firmware image, measured from its ELF file.

    python boards/obc_f405/size.py build/firmware/pyboard-development/microflight.elf

prints one JSON object: `flash_B` (boot block and image), `ram_B` (everything in RAM, heap
included), `heap_B` (Python heap), `kernel_B` (kernel block in use), `stacks_B` (handler stack, VM
stack with its guard, Python frame stack), `boot_B`, `image_B`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

RAM_START, RAM_END = 0x20000000, 0x20020000


def measure(elf: Path) -> dict[str, int]:
    """Sizes in bytes. OSError when the file cannot be read, ValueError when it is no firmware."""
    with Path(elf).open("rb") as file:
        try:
            image = ELFFile(file)
            table = image.get_section_by_name(".symtab")
            symbols: dict[str, int] = {}
            if isinstance(table, SymbolTableSection):
                symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
            boot = image.get_section_by_name(".boot")
            ram = sum(
                section["sh_size"]
                for section in image.iter_sections()
                if RAM_START <= section["sh_addr"] < RAM_END and section["sh_flags"] & 2
            )
        except ELFError as error:
            raise ValueError(f"{elf}: {error}") from error
    if boot is None or "image_end" not in symbols:
        raise ValueError(f"{elf}: not a microflight image")
    image_size = symbols["image_end"] - symbols["image_header"]
    return {
        "flash_B": boot["sh_size"] + image_size,
        "ram_B": ram,
        "heap_B": symbols["heap_end"] - symbols["heap_start"],
        "kernel_B": symbols["kernel_bss_end"] - symbols["kernel_start"],
        "stacks_B": (
            symbols["msp_top"]
            - symbols["kernel_start"]
            + symbols["pystack_end"]
            - symbols["vm_guard"]
        ),
        "boot_B": boot["sh_size"],
        "image_B": image_size,
    }


def main(arguments: list[str]) -> int:
    """Print the budget of one ELF file; exit code 2 with one line when there is none."""
    if len(arguments) != 1:
        print("usage: size.py FIRMWARE.elf", file=sys.stderr)
        return 2
    try:
        print(json.dumps(measure(Path(arguments[0])), indent=2))
    except (OSError, ValueError) as error:
        print(f"size: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
