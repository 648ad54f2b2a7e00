"""Specificity: which of many rows applies, where a row may name an item or its category, a location or its region.

A row applies to an item-location where every key that it names agrees; an empty key means "all".
Of the rows that apply one wins, by this total order:

1. what it says of the item: item before category before neither;
2. what it says of the place: location before region before neither;
3. `priority`, the lowest first, where the table has that column;
4. the order of the rows, the first first.

So `item` alone (rank 6) beats `category, location` (rank 5). A row that names an item and its
category counts as naming the item.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.tables.columns import TableSchema

RULE_KEYS = ("item_id", "category", "location_id", "region")
CLASS_KEYS = ("abc_class", "xyz_class")
"""Keys of policies besides: they follow from demand, so only the planner knows them."""

Codes = npt.NDArray[np.int64]


def most_specific(keys: pd.DataFrame, rules: pd.DataFrame) -> Codes:
    """Return the position in `rules` of the row that wins for every key, -1 where none applies.

    Parameters
    ----------
    keys : [n] rows with item_id, category, location_id and region; of these, only columns that
        `rules` has are needed.
    rules : [m] rows with any of the same columns, "" or missing meaning "all", and perhaps
        `priority`.

    Returns
    -------
    [n] int64
        Positions (not labels) in `rules`. Time grows with n times the number of different
        combinations of named keys (at most 16), not with n times m.
    """
    if keys.empty or rules.empty:
        return np.full(len(keys), -1, dtype=np.int64)
    rank = specificity_rank(rules)
    best = np.full(len(keys), len(rules), dtype=np.int64)
    named = {name: named_keys(rules, name) for name in RULE_KEYS}
    encoded = {name: _encode(keys[name], rules[name]) for name, uses in named.items() if uses.any()}
    patterns = np.array([1, 2, 4, 8]) @ np.array(list(named.values()), dtype=np.int64)
    for pattern in np.unique(patterns):
        members = np.flatnonzero(patterns == pattern)
        columns = [encoded[name] for name, uses in named.items() if uses[members[0]]]
        np.minimum(best, _best_rank(columns, members, rank, len(keys)), out=best)
    position = np.append(np.argsort(rank), -1)
    return position[best].astype(np.int64)


def specificity_rank(rules: pd.DataFrame) -> Codes:
    """Return the place of every row in the total order, 0 for the one that beats all others."""
    if "priority" in rules:
        priority = rules["priority"].to_numpy(dtype=np.float64, na_value=np.inf)
    else:
        priority = np.zeros(len(rules))
    order = np.lexsort((np.arange(len(rules)), priority, -specificity(rules)))
    rank = np.empty(len(rules), dtype=np.int64)
    rank[order] = np.arange(len(rules))
    return rank


def specificity(rules: pd.DataFrame) -> Codes:
    """Return how specific every row is: 3 * (2 item, 1 category, 0 neither) + (2 location, 1 region, 0 neither)."""
    item, category, location, region = (named_keys(rules, name) for name in RULE_KEYS)
    of_item = np.where(item, 2, np.where(category, 1, 0))
    of_place = np.where(location, 2, np.where(region, 1, 0))
    return (3 * of_item + of_place).astype(np.int64)


def named_keys(rules: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    """Return which rows name the key `name`: [m] mask."""
    if name not in rules:
        return np.zeros(len(rules), dtype=bool)
    column = rules[name]
    return (column.notna() & (column != "")).to_numpy(dtype=bool)


def is_rule_table(schema: TableSchema) -> bool:
    """Return whether the rows of a table are rules, naming an item or its category, a location or its region."""
    key = set(schema.key)
    return {"item_id", "category"} <= key or {"location_id", "region"} <= key


def describe_rule(table: str, row: pd.Series[Any]) -> str:
    """Return where a winning row stands and what it names: `lanes line 4 (category whiskey, region north)`."""
    words = {"item_id": "item", "location_id": "location", "abc_class": "class", "xyz_class": "class"}
    keys = (*RULE_KEYS, *CLASS_KEYS)
    named = [
        f"{words.get(name, name)} {row[name]}" for name in keys if name in row and pd.notna(row[name]) and row[name]
    ]
    line = f" line {row['line']}" if "line" in row else ""
    return f"{table}{line} ({', '.join(named) or 'all items, all locations'})"


def _encode(keys: pd.Series[Any], rules: pd.Series[Any]) -> tuple[Codes, Codes]:
    """Return codes of keys and rules over the values of the rules, -1 for keys that no rule names."""
    values = pd.Index(rules.astype(object).unique())
    if isinstance(keys.dtype, pd.CategoricalDtype):
        of_category = np.append(values.get_indexer(keys.cat.categories.astype(object)), -1)
        of_keys = of_category[keys.cat.codes.to_numpy()]
    else:
        of_keys = values.get_indexer(pd.Index(keys.to_numpy(dtype=object)))
    return of_keys.astype(np.int64), values.get_indexer(pd.Index(rules.to_numpy(dtype=object))).astype(np.int64)


def _best_rank(columns: list[tuple[Codes, Codes]], members: Codes, rank: Codes, count: int) -> Codes:
    """Return the lowest rank among `members` that agree with each key in every column; len(rank) for none."""
    key_code = np.zeros(count, dtype=np.int64)
    rule_code = np.zeros(len(members), dtype=np.int64)
    applies = np.ones(count, dtype=bool)
    for of_keys, of_rules in columns:
        # pairs of codes are numbered anew in each step, so that the numbers stay small
        width = int(of_rules.max()) + 1
        pairs, rule_code = np.unique(rule_code * width + of_rules[members], return_inverse=True)
        wanted = key_code * width + of_keys
        key_code = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
        applies &= (of_keys >= 0) & (pairs[key_code] == wanted)
    lowest = np.full(int(rule_code.max()) + 1, len(rank), dtype=np.int64)
    np.minimum.at(lowest, rule_code, rank[members])
    return np.where(applies, lowest[key_code], len(rank))
