"""Flies one case or one flip of a fault campaign, and judges it; called on a worker."""

import dataclasses
import functools
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from cli import flights, worlds
from cli.campaigns import faults_flips, faults_software
from cli.campaigns.faults_catalogue import BOUND_S, LOSSES, Case, find
from cli.campaigns.faults_evidence import Evidence, fly
from cli.campaigns.faults_flips import BOOT_FLIP, BOOT_RESET_S, FLIP, Flip
from cli.campaigns.faults_judge import ASK_PARAMETERS_S, ASK_PING_S, Verdict, judge
from cli.campaigns.faults_phases import (
    BY_NAME,
    ROW_PARAMETERS,
    ROW_PING,
    SCENARIO,
    Phase,
)
from cli.campaigns.faults_qemu import Computer, place_of
from cli.campaigns.faults_storage import FULL, full_memory
from cli.errors import CliError
from flight.core.definitions import MODE_REASONS
from sim.bridges.injection import GAP_US, Poke
from sim.faults import PYTHON

ATTEMPTS = 4
FRAM = "mb85rc1mt"


@dataclass(frozen=True)
class FaultRun:
    """A case or a flip by its name, in the campaign with `seed`."""

    index: int
    id: str
    seed: int
    duration_s: float

    @property
    def is_flip(self) -> bool:
        """A bit flip, in the boot block or elsewhere."""
        return self.id.partition("/")[0] in (FLIP, BOOT_FLIP)

    @property
    def in_boot_block(self) -> bool:
        """A bit flip in the boot block."""
        return self.id.startswith(BOOT_FLIP)

    def command(self) -> str:
        """The one command line that flies this run again, exactly."""
        words = ("microflight", "campaign", "faults", "--case", self.id, "--seed", str(self.seed))
        return " ".join(shlex.quote(word) for word in words)

    def row(self, verdict: str, **more: Any) -> Dict[str, Any]:
        """The run in the campaign's JSON. `verdict`: pass, fail, or broken: it gave no result."""
        return {
            "index": self.index,
            "id": self.id,
            "seed": self.seed,
            "verdict": verdict,
            "command": self.command(),
            **more,
        }

    def broken(self, reason: str) -> Dict[str, Any]:
        """The row of a run without a result; `reason` on one line."""
        return self.row("broken", reason=" ".join(reason.split()) or "no reason given")


def fly_run(run: FaultRun) -> Dict[str, Any]:
    """Fly `run` and judge it. Raises what the flight raises."""
    return _fly_flip(run) if run.is_flip else _fly_case(run)


def _questions(duration_s: float) -> Tuple[str, ...]:
    """What the ground asks at the end."""
    return (
        f"duration_s={duration_s}",
        f"timeline.{ROW_PARAMETERS}.t_s={duration_s - ASK_PARAMETERS_S}",
        f"timeline.{ROW_PING}.t_s={duration_s - ASK_PING_S}",
    )


def _prepare(world: str, seed: int, *overrides: str) -> flights.Flight:
    return flights.prepare(SCENARIO, world, seed, overrides)


@functools.lru_cache(maxsize=32)
def reference(phase_name: str, seed: int, duration_s: float) -> Evidence:
    """The flight of a phase without a fault, on the desktop."""
    flight = _prepare("desktop", seed, *BY_NAME[phase_name].overrides, *_questions(duration_s))
    return fly(flight, None, 0.0)


@functools.lru_cache(maxsize=32)
def exchanges_us(phase_name: str, seed: int, duration_s: float) -> Tuple[int, ...]:
    """Onboard time of every exchange of a phase without a fault, in QEMU."""
    computer = Computer(record=True)
    flight = _prepare("qemu", seed, *BY_NAME[phase_name].overrides, f"duration_s={duration_s}")
    fly(flight, computer.fly, 0.0)
    if computer.lock_ups:
        raise CliError(f"the flight without a fault locked up in phase {phase_name}")
    return tuple(computer.times_us)


def _names(flight: flights.Flight) -> Tuple[Dict[int, str], Dict[int, str]]:
    return dict(flight.dictionary.mode_names), dict(MODE_REASONS)


def _fly_case(run: FaultRun) -> Dict[str, Any]:
    case = find(run.seed, run.id)
    phase = case.setting
    with tempfile.TemporaryDirectory(prefix="microflight-") as folder:
        flight, found, computer = _strike_case(case, phase, run.seed, Path(folder))
    strike_s = computer.at_s if computer is not None and computer.injected else case.strike_s
    before = reference(case.phase, run.seed, case.strike_s + BOUND_S + 30.0)
    verdict = judge(
        dataclasses.replace(found, strike_s=strike_s),
        dataclasses.replace(before, strike_s=strike_s),
        phase,
        case.device,
        case.lasting,
        _names(flight),
    )
    facts: Dict[str, Any] = {
        "group": case.group,
        "device": case.device,
        "kind": case.kind,
        "phase": case.phase,
        "length": "lasting" if case.lasting else "passing",
        "world": case.world,
        "keeps": keeps(case),
    }
    return _row(run, flight, found, verdict, computer, facts)


