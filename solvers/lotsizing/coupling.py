"""What item-locations share, indexed both ways: resources and their users, sources and whom they supply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.problem import Floats, Ints, Longs, LotSizingProblem


@dataclass(frozen=True, slots=True)
class Coupling:
    """Rows that tie item-locations together, and the order in which sources must be planned.

    Attributes
    ----------
    leaves : item-locations that supply no other.
    sources : [J] item-locations that supply others, those nearest to an outside supplier first.
    row_of : [K] position in `sources`, -1 for leaves.
    child_start : [J + 1], child_item : whom each source supplies.
    grid : [J] units; everything a source sends is a multiple of it, and so are its stocks up to a rest.
    user_start : [R + 1], user_item, user_amount : who uses each resource and how much; user_order : per order, empty
        where no order as such uses any.
    """

    leaves: Ints
    sources: Ints
    row_of: Ints
    child_start: Ints
    child_item: Ints
    grid: Longs
    user_start: Ints
    user_item: Ints
    user_amount: Floats
    user_order: Floats

    @classmethod
    def of(cls, problem: LotSizingProblem) -> Coupling:
        """Index the problem; ValueError if item-locations supply each other in a circle."""
        K = problem.item_locations
        supplies = np.zeros(K, bool)
        supplies[problem.source[problem.source >= 0]] = True
        sources = np.flatnonzero(supplies)
        sources = sources[np.argsort(_depth(problem.source)[sources], kind="stable")]
        row_of = np.full(K, -1, np.int32)
        row_of[sources] = np.arange(sources.size)
        children = np.flatnonzero(problem.source >= 0)
        child_start, child_item = _group(row_of[problem.source[children]], children, sources.size)
        entry_item = np.repeat(np.arange(K), np.diff(problem.usage_start))
        order = np.argsort(problem.usage_resource, kind="stable")
        counts = np.bincount(problem.usage_resource, minlength=problem.resources)
        grid = np.array(
            [_grid(problem, int(j), child_item[slice(*child_start[i : i + 2])]) for i, j in enumerate(sources)]
        )
        return cls(
            leaves=np.flatnonzero(~supplies).astype(np.int32),
            sources=sources.astype(np.int32),
            row_of=row_of,
            child_start=child_start,
            child_item=child_item,
            grid=grid.astype(np.int64),
            user_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            user_item=entry_item[order].astype(np.int32),
            user_amount=problem.usage_amount[order],
            user_order=problem.usage_order[order] if problem.usage_order.size else np.zeros(0),
        )


def _depth(source: Ints) -> Longs:
    """Return the steps from an outside supplier, [K]."""
    depth = np.zeros(source.size, np.int64)
    at = source.astype(np.int64)
    for _ in range(source.size + 1):
        if (at < 0).all():
            return depth
        depth[at >= 0] += 1
        at = np.where(at >= 0, source[np.maximum(at, 0)], -1)
    raise ValueError("source: item-locations supply each other in a circle")


def _group(row: Ints, items: Longs, rows: int) -> tuple[Ints, Ints]:
    """Return starts and members of each row's items, in their order."""
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
    return start.astype(np.int32), items[np.argsort(row, kind="stable")].astype(np.int32)


def _grid(problem: LotSizingProblem, source: int, children: Ints) -> int:
    """Return the greatest common divisor of all quantities that move at a source."""
    divisor = int(np.gcd.reduce(np.append(problem.pack[children], problem.pack[source])))
    demand = problem.demand[source]
    if demand.any():
        stocks = np.append(problem.receipts[source], abs(int(problem.opening[source])))
        divisor = int(np.gcd.reduce(np.concatenate([[divisor], demand, stocks])))
    return divisor
