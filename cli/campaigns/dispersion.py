"""What a campaign draws for each run: a table of dispersions, and seeds that come from one number.

A draw depends on (seed of the run, key) alone, so a row added to a table changes no other draw.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Iterable, List, Sequence, Tuple

_SEED_BYTES = 6  # exact in every reader of JSON
_DRAW_BYTES = 8
_DIGITS = 6


@dataclass(frozen=True)
class Dispersion:
    """One key of the scenario, drawn uniformly from `low` .. `high` (in its own unit).

    `axes` > 0 draws a vector, each axis by itself; `log` makes the logarithm uniform; where one of
    the keys in `unless` is set by hand, or the key itself, nothing is drawn.
    """

    key: str
    low: float
    high: float
    unit: str
    what: str
    axes: int = 0
    log: bool = False
    unless: Tuple[str, ...] = ()

    def draw(self, seed: int) -> Any:
        """The value for the run with `seed`: a number, or a list of `axes` numbers."""
        if self.axes:
            return [self._number(seed, axis) for axis in range(self.axes)]
        return self._number(seed, 0)

    def _number(self, seed: int, axis: int) -> float:
        share = (_hashed(f"{seed}/{self.key}/{axis}", _DRAW_BYTES) + 0.5) / 2 ** (8 * _DRAW_BYTES)
        if self.log:
            value = math.exp(math.log(self.low) * (1.0 - share) + math.log(self.high) * share)
        else:
            value = self.low + (self.high - self.low) * share
        # Few digits, so that the command line that flies the run again can be read and typed.
        return float(f"{value:.{_DIGITS}g}")


def _hashed(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big")


def run_seed(campaign_seed: int, kind: str, index: int) -> int:
    """Seed of run `index` (from 0) of a campaign, in 0 .. 2^48 - 1."""
    return _hashed(f"{campaign_seed}/{kind}/{index}", _SEED_BYTES)


def key_of(override: str) -> str:
    """The key of a `key=value` override."""
    return override.partition("=")[0].strip()


def free(table: Sequence[Dispersion], overrides: Iterable[str]) -> List[Dispersion]:
    """The rows of `table` that no override fixes."""
    fixed = {key_of(override) for override in overrides}
    return [row for row in table if not fixed & {row.key, *row.unless}]
