"""One kernel whose cost is counted: what a row of kernels.py holds."""

from __future__ import annotations

from typing import NamedTuple


class Kernel(NamedTuple):
    """One row; the fields are explained in kernels.py."""

    name: str
    headers: tuple[str, ...]
    data: str
    setup: str
    call: str
    limit: int | None = None
    state: str = ""  # C type whose size is reported
