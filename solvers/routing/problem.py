"""The vehicle routing problem as plain arrays: depots, clients, vehicle types, distances and durations.

Everything is an integer: metres, seconds, kilograms, cents, whatever the caller scales them to. Integer costs make
incremental deltas exact, so that a solver's own cost can be compared with the judge's to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Rounding = Literal["nearest", "truncate"]

UNBOUNDED = 1 << 40
"""Stands for no limit: far above any distance, time or load, far below overflow when added up."""
OPEN_END = -1
"""As `end_depot`: the route ends at its last client."""


class ProblemError(ValueError):
    """A routing problem whose arrays contradict each other; the text lists every contradiction."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def _int(values: ArrayLike, shape: tuple[int, ...]) -> IntArray:
    """Return `values` as int64 of `shape`, repeated where one value stands for all."""
    array = np.asarray(values)
    if array.dtype.kind not in "iub" and not bool(np.all(np.equal(np.mod(array, 1), 0))):
        raise ProblemError([f"whole numbers expected, got {array.dtype} with fractions"])
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape), dtype=np.int64)
    except ValueError:
        raise ProblemError([f"an array of shape {array.shape} does not fit the shape {shape}"]) from None


@dataclass(frozen=True, slots=True, eq=False)
class VehicleTypes:
    """The fleet: V types of vehicles, Q capacity dimensions; build it with `create`.

    Attributes
    ----------
    count : [V], vehicles of the type.
    capacity : [V, Q], same units as client amounts.
    start_depot : [V], depot index.
    end_depot : [V], depot index or `OPEN_END`.
    fixed_cost : [V], cost of using one vehicle.
    distance_cost : [V], cost per unit of distance.
    duration_cost : [V], cost per unit of time between departure and return.
    profile : [V], index of the distance and duration matrix.
    shift : [V, 2], earliest departure and latest return.
    max_duration, max_distance, max_stops : [V], limits of one route.
    skills : [V], bit mask of what the vehicle can do.
    max_reloads : [V], visits to the depot in the middle of a route.
    allowed : [V, C], whether the type may serve the client.
    """

    count: IntArray
    capacity: IntArray
    start_depot: IntArray
    end_depot: IntArray
    fixed_cost: IntArray
    distance_cost: IntArray
    duration_cost: IntArray
    profile: IntArray
    shift: IntArray
    max_duration: IntArray
    max_distance: IntArray
    max_stops: IntArray
    skills: IntArray
    max_reloads: IntArray
    allowed: BoolArray | None

    @classmethod
    def create(
        cls,
        *,
        count: ArrayLike,
        capacity: ArrayLike,
        start_depot: ArrayLike = 0,
        end_depot: ArrayLike | None = None,
        fixed_cost: ArrayLike = 0,
        distance_cost: ArrayLike = 1,
        duration_cost: ArrayLike = 0,
        profile: ArrayLike = 0,
        shift: ArrayLike = (0, UNBOUNDED),
        max_duration: ArrayLike = UNBOUNDED,
        max_distance: ArrayLike = UNBOUNDED,
        max_stops: ArrayLike = UNBOUNDED,
        skills: ArrayLike = 0,
        max_reloads: ArrayLike = 0,
        allowed: ArrayLike | None = None,
    ) -> VehicleTypes:
        """Fill in what is not given; a single value stands for every type.

        Raises
        ------
        ProblemError
            If shapes do not fit.
        """
        capacities = np.atleast_2d(np.asarray(capacity))
        types = capacities.shape[0]
        starts = _int(start_depot, (types,))
        return cls(
            count=_int(count, (types,)),
            capacity=_int(capacities, capacities.shape),
            start_depot=starts,
            end_depot=starts if end_depot is None else _int(end_depot, (types,)),
            fixed_cost=_int(fixed_cost, (types,)),
            distance_cost=_int(distance_cost, (types,)),
            duration_cost=_int(duration_cost, (types,)),
            profile=_int(profile, (types,)),
            shift=_int(shift, (types, 2)),
            max_duration=_int(max_duration, (types,)),
            max_distance=_int(max_distance, (types,)),
            max_stops=_int(max_stops, (types,)),
            skills=_int(skills, (types,)),
            max_reloads=_int(max_reloads, (types,)),
            allowed=None if allowed is None else np.asarray(allowed, dtype=np.bool_),
        )

    @property
    def types(self) -> int:
        """Number of vehicle types."""
        return len(self.count)


