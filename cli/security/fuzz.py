"""Figures of fuzzing: mutated frames through the link in C, telecommands through the services."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, List

from cli import worlds
from cli.errors import CliError
from cli.figures import Figure
from native import fuzz

FRAMES = 10_000_000
TELECOMMANDS = 20_000
FECF_MIN, TAG_MIN, LINES_MIN = 50.0, 10.0, 95.0
INPUTS_PER_RUN = 100_000
FOLDER = worlds.ROOT / "build" / "fuzz"
SERVICES_TEST = worlds.ROOT / "tests" / "flight" / "test_services_fuzz.py"


def frames(wanted: int, jobs: int, seed: int) -> List[Figure]:
    """libFuzzer on the decoder, in runs side by side, until `wanted` frames have gone in."""
    try:
        program = fuzz.build(FOLDER / "libfuzzer")
        total: Dict[str, int] = {}
        reports = dict.fromkeys(fuzz.REPORTS, 0)
        note = ""
        began_s = time.monotonic()
        while total.get("frames", 0) < wanted and not note:
            runs = [
                fuzz.start(program, FOLDER, _inputs(total, wanted, jobs), seed + job)
                for job in range(jobs)
            ]
            seed += jobs
            for found in [fuzz.finish(*run) for run in runs]:
                for name, value in found.statistics.items():
                    total[name] = total.get(name, 0) + value
                for name, value in found.reports.items():
                    reports[name] += value
                if any(found.reports.values()) or not found.statistics:
                    note = found.said.strip()[-300:] or "the fuzzer said nothing"
            _say(f"{total.get('frames', 0)} frames in {time.monotonic() - began_s:.0f} s")
    except (fuzz.FuzzError, RuntimeError) as error:
        raise CliError(str(error)) from error

    def share(name: str) -> float:
        return round(100 * total.get(name, 0) / max(1, total.get("frames", 0)), 1)

    rows = [
        Figure("mutated frames", total.get("frames", 0), FRAMES, "", ">=", note),
        Figure("of them with a good FECF", share("good_fecf"), FECF_MIN, "%", ">="),
        Figure("of them with a good tag", share("good_tag"), TAG_MIN, "%", ">="),
        Figure("of them refused", share("refused"), None, "%"),
    ]
    return rows + [Figure(name, count, 0, "") for name, count in reports.items()]


def _inputs(total: Dict[str, int], wanted: int, jobs: int) -> int:
    """Inputs of the next run: no more than are still needed."""
    done = total.get("frames", 0)
    per_input = done / total["inputs"] if done else 4.0
    return max(1, min(INPUTS_PER_RUN, int((wanted - done) / per_input / jobs) + 1))


def corpus() -> List[Figure]:
    """The kept inputs: replayed with sanitizers, and what they reach."""
    try:
        checked = fuzz.replay(fuzz.build_replay(FOLDER / "replay", False), FOLDER / "replay")
        folder = FOLDER / "covered"
        for stale in folder.glob("*.gcda"):
            stale.unlink()
        fuzz.replay(fuzz.build_replay(folder, True), folder)
        lines = fuzz.covered_lines(folder)
    except (fuzz.FuzzError, RuntimeError) as error:
        raise CliError(str(error)) from error
    reached = sum(percent * count for percent, count in lines.values())
    least = min(lines, key=lambda name: lines[name][0])
    note = f"least: {least}, {lines[least][0]:.1f} %"
    return [
        Figure("kept inputs", len(fuzz.kept()), 1, "", ">="),
        Figure("of them with a report", sum(checked.reports.values()), 0, ""),
        Figure(
            "lines of the link in C that they reach",
            round(reached / sum(count for _, count in lines.values()), 2),
            LINES_MIN,
            "%",
            ">=",
            note,
        ),
    ]


def services(wanted: int) -> List[Figure]:
    """Hypothesis on the services: telecommands of every kind through `commands.execute`."""
    with tempfile.TemporaryDirectory() as name:
        counts = Path(name) / "counts.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "accept", str(SERVICES_TEST)],
            cwd=worlds.ROOT,
            env={**os.environ, "FUZZ_TELECOMMANDS": str(wanted), "FUZZ_SERVICES": str(counts)},
            capture_output=True,
            text=True,
            check=False,
        )
        counted = json.loads(counts.read_text()) if counts.exists() else {}
    lines = [line for line in done.stdout.splitlines() if line.startswith("E ")]
    note = "" if done.returncode == 0 else "; ".join(lines[:3]) or done.stdout.strip()[-300:]
    telecommands = counted.get("telecommands", 0)
    share = round(100 * counted.get("refused", 0) / max(1, telecommands), 1)
    return [
        Figure("telecommands to the services", telecommands, TELECOMMANDS // 2, "", ">="),
        Figure("of them refused", share, None, "%"),
        Figure(
            "raised, reported wrongly, or changed by a refusal",
            int(done.returncode != 0),
            0,
            "",
            note=note,
        ),
    ]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def figures(names: List[str], wanted: int, jobs: int, seed: int) -> List[Figure]:
    """The groups called `names`; `wanted` frames. A group that cannot be measured is one failed
    figure."""
    groups: Dict[str, Callable[[], List[Figure]]] = {
        "corpus": corpus,
        "frames": lambda: frames(wanted, jobs, seed),
        "services": lambda: services(TELECOMMANDS),
    }
    rows: List[Figure] = []
    for name in names or list(groups):
        if name not in groups:
            raise CliError(f"--only {name}: no such group; groups are: {', '.join(groups)}")
        try:
            rows += groups[name]()
        except CliError as error:
            rows.append(Figure(name, None, 0, "", note=str(error)))
    return rows
