"""Parts of the inventory-routing search against slow sums: annealing, crossing, quantities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.inventory_routing.evaluate import evaluate
from solvers.inventory_routing.member import Member, best_member, clear, set_plan
from solvers.inventory_routing.population import admit, choose_parents, customers_to_take
from solvers.inventory_routing.problem import InventoryRoutingProblem
from solvers.inventory_routing.quantities import improve_units
from solvers.inventory_routing.search_kernels import anneal, fill_plan, give_units
from solvers.inventory_routing.state import (
    HOLDING,
    OVERLOAD,
    ROUTING,
    SHORTAGE,
    empty_state,
    make_case,
    make_labels,
    make_removal,
)


def tight_problem(seed: int, customers: int = 8, days: int = 4) -> InventoryRoutingProblem:
    """Customers that hold two or three days' demand; vehicles that must leave nearly full."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 100, (customers + 1, 2))
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)).round()
    demand = np.repeat(np.append(0, rng.integers(5, 20, customers))[:, None], days, axis=1)
    most = demand[:, 0] * rng.integers(2, 4, customers + 1)
    opening = most - demand[:, 0]
    opening[0] = demand.sum()
    return InventoryRoutingProblem(
        distance, demand, opening, np.zeros(customers + 1, np.int64), most,
        rng.uniform(0.0, 0.5, customers + 1), np.full(days, int(demand[:, 0].sum())),
        capacity=int(0.75 * demand[:, 0].sum()), vehicles=2,
    )  # fmt: skip


class Search:
    """The arrays that the kernels take, and a plan annealed for some steps."""

    def __init__(self, problem, seed, steps):
        self.problem = problem
        self.case, self.state = make_case(problem), empty_state(problem, seed)
        self.labels, self.removal = make_labels(problem), make_removal(problem)
        self.settings = np.array([5.0, 5.0, 0.4, 0.01, 0.03, min(6, problem.customers), 0.1])
        order = np.arange(1, problem.customers + 1)
        fill_plan(self.case, self.state, self.labels, self.settings, order)
        self.anneal(steps)

    def anneal(self, steps, temperature=20.0):
        weight = self.problem.demand.sum(axis=1)
        anneal(self.case, self.state, self.labels, self.removal, self.settings, weight, steps, temperature)

    def check(self):
        """Hold every running sum against one from scratch."""
        problem, state = self.problem, self.state
        routing, units = 0.0, np.zeros_like(state.units)
        for t, k in np.argwhere(state.length > 0):
            stops = state.tour[t, k, : state.length[t, k]]
            units[t, stops] = state.units[t, stops]
            assert (state.vehicle[t, stops] == k).all()
            assert (state.place[t, stops] == np.arange(len(stops))).all()
            assert state.load[t, k] == state.units[t, stops].sum()
            legs = np.concatenate([[0], stops, [0]])
            routing += problem.distance[legs[:-1], legs[1:]].sum()
        assert (units == state.units).all()
        assert ((state.vehicle[:, 1:] >= 0) == (units[:, 1:] > 0)).all()
        stock = problem.opening[:, None] + np.cumsum(units.T - problem.demand, axis=1)
        assert (stock[1:] >= 0).all()
        assert (stock[1:] + problem.demand[1:] <= problem.most[1:, None]).all()
        held = ((problem.holding - problem.holding[0])[1:, None] * stock[1:]).sum()
        over = np.maximum(state.load - problem.capacity, 0).sum()
        short = np.maximum(np.cumsum(units.sum(axis=1)) - problem.available, 0).sum()
        assert state.total[[ROUTING, HOLDING, OVERLOAD, SHORTAGE]] == pytest.approx([routing, held, over, short])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 400))
def test_running_sums_of_annealing_are_those_from_scratch(seed, steps):
    search = Search(tight_problem(seed), seed, steps)
    search.check()


def depot_part(problem: InventoryRoutingProblem) -> float:
    """Holding that every plan pays: all units as if they never left the depot, less what customers start with."""
    units = problem.opening.sum() + np.cumsum(problem.supply - problem.demand.sum(axis=0))
    return float(problem.holding[0] * units.sum())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_cheapest_quantities_keep_the_rules_and_never_cost_more(seed):
    problem = tight_problem(seed)
    member = best_member(Search(problem, seed, 300).state)
    if member is None:
        return
    better = improve_units(problem, member)
    for each in (member, better):
        verdict = evaluate(problem, each.plan())
        assert not verdict.faults
        assert verdict.cost == pytest.approx(each.cost + depot_part(problem))
    assert better.cost <= member.cost + 1e-9
    assert improve_units(problem, better).cost == pytest.approx(better.cost)


def test_quantities_wait_at_the_depot_where_holding_is_cheaper_there():
    """One customer, visited on both days, needs 4 units a day: 4 and 4 instead of 8 and nothing left to carry."""
    problem = InventoryRoutingProblem(
        np.array([[0.0, 5.0], [5.0, 0.0]]), np.array([[0, 0], [4, 4]]), np.array([20, 0]), np.zeros(2, np.int64),
        np.array([0, 8]), np.array([1.0, 3.0]), np.zeros(2, np.int64), capacity=10, vehicles=1,
    )  # fmt: skip
    tour = np.array([[[1, 0, 0]], [[1, 0, 0]]])
    units = np.array([[0, 7], [0, 1]])
    better = improve_units(problem, Member(20.0 + 2.0 * 3, tour, np.array([[1], [1]]), units))
    assert better.units.tolist() == [[0, 4], [0, 4]]
    assert better.cost == pytest.approx(20.0)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_child_has_the_visits_of_its_parents_and_right_sums(seed):
    problem = tight_problem(seed)
    search = Search(problem, seed, 200)
    one = best_member(search.state)
    clear(search.state)
    fill_plan(search.case, search.state, search.labels, search.settings, np.arange(problem.customers, 0, -1))
    search.anneal(200)
    other = best_member(search.state)
    if one is None or other is None:
        return
    taken = customers_to_take(one, other, problem.distance, np.random.default_rng(seed))
    kept = np.ones(problem.customers + 1, np.bool_)
    kept[taken] = False
    set_plan(problem, search.state, search.case.holding, one, kept)
    give_units(search.case, search.state, search.settings, taken, other.units)
    search.check()
    assert (search.state.units[:, taken] == other.units[:, taken]).all()
    assert (search.state.units[:, kept] == one.units[:, kept]).all()


def test_population_keeps_the_cheaper_of_two_alike_and_drops_the_dearest():
    def member(cost, *visits):
        units = np.zeros((2, 5), np.int64)
        units[0, list(visits)] = 1
        return Member(cost, np.zeros((2, 1, 6), np.int64), np.zeros((2, 1), np.int64), units)

    members = [member(10.0, 1, 2), member(12.0, 3, 4)]
    admit(members, member(11.0, 1, 2), 2)
    assert [m.cost for m in members] == [10.0, 12.0]
    admit(members, member(9.0, 1, 2), 2)
    assert [m.cost for m in members] == [9.0, 12.0]
    admit(members, member(11.0, 1, 4), 2)
    assert [m.cost for m in members] == [9.0, 11.0]
    first, second = choose_parents(members, np.random.default_rng(1))
    assert first is not second
