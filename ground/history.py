"""What a flight's telemetry said, kept as columns for the live view, the report and the checks."""

from collections import deque
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple

from ground.columns import Column
from ground.decode import Report
from ground.dictionary import MODE_EVENT

RECENT = 10


class History:
    """Collects decoded packets; pass `add` as the decoder's listener.

    `columns[packet name]` has a `Column` per field, and `received_s` and `time_s` beside them, in
    engineering units. `events` holds events and failed verifications in order of arrival,
    `parameters` the values last reported.
    """

    def __init__(self) -> None:
        self.columns: Dict[str, Dict[str, Column]] = {}
        self.latest: Dict[str, Report] = {}
        self.events: List[Report] = []
        self.recent: Deque[Report] = deque(maxlen=RECENT)
        self.modes: List[Tuple[float, int]] = []
        self.verified: Dict[str, int] = {}
        self.parameters: Dict[str, Any] = {}

    def add(self, report: Report) -> None:
        """Keep one decoded packet."""
        if report.kind == "housekeeping":
            self._keep(report)
        elif report.kind == "event":
            self.events.append(report)
            self.recent.append(report)
            if report.id == MODE_EVENT:
                self._note_mode(report.received_s, report.raw["arg0"] & 0xFF)
        elif report.kind == "verification":
            self.verified[report.name] = self.verified.get(report.name, 0) + 1
            if not report.raw["success"]:
                self.events.append(report)
                self.recent.append(report)

        elif report.kind == "time":
            self.latest[report.name] = report
            if report.values["stepped"]:
                self.events.append(report)
                self.recent.append(report)
        elif report.kind == "parameters":
            self.parameters.update(report.values)

    def _keep(self, report: Report) -> None:
        self.latest[report.name] = report
        columns = self.columns.get(report.name)
        if columns is None:
            columns = self.columns[report.name] = {"received_s": Column(), "time_s": Column()}
        columns["received_s"].append(report.received_s)
        columns["time_s"].append(report.time_s)
        for name, value in report.values.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = Column()
            column.append(value)
        if "spacecraft_mode" in report.raw:
            self._note_mode(report.received_s, report.raw["spacecraft_mode"])

    def _note_mode(self, received_s: float, mode: int) -> None:
        if not self.modes or self.modes[-1][1] != mode:
            self.modes.append((received_s, mode))

    def value(self, packet: str, field: str) -> Optional[Any]:
        """The latest value of a field in engineering units, None before the first."""
        report = self.latest.get(packet)
        return None if report is None else report.values.get(field)

    def column(self, packet: str, field: str) -> Tuple[Sequence[float], Sequence[Any]]:
        """`(received_s, values)` of one field; empty when the packet never came."""
        columns = self.columns.get(packet)
        if columns is None or field not in columns:
            return [], []
        return columns["received_s"], columns[field]

    def mode_at(self, t_s: float) -> int:
        """The spacecraft mode telemetry had reported by `t_s`; 0 before the first report."""
        current = 0
        for since_s, mode in self.modes:
            if since_s > t_s:
                break
            current = mode
        return current
