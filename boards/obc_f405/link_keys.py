"""The keys of a provisioned folder as C source for the image.

    python link_keys.py FOLDER OUTPUT.c

Exit code 2 and one line when the folder does not hold them (boards/link_keys.py).
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from boards.link_keys import KeyFileError, secrets  # noqa: E402


def source(keys: "list[bytes]") -> str:
    """C text that defines them."""
    rows = "".join(f"    {{{', '.join(f'0x{octet:02X}' for octet in key)}}},\n" for key in keys)
    return (
        '#include "port_kernel.h"\n\n'
        "const uint8_t port_link_secrets[MF_LINK_SECRETS][MF_GCM_KEY_SIZE]\n"
        f'    __attribute__((section(".rodata.link_keys"))) = {{\n{rows}}};\n'
    )


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Make C source of the link's keys.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    try:
        text = source(secrets(arguments.folder))
    except KeyFileError as error:
        print(f"keys: {error}", file=sys.stderr)
        return 2
    if arguments.output.exists() and arguments.output.read_text(encoding="ascii") == text:
        return 0
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(arguments.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