def keeps(case: Case) -> bool:
    """What was stored must be there afterwards: not where its memory is lost for good."""
    lost = case.lasting and case.device == FRAM
    return not lost and f"{case.device}/{case.kind}" not in LOSSES


def _strike_case(
    case: Case, phase: Phase, seed: int, folder: Path
) -> Tuple[flights.Flight, Evidence, Optional[Computer]]:
    settings = (*phase.overrides, *case.overrides, *_questions(case.duration_s))
    if case.world == "desktop":
        flight = _prepare("desktop", seed, *settings)
        if case.kind == FULL:
            flight.world.spacecraft.flash.memory.restore(full_memory())
        return flight, fly(flight, None, case.strike_s), None
    app, kind = case.software
    if app == PYTHON:  # the simulator's own fault
        computer = Computer()
        flight = _prepare("qemu", seed, *settings)
        return flight, fly(flight, computer.fly, case.strike_s), computer
    if app != "vm":
        computer = Computer(script=faults_software.script(app, kind, case.strike_s, folder))
        flight = _prepare("qemu", seed, *settings)
        return flight, fly(flight, computer.fly, case.strike_s), computer
    times_us = exchanges_us(case.phase, seed, case.strike_s + 5.0)
    exchange, _ = faults_flips.exchange_at(
        times_us, GAP_US, case.strike_s, case.strike_s + 4.0, 0.5
    )
    return _inject(seed, settings, exchange, faults_software.pokes(kind, worlds.ELF))


def _inject(
    seed: int, settings: Tuple[str, ...], exchange: int, pokes: List[Poke]
) -> Tuple[flights.Flight, Evidence, Computer]:
    """Fly with `pokes` at `exchange`; again, from the start, should the debug port be late."""
    failures = []
    for _ in range(ATTEMPTS):
        computer = Computer(exchange=exchange, pokes=pokes)
        flight = _prepare("qemu", seed, *settings)
        found = fly(flight, computer.fly, 0.0)
        if computer.injected:
            return flight, found, computer
        failures.append(computer.failure or "never came to it")
    raise CliError(f"nothing was injected in {ATTEMPTS} flights: {'; '.join(failures)}")


def _fly_flip(run: FaultRun) -> Dict[str, Any]:
    phase = BY_NAME[faults_flips.PHASE]
    number = int(run.id.partition("/")[2])
    flip = faults_flips.draw_flip(run.seed, number, run.in_boot_block, worlds.ELF)
    times_us = exchanges_us(phase.name, run.seed, faults_flips.LAST_S + 5.0)
    exchange, at_s = faults_flips.exchange_at(
        times_us, GAP_US, faults_flips.FIRST_S, faults_flips.LAST_S, flip.instant
    )
    duration_s = round(at_s + faults_flips.BOUND_S, 1)
    settings = (*phase.overrides, *_questions(duration_s), *_boot_reset(run, at_s))
    poke = Poke(flip.address, flip=1 << flip.bit)
    flight, found, computer = _inject(run.seed, settings, exchange, [poke])
    before = reference(phase.name, run.seed, faults_flips.LAST_S + faults_flips.BOUND_S + 5.0)
    verdict = judge(
        dataclasses.replace(found, strike_s=computer.at_s),
        dataclasses.replace(before, strike_s=computer.at_s),
        phase,
        "",
        False,
        _names(flight),
    )
    return _row(run, flight, found, verdict, computer, _flip_facts(run, flip, exchange))


def _boot_reset(run: FaultRun, at_s: float) -> Tuple[str, ...]:
    """A flip in the boot block shows at a start: there is one, by the reset line."""
    if not run.in_boot_block:
        return ()
    return ("fault.computer.kind=reset", f"fault.computer.t_s={at_s + BOOT_RESET_S:.6f}")


def _flip_facts(run: FaultRun, flip: Flip, exchange: int) -> Dict[str, Any]:
    return {
        "group": BOOT_FLIP if run.in_boot_block else FLIP,
        "device": flip.region,
        "kind": f"bit {flip.bit} of {flip.address:#010x}",
        "phase": place_of(worlds.ELF, flip.address),
        "length": f"exchange {exchange}",
        "world": "qemu",
        "keeps": True,
    }


def _row(
    run: FaultRun,
    flight: flights.Flight,
    found: Evidence,
    verdict: Verdict,
    computer: Optional[Computer],
    facts: Dict[str, Any],
) -> Dict[str, Any]:
    good = verdict.defined and verdict.recovered and (verdict.intact or not facts["keeps"])
    return run.row(
        "pass" if good else "fail",
        **facts,
        judged=verdict.row(),
        resets=len(found.boots) - 1,
        watchdog_resets=int(found.counters["watchdog_resets"]),
        lock_ups=0 if computer is None else computer.lock_ups,
        virtual_s=round(flight.virtual_s, 6),
        wall_s=round(flight.wall_s, 3),
    )
