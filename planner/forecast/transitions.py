"""Successors: the history of an old item counts for the new one, and the old one phases out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def inherit(item: Integers, transitions: pd.DataFrame, items: pd.Index) -> tuple[Integers, Floats, Integers]:
    """Return the rows of history with the copies that successors inherit.

    Parameters
    ----------
    item : [N] position of each row's item in `items`.
    transitions : from_item_id, to_item_id, date, share; taken in order of date, so that a successor of a
        successor inherits from both.

    Returns
    -------
    row : [N'] position of the row in `item`; the first N are the rows themselves.
    share : [N'] factor of its quantity.
    successor : [N'] item for which it counts.
    """
    rows, shares, successors = [np.arange(len(item))], [np.ones(len(item))], [item]
    inherited: dict[int, list[tuple[Integers, Floats]]] = {}

    def history_of(code: int) -> list[tuple[Integers, Floats]]:
        own = np.flatnonzero(item == code)
        return [(own, np.ones(len(own))), *inherited.get(code, [])]

    dated = transitions.sort_values(["date", "from_item_id", "to_item_id"])
    olds, news = (items.get_indexer(pd.Index(dated[name])) for name in ("from_item_id", "to_item_id"))
    for old, new, passing in zip(olds.tolist(), news.tolist(), dated["share"].to_numpy(np.float64), strict=True):
        if new < 0 or old == new:
            continue
        for row, share in history_of(old):
            inherited.setdefault(new, []).append((row, share * passing))
            rows.append(row)
            shares.append(share * passing)
            successors.append(np.full(len(row), new))
    return np.concatenate(rows), np.concatenate(shares), np.concatenate(successors)


def phase_factors(
    keys: pd.DataFrame, own_share: Floats, transitions: pd.DataFrame, horizon: Horizon
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return what is left of the forecast in each bucket, and which series phase out or in.

    An old item keeps its demand before the date of the transition and none from it on. A new item has all
    of it from the date on, and before it only the share that it already sold itself.

    Parameters
    ----------
    own_share : [K] share of the recent demand of each series that is its own, not inherited.

    Returns
    -------
    factors : [K, H] in 0..1.
    outgoing, incoming : [K] series whose item is an old or a new one in `transitions`.
    """
    factors = np.ones((len(keys), horizon.buckets))
    first = np.arange(horizon.buckets) * horizon.bucket_days
    outgoing, incoming = np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=bool)
    item = keys["item_id"].to_numpy()
    days = (transitions["date"] - pd.Timestamp(horizon.start)).dt.days.to_numpy()
    for day, from_item, to_item in zip(days, transitions["from_item_id"], transitions["to_item_id"], strict=True):
        before = np.clip((day - first) / horizon.bucket_days, 0.0, 1.0)
        old, new = item == from_item, item == to_item
        factors[old] *= before
        factors[new] *= (1.0 - before) + before * own_share[new, None]
        outgoing |= old
        incoming |= new
    return factors, outgoing, incoming
