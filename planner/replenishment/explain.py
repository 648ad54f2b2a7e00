"""Why an order has its quantity: what it covers, what limits it, and what a smaller one would change.

Everything is counted from the published tables of a run, so that an explanation never disagrees with them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from planner.replenishment.explain_chain import ROUNDING, Chain, Effect, FloatArray, Line, Stock, read_chain
from planner.replenishment.explain_text import write_text
from reports.run_folder import RunFolderError
from reports.supply_limits import limits_on

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Parts:
    """What the quantity is for, base units; the parts add up to it.

    Attributes
    ----------
    demand : leaves (customers and deliveries) until the next order arrives, beyond the stock that is there.
    safety_stock : fills up safety or presentation stock.
    later : leaves after the next order arrives, because later orders do not cover it.
    ahead : for what lies behind the horizon, or held because it costs less than another order.
    pack_rounding, moq_rounding : only there to make whole packs, or the smallest order.
    """

    demand: float
    safety_stock: float
    later: float
    ahead: float
    pack_rounding: float
    moq_rounding: float


@dataclass(frozen=True, slots=True)
class Use:
    """Units of the order for the customers of a location in a bucket, first in, first out."""

    location_id: str
    bucket_start: str
    qty: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """Units of the order that a delivery order takes on."""

    order_id: str
    location_id: str
    bucket_start: str
    qty: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A shared capacity with a price; `saving` is money per further `unit` of it, `pulled_forward_qty` base units."""

    location_id: str
    kind: str
    bucket_start: str
    unit: str
    capacity: float
    used: float
    saving: float
    pulled_forward_qty: float


