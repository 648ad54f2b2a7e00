"""A whole plan made by hand for tests of reports: one dc, stores, an order-up-to rule, daily routes.

It is no planner: rules are plain and fixed. But its tables are consistent with each other (stock
balances, loads of their orders, stops of their loads), so that figures can be counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.simulation import simulate
from reports.display import display_tables
from reports.exceptions import rank_exceptions
from reports.kpis import compute_kpis
from reports.tables import PUBLISHED, conform
from scenarios.settings import ExportSettings, Horizon, SimulationSettings

START = pd.Timestamp("2015-11-23")
KEYS = ["item_id", "location_id"]
HARD_NAMES = (
    "<script>alert('x')</script>",
    "Quote \"double\" & 'single'",
    "Café 🍾 Größe",
    "北京 二锅头",
    "=cmd|' /C calc'!A0",
)


@dataclass(frozen=True)
class Inputs:
    """Items, locations and weekly demand to plan."""

    items: pd.DataFrame
    locations: pd.DataFrame
    history: pd.DataFrame


def small_inputs(items: int = 5, stores: int = 9, seed: int = 3) -> Inputs:
    """Return a small case with names that break careless pages."""
    rng = np.random.default_rng(seed)
    item_ids = [f"00{n}" for n in range(items)]
    store_ids = [f"S{n}" for n in range(stores)]
    item_table = pd.DataFrame(
        {
            "item_id": item_ids,
            "name": [HARD_NAMES[n % len(HARD_NAMES)] for n in range(items)],
            "category": ["rum" if n % 2 else "vodka" for n in range(items)],
            "uom": "unit",
            "unit_cost": rng.uniform(4, 30, items).round(2),
        }
    )
    item_table["unit_price"] = (item_table["unit_cost"] * 1.5).round(2)
    locations = pd.DataFrame(
        {
            "location_id": ["DC", *store_ids],
            "name": ["Warehouse <b>A</b>", *(f"Stadt {HARD_NAMES[n % 5]}" for n in range(stores))],
            "type": ["dc", *(["store"] * (stores - 1)), "online"],
            "region": ["", *rng.choice(["north", "south"], stores)],
            "latitude": 41.73 + np.r_[0, rng.uniform(-1, 1, stores)],
            "longitude": -93.6 + np.r_[0, rng.uniform(-2, 2, stores)],
            "address": "",
        }
    )
    weeks = pd.date_range(START - pd.Timedelta(weeks=26), periods=26, freq="7D")
    pairs = pd.MultiIndex.from_product([item_ids, store_ids, weeks], names=[*KEYS, "date"]).to_frame(index=False)
    pairs["qty"] = rng.negative_binomial(2, 0.25, len(pairs)).astype(float)
    pairs["channel"] = np.where(pairs["location_id"] == store_ids[-1], "online", "store")
    return Inputs(item_table, locations, pairs[pairs["qty"] > 0])


def make_tables(
    inputs: Inputs | None = None, *, buckets: int = 8, replications: int = 20, seed: int = 1
) -> dict[str, pd.DataFrame]:
    """Return every published table of a made-up plan."""
    inputs = inputs or small_inputs()
    rng = np.random.default_rng(seed)
    horizon = Horizon(start=START.date(), buckets=buckets)
    supply = _supply(inputs, rng)
    forecast, channels, accuracy = _forecasts(inputs, supply, buckets)
    policy = _policy(supply, forecast)
    dates = pd.date_range(START, periods=buckets, freq="7D")
    stores = supply[supply["level"] == 1].reset_index(drop=True)
    store_plan, store_orders = _stores(stores, forecast, policy, dates, rng)
    open_orders = _open_orders(supply, store_orders, policy)
    dc_plan, dc_orders = _dc(supply, store_orders, policy, open_orders, dates)
    orders = pd.concat([dc_orders, store_orders], ignore_index=True)
    orders["order_id"] = [f"{kind}-{n:06d}" for n, kind in enumerate(orders["type"], start=1)]
    loads, lines = _loads(orders)
    routes, stops, unassigned = _routes(loads, inputs.locations)
    tables = {
        "replenishment_orders": orders,
        "projected_inventory": pd.concat([dc_plan, store_plan], ignore_index=True),
        "forecast": forecast,
        "forecast_channels": channels,
        "forecast_accuracy": accuracy,
        "policy_params": policy,
        "capacity_prices": _capacity(dates, orders),
        "pin_report": _pins(store_orders),
        "loads": loads,
        "load_lines": lines,
        "routes": routes,
        "stops": stops,
        "unassigned": unassigned,
        "stop_pin_report": pd.DataFrame(columns=list(PUBLISHED["stop_pin_report"].columns)),
        "forecast_totals": pd.DataFrame(columns=list(PUBLISHED["forecast_totals"].columns)),
        "adjustment_report": pd.DataFrame(columns=list(PUBLISHED["adjustment_report"].columns)),
        "input_edits": pd.DataFrame(columns=list(PUBLISHED["input_edits"].columns)),
        "data_issues": _issues(),
        **display_tables(
            items=inputs.items,
            locations=inputs.locations,
            suppliers=pd.DataFrame({"supplier_id": sorted(supply.loc[supply["level"] == 0, "source_id"].unique())}),
            open_orders=open_orders,
            demand_history=inputs.history,
            supply=supply,
            horizon_start=START,
            bucket_days=7,
        ),
    }
    played = simulate(
        supply,
        forecast,
        channels,
        policy,
        tables["projected_inventory"],
        orders,
        routes,
        horizon,
        SimulationSettings(replications=replications),
        seed,
    )
    tables |= {"simulation": played.simulation, "simulated_service": played.service, "simulated_stock": played.stock}
    tables["exceptions"] = rank_exceptions(tables, bucket_days=7)
    tables["kpis"] = compute_kpis(tables, bucket_days=7, currency="USD")
    return {name: conform(schema, tables[name]) for name, schema in PUBLISHED.items()}


def provenance(seed: int = 1) -> dict[str, object]:
    """Return what a run writes about itself."""
    return {
        "project": "iowa <made up>",
        "scenario": "",
        "overrides": [],
        "seed": seed,
        "currency": "USD",
        "horizon_start": "2015-11-23",
        "horizon_buckets": 8,
        "bucket": "week",
        "status": "gap_reached",
        "cost": 100_000.0,
        "lower_bound": 99_100.0,
        "gap": 0.009,
        "versions": {"supply-planner": "0.1.0", "numpy": "2.0.0"},
        "input_hashes": {"items": "ab" * 32, "scenario": "cd" * 32},
        "settings": {
            "name": "iowa",
            "inventory": {"service_target": 0.95},
            "distribution": {"speed_kmh": 70.0},
            "exports": ExportSettings().model_dump(mode="json"),
        },
    }


def _supply(inputs: Inputs, rng: np.random.Generator) -> pd.DataFrame:
    items = inputs.items.set_index("item_id")
    places = inputs.locations.set_index("location_id")
    stores = inputs.history[KEYS].drop_duplicates().sort_values(KEYS)
    dc = pd.DataFrame({"item_id": sorted(stores["item_id"].unique()), "location_id": _dc_id(inputs)})
    frame = pd.concat([dc, stores], ignore_index=True)
    at_dc = (frame["location_id"] == _dc_id(inputs)).to_numpy()
    cost = items.loc[frame["item_id"], "unit_cost"].to_numpy()
    return pd.DataFrame(
        {
            **{key: frame[key] for key in KEYS},
            "location_type": places.loc[frame["location_id"], "type"].to_numpy(),
            "region": places.loc[frame["location_id"], "region"].fillna("").to_numpy(),
            "category": items.loc[frame["item_id"], "category"].to_numpy(),
            "level": np.where(at_dc, 0, 1),
            "source_type": np.where(at_dc, "supplier", "location"),
            "source_id": np.where(at_dc, "SUP-" + frame["item_id"].str[:5], _dc_id(inputs)),
            "source_rule": np.where(at_dc, "item_suppliers: item", "lanes: all"),
            "lead_time_days": np.where(at_dc, 14.0, 1.0),
            "lead_time_sd_days": np.where(at_dc, 2.0, 0.0),
            "review_period_days": 7.0,
            "moq_qty": 0.0,
            "order_multiple_qty": np.where(at_dc, 12.0, 1.0),
            "order_uom": np.where(at_dc, "case", "unit"),
            "order_uom_factor_qty": np.where(at_dc, 12.0, 1.0),
            "fixed_order_cost": np.where(at_dc, 20.0, 1.5),
            "cost_per_unit": np.where(at_dc, 0.0, 0.04),
            "unit_cost": cost,
            "unit_price": items.loc[frame["item_id"], "unit_price"].to_numpy(),
            "unit_weight_kg": 1.6,
            "unit_volume_m3": 0.003,
            "shelf_life_days": np.nan,
            "backorders": False,
            "available_qty": 0.0,
            "backorder_qty": 0.0,
            "priority": 1.0,
        }
    )


def _dc_id(inputs: Inputs) -> str:
    return str(inputs.locations.loc[inputs.locations["type"] == "dc", "location_id"].iloc[0])


def _forecasts(inputs: Inputs, supply: pd.DataFrame, buckets: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    last = inputs.history[inputs.history["date"] >= START - pd.Timedelta(weeks=26)]
    by_week = last.groupby([*KEYS, "date"])["qty"].sum().reset_index()
    sums = by_week.groupby(KEYS)["qty"].agg(total="sum", squares=lambda q: float((q**2).sum())).reset_index()
    rows = supply.loc[supply["level"] == 1, KEYS].merge(sums, how="left", on=KEYS).fillna(0.0)
    mean = rows["total"].to_numpy() / 26 + 0.05
    sd = np.sqrt(np.maximum(rows["squares"].to_numpy() / 26 - mean**2, 0.2 * mean))
    dates = pd.date_range(START, periods=buckets, freq="7D")
    wave = 1 + 0.25 * np.sin(np.arange(buckets) / 2)
    grid = rows[KEYS].loc[rows.index.repeat(buckets)].reset_index(drop=True)
    grid["bucket_start"] = np.tile(dates, len(rows))
    grid["mean_qty"] = np.outer(mean, wave).ravel()
    grid["sd_qty"] = np.outer(sd, wave).ravel()
    for name, z in (("p10_qty", -1.28), ("p50_qty", -0.1), ("p90_qty", 1.28)):
        grid[name] = np.maximum(grid["mean_qty"] + z * grid["sd_qty"], 0.0)
    grid["method"] = "window_average"
    online = inputs.locations.loc[inputs.locations["type"] == "online", "location_id"]
    channels = grid[[*KEYS, "bucket_start", "mean_qty"]].copy()
    channels["channel"] = np.where(channels["location_id"].isin(online), "online", "store")
    accuracy = rows[KEYS].assign(
        demand_class="lumpy",
        method="window_average",
        pinball_loss=0.3 * sd,
        mase=0.9,
        bias_qty=0.05 * mean,
        wape=np.clip(sd / mean, 0, 3),
        price_elasticity=np.nan,
        price_elasticity_se=np.nan,
    )
    return grid, channels, accuracy


def _policy(supply: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    weekly = forecast.groupby(KEYS)[["mean_qty", "sd_qty"]].mean().reset_index()
    dc = (
        weekly.merge(supply[[*KEYS, "source_id"]], on=KEYS)
        .groupby(["item_id", "source_id"])
        .agg(mean_qty=("mean_qty", "sum"), sd_qty=("sd_qty", lambda s: float(np.sqrt((s**2).sum()))))
    )
    dc = dc.reset_index().rename(columns={"source_id": "location_id"})
    rows = supply.merge(pd.concat([weekly, dc]), on=KEYS)
    weeks = (rows["lead_time_days"] + rows["review_period_days"]) / 7
    mean, sd = rows["mean_qty"] * weeks, rows["sd_qty"] * np.sqrt(weeks)
    safety = (0.9 * sd).round()
    revenue = rows["mean_qty"] * rows["unit_price"]
    return rows[KEYS].assign(
        abc_class=np.where(revenue > revenue.quantile(0.8), "A", np.where(revenue > revenue.quantile(0.5), "B", "C")),
        xyz_class=np.where(sd / mean < 0.5, "X", np.where(sd / mean < 1, "Y", "Z")),
        policy_kind="R_s_S",
        service_measure="fill_rate",
        service_target=0.95,
        lead_time_days=rows["lead_time_days"],
        review_period_days=7.0,
        service_time_days=0.0,
        covered_days=rows["lead_time_days"] + 7.0,
        demand_mean_qty=mean,
        demand_sd_qty=sd,
        distribution="negative_binomial",
        safety_stock_qty=safety,
        reorder_point_qty=mean + safety,
        order_up_to_qty=(mean + safety).round() + 1,
        order_qty=1.0,
        min_qty=0.0,
        max_qty=np.nan,
        holding_cost=rows["unit_cost"] * 0.25 / 365,
        shortage_cost=0.4 * rows["unit_price"],
        policy_rule="settings",
    )


def _stores(
    stores: pd.DataFrame,
    forecast: pd.DataFrame,
    policy: pd.DataFrame,
    dates: pd.DatetimeIndex,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = stores.merge(policy[[*KEYS, "safety_stock_qty", "order_up_to_qty"]], on=KEYS)
    mean = forecast.pivot_table(index=KEYS, columns="bucket_start", values="mean_qty").reindex(
        pd.MultiIndex.from_frame(rows[KEYS])
    )
    total = mean.to_numpy().cumsum(axis=1).round()
    demand = np.diff(total, axis=1, prepend=0.0)
    stock = np.floor(rows["order_up_to_qty"].to_numpy() * rng.uniform(0.1, 1.6, len(rows)))
    weekday = rng.integers(0, 5, len(rows))
    by_place = {place: int(day) for place, day in zip(rows["location_id"], weekday, strict=True)}
    plan, orders = [], []
    for t, date in enumerate(dates):
        receive = np.maximum(rows["order_up_to_qty"].to_numpy() - stock, 0.0) * (stock < rows["order_up_to_qty"] * 0.7)
        receive = np.floor(receive * (rng.random(len(rows)) > 0.05))
        served = np.minimum(stock + receive, demand[:, t])
        closing = stock + receive - served
        plan.append(_plan_rows(rows, date, stock, 0.0, receive, demand[:, t], 0.0, demand[:, t] - served, closing))
        line = rows[receive > 0]
        qty = receive[receive > 0]
        day = date + pd.to_timedelta(line["location_id"].map(by_place), unit="D")
        weekly = np.maximum(demand[receive > 0].mean(axis=1), 0.05)
        orders.append(
            line[[*KEYS, "source_id"]].assign(
                type="DO",
                qty=qty,
                order_uom=line["order_uom"],
                order_qty_uom=qty,
                order_date=day - pd.Timedelta(days=1),
                receipt_date=day,
                bucket_start=date,
                weight_kg=qty * 1.6,
                volume_m3=qty * 0.003,
                cost=qty * 0.04 + 1.5,
                days_of_supply_after=(stock + receive)[receive > 0] / weekly * 7,
                binding_reason=np.where(qty > 3, "demand until the next delivery", "safety stock"),
                pack_rounding_qty=0.0,
                shared_cost=0.0,
            )
        )
        stock = closing
    return pd.concat(plan), pd.concat(orders, ignore_index=True)


def _plan_rows(
    rows: pd.DataFrame,
    date: pd.Timestamp,
    opening: np.ndarray,
    receipts: object,
    planned: object,
    demand: object,
    shipped: object,
    unmet: object,
    closing: np.ndarray,
) -> pd.DataFrame:
    return rows[KEYS].assign(
        bucket_start=date,
        opening_qty=opening,
        receipts_qty=receipts,
        planned_receipts_qty=planned,
        demand_qty=demand,
        shipped_qty=shipped,
        waste_qty=0.0,
        unmet_qty=unmet,
        backorder_qty=0.0,
        closing_qty=closing,
        safety_stock_qty=rows["safety_stock_qty"].to_numpy(),
    )


def _open_orders(supply: pd.DataFrame, store_orders: pd.DataFrame, policy: pd.DataFrame) -> pd.DataFrame:
    dc = supply[supply["level"] == 0].reset_index(drop=True)
    weekly = store_orders.groupby("item_id")["qty"].sum().reindex(dc["item_id"]).fillna(0).to_numpy() / 8
    return pd.DataFrame(
        {
            "order_id": [f"{n:05d}" for n in range(1, len(dc) + 1)],
            "item_id": dc["item_id"],
            "location_id": dc["location_id"],
            "source_id": dc["source_id"],
            "qty": np.ceil(weekly / 12) * 12,
            "receipt_date": [START + pd.Timedelta(days=-4 if n % 3 == 2 else 8) for n in range(len(dc))],
        }
    )


def _dc(
    supply: pd.DataFrame,
    store_orders: pd.DataFrame,
    policy: pd.DataFrame,
    open_orders: pd.DataFrame,
    dates: pd.DatetimeIndex,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = supply[supply["level"] == 0].merge(policy[[*KEYS, "safety_stock_qty", "order_up_to_qty"]], on=KEYS)
    out = store_orders.pivot_table(index="item_id", columns="bucket_start", values="qty", aggfunc="sum")
    ship = out.reindex(index=rows["item_id"], columns=dates).fillna(0.0).to_numpy()
    coming = open_orders.assign(t=((open_orders["receipt_date"] - dates[0]).dt.days // 7).clip(lower=0))
    arrive = np.zeros_like(ship)
    at = {item: n for n, item in enumerate(rows["item_id"])}
    np.add.at(arrive, (coming["item_id"].map(at), coming["t"]), coming["qty"])
    stock = np.ceil(ship[:, :2].sum(axis=1) / 12) * 12
    plan, orders = [], []
    for t, date in enumerate(dates):
        ahead = ship[:, t : t + 2].sum(axis=1) + rows["safety_stock_qty"].to_numpy()
        need = ahead if t >= 2 else ship[:, t]
        planned = np.ceil(np.maximum(need - stock - arrive[:, t], 0.0) / 12) * 12
        closing = stock + arrive[:, t] + planned - ship[:, t]
        plan.append(_plan_rows(rows, date, stock, arrive[:, t], planned, 0.0, ship[:, t], 0.0, closing))
        line, qty = rows[planned > 0], planned[planned > 0]
        orders.append(
            line[[*KEYS, "source_id"]].assign(
                type="PO",
                qty=qty,
                order_uom="case",
                order_qty_uom=qty / 12,
                order_date=max(date - pd.Timedelta(days=14), dates[0]),
                receipt_date=date,
                bucket_start=date,
                weight_kg=qty * 1.6,
                volume_m3=qty * 0.003,
                cost=qty * line["unit_cost"] + 20.0,
                days_of_supply_after=14.0,
                binding_reason="demand of the stores over lead time and review period",
                shared_cost=0.0,
                pack_rounding_qty=(planned - np.maximum(need - stock - arrive[:, t], 0.0))[planned > 0],
            )
        )
        stock = closing
    return pd.concat(plan), pd.concat(orders, ignore_index=True)


def _loads(orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    lines = orders[orders["type"] == "DO"].copy()
    lines["load_id"] = lines["receipt_date"].dt.strftime("%Y%m%d-") + lines["location_id"]
    loads = lines.groupby("load_id", as_index=False).agg(
        date=("receipt_date", "first"),
        source_id=("source_id", "first"),
        location_id=("location_id", "first"),
        weight_kg=("weight_kg", "sum"),
        volume_m3=("volume_m3", "sum"),
        lines=("order_id", "size"),
    )
    return loads, lines[["load_id", "order_id", "item_id", "qty"]]


def _routes(loads: pd.DataFrame, locations: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Sweep the stops of a day around the depot, eleven to a route; the last load of all stays behind."""
    places = locations.set_index("location_id")
    depot = places[places["type"] == "dc"].iloc[0]
    left_out = loads.tail(1)
    here = loads.iloc[:-1].copy()
    here["latitude"] = places.loc[here["location_id"], "latitude"].to_numpy()
    here["longitude"] = places.loc[here["location_id"], "longitude"].to_numpy()
    here["angle"] = np.arctan2(here["latitude"] - depot["latitude"], here["longitude"] - depot["longitude"])
    here = here.dropna(subset=["latitude"]).sort_values(["date", "angle"], ignore_index=True)
    here["number"] = here.groupby("date").cumcount() // 11
    here["sequence"] = here.groupby(["date", "number"]).cumcount() + 1
    here["route_id"] = here["date"].dt.strftime("R%Y%m%d-") + (here["number"] + 1).astype(str)
    before = (
        here.groupby("route_id")[["latitude", "longitude"]]
        .shift()
        .fillna({"latitude": depot["latitude"], "longitude": depot["longitude"]})
    )
    here["km"] = _km(before["latitude"], before["longitude"], here["latitude"], here["longitude"])
    here["co2e_kg"] = 0.78 * here["km"]
    here["service_min"] = 15.0 + here["weight_kg"] / 50
    minutes = (here["km"] / 70 * 60 + here["service_min"]).groupby(here["route_id"]).cumsum()
    arrive = here["date"] + pd.Timedelta(hours=6) + pd.to_timedelta(minutes - here["service_min"], unit="min")
    stamp = "%Y-%m-%dT%H:%M:%S-06:00"
    total = here.groupby("route_id")["weight_kg"].transform("sum")
    stops = here.assign(
        eta=arrive.dt.strftime(stamp),
        etd=(arrive + pd.to_timedelta(here["service_min"], unit="min")).dt.strftime(stamp),
        window_start=here["date"].dt.strftime("%Y-%m-%dT06:00:00-06:00"),
        window_end=here["date"].dt.strftime("%Y-%m-%dT18:00:00-06:00"),
        wait_min=0.0,
        load_after_kg=total - here.groupby("route_id")["weight_kg"].cumsum(),
        load_after_m3=0.0,
    )
    last = here.groupby("route_id").tail(1).set_index("route_id")
    home = pd.Series(_km(last["latitude"], last["longitude"], depot["latitude"], depot["longitude"]), last.index)
    grouped = stops.groupby("route_id")
    km = grouped["km"].sum() + home
    duration = km / 70 * 60 + grouped["service_min"].sum()
    load = grouped["weight_kg"].sum()
    routes = pd.DataFrame(
        {
            "route_id": km.index,
            "date": grouped["date"].first(),
            "depot_id": places.index[places["type"] == "dc"][0],
            "vehicle_id": "BOX_TRUCK",
            "vehicle_no": grouped["number"].first() + 1,
            "stops": grouped.size(),
            "distance_km": km,
            "duration_min": duration,
            "driving_min": km / 70 * 60,
            "service_min": grouped["service_min"].sum(),
            "wait_min": 0.0,
            "departure": grouped["date"].first().dt.strftime("%Y-%m-%dT06:00:00-06:00"),
            "return": (
                grouped["date"].first() + pd.Timedelta(hours=6) + pd.to_timedelta(duration, unit="min")
            ).dt.strftime(stamp),
            "load_kg": load,
            "load_m3": grouped["volume_m3"].sum(),
            "utilisation": np.minimum(load / 4500, 1.0),
            "cost": 55 + 0.7 * km + duration / 60 * 29,
            "co2_kg": 0.6 * km,
            "co2e_kg": 0.78 * km,
            "co2e_source": "vehicles.co2e_kg_per_km",
        }
    ).reset_index(drop=True)
    unassigned = left_out[["load_id", "date", "location_id", "weight_kg", "volume_m3"]].assign(
        reason="no vehicle is back within the shift", fix="allow 20 more minutes on STRAIGHT_TRUCK"
    )
    return routes, stops, unassigned


