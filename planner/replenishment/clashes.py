"""Hard rules that clash: found by plain arithmetic on what must happen whatever is ordered besides.

Orders that must come are pins and those that fill up presentation stock. A clash is a rule that they, the
stock in hand and the open orders break on their own. Every clash comes with the ways out of it; families of
rules are looked at one after the other, because loosening one (a pin of half a pack) can settle the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import KEYS, Model, Tables, allowed_packs, given_storage, least_stock, pinned_packs
from solvers.lotsizing.problem import PERIOD, STORAGE, LotSizingProblem

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_TOLERANCE = 1e-6
EXTRA_STOCK = "extra_stock"
"""Name of the rule that a source has no more than its stock and open orders."""


class Rule(NamedTuple):
    """What identifies a rule.

    Attributes
    ----------
    name : storage, minimum, maximum, pin, dispatch, receiving, supply, supply period or extra_stock.
    location_id : of a supply limit, its name.
    item_id : empty for all items together. unit : base units, kg, m3 or money.
    bucket : of a pin or extra stock; -1 for rules that hold all the time.
    """

    name: str
    location_id: str
    item_id: str
    unit: str
    bucket: int


@dataclass(frozen=True, slots=True)
class Loosening:
    """One rule's limit moved to `needed` (factor: all limits of a shared capacity times it; 0: set to `needed`).

    Attributes
    ----------
    day : days since the start of the plan on which it is needed most.
    cost : money, the change times the unit cost of the goods. note : ends the message.
    """

    rule: Rule
    day: int
    needed: float
    cost: float
    factor: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules that cannot all hold; `options` are the ways out, the first the least surprising one.

    key : tells whether the same clash is still there after something was loosened.
    """

    key: tuple[str, int, int]
    options: tuple[tuple[Loosening, ...], ...]

    @property
    def costs(self) -> list[float]:
        """Money, per option."""
        return [sum(loosening.cost for loosening in option) for option in self.options]


@dataclass(frozen=True, slots=True)
class _View:
    """A model in the quantities that clashes are told in: [K, T] units unless said otherwise.

    Attributes
    ----------
    must : units that must come, pins and what fills up presentation stock, as large as an order has to be.
    fill : of those, what presentation stock lacks. pins : row, bucket, day, packs.
    money : [K] per unit. aside : whole units that the problem does not see.
    held : at the end of buckets if only what must come does; for sources, a lower bound.
    """

    model: Model
    tables: Tables
    must: IntArray
    fill: IntArray
    pins: pd.DataFrame
    money: FloatArray
    aside: IntArray
    held: IntArray

    @classmethod
    def of(cls, model: Model, tables: Tables) -> _View:
        p = model.problem
        packs = np.where(p.min_packs > 0, np.maximum(p.min_packs, p.moq[:, None]), 0).astype(np.int64)
        index = pd.MultiIndex.from_frame(model.rows[KEYS])
        pins = pinned_packs(tables.pins, index, model.days, model.unit, p.pack.astype(np.int64))
        money = model.rows["unit_cost"].fillna(0.0).to_numpy(dtype=float) * model.unit
        aside = np.ceil(model.aside[:, 1:] / model.unit[:, None] - 1e-9).astype(np.int64)
        must = packs * p.pack[:, None].astype(np.int64)
        return cls(model, tables, must, p.demand - model.demand, pins, money, aside, _least_held(p, must))

    def rule(self, name: str, k: int, bucket: int = -1) -> Rule:
        row = self.model.rows.iloc[k]
        return Rule(name, str(row["location_id"]), str(row["item_id"]), "units", bucket)

    def fewer(self, cuts: list[tuple[int, int]], units: float) -> tuple[Loosening, ...]:
        """Return how to make do with `units` less of what must come as (row, bucket), the last given first.

        Pins fall by whole packs, to nothing below the smallest order; presentation stock falls by what its
        order then does not bring. Empty if that is not enough.
        """
        p, unit = self.model.problem, self.model.unit
        out = []
        for k, t in reversed(cuts):
            if units <= 0:
                break
            pack, must = int(p.pack[k]), int(self.must[k, t])
            left = max(must - int(np.ceil(units / pack - 1e-9)) * pack, 0)
            left = left if left >= p.moq[k] * pack else 0
            units -= must - left
            if self.model.pinned[k, t]:
                cost = (must - left) * self.money[k]
                out.append(Loosening(self.rule("pin", k, t), self.pin_day(k, t), left * unit[k], cost))
            else:
                lower = max(int(self.fill[k, t]) - left, 0)
                least = max(float(self.model.rows["min_qty"].iloc[k]) - lower * unit[k], 0.0)
                day = t * self.model.days.bucket_days
                out.append(Loosening(self.rule("minimum", k), day, least, lower * self.money[k]))
        return tuple(out) if units <= 0 else ()

    def pin_day(self, k: int, t: int) -> int:
        mine = self.pins[(self.pins["row"] == k) & (self.pins["bucket"] == t)]
        return int(mine["day"].iloc[0])


