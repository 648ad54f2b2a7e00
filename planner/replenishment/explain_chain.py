"""The stock of one item along its chain: where the units of an order go, and what a smaller order changes.

Read from the published tables alone. Units are pegged first in, first out: stock leaves in the order in
which it came, and within a bucket everyone who takes some gets the same mix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
ROUNDING = 1e-9
_WEEK = 7
_QUANTITIES = (
    "opening_qty", "receipts_qty", "planned_receipts_qty", "demand_qty", "shipped_qty", "unmet_qty", "backorder_qty",
    "closing_qty", "safety_stock_qty", "waste_qty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """An order line; `bucket` of receipt (it may lie behind the horizon), `leaves` when it leaves its source."""

    order_id: str
    source_id: str
    location_id: str
    bucket: int
    leaves: int
    qty: float


@dataclass(frozen=True, slots=True)
class Stock:
    """One location: its rows of supply and policy_params, what it gets, and its projected stock, [T] base units."""

    location_id: str
    terms: Mapping[str, object]
    policy: Mapping[str, object]
    lines: tuple[Line, ...]
    opening: FloatArray
    receipts: FloatArray
    planned: FloatArray
    demand: FloatArray
    shipped: FloatArray
    unmet: FloatArray
    owed: FloatArray
    closing: FloatArray
    safety: FloatArray
    waste: FloatArray

    def term(self, name: str) -> float:
        """Return a figure of the supply row."""
        return float(str(self.terms[name]))

    def target(self, name: str) -> float:
        """Return a figure of the policy row."""
        return float(str(self.policy[name]))

    @property
    def backorders(self) -> bool:
        """Whether unmet demand waits."""
        return bool(self.terms["backorders"])

    @property
    def to_customers(self) -> FloatArray:
        """Return [T] base units that customers take, what was owed to them included."""
        out: FloatArray = np.maximum(
            self.opening + self.receipts + self.planned - self.closing - self.shipped - self.waste, 0.0
        )
        return out

    @property
    def outflow(self) -> FloatArray:
        """Return [T] base units that leave."""
        return self.to_customers + self.shipped

    def first_unit(self, line: Line) -> float:
        """Return how many units that are not wasted come before this line: stock, open orders, earlier lines."""
        t = line.bucket
        gone, of_line = self._wasted()
        before = float(self.opening[0] + self.receipts[: t + 1].sum() - gone[: t + 1].sum())
        for other in self.lines:
            if other.order_id == line.order_id:
                break
            before += other.qty - of_line[other.order_id] if other.bucket <= t else 0.0
        return before

    def wasted(self, line: Line) -> float:
        """Return how many units of a line are written off."""
        return self._wasted()[1][line.order_id]

    def _wasted(self) -> tuple[FloatArray, dict[str, float]]:
        """Return units written off of what was there or on open order [T] by bucket it came, and of each line.

        The newest units in stock go, as all others leave before them.
        """
        T = len(self.waste)
        given, of_line = np.zeros(T), {line.order_id: 0.0 for line in self.lines}
        came = self.receipts.copy()
        came[0] += self.opening[0]
        for t in np.flatnonzero(self.waste > ROUNDING).tolist():
            left = float(self.waste[t])
            for u in range(t, -1, -1):
                for line in (line for line in reversed(self.lines) if line.bucket == u):
                    part = min(left, line.qty - of_line[line.order_id])
                    of_line[line.order_id] += part
                    left -= part
                part = min(left, float(came[u] - given[u]))
                given[u] += part
                left -= part
        return given, of_line

    def used(self, first: float, qty: float) -> FloatArray:
        """Return [T] in which bucket the units [first, first + qty) of the inflow leave; the rest stays."""
        until = np.cumsum(self.outflow)
        since = until - self.outflow
        out: FloatArray = np.maximum(np.minimum(until, first + qty) - np.maximum(since, first), 0.0)
        return out


@dataclass(slots=True)
class Uses:
    """Where units go, base units: to customers and left over by (location, bucket), and to each delivery line.

    `left` is by location at the end of the horizon; `wasted` by location expires; `behind` arrives behind it.
    """

    customers: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    left: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    deliveries: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    wasted: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    behind: float = 0.0


@dataclass(slots=True)
class Effect:
    """What changes at one location when less arrives: base units, money, days.

    `shipped` and `unmet` are units fewer and more; `unmet_by_bucket` [T]; `left` units fewer at the end.
    """

    location_id: str
    unmet_by_bucket: FloatArray
    closing: FloatArray
    shipped: float
    left: float
    shortage_cost: float
    holding_saved: float
    handling_saved: float
    waste_saved: float
    safety_days: int
    safety_unit_days: float

    @property
    def unmet(self) -> float:
        """Units of demand that are not served in time."""
        return float(self.unmet_by_bucket.sum())


@dataclass(frozen=True, slots=True)
class Chain:
    """One item at every location; `starts` are the first days of the buckets."""

    starts: pd.DatetimeIndex
    bucket_days: int
    stocks: Mapping[str, Stock]
    lines: Mapping[str, Line]

    @property
    def buckets(self) -> int:
        """Buckets of the horizon."""
        return len(self.starts)

    def sent(self, location_id: str, bucket: int) -> list[Line]:
        """Return the lines that leave a location in a bucket."""
        return [line for line in self.lines.values() if line.source_id == location_id and line.leaves == bucket]

    def follow(self, line: Line) -> Uses:
        """Return where the units of a line go, down to the customers."""
        uses = Uses()
        self._follow(line, line.qty, uses)
        return uses

    def _follow(self, line: Line, qty: float, uses: Uses) -> None:
        """Add the uses of `qty` units of a line, an even mix of it."""
        if line.bucket >= self.buckets:
            uses.behind += qty
            return
        stock = self.stocks[line.location_id]
        part = qty / line.qty
        wasted = stock.wasted(line)
        used = stock.used(stock.first_unit(line), line.qty - wasted) * part
        if wasted > ROUNDING:
            uses.wasted[line.location_id] += wasted * part
        uses.left[line.location_id] += max(qty - wasted * part - float(used.sum()), 0.0)
        for t in np.flatnonzero(used > ROUNDING).tolist():
            shipped = float(used[t] * stock.shipped[t] / stock.outflow[t])
            if used[t] - shipped > ROUNDING:
                uses.customers[line.location_id, t] += float(used[t]) - shipped
            for sent, amount in self._shares(line.location_id, t, shipped).items():
                if sent is None:
                    uses.behind += amount
                    continue
                uses.deliveries[sent.order_id] += amount
                self._follow(sent, amount, uses)

    def _shares(self, location_id: str, bucket: int, qty: float) -> dict[Line | None, float]:
        """Return `qty` units that leave in a bucket, by line; None: lines that arrive behind the horizon."""
        if qty <= ROUNDING:
            return {}
        shipped = float(self.stocks[location_id].shipped[bucket])
        out: dict[Line | None, float] = {
            line: qty * line.qty / shipped for line in self.sent(location_id, bucket) if line.qty > 0
        }
        rest = qty - sum(out.values())
        return out | ({None: rest} if rest > ROUNDING * max(qty, 1.0) else {})

    def without(self, line: Line, qty: float) -> list[Effect]:
        """Return what changes, location by location, when a line brings `qty` units less."""
        fewer = np.zeros(self.buckets)
        if line.bucket < self.buckets:
            fewer[line.bucket] = qty
        effects = self._without(line.location_id, fewer)
        effects[0].handling_saved = self.stocks[line.location_id].term("cost_per_unit") * qty
        return effects

    def _without(self, location_id: str, fewer: FloatArray) -> list[Effect]:
        """Play the stock again with `fewer` [T] units arriving: what leaves for others first, then customers.

        Presentation stock is not sold, as in the plan; it is only what is left when less arrives than it needs.
        """
        stock = self.stocks[location_id]
        T, missing, late = self.buckets, 0.0, 0.0
        unmet, unshipped, owed, closing = np.zeros(T), np.zeros(T), np.zeros(T), np.zeros(T)
        free = np.maximum(stock.closing - stock.target("min_qty"), 0.0)
        taken, wasted = stock.to_customers, np.zeros(T)
        for t in range(T):
            missing += fewer[t]
            net = free[t] + stock.waste[t] + (stock.demand[t] - stock.owed[t] if stock.backorders else taken[t])
            there = net + stock.shipped[t] - missing
            unshipped[t] = min(max(stock.shipped[t] - max(there, 0.0), 0.0), missing)
            missing -= unshipped[t]
            if stock.backorders:
                owed[t] = late = min(max(missing - free[t] - stock.waste[t], 0.0), late + taken[t])
                served = min(max(net - missing, 0.0), stock.demand[t])
                unmet[t] = max(stock.demand[t] - stock.unmet[t] - served, 0.0)
                wasted[t] = max(stock.waste[t] - (missing - late), 0.0)
                missing -= stock.waste[t] - wasted[t]
                closing[t] = max(stock.closing[t] - (missing - late), 0.0)
            else:
                unmet[t] = min(max(missing - free[t] - stock.waste[t], 0.0), taken[t])
                missing -= unmet[t]
                wasted[t] = max(stock.waste[t] - missing, 0.0)
                missing -= stock.waste[t] - wasted[t]
                closing[t] = max(stock.closing[t] - missing, 0.0)
        lacks = np.maximum(stock.safety - closing, 0.0) - np.maximum(stock.safety - stock.closing, 0.0)
        below = (closing < stock.safety - ROUNDING) & (stock.closing >= stock.safety - ROUNDING)
        effect = Effect(
            location_id=location_id,
            unmet_by_bucket=unmet,
            closing=closing,
            shipped=float(unshipped.sum()),
            left=float(stock.closing[-1] - closing[-1]),
            shortage_cost=stock.target("shortage_cost") * float((owed if stock.backorders else unmet).sum()),
            holding_saved=stock.target("holding_cost") * self.bucket_days * float((stock.closing - closing).sum()),
            handling_saved=stock.term("cost_per_unit") * float(fewer.sum()),
            waste_saved=stock.term("unit_cost") * float((stock.waste - wasted).sum()),
            safety_days=int(below.sum()) * self.bucket_days,
            safety_unit_days=float(lacks.sum()) * self.bucket_days,
        )
        downstream: dict[str, FloatArray] = defaultdict(lambda: np.zeros(T))
        for t in np.flatnonzero(unshipped > ROUNDING).tolist():
            for sent, amount in self._shares(location_id, t, float(unshipped[t])).items():
                if sent is not None and sent.bucket < T:
                    downstream[sent.location_id][sent.bucket] += amount
        return [effect, *(e for place in sorted(downstream) for e in self._without(place, downstream[place]))]


def read_chain(item_id: str, tables: Mapping[str, pd.DataFrame]) -> Chain:
    """Return the chain of an item from the published tables."""
    projected = tables["projected_inventory"]
    starts = pd.DatetimeIndex(np.unique(projected["bucket_start"]))
    bucket_days = _bucket_days(starts, tables["recent_demand"])
    supply = _by_location(tables["supply"], item_id)
    policy = _by_location(tables["policy_params"], item_id)
    lines = _lines(tables["replenishment_orders"], item_id, starts, bucket_days, supply)
    stocks = {}
    for place, rows in projected[projected["item_id"] == item_id].groupby("location_id"):
        rows = rows.sort_values("bucket_start")
        stocks[str(place)] = Stock(
            str(place),
            supply[str(place)],
            policy[str(place)],
            tuple(line for line in lines.values() if line.location_id == place),
            *(rows[name].to_numpy(dtype=float) for name in _QUANTITIES),
        )
    return Chain(starts, bucket_days, stocks, lines)


def _bucket_days(starts: pd.DatetimeIndex, recent_demand: pd.DataFrame) -> int:
    """Return the days of a bucket: the least distance of two buckets; a week if there is only one."""
    known = starts.union(pd.DatetimeIndex(recent_demand["bucket_start"]).unique())
    return int(pd.Series(known).diff().min() / pd.Timedelta(days=1)) if len(known) > 1 else _WEEK


def _by_location(table: pd.DataFrame, item_id: str) -> dict[str, dict[str, object]]:
    return {
        str(row["location_id"]): {str(name): value for name, value in row.items()}
        for row in table[table["item_id"] == item_id].to_dict("records")
    }


def _lines(
    orders: pd.DataFrame,
    item_id: str,
    starts: pd.DatetimeIndex,
    bucket_days: int,
    supply: Mapping[str, Mapping[str, object]],
) -> dict[str, Line]:
    """Return the lines of an item in the order of receipt."""
    out = {}
    rows = orders[orders["item_id"] == item_id].sort_values(["receipt_date", "order_id"])
    for row in rows[["order_id", "source_id", "location_id", "bucket_start", "qty"]].itertuples(index=False):
        order_id, source, place, start, qty = row
        bucket = int((start - starts[0]).days) // bucket_days
        lead = int(np.floor(float(str(supply[place]["lead_time_days"])) / bucket_days + ROUNDING))
        out[str(order_id)] = Line(str(order_id), str(source), str(place), bucket, bucket - lead, float(qty))
    return out
