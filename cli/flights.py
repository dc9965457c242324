"""One flight: scenario and seed into a world, telemetry through the ground, a result out.

`fly`, `diff` and `bench` all fly through here, so that all three mean the same by a flight.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from cli import ending, worlds
from cli.errors import CliError
from cli.transfers import Transfers
from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import GroundError
from ground.frontend import FrontEnd
from ground.history import History

TIMELINE_STEP_S = 10

ATTITUDE_VALID = 1  # flag of the packet attitude_estimate

FrameListener = Callable[[float, bytes], None]


@dataclass
class Flight:
    """One flight, before and after: the simulated world with its truth, and the ground's view."""

    scenario: Any
    world_name: str
    seed: int
    world: Any
    dictionary: Dictionary
    decoder: Decoder
    history: History
    encoder: Encoder
    elf: Path = worlds.ELF
    listeners: List[FrameListener] = field(default_factory=list)
    # Flies the world otherwise than `worlds.fly`, such as with somebody at the debug port.
    vehicle: Optional[Callable[[Any], worlds.Outcome]] = None
    virtual_s: float = 0.0
    wall_s: float = 0.0
    outcome: worlds.Outcome = field(default_factory=worlds.Outcome)
    checks: List[Dict[str, Any]] = field(default_factory=list)
    transfers: Optional[Transfers] = None

    def __post_init__(self) -> None:
        self.front_end = FrontEnd(self._receive)

    @property
    def passed(self) -> bool:
        """True when every check passed."""
        return all(check["pass"] for check in self.checks)

    def fly(self) -> None:
        """Fly to the end and judge. Raises `CliError` when the world breaks down."""
        from sim.errors import SimError

        self.world.on_frame.append(self.front_end)
        self.world.on_step.append(ending.look)
        started_s = time.perf_counter()
        try:
            if self.vehicle is not None:
                self.outcome = self.vehicle(self.world)
            else:
                self.outcome = worlds.fly(self.world_name, self.world, self.elf)
        except SimError as error:
            raise CliError(str(error)) from error
        self.wall_s = time.perf_counter() - started_s
        self.virtual_s = float(self.world.t_s)
        self._judge()

    def _receive(self, t_s: float, frame: bytes) -> None:
        for report in self.decoder.frame(t_s, frame):
            self.history.add(report)
        for listener in self.listeners:
            listener(t_s, frame)

    def _judge(self) -> None:
        from sim import checks

        self.checks = checks.evaluate(self.scenario, self.world, self.telemetry())
        if self.decoder.mismatch or not self.decoder.confirmed:
            self.checks.append(_check("dictionary confirmed", 0, 1, "", False))

    def summary(self) -> Dict[str, int]:
        """What came down, blocks that the station could not correct among the bad frames."""
        found = self.decoder.summary()
        found["bad_frames"] += self.front_end.uncorrectable
        return found

    def telemetry(self) -> Dict[str, Any]:
        """What the checks may know of the telemetry: counters, modes, events, estimates."""
        names = self.dictionary.mode_names
        return {
            **self.summary(),
            "modes": [(t_s, names.get(mode, str(mode))) for t_s, mode in self.history.modes],
            "events": [
                (event.received_s, event.id, event.text)
                for event in self.history.events
                if event.kind == "event"
            ],
            "estimates": self._estimates(),
            **self._survival(),
            "windows": self._windows(),
            "accounts": self.accounts(),
            "transfers": [] if self.transfers is None else self.transfers.results(),
        }

    def accounts(self) -> Dict[str, Dict[str, Any]]:
        """By owner: his account as told last."""
        names = [f"account_{partner.name}" for partner in self.dictionary.partners]
        latest = self.history.latest
        return {name.split("_")[1]: latest[name].raw for name in names if name in latest}

    def _windows(self) -> List[Any]:
        """Windows of the ground stations as found on board, by when they were received."""
        columns = self.history.columns.get("contact_windows", {})
        names = ("received_s", "rise_s", "set_s", "highest_elevation", "window_state")
        return list(zip(*(columns.get(name, ()) for name in names), strict=True))

    def _survival(self) -> Dict[str, Any]:
        """Beacons of survival and housekeeping of Python, by when they were received."""
        beacons = self.history.columns.get("survival_beacon", {})
        names = ("received_s", "survival_age_ms", "beacon_control")
        rows = zip(*(beacons.get(name, ()) for name in names), strict=True)
        return {
            "beacons": [(t_s, age_ms / 1000, control) for t_s, age_ms, control in rows],
            "housekeeping": list(self.history.columns.get("core_hk", {}).get("received_s", ())),
        }

    def _estimates(self) -> Dict[str, Any]:
        """Valid attitude estimates with the world time [s] of the control tick each is of."""
        columns = self.history.columns.get("attitude_estimate", {})
        rows = zip(
            columns.get("received_s", ()),
            columns.get("tick", ()),
            columns.get("flags", ()),
            columns.get("q_BN", ()),
            strict=True,
        )
        boots_s = [boot_s for boot_s, _ in self.world.boots]
        found: Dict[str, Any] = {"t_s": [], "q_BN": []}
        for received_s, tick, flags, q_BN in rows:
            if flags & ATTITUDE_VALID:
                found["t_s"].append(tick_time_s(tick, received_s, boots_s, self.world.step_ns))
                found["q_BN"].append(q_BN)
        return found

    def knowledge(self) -> "tuple[List[float], List[float]]":
        """Times [s] of the attitude estimates, and their angles from the truth [deg]."""
        import numpy as np

        from sim.checks_attitude import attitude_error_deg

        estimates = self._estimates()
        last_s = float(self.world.truth["t_s"][-1])
        t_s = np.array([t for t in estimates["t_s"] if t <= last_s])
        q_BN = np.array(estimates["q_BN"][: len(t_s)]).reshape(-1, 4)
        return t_s.tolist(), attitude_error_deg(self.world, t_s, q_BN).tolist()

    def result(self) -> Dict[str, Any]:
        """What `fly --json` writes."""
        result: Dict[str, Any] = {
            "scenario": self.scenario.name,
            "world": self.world_name,
            "seed": self.seed,
            "virtual_s": round(self.virtual_s, 6),
            "wall_s": round(self.wall_s, 3),
            "real_time_factor": round(self.virtual_s / max(self.wall_s, 1e-9), 1),
            "verdict": "pass" if self.passed else "fail",
            "checks": self.checks,
        }
        if self.outcome.firmware is not None:
            result["firmware"] = self.outcome.firmware
        result["telemetry"] = self.summary()
        if self.scenario.partners:
            result["accounts"] = self.accounts()
        if self.transfers is not None:
            result["transfers"] = self.transfers.results()
        result["timeline"] = self._timeline()
        return result

    def _timeline(self) -> List[Dict[str, Any]]:
        truth = self.world.truth
        t_s = truth["t_s"]
        rows = []
        next_s = 0.0
        for index in range(len(t_s)):
            if t_s[index] + 1e-6 < next_s:
                continue
            next_s = (t_s[index] // TIMELINE_STEP_S + 1) * TIMELINE_STEP_S
            mode = self.history.mode_at(float(t_s[index]))
            rows.append(
                {
                    "t_s": round(float(t_s[index]), 3),
                    "mode": self.dictionary.mode_names.get(mode, "unknown"),
                    "rate_deg_s": round(float(truth["rate_deg_s"][index]), 6),
                    "battery_V": round(float(truth["battery_V"][index]), 4),
                    "field_T": float(f"{truth['field_T'][index]:.6g}"),
                }
            )
        return rows


def _check(name: str, value: Any, limit: Any, unit: str, passed: bool) -> Dict[str, Any]:
    return {"name": name, "value": value, "limit": limit, "unit": unit, "pass": passed}


def tick_time_s(tick: int, received_s: float, boots_s: Sequence[float], step_ns: int) -> float:
    """World time of a control tick that was heard of at `received_s`.

    Ticks count from the start of the processor, one per step of the world: the tick is of the last
    start that leaves it before its reception (what a reset left in the radio comes later still).
    """
    at_s = tick * step_ns * 1e-9
    times_s = [boot_s + at_s for boot_s in boots_s if boot_s + at_s <= received_s]
    return times_s[-1] if times_s else at_s


def prepare(
    scenario_name: str,
    world_name: str,
    seed: Optional[int] = None,
    overrides: Sequence[str] = (),
    elf: Path = worlds.ELF,
    timeline: bool = True,
) -> Flight:
    """A flight ready to fly. Raises `CliError` for anything that is wrong beforehand.

    `timeline` False leaves the scenario's telecommands unsent.
    """
    if seed is not None:
        overrides = [*overrides, f"seed={seed}"]
    scenario = load_scenario(scenario_name, overrides)
    worlds.check(world_name, elf)
    from sim.errors import SimError
    from sim.world import World

    try:
        world = World(scenario)
    except SimError as error:
        raise CliError(str(error)) from error
    dictionary = Dictionary()
    flight = Flight(
        scenario,
        world_name,
        scenario.seed,
        world,
        dictionary,
        Decoder(dictionary),
        History(),
        Encoder(dictionary),
        elf,
    )
    if timeline:
        for command in scenario.commands:
            try:
                burst = flight.encoder.frame(command.name, command.args, command.owner)
            except GroundError as error:
                raise CliError(
                    f"{scenario.path.name}: timeline at {command.t_s:g} s: {error}"
                ) from error
            world.uplink(command.t_s, burst)
        if scenario.transfers:
            flight.transfers = Transfers(flight, scenario.seed)
    return flight


def load_scenario(name: str, overrides: Sequence[str] = ()) -> Any:
    """The scenario `name` with `key=value` overrides. Raises `CliError` with the reason."""
    try:
        from sim.scenario import ScenarioError, load
    except ModuleNotFoundError as error:
        raise CliError(f"the simulator needs the package {error.name}: make setup") from error
    try:
        return load(name, overrides)
    except ScenarioError as error:
        raise CliError(str(error)) from error
