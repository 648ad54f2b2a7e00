"""A plan of orders to begin from: what an engine was asked, and what it answered.

A what-if begins from the baseline's orders. Item-locations whose data are the same keep theirs, the others are planned
anew at the baseline's prices, and the bound of the whole says whether that is good enough.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days
from planner.replenishment.model import KEYS, Model
from planner.replenishment.resources import Resource
from planner.replenishment.visits import ShadowPrices
from solvers.lotsizing.problem import Ints, LotSizingProblem
from solvers.lotsizing.result import Start

_MOST_CHANGED = 0.25
"""Share of the item-locations that may be planned anew around the orders of the others; beyond, all are."""
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem and its plan.

    Attributes
    ----------
    keys : item_id, location_id of the model's K item-locations. resources : what the problem's own are (`named`).
    problem : with what orders share behind the model's own rows; packs [K', T] and prices : its answer.
    visits : source_id, location_id, bucket and the first day (since the start) on which its deliveries come.
    """

    keys: pd.DataFrame
    days: Days
    resources: tuple[tuple[object, ...], ...]
    problem: LotSizingProblem
    packs: Ints
    prices: ShadowPrices
    visits: pd.DataFrame


def visits_of(orders: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Return the visits of published orders, see `Solved`."""
    moved = orders[orders["type"] == "DO"]
    day = days.day_of(moved["receipt_date"])
    visits = moved[["source_id", "location_id"]].assign(bucket=day // days.bucket_days, day=day)
    return visits.sort_values("day").drop_duplicates(["source_id", "location_id", "bucket"], ignore_index=True)


def on_former_days(model: Model, solved: Solved | None) -> Model:
    """Return the model in which deliveries prefer the days on which the former plan's came."""
    if solved is None or solved.days != model.days:
        return model
    lanes = pd.MultiIndex.from_frame(model.rows[["source_id", "location_id"]])
    known = pd.MultiIndex.from_frame(solved.visits[["source_id", "location_id"]])
    names = known.unique()
    day = np.full((len(names) + 1, model.days.total), -1, dtype=np.int64)
    day[names.get_indexer(known), solved.visits["bucket"]] = solved.visits["day"]
    return replace(model, visit_day=np.where(model.visit_day < 0, day[names.get_indexer(lanes)], model.visit_day))


def named(resources: tuple[Resource, ...]) -> tuple[tuple[object, ...], ...]:
    """Return which limits resources stand for, without how much there is."""
    return tuple((each.location_id, each.kind, each.name, each.unit, each.whole) for each in resources)


def begin_from(
    solved: Solved | None, model: Model, problem: LotSizingProblem
) -> tuple[Start | None, ShadowPrices | None]:
    """Return the plan and the prices that a problem can begin from; nothing where its buckets or resources are others.

    Parameters
    ----------
    problem : the model's, with what orders share behind its own rows.
    """
    same_shape = (
        solved is not None
        and solved.days == model.days
        and solved.resources == named(model.resources)
        and solved.problem.resources == problem.resources
    )
    if solved is None or not same_shape:
        return None, None
    K, own = problem.item_locations, len(model.rows)
    index = pd.MultiIndex.from_frame(solved.keys)
    at = np.full(K, -1, dtype=np.intp)
    at[:own] = index.get_indexer(pd.MultiIndex.from_frame(model.rows[KEYS]))
    known = at >= 0
    packs = np.zeros((K, problem.buckets), np.int32)
    stock = np.zeros((K, problem.buckets))
    packs[known], stock[known] = solved.packs[at[known]], solved.prices.stock[at[known]]
    prices = ShadowPrices(solved.prices.resources, stock)
    changed = _changed(solved.problem, problem, at)
    return (Start(packs, changed) if changed.mean() <= _MOST_CHANGED else None), prices


def _changed(before: LotSizingProblem, now: LotSizingProblem, at: Positions) -> Flags:
    """Return [K] item-locations whose data are not those of row `at` before (-1: none), and all that supply them."""
    K = now.item_locations
    known = np.flatnonzero(at >= 0)
    same = np.ones(known.size, dtype=bool)
    for of in fields(now):
        old, new = getattr(before, of.name), getattr(now, of.name)
        if of.name in _SHARED or not new.size:
            continue
        if not old.size:
            same[:] = False
            continue
        equal = old[at[known]] == new[known]
        same &= equal if equal.ndim == 1 else equal.all(axis=1)
    source, former = now.source[known], before.source[at[known]]
    same &= np.where(source < 0, former < 0, (former >= 0) & (at[source] == former))
    count, theirs = np.diff(now.usage_start)[known], at[known]
    same &= count == np.diff(before.usage_start)[theirs]
    rows = np.repeat(np.flatnonzero(same), count[same])
    entry = np.arange(rows.size) - np.repeat(np.cumsum(count[same]) - count[same], count[same])
    mine, other = now.usage_start[known[rows]] + entry, before.usage_start[theirs[rows]] + entry
    for new, old in (
        (now.usage_resource, before.usage_resource),
        (now.usage_amount, before.usage_amount),
        (now.use_per_order(), before.use_per_order()),
    ):
        same[rows[new[mine] != old[other]]] = False
    changed = np.ones(K, dtype=bool)
    changed[known] = ~same
    while True:
        above = now.source[changed]
        above = above[above >= 0]
        if changed[above].all():
            return changed
        changed[above] = True


_SHARED = frozenset(
    {"capacity", "kind", "period", "source", "usage_start", "usage_resource", "usage_amount", "usage_order"}
)
"""What is no row of an item-location alone."""