@dataclass(frozen=True, slots=True, eq=False)
class RoutingProblem:
    """D depots and C clients; nodes are the depots, then the clients. Build it with `create` or `cvrp`.

    The objective to minimise is, over the routes, fixed cost + distance x distance cost + duration x duration cost,
    plus the prizes of optional clients that are not served. Required clients should all be served; one that cannot
    is left unassigned and makes the answer partial, never impossible.

    Attributes
    ----------
    depots : D, number of depots.
    distances : [P, D + C, D + C] by profile, or None: rounded Euclidean distances of `coordinates`.
    durations : same shape, or None: durations equal distances.
    coordinates : [D + C, 2], or None where matrices are given.
    rounding : how a Euclidean distance becomes an integer.
    scale : factor on Euclidean distances before rounding (10 keeps one decimal).
    depot_windows : [D, 2], opening hours.
    delivery : [C, Q], brought from the depot.
    pickup : [C, Q], brought to the depot.
    windows : [C, W, 2], service starts within one of them; where a client has fewer, its last one is repeated.
    service : [C], duration of the visit.
    release : [C], a vehicle cannot leave the depot with the client's goods before.
    prize : [C], cost of not serving an optional client.
    required : [C], whether the client must be served.
    priority : [C], the higher, the later a required client is left out when not all fit; 0 is ordinary.
    skills : [C], bit mask of what the vehicle must be able to do.
    backhaul : [C], whether it comes after all other clients of its route; no route has backhauls only.
    vehicles : the fleet.
    """

    depots: int
    distances: IntArray | None
    durations: IntArray | None
    coordinates: FloatArray | None
    rounding: Rounding
    scale: float
    depot_windows: IntArray
    delivery: IntArray
    pickup: IntArray
    windows: IntArray
    service: IntArray
    release: IntArray
    prize: IntArray
    required: BoolArray
    priority: IntArray
    skills: IntArray
    backhaul: BoolArray
    vehicles: VehicleTypes

    @classmethod
    def create(
        cls,
        *,
        depots: int,
        vehicles: VehicleTypes,
        delivery: ArrayLike,
        pickup: ArrayLike = 0,
        distances: ArrayLike | None = None,
        durations: ArrayLike | None = None,
        coordinates: ArrayLike | None = None,
        rounding: Rounding = "nearest",
        scale: float = 1.0,
        depot_windows: ArrayLike = (0, UNBOUNDED),
        windows: ArrayLike = (0, UNBOUNDED),
        service: ArrayLike = 0,
        release: ArrayLike = 0,
        prize: ArrayLike = 0,
        required: ArrayLike = True,
        priority: ArrayLike = 0,
        skills: ArrayLike = 0,
        backhaul: ArrayLike = False,
    ) -> RoutingProblem:
        """Fill in what is not given; check that everything fits together.

        `delivery` [C] or [C, Q] sets the number of clients and dimensions; a matrix [D + C, D + C] stands for a single
        profile; `windows` may be [C, 2].

        Raises
        ------
        ProblemError
            With every contradiction found.
        """
        amounts = np.asarray(delivery)
        amounts = amounts[:, None] if amounts.ndim == 1 else amounts
        clients, dimensions = amounts.shape
        picked = np.asarray(pickup)
        picked = picked[:, None] if picked.ndim == 1 else picked
        spans = np.asarray(windows)
        spans = spans[:, None, :] if spans.ndim == 2 else spans
        count = spans.shape[1] if spans.ndim == 3 else 1
        problem = cls(
            depots=depots,
            distances=_matrices(distances, depots + clients),
            durations=_matrices(durations, depots + clients),
            coordinates=None if coordinates is None else np.ascontiguousarray(coordinates, dtype=np.float64),
            rounding=rounding,
            scale=float(scale),
            depot_windows=_int(depot_windows, (depots, 2)),
            delivery=_int(amounts, (clients, dimensions)),
            pickup=_int(picked, (clients, dimensions)),
            windows=_int(spans, (clients, count, 2)),
            service=_int(service, (clients,)),
            release=_int(release, (clients,)),
            prize=_int(prize, (clients,)),
            required=np.ascontiguousarray(np.broadcast_to(np.asarray(required, dtype=np.bool_), (clients,))),
            priority=_int(priority, (clients,)),
            skills=_int(skills, (clients,)),
            backhaul=np.ascontiguousarray(np.broadcast_to(np.asarray(backhaul, dtype=np.bool_), (clients,))),
            vehicles=vehicles,
        )
        problems = find_contradictions(problem)
        if problems:
            raise ProblemError(problems)
        return problem

    @classmethod
    def cvrp(cls, coordinates: ArrayLike, demand: ArrayLike, capacity: int, count: int | None = None) -> RoutingProblem:
        """Return the classic problem: one depot (first row), one capacity, rounded Euclidean distances.

        Parameters
        ----------
        coordinates : [1 + C, 2], depot first.
        demand : [C].
        capacity : of every vehicle.
        count : number of vehicles; by default as many as clients.
        """
        amounts = np.asarray(demand)
        vehicles = VehicleTypes.create(count=len(amounts) if count is None else count, capacity=[[capacity]])
        return cls.create(depots=1, vehicles=vehicles, delivery=amounts, coordinates=coordinates)

    @property
    def clients(self) -> int:
        """Number of clients."""
        return len(self.delivery)

    @property
    def nodes(self) -> int:
        """Depots and clients together."""
        return self.depots + self.clients

    @property
    def dimensions(self) -> int:
        """Number of capacity dimensions."""
        return int(self.delivery.shape[1])

    @property
    def profiles(self) -> int:
        """Number of distance matrices."""
        return 1 if self.distances is None else int(self.distances.shape[0])

    def compatible(self) -> BoolArray:
        """Return [V, C]: whether the type has the client's skills, may serve it and can carry its goods alone."""
        fleet = self.vehicles
        able: BoolArray = (self.skills[None, :] & ~fleet.skills[:, None]) == 0
        fits = (self.delivery[None] <= fleet.capacity[:, None]) & (self.pickup[None] <= fleet.capacity[:, None])
        able &= fits.all(axis=2)
        if fleet.allowed is not None:
            able &= fleet.allowed
        return able


