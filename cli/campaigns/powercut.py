"""Power cuts at every single write of parameters, schedule, stores, logs and mode record.

On the desktop every write of FRAM and every program and erase of flash is cut before, within and
after it; then the computer starts again over what the memories hold, and must hold what was written
before, all or nothing of the write in flight, and go on. On QEMU the flight computer itself is cut
in the middle of a program or an erase of its mission.
"""

import argparse
import random
import shlex
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from cli.campaigns import powercut_qemu
from cli.campaigns.powercut_memory import Memories, PowerCut, Supply
from cli.campaigns.powercut_subjects import SUBJECTS, Broken, Facts, Subject, judge
from cli.errors import CliError
from cli.figures import Figure

NAME = "powercut"
HELP = "cut the power at every single write"
RUNS_DEFAULT = 10_000  # more than there are
REPORT = "ground.powercut_report"
EPILOG = """\
examples:
  microflight campaign powercut                          every write, and samples on QEMU
  microflight campaign powercut --runs 200 --seed 3      200 of the writes, drawn
  microflight campaign powercut --case store-circular/117
  microflight campaign powercut --qemu 0 --json build/evidence/powercut.json

A case is a subject and the number of one of its writes; it is cut there at several places. Those on
QEMU are qemu/N, N being the program or erase of the flash memory that is cut. --runs N draws N of
the cases on the desktop instead of all.
--report has the figures and the cases that failed.
exit codes: 0 every figure keeps its limit, 1 one does not, 2 wrong use or bad input
"""
# Of an operation: nothing of it, some, most, all. Half an erase is zeros, more of it no order.
FRACTIONS = (0.0, 0.3, 0.6, 1.0)
QEMU_SAMPLES = 12
QEMU_MAX = 200


