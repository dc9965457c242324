"""Numbers of the command line."""

import argparse
import math


def finite(text: str) -> float:
    """A number that is one, for `type=` of an option."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a finite number")
    return value