def _km(lat1: pd.Series, lon1: pd.Series, lat2: object, lon2: object) -> np.ndarray:
    a, b, c, d = (np.radians(np.asarray(x, dtype=float)) for x in (lat1, lon1, lat2, lon2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 1.25 * 2 * 6371 * np.arcsin(np.sqrt(h))


def _capacity(dates: pd.DatetimeIndex, orders: pd.DataFrame) -> pd.DataFrame:
    moved = orders[orders["type"] == "DO"].groupby("bucket_start")["weight_kg"].sum().reindex(dates).fillna(0.0)
    limit = float(moved.quantile(0.8)) or 1.0
    return pd.DataFrame(
        {
            "location_id": "DC",
            "kind": "dispatch",
            "item_id": "",
            "bucket_start": dates,
            "unit": "kg",
            "capacity": limit,
            "used": np.minimum(moved.to_numpy(), limit),
            "price": np.where(moved.to_numpy() >= limit, 0.12, 0.0),
        }
    )


def _pins(orders: pd.DataFrame) -> pd.DataFrame:
    first = orders.head(1)
    kept = first[[*KEYS, "receipt_date", "qty"]].assign(
        pin_id="P1", planned_qty=first["qty"], author="=Anna", reason="+1 for the fair", kept=True, note=""
    )
    late = kept.assign(
        pin_id="P2", receipt_date=START + pd.Timedelta(weeks=90), planned_qty=np.nan, kept=False, note="After the end."
    )
    return pd.concat([kept, late])


def _issues() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "severity": ["warning", "info"],
            "table": ["demand_history", "locations"],
            "row": ["17", ""],
            "column": ["qty", "latitude"],
            "rule": ["negative", "missing"],
            "value": ["-3", ""],
            "rows": [4, 1],
            "message": ["4 returns: negative quantities.", "No coordinates for <Lost & Found>."],
            "action": ["Netted against the sales of the same week.", "Kept; its loads are on no route."],
        }
    )
