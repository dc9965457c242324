"""Ctrl-C and SIGTERM: what runs ends through its `finally` blocks, with an emulator to stop or not.

A signal raises where the program happens to be. Should that be inside somebody's destructor, or a
call of a wrapped library that clears errors, then nobody hears of it; so flights look again at each
step (`look`).
"""

import contextlib
import signal
import threading
from typing import Any, Iterator, List

EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 128 + signal.SIGTERM

_asked: List[BaseException] = []


def look(_t_s: float = 0.0) -> None:
    """Raise again what a signal raised: for `World.on_step`."""
    if _asked:
        raise _asked[-1]


def _interrupted(_number: int, _frame: Any) -> None:
    _asked.append(KeyboardInterrupt())
    look()


def _terminated(_number: int, _frame: Any) -> None:
    _asked.append(SystemExit(EXIT_TERMINATED))
    look()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Both signals raise in what runs inside: KeyboardInterrupt, or SystemExit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {signal.SIGINT: _interrupted, signal.SIGTERM: _terminated}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        _asked.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
