"""Judges a flight with a fault: detected, isolated, recovered, in what state, and what was lost.

The ground does nothing in these flights but ask, at the end, whether somebody is there and which
parameters he has. Truth is the simulator's; what only the spacecraft can say comes by telemetry.
"""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from cli.campaigns.faults_evidence import Evidence
from cli.campaigns.faults_phases import DETUMBLE, NOMINAL, SAFE, Phase
from flight.core.definitions import SURVIVAL_REASONS
from flight.core.params import SOURCE_DEFAULTS, SOURCE_SET

# The last piece of a flight, in which everything must be well: two reports of the computer's state.
WINDOW_S = 30.0
ASK_PARAMETERS_S, ASK_PING_S = 12.0, 10.0  # before the end
TICKS_PER_S = 10.0
TICKS_SHARE = 0.95
RATE_ROOM_DEG_S = 0.5
# Slower than this, for half a minute, is at rest (MF_PARAM_RATE_LOW_RAD_S): it takes two halves to
# be seen and declared.
REST_DEG_S, REST_S = 0.5, 60.0
PARAMETER, PARAMETER_VALUE = "attitude_rod_dipole", 0.2
BOOT_EVENT, SET_EVENT = 0x0001, 0x000F
# Events that say what was done about a fault: an app failed, was given up or blamed; a mode
# changed; a device failed; the loop stepped down; a sensor was excluded; wheels changed.
ISOLATING = frozenset(
    (0x0005, 0x0007, 0x0008, 0x0201, 0x0203, 0x0205, 0x0207, 0x020C, 0x0211, 0x0217)
)
LOW = 2  # severity from which an event tells of something

# Modes by what the mission gets: launch and survival give nothing, payload and pass are nominal.
_RANKS = {0: 0, 6: 0, 1: SAFE, 2: DETUMBLE, 3: NOMINAL, 4: NOMINAL, 5: NOMINAL}

# What is left of the mission when a device is lost for good, less than its phase: by the way of the
# modes in docs/architecture.md. Everything else can be done without.
FLOORS: Dict[str, int] = {
    "eps": SAFE,
    "lsm6dso": DETUMBLE,
    "drv8830_x": SAFE,
    "drv8830_y": SAFE,
    "drv8830_z": SAFE,
    "adcs_bus": SAFE,
    "ak09916": DETUMBLE,
    "mmc5983ma": DETUMBLE,
}


@dataclass
class Verdict:
    """What became of it. Times in seconds after the strike; None: never, or not needed.

    `defined`: it ended in a state with a name and a reason, heard of on the ground. `recovered`: in
    the mode it should be in, its loop running, turning no faster, obeying, by itself.
    """

    effect: bool = False
    detected_s: Optional[float] = None
    detected_by: str = ""
    isolated_by: List[str] = field(default_factory=list)
    recovered: bool = False
    recovered_s: Optional[float] = None
    defined: bool = False
    intact: bool = False
    state: str = "silent"
    wanting: List[str] = field(default_factory=list)

    def row(self) -> Dict[str, Any]:
        """As in the JSON."""
        return dict(vars(self))


def judge(
    found: Evidence,
    reference: Evidence,
    phase: Phase,
    device: str,
    lasting: bool,
    names: Tuple[Dict[int, str], Dict[int, str]],
) -> Verdict:
    """Judge `found` by `reference`, the same flight without a fault. `names`: of modes, reasons."""
    verdict = Verdict()
    _detect(verdict, found, reference, names[0])
    vitals = _last_vitals(found)
    mode, reason = vitals if vitals is not None else (0, -1)
    floor = min(phase.mode, FLOORS.get(device, NOMINAL)) if lasting else phase.mode
    if vitals is not None and mode in names[0] and reason in names[1]:
        verdict.defined = True
        verdict.state = f"{names[0][mode]}, {names[1][reason]}"
    elif _beacon_reason(found) in dict(SURVIVAL_REASONS):
        verdict.defined = True
        verdict.state = f"survival: {_said(found.beacons[-1][2])}"
    verdict.intact = _intact(found)
    verdict.wanting = _wanting(found, phase, vitals, mode, floor)
    verdict.recovered = not verdict.wanting
    if verdict.recovered:
        verdict.recovered_s = _recovered_s(found, floor)
    return verdict


def _said(raw: Dict[str, Any]) -> str:
    """The reason that a beacon gives."""
    reason = int(raw.get("survival_reason", -1))
    return dict(SURVIVAL_REASONS).get(reason, f"unknown reason {reason}")


def _beacon_reason(found: Evidence) -> int:
    """The reason that the last beacon gave, when it came within the window; -1 without one."""
    if not found.beacons or found.beacons[-1][0] < found.end_s - WINDOW_S:
        return -1
    return int(found.beacons[-1][2].get("survival_reason", -1))


def _last_vitals(found: Evidence) -> Optional[Tuple[int, int]]:
    """Mode and reason as last reported, when that was within the window."""
    times = found.vitals.get("received_s", [])
    if not times or times[-1] < found.end_s - WINDOW_S:
        return None
    return int(found.vitals["spacecraft_mode"][-1]), int(found.vitals["mode_reason"][-1])


