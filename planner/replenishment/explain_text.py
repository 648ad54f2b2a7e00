"""An explained order in words, for a terminal."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

_WIDTH = 100
_MOST_ROWS = 12
_PARTS = {
    "demand": "demand until the next order arrives",
    "safety_stock": "filling up safety stock",
    "later": "demand after the next order, which later orders do not cover",
    "ahead": "held for what comes after the horizon or because another order costs more",
    "pack_rounding": "rounding up to whole packs",
    "moq_rounding": "rounding up to the smallest order",
}
_KINDS = {
    "dispatch": "dispatch capacity at",
    "receiving": "receiving capacity at",
    "storage": "storage at",
    "stock": "stock at",
    "supply": "supply limit of",
    "supply period": "supply limit of a period of",
}


def write_text(facts: Mapping[str, Any]) -> str:
    """Return the text of `Explanation.as_dict()`: what, why, where to, what limits it, and what if not."""
    visit = _visit(facts["visit"]) if "visit" in facts else []
    sections = (
        _head(facts),
        _why(facts),
        visit,
        _where(facts),
        _limits(facts),
        _what_if(facts),
        _rules(facts["order"]),
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _qty(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _money(value: float) -> str:
    return f"{value:,.2f}"


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    """Return right-aligned figures with their words, the first ones and how many more there are."""
    shown = rows[:_MOST_ROWS]
    width = max((len(figure) for figure, _ in shown), default=0)
    lines = [f"  {figure:>{width}}  {words}" for figure, words in shown]
    rest = len(rows) - len(shown)
    return lines + ([f"  {'':>{width}}  ... and {rest} more (all of them with --json)"] if rest else [])


def _named(name: str, key: str) -> str:
    return key if name == key else f"{name} ({key})"


def _head(facts: Mapping[str, Any]) -> list[str]:
    order = facts["order"]
    kind = "purchase order" if order["type"] == "PO" else "delivery order"
    packs = f"{_qty(order['order_qty_uom'])} {order['order_uom']}"
    same = order["order_uom"] == order["uom"]
    lasts = order["days_of_supply_after"]
    return [
        f"{order['order_id']}: {kind} of {_qty(order['qty'])} {order['uom']}{'' if same else f' ({packs})'}",
        f"  item    {_named(order['item_name'], order['item_id'])}",
        f"  from    {_named(order['source_name'], order['source_id'])}, order {order['order_date']}",
        f"  to      {_named(order['location_name'], order['location_id'])}, receipt {order['receipt_date']}",
        f"  cost    {_money(order['cost'])}, {_qty(order['weight_kg'])} kg",
        f"  decided by: {order['binding_reason']}"
        + ("" if lasts is None else f"; stock then lasts {_qty(round(lasts, 1))} days"),
    ]


def _why(facts: Mapping[str, Any]) -> list[str]:
    parts = facts["parts"]
    lines = ["Why this quantity"]
    lines += _rows([(_qty(parts[name]), words) for name, words in _PARTS.items() if parts[name] > 0])
    rounding = parts["pack_rounding"] + parts["moq_rounding"]
    if rounding > 0:
        lines += _wrap(
            f"Holding the {_qty(rounding)} of rounding costs {_money(facts['rounding_cost'])} until used, "
            f"{_qty(round(facts['rounding_days'], 1))} days on average within the horizon."
        )
    return lines


def _visit(visit: Mapping[str, Any]) -> list[str]:
    """Return what the visit replaces of the sequential plan, what it saves on the road and what it costs in stock."""
    dates = visit["sequential_dates"].split()
    what = {
        "kept": "On the same day as in the plan that orders first.",
        "moved": f"Moved from {dates[0] if dates else ''}, its day in the plan that orders first.",
        "merged": f"Takes the place of the visits of {', '.join(dates)} of the plan that orders first.",
        "added": "The plan that orders first has no visit until the next one.",
    }[visit["change"]]
    saved = visit["sequential_transport_cost"] - visit["transport_cost"]
    more = visit["holding_cost"] - visit["sequential_holding_cost"]
    return [
        "Stock and trucks together",
        *_wrap(what),
        *_wrap(
            f"Until the next visit it {'saves' if saved >= 0 else 'costs'} {_money(abs(saved))} of transport "
            f"({_money(visit['transport_cost'])} instead of {_money(visit['sequential_transport_cost'])}) and "
            f"{'costs' if more >= 0 else 'saves'} {_money(abs(more))} of holding, all items together "
            f"({_money(visit['holding_cost'])} instead of {_money(visit['sequential_holding_cost'])})."
        ),
    ]


def _where(facts: Mapping[str, Any]) -> list[str]:
    """Return who gets the units: by bucket, and by location where the order feeds others."""
    own = facts["order"]["location_id"]
    lines = ["Where the units go (first in, first out)"]
    by_bucket: dict[str, float] = defaultdict(float)
    places: dict[str, set[str]] = defaultdict(set)
    for use in facts["uses"]:
        by_bucket[use["bucket_start"]] += use["qty"]
        places[use["bucket_start"]].add(use["location_id"])
    rows = []
    for start, qty in sorted(by_bucket.items()):
        where = places[start]
        at = f"at {next(iter(where))}" if len(where) == 1 else f"at {len(where)} locations"
        rows.append((_qty(qty), f"demand {at} in the bucket from {start}"))
    left = facts["left"]
    here, below = left.get(own, 0.0), sum(qty for place, qty in left.items() if place != own)
    if facts["wasted"]:
        rows.append((_qty(sum(facts["wasted"].values())), "expires: it cannot be sold in time"))
    if here:
        rows.append((_qty(here), f"still in stock at {own} at the end of the horizon"))
    if below:
        rows.append((_qty(below), f"still in stock at {len(left) - (own in left)} locations that {own} supplies"))
    if facts["behind_horizon_qty"]:
        rows.append((_qty(facts["behind_horizon_qty"]), "arrives after the horizon"))
    lines += _rows(rows)
    deliveries = sorted(facts["deliveries"], key=lambda row: (-row["qty"], row["order_id"]))
    if deliveries:
        lines.append(f"By way of {len(deliveries)} delivery orders, the largest first")
        lines += _rows(
            [
                (_qty(row["qty"]), f"{row['order_id']} to {row['location_id']}, bucket from {row['bucket_start']}")
                for row in deliveries
            ]
        )
    return lines


def _limits(facts: Mapping[str, Any]) -> list[str]:
    if not facts["limits"]:
        return ["Limits", "  No shared capacity has a price for this order."]
    lines = ["Limits"]
    for limit in facts["limits"]:
        early = limit["pulled_forward_qty"]
        what = f"{_KINDS[limit['kind']]} {limit['location_id']}, bucket from {limit['bucket_start']}"
        full = f"{_qty(limit['used'])} of {_qty(limit['capacity'])} {limit['unit']} used"
        saving = f"one more ({limit['unit']}) would save at most {limit['saving']:,.4f}"
        pulled = f"; {_qty(early)} units came early for it" if early else ""
        lines += _wrap(f"{what}: {full}; {saving}{pulled}.")
    if facts["pulled_forward_qty"]:
        lines += _wrap(f"Pulled forward in all: {_qty(facts['pulled_forward_qty'])}.")
    return lines


def _what_if(facts: Mapping[str, Any]) -> list[str]:
    lines = ["What if (everything else as planned; missing safety stock is counted in days, not in money)"]
    skipped, less = facts["skipped"], facts["one_pack_less"]
    lines += _wrap(f"Without this order: {_outcome(skipped)}")
    if less["fewer_qty"] < skipped["fewer_qty"]:
        lines += _wrap(f"One pack ({_qty(less['fewer_qty'])}) less: {_outcome(less)}")
    return lines


def _outcome(what: Mapping[str, Any]) -> str:
    words = [f"{_qty(what['unmet_qty'])} units of demand unmet (shortage {_money(what['shortage_cost'])})"]
    if what["not_shipped_qty"]:
        words.append(f"{_qty(what['not_shipped_qty'])} units cannot be sent on")
    if what["safety_stock_days_lost"]:
        words.append(f"{what['safety_stock_days_lost']} location-days below safety stock")
    words.append(f"saves {_money(what['holding_saved'])} of holding and {_money(what['ordering_saved'])} of ordering")
    if what["waste_saved"]:
        words.append(f"{_money(what['waste_saved'])} of goods are not wasted")
    if what["left_qty"]:
        words.append(f"{_qty(what['left_qty'])} units fewer at the end of the horizon, to be ordered later")
    difference = what["difference"]
    verdict = f"costs {_money(difference)} more" if difference >= 0 else f"costs {_money(-difference)} less"
    goods = f" Goods for {_money(what['goods_saved'])} are not bought (not counted)." if what["goods_saved"] else ""
    allowed = "" if what["allowed"] else " It would be below the smallest order."
    return f"{'; '.join(words)}. In all it {verdict}.{goods}{allowed}"


def _rules(order: Mapping[str, Any]) -> list[str]:
    target = f"{100 * order['service_target']:.4g} % {order['service_measure'].replace('_', ' ')}"
    return [
        "Rules",
        f"  source  {order['source_rule']}",
        f"  policy  {order['policy_rule']}: {target}, safety stock {_qty(order['safety_stock_qty'])}",
        f"  terms   lead time {_qty(order['lead_time_days'])} days, review every {_qty(order['review_period_days'])}"
        f" days, packs of {_qty(order['order_multiple_qty'])}, smallest order {_qty(order['moq_qty'])}",
    ]
