"""OR-Tools' routing library (guided local search) behind the common interface, as a peer.

An iteration is a hundred calls of its limit check, which it makes at every step of its search tree;
the count does not depend on the clock.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solvers.routing.problem import OPEN_END, UNBOUNDED, IntArray, RoutingProblem
from solvers.routing.registry import Found
from solvers.routing.simplify import special_rules
from solvers.routing.solution import RELOAD, RoutingSolution
from solvers.routing.stop import StopRule

MOST_NODES = 4000
KNOWN_RULES = ("several time windows per client",)
CHECKS_PER_ITERATION = 100


def supports(problem: RoutingProblem) -> str | None:
    """Return None, or the feature that OR-Tools is not given here."""
    if problem.nodes > MOST_NODES:
        return f"ortools holds full matrices: {problem.nodes} nodes are above {MOST_NODES}"
    if problem.release.any():
        return "ortools is not given release times"
    if (problem.vehicles.max_reloads > 0).any():
        return "ortools is not given reloads"
    special = [rule for rule in special_rules(problem) if rule not in KNOWN_RULES]
    if special:
        return f"ortools is not given {' and '.join(special)}"
    return None


def search(
    problem: RoutingProblem,
    stop: StopRule,
    seed: int,
    params: None = None,
    start: RoutingSolution | None = None,
    _threads: int = 1,
) -> Found:
    """Search with guided local search until `stop`, from `start` where one is given."""
    if problem.clients == 0:
        return Found(RoutingSolution((), ()), 0)
    model = _Model(problem)
    watch = _Watch(model.routing, stop)
    model.routing.solver().ReSeed(seed % 2**31)
    assignment = model.run(watch, start)
    return Found(model.read(assignment), watch.iterations, tuple(watch.trace))


@dataclass(slots=True)
class _Watch:
    """Counts limit checks, asks the stop rule, remembers when the best cost fell."""

    routing: Any
    stop: StopRule
    checks: int = 0
    best: float = float("inf")
    trace: list[tuple[int, int]] = field(default_factory=list)
    done: bool = False

    @property
    def iterations(self) -> int:
        return self.checks // CHECKS_PER_ITERATION

    def on_check(self) -> bool:
        if self.checks % CHECKS_PER_ITERATION == 0:
            try:
                self.done = self.done or self.stop(self.iterations, self.best) >= 1
            except KeyboardInterrupt:
                self.done = True
        self.checks += 1
        return self.done and bool(self.trace)  # never without a first answer

    def on_solution(self) -> None:
        cost = self.routing.CostVar().Max()
        if cost < self.best:
            self.best = cost
            self.trace.append((self.iterations, int(cost)))


class _Model:
    """The problem in OR-Tools' terms: one vehicle each, nodes as here, one more where a route ends anywhere."""

    def __init__(self, problem: RoutingProblem) -> None:
        from ortools.constraint_solver import pywrapcp  # noqa: PLC0415 - heavy

        self._problem = problem
        fleet = problem.vehicles
        counts = np.minimum(fleet.count, problem.clients)
        self._kinds = np.repeat(np.arange(fleet.types), counts)
        open_ends = fleet.end_depot == OPEN_END
        self._nodes = problem.nodes + bool(open_ends.any())
        ends = np.where(open_ends, problem.nodes, fleet.end_depot)
        self._manager = pywrapcp.RoutingIndexManager(
            self._nodes,
            len(self._kinds),
            fleet.start_depot[self._kinds].tolist(),
            ends[self._kinds].tolist(),
        )
        self.routing = pywrapcp.RoutingModel(self._manager)
        self._distance = self._matrices(problem.distances)
        self._duration = self._distance if problem.durations is None else self._matrices(problem.durations)
        self._add_costs()
        self._add_loads()
        self._add_time()
        self._add_route_limits()
        self._add_clients()

    def run(self, watch: _Watch, start: RoutingSolution | None) -> Any:
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2  # noqa: PLC0415

        parameters = pywrapcp.DefaultRoutingSearchParameters()
        timed = self._problem.windows[..., 1].min() < UNBOUNDED
        strategies = routing_enums_pb2.FirstSolutionStrategy
        parameters.first_solution_strategy = (
            strategies.PARALLEL_CHEAPEST_INSERTION if timed else strategies.PATH_CHEAPEST_ARC
        )
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        parameters.time_limit.seconds = 7 * 24 * 3600  # it warns where there is none; the watch stops it
        self.routing.AddAtSolutionCallback(watch.on_solution)
        self.routing.AddSearchMonitor(self.routing.solver().CustomLimit(watch.on_check))
        if start is None:
            return self.routing.SolveWithParameters(parameters)
        self.routing.CloseModelWithParameters(parameters)
        routes: list[list[int]] = [[] for _ in self._kinds]
        free = {kind: list(np.flatnonzero(self._kinds == kind)) for kind in range(self._problem.vehicles.types)}
        for route in start.routes:
            nodes = [self._problem.depots + client for client in route.clients if client != RELOAD]
            if free[route.vehicle_type]:
                routes[free[route.vehicle_type].pop(0)] = nodes
        first = self.routing.ReadAssignmentFromRoutes(routes, True)
        if first is None:
            return self.routing.SolveWithParameters(parameters)
        return self.routing.SolveFromAssignmentWithParameters(first, parameters)

    def read(self, assignment: Any) -> RoutingSolution:
        routes = []
        if assignment is not None:
            for vehicle, kind in enumerate(self._kinds):
                index, clients = assignment.Value(self.routing.NextVar(self.routing.Start(vehicle))), []
                while not self.routing.IsEnd(index):
                    clients.append(self._manager.IndexToNode(index) - self._problem.depots)
                    index = assignment.Value(self.routing.NextVar(index))
                routes.append((int(kind), clients))
        return RoutingSolution.create(routes, self._problem.clients)

    def _matrices(self, matrices: IntArray | None) -> IntArray:
        """Return [P, nodes, nodes]; a node more than the problem has is no way from anywhere."""
        problem = self._problem
        full = np.zeros((problem.profiles, self._nodes, self._nodes), dtype=np.int64)
        inner = full[:, : problem.nodes, : problem.nodes]
        if matrices is not None:
            inner[:] = matrices
        elif problem.coordinates is not None:
            legs = problem.coordinates[:, None] - problem.coordinates[None]
            length = problem.scale * np.sqrt(legs[..., 0] ** 2 + legs[..., 1] ** 2)
            inner[:] = np.floor(length + (0.5 if problem.rounding == "nearest" else 1e-9))
        return full

    def _add_costs(self) -> None:
        fleet = self._problem.vehicles
        arcs: dict[tuple[int, int], int] = {}
        for vehicle, kind in enumerate(self._kinds):
            key = int(fleet.profile[kind]), int(fleet.distance_cost[kind])
            if key not in arcs:
                arcs[key] = self.routing.RegisterTransitMatrix((self._distance[key[0]] * key[1]).tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(arcs[key], vehicle)
            self.routing.SetFixedCostOfVehicle(int(fleet.fixed_cost[kind]), vehicle)

    def _add_loads(self) -> None:
        problem, fleet = self._problem, self._problem.vehicles
        for dimension in range(problem.dimensions):
            capacity = fleet.capacity[self._kinds, dimension].tolist()
            delivered = self._unary(problem.delivery[:, dimension])
            name = f"delivered {dimension}"
            self.routing.AddDimensionWithVehicleCapacity(delivered, 0, capacity, True, name)
            if not problem.pickup[:, dimension].any():
                continue
            # on board: starts with all that will be delivered, changes by pick-up less delivery
            change = self._unary(problem.pickup[:, dimension] - problem.delivery[:, dimension])
            self.routing.AddDimensionWithVehicleCapacity(change, 0, capacity, False, f"on board {dimension}")
            on_board = self.routing.GetDimensionOrDie(f"on board {dimension}")
            total = self.routing.GetDimensionOrDie(name)
            for vehicle in range(len(self._kinds)):
                self.routing.solver().Add(
                    on_board.CumulVar(self.routing.Start(vehicle)) >= total.CumulVar(self.routing.End(vehicle))
                )

    def _add_time(self) -> None:
        problem, fleet = self._problem, self._problem.vehicles
        latest = int(min(UNBOUNDED, fleet.shift[:, 1].max()))
        service = np.zeros(self._nodes, dtype=np.int64)
        service[problem.depots : problem.nodes] = problem.service
        registered = [self.routing.RegisterTransitMatrix((m + service[:, None]).tolist()) for m in self._duration]
        transits = [registered[int(fleet.profile[kind])] for kind in self._kinds]
        self.routing.AddDimensionWithVehicleTransits(transits, latest, latest, False, "time")
        time = self.routing.GetDimensionOrDie("time")
        for vehicle, kind in enumerate(self._kinds):
            opens, closes = (int(t) for t in fleet.shift[kind])
            for index, depot in (
                (self.routing.Start(vehicle), int(fleet.start_depot[kind])),
                (self.routing.End(vehicle), int(fleet.end_depot[kind])),
            ):
                early, late = (0, UNBOUNDED) if depot == OPEN_END else (int(t) for t in problem.depot_windows[depot])
                time.CumulVar(index).SetRange(max(opens, early), min(closes, late, latest))
            time.SetSpanCostCoefficientForVehicle(int(fleet.duration_cost[kind]), vehicle)
            if fleet.max_duration[kind] < UNBOUNDED:
                time.SetSpanUpperBoundForVehicle(int(fleet.max_duration[kind]), vehicle)
            self.routing.AddVariableMinimizedByFinalizer(time.CumulVar(self.routing.End(vehicle)))
        for client, spans in enumerate(problem.windows):
            variable = time.CumulVar(self._index(client))
            ordered = sorted((int(a), min(int(b), latest)) for a, b in spans)
            variable.SetRange(min(ordered[0][0], latest), max(b for _, b in ordered))
            for (_, closes), (opens, _) in itertools.pairwise(ordered):
                if opens > closes + 1:
                    variable.RemoveInterval(closes + 1, opens - 1)

    def _add_route_limits(self) -> None:
        fleet = self._problem.vehicles
        if (fleet.max_distance < UNBOUNDED).any():
            registered = [self.routing.RegisterTransitMatrix(matrix.tolist()) for matrix in self._distance]
            transits = [registered[int(fleet.profile[kind])] for kind in self._kinds]
            limits = fleet.max_distance[self._kinds].tolist()
            self.routing.AddDimensionWithVehicleTransitAndCapacity(transits, 0, limits, True, "distance")
        if (fleet.max_stops < UNBOUNDED).any():
            one = self._unary(np.ones(self._problem.clients, dtype=np.int64))
            limits = fleet.max_stops[self._kinds].tolist()
            self.routing.AddDimensionWithVehicleCapacity(one, 0, limits, True, "stops")

    def _add_clients(self) -> None:
        """Who may serve whom, what it costs to leave a client out, and backhauls after deliveries."""
        problem = self._problem
        able = problem.compatible()[self._kinds]
        missed = self._cost_of_leaving_out()
        backhauls = [self._index(client) for client in np.flatnonzero(problem.backhaul).tolist()]
        deliveries = [self._index(client) for client in np.flatnonzero(~problem.backhaul).tolist()]
        for client in range(problem.clients):
            index = self._index(client)
            self.routing.AddDisjunction([index], int(missed[client]))
            if not able[:, client].all():
                vehicles = np.flatnonzero(able[:, client])
                self.routing.VehicleVar(index).SetValues([-1, *vehicles.tolist()])
        if backhauls:
            for index in backhauls:
                self.routing.NextVar(index).RemoveValues(deliveries)
            for vehicle in range(len(self._kinds)):
                self.routing.NextVar(self.routing.Start(vehicle)).RemoveValues(backhauls)

    def _cost_of_leaving_out(self) -> IntArray:
        """Return [C]: the prize of optional clients; for required ones more than serving all of them costs."""
        problem, fleet = self._problem, self._problem.vehicles
        leg = int(self._distance.max()) * int(fleet.distance_cost.max())
        leg += int(self._duration.max() + problem.service.max()) * int(fleet.duration_cost.max())
        dear = 4 * leg + 2 * int(fleet.fixed_cost.max()) + 1
        ranked = dear * (1 + np.minimum(problem.priority, 100))
        missed: IntArray = np.where(problem.required, ranked, problem.prize)
        return missed

    def _unary(self, values: IntArray) -> int:
        per_node = np.zeros(self._nodes, dtype=np.int64)
        per_node[self._problem.depots : self._problem.nodes] = values
        callback: int = self.routing.RegisterUnaryTransitVector(per_node.tolist())
        return callback

    def _index(self, client: int) -> int:
        index: int = self._manager.NodeToIndex(self._problem.depots + client)
        return index
