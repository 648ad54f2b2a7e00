"""When to stop: callables that tell which share of the budget is used; 1 or more ends the search.

A share instead of yes or no lets annealing cool over whatever budget is given. A call with 0 iterations done starts
the clock anew; solvers make it once their kernels are compiled.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

StopRule = Callable[[int, float], float]
"""(iterations done, best cost so far) -> share of the budget used."""


def iterations(budget: int) -> StopRule:
    """Stop after `budget` iterations: the only rule whose answers never depend on the machine."""
    if budget < 1:
        raise ValueError(f"a budget of {budget} iterations: at least 1 is needed")
    return lambda done, _best: done / budget


def wall_seconds(limit: float) -> StopRule:
    """Stop `limit` seconds of wall-clock time after the last call with 0 iterations done."""
    return _clock(time.perf_counter, limit)


def cpu_seconds(limit: float) -> StopRule:
    """Stop after `limit` CPU seconds of this process, counted from the last call with 0 iterations done."""
    return _clock(time.process_time, limit)


def never(_done: int, _best: float) -> float:
    """Leave the end to another rule."""
    return 0.0


def target(cost: float) -> StopRule:
    """Stop when a solution of at most `cost` is known."""
    return lambda _done, best: 1.0 if best <= cost else 0.0


def any_of(pace: StopRule, *caps: StopRule) -> StopRule:
    """Stop when any rule says so; `pace` alone sets the share before.

    With a budget in iterations first and a clock as a cap, the answer does not depend on the machine as long as the
    cap is not reached.
    """

    def share(done: int, best: float) -> float:
        used = pace(done, best)
        return max(1.0, used) if any(cap(done, best) >= 1 for cap in caps) else used

    return share


def is_over(rule: StopRule | None) -> bool:
    """Return whether the clock of `rule` has run out since it was last started; None never ends."""
    return rule is not None and rule(1, math.inf) >= 1


def _clock(clock: Callable[[], float], limit: float) -> StopRule:
    if limit <= 0:
        raise ValueError(f"a limit of {limit} seconds: it must be above 0")
    started: list[float] = []

    def share(done: int, _best: float) -> float:
        now = clock()
        if done == 0 or not started:
            started[:] = [now]
        return (now - started[0]) / limit

    return share