@dataclass(frozen=True)
class Cut:
    """One case, as the campaign hands it out."""

    index: int
    subject: str
    operation: int
    seed: int
    duration_s: float = 120.0

    @property
    def name(self) -> str:
        """As --case takes it."""
        return f"{self.subject}/{self.operation}"

    def command(self) -> str:
        """The one command line that does this case again."""
        return shlex.join(["microflight", "campaign", NAME, "--case", self.name])

    def row(self, verdict: str, **more: Any) -> Dict[str, Any]:
        """As in the campaign's JSON."""
        return {
            "index": self.index,
            "seed": self.seed,
            "verdict": verdict,
            "command": self.command(),
            "case": self.name,
            **more,
        }

    def broken(self, reason: str) -> Dict[str, Any]:
        """The row of a case without a result."""
        return self.row("broken", reason=" ".join(reason.split()), cuts=0, corrupt=0, lost=0)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this kind alone."""
    parser.add_argument("--case", metavar="SUBJECT/N", help="this one case again, and no other")
    parser.add_argument(
        "--qemu",
        type=int,
        default=QEMU_SAMPLES,
        metavar="N",
        help=f"cuts of the flight computer on QEMU; default {QEMU_SAMPLES}, 0 none",
    )


def operations(name: str) -> int:
    """Writes of a subject from its start on blank memories through all its steps."""
    supply = Supply()
    live = SUBJECTS[name](*Memories().start(supply))
    for number in range(live.STEPS):
        live.step(number)
    return supply.operations


def _given(text: str, seed: int) -> Cut:
    subject, _, number = text.partition("/")
    known = [*SUBJECTS, powercut_qemu.SUBJECT]
    if subject not in known or not number.isdecimal() or int(number) < 1:
        raise CliError(f"--case {text}: give SUBJECT/N; subjects are: {', '.join(known)}")
    if subject in SUBJECTS and int(number) > operations(subject):
        raise CliError(f"--case {text}: {subject} has {operations(subject)} writes")
    return Cut(0, subject, int(number), seed)


def plan(arguments: argparse.Namespace) -> List[Cut]:
    """The cases. Raises `CliError` when one cannot be done."""
    seed = arguments.seed
    if not 0 <= arguments.qemu <= QEMU_MAX:
        raise CliError(f"--qemu {arguments.qemu}: must be in 0 .. {QEMU_MAX}")
    if arguments.case is not None:
        cases = [_given(arguments.case, seed)]
    else:
        all_cases = [
            (name, number) for name in SUBJECTS for number in range(1, operations(name) + 1)
        ]
        if arguments.runs < len(all_cases):
            all_cases = sorted(random.Random(seed).sample(all_cases, arguments.runs))
        sampled = powercut_qemu.sample(arguments.qemu, seed)
        all_cases += [(powercut_qemu.SUBJECT, number) for number in sampled]
        cases = [Cut(index, *case, seed) for index, case in enumerate(all_cases)]
    if any(case.subject == powercut_qemu.SUBJECT for case in cases):
        powercut_qemu.check()
    return cases


def _start(name: str, memories: Memories, supply: Optional[Supply] = None) -> Subject:
    return SUBJECTS[name](*memories.start(supply))


def _held(name: str, memories: Memories) -> Facts:
    """What a computer finds that starts over a copy of `memories`."""
    return _start(name, memories.copy()).facts()


def _cut_step(name: str, operation: int, fraction: float) -> Tuple[int, Memories, bool]:
    """Do the steps until the cut: the step it came in (-1: while starting), what is left, and
    whether it came at all."""
    memories, supply = Memories(), Supply(operation, fraction)
    number = -1
    try:
        live = _start(name, memories, supply)
        for number in range(live.STEPS):
            live.step(number)
    except PowerCut:
        return number, memories, True
    return number, memories, False


def _uncut(name: str, steps: int) -> Memories:
    memories = Memories()
    live = _start(name, memories)
    for number in range(steps):
        live.step(number)
    return memories


def _judge_cut(cut: Cut, fraction: float) -> Tuple[int, int, str]:
    """(corrupt, lost, reason) of one cut."""
    number, memories, came = _cut_step(cut.subject, cut.operation, fraction)
    if not came:
        return 0, 0, "the cut never came"
    before = _held(cut.subject, _uncut(cut.subject, max(0, number)))
    after = _held(cut.subject, _uncut(cut.subject, number + 1))
    try:
        found = _held(cut.subject, memories)
        lost, made = judge(before, after, found)
        if lost or made:
            return made, lost, f"in step {number}: {lost} lost, {made} nobody wrote"
        # And on from there: the next step, over one more start.
        live = _start(cut.subject, memories)
        live.step(number + 1)
        gone_on = _held(cut.subject, memories)
    except Broken as error:
        return 1, 0, f"in step {number}: {error}"
    wanted = _held(cut.subject, _uncut(cut.subject, number + 2))
    if not wanted - after <= gone_on:
        return 0, 1, f"after step {number}: the next one is not held"
    return 0, 0, ""


def fly_run(cut: Cut) -> Dict[str, Any]:
    """Cut, start again, judge; called on a worker."""
    if cut.subject == powercut_qemu.SUBJECT:
        return powercut_qemu.fly(cut)
    corrupt = lost = 0
    reasons = []
    for fraction in FRACTIONS:
        made, gone, reason = _judge_cut(cut, fraction)
        corrupt += made
        lost += gone
        if reason:
            reasons.append(f"cut at {fraction:g} of it: {reason}")
    return cut.row(
        "fail" if reasons else "pass",
        cuts=len(FRACTIONS),
        corrupt=corrupt,
        lost=lost,
        **({"reason": "; ".join(reasons)} if reasons else {}),
    )


def figures(rows: Sequence[Dict[str, Any]]) -> List[Figure]:
    """Every figure of the campaign with its limit."""
    broken = sum(row["verdict"] == "broken" for row in rows)
    flown = [row for row in rows if row["case"].startswith(powercut_qemu.SUBJECT)]
    wanted = len(flown) + len(FRACTIONS) * (len(rows) - len(flown))
    shown = [
        Figure("power cuts", sum(row["cuts"] for row in rows), wanted, "", ">="),
        Figure("corruptions", sum(row["corrupt"] for row in rows), 0, ""),
        Figure("completed writes lost", sum(row["lost"] for row in rows), 0, ""),
        Figure("cases failed", sum(row["verdict"] == "fail" for row in rows), 0, ""),
        Figure("cases without a result", broken, 0, ""),
    ]
    if flown:
        cuts = sum(row["cuts"] for row in flown)
        shown.append(Figure("power cuts on QEMU", cuts, len(flown), "", ">="))
    return shown


def document(arguments: argparse.Namespace, rows: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """What the JSON holds beside the figures."""
    subjects: Dict[str, int] = {}
    for row in rows:
        name = row["case"].partition("/")[0]
        subjects[name] = subjects.get(name, 0) + row["cuts"]
    failed = [row for row in rows if row["verdict"] != "pass"]
    worst = [
        {
            "index": row["index"],
            "pass": False,
            "check": row["case"],
            "value": None,
            "unit": "",
            "reason": row.get("reason", "no reason given"),
            "command": row["command"],
        }
        for row in failed
    ]
    return {"cuts_by_subject": subjects, "worst": worst}


def tell(rows: Sequence[Dict[str, Any]]) -> int:
    """Tell of the one case that was asked for; the exit code."""
    row = rows[0]
    if row["verdict"] == "broken":
        raise CliError(f"{row['case']}: {row['reason']}")
    for reason in row.get("reason", "").split("; "):
        if reason:
            print(reason)
    print(f"{row['case']}: {row['verdict']}, {row['cuts']} cuts")
    return 0 if row["verdict"] == "pass" else 1
