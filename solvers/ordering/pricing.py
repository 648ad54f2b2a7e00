"""The rule that prices each unit: order a unit while it saves more shortage than it costs to hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.ordering.pricing_kernels import price_units

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OrderingProblem:
    """One order decision for each of K item-locations, on P sampled demand paths of H buckets.

    Attributes
    ----------
    demand : [K, P, H] demand of each path, base units per bucket, not negative.
    on_hand : [K] stock before the first bucket, base units; negative where backorders are owed.
    arrivals : [K, H] units of earlier orders that arrive at each bucket's start.
    lead_buckets : [K] the new order arrives at the start of the bucket with this index.
    review_buckets : [K] buckets between two orders, at least 1.
    holding_cost : [K] money per unit in stock at a bucket's end.
    shortage_cost : [K] money per unit of demand lost, or per unit and bucket owed.
    carry : [K] share 0..1 of the units left over from one bucket to the next, after the review period, that
        later orders cannot make up for by being smaller.
    lost_sales : [K] whether unmet demand is lost; otherwise it is owed.
    """

    demand: npt.NDArray[np.int32]
    on_hand: Integers
    arrivals: Integers
    lead_buckets: Integers
    review_buckets: Integers
    holding_cost: Floats
    shortage_cost: Floats
    carry: Floats
    lost_sales: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        count, paths, horizon = self.demand.shape
        if paths == 0:
            raise ValueError("no demand paths")
        if self.arrivals.shape != (count, horizon):
            raise ValueError(f"arrivals have shape {self.arrivals.shape}, demand asks for {(count, horizon)}")
        for name in (
            "on_hand",
            "lead_buckets",
            "review_buckets",
            "holding_cost",
            "shortage_cost",
            "carry",
            "lost_sales",
        ):
            if getattr(self, name).shape != (count,):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, demand asks for {(count,)}")
        if (self.lead_buckets < 0).any() or (self.lead_buckets >= horizon).any():
            raise ValueError(f"every lead time must lie within the {horizon} buckets of the paths")
        if (self.review_buckets < 1).any():
            raise ValueError("review periods must be at least one bucket")


def order_quantities(problem: OrderingProblem) -> Integers:
    r"""Return the quantities [K] to order now, base units.

    Notes
    -----
    On a path, unit :math:`u` of the order is used up as soon as the demand :math:`N_j` that would go unmet
    without the order, counted from the arrival in bucket :math:`L` to bucket :math:`j`, reaches :math:`u`.
    With review period :math:`R` it is ordered while

    .. math:: b\,P(N_{L+R-1} \ge u) > h \sum_{j=L}^{H-1} w_j\,P(N_j < u),
              \qquad w_j = \gamma^{\max(0,\,j-L-R+1)}

    The left side falls and the right side rises in :math:`u`, so the first unit that does not pay ends the
    order. It is the marginal cost accounting of Levi, Janakiraman and Nagarajan (2008, "A 2-approximation
    algorithm for stochastic inventory control models with lost sales", Math. Oper. Res. 33) with the cost of a
    leftover discounted by :math:`\gamma`, for what later orders can correct. :math:`\gamma = 0` is the
    newsvendor fractile :math:`b/(b+h)` of the demand until the next arrival. With backorders the left side is
    the sum over the buckets of the review period, as owed units cost in each.
    """
    orders = np.zeros(len(problem.on_hand), dtype=np.int64)
    price_units(
        problem.demand,
        problem.on_hand,
        problem.arrivals,
        problem.lead_buckets,
        problem.review_buckets,
        problem.holding_cost,
        problem.shortage_cost,
        problem.carry,
        problem.lost_sales,
        orders,
    )
    return orders
