"""Where in the network safety stock stands: service times between locations by the guaranteed-service model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from solvers.stock.guaranteed_service import ServiceNetwork, longest_times, optimise_service_times

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """Service times of item-locations, [K] days each.

    Attributes
    ----------
    promised : days that the locations it supplies, or its customers, wait at most.
    covered : days of demand that its safety stock covers: waiting, lead time and review less what is promised.
    """

    promised: Floats
    covered: Floats


def independent_times(lead_days: Floats, review_days: Floats) -> ServiceTimes:
    """Return service times where every location covers its own lead time and review, and promises at once."""
    return ServiceTimes(np.zeros(len(lead_days)), lead_days + review_days)


def guaranteed_times(
    item: npt.NDArray[np.int64],
    source: Integers,
    lead_days: Floats,
    review_days: Floats,
    deviation: Floats,
    target: Floats,
    holding_cost: Floats,
    own_demand: npt.NDArray[np.bool_],
) -> ServiceTimes:
    """Return the service times of least holding cost, item by item.

    Covering t days costs holding_cost z sd sqrt(t), with z the normal quantile of the service target: the
    normal curve decides where stock stands, the fitted distribution how much of it. Locations with customers of
    their own promise at once. Times are whole days, rounded up.

    Parameters
    ----------
    item : [K] number of the item. source : [K] row that supplies it, -1 for a supplier.
    lead_days, review_days : [K]. deviation : [K] of demand per day, dependent demand included.
    target : [K] share. holding_cost : [K] money per unit and day. own_demand : [K].
    """
    promised, covered = np.zeros(len(item)), np.zeros(len(item))
    factor = np.maximum(scipy.special.ndtri(target), 0.0) * deviation * holding_cost
    processing = np.ceil(lead_days + review_days - 1e-9).astype(np.int64)
    order = np.argsort(item, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(item[order])) + 1):
        if not len(rows):
            continue
        place = np.full(len(item), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        inner = np.flatnonzero(source[rows] >= 0)
        origin, destination = place[source[rows[inner]]], inner.astype(np.int64)
        none = np.zeros(len(rows), dtype=np.int64)
        longest = int(longest_times(processing[rows], none, origin, destination).max())
        network = ServiceNetwork(
            processing=processing[rows],
            cost=factor[rows, None] * np.sqrt(np.arange(longest + 1.0)),
            origin=origin,
            destination=destination,
            inbound_time=none,
            max_service=np.where(own_demand[rows], 0, -1),
        )
        times = optimise_service_times(network)
        promised[rows], covered[rows] = times.outbound, times.net
    return ServiceTimes(promised, covered)
