"""Stock and trucks decided together: judged like any plan, never worse than the sequential one, pins kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judge.case import read_case
from judge.plan_judge import judge
from judge.small_chain import write_small_chain
from small_project import small_tables, write_project

from planner.engine.cache import StageCache
from planner.engine.run import run_project
from planner.errors import InfeasibleError
from planner.plan import Plan
from planner.replenishment.explain import explain_order
from reports.together_tables import TOGETHER

SMALL = {
    "distribution.iterations": 20,
    "simulation.replications": 2,
    "replenishment.iterations": 20,
    "replenishment.target_gap": 0.05,
    "replenishment.engine": "decomposition",
    "forecast.models": "[window_average]",
}
TOGETHER_SETTINGS = {**SMALL, "distribution.mode": "integrated"}
MONDAYS = {"distribution": {"receive_weekdays": ["mon"]}}


def run(project: Path, output: Path, settings: dict[str, Any] = TOGETHER_SETTINGS, **means: Any) -> Plan:
    overrides = [f"{path}={value}" for path, value in settings.items()]
    means = {"threads": 1, "pages": False, **means}
    return run_project(project, overrides=overrides, output=output, **means).plan


@pytest.mark.parametrize("kind", ["weekly", "daily", "tight"])
def test_the_plan_keeps_every_rule_and_costs_no_more_than_the_sequential_one(tmp_path: Path, kind: str) -> None:
    project = write_small_chain(tmp_path / "project", kind, 1)
    plan = run(project, tmp_path / "run", pages=True)  # the judge reads CSV
    assert judge(read_case(project, tmp_path / "run", TOGETHER_SETTINGS)) == {}
    rounds = plan.tables["distribution_rounds"]
    assert rounds["kept"].sum() == 1
    kept = rounds[rounds["kept"]].iloc[0]
    assert kept["total_cost"] == rounds["total_cost"].min() <= rounds["total_cost"].iloc[0]
    assert kept["transport_cost"] == pytest.approx(plan.tables["routes"]["cost"].sum())
    assert kept["replenishment_cost"] == pytest.approx(plan.cost)
    assert kept["unassigned_loads"] == len(plan.tables["unassigned"])
    depots = {"DC", "DC2"} if kind == "tight" else {"DC"}
    assert set(plan.tables["routes"]["depot_id"]) == set(plan.tables["visit_changes"]["source_id"]) == depots


@dataclass(frozen=True)
class Both:
    """Three stores whose stock costs next to nothing beside a stop, and a pin on one of them, planned both ways."""

    project: Path
    cache: StageCache
    alone: Plan
    together: Plan


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Plan the stores once."""
    tables, folder = small_tables(), tmp_path_factory.mktemp("both")
    tables["vehicles"][0]["fixed_cost"] = 150
    pin = {"pin_id": "P", "item_id": "I1", "location_id": "S2", "receipt_date": "2024-01-16", "qty": 12}
    project = write_project(folder / "project", {**tables, "pins": [{**pin, "author": "t", "reason": "r"}]})
    cache = StageCache(folder / "stages")
    alone = run(project, folder / "alone", SMALL, cache=cache)
    return Both(project, cache, alone, run(project, folder / "together", cache=cache))


def test_deliveries_are_merged_and_the_changes_add_up(both: Both) -> None:
    alone, plan = both.alone, both.together
    assert not set(alone.tables) & set(TOGETHER)
    pd.testing.assert_frame_equal(plan.tables["sequential_kpis"], alone.tables["kpis"])
    rounds, changes = plan.tables["distribution_rounds"], plan.tables["visit_changes"]
    assert len(plan.tables["stops"]) < len(alone.tables["stops"])
    assert rounds["transport_cost"].iloc[0] == pytest.approx(alone.tables["routes"]["cost"].sum())
    assert "merged" in set(changes["change"])
    assert changes["transport_cost"].sum() == pytest.approx(plan.tables["routes"]["cost"].sum())
    assert changes["sequential_transport_cost"].sum() == pytest.approx(alone.tables["routes"]["cost"].sum())
    for column, tables in (("holding_cost", plan.tables), ("sequential_holding_cost", alone.tables)):
        kpis = tables["kpis"]
        stores = (kpis["kpi"] == "holding_cost") & (kpis["group"] == "store")
        assert changes[column].sum() == pytest.approx(kpis.loc[stores, "value"].iloc[0])


