"""Cluster: the same tasks on the workers of a Dask cluster, reached by its scheduler's address.

The workers need the planner, the project's folder and the runs folder under the same paths. A task whose worker dies
is given to another one by the scheduler; when the scheduler itself is gone, the sweep stops and can be resumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import import_module
from typing import Any

from planner.engine.workers import Ended
from planner.errors import SweepError

CONNECT_S = 3.0
"""Seconds until a scheduler that does not answer counts as unreachable."""
IDLE_S = 30.0
"""Seconds without a single worker until the sweep stops."""


class ClusterWorkers:
    """Workers of a Dask cluster.

    Parameters
    ----------
    call : called with every task, on a worker; a function of a module that the workers have.
    address : of the scheduler, for example tcp://10.0.0.5:8786.

    Raises
    ------
    SweepError
        Dask is not installed, or there is no scheduler at the address.
    """

    def __init__(self, call: Callable[[Any], Any], address: str) -> None:
        try:
            self._dask: Any = import_module("distributed")  # an extra, loaded only for a cluster
        except ImportError as error:
            raise SweepError(
                "A cluster needs Dask, which is not installed. Install `supply-planner[cluster]`, or leave out "
                "--cluster; nothing was run."
            ) from error
        self._call = call
        self._address = address
        self._futures: dict[Any, str] = {}
        self._seen_workers = time.monotonic()
        try:
            self._client = self._dask.Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:  # TimeoutError is an OSError
            raise SweepError(
                f"No Dask scheduler answers at {address} ({_first_line(error)}). Start one with `dask scheduler`, "
                "check the address, or leave out --cluster; nothing was run."
            ) from error

    def free(self) -> int:
        """Return how many tasks can be started now; workers that come later count from then on."""
        return max(0, self._slots() - len(self._futures))

    def start(self, key: str, task: object) -> None:
        """Give a task to the cluster."""
        self._futures[self._client.submit(self._call, task, pure=False)] = key

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the tasks that have ended, after `timeout_s` at the latest.

        Raises
        ------
        SweepError
            The scheduler is gone, or no worker has been there for long.
        """
        if self._slots() > 0:
            self._seen_workers = time.monotonic()
        elif time.monotonic() - self._seen_workers > IDLE_S:
            raise SweepError(
                f"The cluster at {self._address} has had no worker for {IDLE_S:.0f} s. Start workers with `dask worker "
                f"{self._address} --nthreads 1`, then resume."
            )
        if not self._futures:
            time.sleep(timeout_s)
            return []
        with suppress(TimeoutError, CancelledError), self._client.as_current():
            self._dask.wait(list(self._futures), timeout=timeout_s, return_when="FIRST_COMPLETED")
        if self._client.status != "running":
            raise self._lost()
        return [self._ended(future) for future in list(self._futures) if future.done()]

    def close(self) -> None:
        """Cancel what has not begun and leave the cluster; a task that runs ends by itself, written whole."""
        with suppress(Exception):  # the scheduler may be gone
            self._client.cancel(list(self._futures), force=True)
        self._futures.clear()
        with suppress(Exception):
            self._client.close(timeout=CONNECT_S)

    def _slots(self) -> int:
        try:
            return sum(self._client.nthreads().values())
        except (OSError, CancelledError) as error:
            raise self._lost() from error

    def _ended(self, future: Any) -> Ended:
        key = self._futures.pop(future)
        if future.status == "finished":
            return Ended(key, future.result())
        if future.status == "cancelled":
            raise self._lost()
        return Ended(key, death=f"the cluster gave it up ({_first_line(future.exception())})")

    def _lost(self) -> SweepError:
        return SweepError(
            f"The scheduler at {self._address} is gone. What has ended is kept; go on with `planner scenarios resume`, "
            "with another --cluster or without."
        )


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
