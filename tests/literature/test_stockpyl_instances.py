"""Textbook instances as stockpyl 1.0.2 ships them (MIT), with the answers that it computes for them.

Snyder and Shen, Fundamentals of Supply Chain Theory, 2nd ed. 2019; Snyder 2023, "Stockpyl: a Python package for
inventory optimization and simulation", INFORMS TutORials. The battery chain is that of Graves and Willems, as
the project stochasticnetworkcontrol/snc ships it (Apache-2.0), with its reference solution.
"""

from __future__ import annotations

import numpy as np
import pytest

from planner.inventory.lots import cost_optimal_level, economic_lot
from solvers.demand.distributions import FittedDemand
from solvers.stock.guaranteed_service import (
    ServiceNetwork,
    longest_times,
    optimise_service_times,
    pooled_deviation,
)
from solvers.stock.policies import OrderPolicy, StockStart, play_compiled
from solvers.stock.policy_kernels import MEASURES

NORMAL, POISSON = 0, 3
ONE = np.ones(1)


def one(family: int, mean: float, sd: float) -> FittedDemand:
    return FittedDemand(np.array([family], dtype=np.int8), np.array([mean]), np.array([sd**2]))


@pytest.mark.parametrize(
    ("fixed", "holding", "rate", "quantity"),
    [(8.0, 0.225, 1300.0, 304.0467800264368), (2250.0, 275.0, 182_500.0, 1728.1098449935514)],
    ids=["example 3.1", "problem 3.1"],
)
def test_economic_order_quantity(fixed: float, holding: float, rate: float, quantity: float) -> None:
    found = economic_lot(rate * ONE, fixed * ONE, holding * ONE, 1e-6 * ONE, 1e-6 * ONE)
    assert found[0] == pytest.approx(quantity, abs=1e-6)


@pytest.mark.parametrize(
    ("family", "over", "under", "mean", "sd", "level", "cost"),
    [
        (NORMAL, 0.18, 0.70, 50.0, 8.0, 56.60395592743389, 1.9976051931766445),
        (NORMAL, 43.0, 79.0, 900.0, 60.0, 922.7214038234755, 2718.196781782411),
        # revenue less cost, and cost less salvage value
        (NORMAL, 0.3 - 0.12, 1.0 - 0.3, 50.0, 8.0, 56.60395592743389, 1.9976051931766445),
        (NORMAL, 2.5 - 1.5, 7.0 - 2.5, 50.0, 10.0, 59.084578685373856, None),
        # base stock with a lead time of 4: demand over five periods
        (NORMAL, 0.18, 0.70, 250.0, 8.0 * 5**0.5, 264.76689437415484, 4.466781004149577),
        (POISSON, 200.0, 270.0, 18.0, 18.0**0.5, 19.0, 786.0884409351079),
    ],
    ids=["example 4.1", "problem 4.1", "example 4.2", "problem 4.3b", "example 4.4", "problem 4.8a"],
)
def test_newsvendor(
    family: int, over: float, under: float, mean: float, sd: float, level: float, cost: float | None
) -> None:
    demand = one(family, mean, sd)
    ratio = cost_optimal_level(ONE, 1e-9 * ONE, ONE, over * ONE, under * ONE, np.zeros(1, dtype=bool), np.zeros(1))
    s = demand.quantile(ratio)
    assert s[0] == pytest.approx(level, rel=1e-9)
    short = demand.expected_shortage(s)[0]
    if cost is not None:
        assert over * (s[0] - mean + short) + under * short == pytest.approx(cost, rel=1e-9)


@pytest.mark.parametrize(
    ("holding", "stockout", "rate", "sd", "lead", "point", "lot"),
    [
        (0.225, 7.5, 1300.0, 150.0, 1 / 12, 213.97044213580244, 318.5901810768729),
        (3.1, 45.0, 800.0, 40.0, 4 / 365, 17.972649360167715, 162.1231617283653),
        (3 / 14, 40.0, 192.0, 17.4, 3.0, 644.8385303830128, 400.7559793126),
    ],
    ids=["example 5.1", "problem 5.1", "problem 5.3"],
)
def test_reorder_point_of_a_lot(
    holding: float, stockout: float, rate: float, sd: float, lead: float, point: float, lot: float
) -> None:
    """(r,Q) with backorders: at the lot of the expected-inventory-level approximation, 1 - h Q / (b d) gives its r."""
    level = cost_optimal_level(
        rate * ONE, lot * ONE, 0.0 * ONE, holding * ONE, stockout * ONE, np.ones(1, dtype=bool), np.zeros(1)
    )
    assert one(NORMAL, rate * lead, sd * lead**0.5).quantile(level)[0] == pytest.approx(point, rel=1e-5)


