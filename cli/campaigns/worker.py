"""What every worker process of this computer does first; loaded by dask as a preload."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the campaign: a terminal sends it to the workers too, who end through it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
