"""Service times of the guaranteed-service model against published chains and against every possible plan."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.stock.guaranteed_service import (
    ServiceNetwork,
    longest_times,
    optimise_service_times,
    pooled_deviation,
)

# Graves and Willems (2003), "Supply chain design: safety stock placement and supply chain configuration", the
# bulldozer chain: stage, days, cost added, suppliers. Daily demand at the end has standard deviation 3, the
# service factor is 1.645 and a year's holding costs 30 % of the cumulative cost of a stage.
BULLDOZER = {
    "Boggie_Assembly": (11, 575, ()),
    "Brake_Group": (8, 3850, ()),
    "Case": (15, 2200, ()),
    "Case&Frame": (16, 1500, ("Case", "Frame_Assembly")),
    "Chassis&Platform": (7, 4320, ("Platform_Group", "Fender_Group", "Roll_Over_Group")),
    "Common_Subassembly": (5, 8000, ("Case&Frame", "Transmission", "Final_Drive&Brake")),
    "Dressed_Out_Engine": (10, 4100, ("Engine", "Fans")),
    "Drive_Group": (9, 1550, ()),
    "Engine": (7, 4500, ()),
    "Fans": (12, 650, ()),
    "Fender_Group": (9, 900, ()),
    "Final_Assembly": (4, 8000, ("Main_Assembly", "Track_Roller_Frame", "Suspension_Group")),
    "Final_Drive&Brake": (6, 3680, ("Brake_Group", "Drive_Group", "Plant_Carrier")),
    "Frame_Assembly": (19, 605, ()),
    "Main_Assembly": (8, 12000, ("Chassis&Platform", "Common_Subassembly", "Dressed_Out_Engine")),
    "Pin_Assembly": (35, 90, ()),
    "Plant_Carrier": (9, 155, ()),
    "Platform_Group": (6, 725, ()),
    "Roll_Over_Group": (8, 1150, ()),
    "Suspension_Group": (7, 3600, ("Boggie_Assembly", "Pin_Assembly")),
    "Track_Roller_Frame": (10, 3000, ()),
    "Transmission": (15, 7450, ()),
}
PUBLISHED_PROMISES = {"Common_Subassembly": 20, "Main_Assembly": 28, "Final_Assembly": 0, "Case": 0, "Pin_Assembly": 21}
PUBLISHED_COST = 632_720  # sum of the stages' yearly holding cost, each in whole dollars, from a rounded service factor


def bulldozer() -> tuple[list[str], ServiceNetwork]:
    names = list(BULLDOZER)
    arcs = [(names.index(part), row) for row, name in enumerate(names) for part in BULLDOZER[name][2]]
    origin, destination = np.array(arcs).T
    value = np.array([float(BULLDOZER[name][1]) for name in names])

    def cumulative(row: int) -> float:
        return value[row] + sum(cumulative(part) for part, whole in arcs if whole == row)

    held = 0.3 * np.array([cumulative(row) for row in range(len(names))])
    processing = np.array([BULLDOZER[name][0] for name in names])
    none = np.zeros(len(names), dtype=np.int64)
    promise = np.array([0 if name == "Final_Assembly" else -1 for name in names])
    longest = longest_times(processing, none, origin, destination).max()
    cost = held[:, None] * 1.645 * 3.0 * np.sqrt(np.arange(longest + 1.0))
    return names, ServiceNetwork(processing, cost, origin, destination, none, promise)


def test_the_bulldozer_chain_has_its_published_cost_and_promises():
    names, network = bulldozer()
    plan = optimise_service_times(network)
    assert plan.status == "optimal"
    assert plan.cost == pytest.approx(PUBLISHED_COST, rel=2e-4)
    promised = dict(zip(names, plan.outbound.tolist(), strict=True))
    assert {name: promised[name] for name in PUBLISHED_PROMISES} == PUBLISHED_PROMISES


@st.composite
def small_networks(draw):
    stages = draw(st.integers(2, 5))
    pairs = [(i, j) for i in range(stages) for j in range(i + 1, stages)]
    arcs = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=len(pairs)))
    processing = np.array(draw(st.lists(st.integers(0, 3), min_size=stages, max_size=stages)))
    origin, destination = (np.array(side, dtype=np.int64) for side in zip(*arcs, strict=True))
    inbound = np.array([draw(st.integers(0, 2)) if not (destination == k).any() else 0 for k in range(stages)])
    promise = np.array([draw(st.integers(0, 2)) if not (origin == k).any() else -1 for k in range(stages)])
    longest = int(longest_times(processing, inbound, origin, destination).max())
    steps = draw(st.lists(st.lists(st.integers(0, 5), min_size=longest, max_size=longest), min_size=stages,
                          max_size=stages))  # fmt: skip
    cost = np.concatenate([np.zeros((stages, 1)), np.cumsum(np.array(steps, dtype=float), axis=1)], axis=1)
    return ServiceNetwork(processing, cost.reshape(stages, longest + 1), origin, destination, inbound, promise)


def cheapest_of_all(network: ServiceNetwork) -> float:
    """The least cost over all promises; each stage waits for its slowest supplier and no longer."""
    stages, best = len(network.processing), np.inf
    for promises in product(range(network.cost.shape[1]), repeat=stages):
        total = 0.0
        for k in range(stages):
            suppliers = network.origin[network.destination == k]
            wait = max([int(network.inbound_time[k]), *(promises[s] for s in suppliers)])
            net = wait + int(network.processing[k]) - promises[k]
            if net < 0 or 0 <= network.max_service[k] < promises[k] or net >= network.cost.shape[1]:
                total = np.inf
                break
            total += network.cost[k, net]
        best = min(best, total)
    return best


@settings(max_examples=60, deadline=None)
@given(small_networks())
def test_any_acyclic_network_is_solved_to_the_optimum(network):
    plan = optimise_service_times(network)
    assert plan.status == "optimal"
    assert plan.cost == pytest.approx(cheapest_of_all(network))
    suppliers, customers = network.origin, network.destination
    assert (plan.outbound[suppliers] <= plan.inbound[customers]).all()
    assert (plan.net == plan.inbound + network.processing - plan.outbound).all()
    assert (plan.net >= 0).all()
    assert plan.cost == pytest.approx(network.cost[np.arange(len(plan.net)), plan.net].sum())


def test_a_limit_gives_a_plan_with_its_bound():
    rng = np.random.default_rng(3)
    layers = [np.arange(n, n + 7) for n in (0, 7, 14, 21)]
    arcs = [(i, j) for a, b in pairwise(layers) for i in a for j in b if rng.random() < 0.5]
    origin, destination = np.array(arcs).T
    processing, none = rng.integers(1, 9, 28), np.zeros(28, dtype=np.int64)
    promise = np.where(np.arange(28) >= 21, 0, -1)
    longest = longest_times(processing, none, origin, destination).max()
    cost = rng.uniform(1, 9, (28, 1)) * np.sqrt(np.arange(longest + 1.0))
    network = ServiceNetwork(processing, cost, origin, destination, none, promise)
    hasty, patient = optimise_service_times(network, node_limit=1), optimise_service_times(network, node_limit=60)
    assert hasty.lower_bound <= patient.lower_bound <= patient.cost <= hasty.cost


def test_deviation_pools_over_customers():
    origin, destination, one = np.array([0, 0]), np.array([1, 2]), np.ones(2)
    own = np.array([0.0, 3.0, 4.0])
    assert pooled_deviation(own, origin, destination, one, np.full(3, 2.0))[0] == pytest.approx(5.0)
    assert pooled_deviation(own, origin, destination, one, np.full(3, 1.0))[0] == pytest.approx(7.0)
    assert pooled_deviation(own, origin, destination, np.array([2.0, 1.0]), np.full(3, 1.0))[0] == pytest.approx(10.0)


def test_a_cycle_and_a_short_cost_table_are_named():
    two = np.array([1, 1])
    with pytest.raises(ValueError, match="cycle"):
        ServiceNetwork(two, np.zeros((2, 9)), np.array([0, 1]), np.array([1, 0]), 0 * two, -two)
    with pytest.raises(ValueError, match="cost must reach 2 periods"):
        ServiceNetwork(two, np.zeros((2, 2)), np.array([0]), np.array([1]), 0 * two, -two)