@pytest.mark.parametrize(
    ("mean", "holding", "owed", "order", "s", "up_to", "cost"),
    [(6.0, 1.0, 4.0, 5.0, 4.0, 10.0, 8.034111561471642), (4.0, 40.0, 125.0, 150.0, 2.0, 7.0, 223.5748295669688)],
    ids=["example 4.7", "problem 4.31"],
)
def test_s_and_up_to_levels_cost_what_is_computed_and_neighbours_more(
    mean: float, holding: float, owed: float, order: float, s: float, up_to: float, cost: float
) -> None:
    buckets, futures = 2_050, 60
    demand = np.random.default_rng(1).poisson(mean, (1, buckets, futures)).astype(float)
    lead = np.zeros(demand.shape, dtype=np.int16)
    start = StockStart(np.zeros(1), np.zeros((1, 0)), np.ones(1, dtype=bool), np.zeros(1, dtype=np.int64))

    def played(s: float, up_to: float) -> float:
        levels = np.full((1, buckets), s), np.full((1, buckets), up_to)
        rule = OrderPolicy(*levels, np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1, dtype=np.int64))
        sums = dict(zip(MEASURES, play_compiled(start, rule, demand, lead, 50).mean(axis=2)[0], strict=True))
        return float(holding * sums["held"] + owed * sums["owed"] + order * sums["orders"]) / (buckets - 50)

    best = played(s, up_to)
    assert best == pytest.approx(cost, rel=0.01)
    assert all(best < played(s + a, up_to + b) for a, b in ((2, 0), (-2, 0), (0, 3), (0, -3)))


# service factor, cost; stage: days, holding cost, own sd of demand, days of outside supply, promise to customers
# (-1: none), suppliers
TREES = {
    "example 6.3, serial": (
        1,
        2.8284271247461903,
        {
            3: (1, 2, 0, 1, -1, ()),
            2: (0, 4, 0, 0, -1, (3,)),
            1: (1, 7, 1, 0, 1, (2,)),
        },
    ),
    "problem 6.7, serial": (
        4,
        357.77087639996637,
        {
            3: (1, 2, 0, 1, -1, ()),
            2: (1, 3, 0, 0, -1, (3,)),
            1: (2, 4, 10, 0, 0, (2,)),
        },
    ),
    "problem 6.8, serial": (
        2.0537489106318225,
        1378.3020369043727,
        {
            2: (10, 4.56, 0, 0, -1, (3,)),
            1: (5, 5.73, 15.8, 0, 3, (2,)),
            3: (2, 3.04, 0, 0, -1, (4,)),
            4: (15, 2.93, 0, 0, -1, (5,)),
            5: (8, 2.47, 0, 0, -1, (6,)),
            6: (5, 2.37, 0, 0, -1, (7,)),
            7: (9, 1.15, 0, 0, -1, (8,)),
            8: (5, 1.1, 0, 0, -1, (9,)),
            9: (1, 0.98, 0, 0, -1, (10,)),
            10: (5, 0.87, 0, 7, -1, ()),
        },
    ),
    "problem 6.9, tree": (
        4,
        15.649530249501026,
        {
            1: (7, 0.12054794520547946, 4.1, 0, 3, (3,)),
            2: (7, 0.07671232876712329, 6.2, 0, 3, (3,)),
            3: (21, 0.049315068493150684, 0, 0, -1, (4, 5)),
            4: (3, 0.0027397260273972603, 0, 0, -1, ()),
            5: (8, 0.010958904109589041, 0, 0, -1, (6,)),
            6: (2, 0.00410958904109589, 0, 0, -1, ()),
        },
    ),
    "example 6.5, tree": (
        1,
        8.277916867529369,
        {
            1: (2, 1, 0, 1, -1, ()),
            3: (1, 2, 0, 0, -1, (1,)),
            2: (1, 3, 1, 0, 0, (3,)),
            4: (1, 3, 1, 0, 1, (3,)),
        },
    ),
    "figure 6.14, tree": (
        1.6448536269514722,
        18.824004472592172,
        {
            1: (2, 0.01, 0, 0, -1, ()),
            2: (3, 0.03, 0, 0, -1, (1,)),
            3: (2, 0.04, 0, 0, -1, (2,)),
            4: (4, 0.06, 0, 0, -1, ()),
            5: (2, 0.12, 0, 0, -1, (3, 4)),
            6: (3, 0.13, 0, 0, -1, (5,)),
            7: (6, 0.2, 0, 0, -1, ()),
            8: (4, 0.08, 0, 0, -1, ()),
            9: (3, 0.04, 0, 0, -1, ()),
            10: (2, 0.5, 10, 0, 2, (7, 6, 8, 9)),
        },
    ),
}


