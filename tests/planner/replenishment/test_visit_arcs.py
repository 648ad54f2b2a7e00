"""Visits and stock: what the arcs of a pattern cost is what the judge counts for the orders that they bring."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from small_project import small_tables, write_project

from planner.inventory import set_targets
from planner.network import build_network
from planner.replenishment.calendar import Days, delivery_days
from planner.replenishment.model import Model, Tables, buckets_ahead, build_model, planned_rows
from planner.replenishment.visits import ShadowPrices, _Arcs, keep_visits, price_lanes
from scenarios.project import load_project
from solvers.inventory_routing.visit_problem import held_cost
from solvers.lotsizing.problem import LotSizingProblem
from solvers.lotsizing.verify import verify


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Three stores and a dc over six weeks of even demand; nothing is short at first."""
    project = load_project(write_project(tmp_path_factory.mktemp("visits"), small_tables(dc_stock=5000)), None, [])
    tables, scenario = project.tables, project.scenario
    supply = build_network(tables, scenario).supply
    starts = pd.date_range(scenario.horizon.start, periods=scenario.horizon.buckets, freq="7D")
    stores = supply[supply["location_id"] != "DC"]
    forecast = stores[["item_id", "location_id"]].merge(pd.DataFrame({"bucket_start": starts}), how="cross")
    forecast = forecast.assign(mean_qty=7.0, sd_qty=2.0)
    targets = set_targets(
        supply, forecast, tables["demand_history"], tables["inventory_policies"], scenario.horizon, scenario.inventory
    )
    given = Tables(
        forecast,
        targets,
        *(tables[n] for n in ("open_orders", "capacities", "calendars", "pins", "suppliers", "supply_limits")),
    )
    rows = planned_rows(supply, targets)
    days = Days.of(scenario.horizon, buckets_ahead(rows, scenario.horizon.bucket_days, scenario.horizon.buckets))
    open_days = delivery_days(given.calendars, rows, days, scenario.distribution.receive_weekdays)
    return build_model(rows, given, days, open_days, scenario.replenishment)


def free_of_prices(model: Model) -> ShadowPrices:
    return ShadowPrices(np.zeros(model.problem.capacity.shape), np.zeros(model.problem.demand.shape))


def leaves_only(p: LotSizingProblem, members: np.ndarray) -> LotSizingProblem:
    """Return the problem of the stores alone, supplied from outside."""
    shared = {"capacity", "kind", "usage_start", "usage_resource", "usage_amount", "usage_order", "period"}
    shared |= {"sellable", "waste_cost"}  # empty: nothing expires
    own = {f.name: getattr(p, f.name)[members] for f in fields(p) if f.name not in shared}
    own["source"] = np.full(members.size, -1, np.int32)
    return LotSizingProblem(
        **own,
        capacity=np.zeros((0, p.buckets)),
        kind=np.zeros(0, np.int32),
        usage_start=np.zeros(members.size + 1, np.int32),
        usage_resource=np.zeros(0, np.int32),
        usage_amount=np.zeros(0),
    )


def no_prices(p: LotSizingProblem) -> ShadowPrices:
    return ShadowPrices(np.zeros((0, p.buckets)), np.zeros(p.demand.shape))


@pytest.mark.parametrize("first", [0, 2])
def test_where_room_is_short_visits_bring_what_the_plan_brings(model: Model, first: int) -> None:
    """From visit to visit, and a first visit all that the plan had brought before."""
    p = leaves_only(model.problem, np.flatnonzero(model.problem.source >= 0))
    planned = np.random.default_rng(1).integers(0, 3, p.demand.shape)
    arcs = _Arcs.of(p, np.arange(len(planned)), no_prices(p), planned, np.ones(planned.shape, bool))
    smallest = np.where(planned > 0, p.moq[:, None], 0)  # arcs know the smallest order
    brought = arcs.arc(0, first)[1]
    np.testing.assert_array_equal(brought, planned[:, :first].sum(axis=1))
    for t in range(first, p.buckets):
        np.testing.assert_array_equal(arcs.arc(t + 1, t + 1)[1], np.maximum(planned[:, t], smallest[:, t]))
    longest = arcs.arc(first + 1, p.buckets)[1]
    np.testing.assert_array_equal(longest, planned[:, first:].sum(axis=1))


@pytest.mark.parametrize("pattern", ["every", "second", "third"])
def test_arcs_cost_what_the_judge_counts(model: Model, pattern: str) -> None:
    p = model.problem
    members = np.flatnonzero(p.source >= 0)
    lanes = price_lanes(model, np.zeros_like(p.demand), free_of_prices(model))
    step = {"every": 1, "second": 2, "third": 3}[pattern]
    visited = np.arange(p.buckets) % step == 0
    alone = leaves_only(p, members)
    nothing = np.zeros(alone.demand.shape, np.int64)
    arcs = _Arcs.of(alone, np.arange(members.size), no_prices(alone), nothing, nothing > 0)
    packs = np.zeros(alone.demand.shape, np.int32)
    at = np.flatnonzero(visited)
    for t, following in zip(at, [*at[1:], p.buckets], strict=True):
        packs[:, t] = arcs.arc(int(t) + 1, int(following))[1]
    judged = verify(alone, packs)
    assert not judged.unmet.any()
    assert sum(held_cost(hold, visited) for hold in lanes.hold) == pytest.approx(judged.cost)


def test_lanes_are_supplied_only_when_visited_and_pins_stay(model: Model) -> None:
    p = model.problem
    row = int(np.flatnonzero(p.source >= 0)[0])
    pinned = p.min_packs.copy()
    pinned[row, 1] = 2
    lane = model.rows.iloc[row]
    visits = pd.DataFrame(
        {"source_id": "DC", "location_id": [lane["location_id"]] * 2, "bucket": [0, 3], "day": [2, -1]}
    )
    kept = keep_visits(replace(model, problem=replace(p, min_packs=pinned)), visits)
    mine = (model.rows["location_id"] == lane["location_id"]).to_numpy() & (p.source >= 0)
    assert (kept.problem.max_packs[mine][:, [0, 3]] == p.max_packs[mine][:, [0, 3]]).all()
    others = kept.problem.max_packs[mine][:, [1, 2]]
    assert others.sum() == p.max_packs[row, 1]  # the pin's own order may come
    np.testing.assert_array_equal(kept.problem.max_packs[~mine], p.max_packs[~mine])
    assert (kept.visit_day[mine, 0] == 2).all()
    assert (kept.visit_day[~mine] == -1).all()
