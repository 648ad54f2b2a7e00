"""Parts of a problem that share nothing: each is planned by itself, and together they are the whole."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from solvers.lotsizing.problem import Ints, LotSizingProblem

_LEAST = 2_000
"""Parts smaller than this many item-locations are planned together, up to about this many."""
_SHARED = {"capacity", "kind", "usage_start", "usage_resource", "usage_amount", "usage_order", "period"}
_MAY_BE_EMPTY = {"sellable", "waste_cost"}


def split(problem: LotSizingProblem, least: int = _LEAST) -> list[Ints]:
    """Return the item-locations of every part, ascending; parts in the order of their first one."""
    K, R = problem.item_locations, problem.resources
    if least >= K:
        return [np.arange(K, dtype=np.int32)]
    users = np.repeat(np.arange(K), np.diff(problem.usage_start))
    supplied = np.flatnonzero(problem.source >= 0)
    ends = np.concatenate([problem.usage_resource + K, problem.source[supplied]])
    begins = np.concatenate([users, supplied])
    graph = coo_array((np.ones(begins.size, np.int8), (begins, ends)), shape=(K + R, K + R))
    label = connected_components(graph, directed=False)[1][:K]
    _, first, label, size = np.unique(label, return_index=True, return_inverse=True, return_counts=True)
    group = np.zeros(size.size, np.int64)
    filled, groups = least, -1
    lone = groups
    for component in np.argsort(first):
        if size[component] >= least:
            groups += 1
            group[component] = groups
            continue
        if filled + size[component] > least:
            groups += 1
            lone, filled = groups, 0
        group[component] = lone
        filled += int(size[component])
    of_item = group[label]
    members = np.argsort(of_item, kind="stable").astype(np.int32)
    return np.split(members, np.cumsum(np.bincount(of_item, minlength=groups + 1))[:-1])


def part(problem: LotSizingProblem, items: Ints) -> tuple[LotSizingProblem, Ints]:
    """Return the problem of `items` alone and the resources it has, as rows of the whole."""
    count = np.diff(problem.usage_start)[items]
    ends = np.cumsum(count)
    entries = np.arange(ends[-1] if ends.size else 0) + np.repeat(problem.usage_start[items] - (ends - count), count)
    used = problem.usage_resource[entries]
    resources = np.unique(used)
    place = np.full(problem.item_locations + 1, -1, np.int32)
    place[items] = np.arange(items.size)
    names = {f.name for f in fields(problem)} - _SHARED - (set() if problem.sellable.size else _MAY_BE_EMPTY)
    own = {name: getattr(problem, name)[items] for name in names}
    own["source"] = place[own["source"]]
    return LotSizingProblem(
        **own,
        capacity=problem.capacity[resources],
        kind=problem.kind[resources],
        usage_start=np.concatenate([[0], ends]).astype(np.int32),
        usage_resource=np.searchsorted(resources, used).astype(np.int32),
        usage_amount=problem.usage_amount[entries],
        usage_order=problem.usage_order[entries] if problem.usage_order.size else np.zeros(0),
        period=problem.period[resources] if problem.period.size else problem.period,
    ), resources.astype(np.int32)
