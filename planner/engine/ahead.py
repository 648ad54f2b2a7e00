"""The first run on a machine: kernels of later stages are compiled on a core that has nothing to do yet.

Compiling holds the interpreter's lock, so threads cannot share it; another process can, and Numba's folder on disk
hands over what it has made. Nothing is computed that counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from planner.engine.workers import LocalWorkers
from planner.recall import Recall

Result = TypeVar("Result")

_BEGINS = frozenset({"replenishment"})
_NEEDS = frozenset({"routing", "finish", "simulation"})
_LATER = ("annealing_kernels", "play_kernels")
"""Modules whose kernels the later stages compile longest."""
_LOOK_S = 60.0


def is_compiled(module: str) -> bool:
    """Return whether kernels of a module were compiled on this machine before."""
    from solvers import compiled  # noqa: PLC0415 - loads the compiler

    return compiled.is_compiled(module)


def compile_later(_: object = None) -> None:
    """Route a tiny day and play a tiny plan, so that their kernels are compiled."""
    from planner.distribution.solve_day import draft_day, finish_day  # noqa: PLC0415 - they load the compiler
    from solvers.routing.problem import RoutingProblem, VehicleTypes  # noqa: PLC0415
    from solvers.stock.futures import StockProblem, play  # noqa: PLC0415

    places = np.array([[0, 0], [0, 9], [9, 0], [9, 9], [5, 2]])
    apart = np.abs(places[:, None] - places[None]).sum(axis=2)
    day = RoutingProblem.create(
        depots=1,
        vehicles=VehicleTypes.create(
            count=[2, 2],
            capacity=[[4, 4], [6, 6]],
            fixed_cost=[10, 20],
            distance_cost=[1, 2],
            duration_cost=[1, 1],
            shift=[(0, 500), (0, 500)],
        ),
        delivery=np.ones((4, 2), dtype=np.int64),
        distances=apart,
        durations=apart,
        windows=[(0, 400), (0, 100), (50, 400), (0, 400)],
        service=[1, 1, 1, 1],
    )
    finish_day(day, draft_day(day, "auto", 20, 1), 5, 0.5, 1)
    one, none = np.ones((1, 1)), np.full(1, -1)
    plan = StockProblem(
        7, np.zeros(1, dtype=np.int64), none, np.zeros(1, dtype=np.int64), one[0], 0 * one[0], none > 0, 1 + none, one,
        0 * one, one, one, one[None], one[0], 0 * one[0], np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64),
    )  # fmt: skip
    play(plan, np.zeros((1, 1), dtype=np.int64), 1, one[0], one[0], one[0], 2, 1)


class Ahead:
    """Compiles kernels of later stages in another process while earlier ones run. Use as a context manager."""

    def __init__(self, call: Callable[[Any], Any] = compile_later) -> None:
        self._workers = LocalWorkers(call, 1)
        self._running = False
        self._begun = False
        self._one = threading.Lock()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *error: object) -> None:
        self._workers.close()

    def recall(self, recall: Recall) -> Recall:
        """Return `recall`; on the way kernels are begun early, and waited for where they are needed."""

        def ask(
            stage: str,
            compute: Callable[..., Result],
            *inputs: object,
            keep: bool | Callable[[Result], bool] = True,
            **means: Any,
        ) -> Result:
            @wraps(compute)
            def here(*inputs: object, **means: Any) -> Result:
                if stage in _BEGINS:
                    self._begin()
                elif stage in _NEEDS:
                    self._wait()
                return compute(*inputs, **means)

            return recall(stage, here, *inputs, keep=keep, **means)

        return ask

    def _begin(self) -> None:
        if not self._begun and not all(is_compiled(module) for module in _LATER):
            self._running = True
            self._workers.start("kernels", None)
        self._begun = True

    def _wait(self) -> None:
        """Wait for the other process, whatever became of it: what it has not compiled is compiled here."""
        with self._one:
            while self._running:
                self._running = not self._workers.wait(_LOOK_S)
