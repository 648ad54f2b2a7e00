"""Ruin and recreate for every rule: routes are timed and priced as a whole, see docs/mathematics-routing.md.

Slower per step than `ruin_recreate`, which hands over to it what its own kernels do not know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solvers.compiled import is_compiled
from solvers.routing.evaluate import judge
from solvers.routing.general_annealing_kernels import anneal_rows
from solvers.routing.general_instance import FIXED, PRIZE, GeneralInstance, build_general_instance
from solvers.routing.general_state import (
    BEST,
    BEST_COUNT,
    BEST_KIND,
    COSTS,
    COUNT,
    HELD,
    KIND,
    ON,
    USED,
    GeneralState,
    make_general_state,
)
from solvers.routing.general_timing_kernels import Scratch
from solvers.routing.instance import unsupported
from solvers.routing.problem import Pinned, RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.simplify import simplified
from solvers.routing.solution import BREAK, RELOAD, RoutingSolution
from solvers.routing.stop import StopRule
from solvers.routing.subproblem import part_of

STEPS_PER_ITERATION = 20
"""As in `ruin_recreate`."""
NO_ROWS = np.zeros((0, 4), np.int64)


@dataclass(frozen=True, slots=True)
class GeneralParams:
    """Parameters of the general solver.

    Attributes
    ----------
    average_removed : clients that leave their routes in one step, on average.
    hot, cold : first and last temperature over the mean cost of an arc of the first solution.
    neighbours : clients next to which an insertion is tried.
    """

    average_removed: float = 10.0
    hot: float = 0.5
    cold: float = 0.008
    neighbours: int = 40


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that is missing."""
    for matrix in (problem.distances, problem.durations):
        if matrix is not None and matrix.max(initial=0) >= 1 << 31:
            return "distances or durations of 2^31 and more"
    return None


def needs_compiling(problem: RoutingProblem) -> bool:
    """Return whether this solver would get `problem` and has to be compiled first."""
    return unsupported(simplified(problem)) is not None and not is_compiled("general_annealing_kernels")


@dataclass(slots=True)
class GeneralChain:
    """One chain, run in slices; the temperature follows the share of the budget used."""

    problem: RoutingProblem
    inst: GeneralInstance
    state: GeneralState
    scratch: Scratch
    params: GeneralParams
    arc_cost: float

    @classmethod
    def create(
        cls, problem: RoutingProblem, seed: int, params: GeneralParams, start: RoutingSolution | None
    ) -> GeneralChain:
        """Build the first solution: pinned stops, what of `start` keeps the rules, everybody else inserted greedily."""
        inst = build_general_instance(problem, params.neighbours)
        state, scratch = make_general_state(inst, seed)
        chain = cls(problem, inst, state, scratch, params, 1.0)
        rows = list(_first_routes(problem, start))
        width = 4 + max((len(elements) for _, _, _, elements in rows), default=0)
        table = np.full((len(rows), width), -2, np.int64)
        first = inst.first_client
        for row, (kind, is_pinned, frozen, elements) in zip(table, rows, strict=True):
            row[:4] = kind, is_pinned, frozen, len(elements)
            row[4 : 4 + len(elements)] = [RELOAD if c == RELOAD else first + c for c in elements]
        pinned = {client for entry in problem.pinned for client in entry.clients}
        held = {client for _, is_pinned, _, elements in rows if is_pinned for client in elements} & pinned
        state.client[[first + client for client in sorted(held)], HELD] = 1
        inst.allowed[:, [first + client for client in sorted(pinned - held)]] = 0
        anneal_rows(inst, scratch, state, table, 0, 1.0, 1.0, params.average_removed)
        chain.arc_cost = chain._mean_arc_cost()
        return chain

    def _mean_arc_cost(self) -> float:
        state, inst = self.state, self.inst
        used = state.route[:, KIND] >= 0
        absent = [c for c in range(inst.first_client, len(inst.stop)) if state.client[c, ON] < 0]
        spent = int(state.total[COSTS]) - int(inst.stop[absent, PRIZE].sum())
        spent -= int(inst.vehicle[state.route[used, KIND], FIXED].sum())
        return max(1e-3, spent / max(1, int(state.route[used, COUNT].sum()) + int(used.sum())))

    def temperature(self, share: float) -> float:
        """Return the temperature when `share` of the budget is used."""
        hot, cold = self.params.hot * self.arc_cost, self.params.cold * self.arc_cost
        return float(hot * (cold / hot) ** min(1.0, share))

    @property
    def best_cost(self) -> int:
        """Cost of the best solution so far, prizes of absent clients included."""
        return int(self.state.best_cost[0])

    def run(self, steps: int, begin: float, end: float) -> None:
        """Run `steps` steps while the share of the budget goes from `begin` to `end`."""
        hot, cold = self.temperature(begin), self.temperature(end)
        anneal_rows(self.inst, self.scratch, self.state, NO_ROWS, steps, hot, cold, self.params.average_removed)

    def best(self) -> RoutingSolution:
        """Return the best solution so far, with its breaks."""
        state, first = self.state, self.inst.first_client
        routes: list[tuple[int, list[int]]] = []
        for r in np.flatnonzero((state.row[:, BEST_KIND] >= 0) & (state.row[:, BEST_COUNT] > 0)).tolist():
            n, taken = int(state.row[r, BEST_COUNT]), state.best_taken[r].tolist()
            clients: list[int] = []
            for k, node in enumerate([*state.tours[BEST, r, :n].tolist(), None]):
                clients += [BREAK - number for number in range(taken[k], taken[k + 1])]
                if node is not None:
                    clients.append(node - first if node >= first else RELOAD)
            routes.append((int(state.row[r, BEST_KIND]), clients))
        return RoutingSolution.create(routes, self.problem.clients)


