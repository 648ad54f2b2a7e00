"""Safety stock over a whole network: service times of the guaranteed-service model, on any acyclic network.

Every stage promises its customers a service time S and waits SI for its slowest supplier; its stock covers the
net replenishment time SI + T - S between (Simpson 1958; Graves and Willems 2000). On a forest the programme of
`service_kernels` is exact. Elsewhere the arcs that close loops are priced (Lagrange multipliers of S <= SI) and
the rest is a branch and bound on the service times of arcs that are still broken, after Humair and Willems
(2011), "Optimizing strategic safety stock placement in general acyclic networks", Operations Research 59(3).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from solvers.stock.service_kernels import solve_forest

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ROOT_STEPS, _STEPS = 150, 12
_FORESTS = 40
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class ServiceNetwork:
    """Stages of an acyclic network and what covering a time costs.

    Attributes
    ----------
    processing : [N] whole periods from having everything to having made or moved it.
    cost : [N, H] money per period of the stock that covers 0 .. H - 1 periods; rising along H. H must be above
        the longest path of processing times (`longest_times`), inbound times included.
    origin, destination : [E] arcs, supplier and customer stage.
    inbound_time : [N] periods that suppliers outside the network take to promise.
    max_service : [N] longest promise; what the customers of the network accept. -1: any.

    Raises
    ------
    ValueError
        The network has a cycle or arrays do not fit; names what is wrong.
    """

    processing: Ints
    cost: Floats
    origin: Ints
    destination: Ints
    inbound_time: Ints
    max_service: Ints

    def __post_init__(self) -> None:
        """Check shapes, signs and acyclicity."""
        stages = len(self.processing)
        if not len(self.inbound_time) == len(self.max_service) == len(self.cost) == stages:
            raise ValueError("processing, inbound_time, max_service and cost must have one row per stage")
        if len(self.origin) != len(self.destination):
            raise ValueError("origin and destination must have one entry per arc")
        if (self.processing < 0).any() or (self.inbound_time < 0).any():
            raise ValueError("processing and inbound times must not be negative")
        longest = longest_times(self.processing, self.inbound_time, self.origin, self.destination)
        if stages and self.cost.shape[1] <= longest.max():
            raise ValueError(f"cost must reach {longest.max()} periods, the longest replenishment; it has columns for "
                             f"{self.cost.shape[1] - 1}")  # fmt: skip
        if (np.diff(self.cost, axis=1) < 0).any():
            raise ValueError("cost must not fall with the time that is covered")


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """Service times of every stage.

    Attributes
    ----------
    inbound, outbound : [N] periods waited for, and promised.
    net : [N] net replenishment time, what the stage's stock covers.
    cost, lower_bound : money per period; equal where status is "optimal".
    nodes : branch and bound nodes that were solved.
    """

    inbound: Ints
    outbound: Ints
    net: Ints
    cost: float
    lower_bound: float
    status: Literal["optimal", "limit"]
    nodes: int


def longest_times(processing: Ints, inbound_time: Ints, origin: Ints, destination: Ints) -> Ints:
    """Return the longest time [N] until a stage is done when nobody upstream holds stock.

    Raises
    ------
    ValueError
        The network has a cycle.
    """
    times = np.zeros(len(processing), dtype=np.int64)
    wait = inbound_time.astype(np.int64)
    for stage in _topological(len(processing), origin, destination):
        times[stage] = wait[stage] + processing[stage]
        customers = destination[origin == stage]
        wait[customers] = np.maximum(wait[customers], times[stage])
    return times


def pooled_deviation(deviation: Floats, origin: Ints, destination: Ints, quantity: Floats, pooling: Floats) -> Floats:
    """Return the standard deviation of demand per period [N] that every stage sees, own demand included.

    A stage with customers c has (own^p + sum of (quantity_c sd_c)^p)^(1/p): p = 2 for independent customers,
    p = 1 for customers that move together (Graves and Willems 2000, section 2).

    Parameters
    ----------
    deviation : [N] of own, external demand. quantity : [E] units of the origin in one of the destination.
    pooling : [N] p of each stage.
    """
    out = np.zeros(len(deviation))
    for stage in _topological(len(deviation), origin, destination)[::-1]:
        p = pooling[stage]
        arcs = np.flatnonzero(origin == stage)
        parts = (quantity[arcs] * out[destination[arcs]]) ** p
        out[stage] = (deviation[stage] ** p + parts.sum()) ** (1.0 / p)
    return out


def optimise_service_times(network: ServiceNetwork, *, node_limit: int = 20_000) -> ServiceTimes:
    """Return the service times of least total cost, proven unless `node_limit` ends the search.

    Examples
    --------
    Two stages in line, five and two periods; covering t periods costs the square root of t, twice as dear at the
    customer's end, and the customer does not wait:

    >>> import numpy as np
    >>> root = np.sqrt(np.arange(8.0))
    >>> line = ServiceNetwork(np.array([5, 2]), np.array([root, 2 * root]), np.array([0]), np.array([1]),
    ...                       np.array([0, 0]), np.array([-1, 0]))
    >>> optimise_service_times(line).net.tolist()
    [5, 2]
    """
    return _Search(network).run(node_limit)


@dataclass(frozen=True, slots=True)
class _Box:
    """Bounds of all service times at a node of the search, and the prices to start from."""

    low_in: Ints
    high_in: Ints
    low_out: Ints
    high_out: Ints
    price: Floats


class _Search:
    def __init__(self, network: ServiceNetwork) -> None:
        self.network = network
        stages = len(network.processing)
        self.order = _topological(stages, network.origin, network.destination)
        self.longest = longest_times(network.processing, network.inbound_time, network.origin, network.destination)
        self.trees = [_split_arcs(stages, network.origin, network.destination, arcs) for arcs in self._arc_orders()]
        self.loops, self.rooted = self.trees[0]
        self.best = self._complete(np.zeros(stages, dtype=np.int64))
        self.best_cost = self._cost(*self.best)
        self.nodes = 0

    def _arc_orders(self) -> list[Ints]:
        """Return the orders in which arcs join a spanning forest: as given, and others where there are loops."""
        arcs = len(self.network.origin)
        first: Ints = np.arange(arcs)
        if len(_split_arcs(len(self.network.processing), self.network.origin, self.network.destination, first)[0]) == 0:
            return [first]
        rng = np.random.default_rng(0)  # part of the method: the same network has the same forests
        return [first, *(rng.permutation(arcs) for _ in range(_FORESTS))]

    def run(self, node_limit: int) -> ServiceTimes:
        network = self.network
        everything = self._root_box()
        self._improve(everything)
        bound, branch, box = self._relax(everything, _ROOT_STEPS)
        self._improve(everything)
        queue: list[tuple[float, int, tuple[int, int, int] | None, _Box]] = [(bound, 0, branch, box)]
        ticket = 0
        while queue and self.nodes < node_limit:
            bound, _, branch, box = queue[0]
            if bound >= self.best_cost - _TOLERANCE * max(self.best_cost, 1.0) or branch is None:
                break
            heapq.heappop(queue)
            for child in self._children(box, branch):
                bound_child, branch_child, box_child = self._relax(child, _STEPS)
                if bound_child < self.best_cost:
                    ticket += 1
                    heapq.heappush(queue, (max(bound, bound_child), ticket, branch_child, box_child))
        lower = min(queue[0][0], self.best_cost) if queue else self.best_cost
        proven = lower >= self.best_cost - _TOLERANCE * max(self.best_cost, 1.0)
        inbound, outbound = self.best
        return ServiceTimes(
            inbound=inbound,
            outbound=outbound,
            net=inbound + network.processing - outbound,
            cost=self.best_cost,
            lower_bound=self.best_cost if proven else lower,
            status="optimal" if proven else "limit",
            nodes=self.nodes,
        )

    def _root_box(self) -> _Box:
        network = self.network
        promise = np.where(network.max_service < 0, self.longest, np.minimum(network.max_service, self.longest))
        return _Box(
            network.inbound_time.astype(np.int64),
            self.longest - network.processing,
            np.zeros(len(promise), dtype=np.int64),
            promise.astype(np.int64),
            np.zeros(len(self.loops)),
        )

    def _improve(self, box: _Box) -> None:
        """Solve the best plan again on one forest after the other, the promises on its other arcs held.

        What is held can only be kept or bettered by both ends, so every step gives a plan and none is dearer.
        """
        network = self.network
        idle = 0
        for loops, rooted in cycle(self.trees):
            if idle >= len(self.trees):
                return
            promised = self.best[1][network.origin[loops]]
            high_out, low_in = box.high_out.copy(), box.low_in.copy()
            np.minimum.at(high_out, network.origin[loops], promised)
            np.maximum.at(low_in, network.destination[loops], promised)
            free = np.zeros(len(high_out))
            outbound = np.zeros(len(high_out), dtype=np.int64)
            solve_forest(
                rooted.order, rooted.parent, rooted.downstream, network.processing, network.cost,
                low_in, box.high_in, box.low_out, high_out, free, free, np.zeros_like(outbound), outbound,
            )  # fmt: skip
            before = self.best_cost
            self._offer(outbound)
            idle = 0 if self.best_cost < before - _TOLERANCE else idle + 1

    def _relax(self, box: _Box, steps: int) -> tuple[float, tuple[int, int, int] | None, _Box]:
        """Return the bound of a box, the broken arc to branch on (arc, promise, wait) and the box with its prices.

        Subgradient steps of Polyak's length towards the best known cost, the prices of the best bound kept.
        """
        network = self.network
        suppliers, customers = network.origin[self.loops], network.destination[self.loops]
        stages = len(network.processing)
        price, best_bound, best_price = box.price.copy(), -np.inf, box.price
        branch: tuple[int, int, int] | None = None
        for _ in range(steps if len(self.loops) else 1):
            inbound, outbound = np.zeros(stages, dtype=np.int64), np.zeros(stages, dtype=np.int64)
            price_out: Floats = np.bincount(suppliers, price, stages).astype(np.float64)
            price_in: Floats = -np.bincount(customers, price, stages).astype(np.float64)
            bound = solve_forest(
                self.rooted.order, self.rooted.parent, self.rooted.downstream, network.processing, network.cost,
                box.low_in, box.high_in, box.low_out, box.high_out, price_in, price_out, inbound, outbound,
            )  # fmt: skip
            if not np.isfinite(bound):
                return np.inf, None, box
            self._offer(outbound)
            broken = (outbound[suppliers] - inbound[customers]).astype(np.float64)
            if bound > best_bound:
                best_bound, best_price = bound, price.copy()
                worst = int(broken.argmax()) if len(broken) else -1
                branch = None
                if worst >= 0 and broken[worst] > 0:
                    branch = (worst, int(outbound[suppliers[worst]]), int(inbound[customers[worst]]))
            if best_bound >= self.best_cost:
                break
            moving = broken * ((broken > 0) | (price > 0))
            norm = float(moving @ moving)
            if norm == 0.0:
                break
            price = np.maximum(price + 0.7 * (self.best_cost - bound) / norm * moving, 0.0)
        self.nodes += 1
        if branch is None and best_bound < self.best_cost and len(self.loops):
            branch = self._widest(box)
        return best_bound, branch, replace(box, price=best_price)

    def _widest(self, box: _Box) -> tuple[int, int, int] | None:
        """Return the arc whose service times are least decided: priced, but not broken."""
        suppliers, customers = self.network.origin[self.loops], self.network.destination[self.loops]
        width = box.high_out[suppliers] - box.low_in[customers]
        arc = int(width.argmax())
        if width[arc] <= 0:
            return None
        return arc, int(box.high_out[suppliers[arc]]), int(box.low_in[customers[arc]])

    def _children(self, box: _Box, branch: tuple[int, int, int]) -> list[_Box]:
        """Return the two halves: the promise is at most `middle`, or the wait is above it."""
        arc, promise, wait = branch
        supplier, customer = self.network.origin[self.loops[arc]], self.network.destination[self.loops[arc]]
        middle = (promise + wait) // 2
        high_out, low_in = box.high_out.copy(), box.low_in.copy()
        high_out[supplier] = min(high_out[supplier], middle)
        low_in[customer] = max(low_in[customer], middle + 1)
        return [replace(box, high_out=high_out), replace(box, low_in=low_in)]

    def _offer(self, outbound: Ints) -> None:
        """Make a plan of wished promises; keep it where it is the best so far."""
        plan = self._complete(outbound)
        cost = self._cost(*plan)
        if cost < self.best_cost:
            self.best, self.best_cost = plan, cost

    def _complete(self, wish: Ints) -> tuple[Ints, Ints]:
        """Return inbound and outbound times that keep every rule, as near to the wish as these allow."""
        network = self.network
        inbound = network.inbound_time.astype(np.int64)
        outbound = np.zeros(len(wish), dtype=np.int64)
        for stage in self.order:
            most = inbound[stage] + network.processing[stage]
            if network.max_service[stage] >= 0:
                most = min(most, network.max_service[stage])
            outbound[stage] = min(wish[stage], most)
            customers = network.destination[network.origin == stage]
            inbound[customers] = np.maximum(inbound[customers], outbound[stage])
        return inbound, outbound

    def _cost(self, inbound: Ints, outbound: Ints) -> float:
        net = inbound + self.network.processing - outbound
        return float(self.network.cost[np.arange(len(net)), net].sum())


@dataclass(frozen=True, slots=True)
class _Rooted:
    """A forest, every stage before its parent."""

    order: Ints
    parent: Ints
    downstream: NDArray[np.bool_]


def _topological(stages: int, origin: Ints, destination: Ints) -> Ints:
    """Return the stages [N], suppliers first."""
    waiting = np.bincount(destination, minlength=stages)
    ready = [int(stage) for stage in np.flatnonzero(waiting == 0)]
    out: list[int] = []
    customers: list[list[int]] = [[] for _ in range(stages)]
    for supplier, customer in zip(origin.tolist(), destination.tolist(), strict=True):
        customers[supplier].append(customer)
    while ready:
        stage = ready.pop()
        out.append(stage)
        for customer in customers[stage]:
            waiting[customer] -= 1
            if waiting[customer] == 0:
                ready.append(customer)
    if len(out) < stages:
        raise ValueError(f"the network has a cycle through stages {np.flatnonzero(waiting > 0).tolist()}")
    return np.array(out, dtype=np.int64)


def _split_arcs(stages: int, origin: Ints, destination: Ints, arcs: Ints) -> tuple[Ints, _Rooted]:
    """Return the arcs that close loops when `arcs` join one after the other, and the forest of the others."""
    leader = list(range(stages))

    def find(stage: int) -> int:
        while leader[stage] != stage:
            leader[stage] = leader[leader[stage]]
            stage = leader[stage]
        return stage

    forest: list[int] = []
    loops: list[int] = []
    for arc in arcs.tolist():
        one, other = find(int(origin[arc])), find(int(destination[arc]))
        (loops if one == other else forest).append(arc)
        leader[one] = other
    kept = np.array(forest, dtype=np.int64)
    return np.array(loops, dtype=np.int64), _root(stages, origin[kept], destination[kept])


def _root(stages: int, origin: Ints, destination: Ints) -> _Rooted:
    """Root every tree of a forest at its first stage."""
    near: list[list[tuple[int, bool]]] = [[] for _ in range(stages)]
    for supplier, customer in zip(origin.tolist(), destination.tolist(), strict=True):
        near[supplier].append((customer, False))  # the neighbour's parent is upstream of it
        near[customer].append((supplier, True))
    parent = np.full(stages, -2, dtype=np.int64)
    downstream = np.zeros(stages, dtype=bool)
    order: list[int] = []
    for root in range(stages):
        if parent[root] != -2:
            continue
        parent[root] = -1
        stack = [root]
        while stack:
            stage = stack.pop()
            order.append(stage)
            for neighbour, is_downstream in near[stage]:
                if parent[neighbour] == -2:
                    parent[neighbour], downstream[neighbour] = stage, is_downstream
                    stack.append(neighbour)
    return _Rooted(np.array(order[::-1], dtype=np.int64), parent, downstream)
