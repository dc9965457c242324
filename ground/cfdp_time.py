"""The time of the link for cfdp-py, whose timers know that of the computer only."""

from typing import Any, Callable, List

import spacepackets.countdown
from cfdppy import CfdpState


class LinkTime:
    """While the handlers of an owner run in `with` of this, their timers go by `now_s` [s], and the
    list of lost segments, of which all receiving handlers of the library share one, is his."""

    def __init__(self, dest: Any, now_s: Callable[[], float]) -> None:
        self._dest = dest
        self._now_s = now_s
        self._lost: List[Any] = []
        self._before: Callable[[], int] = spacepackets.countdown.time_ms

    def __enter__(self) -> None:
        self._before = spacepackets.countdown.time_ms
        spacepackets.countdown.time_ms = lambda: round(self._now_s() * 1000)
        if self._dest.state == CfdpState.IDLE:
            self._lost = []
        self._tracker().lost_segments = self._lost

    def __exit__(self, *error: object) -> None:
        spacepackets.countdown.time_ms = self._before
        self._lost = self._tracker().lost_segments
        self._tracker().lost_segments = []

    def _tracker(self) -> Any:
        return self._dest._params.acked_params.lost_seg_tracker
