"""The plots of attitude in the flight report: knowledge and error, loop, wheels, sensors."""

from typing import Any, List, Mapping, Optional, Sequence

from bokeh.models import FixedTicker, Range1d

from ground import attitude
from ground.history import History
from ground.names import LOOP_MODES
from ground.plots import COLOURS, line, new_plot

Truth = Mapping[str, Sequence[float]]
FLAT = 180


def plots(history: History, truth: Truth) -> List[Any]:
    """What there is to show of a flight; nothing when the attitude was never known."""
    return [
        plot
        for plot in (
            _angles(history, truth),
            _loop(history),
            _wheels(history),
            _sensors(history),
        )
        if plot is not None
    ]


def _angles(history: History, truth: Truth) -> Optional[Any]:
    """1 sigma that the filter states, its true error, and the error against the target."""
    plot = new_plot("Attitude: knowledge and pointing", "deg", log=True)
    t_s, sigmas = history.column("attitude_estimate", "sigma_B_rad")
    _, flags = history.column("attitude_estimate", "flags")
    known = [
        (t, attitude.norm_deg(sigma))
        for t, sigma, flag in zip(t_s, sigmas, flags, strict=True)
        if flag & attitude.ATTITUDE_VALID
    ]
    if not known:
        return None
    control_s, errors = history.column("attitude_control", "error_B_rad")
    pointing = [
        (t, attitude.norm_deg(error))
        for t, error in zip(control_s, errors, strict=True)
        if any(error)
    ]
    line(
        plot,
        truth.get("knowledge_t_s", ()),
        truth.get("knowledge_deg", ()),
        "error of the knowledge, truth",
        COLOURS[0],
        alpha=0.7,
    )
    line(plot, [t for t, _ in known], [v for _, v in known], "1 sigma, telemetry", COLOURS[1])
    line(
        plot,
        [t for t, _ in pointing],
        [v for _, v in pointing],
        "off target, telemetry",
        COLOURS[2],
    )
    return plot


def _loop(history: History) -> Optional[Any]:
    t_s, modes = history.column("adcs_report", "mode")
    if not modes or max(modes) <= 1:
        return None
    plot = new_plot("Mode of the control loop", "")
    plot.step([t / 60 for t in t_s], list(modes), mode="after", color=COLOURS[0], line_width=2)
    plot.yaxis.ticker = FixedTicker(ticks=sorted(LOOP_MODES))
    plot.yaxis.major_label_overrides = dict(LOOP_MODES)
    plot.height = FLAT
    return plot


def _wheels(history: History) -> Optional[Any]:
    t_s, speeds = history.column("attitude_control", "wheel_speed_rad_s")
    if not any(any(row) for row in speeds):
        return None
    plot = new_plot("Wheels", "rad/s")
    for wheel in range(len(speeds[0])):
        line(plot, t_s, [row[wheel] for row in speeds], f"wheel {wheel}", COLOURS[wheel])
    return plot


def _sensors(history: History) -> Optional[Any]:
    """When each sensor was not used: one row of bars per sensor, a colour per reason."""
    spans = attitude.fault_spans(history)
    if not any(spans.values()):
        return None
    plot = new_plot("Sensors not used, and why", "")
    names = {}
    for row, sensor in enumerate(reversed(list(spans))):
        names[row] = attitude.SENSORS[sensor]
        for begin_s, end_s, fault in spans[sensor]:
            plot.hbar(
                row,
                0.6,
                max(end_s, begin_s + 1.0) / 60,
                begin_s / 60,
                color=COLOURS[fault % len(COLOURS)],
                legend_label=attitude.FAULTS.get(fault, str(fault)),
            )
    plot.y_range = Range1d(-0.6, len(names) - 0.4)
    plot.yaxis.ticker = FixedTicker(ticks=list(names))
    plot.yaxis.major_label_overrides = names
    plot.height = 100 + 25 * len(names)
    return plot