def find_clashes(model: Model, tables: Tables) -> list[Clash]:
    """Return the clashes of the first family that has any: pins, one item's limits, sources, shared limits."""
    view = _View.of(model, tables)
    return _pin_clashes(view) or _limit_clashes(view) or _source_clashes(view) or _shared_clashes(view)


def _pin_clashes(view: _View) -> list[Clash]:
    """Pins that are no order: not whole packs, below the smallest order, or on a day that cannot be."""
    model, p = view.model, view.model.problem
    if view.pins.empty:
        return []
    allowed = allowed_packs(model.rows, p.source.astype(np.int64), model.days, model.open)
    out = []
    for k, t, day, packs in view.pins[["row", "bucket", "day", "packs"]].itertuples(index=False, name=None):
        qty = model.unit[k] * p.pack[k]
        note = ""
        if packs > 0 and allowed[k, t] == 0:
            later = np.flatnonzero(allowed[k, t:])
            if later.size:
                first = model.days.bucket_start(np.array([t + later[0]]))[0]
                note = f" (the next possible receipt is in the {model.days.bucket_days} days from {first:%Y-%m-%d})"
            else:
                note = " (no receipt is possible from then on)"
            needed = 0.0
        else:
            whole = sorted((np.floor(packs + _TOLERANCE), np.ceil(packs - _TOLERANCE)), key=lambda n: abs(n - packs))[0]
            needed = float(whole) if whole >= p.moq[k] or whole == 0 else float(p.moq[k]) * (2 * packs >= p.moq[k])
        if abs(needed - packs) > _TOLERANCE:
            cost = abs(needed - packs) * p.pack[k] * view.money[k]
            loosening = Loosening(view.rule("pin", k, t), int(day), needed * qty, float(cost), note=note)
            out.append(Clash(("pin", int(k), int(t)), ((loosening,),)))
    return out


def _limit_clashes(view: _View) -> list[Clash]:
    """Storage of an item, or its maximum, below its minimum or below the stock that it has whatever is ordered."""
    model, p = view.model, view.model.problem
    total = view.held + view.aside
    alone = least_stock(p.opening.astype(np.int64), p.receipts.astype(np.int64), p.demand.astype(np.int64)) + view.aside
    given = given_storage(model.rows, view.tables.capacities, model.unit)
    most = np.floor(model.rows["max_qty"].to_numpy(dtype=float) / model.unit + 1e-9)
    least = np.ceil(model.rows["min_qty"].to_numpy(dtype=float) / model.unit - 1e-9)
    over_storage = total - np.where(np.isnan(given), np.inf, given)[:, None]
    over_most = total - np.maximum(np.where(np.isnan(most), np.inf, most)[:, None], alone)
    over_most = np.maximum(over_most, (least - np.where(np.isnan(most), np.inf, most))[:, None])
    out = []
    for k in np.flatnonzero((np.maximum(over_storage, over_most) > _TOLERANCE).any(axis=1)):
        raised = []
        for name, over, limit in (("storage", over_storage[k], given[k]), ("maximum", over_most[k], most[k])):
            t = int(np.argmax(over))
            if over[t] > _TOLERANCE:
                needed = (limit + over[t] if name == "storage" else max(total[k, t], least[k])) * model.unit[k]
                cost = float((needed / model.unit[k] - limit) * view.money[k])
                day = t * model.days.bucket_days
                raised.append(Loosening(view.rule(name, int(k)), day, float(needed), cost))
        worst = float(np.maximum(over_storage[k], over_most[k]).max())
        t = int(np.argmax(np.maximum(over_storage[k], over_most[k])))
        pins = [(int(k), int(s)) for s in np.flatnonzero(view.must[k, : t + 1]) if model.pinned[k, s]]
        options = [tuple(raised), view.fewer(pins, worst)]
        if least[k] > 0:
            lower = min(worst, least[k])
            low = float(least[k] - lower) * model.unit[k]
            day = t * model.days.bucket_days
            options.append((Loosening(view.rule("minimum", int(k)), day, low, float(lower * view.money[k])),))
        out.append(Clash(("limit", int(k), 0), tuple(option for option in options if option)))
    return out


