"""Rules of stock and orders. Every rule yields one text per violation; a kept rule yields nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from judge.case import WEEKDAYS, Case, Row

TOLERANCE = 1e-6


def near(left: float, right: float, tolerance: float = TOLERANCE) -> bool:
    """Whether two figures are the same up to rounding, relative to their size."""
    return abs(left - right) <= tolerance * max(1.0, abs(left), abs(right))


def series(case: Case) -> dict[tuple[str, str], list[Row]]:
    """Rows of the projected stock by item-location, in order of time."""
    rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in case.plan["projected_inventory"]:
        rows[row["item_id"], row["location_id"]].append(row)
    return {key: sorted(value, key=lambda row: row["bucket_start"]) for key, value in rows.items()}


def backordered(case: Case) -> set[str]:
    """Items whose unmet demand waits."""
    return {row["item_id"] for row in case.given["items"] if row.get("unmet_demand") == "backorder"}


def complete(case: Case) -> Iterator[str]:
    """Every planned item-location has one row per bucket, and every one that has an order is planned."""
    wanted = [case.bucket_start(bucket) for bucket in range(case.buckets)]
    planned = series(case)
    for key, rows in planned.items():
        if [row["bucket_start"] for row in rows] != wanted:
            yield f"{key}: buckets {[str(row['bucket_start']) for row in rows]}"
    for order in case.plan["replenishment_orders"]:
        ends = [order["location_id"]] + ([order["source_id"]] if order["type"] == "DO" else [])
        for end in ends:
            if (order["item_id"], end) not in planned:
                yield f"order {order['order_id']}: {order['item_id']} at {end} has no projected stock"


def given_stock(case: Case, key: tuple[str, str]) -> tuple[float, float]:
    """Stock that is free at the start and demand that is owed already (of items whose demand waits)."""
    rows = case.once(
        "inventory", lambda: {(r["item_id"], r["location_id"]): r for r in case.given.get("inventory", [])}
    )
    row = rows.get(key, {"on_hand_qty": 0.0})
    owed = row.get("backorder_qty") or 0.0
    return max(0.0, row["on_hand_qty"] - (row.get("allocated_qty") or 0.0)), owed if key[0] in backordered(
        case
    ) else 0.0


def balance(case: Case) -> Iterator[str]:
    """Stock less what is owed changes by receipts, demand, shipments and waste; lost demand is no change."""
    waits = backordered(case)
    for key, rows in series(case).items():
        free, owed = given_stock(case, key)
        before = free - owed
        for row in rows:
            lost = 0.0 if key[0] in waits else row["unmet_qty"]
            arrived = row["receipts_qty"] + row["planned_receipts_qty"]
            expected = before + arrived - (row["demand_qty"] - lost) - row["shipped_qty"] - row["waste_qty"]
            before = row["closing_qty"] - row["backorder_qty"]
            if not near(expected, before):
                yield f"{key} {row['bucket_start']}: closes with {before} instead of {expected}"


def chain(case: Case) -> Iterator[str]:
    """The first bucket opens with the free stock or what owed demand leaves of it, the others as the last closed."""
    for key, rows in series(case).items():
        free, owed = given_stock(case, key)
        before = [free, max(0.0, free - owed)]
        for row in rows:
            if not any(near(row["opening_qty"], stock) for stock in before):
                yield f"{key} {row['bucket_start']}: opens with {row['opening_qty']} after {before[0]}"
            before = [row["closing_qty"]]


def signs(case: Case) -> Iterator[str]:
    """Nothing is negative, no more demand is unmet than there is, only waiting demand is owed."""
    waits = backordered(case)
    for row in case.plan["projected_inventory"]:
        key = f"{row['item_id']} at {row['location_id']} {row['bucket_start']}"
        for name, value in row.items():
            if name.endswith("_qty") and value < -TOLERANCE:
                yield f"{key}: {name} is {value}"
        if row["unmet_qty"] > row["demand_qty"] + TOLERANCE:
            yield f"{key}: unmet {row['unmet_qty']} of {row['demand_qty']}"
        if row["item_id"] not in waits and row["backorder_qty"] > TOLERANCE:
            yield f"{key}: lost demand is owed ({row['backorder_qty']})"


def open_orders(case: Case) -> Iterator[str]:
    """Receipts are the open orders that arrive in the bucket; what is overdue arrives in the first."""
    wanted: dict[tuple[str, str, int], float] = defaultdict(float)
    for order in case.given.get("open_orders", []):
        bucket = max(0, case.bucket_of(order["receipt_date"]))
        wanted[order["item_id"], order["location_id"], bucket] += order["qty"]
    for row in case.plan["projected_inventory"]:
        key = (row["item_id"], row["location_id"], case.bucket_of(row["bucket_start"]))
        if not near(row["receipts_qty"], wanted[key]):
            yield f"{key}: receipts {row['receipts_qty']} instead of {wanted[key]}"


def dispatch_bucket(case: Case, order: Row) -> int:
    """Bucket in which a DO line leaves its source: the lane's whole buckets before the receipt."""
    lead = int(case.terms(order)["lead_time_days"] // case.bucket_days)
    return case.bucket_of(order["receipt_date"]) - lead


def flows(case: Case) -> Iterator[str]:
    """Planned receipts and shipments are exactly the order lines."""
    received: dict[tuple[str, str, int], float] = defaultdict(float)
    shipped: dict[tuple[str, str, int], float] = defaultdict(float)
    for order in case.plan["replenishment_orders"]:
        bucket = case.bucket_of(order["receipt_date"])
        received[order["item_id"], order["location_id"], bucket] += order["qty"]
        if case.bucket_of(order["bucket_start"]) != bucket or order["bucket_start"] != case.bucket_start(bucket):
            yield f"order {order['order_id']}: bucket {order['bucket_start']} but received {order['receipt_date']}"
        if order["type"] == "DO":
            shipped[order["item_id"], order["source_id"], dispatch_bucket(case, order)] += order["qty"]
    for row in case.plan["projected_inventory"]:
        key = (row["item_id"], row["location_id"], case.bucket_of(row["bucket_start"]))
        if not near(row["planned_receipts_qty"], received[key]):
            yield f"{key}: planned receipts {row['planned_receipts_qty']}, orders {received[key]}"
        if not near(row["shipped_qty"], shipped[key]):
            yield f"{key}: shipped {row['shipped_qty']}, orders {shipped[key]}"


def source_stock(case: Case) -> Iterator[str]:
    """Nothing leaves a location before it is there: day by day, goods count from their day of receipt."""
    moves: dict[tuple[str, str, int], list[tuple[date, int, float]]] = defaultdict(list)
    for order in case.given.get("open_orders", []):
        bucket = max(0, case.bucket_of(order["receipt_date"]))
        day = max(order["receipt_date"], case.start)
        moves[order["item_id"], order["location_id"], bucket].append((day, 0, order["qty"]))
    for order in case.plan["replenishment_orders"]:
        bucket = case.bucket_of(order["receipt_date"])
        moves[order["item_id"], order["location_id"], bucket].append((order["receipt_date"], 0, order["qty"]))
        if order["type"] == "DO":
            leaves = dispatch_bucket(case, order)
            shift = (bucket - leaves) * case.bucket_days
            day = date.fromordinal(order["receipt_date"].toordinal() - shift)
            moves[order["item_id"], order["source_id"], leaves].append((day, 1, -order["qty"]))
    for row in case.plan["projected_inventory"]:
        if row["shipped_qty"] <= 0:
            continue
        key = (row["item_id"], row["location_id"], case.bucket_of(row["bucket_start"]))
        held = row["opening_qty"]
        for day, _, qty in sorted(moves[key]):
            held += qty
            if held < -TOLERANCE * max(1.0, row["shipped_qty"]):
                yield f"{key}: {-held} more leaves on {day} than is there"
                break


def packs(case: Case) -> Iterator[str]:
    """Every line is a whole number of packs, at least the smallest order, and stated rightly in its unit."""
    for order in case.plan["replenishment_orders"]:
        terms = case.terms(order)
        count = order["qty"] / terms["multiple"]
        if abs(count - round(count)) > TOLERANCE * max(1.0, count) or round(count) < 1:
            yield f"order {order['order_id']}: {order['qty']} is not a multiple of {terms['multiple']}"
        if not near(order["order_qty_uom"] * terms["factor"], order["qty"]):
            yield f"order {order['order_id']}: {order['order_qty_uom']} {order['order_uom']} are not {order['qty']}"


def smallest_order(case: Case) -> Iterator[str]:
    """What one item orders for one bucket is at least moq_qty; days may share it."""
    ordered: dict[tuple[str, str, str, date], float] = defaultdict(float)
    least: dict[tuple[str, str, str, date], float] = {}
    for order in case.plan["replenishment_orders"]:
        key = (order["item_id"], order["source_id"], order["location_id"], order["bucket_start"])
        ordered[key] += order["qty"]
        least[key] = case.terms(order)["moq"]
    for key, qty in ordered.items():
        if qty < least[key] - TOLERANCE * max(1.0, qty):
            yield f"{key}: {qty} is less than {least[key]}"


def order_value(case: Case) -> Iterator[str]:
    """What one supplier gets as one order (same location, same bucket of receipt) is worth at least its minimum."""
    least = {row["supplier_id"]: row.get("min_order_value") or 0.0 for row in case.given.get("suppliers", [])}
    value: dict[tuple[str, str, date], float] = defaultdict(float)
    for order in case.plan["replenishment_orders"]:
        if order["type"] == "PO":
            goods = order["qty"] * case.terms(order)["per_unit"]
            value[order["source_id"], order["location_id"], order["bucket_start"]] += goods
    for key, money in value.items():
        if money < least.get(key[0], 0.0) * (1 - TOLERANCE):
            yield f"{key}: {money} is less than {least[key[0]]}"


def lead_times(case: Case) -> Iterator[str]:
    """Ordered inside the horizon, received after the lead time, on a receiving day, from a place that is not closed."""
    for order in case.plan["replenishment_orders"]:
        name, terms = f"order {order['order_id']}", case.terms(order)
        days = (order["receipt_date"] - order["order_date"]).days
        if days < terms["lead_time_days"] - TOLERANCE:
            yield f"{name}: received after {days} of {terms['lead_time_days']} days"
        if not 0 <= case.bucket_of(order["order_date"]) < case.buckets:
            yield f"{name}: ordered on {order['order_date']}, outside the horizon"
        if not case.receives(order["location_id"], order["receipt_date"]):
            yield f"{name}: {order['location_id']} receives nothing on {order['receipt_date']}"
        if order["type"] == "DO" and case.closed(order["source_id"], order["receipt_date"]):
            yield f"{name}: {order['source_id']} is closed on {order['receipt_date']}"


def goods(case: Case, row: Row, qty: float) -> dict[str, float]:
    """Quantity, weight and volume of an amount of an item."""
    item = case.by_id("items", "item_id")[row["item_id"]]
    weight, volume = item.get("unit_weight_kg") or 0.0, item.get("unit_volume_m3") or 0.0
    return {"capacity_qty": qty, "capacity_kg": qty * weight, "capacity_m3": qty * volume}


def over(limit: Row, used: dict[str, float]) -> Iterator[str]:
    """Yield the measures in which a limit is passed."""
    for measure, amount in used.items():
        most = limit.get(measure)
        if most is not None and amount > most * (1 + TOLERANCE) + TOLERANCE:
            yield f"{measure} {amount:.3f} over {most}"


def storage(case: Case) -> Iterator[str]:
    """Stock at the end of a bucket fits the storage."""
    used: dict[tuple[str, str, date], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in case.plan["projected_inventory"]:
        for measure, amount in goods(case, row, row["closing_qty"]).items():
            for item in (row["item_id"], ""):
                used[row["location_id"], item, row["bucket_start"]][measure] += amount
    for limit in case.given.get("capacities", []):
        if limit["kind"] != "storage":
            continue
        for (location, item, day), amounts in used.items():
            if location == limit["location_id"] and item == (limit.get("item_id") or ""):
                yield from (f"{location} {item} {day}: {text}" for text in over(limit, amounts))


def daily(case: Case, kind: str, end: str) -> Iterator[str]:
    """Goods of one day at one end of the order lines fit the limit of the day; a weekday's own limit goes first."""
    used: dict[tuple[str, date], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for order in case.plan["replenishment_orders"]:
        if kind == "receiving" or order["type"] == "DO":
            for measure, amount in goods(case, order, order["qty"]).items():
                used[order[end], order["receipt_date"]][measure] += amount
    limits = [row for row in case.given.get("capacities", []) if row["kind"] == kind]
    for (location, day), amounts in used.items():
        here = [row for row in limits if row["location_id"] == location]
        own = [row for row in here if row.get("weekday") == WEEKDAYS[day.weekday()]]
        for limit in own or [row for row in here if not row.get("weekday")]:
            yield from (f"{location} {day}: {text}" for text in over(limit, amounts))


def dispatch(case: Case) -> Iterator[str]:
    """What leaves a location on a day fits its dispatch capacity."""
    yield from daily(case, "dispatch", "source_id")


def receiving(case: Case) -> Iterator[str]:
    """What the plan lets arrive at a location on a day fits its receiving capacity."""
    yield from daily(case, "receiving", "location_id")


def supply_limits(case: Case) -> Iterator[str]:
    """What arrives from a supplier, or from all, in one bucket or period fits supply_limits."""
    for limit in case.given.get("supply_limits", []):
        period = limit.get("per") == "period"
        end = limit.get("end_date") or (case.bucket_start(case.buckets) if period else None)
        used: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for order in case.plan["replenishment_orders"]:
            bucket = order["bucket_start"]
            bound = order["type"] == "PO" and (limit.get("supplier_id") or order["source_id"]) == order["source_id"]
            bound &= (limit.get("category") or case.category(order["item_id"])) == case.category(order["item_id"])
            bound &= (limit.get("start_date") or bucket) <= bucket
            if bound and not (end and end <= bucket):
                bucket = case.start if period else bucket
                for measure, amount in goods(case, order, order["qty"]).items():
                    used[bucket][measure.replace("capacity", "limit")] += amount
                used[bucket]["limit_value"] += order["qty"] * case.terms(order)["per_unit"]
        for bucket, amounts in used.items():
            who = limit.get("supplier_id") or "all suppliers"
            yield from (f"{who}, bucket {bucket}: {text}" for text in over(limit, amounts))


def freshness(case: Case) -> Iterator[str]:
    """Nothing is sold or sent on after its shelf life, first in, first out, and only what could not be is wasted.

    The age of stock follows from receipts; stock at the start counts as just received. Waste is taken from the newest.
    """
    items = case.by_id("items", "item_id")
    for key, rows in series(case).items():
        days = items[key[0]].get("shelf_life_days")
        if days is None:
            if any(row["waste_qty"] > TOLERANCE for row in rows):
                yield f"{key}: waste of what does not expire"
            continue
        life = max(int(days // case.bucket_days), 1) - 1  # buckets after that of receipt
        queue: list[list[float]] = [[0, rows[0]["opening_qty"]]]
        leaves = [row["demand_qty"] - row["unmet_qty"] + row["shipped_qty"] for row in rows]
        for t, row in enumerate(rows):
            queue.append([t, row["receipts_qty"] + row["planned_receipts_qty"]])
            left = leaves[t]
            while queue and left > TOLERANCE:
                taken = min(left, queue[0][1])
                if taken > TOLERANCE and t - queue[0][0] > life:
                    yield f"{key} {row['bucket_start']}: {taken} that came {t - queue[0][0]} buckets ago"
                queue[0][1] -= taken
                left -= taken
                if queue[0][1] <= TOLERANCE:
                    queue.pop(0)
            wasted = row["waste_qty"]
            later = sum(leaves[t + 1 : t + 1 + life])
            if wasted > TOLERANCE and t + life < len(rows) and row["closing_qty"] < later - TOLERANCE:
                yield f"{key} {row['bucket_start']}: {wasted} wasted, {later} leave in time of {row['closing_qty']}"
            while queue and wasted > TOLERANCE:
                taken = min(wasted, queue[-1][1])
                queue[-1][1] -= taken
                wasted -= taken
                if queue[-1][1] <= TOLERANCE:
                    queue.pop()


def pins(case: Case) -> Iterator[str]:
    """Exactly the pinned quantity arrives in the bucket of the pin."""
    for pin in case.given.get("pins", []):
        expires = pin.get("expires_date")
        bucket = case.bucket_of(pin["receipt_date"])
        if (expires and expires <= case.start) or not 0 <= bucket < case.buckets:
            continue
        arriving = sum(
            order["qty"]
            for order in case.plan["replenishment_orders"]
            if (order["item_id"], order["location_id"]) == (pin["item_id"], pin["location_id"])
            and case.bucket_of(order["receipt_date"]) == bucket
        )
        if not near(arriving, pin["qty"]):
            yield f"pin {pin['pin_id']}: {arriving} instead of {pin['qty']}"


def stock_limits(case: Case) -> Iterator[str]:
    """Stock stays between the policies' min_qty and max_qty; what was given above the maximum may only fall."""
    rules = case.given.get("inventory_policies", [])
    if not any(rule.get("min_qty") or rule.get("max_qty") for rule in rules):
        return
    for key, rows in series(case).items():
        rule = case.most_specific(rules, *key) or {}
        least, most = rule.get("min_qty") or 0.0, rule.get("max_qty")
        for row in rows:
            if row["closing_qty"] < least - TOLERANCE:
                yield f"{key} {row['bucket_start']}: {row['closing_qty']} is below {least}"
            if most is not None and row["closing_qty"] > max(most, row["opening_qty"]) + TOLERANCE:
                yield f"{key} {row['bucket_start']}: {row['closing_qty']} is above {most}"


def demand(case: Case) -> Iterator[str]:
    """Planned demand is the forecast in whole units, rounded cumulatively."""
    mean = {(r["item_id"], r["location_id"], r["bucket_start"]): r["mean_qty"] for r in case.plan["forecast"]}
    for key, rows in series(case).items():
        planned = expected = 0.0
        for row in rows:
            planned += row["demand_qty"]
            expected += mean.get((*key, row["bucket_start"]), 0.0)
            if abs(planned - expected) > 0.5 + 1e-6 * max(1.0, expected):
                yield f"{key} {row['bucket_start']}: {planned} planned of {expected} forecast so far"
                break


def order_costs(case: Case) -> Iterator[str]:
    """A line costs its goods (PO) or handling (DO), and its fixed and shared cost; weight and volume are its goods'."""
    for order in case.plan["replenishment_orders"]:
        terms, name = case.terms(order), f"order {order['order_id']}"
        cost = order["qty"] * terms["per_unit"] + terms["fixed"] + (order.get("shared_cost") or 0.0)
        if not near(order["cost"], cost, 1e-4):
            yield f"{name}: costs {order['cost']} instead of {cost}"
        amounts = goods(case, order, order["qty"])
        if not near(order["weight_kg"], amounts["capacity_kg"]) or not near(order["volume_m3"], amounts["capacity_m3"]):
            yield f"{name}: {order['weight_kg']} kg, {order['volume_m3']} m3 instead of {amounts}"


def shared_costs(case: Case) -> Iterator[str]:
    """The lines of a supplier's order share its cost and that of its whole trucks; deliveries share nothing."""
    suppliers = case.by_id("suppliers", "supplier_id") if case.given.get("suppliers") else {}
    told: dict[tuple[str, str, date], float] = defaultdict(float)
    load: dict[tuple[str, str, date], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for order in case.plan["replenishment_orders"]:
        shared = order.get("shared_cost") or 0.0
        if order["type"] == "DO" and shared:
            yield f"order {order['order_id']}: a delivery shares {shared}"
        elif order["type"] == "PO" and case.bucket_of(order["bucket_start"]) < case.buckets:
            key = (order["source_id"], order["location_id"], order["bucket_start"])
            told[key] += shared
            for measure, amount in goods(case, order, order["qty"]).items():
                load[key][measure.replace("capacity", "truck")] += amount
    for key, shared in told.items():
        terms = suppliers[key[0]]
        trucks = [
            math.ceil(load[key][size] / terms[size] - 1e-6) for size in ("truck_kg", "truck_m3") if terms.get(size)
        ]
        cost = (terms.get("order_cost") or 0.0) + (terms.get("truck_cost") or 0.0) * max(trucks, default=0)
        if not near(shared, cost, 1e-4):
            yield f"{key}: its lines share {shared} instead of {cost}"


STOCK_RULES = {
    rule.__name__: rule
    for rule in (
        *(complete, balance, chain, signs, open_orders, flows, source_stock, packs, smallest_order, order_value),
        *(lead_times, storage, dispatch, receiving, supply_limits, pins, stock_limits, demand, order_costs),
        shared_costs,
        freshness,
    )
}
