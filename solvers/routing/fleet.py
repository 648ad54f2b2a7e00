"""The fleet of a routing problem as plain arrays: vehicle types, their costs, limits, breaks and skills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

UNBOUNDED = 1 << 40
"""Stands for no limit: far above any distance, time or load, far below overflow when added up."""
OPEN_END = -1
"""As `end_depot`: the route ends at its last client."""
NO_BREAK = -1
"""As the duration of a break: the type has fewer breaks than others."""
AS_CLIENT = -1
"""As a service or setup time of a vehicle type: the client's own."""


class ProblemError(ValueError):
    """A routing problem whose arrays contradict each other; the text lists every contradiction."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def whole_numbers(values: ArrayLike, shape: tuple[int, ...]) -> IntArray:
    """Return `values` as int64 of `shape`, repeated where one value stands for all; ProblemError where it cannot be.

    They can be written to: to Numba an array that cannot is of another type, for which all kernels compile anew.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iub" and not bool(np.all(np.equal(np.mod(array, 1), 0))):
        raise ProblemError([f"whole numbers expected, got {array.dtype} with fractions"])
    try:
        whole = array if array.shape == shape else np.broadcast_to(array, shape)
        return np.require(whole, np.int64, ["C_CONTIGUOUS", "WRITEABLE"])
    except ValueError:
        raise ProblemError([f"an array of shape {array.shape} does not fit the shape {shape}"]) from None


@dataclass(frozen=True, slots=True, eq=False)
class Breaks:
    """Drivers' breaks, B of each of V vehicle types, taken in this order by every vehicle that is used.

    A break stands between two stops of a route. It starts as soon as the driver can and a window is open; until then he
    drives on towards the next stop, so a break may fall on the way; the drive takes as long as without it.

    Attributes
    ----------
    windows : [V, B, W, 2], the break starts within one of them.
    duration : [V, B], `NO_BREAK` where the type has fewer breaks.
    max_load : [V, B, Q], most that may be on board during the break.
    """

    windows: IntArray
    duration: IntArray
    max_load: IntArray

    @classmethod
    def create(cls, windows: ArrayLike, duration: ArrayLike, max_load: ArrayLike, dimensions: int) -> Breaks:
        """Build from windows [V, B, 2] or [V, B, W, 2], durations [V, B] and loads [V, B, Q] (or one for all).

        Raises
        ------
        ProblemError
            If shapes do not fit.
        """
        spans = np.asarray(windows)
        spans = spans[:, :, None, :] if spans.ndim == 3 else spans
        types, number = spans.shape[:2]
        return cls(
            windows=whole_numbers(spans, spans.shape),
            duration=whole_numbers(duration, (types, number)),
            max_load=whole_numbers(max_load, (types, number, dimensions)),
        )


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
    driving_cost : [V], cost per unit of time at the wheel.
    service_cost : [V], cost per unit of service and setup time.
    overtime_cost : [V], cost per unit of duration above `regular_duration`, on top of the duration's.
    regular_duration : [V], duration of a route that is no overtime.
    profile : [V], index of the distance and duration matrix.
    shift : [V, 2], earliest departure and latest return.
    max_duration, max_driving, max_distance, max_stops : [V], limits of one route.
    skills : [V], bit mask of what the vehicle can do.
    max_reloads : [V], visits to the depot in the middle of a route.
    allowed : [V, C], whether the type may serve the client.
    service, setup : [V, C], times of the type at the client where it has its own, else `AS_CLIENT`; None: nowhere.
    breaks : None where no driver has any.
    """

    count: IntArray
    capacity: IntArray
    start_depot: IntArray
    end_depot: IntArray
    fixed_cost: IntArray
    distance_cost: IntArray
    duration_cost: IntArray
    driving_cost: IntArray
    service_cost: IntArray
    overtime_cost: IntArray
    regular_duration: IntArray
    profile: IntArray
    shift: IntArray
    max_duration: IntArray
    max_driving: IntArray
    max_distance: IntArray
    max_stops: IntArray
    skills: IntArray
    max_reloads: IntArray
    allowed: BoolArray | None
    service: IntArray | None
    setup: IntArray | None
    breaks: Breaks | None

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
        driving_cost: ArrayLike = 0,
        service_cost: ArrayLike = 0,
        overtime_cost: ArrayLike = 0,
        regular_duration: ArrayLike = UNBOUNDED,
        profile: ArrayLike = 0,
        shift: ArrayLike = (0, UNBOUNDED),
        max_duration: ArrayLike = UNBOUNDED,
        max_driving: ArrayLike = UNBOUNDED,
        max_distance: ArrayLike = UNBOUNDED,
        max_stops: ArrayLike = UNBOUNDED,
        skills: ArrayLike = 0,
        max_reloads: ArrayLike = 0,
        allowed: ArrayLike | None = None,
        service: ArrayLike | None = None,
        setup: ArrayLike | None = None,
        breaks: Breaks | None = None,
    ) -> VehicleTypes:
        """Fill in what is not given; a single value stands for every type.

        Raises
        ------
        ProblemError
            If shapes do not fit.
        """
        capacities = np.atleast_2d(np.asarray(capacity))
        types = capacities.shape[0]
        starts = whole_numbers(start_depot, (types,))
        one_each = {
            "count": count, "fixed_cost": fixed_cost, "distance_cost": distance_cost, "duration_cost": duration_cost,
            "driving_cost": driving_cost, "service_cost": service_cost, "overtime_cost": overtime_cost,
            "regular_duration": regular_duration, "profile": profile, "max_duration": max_duration,
            "max_driving": max_driving, "max_distance": max_distance, "max_stops": max_stops, "skills": skills,
            "max_reloads": max_reloads,
        }  # fmt: skip
        return cls(
            **{name: whole_numbers(values, (types,)) for name, values in one_each.items()},
            capacity=whole_numbers(capacities, capacities.shape),
            start_depot=starts,
            end_depot=starts if end_depot is None else whole_numbers(end_depot, (types,)),
            shift=whole_numbers(shift, (types, 2)),
            allowed=None if allowed is None else np.asarray(allowed, dtype=np.bool_),
            service=None if service is None else whole_numbers(service, np.shape(service)),
            setup=None if setup is None else whole_numbers(setup, np.shape(setup)),
            breaks=breaks,
        )

    @property
    def types(self) -> int:
        """Number of vehicle types."""
        return len(self.count)
