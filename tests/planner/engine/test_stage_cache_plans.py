"""A warm plan is the cold plan, byte for byte, whatever was asked before, and computes only what must change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_project import small_tables, write_project

from planner.engine.cache import StageCache
from planner.engine.run import FinishedRun, run_project

Tables = dict[str, list[dict[str, object]]]
SETTINGS: dict[str, object] = {
    "horizon": {"start": "2024-01-01", "buckets": 2},
    "forecast": {"models": ["window_average", "ses"]},
    "replenishment": {"target_gap": 0.9, "iterations": 5},
    "distribution": {"iterations": 20},
    "simulation": {"replications": 10},
}


def change(table: str, column: str, value: Callable[[Any], object], **where: object) -> Callable[[Tables], None]:
    """Return an edit that replaces a column in the rows of a table that agree with `where`."""

    def edit(tables: Tables) -> None:
        for row in tables[table]:
            if all(row.get(key) == wanted for key, wanted in where.items()):
                row[column] = value(row.get(column))

    return edit


def pin(tables: Tables) -> None:
    tables["pins"] = [
        {"pin_id": "1", "item_id": "I1", "location_id": "S1", "receipt_date": "2024-01-09", "qty": 6,
         "author": "a", "reason": "b"}
    ]  # fmt: skip


def dispatch(tables: Tables) -> None:
    tables["capacities"] = [{"location_id": "DC", "kind": "dispatch", "capacity_kg": 400}]


PLANNED = {"replenishment", "loads", "routing", "finish", "simulation", "exceptions"}
ALL = {"forecast", "totals", "targets", *PLANNED}

# what is asked -> (edit of the tables, settings, what may be computed again)
WHAT_IFS: dict[str, tuple[Callable[[Tables], None] | None, list[str], set[str]]] = {
    "nothing": (None, [], set()),
    "more trucks than needed": (change("vehicles", "count", lambda _: 9), [], {"loads"}),
    "smaller truck": (
        change("vehicles", "capacity_kg", lambda _: 90),
        [],
        {"loads", "routing", "finish", "exceptions"},
    ),
    "cheap kilometres": (change("vehicles", "cost_per_km", lambda cost: 0.9 * cost), [], {"finish"}),
    "window of one store": (
        change("locations", "window_end_min", lambda _: 700, location_id="S1"),
        [],
        {"routing", "finish"},
    ),
    "name of an item": (change("items", "name", lambda _: "Other", item_id="I1"), [], set()),
    "more futures": (None, ["simulation.replications=30"], {"simulation"}),
    "demand up": (None, ["forecast.demand_factor=1.2"], ALL - {"forecast"}),
    "one item's demand": (
        change("demand_history", "qty", lambda qty: 2 * qty, item_id="I3"),
        [],
        {*ALL, "series", "adjustments"},
    ),
    "dear stock": (None, ["inventory.holding_cost_rate=0.4"], ALL - {"forecast"}),
    "late supplier": (change("suppliers", "lead_time_days", lambda _: 17, supplier_id="V1"), [], ALL - {"forecast"}),
    "dispatch limit": (dispatch, [], PLANNED),
    "pinned order": (pin, [], PLANNED),
    "seed": (None, ["seed=2"], PLANNED),
}


def run(
    folder: Path, cache: StageCache | None, edit: Callable[[Tables], None] | None, overrides: list[str]
) -> FinishedRun:
    """Plan the small project after an edit, into `folder`."""
    tables = small_tables(weeks=20, dc_stock=60)
    if edit is not None:
        edit(tables)
    project = write_project(folder / "project", tables, SETTINGS)
    return run_project(project, overrides=overrides, output=folder / "run", threads=1, cache=cache, pages=False)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> StageCache:
    """A cache that knows the baseline."""
    cache = StageCache(tmp_path_factory.mktemp("stages"))
    run(tmp_path_factory.mktemp("baseline"), cache, None, [])
    return cache


@pytest.mark.parametrize("what_if", WHAT_IFS)
def test_a_warm_plan_is_the_cold_plan_and_computes_only_what_depends_on_the_change(
    what_if: str, warm: StageCache, tmp_path: Path
) -> None:
    edit, overrides, expected = WHAT_IFS[what_if]
    cold = run(tmp_path / "cold", None, edit, overrides)
    found = run(tmp_path / "warm", warm, edit, overrides)
    assert {stage for stage, use in found.recalled.items() if use.computed} - {"baseline"} <= expected
    assert {file.name for file in cold.folder.iterdir()} == {file.name for file in found.folder.iterdir()}
    for file in cold.folder.iterdir():
        if file.name != "provenance.json":
            assert file.read_bytes() == (found.folder / file.name).read_bytes(), file.name


def test_a_window_what_if_routes_only_the_days_of_that_store(warm: StageCache, tmp_path: Path) -> None:
    edit, overrides, _ = WHAT_IFS["window of one store"]
    run(tmp_path, StageCache(warm.folder), edit, overrides)  # whether or not another test has asked before
    found = run(
        tmp_path, StageCache(warm.folder), change("locations", "window_end_min", lambda _: 690, location_id="S1"), []
    )
    stops = found.plan.tables["stops"].merge(found.plan.tables["routes"][["route_id", "date"]], on="route_id")
    days_of_store = stops.loc[stops["location_id"] == "S1", "date"].nunique()
    use = found.recalled["finish"]
    assert 0 < use.computed <= days_of_store < use.computed + use.recalled


def test_a_run_with_a_time_limit_keeps_nothing_that_the_limit_may_have_decided(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project", small_tables(weeks=20, dc_stock=60), SETTINGS)
    cache = StageCache(tmp_path / "stages")
    run_project(project, output=tmp_path / "run", threads=1, cache=cache, pages=False, time_limit_s=30.0)
    assert not {"replenishment", "routing"} & set(cache.status().stages)
