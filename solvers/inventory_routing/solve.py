"""Inventory routing by annealing over whole plans, with priced overload and shortage at the depot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.inventory_routing.evaluate import Verdict, evaluate
from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem
from solvers.inventory_routing.search_kernels import anneal, fill_plan
from solvers.inventory_routing.state import (
    BEST,
    HOLDING,
    OVERLOAD,
    OVERLOAD_PRICE,
    OVERLOADED,
    ROUTING,
    SHORT,
    SHORTAGE,
    SHORTAGE_PRICE,
    VERSION,
    Floats,
    State,
    empty_state,
    make_case,
    make_labels,
    make_removal,
)
from solvers.routing.registry import VerificationError
from solvers.routing.stop import StopRule

Progress = Callable[[str, int, int], None]

_CHUNK = 1000
_HOTTEST, _COLDEST = 5.0, 0.01  # temperature over the mean leg to the three nearest customers
_STEPS = (0.4, 0.01, 0.03, 6, 0.1)  # DAY_SHARE to WHOLE_ROUTE of the settings: chances, and customers removed at most
_SMALL = 400  # customers x days up to which several plans are cooled before the best is refined
_RUNS, _REFINED = 4, 0.7  # how many, and the share of the budget after which the best is refined
_REHEATED = 0.2  # temperature of refining over the hottest


@dataclass(frozen=True, slots=True)
class InventoryRoutingResult:
    """The best plan found, as the judge sees it.

    Attributes
    ----------
    plan : None where no plan that keeps the rules was found.
    verdict : of the judge; None without a plan.
    iterations : steps done.
    """

    plan: InventoryRoutingPlan | None
    verdict: Verdict | None
    iterations: int


def solve(
    problem: InventoryRoutingProblem, stop: StopRule, *, seed: int = 1, progress: Progress | None = None
) -> InventoryRoutingResult:
    """Search for the cheapest plan until `stop` says so.

    With a budget in iterations the answer depends on the problem and the seed only.

    Raises
    ------
    VerificationError
        The judge refuses the best plan.
    """
    case, labels, removal = make_case(problem), make_labels(problem), make_removal(problem)
    state = empty_state(problem, seed)
    rng = np.random.default_rng(seed)
    weight = problem.demand.sum(axis=1)
    scale = _near_legs(problem)
    price = 0.5 * problem.distance[0, 1:].mean() / max(1.0, problem.demand[1:].mean())
    settings = np.array([price, price, *_STEPS[:3], min(_STEPS[3], problem.customers), _STEPS[4]])
    runs = _RUNS if problem.customers * problem.days <= _SMALL else 1
    done, run = 0, -1
    while (share := stop(done, float(state.total[BEST]))) < 1.0:
        wanted = min(int(share / _REFINED * runs), runs)
        if wanted > run:
            run = wanted
            if run == runs:
                _return_to_best(problem, state, case.holding)
            elif run == 0 or np.isfinite(state.total[BEST]):
                _clear(state)
                fill_plan(case, state, labels, settings, 1 + rng.permutation(problem.customers))
        temperature = scale * _temperature(share, runs)
        anneal(case, state, labels, removal, settings, weight, _CHUNK, temperature)
        done += _CHUNK
        for entry, count in ((OVERLOAD_PRICE, OVERLOADED), (SHORTAGE_PRICE, SHORT)):
            broken = state.counter[count] / _CHUNK
            factor = 1.3 if broken > 0.9 else 1.05 if broken > 0.4 else 1 / 1.05 if broken < 0.2 else 1.0
            settings[entry] = min(max(settings[entry] * factor, 0.02 * price), 1000 * price)
        if progress is not None:
            progress("inventory routing", int(100 * min(share, 1.0)), 100)
    if not np.isfinite(state.total[BEST]):
        return InventoryRoutingResult(None, None, done)
    plan = _best_plan(state)
    verdict = evaluate(problem, plan)
    if verdict.faults:
        raise VerificationError("the search kept a plan that breaks rules: " + "; ".join(verdict.faults[:5]))
    return InventoryRoutingResult(plan, verdict, done)


def _temperature(share: float, runs: int) -> float:
    """Return the temperature over the mean near leg: falling in every run, then from a little higher again."""
    if share < _REFINED:
        hottest, cooled = _HOTTEST, (share * runs / _REFINED) % 1.0
    else:
        hottest, cooled = _HOTTEST * _REHEATED, (share - _REFINED) / (1.0 - _REFINED)
    return float(hottest * (_COLDEST / hottest) ** min(1.0, cooled / 0.95))


def _clear(state: State) -> None:
    """Take every visit out of the plan; the best one stays known."""
    for array in (state.length, state.load, state.units, state.held, state.shipped):
        array[:] = 0
    state.vehicle[:] = -1
    _forget_insertions(state)
    state.total[[ROUTING, HOLDING, OVERLOAD, SHORTAGE]] = 0.0


def _forget_insertions(state: State) -> None:
    """Give every route a version of its own, so that no insertion is taken as known."""
    state.version[:] = state.counter[VERSION] + 1 + np.arange(state.version.size).reshape(state.version.shape)
    state.counter[VERSION] += state.version.size


def _near_legs(problem: InventoryRoutingProblem) -> float:
    """Return the mean cost of a leg to the three nearest customers, the scale of temperatures."""
    legs = problem.distance[1:, 1:].copy()
    np.fill_diagonal(legs, np.inf)
    legs = np.sort(legs, axis=1)[:, : min(3, problem.customers - 1)]
    return float(legs.mean()) if legs.size else float(problem.distance.mean())


def _best_plan(state: State) -> InventoryRoutingPlan:
    days, vehicles = state.best_length.shape
    return InventoryRoutingPlan(
        tuple(
            tuple(
                tuple((int(i), int(state.best_units[t, i])) for i in state.best_tour[t, k, : state.best_length[t, k]])
                for k in range(vehicles)
                if state.best_length[t, k]
            )
            for t in range(days)
        )
    )


def _return_to_best(problem: InventoryRoutingProblem, state: State, holding: Floats) -> None:
    """Set the plan to the best feasible one, where there is one."""
    if not np.isfinite(state.total[BEST]):
        return
    state.tour[:], state.length[:] = state.best_tour, state.best_length
    state.vehicle[:] = -1
    state.load[:] = 0
    state.units[:] = 0
    routing = 0.0
    for t, k in np.argwhere(state.length > 0):
        stops = state.tour[t, k, : state.length[t, k]]
        state.vehicle[t, stops] = k
        state.place[t, stops] = np.arange(len(stops))
        state.units[t, stops] = state.best_units[t, stops]
        state.load[t, k] = state.units[t, stops].sum()
        legs = np.concatenate([[0], stops, [0]])
        routing += problem.distance[legs[:-1], legs[1:]].sum()
    state.shipped[:] = state.units.sum(axis=1)
    stock = (problem.opening - problem.least)[:, None] + np.cumsum(state.units.T - problem.demand, axis=1)
    state.held[1:] = holding[1:] * stock[1:].sum(axis=1)
    _forget_insertions(state)
    state.total[[ROUTING, HOLDING, OVERLOAD, SHORTAGE]] = routing, state.held.sum(), 0.0, 0.0
