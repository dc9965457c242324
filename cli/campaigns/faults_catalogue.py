"""The catalogue of faults: the product of what can fail, how, when, and for how long.

Devices and their kinds of fault come from the simulator's own tables; buses, the computer, time,
memories and the software itself are added here. A case has a name, such as
`ak09916/dead/pointing/lasting`, by which it is flown again.
"""

import hashlib
from dataclasses import dataclass
from typing import Dict, List, Tuple

from cli.campaigns.faults_phases import BY_NAME, PHASES, ROW_WRONG_TIME, Phase
from cli.campaigns.faults_storage import FULL
from cli.errors import CliError
from sim.faults import BUSES, COMPUTER, COMPUTER_KINDS, PYTHON, PYTHON_KINDS, kinds_of
from sim.schema import DEVICES

PASSING, LASTING = "passing", "lasting"
FLASH = "w25q128"
PASSING_S = 30.0
# The bound within which it must have recovered after a fault that passes has passed, and after the
# beginning of one that stays.
BOUND_S = 150.0
# Instants of a reset, spread over the second before the end of a phase's strike.
INSTANTS = 4
# The spacecraft of the scenario has none.
ABSENT = ("star_tracker",)
# Nobody hears a spacecraft whose one radio is dead for good: its faults pass.
SINGLE = ("radio", "platform_bus")
# How large: a tenth of the range, twenty times the noise, five times the friction.
_SIZES: Dict[str, Tuple[str, ...]] = {
    "bias_step": ("fraction=0.1",),
    "noise_scale": ("factor=20.0",),
    "friction_scale": ("factor=5.0",),
    "bit_flip": ("bit=6",),
    "power_cut": ("fraction=0.5",),
}
# Memory: what is scrambled. FRAM: docs/architecture.md; flash: the file system's first blocks.
_SCRAMBLES: Dict[str, Tuple[Tuple[str, int, int], ...]] = {
    "mb85rc1mt": (
        ("copy-a", 0x1000, 0x800),
        ("copy-b", 0x1800, 0x800),
        ("boot-record", 0x0000, 0x80),
        ("records", 0x0000, 0x1000),
        ("all", 0x0000, 0x20000),
    ),
    "w25q128": (("superblock", 0, 4096), ("files", 0, 65536)),
}
# What memory has lost is not intact afterwards.
LOSSES = ("mb85rc1mt/scramble-records", "mb85rc1mt/scramble-all")
JUMPS: Tuple[Tuple[str, str], ...] = (
    ("day-forward", '"$time.seconds+86400"'),
    ("year-forward", '"$time.seconds+31536000"'),
    ("hour-back", '"$time.seconds-3600"'),
    ("zero", "0"),
)
APPS = ("power", "attitude", "payload", "housekeeping", "comms")
APP_KINDS = ("raise", "hang", "exhaust", "leak")
VM_KINDS = ("stack-wiped", "heap-wiped", "globals-wiped")


@dataclass(frozen=True)
class Case:
    """One case. `world` is desktop or qemu; `overrides` make the fault where the simulator makes
    it; `software` is (app or "vm", kind) where the emulator's script or debug port does."""

    id: str
    group: str
    device: str
    kind: str
    phase: str
    lasting: bool
    overrides: Tuple[str, ...] = ()
    software: Tuple[str, str] = ("", "")

    @property
    def setting(self) -> Phase:
        """The phase it strikes in."""
        return BY_NAME[self.phase]

    @property
    def strike_s(self) -> float:
        """World time at which the fault begins."""
        return self.setting.strike_s

    @property
    def end_s(self) -> float:
        """World time at which it is over; when it stays, at which it has begun."""
        return self.strike_s + (0.0 if self.lasting or self.group != "device" else PASSING_S)

    @property
    def duration_s(self) -> float:
        """Length of the flight."""
        return self.end_s + BOUND_S

    @property
    def world(self) -> str:
        """Where it is flown."""
        return "qemu" if self.software[0] else "desktop"


def _name(device: str, kind: str, phase: Phase, length: str) -> str:
    return f"{device}/{kind}/{phase.name}/{length}"


def _device(device: str, kind: str, phase: Phase, lasting: bool) -> Case:
    key = f"fault.{device}"
    overrides = [f"{key}.kind={kind}", f"{key}.t_s={phase.strike_s}"]
    overrides += [f"{key}.{size}" for size in _SIZES.get(kind, ())]
    if not lasting:
        overrides.append(f"{key}.until_s={phase.strike_s + PASSING_S}")
    length = LASTING if lasting else PASSING
    case_id = _name(device, kind, phase, length)
    return Case(case_id, "device", device, kind, phase.name, lasting, tuple(overrides))


def _devices() -> List[Case]:
    cases = []
    for device in (*DEVICES, *BUSES):
        if device in ABSENT:
            continue
        lengths = (False,) if device in SINGLE else (False, True)
        for kind in kinds_of(device):
            if kind == "scramble":
                continue
            cases += [
                _device(device, kind, phase, lasting) for phase in PHASES for lasting in lengths
            ]
    return cases