@dataclass(frozen=True, slots=True)
class Change:
    """What changes at one location: units, money, days."""

    location_id: str
    unmet_qty: float
    not_shipped_qty: float
    left_qty: float
    safety_stock_days_lost: int
    safety_stock_unit_days_lost: float
    shortage_cost: float
    holding_saved: float
    handling_saved: float
    waste_saved: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The plan with `fewer_qty` units less in this order, everything else as planned.

    Attributes
    ----------
    allowed : whether the smaller order still is a possible one (smallest order).
    locations : changes, the order's own location first, then whoever gets less from it.
    unmet_qty, shortage_cost, safety_stock_days_lost, holding_saved : of all locations together.
    not_shipped_qty : units that the order's own location cannot send on.
    ordering_saved : fixed cost (no order at all) and handling; waste_saved : value of goods that are not written off
        then; goods_saved : price of the goods, not part of
        `difference`, as the plan too counts no goods.
    left_qty : units fewer in stock at the end of the horizon: to be ordered later.
    difference : money; positive: leaving the units out costs that much.
    """

    fewer_qty: float
    allowed: bool
    unmet_qty: float
    not_shipped_qty: float
    left_qty: float
    safety_stock_days_lost: int
    shortage_cost: float
    holding_saved: float
    ordering_saved: float
    waste_saved: float
    goods_saved: float
    difference: float
    locations: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why this order.

    Attributes
    ----------
    order : the row of replenishment_orders, names and terms of its item, source and location, the rules.
    parts : what the quantity is for; rounding_cost : money to hold the rounding until it is used.
    uses, left, wasted, behind_horizon_qty : where the units go; together they are the order's quantity.
    deliveries : delivery orders that leave the order's location (or one below) with units of it.
    limits : capacities with a price in its own bucket, and those in later ones for which it came early.
    skipped, one_pack_less : what if.
    visit : of a plan in which stock and trucks were decided together, the row of visit_changes that brings the order.
    """

    order: Mapping[str, Any]
    parts: Parts
    rounding_cost: float
    rounding_days: float
    uses: tuple[Use, ...]
    left: Mapping[str, float]
    wasted: Mapping[str, float]
    behind_horizon_qty: float
    deliveries: tuple[Delivery, ...]
    limits: tuple[Limit, ...]
    pulled_forward_qty: float
    skipped: WhatIf
    one_pack_less: WhatIf
    visit: Mapping[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON; dates are ISO 8601."""
        plain: dict[str, Any] = _plain(asdict(self))
        if self.visit is None:
            del plain["visit"]
        return plain

    def text(self) -> str:
        """Return it in words for a planner."""
        return write_text(self.as_dict())


def explain_order(order_id: str, tables: Mapping[str, pd.DataFrame]) -> Explanation:
    """Say why an order has its quantity.

    Parameters
    ----------
    tables : published tables of a run.

    Raises
    ------
    RunFolderError
        The run has no such order; names the nearest ids.
    """
    orders = tables["replenishment_orders"]
    rows = orders[orders["order_id"] == order_id].to_dict("records")
    if not rows:
        raise RunFolderError(_unknown(order_id, [str(known) for known in orders["order_id"]]))
    row = rows[0]
    chain = read_chain(str(row["item_id"]), tables)
    stock = chain.stocks[str(row["location_id"])]
    return explain_row(row, chain, tables["capacity_prices"], _order(row, stock, tables), _visit(row, tables))


def explain_row(
    row: Mapping[Any, Any],
    chain: Chain,
    prices: pd.DataFrame,
    order: Mapping[str, Any],
    visit: Mapping[str, Any] | None,
) -> Explanation:
    """Say why an order has its quantity, given the chain of its item; `order` and `visit` are passed on."""
    line = chain.lines[str(row["order_id"])]
    stock = chain.stocks[line.location_id]
    needed, parts = _parts(chain, stock, line)
    uses = chain.follow(line)
    cost, days = _rounding(chain, stock, line, parts)
    limits, pulled = _limits(chain, line, stock, needed, prices)
    pack = min(stock.term("order_multiple_qty"), line.qty)
    return Explanation(
        order=order,
        parts=parts,
        rounding_cost=cost,
        rounding_days=days,
        uses=tuple(Use(place, _day(chain, t), qty) for (place, t), qty in sorted(uses.customers.items())),
        left={place: qty for place, qty in sorted(uses.left.items()) if qty > ROUNDING},
        wasted={place: qty for place, qty in sorted(uses.wasted.items()) if qty > ROUNDING},
        behind_horizon_qty=uses.behind,
        deliveries=tuple(
            Delivery(name, chain.lines[name].location_id, _day(chain, chain.lines[name].bucket), qty)
            for name, qty in sorted(uses.deliveries.items())
        ),
        limits=limits,
        pulled_forward_qty=pulled,
        skipped=_what_if(chain, line, stock, line.qty, str(row["type"])),
        one_pack_less=_what_if(chain, line, stock, pack, str(row["type"])),
        visit=visit,
    )


def _visit(row: Mapping[Any, Any], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Return what the visit that brings a delivery replaces, None where visits were not decided with the stock."""
    changes = tables.get("visit_changes")
    if changes is None:
        return None
    here = (changes["source_id"] == row["source_id"]) & (changes["location_id"] == row["location_id"])
    found = changes[here & (changes["date"] == row["receipt_date"])].to_dict("records")
    return {str(name): value for name, value in found[0].items()} if found else None


def _unknown(order_id: str, known: list[str]) -> str:
    near = difflib.get_close_matches(order_id, known, n=3, cutoff=0.0)
    hint = f"Nearest: {', '.join(near)}." if near else "The run has no orders."
    return f"No order {order_id!r} in this run. {hint} See order_id in replenishment_orders.csv."


def _day(chain: Chain, bucket: int) -> str:
    return str((chain.starts[0] + pd.Timedelta(days=bucket * chain.bucket_days)).date())


def _order(row: Mapping[Any, Any], stock: Stock, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the order's row with the names and terms that a planner asks for."""
    names = tables["locations"].drop_duplicates("location_id").set_index("location_id")["name"].to_dict()
    items = tables["items"].set_index("item_id")
    item = items.loc[row["item_id"]].to_dict() if row["item_id"] in items.index else {}
    terms = ("source_rule", "lead_time_days", "moq_qty", "order_multiple_qty", "fixed_order_cost", "cost_per_unit")
    targets = ("policy_rule", "service_measure", "service_target", "review_period_days", "order_up_to_qty", "min_qty")
    return {
        **{str(name): value for name, value in row.items()},
        "item_name": item.get("name", row["item_id"]),
        "uom": item.get("uom", "unit"),
        "source_name": names.get(row["source_id"], row["source_id"]),
        "location_name": names.get(row["location_id"], row["location_id"]),
        **{name: stock.terms[name] for name in terms},
        **{name: stock.policy[name] for name in targets},
        "safety_stock_qty": stock.policy["safety_stock_qty"],
        "holding_cost": stock.policy["holding_cost"],
        "shortage_cost": stock.policy["shortage_cost"],
    }


def _parts(chain: Chain, stock: Stock, line: Line) -> tuple[FloatArray, Parts]:
    """Return [T] units of the line needed for what leaves in each bucket, and what the line is for.

    The orders of a bucket at a location have one quantity; its lines by day share it in the order of receipt.
    """
    t, T = line.bucket, chain.buckets
    if t >= T:  # placed within the horizon, arrives behind it
        return np.zeros(T), Parts(0.0, 0.0, 0.0, line.qty, 0.0, 0.0)
    same = [other for other in stock.lines if other.bucket == t]
    total = sum(other.qty for other in same)
    later_orders = np.flatnonzero(stock.planned[t + 1 :] > ROUNDING)
    until = t + 1 + int(later_orders[0]) if later_orders.size else T
    others = stock.planned.copy()
    others[t] = 0.0
    flow = (stock.outflow - stock.receipts - others)[t:]
    kept = stock.target("min_qty")
    lacking = np.cumsum(flow) - max(float(stock.opening[t]) - kept, 0.0)
    covered = np.clip(np.maximum.accumulate(lacking), 0.0, total)
    wanted = np.cumsum(flow) - float(stock.opening[t]) + np.maximum(stock.safety[t:], kept)

    demand = float(covered[until - t - 1])
    safety = min(max(float(wanted[: until - t].max()), demand), total) - demand
    later = max(float(covered[-1]) - demand - safety, 0.0)
    needed = demand + safety + later
    pack = stock.term("order_multiple_qty")
    whole = max(float(np.ceil(needed / pack - ROUNDING)), 1.0) * pack
    smallest = float(np.ceil(stock.term("moq_qty") / pack - ROUNDING)) * pack
    by_pack = min(whole - needed, total - needed)
    by_moq = min(max(smallest - whole, 0.0), total - needed - by_pack)
    sections = np.array([demand, safety, later, total - needed - by_pack - by_moq, by_pack, by_moq])

    first = sum(other.qty for other in same[: [other.order_id for other in same].index(line.order_id)])
    ends = np.cumsum(sections)
    shares = _overlap(ends - sections, ends, first, line.qty)
    upto = np.where(np.arange(t, T) < until, covered, np.maximum(covered, demand + safety))
    since = np.concatenate([[0.0], covered[:-1]])
    since = np.where(np.arange(t, T) < until, since, np.maximum(since, demand + safety))
    by_bucket = np.concatenate([np.zeros(t), _overlap(since, upto, first, line.qty)])
    return by_bucket, Parts(*(float(share) for share in shares))


def _overlap(since: FloatArray, until: FloatArray, first: float, qty: float) -> FloatArray:
    """Return how much of each [since, until) lies in [first, first + qty)."""
    out: FloatArray = np.maximum(np.minimum(until, first + qty) - np.maximum(since, first), 0.0)
    return out


def _rounding(chain: Chain, stock: Stock, line: Line, parts: Parts) -> tuple[float, float]:
    """Return what it costs to hold the rounding until it is used, and the mean days; its last units are used last."""
    qty = parts.pack_rounding + parts.moq_rounding
    if qty <= ROUNDING:
        return 0.0, 0.0
    used = stock.used(stock.first_unit(line) + line.qty - qty, qty)
    waits = (np.arange(chain.buckets) - line.bucket) * chain.bucket_days
    left = max(qty - float(used.sum()), 0.0)
    unit_days = float(used @ waits) + left * (chain.buckets - line.bucket) * chain.bucket_days
    return stock.target("holding_cost") * unit_days, unit_days / qty


def _limits(
    chain: Chain, line: Line, stock: Stock, needed: FloatArray, prices: pd.DataFrame
) -> tuple[tuple[Limit, ...], float]:
    """Return the capacities that cost something now, and the later ones for which units came early, and these units.

    Units are pulled forward when every bucket up to the one that needs them is dearer than the order's own.
    """
    flows = (prices["kind"] == "receiving") & (prices["location_id"] == line.location_id)
    flows |= (prices["kind"] == "dispatch") & (prices["location_id"] == line.source_id)
    limits = limits_on(line.source_id, str(stock.terms["category"]))
    flows |= (
        prices["kind"].isin(["supply", "supply period"])
        & prices["location_id"].isin(limits)
        & (stock.terms["source_type"] == "supplier")
    )
    stores = (prices["kind"] == "storage") & (prices["location_id"] == line.location_id)
    item = str(stock.terms["item_id"])
    source = (prices["kind"] == "stock") & (prices["location_id"] == line.source_id) & (prices["item_id"] == item)
    bucket = pd.Series(chain.starts.get_indexer(pd.DatetimeIndex(prices["bucket_start"])), index=prices.index)
    own = (flows | stores) & (bucket == line.bucket) | source & (bucket == line.leaves)
    out = [_limit(row, 0.0) for row in prices[own & (prices["price"] > 0)].to_dict("records")]
    total = 0.0
    now = float(prices.loc[flows & (bucket == line.bucket), "price"].sum())
    for t in range(line.bucket + 1, chain.buckets):
        rows = prices[flows & (bucket == t) & (prices["price"] > 0)]
        if float(rows["price"].sum()) <= now + ROUNDING:
            break
        if needed[t] > ROUNDING:
            total += float(needed[t])
            out += [_limit(row, float(needed[t])) for row in rows.to_dict("records")]
    return tuple(out), total


def _limit(row: Mapping[Any, Any], qty: float) -> Limit:
    start = str(pd.Timestamp(row["bucket_start"]).date())
    capacity, used, price = (float(row[name]) for name in ("capacity", "used", "price"))
    return Limit(str(row["location_id"]), str(row["kind"]), start, str(row["unit"]), capacity, used, price, qty)


def _what_if(chain: Chain, line: Line, stock: Stock, fewer: float, kind: str) -> WhatIf:
    effects = chain.without(line, fewer)
    whole = fewer >= line.qty - ROUNDING
    bucket_total = sum(other.qty for other in stock.lines if other.bucket == line.bucket) - fewer
    shortage = sum(effect.shortage_cost for effect in effects)
    holding = sum(effect.holding_saved for effect in effects)
    waste = sum(effect.waste_saved for effect in effects)
    ordering = sum(effect.handling_saved for effect in effects) + (stock.term("fixed_order_cost") if whole else 0.0)
    return WhatIf(
        fewer_qty=fewer,
        allowed=bucket_total <= ROUNDING or bucket_total >= stock.term("moq_qty") - ROUNDING,
        unmet_qty=sum(effect.unmet for effect in effects),
        not_shipped_qty=effects[0].shipped,
        left_qty=sum(effect.left for effect in effects),
        safety_stock_days_lost=sum(effect.safety_days for effect in effects),
        shortage_cost=shortage,
        holding_saved=holding,
        ordering_saved=ordering,
        waste_saved=waste,
        goods_saved=stock.term("unit_cost") * fewer if kind == "PO" else 0.0,
        difference=shortage - holding - ordering - waste,
        locations=tuple(_change(effect) for effect in effects),
    )


def _change(effect: Effect) -> Change:
    return Change(
        location_id=effect.location_id,
        unmet_qty=effect.unmet,
        not_shipped_qty=effect.shipped,
        left_qty=effect.left,
        safety_stock_days_lost=effect.safety_days,
        safety_stock_unit_days_lost=effect.safety_unit_days,
        shortage_cost=effect.shortage_cost,
        holding_saved=effect.holding_saved,
        handling_saved=effect.handling_saved,
        waste_saved=effect.waste_saved,
    )


def _plain(value: Any) -> Any:
    """Return dates as text, numbers as Python's own and rounded to what matters, no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), _DIGITS) + 0.0
    return int(value) if isinstance(value, np.integer) else value