def _detect(verdict: Verdict, found: Evidence, reference: Evidence, modes: Dict[int, str]) -> None:
    """The first thing that the flight without a fault does not say, and what was done about it."""
    expected: Dict[int, int] = {}
    for _, number, _, _ in reference.after():
        expected[number] = expected.get(number, 0) + 1
    told: List[Tuple[float, str]] = []
    for t_s, number, severity, text in found.after():
        if expected.get(number, 0) > 0:
            expected[number] -= 1
            continue
        verdict.effect = True
        if severity >= LOW or number == BOOT_EVENT:
            told.append((t_s, text))
        if number in ISOLATING and text not in verdict.isolated_by:
            verdict.isolated_by.append(text)
    for t_s, name, raw in found.beacons:
        if t_s > found.strike_s:
            told.append((t_s, f"{name}: {_said(raw)}"))
            verdict.isolated_by.append("survival mode")
            break
    boots = [(t_s, cause) for t_s, cause in found.boots if t_s > found.strike_s]
    if boots:
        verdict.isolated_by += [f"{len(boots)} resets, the last for cause {boots[-1][1]}"]
    verdict.effect = verdict.effect or bool(told or boots) or _strayed(found, reference)
    if told:
        t_s, verdict.detected_by = min(told)
        verdict.detected_s = round(t_s - found.strike_s, 3)


def _strayed(found: Evidence, reference: Evidence) -> bool:
    """The spacecraft did not fly as it would have, by truth."""
    start = int(found.strike_s)
    pairs = zip(found.rates_deg_s[start:], reference.rates_deg_s[start:], strict=False)
    return any(abs(rate - other) > 0.1 for rate, other in pairs)


def _wanting(
    found: Evidence, phase: Phase, vitals: Optional[Tuple[int, int]], mode: int, floor: int
) -> List[str]:
    """What is missing to a spacecraft that is well."""
    wanting = []
    start_s = found.end_s - WINDOW_S
    if vitals is None:
        wanting.append("no telemetry of the computer's state")
    elif _RANKS.get(mode, 0) < floor and not _on_its_way(found, mode):
        wanting.append(f"mode {mode} at the end, {floor} wanted")
    elif phase.mode == SAFE and mode != SAFE:
        wanting.append(f"commanded safe mode was left for {mode}")
    ticks = found.kicks_between(start_s, found.end_s)
    wanted = TICKS_SHARE * TICKS_PER_S * (WINDOW_S - 2.0)
    if ticks < wanted:
        wanting.append(f"{ticks} control ticks at the end, {wanted:.0f} wanted")
    rate = max(found.rates_deg_s[int(start_s) :], default=0.0)
    limit = max(phase.rate_max_deg_s, found.rates_deg_s[int(found.strike_s)] + RATE_ROOM_DEG_S)
    if rate > limit:
        wanting.append(f"turns at {rate:.2f} deg/s, at most {limit:.2f} wanted")
    if not any(t_s >= found.end_s - ASK_PING_S for t_s in found.pongs_s):
        wanting.append("does not answer")
    return wanting


def _on_its_way(found: Evidence, mode: int) -> bool:
    """It detumbles because it truly turns: how long that takes is a matter of rods and field, and
    nominal mode follows by itself. A spacecraft at rest that stays there is not on its way."""
    return mode == DETUMBLE and max(found.rates_deg_s[-int(REST_S) :]) > REST_DEG_S


def _intact(found: Evidence) -> bool:
    """The parameter that was set is still set; where the command never came through, none was.
    Where nobody answers, or says that he flies on defaults, FRAM must still hold it."""
    if not any(number == SET_EVENT for _, number, _, _ in found.events):
        return True
    value = found.parameters.get(PARAMETER)
    if value is None or found.vitals.get("params_source", [SOURCE_SET])[-1] == SOURCE_DEFAULTS:
        value = found.stored.get(PARAMETER)
    return value is not None and abs(float(value) - PARAMETER_VALUE) < 1e-6


def _recovered_s(found: Evidence, floor: int) -> float:
    """When the last report of less than the mode wanted was over, or the last reset and the way of
    the modes that follows it."""
    resets_s = [t_s for t_s, _ in found.boots if t_s > found.strike_s]
    last_s = begin_s = max(resets_s, default=found.strike_s)
    low = bool(resets_s)
    for t_s, mode in found.modes:
        if t_s > begin_s:
            if low:
                last_s = max(last_s, t_s)
            low = _RANKS.get(mode, 0) < floor
    return round(last_s - found.strike_s, 3)


def share(rows: Sequence[Dict[str, Any]], key: str) -> Optional[float]:
    """Percentage of `rows` whose verdict has `key`; None of none."""
    if not rows:
        return None
    return round(100.0 * sum(bool(row["judged"][key]) for row in rows) / len(rows), 3)