def _matrices(values: ArrayLike | None, nodes: int) -> IntArray | None:
    if values is None:
        return None
    array = np.asarray(values)
    array = array[None] if array.ndim == 2 else array
    if array.dtype.kind == "f" and not bool(np.isfinite(array).all()):
        raise ProblemError(["a matrix has missing or infinite entries"])
    return _int(array, (array.shape[0], nodes, nodes) if array.ndim == 3 else (1, nodes, nodes))


def find_contradictions(problem: RoutingProblem) -> list[str]:
    """Return what is wrong with the arrays, each fault with its first places; empty when all is well."""
    faults: list[str] = []

    def check(name: str, bad: NDArray[Any], what: str) -> None:
        if bad.any():
            places = ", ".join(str(tuple(int(k) for k in place)) for place in np.argwhere(bad)[:3])
            faults.append(f"{name}: {what} at {places} ({int(bad.sum())} in all)")

    if problem.distances is None and problem.coordinates is None:
        faults.append("distances: neither a matrix nor coordinates are given")
    if problem.coordinates is not None:
        if problem.coordinates.shape != (problem.nodes, 2):
            faults.append(f"coordinates: shape {problem.coordinates.shape}, expected {(problem.nodes, 2)}")
        check("coordinates", ~np.isfinite(problem.coordinates), "not a finite number")
    for name in ("distances", "durations", "delivery", "pickup", "service", "release", "prize", "priority"):
        values = getattr(problem, name)
        if values is not None:
            check(name, values < 0, "negative")
    check("windows", problem.windows[..., 0] > problem.windows[..., 1], "a window ends before it starts")
    check("depot_windows", problem.depot_windows[:, 0] > problem.depot_windows[:, 1], "closes before it opens")
    return faults + _fleet_contradictions(problem)


def _fleet_contradictions(problem: RoutingProblem) -> list[str]:
    fleet = problem.vehicles
    faults: list[str] = []
    if fleet.capacity.shape[1] != problem.dimensions:
        faults.append(f"vehicles: {fleet.capacity.shape[1]} capacity dimensions, clients have {problem.dimensions}")
    if ((fleet.start_depot < 0) | (fleet.start_depot >= problem.depots)).any():
        faults.append("vehicles: a start depot does not exist")
    if ((fleet.end_depot < OPEN_END) | (fleet.end_depot >= problem.depots)).any():
        faults.append("vehicles: an end depot does not exist")
    if (fleet.shift[:, 0] > fleet.shift[:, 1]).any():
        faults.append("vehicles: a shift ends before it starts")
    if ((fleet.profile < 0) | (fleet.profile >= problem.profiles)).any():
        faults.append("vehicles: a profile has no matrix")
    if problem.durations is not None and problem.durations.shape[0] != problem.profiles:
        faults.append("durations: not as many profiles as distances")
    if fleet.allowed is not None and fleet.allowed.shape != (fleet.types, problem.clients):
        faults.append(f"vehicles: allowed has shape {fleet.allowed.shape}, expected {(fleet.types, problem.clients)}")
    signed = {"end_depot", "allowed", "skills"}
    for field in fields(fleet):
        values = getattr(fleet, field.name)
        if field.name not in signed and (values < 0).any():
            faults.append(f"vehicles: {field.name} is negative")
    return faults
