"""Arrays that the compiled search of inventory routing works on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from solvers.inventory_routing.problem import InventoryRoutingProblem

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEIGHBOURS = 30
LABELS = 64
SHIFTS = 100

# entries of `State.total`
ROUTING, HOLDING, OVERLOAD, SHORTAGE, BEST = range(5)
# entries of `Settings`
OVERLOAD_PRICE, SHORTAGE_PRICE, DAY_SHARE, BLINK, CLOSED_DAY, MOST_REMOVED, WHOLE_ROUTE = range(7)
# entries of `State.counter`
VERSION, STEP, LOGGED, OVERLOADED, SHORT, MOVED = range(6)


class Case(NamedTuple):
    """The problem as the search sees it: stock above the least one, holding above the depot's.

    Attributes
    ----------
    distance : [N + 1, N + 1]. near : [N + 1, M] nearest customers, the nearest first.
    until : [N + 1, T + 1] demand before each day. opening, most : [N + 1]. holding : [N + 1].
    available : [T] units that may have left the depot.
    """

    distance: Floats
    near: Ints
    until: Ints
    opening: Ints
    most: Ints
    holding: Floats
    available: Ints
    capacity: int


class State(NamedTuple):
    """A plan, maybe overloaded or short at the depot.

    Attributes
    ----------
    tour : [T, K, N + 1] customers in order. length, load : [T, K].
    place, vehicle : [T, N + 1] where a customer stands, vehicle -1: not visited. units : [T, N + 1].
    held : [N + 1] holding cost. shipped : [T]. total, counter : see the entry names.
    version : [T, K] number that changes with the route.
    kept_tour, kept_length, kept_load, kept_version, kept_step : the routes as they were before this step.
    log : [T K, 2] routes changed in this step.
    moved, moved_cost : [M, 4], [M] day, other day, customer, units of this step's shifts; what they add to holding.
    known_version, known_cost, known_place : [T, K, N + 1] cheapest insertion into a route of that version.
    best_tour, best_length, best_units : the best feasible plan.
    random : [1].
    """

    tour: Ints
    length: Ints
    load: Ints
    place: Ints
    vehicle: Ints
    units: Ints
    held: Floats
    shipped: Ints
    total: Floats
    counter: Ints
    version: Ints
    kept_tour: Ints
    kept_length: Ints
    kept_load: Ints
    kept_version: Ints
    kept_step: Ints
    log: Ints
    moved: Ints
    moved_cost: Floats
    link: Ints
    link_cost: Floats
    known_version: Ints
    known_cost: Floats
    known_place: Ints
    best_tour: Ints
    best_length: Ints
    best_units: Ints
    random: NDArray[np.uint64]


class Labels(NamedTuple):
    """Work space of the programme over days.

    Attributes
    ----------
    stock, cost, parent, units, vehicle : [T + 1, M]. reached : [T + 1] labels.
    detour : [T, K] of the customer. open_day : [T]. room_left : [T] depot stock not yet promised.
    quantity, choice : [T] answer: units and vehicle.
    candidate : [C].
    """

    stock: Ints
    cost: Floats
    parent: Ints
    units: Ints
    vehicle: Ints
    reached: Ints
    detour: Floats
    open_day: NDArray[np.bool_]
    room_left: Ints
    quantity: Ints
    choice: Ints
    candidate: Ints


class Removal(NamedTuple):
    """Customers taken out in a step and what they had.

    Attributes
    ----------
    customer : [N + 1]. key : [N + 1] order of return. units : [N + 1, T]. held : [N + 1]. shipped : [T].
    """

    customer: Ints
    key: Floats
    units: Ints
    held: Floats
    shipped: Ints


def make_case(problem: InventoryRoutingProblem) -> Case:
    """Return the problem as the search sees it."""
    until = np.concatenate([np.zeros((problem.customers + 1, 1), np.int64), np.cumsum(problem.demand, axis=1)], axis=1)
    far = problem.distance.copy()
    far[:, 0] = np.inf
    np.fill_diagonal(far, np.inf)
    width = max(1, min(problem.customers - 1, NEIGHBOURS))
    near = np.argsort(far, axis=1, kind="stable")[:, :width].astype(np.int64)
    holding = problem.holding - problem.holding[0]
    holding[0] = 0.0
    return Case(
        distance=np.ascontiguousarray(problem.distance, dtype=np.float64),
        near=np.ascontiguousarray(near),
        until=until.astype(np.int64),
        opening=problem.opening - problem.least,
        most=problem.most - problem.least,
        holding=holding,
        available=problem.available,
        capacity=int(problem.capacity),
    )


def empty_state(problem: InventoryRoutingProblem, seed: int) -> State:
    """Return a plan without visits."""
    days, vehicles, nodes = problem.days, problem.vehicles, problem.customers + 1

    def whole(*shape: int, fill: int = 0) -> Ints:
        return np.full(shape, fill, dtype=np.int64)

    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return State(
        tour=whole(days, vehicles, nodes + 1),
        length=whole(days, vehicles),
        load=whole(days, vehicles),
        place=whole(days, nodes),
        vehicle=whole(days, nodes, fill=-1),
        units=whole(days, nodes),
        held=np.zeros(nodes),
        shipped=whole(days),
        total=np.array([0.0, 0.0, 0.0, 0.0, np.inf]),
        counter=whole(6),
        version=whole(days, vehicles),
        kept_tour=whole(days, vehicles, nodes + 1),
        kept_length=whole(days, vehicles),
        kept_load=whole(days, vehicles),
        kept_version=whole(days, vehicles),
        kept_step=whole(days, vehicles, fill=-1),
        log=whole(days * vehicles, 2),
        moved=whole(SHIFTS, 4),
        moved_cost=np.zeros(SHIFTS),
        link=whole(days * vehicles, 3),
        link_cost=np.zeros(days * vehicles),
        known_version=whole(days, vehicles, nodes, fill=-1),
        known_cost=np.zeros((days, vehicles, nodes)),
        known_place=whole(days, vehicles, nodes),
        best_tour=whole(days, vehicles, nodes + 1),
        best_length=whole(days, vehicles),
        best_units=whole(days, nodes),
        random=np.maximum(state, np.uint64(1)),
    )


def make_labels(problem: InventoryRoutingProblem) -> Labels:
    """Return work space for the programme over days."""
    days, vehicles = problem.days, problem.vehicles
    return Labels(
        stock=np.zeros((days + 1, LABELS), np.int64),
        cost=np.zeros((days + 1, LABELS)),
        parent=np.zeros((days + 1, LABELS), np.int64),
        units=np.zeros((days + 1, LABELS), np.int64),
        vehicle=np.zeros((days + 1, LABELS), np.int64),
        reached=np.zeros(days + 1, np.int64),
        detour=np.zeros((days, vehicles)),
        open_day=np.ones(days, np.bool_),
        room_left=np.zeros(days, np.int64),
        quantity=np.zeros(days, np.int64),
        choice=np.zeros(days, np.int64),
        candidate=np.zeros(2 * days + vehicles + 8, np.int64),
    )


def make_removal(problem: InventoryRoutingProblem) -> Removal:
    """Return room for the customers of a step."""
    nodes, days = problem.customers + 1, problem.days
    return Removal(
        customer=np.zeros(nodes, np.int64),
        key=np.zeros(nodes),
        units=np.zeros((nodes, days), np.int64),
        held=np.zeros(nodes),
        shipped=np.zeros(days, np.int64),
    )