_First = tuple[int, int, int, list[int]]
"""(vehicle type, 1 where pinned, frozen elements, clients and reloads)."""


def _first_routes(problem: RoutingProblem, start: RoutingSolution | None) -> Iterator[_First]:
    """Yield the routes to begin with: those of `start` if it keeps all rules, else pinned stops and its sound ones."""
    fixed = {client for entry in problem.pinned for client in entry.clients}
    routes = [] if start is None else [(r.vehicle_type, [c for c in r.clients if c >= RELOAD]) for r in start.routes]
    if start is not None and {v.rule for v in judge(problem, start).violations} <= {"unassigned"}:
        entries = {entry.clients[0]: entry for entry in problem.pinned if entry.clients}
        for kind, elements in routes:
            entry = next((entries[c] for c in elements if c in entries), None)
            yield kind, int(entry is not None), 0 if entry is None else entry.frozen, elements
        routes = []
        placed = {client for route in start.routes for client in route.clients}
        missing = [entry for entry in problem.pinned if placed.isdisjoint(entry.clients)]
    else:
        missing = list(problem.pinned)
    for entry in missing:
        kept = _feasible_part(problem, entry)
        if kept:
            frozen = sum(client in kept for client in entry.clients[: entry.frozen])
            yield entry.vehicle_type, 1, frozen, kept
    for kind, elements in routes:
        if fixed.isdisjoint(elements):
            yield kind, 0, 0, elements


def _feasible_part(problem: RoutingProblem, entry: Pinned) -> list[int]:
    """Return the pinned stops that a vehicle can serve in their order; what breaks a rule is left out, pairs as one."""
    partner = problem.partner()
    kept: list[int] = []
    for client in entry.clients:
        if problem.pickup_of[client] >= 0:
            continue  # comes with its pick-up
        trial = set(kept) | {client} | ({int(partner[client])} if partner[client] >= 0 else set())
        longer = [c for c in entry.clients if c in trial]
        if _one_route_cost(problem, entry.vehicle_type, longer) is not None:
            kept = longer
    return kept


def _one_route_cost(problem: RoutingProblem, kind: int, clients: list[int]) -> int | None:
    """Return what a route of these clients costs wherever its breaks are taken, None where it breaks a rule."""
    part = part_of(problem, clients)
    inst = build_general_instance(part, 1)
    state, scratch = make_general_state(inst, 0)
    row = np.array([[kind, 0, 0, len(clients), *range(inst.first_client, inst.first_client + len(clients))]])
    anneal_rows(inst, scratch, state, row, -1, 1.0, 1.0, 0.0)
    return int(state.total[COSTS]) if state.total[USED] else None


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: GeneralParams | None = None,
    start: RoutingSolution | None = None,
) -> Found:
    """Anneal from a greedy solution (or `start`) until `stop`; Ctrl-C ends it with the best so far."""
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    chain = GeneralChain.create(problem, seed, params or GeneralParams(), start)
    trace = [(0, chain.best_cost)]
    done, size = 0, max(1, min(10, 400 // problem.clients))
    with contextlib.suppress(KeyboardInterrupt):
        share = stop(0, chain.best_cost)
        while share < 1:
            ahead = share * (done + size) / done if done else share
            chain.run(size * STEPS_PER_ITERATION, share, ahead)
            done += size
            if chain.best_cost < trace[-1][1]:
                trace.append((done, chain.best_cost))
            share = stop(done, chain.best_cost)
    return Found(chain.best(), done, tuple(trace))
