"""One chain of the general solver: its first solution, its temperature, its steps in slices, and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

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
    NOW,
    ON,
    USED,
    GeneralState,
    make_general_state,
)
from solvers.routing.general_timing_kernels import Scratch
from solvers.routing.problem import Pinned, RoutingProblem
from solvers.routing.solution import BREAK, RELOAD, RoutingSolution
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
    def slice_steps(self) -> int:
        """Steps between two looks at the stop rule, at most."""
        return STEPS_PER_ITERATION * max(1, min(10, 400 // self.problem.clients))

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

    def price_of_absence(self, clients: Sequence[int]) -> int:
        """Return what `clients` on no route cost in this problem; in another one required clients cost otherwise."""
        return int(self.inst.stop[[self.inst.first_client + c for c in clients], PRIZE].sum())

    def now(self) -> RoutingSolution:
        """Return the solution that is annealed, without its breaks."""
        state, first = self.state, self.inst.first_client
        rows = np.flatnonzero((state.route[:, KIND] >= 0) & (state.route[:, COUNT] > 0)).tolist()
        tours = [state.tours[NOW, r, : int(state.route[r, COUNT])].tolist() for r in rows]
        routes = [[node - first if node >= first else RELOAD for node in tour] for tour in tours]
        return RoutingSolution.create(zip(state.route[rows, KIND].tolist(), routes, strict=True), self.problem.clients)


_First = tuple[int, int, int, list[int]]
"""(vehicle type, 1 where pinned, frozen elements, clients and reloads)."""


def _first_routes(problem: RoutingProblem, start: RoutingSolution | None) -> Iterator[_First]:
    """Yield the routes to begin with: those of `start` if it keeps all rules, else pinned stops and its other ones.

    A route that is not sound is not opened.
    """
    fixed = {client for entry in problem.pinned for client in entry.clients}
    routes = [] if start is None else [(r.vehicle_type, [c for c in r.clients if c >= RELOAD]) for r in start.routes]
    sound = (
        start is not None and problem.pinned and {v.rule for v in judge(problem, start).violations} <= {"unassigned"}
    )
    if start is not None and sound:
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
