"""Where the time of a flight goes: by sampling what runs, every millisecond of processor time."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from cli import worlds

SAMPLE_S = 0.001
# Innermost first: the first row whose files are on the stack has the sample.
PARTS = (
    ("plant", ("sim/plant.py", "sim/spacecraft.py", "sim/disturbances.py")),
    ("environment", ("sim/environment.py", "sim/orbit.py", "sim/albedo.py", "sim/sunlight.py")),
    ("devices", ("sim/devices/",)),
    ("simulator", ("sim/",)),
    ("C kernel and drivers", ("native/",)),
    ("flight software", ("flight/", "boards/", "hal/")),
    ("ground", ("ground/", "cli/")),
)


def part_of(path: str) -> str:
    """The part that a file of this project belongs to; "" for any other file."""
    try:
        name = Path(path).resolve().relative_to(worlds.ROOT).as_posix()
    except ValueError:
        return ""
    for part, prefixes in PARTS:
        if name.startswith(prefixes):
            return part
    return ""


class Shares:
    """While it is entered, the running program is sampled; main thread only."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._parts: dict[str, str] = {}
        self._before: Any = None

    def __enter__(self) -> Shares:
        self._before = signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, self._before)

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None:
            path = frame.f_code.co_filename
            part = self._parts.get(path)
            if part is None:
                part = self._parts[path] = part_of(path)
            if part:
                self._counts[part] += 1
                return
            frame = frame.f_back

    def __str__(self) -> str:
        total = self._counts.total()
        rows = self._counts.most_common()
        return ", ".join(f"{part} {100.0 * count / total:.0f} %" for part, count in rows)