def _memories() -> List[Case]:
    cases = []
    for device, areas in _SCRAMBLES.items():
        for area, start, size in areas:
            for phase in PHASES:
                kind = f"scramble-{area}"
                key = f"fault.{device}"
                overrides = (
                    f"{key}.kind=scramble",
                    f"{key}.t_s={phase.strike_s}",
                    f"{key}.register={start}",
                    f"{key}.factor={size}.0",
                )
                case_id = _name(device, kind, phase, "once")
                cases.append(Case(case_id, "memory", device, kind, phase.name, False, overrides))
    return cases


def _full() -> List[Case]:
    """Flash memory in which nothing is free from the start on."""
    return [
        Case(_name(FLASH, FULL, phase, LASTING), FULL, FLASH, FULL, phase.name, True)
        for phase in PHASES
    ]


def _resets(seed: int) -> List[Case]:
    cases = []
    for kind in COMPUTER_KINDS:
        for phase in PHASES:
            for number in range(INSTANTS):
                text = f"{seed}/{kind}/{phase.name}/{number}"
                share = int.from_bytes(
                    hashlib.blake2b(text.encode(), digest_size=6).digest(), "big"
                )
                t_s = phase.strike_s + share / 2**48 * 2.0
                key = f"fault.{COMPUTER}"
                overrides = (f"{key}.kind={kind}", f"{key}.t_s={t_s:.6f}")
                case_id = _name(COMPUTER, kind, phase, str(number))
                cases.append(Case(case_id, "reset", COMPUTER, kind, phase.name, False, overrides))
    return cases


def _jumps() -> List[Case]:
    cases = []
    for kind, seconds in JUMPS:
        for phase in PHASES:
            # A telecommand: not before the spacecraft hears it.
            t_s = max(phase.strike_s, 10.0)
            overrides = (
                f"timeline.{ROW_WRONG_TIME}.t_s={t_s}",
                f"timeline.{ROW_WRONG_TIME}.args={{seconds={seconds}, fraction=0}}",
            )
            case_id = _name("time", kind, phase, "once")
            cases.append(Case(case_id, "time", "time", kind, phase.name, False, overrides))
    return cases


def _software() -> List[Case]:
    cases = []
    for phase in PHASES:
        if phase.name == "boot":
            continue  # there is no app yet
        for app in APPS:
            for kind in APP_KINDS:
                case_id = _name(f"app-{app}", kind, phase, "once")
                cases.append(Case(case_id, "app", app, kind, phase.name, False, (), (app, kind)))
        for kind in VM_KINDS:
            case_id = _name("vm", kind, phase, "once")
            cases.append(Case(case_id, "vm", "vm", kind, phase.name, False, (), ("vm", kind)))
        for kind in PYTHON_KINDS:
            case_id = _name(PYTHON, kind, phase, "once")
            overrides = (f"fault.{PYTHON}.kind={kind}", f"fault.{PYTHON}.t_s={phase.strike_s}")
            how = (PYTHON, kind)
            cases.append(Case(case_id, "vm", PYTHON, kind, phase.name, False, overrides, how))
    for phase in PHASES:
        case_id = _name("none", "none", phase, "once")
        cases.append(Case(case_id, "none", "none", "none", phase.name, False))
    return cases


def catalogue(seed: int) -> List[Case]:
    """Every case there is, each with a name of its own; `seed` draws the instants of resets."""
    return _devices() + _memories() + _full() + _resets(seed) + _jumps() + _software()


def find(seed: int, case_id: str) -> Case:
    """The case called `case_id`. `CliError` when there is none."""
    for case in catalogue(seed):
        if case.id == case_id:
            return case
    raise CliError(f"--case {case_id}: no such case; --list prints them")


def _rank(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}/{text}".encode(), digest_size=8).digest()


def sample(seed: int, count: int) -> List[Case]:
    """`count` cases: flights without a fault in every phase; every device with every kind of fault
    once, phases and lengths taking turns; then from each group in turn, in an order that `seed`
    draws, until there are enough."""
    pairs: Dict[Tuple[str, str], List[Case]] = {}
    chosen: List[Case] = []
    groups: Dict[str, List[Case]] = {}
    for case in catalogue(seed):
        if case.group == "none":
            chosen.append(case)
        else:
            pairs.setdefault((case.device, case.kind), []).append(case)
    order = sorted(pairs, key=lambda pair: _rank(seed, "/".join(pair)))
    for number, pair in enumerate(order):
        # 5 has no factor in common with the phases and lengths of a pair: all take their turns.
        place = number * 5 % len(pairs[pair])
        chosen.append(pairs[pair].pop(place))
        for case in pairs[pair]:
            groups.setdefault(case.group, []).append(case)
    waiting = [sorted(group, key=lambda case: _rank(seed, case.id)) for group in groups.values()]
    while any(waiting):
        chosen += [group.pop() for group in waiting if group]
    return chosen[:count]
