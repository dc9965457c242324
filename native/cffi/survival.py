"""Survival on the host: the calls that the thread of Python and its port make on the target."""

from __future__ import annotations

from typing import Any

from native.cffi.loader import lib

WAIT: int = lib.MF_SURVIVAL_WAIT
START: int = lib.MF_SURVIVAL_START
STOP: int = lib.MF_SURVIVAL_STOP
RESET: int = lib.MF_SURVIVAL_RESET
END_STEP: int = lib.MF_SURVIVAL_END_STEP

REASON_SILENT: int = lib.MF_SURVIVAL_SILENT
REASON_FAULT: int = lib.MF_SURVIVAL_FAULT
REASON_ENDED: int = lib.MF_SURVIVAL_ENDED


class Survival:
    """See native/include/mf_survival.h; `state` is its `mf_survival_t *`."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self._host = stack._host
        self.state = lib.mf_host_survival(stack._host)

    def begin(self, reset_cause: int, slot: int = 0) -> None:
        """After a start of the processor: read and count in the boot record."""
        lib.mf_host_begin(self._host, reset_cause, slot)
        self._stack._ended(0)

    def enter(self, reason: int) -> int:
        """Python is over; `round` is to be called every 100 ms from now on. RESET: survival itself
        has faulted."""
        return int(lib.mf_host_enter(self._host, reason))

    def round(self) -> int:
        """One round: WAIT, START or RESET."""
        return int(self._stack._ended(lib.mf_host_round(self._host)))

    def vm_started(self) -> None:
        """Python starts now: its silence counts."""
        lib.mf_host_vm_started(self._host)
        self._stack._ended(0)

    def action(self) -> int:
        """What the ticks have asked for since the last call: WAIT, STOP or RESET."""
        return int(lib.mf_host_action(self._host))

    @property
    def reset_cause(self) -> int:
        """Cause of the reset that survival asked for."""
        return int(lib.mf_survival_cause(self.state))

    @property
    def reason(self) -> int:
        """Why Python was stopped."""
        return int(lib.mf_survival_reason(self.state))
