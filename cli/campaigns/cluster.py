"""Runs spread over the workers of a dask cluster: here, or one that exists already.

Whatever becomes of a run, it gives a row: a run that raises, one whose worker dies, one that takes
longer than it may and one that finds no worker are all broken runs with their reason.
"""

import asyncio
import contextlib
import logging
import queue
import signal
import tempfile
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import dask
from distributed import Client, Future, LocalCluster
from distributed.scheduler import KilledWorker

from cli.campaigns.runs import Run
from cli.errors import CliError

CONNECT_TIMEOUT_S = 5.0
POLL_S = 1.0
NO_WORKER_S = 30.0
# A flight is hundreds of times faster than real time; one that is slower than it is stuck.
SPARE_S = 60.0

Row = Dict[str, Any]
FlyRun = Callable[[Run], Row]

CONFIG = {
    # The task that kills its worker is not tried on the next one.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.comm.timeouts.connect": f"{CONNECT_TIMEOUT_S}s",
    # What went wrong is in the rows.
    "distributed.logging.distributed": "critical",
    "distributed.logging.asyncio": "critical",
    "distributed.logging.tornado": "critical",
}


@contextlib.contextmanager
def connect(scheduler: Optional[str], workers: int) -> Iterator[Client]:
    """A client of the cluster at address `scheduler`, or of `workers` processes on this computer.

    Raises `CliError` when the address cannot be used.
    """
    for name in ("distributed", "asyncio", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(CONFIG))
        if scheduler is not None:
            yield stack.enter_context(_remote(scheduler))
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="microflight-"))
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
                # It serves its metrics even without a dashboard: not on a port that others use.
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                local_directory=folder,
                preload=["cli.campaigns.worker"],
                silence_logs=logging.CRITICAL,
            )
        )
        yield stack.enter_context(Client(cluster, set_as_default=False))


def _remote(scheduler: str) -> Client:
    try:
        client = Client(scheduler, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CliError(f"--scheduler {scheduler}: no scheduler answers there: {reason}") from error
    if not client.nthreads():
        client.close()
        raise CliError(f"--scheduler {scheduler}: the cluster has no worker")
    return client


class Campaign:
    """Hands out runs, one per worker thread at a time, and gathers their rows.

    One at a time, so that a worker that dies takes no run with it but the one that it was flying.
    """

    def __init__(self, client: Client, fly: FlyRun, spare_s: float = SPARE_S) -> None:
        self._client = client
        self._fly = fly
        self._spare_s = spare_s
        self._ended: "queue.SimpleQueue[Optional[Future]]" = queue.SimpleQueue()
        self._flying: Dict[Any, "tuple[Future, Run, float]"] = {}
        self._alone_since_s: Optional[float] = None

    def fly_all(self, runs: Sequence[Run], on_row: Callable[[Row], None]) -> List[Row]:
        """Fly `runs`; their rows in the order of `runs`, each given to `on_row` as it comes."""
        rows: Dict[int, Row] = {}

        def done(row: Row) -> None:
            rows[row["index"]] = row
            on_row(row)

        waiting = list(reversed(runs))
        before = signal.getsignal(signal.SIGINT)
        try:
            # Raised in the loop below and nowhere else: inside a destructor it would be lost.
            signal.signal(signal.SIGINT, lambda _number, _frame: self._ended.put(None))
            while waiting or self._flying:
                threads = sum(self._client.nthreads().values()) if self._connected() else 0
                while waiting and len(self._flying) < threads:
                    self._submit(waiting.pop())
                for row in self._wait():
                    done(row)
                reason = self._given_up()
                if reason:
                    for run in [*(run for _, run, _ in self._flying.values()), *waiting[::-1]]:
                        done(run.broken(reason))
                    waiting.clear()
                    self._flying.clear()
        finally:
            signal.signal(signal.SIGINT, before)
            # Nothing that goes wrong in leaving may hide why we leave.
            with contextlib.suppress(OSError, ValueError, asyncio.TimeoutError):
                self._client.cancel([future for future, _, _ in self._flying.values()], force=True)
        return [rows[run.index] for run in runs]

    def _connected(self) -> bool:
        return str(self._client.status) == "running"

    def _submit(self, run: Run) -> None:
        future = self._client.submit(self._fly, run, pure=False, retries=0)
        self._flying[future.key] = (future, run, time.monotonic())
        future.add_done_callback(self._ended.put)

    def _wait(self) -> Iterator[Row]:
        """The rows of the runs that have ended by now; waits a moment for the first."""
        with contextlib.suppress(queue.Empty):
            future = self._ended.get(timeout=POLL_S)
            if future is None:
                raise KeyboardInterrupt
            if future.key in self._flying:
                _, run, _ = self._flying.pop(future.key)
                yield self._row(future, run)
        for key, (future, run, since_s) in list(self._flying.items()):
            if time.monotonic() - since_s > run.duration_s + self._spare_s:
                del self._flying[key]
                self._stop(future)
                yield run.broken(
                    f"slower than real time: stopped {run.duration_s + self._spare_s:.0f} s after"
                    " it was handed out"
                )

    @staticmethod
    def _row(future: Future, run: Run) -> Row:
        if future.status == "finished":
            row: Row = future.result(timeout=CONNECT_TIMEOUT_S)
            return row
        if future.status != "error":
            return run.broken(f"the cluster dropped it ({future.status})")
        error = future.exception(timeout=CONNECT_TIMEOUT_S)
        if isinstance(error, KilledWorker):
            return run.broken("its worker died")
        return run.broken(f"{type(error).__name__}: {error}")

    def _stop(self, future: Future) -> None:
        """End a run that does not end by itself: only its process's end ends it."""
        busy = [worker for worker, keys in self._client.processing().items() if future.key in keys]
        future.cancel()
        with contextlib.suppress(OSError, ValueError, asyncio.TimeoutError):
            self._client.restart_workers(busy, timeout=NO_WORKER_S, raise_for_error=False)

    def _given_up(self) -> str:
        """Why there is nothing to wait for any more; "" while there is."""
        if self._client.status in ("closed", "closing"):
            return "the connection to the scheduler is lost"
        if self._connected() and self._client.nthreads():
            self._alone_since_s = None
            return ""
        now_s = time.monotonic()
        if self._alone_since_s is None:
            self._alone_since_s = now_s
        if now_s - self._alone_since_s < NO_WORKER_S:
            return ""
        return f"the cluster has had no worker for {NO_WORKER_S:.0f} s"