def _least_held(p: LotSizingProblem, must: IntArray) -> IntArray:
    """Return [K, T] units at the end of buckets if only what `must` come does; for sources, a lower bound.

    A source has at least what is left if whom it supplies take all that their storage and demand hold.
    """
    K, T = must.shape
    taken, held, buckets = np.zeros((K, T), np.int64), np.zeros((K, T), np.int64), np.arange(T)
    sources = np.isin(np.arange(K), p.source)
    # sources stand above whom they supply
    for rows in (np.flatnonzero(~sources), *np.flatnonzero(sources)[::-1, None]):
        supply, demand = p.receipts[rows].astype(np.int64), p.demand[rows].astype(np.int64)
        opening, supplied = p.opening[rows].astype(np.int64)[:, None], np.cumsum(supply, axis=1)
        used = np.cumsum(demand, axis=1) + taken[rows]
        alone, x = np.zeros_like(used), opening[:, 0]
        for t in buckets:
            x = x + supply[:, t] + must[rows, t] - demand[:, t]
            x = np.where(p.backorders[rows], x, np.maximum(x, 0))
            x = np.minimum(x, p.sellable[rows, t]) if p.sellable.size else x
            alone[:, t] = x
        left = np.where(
            taken[rows].any(axis=1)[:, None], opening + supplied + np.cumsum(must[rows], axis=1) - used, alone
        )
        held[rows] = np.maximum(left, 0)
        most = np.cumsum(p.max_packs[rows].astype(np.int64), axis=1) * p.pack[rows, None]
        orders = np.clip(p.storage[rows] + used - opening - supplied, np.cumsum(must[rows], axis=1), most)
        ahead = np.minimum(buckets + p.lead[rows, None], T - 1)
        sent = np.take_along_axis(np.maximum.accumulate(orders, axis=1), ahead, axis=1)
        inner = p.source[rows] >= 0
        np.add.at(taken, p.source[rows][inner], sent[inner])
    return held


def _source_clashes(view: _View) -> list[Clash]:
    """Orders that must come from a source that cannot have the goods in time."""
    model, p = view.model, view.model.problem
    K, T = view.must.shape
    there = np.full((K, T), np.inf)
    out = []
    for j in np.unique(p.source[p.source >= 0]):  # sources stand above whom they supply
        children = np.flatnonzero(p.source == j)
        stock = float(p.opening[j])
        for t in range(T):
            arrives = float(p.max_packs[j, t]) * float(p.pack[j])
            if p.source[j] >= 0:
                dispatch = t - int(p.lead[j])
                arrives = min(arrives, there[p.source[j], dispatch]) if dispatch >= 0 else 0.0
            stock += float(p.receipts[j, t]) + arrives
            there[j, t] = max(stock, 0.0)
            cuts = [(int(c), t + int(p.lead[c])) for c in children if t + p.lead[c] < T]
            cuts = [(c, s) for c, s in cuts if view.must[c, s] > 0]
            sent = float(sum(view.must[c, s] for c, s in cuts))
            if sent > there[j, t]:
                lacking = sent - there[j, t]
                options = [view.fewer(cuts, lacking)]
                own = [s for s in range(t + 1) if model.pinned[j, s] and view.must[j, s] > 0]
                if own:
                    options.append((_larger_pin(view, int(j), own[-1], lacking),))
                options.append((_more_stock(view, int(j), t, lacking, cuts),))
                out.append(Clash(("source", int(j), t), tuple(options)))
                sent = there[j, t]
            stock += -sent - float(p.demand[j, t])
            stock = stock if p.backorders[j] else max(stock, 0.0)
            stock = min(stock, float(p.storage[j, t]))
    return out


