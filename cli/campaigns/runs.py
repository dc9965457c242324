"""One run of a campaign: what is flown, the flight, and the row that comes of it."""

import shlex
from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

from cli import flights


@dataclass(frozen=True)
class Run:
    """One flight on the desktop, as text that also stands on a command line."""

    index: int
    scenario: str
    seed: int
    overrides: Tuple[str, ...]
    duration_s: float
    drawn: Dict[str, Any] = field(default_factory=dict)

    def command(self) -> str:
        """The one command line that flies this run again, exactly."""
        words = ["microflight", "fly", self.scenario, "--world", "desktop"]
        words += ["--seed", str(self.seed)]
        for override in self.overrides:
            words += ["--set", override]
        return " ".join(shlex.quote(word) for word in words)

    def row(self, verdict: str, **more: Any) -> Dict[str, Any]:
        """The run in the campaign's JSON. `verdict`: pass, fail, or broken: it gave no result."""
        return {
            "index": self.index,
            "seed": self.seed,
            "verdict": verdict,
            "command": self.command(),
            "drawn": self.drawn,
            **more,
        }

    def broken(self, reason: str) -> Dict[str, Any]:
        """The row of a run without a result; `reason` on one line."""
        return self.row("broken", reason=" ".join(reason.split()) or "no reason given", checks=[])


def fly(run: Run) -> Dict[str, Any]:
    """Fly `run` and judge it; called on a worker. Raises what the flight raises."""
    flight = flights.prepare(run.scenario, "desktop", run.seed, run.overrides)
    flight.fly()
    return run.row(
        "pass" if flight.passed else "fail",
        checks=flight.checks,
        virtual_s=round(flight.virtual_s, 6),
        wall_s=round(flight.wall_s, 3),
        resets=flight.outcome.resets,
    )
