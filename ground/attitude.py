"""What telemetry says of the attitude loop, in words and in degrees."""

import math
from typing import Dict, List, Optional, Sequence, Tuple

from ground.history import History
from ground.names import LOOP_MODES

# Short, for narrow places.
SENSORS = ("mag 1", "mag 2", "gyro", "fine Sun", "coarse Sun", "tracker", "GNSS")
FAULTS = {
    1: "silent",
    2: "range",
    3: "stuck",
    4: "model",
    5: "other sensor",
    6: "inhibited",
    7: "noise",
    8: "jump",
}
SILENT = 1
# Row of attitude_devices that says whether the sensor is there.
DEVICES = (0, 1, 2, 3, 4, 6, 7)
ABSENT = 0
ATTITUDE_VALID = 1
RODS_ONLY = 128

DEGREES = 180 / math.pi


def loop_mode(history: History) -> str:
    """Mode of the control loop, as last reported."""
    mode = history.value("adcs_report", "mode")
    return "-" if mode is None else LOOP_MODES.get(mode, str(mode))


def norm_deg(vector_rad: Sequence[float]) -> float:
    """Length of a small rotation vector, or of 1 sigma per axis, in degrees."""
    return math.sqrt(sum(x * x for x in vector_rad)) * DEGREES


def knowledge_deg(history: History) -> Optional[float]:
    """1 sigma of the attitude, all axes together; None while it is unknown."""
    flags = history.value("attitude_estimate", "flags")
    if flags is None or not flags & ATTITUDE_VALID:
        return None
    sigma = history.value("attitude_estimate", "sigma_B_rad")
    return None if sigma is None else norm_deg(sigma)


def error_deg(history: History) -> Optional[float]:
    """Angle to the target as the loop sees it; None unless it points."""
    if history.value("adcs_report", "mode") != 3:
        return None
    error = history.value("attitude_control", "error_B_rad")
    return None if error is None else norm_deg(error)


def is_there(sensor: int, states: Optional[Sequence[int]]) -> bool:
    """Whether the devices say that the spacecraft carries this sensor."""
    return states is not None and states[DEVICES[sensor]] != ABSENT


def excluded(history: History) -> List[str]:
    """Sensors that are there and not used, each with why."""
    faults = history.value("attitude_estimate", "fault") or ()
    states = history.value("attitude_devices", "state")
    return [
        f"{SENSORS[sensor]} ({FAULTS.get(fault, fault)})"
        for sensor, fault in enumerate(faults)
        if fault > SILENT or fault == SILENT and is_there(sensor, states)
    ]


Span = Tuple[float, float, int]


def fault_spans(history: History) -> Dict[int, List[Span]]:
    """By sensor: when it was not used, and the fault [(from_s, to_s, fault)]. A sensor that the
    spacecraft does not carry is left out."""
    times_s, rows = history.column("attitude_estimate", "fault")
    states = history.value("attitude_devices", "state")
    spans: Dict[int, List[Span]] = {}
    for sensor in range(len(SENSORS)):
        if not is_there(sensor, states):
            continue
        found = spans.setdefault(sensor, [])
        before_s = 0.0
        for t_s, row in zip(times_s, rows, strict=True):
            fault = row[sensor]
            if fault:
                if found and found[-1][1] == before_s and found[-1][2] == fault:
                    found[-1] = (found[-1][0], t_s, fault)
                else:
                    found.append((before_s if before_s else t_s, t_s, fault))
            before_s = t_s
    return spans