@pytest.mark.parametrize("name", TREES)
def test_guaranteed_service_costs_what_is_computed(name: str) -> None:
    factor, cost, stages = TREES[name]
    row = {stage: k for k, stage in enumerate(stages)}
    arcs = [(row[part], row[stage]) for stage, about in stages.items() for part in about[5]]
    origin, destination = np.array(arcs).T
    days, held, sd, outside, promise = (np.array([about[n] for about in stages.values()]) for n in range(5))
    pooled = pooled_deviation(sd.astype(float), origin, destination, np.ones(len(arcs)), np.full(len(stages), 2.0))
    longest = longest_times(days, outside, origin, destination).max()
    table = factor * (held * pooled)[:, None] * np.sqrt(np.arange(longest + 1.0))
    plan = optimise_service_times(ServiceNetwork(days, table, origin, destination, outside, promise))
    assert plan.status == "optimal"
    assert plan.cost == pytest.approx(cost, rel=1e-9)


# days, cost added, sd of demand at the end, suppliers; service factor of 95 %, independent customers, 25 % a year
BATTERY = {
    "Bulk_Battery_Manufacturing": (
        5,
        0.07,
        0,
        ("EMD", "Spun_Zinc", "Separator", "Nail_Wire", "Label", "Other_Raw_Materials"),
    ),
    "Central_DC_A": (6, 0.02, 67236, ("Pack_SKU_A",)),
    "Central_DC_B": (6, 0.01, 39552, ("Pack_SKU_B",)),
    "Central_DC_C": (4, 0.01, 11213, ("Pack_SKU_C",)),
    "East_DC_A": (4, 0.0, 109308, ("Pack_SKU_A",)),
    "East_DC_B": (4, 0.01, 34079, ("Pack_SKU_B",)),
    "East_DC_C": (4, 0.01, 14125, ("Pack_SKU_C",)),
    "EMD": (2, 0.13, 0, ()),
    "Label": (28, 0.06, 0, ()),
    "Nail_Wire": (24, 0.02, 0, ()),
    "Other_Raw_Materials": (1, 0.24, 0, ()),
    "Pack_SKU_A": (11, 0.07, 0, ("Bulk_Battery_Manufacturing", "Packaging_A")),
    "Pack_SKU_B": (11, 0.12, 0, ("Bulk_Battery_Manufacturing", "Packaging_B")),
    "Pack_SKU_C": (9, 0.24, 0, ("Bulk_Battery_Manufacturing", "Packaging_C")),
    "Packaging_A": (28, 0.16, 0, ()),
    "Packaging_B": (28, 0.24, 0, ()),
    "Packaging_C": (28, 0.36, 0, ()),
    "Separator": (2, 0.02, 0, ()),
    "Spun_Zinc": (2, 0.05, 0, ()),
    "West_DC_A": (5, 0.01, 119901, ("Pack_SKU_A",)),
    "West_DC_B": (8, 0.03, 23277, ("Pack_SKU_B",)),
    "West_DC_C": (6, 0.06, 6576, ("Pack_SKU_C",)),
}


def _upstream(name: str) -> set[str]:
    """Return every stage that goes into one."""
    parts = BATTERY[name][3]
    return {*parts, *(deeper for part in parts for deeper in _upstream(part))}


def test_the_battery_chain_has_its_reference_cost_and_promises() -> None:
    names = list(BATTERY)
    arcs = [(names.index(part), k) for k, name in enumerate(names) for part in BATTERY[name][3]]
    origin, destination = np.array(arcs).T
    days = np.array([BATTERY[name][0] for name in names])
    value = np.array([BATTERY[name][1] for name in names])
    for k in sorted(range(len(names)), key=lambda k: len(_upstream(names[k]))):
        value[k] += value[origin[destination == k]].sum()
    own = np.array([float(BATTERY[name][2]) for name in names])
    pooled = pooled_deviation(own, origin, destination, np.ones(len(arcs)), np.full(len(names), 2.0))
    none = np.zeros(len(names), dtype=np.int64)
    longest = longest_times(days, none, origin, destination).max()
    table = 0.25 * 1.6448536 * (value * pooled)[:, None] * np.sqrt(np.arange(longest + 1.0))
    network = ServiceNetwork(days, table, origin, destination, none, np.where(own > 0, 0, -1))
    plan = optimise_service_times(network)
    # the reference gives every stage's cost in whole dollars
    assert plan.cost == pytest.approx(852992, abs=len(names))
    found = dict(zip(names, plan.outbound.tolist(), strict=True))
    expected = {"Bulk_Battery_Manufacturing": 7, "Label": 2, "Nail_Wire": 2, "Packaging_A": 7, "Pack_SKU_A": 0}
    assert {name: found[name] for name in expected} == expected