def test_an_order_says_what_its_visit_saves_and_costs(both: Both) -> None:
    tables = both.together.tables
    changes, orders = tables["visit_changes"], tables["replenishment_orders"]
    merged = changes[changes["change"] == "merged"].iloc[0]
    brought = orders[(orders["location_id"] == merged["location_id"]) & (orders["receipt_date"] == merged["date"])]
    text = explain_order(str(brought["order_id"].iloc[0]), tables).text()
    assert "Stock and trucks together" in text
    assert f"{merged['transport_cost']:,.2f} instead of {merged['sequential_transport_cost']:,.2f}" in text
    assert f"{merged['holding_cost']:,.2f} instead of {merged['sequential_holding_cost']:,.2f}" in text


def test_the_page_shows_both_side_by_side(both: Both, tmp_path: Path) -> None:
    run(both.project, tmp_path / "run", cache=both.cache, pages=True)
    page = (tmp_path / "run" / "report.html").read_text()
    rounds = both.together.tables["distribution_rounds"]
    assert "Stock and trucks together" in page
    for total in rounds["total_cost"]:
        assert f"{total:,.0f}" in page


def test_pins_are_kept(both: Both) -> None:
    orders = both.together.tables["replenishment_orders"]
    pinned = orders[(orders["item_id"] == "I1") & (orders["location_id"] == "S2")]
    assert pinned.loc[pinned["bucket_start"] == "2024-01-15", "qty"].sum() == 12


def test_warm_equals_cold_and_cores_do_not_matter(both: Both, tmp_path: Path) -> None:
    recalled = both.cache.uses()["visits"].recalled
    warm = run(both.project, tmp_path / "warm", cache=both.cache, threads=2)
    cold = run(both.project, tmp_path / "cold", threads=2)
    assert both.cache.uses()["visits"].recalled > recalled
    for name, table in both.together.tables.items():
        pd.testing.assert_frame_equal(table, warm.tables[name])
        pd.testing.assert_frame_equal(table, cold.tables[name])


def test_a_limit_of_time_gives_a_plan(both: Both, tmp_path: Path) -> None:
    rounds = run(both.project, tmp_path / "run", time_limit_s=1.0).tables["distribution_rounds"]
    assert rounds["total_cost"].min() == rounds.loc[rounds["kept"], "total_cost"].iloc[0]
    assert np.isfinite(rounds["total_cost"]).all()


def test_a_fleet_too_small_is_told_with_what_would_do(tmp_path: Path) -> None:
    tables = small_tables()
    tables["vehicles"][0] |= {"count": 1, "max_stops": 1, "capacity_kg": 60}
    project = write_project(tmp_path / "project", tables, MONDAYS)
    with pytest.raises(InfeasibleError) as caught:
        run(project, tmp_path / "run")
    relaxation = caught.value.relaxation
    assert set(relaxation["rule"]) <= {"fleet", "max_stops"}
    assert (relaxation["needed"] > relaxation["now"]).all()
    assert not (tmp_path / "run").exists()
    wide = {"count": 10, "max_stops": None}
    for name in ("fleet", "max_stops"):
        if (relaxation["rule"] == name).any():
            column = "count" if name == "fleet" else name
            wide[column] = int(relaxation.loc[relaxation["rule"] == name, "needed"].max())
    tables["vehicles"][0] |= wide
    plan = run(write_project(tmp_path / "wider", tables, MONDAYS), tmp_path / "run")
    assert plan.tables["unassigned"].empty


def test_a_window_that_nobody_can_meet_is_told_in_minutes(tmp_path: Path) -> None:
    tables = small_tables()
    store = next(row for row in tables["locations"] if row["location_id"] == "S1")
    store |= {"window_start_min": 360, "window_end_min": 375}  # the van leaves at 6:00 and drives for longer
    with pytest.raises(InfeasibleError, match="window_end of S1 on 2024-01-0"):
        run(write_project(tmp_path / "project", tables), tmp_path / "run")
