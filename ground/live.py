"""The live view: a terminal page that follows the flight, plain lines when it is not a terminal."""

import math
import time
from typing import Any, Callable, List, Optional, TextIO, Tuple

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from ground import attitude, crash
from ground.decode import Decoder, Report
from ground.dictionary import Dictionary
from ground.history import History
from ground.names import TARGETS
from ground.time_report import QUALITIES

REFRESH_S = 0.2
PLAIN_EVERY_S = 600.0
ROWS_BESIDE_EVENTS = 20  # title, progress, the two panels, borders: the page fits 80 x 24
ROWS_BESIDE_LOAD, LOAD_ROWS_LEAST = 14, 6
LABEL_WIDTH = 7
STYLES = {"info": "green", "low": "yellow", "medium": "dark_orange", "high": "bold red"}


def clock(t_s: float) -> str:
    """Time since the start of the flight as h:mm:ss."""
    whole = int(t_s)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _norm(vector: Optional[List[float]]) -> Optional[float]:
    return None if vector is None else math.sqrt(sum(v * v for v in vector))


def _show(value: Optional[float], unit: str, digits: int = 2, scale: float = 1.0) -> str:
    return "-" if value is None else f"{value * scale:.{digits}f} {unit}"


class LiveView:
    """Shows one flight. A context manager; call `frame` after every decoded frame.

    `stations` gives the names of the ground stations in view now.
    """

    def __init__(
        self,
        title: str,
        duration_s: float,
        dictionary: Dictionary,
        decoder: Decoder,
        history: History,
        stations: Callable[[], List[str]],
        file: Optional[TextIO] = None,
        force: Optional[bool] = None,
    ) -> None:
        self._title = title
        self._duration_s = duration_s
        self._dictionary = dictionary
        self._decoder = decoder
        self._history = history
        self._stations = stations
        self._console = Console(file=file, force_terminal=force)
        self._is_page = self._console.is_terminal
        self._next_refresh_s = 0.0
        self._next_line_s = 0.0
        self._shown_events = 0
        self._shown_crash: Optional[Report] = None
        self._t_s = 0.0
        self._started_s = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=None), TaskProgressColumn()
        )
        self._task = self._progress.add_task("", total=duration_s)
        self._live: Optional[Live] = None

    def __enter__(self) -> "LiveView":
        self._started_s = time.monotonic()
        if self._is_page:
            self._live = Live(self._page(), console=self._console, auto_refresh=False)
            self._live.start()
        else:
            self._console.print(self._title, highlight=False)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._live is not None:
            self._live.update(self._page(), refresh=True)
            self._live.stop()

    def frame(self, t_s: float) -> None:
        """A frame came down at `t_s`; redraws when it is time to."""
        self._t_s = t_s
        if self._live is not None:
            now_s = time.monotonic()
            if now_s >= self._next_refresh_s:
                self._next_refresh_s = now_s + REFRESH_S
                self._live.update(self._page(), refresh=True)
            return
        for report in self._history.events[self._shown_events :]:
            line = f"{clock(report.received_s)}  {report.text}"
            self._console.print(line, highlight=False, soft_wrap=True)
        self._shown_events = len(self._history.events)
        record = self._history.latest.get(crash.PACKET)
        if record is not self._shown_crash:
            self._shown_crash = record
            self._console.print(record.text if record else "", highlight=False, soft_wrap=True)
        if t_s >= self._next_line_s:
            self._next_line_s = (t_s // PLAIN_EVERY_S + 1) * PLAIN_EVERY_S
            self._console.print(self._line(), highlight=False, soft_wrap=True)

    def _mode(self) -> str:
        mode = self._history.modes[-1][1] if self._history.modes else 0
        return self._dictionary.mode_names.get(mode, "-")

    def _rate(self) -> str:
        rate = self._history.value("adcs_report", "rate_rad_s")
        return _show(rate, "deg/s", scale=180 / math.pi)

    def _line(self) -> str:
        battery = _show(self._history.value("power_hk", "battery_voltage"), "V")
        known = attitude.knowledge_deg(self._history)
        attitude_text = ""
        if known is not None:
            loop = attitude.loop_mode(self._history)
            attitude_text = f" loop {loop}, attitude known to {known:.2f} deg,"
        return (
            f"{clock(self._t_s)}  mode {self._mode()}, rate {self._rate()}, battery {battery},"
            f"{attitude_text} {self._decoder.packets} packets"
        )

    def _page(self) -> Group:
        wall_s = max(time.monotonic() - self._started_s, 1e-3)
        self._progress.update(
            self._task,
            completed=min(self._t_s, self._duration_s),
            description=f"{clock(self._t_s)} of {clock(self._duration_s)}"
            f"  {self._t_s / wall_s:.0f}x real time",
        )
        columns = Table.grid(expand=True)
        columns.add_column(ratio=1)
        columns.add_column(ratio=1)
        columns.add_row(
            Panel(self._state(), title="spacecraft"), Panel(self._load(), title="schedule")
        )
        unused = "not used: " + (", ".join(attitude.excluded(self._history)) or "-")
        sensors = Text(unused, no_wrap=True, overflow="ellipsis")
        events = Panel(self._events(), title="events")
        parts: List[Any] = [self._progress, columns, sensors, events]
        if self._decoder.mismatch:
            parts.insert(0, Text(self._decoder.mismatch, style="bold red"))
        return Group(Text(self._title, style="bold"), *parts)

    def _state(self) -> Table:
        value = self._history.value
        counters = self._decoder.frames.counters
        field = _norm(value("adcs_report", "mag_B_T"))
        dipole = _norm(value("adcs_report", "dipole_B_A_m2"))
        gyro = _norm(value("adcs_report", "omega_BN_B_rad_s"))
        current = _show(value("power_hk", "battery_current"), "A")
        speeds = value("attitude_control", "wheel_speed_rad_s") or []
        known = _show(attitude.knowledge_deg(self._history), "deg")
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, min_width=LABEL_WIDTH)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name, text in (
            ("mode", f"{self._mode()}, loop {attitude.loop_mode(self._history)}"),
            ("rate", f"{self._rate()}, gyro {_show(gyro, '', scale=180 / math.pi)}"),
            ("field", f"{_show(field, 'uT', scale=1e6)}  {_show(dipole, 'A m2', digits=3)}"),
            ("known", "-" if known == "-" else f"to {known}"),
            ("error", self._error()),
            ("wheels", " ".join(f"{x:.0f}" for x in speeds) if any(speeds) else "-"),
            ("battery", f"{_show(value('power_hk', 'battery_voltage'), 'V')}  {current}"),
            ("payload", _show(value("payload_sample", "temperature"), "degC")),
            ("in view", ", ".join(self._stations()) or "no station"),
            ("frames", f"{counters.frames}, {self._decoder.bad_frames} bad, {counters.gaps} gaps"),
            ("packets", f"{self._decoder.packets}, clock {self._clock()}"),
        ):
            table.add_row(name, text)
        return table

    def _clock(self) -> str:
        """Quality of the onboard clock, and how fast it runs away from the ground's."""
        report = self._history.latest.get("time_report")
        if report is None:
            return "-"
        drift = report.values["drift_ppm"]
        name = QUALITIES.get(report.values["quality"], "-")
        return name if drift is None else f"{name}, {drift:+.1f} ppm"

    def _error(self) -> str:
        """Error against the target, and which."""
        error = attitude.error_deg(self._history)
        target = self._history.value("attitude_estimate", "target")
        name = TARGETS.get(target, "-") if target is not None else "-"
        return "-" if error is None else f"{_show(error, 'deg')} ({name})"

    def _load(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        for _ in range(4):
            table.add_column(justify="right", no_wrap=True)
        table.add_row("app", "us", "max us", "late", "err", style="dim")
        latest = self._history.latest
        # Two packets of one step, which may come in two frames.
        columns = (
            (latest.get("schedule_times"), "app_run_time_us"),
            (latest.get("schedule_times"), "app_run_high_us"),
            (latest.get("schedule"), "app_overruns"),
            (latest.get("schedule"), "app_errors"),
        )
        names = self._dictionary.schedule_rows
        for row in self._rows_shown([report for report, _ in columns], len(names)):
            table.add_row(
                names[row],
                *(
                    "-" if report is None else str(report.raw[field][row])
                    for report, field in columns
                ),
            )
        cpu = self._history.value("core_hk", "cpu_permille")
        if cpu is not None:
            cpu = cpu[0]
        table.add_row("cpu", _show(cpu, "%", digits=1, scale=0.1))
        return table

    def _rows_shown(self, reports: List[Any], count: int) -> List[int]:
        """Apps for which there is room, in their order: those that fail or run longest."""
        room = max(LOAD_ROWS_LEAST, self._console.height - ROWS_BESIDE_LOAD)
        if count <= room:
            return list(range(count))
        times, state = reports[1], reports[2]

        def weight(row: int) -> Tuple[int, int]:
            failed = 0 if state is None else state.raw["app_overruns"][row]
            failed += 0 if state is None else state.raw["app_errors"][row]
            return failed, 0 if times is None else times.raw["app_run_high_us"][row]

        return sorted(sorted(range(count), key=weight, reverse=True)[:room])

    def _events(self) -> Text:
        """The newest events, one line each, as many as the terminal has room for."""
        room = max(3, self._console.height - ROWS_BESIDE_EVENTS)
        text = Text(no_wrap=True, overflow="ellipsis")
        for report in list(self._history.recent)[-room:]:
            line = f"{clock(report.received_s):>8}  {report.severity:<6}  {report.text}\n"
            text.append(line, style=STYLES.get(report.severity, ""))
        text.rstrip()
        return text
