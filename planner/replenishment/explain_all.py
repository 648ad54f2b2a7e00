"""Why all orders of a run have their quantities: what `explain` says of one, a row per order."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.replenishment.explain import Explanation, explain_row
from planner.replenishment.explain_chain import read_chain

_KEYS = ("order_id", "type", "item_id", "source_id", "location_id", "receipt_date", "qty", "binding_reason")
_BY_ITEM = ("replenishment_orders", "projected_inventory", "supply", "policy_params")


def explain_all(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row per order: what the quantity is for, what limits it, and what less of it would change.

    The parts (demand_qty to moq_rounding_qty, base units) add up to the quantity. limit is the dearest shared
    capacity of the order, limit_saving what one more unit of it saves at most. without_* and pack_less_* are counted
    anew with everything else as planned: units of demand that are unmet, and what leaving the units out costs (money,
    negative: it would cost less; missing safety stock is not counted).

    Parameters
    ----------
    tables : published tables of a run.
    """
    prices = tables["capacity_prices"]
    of_stock = dict(iter(prices[prices["kind"] == "stock"].groupby("item_id")))
    shared = prices[(prices["kind"] != "stock") & (prices["price"] > 0)]
    parts = {name: dict(iter(tables[name].groupby("item_id"))) for name in _BY_ITEM}
    rows = []
    for item, orders in parts["replenishment_orders"].items():
        own = {name: groups.get(item, tables[name].iloc[:0]) for name, groups in parts.items()}
        chain = read_chain(str(item), {**tables, **own})
        limits = pd.concat([shared, of_stock[item]]) if item in of_stock else shared
        for record in orders.to_dict("records"):
            row = {str(name): value for name, value in record.items()}
            rows.append(_row(explain_row(row, chain, limits, row, None)))
    frame = pd.DataFrame(rows)
    return frame.sort_values("order_id", ignore_index=True) if len(frame) else frame


def _row(found: Explanation) -> dict[str, object]:
    parts, without, less = found.parts, found.skipped, found.one_pack_less
    dearest = max(found.limits, key=lambda limit: limit.saving, default=None)
    return {
        **{name: found.order[name] for name in _KEYS},
        "demand_qty": parts.demand,
        "safety_stock_qty": parts.safety_stock,
        "later_qty": parts.later,
        "ahead_qty": parts.ahead,
        "pack_rounding_qty": parts.pack_rounding,
        "moq_rounding_qty": parts.moq_rounding,
        "rounding_cost": found.rounding_cost,
        "expires_qty": sum(found.wasted.values()),
        "pulled_forward_qty": found.pulled_forward_qty,
        "limit": "" if dearest is None else f"{dearest.kind} {dearest.location_id} {dearest.bucket_start}",
        "limit_saving": 0.0 if dearest is None else dearest.saving,
        "without_unmet_qty": without.unmet_qty,
        "without_cost": without.difference,
        "pack_less_qty": less.fewer_qty,
        "pack_less_unmet_qty": less.unmet_qty,
        "pack_less_cost": less.difference,
    }
