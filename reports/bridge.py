"""A bridge between two plans: how the change of every key figure splits over the parts that were changed.

What a part adds depends on what was changed before it. Its share is therefore the mean of what it adds
over the orders in which the parts can be applied: the Shapley value (Shapley 1953, "A value for n-person
games"), the only split that adds up, treats equal parts equally and gives nothing to a part that changes
nothing. Every order adds up by itself, so the mean over some of the orders adds up too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.comparison_tables import BRIDGE
from reports.figures import is_money
from reports.tables import conform

Chosen = frozenset[str]
Orders = Sequence[tuple[str, ...]]
_Rows = list[tuple[object, ...]]
COST_KINDS = {
    "planned_cost": ("holding_cost", "shortage_cost", "ordering_cost", "transport_cost"),
    "simulated_cost": (
        *("simulated_holding_cost", "simulated_shortage_cost", "simulated_waste_cost"),
        *("ordering_cost", "transport_cost"),
    ),
}
"""The kinds that add up to a cost."""
_CENT = 2
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Bridge:
    """How the change from one plan to another splits over parts.

    Attributes
    ----------
    table : schema `BRIDGE`; for every key figure from + parts = to, to the cent for money.
    orders : orders of the parts that were averaged.
    all_orders : orders there are.
    runs : plans that were made for it.
    dropped : orders left out because a plan on their way has no solution.
    """

    table: pd.DataFrame
    orders: int
    all_orders: int
    runs: int
    dropped: int

    @property
    def method(self) -> str:
        """Return how the split was made, in words."""
        parts = self.table.loc[self.table["kind"].isin(("patch", "setting")), "part"].nunique()
        if parts == 0:
            return "Nothing was changed, so there is nothing to split."
        if parts == 1:
            return f"One part was changed, so all of the difference is its own ({self.runs} plans)."
        orders = "all" if self.orders == self.all_orders else f"{self.orders:,} sampled of"
        text = (
            f"Each part is the mean of what it adds over {orders} {self.all_orders:,} orders of applying the parts "
            f"(Shapley value, {self.runs} plans)."
        )
        if self.dropped:
            text += f" {self.dropped:,} orders were left out: a plan on their way has no solution."
        return text


def split_change(
    figures: Mapping[Chosen, pd.DataFrame],
    parts: Mapping[str, str],
    orders: Orders,
    names: tuple[str, str],
) -> Bridge:
    """Split the change of every key figure over parts.

    Parameters
    ----------
    figures : key figures (schema `KPIS`) of the plan with these parts changed; none and all must be there.
    parts : name of every part and its kind, patch or setting.
    orders : orders of all parts to average; those with a plan missing on their way are left out.
    names : of the plan where nothing and where everything is changed.

    Raises
    ------
    ValueError
        No order has all its plans.
    """
    columns = {chosen: _whole(kpis) for chosen, kpis in figures.items()}
    usable = [order for order in orders if all(chosen in columns for chosen in prefixes(order))]
    if not usable:
        raise ValueError("There is no order of the parts in which every plan has a solution.")
    start, end = columns[frozenset()], columns[frozenset(parts)]
    known = pd.concat([values["value"] for values in columns.values()], axis=1).dropna().index
    kpis = start.index[start.index.isin(known)]
    values = {chosen: frame["value"].reindex(kpis).to_numpy(np.float64) for chosen, frame in columns.items()}
    effects = _effects(values, list(parts), usable)
    rows: dict[str, _Rows] = {}
    for n, kpi in enumerate(kpis):
        unit = str(end["unit"][kpi])
        ends = float(start["value"][kpi]), float(end["value"][kpi])
        rows[str(kpi)] = _steps(str(kpi), unit, ends, effects[n], parts, names)
    for total, kinds in COST_KINDS.items():
        if {total, *kinds} <= rows.keys():
            rows[total] = _sum_of_kinds(rows[total], [rows[kind] for kind in kinds])
    listed = [row for figure in rows.values() for row in figure]
    table = conform(BRIDGE, pd.DataFrame(listed, columns=list(BRIDGE.columns)))
    return Bridge(table, len(usable), factorial(len(parts)), len(figures), len(orders) - len(usable))


def prefixes(order: Sequence[str]) -> list[Chosen]:
    """Return what is changed before, and after every step of an order."""
    return [frozenset(order[:n]) for n in range(len(order) + 1)]


def _whole(kpis: pd.DataFrame) -> pd.DataFrame:
    rows = kpis[kpis["group_by"] == "all"]
    return rows.set_index("kpi")[["value", "unit"]]


def _effects(
    values: Mapping[Chosen, npt.NDArray[np.float64]], parts: list[str], orders: Orders
) -> npt.NDArray[np.float64]:
    """Return [K, P, N] what each part adds to each key figure in each order; `values` [K] by what is changed."""
    place = {part: n for n, part in enumerate(parts)}
    out = np.zeros((len(values[frozenset()]), len(parts), len(orders)))
    for n, order in enumerate(orders):
        for part, (before, after) in zip(order, pairwise(prefixes(order)), strict=True):
            out[:, place[part], n] = values[after] - values[before]
    return out


def _sum_of_kinds(total: _Rows, kinds: Sequence[_Rows]) -> _Rows:
    """Return the rows of a cost with each part the sum of its kinds, where that adds up to the cent too."""
    sums = [sum(round(100 * float(str(rows[n][5]))) for rows in kinds) for n in range(len(total))]
    first, last = (round(100 * float(str(total[n][5]))) for n in (0, -1))
    if sum(sums[1:-1]) != last - first:
        return total
    parts = [(*row[:5], sums[n] / 100, *row[6:]) for n, row in enumerate(total[1:-1], start=1)]
    return [total[0], *parts, total[-1]]


def _steps(
    kpi: str,
    unit: str,
    ends: tuple[float, float],
    effects: npt.NDArray[np.float64],
    parts: Mapping[str, str],
    names: tuple[str, str],
) -> _Rows:
    """Return the rows of one key figure; effects [P, N]."""
    digits = _CENT if is_money(unit) else _DIGITS
    first, last = (round(value, digits) for value in ends)
    shares = apportion(effects.mean(axis=1), last - first, digits)
    rows: _Rows = [(kpi, unit, 0, names[0], "from", first, first, first)]
    for step, (part, kind) in enumerate(parts.items(), start=1):
        mine = effects[step - 1]
        rows.append((kpi, unit, step, part, kind, shares[step - 1], float(mine.min()), float(mine.max())))
    rows.append((kpi, unit, len(parts) + 1, names[1], "to", last, last, last))
    return rows


def apportion(values: npt.NDArray[np.float64], total: float, digits: int) -> list[float]:
    """Round `values` to `digits` decimals such that they add up to `total` (largest remainders).

    Parameters
    ----------
    values : parts whose sum is `total` up to rounding.
    """
    if len(values) == 0:
        return []
    scale = 10.0**digits
    scaled = values * scale
    whole = np.floor(scaled)
    left = round(total * scale) - int(whole.sum())
    by_remainder = np.argsort(-(scaled - whole), kind="stable")
    each, more = divmod(left, len(values))
    whole += each
    whole[by_remainder[:more]] += 1
    return [round(float(units / scale), digits) for units in whole]