def _more_stock(view: _View, k: int, t: int, units: float, cuts: list[tuple[int, int]]) -> Loosening:
    """Return how much more would have to be there when the first of the orders (row, bucket) leaves."""
    lead = np.ceil(view.model.rows["lead_time_days"].to_numpy(dtype=float) - _TOLERANCE)
    days = [view.pin_day(c, s) - int(lead[c]) for c, s in cuts if view.model.pinned[c, s]]
    first = t * view.model.days.bucket_days
    day = min(days) if len(days) == len(cuts) else first
    cost = units * float(view.money[k])
    return Loosening(view.rule(EXTRA_STOCK, k, t), max(day, first), float(units * view.model.unit[k]), cost)


def _larger_pin(view: _View, k: int, t: int, units: float) -> Loosening:
    pack = int(view.model.problem.pack[k])
    more = int(np.ceil(units / pack - 1e-9)) * pack
    qty = float(view.must[k, t] + more) * view.model.unit[k]
    return Loosening(view.rule("pin", k, t), view.pin_day(k, t), float(qty), more * float(view.money[k]))


def _shared_clashes(view: _View) -> list[Clash]:
    """Limits of a location that the orders which must come exceed alone, or the stock it has whatever is ordered."""
    model, p = view.model, view.model.problem
    held = view.held + model.aside[:, 1:] / model.unit[:, None]
    entry_row = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
    out = []
    for r, resource in enumerate(model.resources):
        entries = p.usage_resource == r
        users, amount = entry_row[entries], p.usage_amount[entries]
        units = held[users] if resource.kind == STORAGE else view.must[users] / p.pack[users, None]
        units = np.array([p.counted(r, row) for row in units])
        used = amount @ units
        limit = resource.limit if resource.kind == STORAGE else p.capacity[r]
        over = used - limit
        t = int(np.argmax(np.where(np.isfinite(over), over, -np.inf)))
        if not over[t] > _TOLERANCE * max(float(limit[t]), 1.0):
            continue
        per_unit = amount if resource.kind == STORAGE else amount / p.pack[users]
        value = float((view.money[users] / per_unit * amount * units[:, t]).sum() / used[t])
        whole = float(resource.limit[t])
        factor = (whole + float(over[t])) / whole if whole > 0 else 0.0
        rule = Rule(resource.name, resource.location_id, "", resource.unit, -1)
        day = t * model.days.bucket_days
        raised = Loosening(rule, day, float(used[t]), float(over[t]) * value, factor)
        out.append(Clash(("shared", r, 0), tuple(o for o in ((raised,), _less(view, r, t, float(over[t]))) if o)))
    return out


def _less(view: _View, r: int, t: int, over: float) -> tuple[Loosening, ...]:
    """Return how to do with `over` less of a shared limit in bucket t: the cheapest pins and minimums first."""
    p = view.model.problem
    entry_row = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
    entries = np.flatnonzero(p.usage_resource == r)
    stored = p.kind[r] == STORAGE
    size = {
        int(k): float(a) / (1 if stored else int(p.pack[k]))
        for k, a in zip(entry_row[entries], p.usage_amount[entries], strict=True)
    }
    out: list[Loosening] = []
    for k in sorted(size, key=lambda k: (view.money[k] / size[k], k)):
        if over <= 0:
            break
        within = range(t + 1) if stored else np.flatnonzero(p.period[r] == t) if p.kind[r] == PERIOD else (t,)
        cuts = [(k, int(s)) for s in within if view.must[k, s] > 0]
        if not cuts:
            continue
        most = float(sum(view.must[c] for c in cuts))
        units = min(float(np.ceil(over / size[k] - 1e-9)), most)
        out += view.fewer(cuts, units)
        over -= units * size[k]
    return tuple(out) if over <= 0 else ()
