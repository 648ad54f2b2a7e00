"""Workers: local processes that take one task at a time, and whose death is noticed and survived.

Every worker is a fresh interpreter (spawn) with a pipe of its own, so that it is known which task a killed worker
had; the others go on. Workers use one core each and end themselves when the process that started them is gone.
This module loads nothing heavy: the number of threads is set before Numba and BLAS load.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

_ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GOODBYE_S = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that has ended.

    Attributes
    ----------
    key : the name under which it was started.
    result : what it returned; None where its worker died.
    death : how the worker died; empty where it did not.
    """

    key: str
    result: Any = None
    death: str = ""


class Workers(Protocol):
    """Processes that run tasks, here or on a cluster."""

    def free(self) -> int:
        """Return how many tasks can be started now."""
        ...

    def start(self, key: str, task: object) -> None:
        """Give a task to a free worker."""
        ...

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the tasks that have ended, after `timeout_s` at the latest."""
        ...

    def close(self) -> None:
        """End all workers; tasks that are not done are given up."""
        ...


@dataclass(slots=True)
class _Worker:
    process: Any
    pipe: Connection
    key: str | None = None


class LocalWorkers:
    """Worker processes on this machine.

    Parameters
    ----------
    call : called with every task, in a worker; a function of a module, so that another process finds it.
    count : processes; each is started when it is first needed.
    """

    def __init__(self, call: Callable[[Any], Any], count: int) -> None:
        self._call = call
        self._count = count
        self._workers: list[_Worker] = []

    def free(self) -> int:
        """Return how many tasks can be started now."""
        return self._count - sum(worker.key is not None for worker in self._workers)

    def start(self, key: str, task: object) -> None:
        """Give a task to a free worker, a new one where all that run are busy."""
        for worker in [each for each in self._workers if each.key is None]:
            try:
                worker.pipe.send(task)
            except OSError:  # it died while it was idle
                self._bury(worker)
                continue
            worker.key = key
            return
        worker = self._hire()
        self._workers.append(worker)
        with suppress(OSError):  # it died at once: noticed by `wait`
            worker.pipe.send(self._call)
            worker.pipe.send(task)
        worker.key = key

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the tasks that have ended, after `timeout_s` at the latest."""
        busy: dict[object, _Worker] = {worker.pipe: worker for worker in self._workers if worker.key is not None}
        ended = []
        for pipe in wait([worker.pipe for worker in busy.values()], timeout_s):
            worker = busy[pipe]
            key = str(worker.key)
            try:
                ended.append(Ended(key, worker.pipe.recv()))
                worker.key = None
            except (EOFError, OSError):
                ended.append(Ended(key, death=self._bury(worker)))
        return ended

    def close(self) -> None:
        """End all workers; tasks that are not done are given up."""
        for worker in self._workers:
            worker.process.kill()
        for worker in list(self._workers):
            self._bury(worker)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return [int(worker.process.pid) for worker in self._workers]

    def _hire(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), name="planner-worker", daemon=True)
        with _without_interrupts():
            process.start()
        theirs.close()  # so that the end of the worker is the end of the pipe
        return _Worker(process, ours)

    def _bury(self, worker: _Worker) -> str:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_GOODBYE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        code = worker.process.exitcode
        worker.process.close()
        return describe_death(code)


class ThisProcess:
    """Runs tasks in this process, one after the other: for a single task a new process would only cost time.

    Parameters
    ----------
    call : called with every task.
    """

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self._call = call
        self._ended: list[Ended] = []

    def free(self) -> int:
        """Return 1 until the result of the last task is fetched."""
        return 0 if self._ended else 1

    def start(self, key: str, task: object) -> None:
        """Run a task to its end."""
        self._ended.append(Ended(key, self._call(task)))

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return what has ended, at once."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is left to end."""


def describe_death(exit_code: int) -> str:
    """Return how a process ended that should not have."""
    if exit_code >= 0:
        return f"its worker process ended with exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    memory = "; the system does that where memory runs out" if name == "SIGKILL" else ""
    return f"its worker process was killed ({name}{memory})"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start a process to which Ctrl-C in the terminal means nothing: its parent decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield  # the new process inherits the mask; an interrupt of this one waits until it is set back
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    """Answer tasks until the pipe ends."""
    for variable in _ONE_THREAD:
        os.environ[variable] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        call = pipe.recv()  # loads the planner
        while True:
            pipe.send(call(pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever it is doing: its results have no reader."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
