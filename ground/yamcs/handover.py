"""One key, one sender at a time: which counter values Yamcs may use, and which are ours again.

Under AES-GCM a value of the counter must never protect two frames. Yamcs keeps its own counter and
does not tell it. So it gets a block of values; our own counter (ground/security.py) stands behind
that block before Yamcs starts, and is moved on before Yamcs can come to its end. The spacecraft
takes a jump of 65 535 values.

    handover = Handover(home, counters, "tc-EC")
    handover.take()                    # before the start: `first` and `turn` for the configuration
    handover.used(frames)              # now and then: frames that Yamcs has sent since its start
"""

import json
from pathlib import Path

from ground import private_file
from ground.errors import GroundError
from ground.security import Counters

BLOCK = 1024
RESERVE = BLOCK // 2  # of a block; many more than are sent between two looks
FILE = "handover.json"


class Handover:
    """The block of one association. `first`: where Yamcs begins when it has no counter for this
    turn yet; `turn`: how often the counter has come to Yamcs, which is part of the name it keeps
    its counter under. Raises `GroundError`."""

    def __init__(self, home: Path, counters: Counters, name: str) -> None:
        self._path = home / FILE
        self._counters = counters
        self._name = name
        self.first, self.turn = 0, 0
        self._used, self._end = 0, 0  # values of the block used by runs that ended; its end
        self._run = 0
        if self._path.exists():
            self._read()

    def _read(self) -> None:
        try:
            row = json.loads(self._path.read_text(encoding="ascii"))
            self.first, self.turn = int(row["first"]), int(row["turn"])
            self._used, self._end = int(row["used"]), int(row["end"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GroundError(f"{self._path}: no record of ours: {error}") from error

    def take(self) -> None:
        """The counter goes to Yamcs: on where it was, or, if we have sent since, behind that."""
        ours = self._counters.value(self._name)
        if self.turn == 0 or ours != self._end:
            self.first, self._used, self._end = ours, 0, ours
            self.turn += 1
        else:
            self._used += self._run
        self._run = 0
        self._extend()

    def used(self, frames: int) -> None:
        """So many frames at most went out since `take`."""
        if frames > self._run:
            self._run = frames
            self._extend()

    def _extend(self) -> None:
        """Ours stands behind all that Yamcs may come to; on the disk before that."""
        while self.first + self._used + self._run + RESERVE > self._end:
            self._end += BLOCK
        if self._counters.value(self._name) != self._end:
            self._counters.set(self._name, self._end)
        used = self._used + self._run
        row = {"first": self.first, "turn": self.turn, "used": used, "end": self._end}
        private_file.replace(self._path, row)
