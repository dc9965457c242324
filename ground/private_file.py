"""Small records of an operator that nobody else may read and that no crash leaves half written."""

import json
import os
from pathlib import Path
from typing import Any

from ground.errors import GroundError


def replace(path: Path, record: Any) -> None:
    """Put `record` as JSON on the disk in the place of what `path` held. Raises `GroundError`."""
    scratch = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise GroundError(f"{path}: {error.strerror}") from error
