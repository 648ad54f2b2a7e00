"""Two runs compared: nothing differs from itself, both directions agree, and causes are what was changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic_run import make_tables, provenance

from reports.compare import diff_runs
from reports.kpi_changes import kpi_changes
from reports.order_changes import order_changes, pair_orders
from reports.route_changes import route_changes
from reports.run_folder import RunFolder, RunFolderError

Tables = dict[str, pd.DataFrame]
KEYS = ["item_id", "location_id"]


@pytest.fixture(scope="module")
def other_tables() -> Tables:
    return make_tables(seed=2)


def _run(tables: Tables, name: str, **changed: Any) -> RunFolder:
    return RunFolder(Path(name), tables, {**provenance(), "run_id": name, "scenario": name, **changed})


def test_a_run_does_not_differ_from_itself(tables: Tables) -> None:
    difference = diff_runs(_run(tables, "a"), _run(tables, "a"))
    assert difference.is_empty
    assert not difference.changed_kpis["changed"].any()
    assert all(table.empty for name, table in difference.tables.items() if name != "kpi_changes")
    assert (difference.tables["kpi_changes"]["delta"].dropna() == 0).all()


def test_both_directions_tell_the_same(tables: Tables, other_tables: Tables) -> None:
    a, b = _run(tables, "a"), _run(other_tables, "b", seed=2, input_hashes={"items": "ab", "lanes": "ef"})
    forth, back = diff_runs(a, b), diff_runs(b, a)
    assert not forth.is_empty
    mirrored = {"came": "went", "went": "came", "A": "B", "B": "A"}
    for name, table in back.tables.items():
        swapped = table.rename(columns=_swapped)[list(table.columns)].copy()
        for column in ("change", "run"):
            if column in swapped:
                swapped[column] = swapped[column].replace(mirrored)
        for column in ("qty_change", "moved_days", "cost_change", "delta"):
            if column in swapped:
                swapped[column] = 0 - swapped[column]
        if name == "kpi_changes":
            swapped["low"], swapped["high"] = -swapped["high"], -swapped["low"]
        drop = [column for column in ("why", "relative") if column in table]
        assert _sorted(swapped.drop(columns=drop)) == _sorted(forth.tables[name].drop(columns=drop)), name


def _swapped(column: str) -> str:
    if column.endswith("_a"):
        return f"{column[:-2]}_b"
    return f"{column[:-2]}_a" if column.endswith("_b") else column


def _sorted(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    rounded = frame.copy()
    for column in rounded.select_dtypes("float"):
        rounded[column] = rounded[column].round(6) + 0.0
    return sorted(tuple(map(str, row)) for row in rounded.itertuples(index=False, name=None))


def _orders(lines: list[tuple[int, int, int]], template: pd.DataFrame) -> pd.DataFrame:
    """Return order lines of (place, day, packs) in the shape of `template`."""
    chosen = template.iloc[[place for place, _, _ in lines]].reset_index(drop=True)
    chosen["order_id"] = [f"O{n}" for n in range(len(lines))]
    days = pd.to_timedelta([day for _, day, _ in lines], unit="D")
    chosen["receipt_date"] = pd.Timestamp("2015-11-30") + days
    chosen["order_date"] = chosen["receipt_date"] - pd.Timedelta(days=2)
    chosen["qty"] = [6.0 * packs for _, _, packs in lines]
    return chosen


LINES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(1, 30)), max_size=8)


@settings(max_examples=20)
@given(before=LINES, after=LINES)
def test_every_order_is_told_once_and_quantities_add_up(
    tables: Tables, before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    template = tables["replenishment_orders"].drop_duplicates(KEYS)
    a, b = _orders(before, template), _orders(after, template)
    forth, back = pair_orders(a, b), pair_orders(b, a)
    assert forth["qty_change"].sum() == pytest.approx(b["qty"].sum() - a["qty"].sum())
    for side, orders in (("a", a), ("b", b)):
        told = forth.loc[forth[f"order_id_{side}"] != "", f"order_id_{side}"]
        assert told.is_unique
        assert set(told) <= set(orders["order_id"])
    kept_a = a[~a["order_id"].isin(forth["order_id_a"])]
    kept_b = b[~b["order_id"].isin(forth["order_id_b"])]
    columns = [*KEYS, "receipt_date", "qty"]
    assert sorted(map(tuple, kept_a[columns].to_numpy())) == sorted(map(tuple, kept_b[columns].to_numpy()))
    # nothing is left over that could have moved: same item and location, about the same quantity
    came, went = forth[forth["change"] == "came"], forth[forth["change"] == "went"]
    pairs = went.merge(came, on=KEYS)
    one, other = pairs["qty_a_x"], pairs["qty_b_y"]
    assert not ((one - other).abs() <= 0.1 * np.maximum(one, other)).any()
    assert forth["change"].replace({"came": "went", "went": "came"}).value_counts().to_dict() == (
        back["change"].value_counts().to_dict()
    )


def test_orders_move_to_the_nearest_day_and_change_in_quantity(tables: Tables) -> None:
    template = tables["replenishment_orders"].drop_duplicates(KEYS)
    a = _orders([(0, 0, 10), (0, 3, 10), (1, 2, 10), (2, 1, 5)], template)
    b = _orders([(0, 1, 10), (0, 5, 10), (1, 2, 14), (2, 4, 20)], template)
    changes = order_changes({**tables, "replenishment_orders": a}, {**tables, "replenishment_orders": b})
    told = {(row["order_id_a"], row["order_id_b"]): row for row in changes.to_dict("records")}
    assert told["O0", "O0"]["change"] == told["O1", "O1"]["change"] == "moved"
    assert (told["O0", "O0"]["moved_days"], told["O1", "O1"]["moved_days"]) == (1, 2)
    assert told["O2", "O2"]["change"] == "quantity"
    assert told["O2", "O2"]["qty_change"] == 24
    assert told["O3", ""]["change"] == "went"
    assert told["", "O3"]["change"] == "came"


def _first_store_order(tables: Tables) -> tuple[Tables, str, str]:
    """Return tables with one more delivery than `tables` has, and its item and location."""
    orders = tables["replenishment_orders"]
    line = orders[orders["type"] == "DO"].iloc[[0]].assign(order_id="new")
    line["receipt_date"] += pd.Timedelta(days=200)
    more = pd.concat([orders, line], ignore_index=True)
    return {**tables, "replenishment_orders": more}, str(line["item_id"].iloc[0]), str(line["location_id"].iloc[0])


def _changed_at(table: pd.DataFrame, item: str, location: str, column: str, factor: float) -> pd.DataFrame:
    out = table.copy()
    here = (out["item_id"] == item) & (out["location_id"] == location)
    assert here.any()
    out.loc[here, column] *= factor
    return out


@pytest.mark.parametrize(
    ("table", "column", "cause", "words"),
    [
        ("forecast", "mean_qty", "forecast", "Forecast over the horizon"),
        ("supply", "lead_time_days", "lead time", "Lead time"),
        ("supply", "moq_qty", "order terms", "Smallest order"),
        ("policy_params", "service_target", "service target", "Service target"),
        ("policy_params", "safety_stock_qty", "stock targets", "Safety stock"),
        ("policy_params", "shortage_cost", "costs", "Shortage cost per unit"),
    ],
)
def test_the_cause_is_what_was_changed(tables: Tables, table: str, column: str, cause: str, words: str) -> None:
    more, item, location = _first_store_order(tables)
    if column == "moq_qty":
        more["supply"] = more["supply"].assign(moq_qty=more["supply"]["moq_qty"] + 1.0)
        tables = {**tables, "supply": tables["supply"].assign(moq_qty=tables["supply"]["moq_qty"] + 1.0)}
    more[table] = _changed_at(more[table], item, location, column, 1.2)
    (row,) = order_changes(tables, more).to_dict("records")
    assert (row["change"], row["cause"]) == ("came", cause)
    assert row["why"].startswith(words)
    if cause == "forecast":
        assert "(+20 %)" in row["why"]


def test_the_cause_may_lie_at_the_source_or_nowhere(tables: Tables) -> None:
    more, item, location = _first_store_order(tables)
    (row,) = order_changes(tables, more).to_dict("records")
    assert row["cause"] == "shared resources"
    told = pd.DataFrame({"path": ["distribution.speed_kmh", "replenishment.target_gap"]})
    (row,) = order_changes(tables, more, told).to_dict("records")
    assert row["cause"] == "settings"
    assert "replenishment.target_gap" in row["why"]
    assert "speed" not in row["why"]
    supply = more["supply"].set_index(KEYS)
    source = supply.loc[(item, location), "source_id"]
    more["supply"] = _changed_at(more["supply"], item, str(source), "lead_time_days", 2.0)
    (row,) = order_changes(tables, more).to_dict("records")
    assert row["cause"] == "supply of the source"
    assert f"source {source}, lead time" in row["why"]


def test_a_limit_that_binds_is_named_with_its_price(tables: Tables) -> None:
    more, item, location = _first_store_order(tables)
    source = str(more["supply"].set_index(KEYS).loc[(item, location), "source_id"])
    prices = (
        more["capacity_prices"]
        .iloc[[0]]
        .assign(location_id=source, kind="dispatch", item_id="", unit="kg", capacity=900.0, used=900.0, price=0.0)
    )
    tables = {**tables, "capacity_prices": prices}
    more["capacity_prices"] = prices.assign(capacity=600.0, price=0.25)
    (row,) = order_changes(tables, more).to_dict("records")
    assert row["cause"] == "capacity"
    assert "limit 900 → 600 kg" in row["why"]
    assert "0 → 0.25" in row["why"]


def test_intervals_of_differences_are_paired_where_futures_are_shared(tables: Tables) -> None:
    noise = np.random.default_rng(5).normal(30.0, 4.0, len(tables["simulation"]))
    futures = tables["simulation"].assign(total_cost=tables["simulation"]["total_cost"] + noise)
    rows = tables["kpis"].copy()
    here = (rows["kpi"] == "simulated_cost") & (rows["group_by"] == "all")
    rows.loc[here, ["value", "low", "high"]] += noise.mean()
    other = {**tables, "simulation": futures, "kpis": rows}
    paired = _figure(kpi_changes(tables, other, same_futures=True), "simulated_cost")
    test = stats.ttest_rel(futures["total_cost"], tables["simulation"]["total_cost"]).confidence_interval(0.95)
    assert paired["interval"] == "paired"
    assert paired["delta"] == pytest.approx(noise.mean(), abs=0.01)
    assert (paired["low"], paired["high"]) == pytest.approx((test.low, test.high))
    apart = _figure(kpi_changes(tables, other, same_futures=False), "simulated_cost")
    assert apart["interval"] == "independent"
    assert apart["high"] - apart["low"] > 2 * (paired["high"] - paired["low"])
    assert _figure(kpi_changes(tables, other, same_futures=True), "transport_cost")["interval"] == "none"


def _figure(changes: pd.DataFrame, kpi: str) -> dict[str, Any]:
    (row,) = changes[(changes["kpi"] == kpi) & (changes["group_by"] == "all")].to_dict("records")
    return {str(name): value for name, value in row.items()}


def _day(routes: dict[str, str]) -> Tables:
    """Return routes and stops of one day: the loads of every route, one letter each, in order."""
    stops = [
        {"route_id": route, "sequence": n, "load_id": load, "location_id": f"at {load}"}
        for route, loads in routes.items()
        for n, load in enumerate(loads, start=1)
    ]
    rows = [
        {"route_id": route, "date": pd.Timestamp("2024-01-02"), "depot_id": "DC", "vehicle_id": "VAN", "vehicle_no": n,
         "stops": len(loads), "distance_km": 10.0 * len(loads), "duration_min": 60.0, "load_kg": 5.0, "cost": 40.0}
        for n, (route, loads) in enumerate(routes.items(), start=1)
    ]  # fmt: skip
    return {"routes": pd.DataFrame(rows), "stops": pd.DataFrame(stops)}


@pytest.mark.parametrize(
    ("after", "changes", "moved"),
    [
        ({"R1": "def", "R2": "abc"}, [], {}),  # names of routes are only names
        ({"R1": "abcf", "R2": "de"}, ["stops", "stops"], {"f": "moved"}),
        ({"R1": "acb", "R2": "def"}, ["sequence"], {}),
        ({"R1": "ab", "R2": "def"}, ["stops"], {"c": "went"}),
        ({"R1": "abc", "R2": "de", "R3": "fg"}, ["came", "stops"], {"f": "moved", "g": "came"}),
    ],
)
def test_routes_and_stops_that_differ(after: dict[str, str], changes: list[str], moved: dict[str, str]) -> None:
    a, b = _day({"R1": "abc", "R2": "def"}), _day(after)
    routes, stops = route_changes(a, b)
    assert sorted(routes["change"]) == changes
    assert dict(zip(stops["load_id"], stops["change"], strict=True)) == moved
    back_routes, back_stops = route_changes(b, a)
    mirrored = {"came": "went", "went": "came"}
    assert sorted(back_routes["change"].replace(mirrored)) == changes
    assert dict(zip(back_stops["load_id"], back_stops["change"].replace(mirrored), strict=True)) == moved


def test_inputs_settings_and_edits_that_differ(tables: Tables) -> None:
    edits = pd.DataFrame(
        {"patch": ["p"], "edit": [1], "table": ["vehicles"], "column": ["count"], "rows": [2],
         "total_before": [4.0], "total_after": [2.0]}
    )  # fmt: skip
    settings_b = {"inventory": {"service_target": 0.98}, "distribution": {"speed_kmh": 70.0}, "apply": ["p"],
                  "parameters": {"fewer": 2, "other": 1},
                  "patches": {"p": {"edits": [{"add": {"count": "= -${fewer}"}}]},
                              "unused": {"edits": []}}}  # fmt: skip
    a = _run({**tables, "input_edits": edits.head(0)}, "a")
    b = _run({**tables, "input_edits": edits}, "b", settings=settings_b, input_hashes={"items": "x", "vehicles": "y"})
    told = diff_runs(a, b).tables
    assert dict(zip(told["input_changes"]["table"], told["input_changes"]["change"], strict=True)) == {
        "items": "content",
        "vehicles": "came",
    }
    assert told["setting_changes"].to_numpy().tolist() == [
        ["apply", "", '["p"]'],
        ["inventory.service_target", "0.95", "0.98"],
        ["parameters.fewer", "", "2"],
    ]
    assert told["edit_changes"][["run", "patch", "rows"]].to_numpy().tolist() == [["B", "p", 2]]


def test_runs_in_other_money_are_refused(tables: Tables) -> None:
    with pytest.raises(RunFolderError, match="one currency"):
        diff_runs(_run(tables, "a"), _run(tables, "b", currency="EUR"))
