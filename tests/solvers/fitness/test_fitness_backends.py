"""One body over all fitness backends, against a plain split that enumerates every cut of the tour."""

from __future__ import annotations

import itertools
import logging
import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.fitness import SplitData, available_backends, make_fitness
from solvers.fitness.array_split import ArraySplit


class StrictSplit(ArraySplit):
    """Stands in for CuPy: the same array code on a namespace that knows the standard only."""

    def __init__(self, data):
        array_api_strict.set_array_api_strict_flags(api_version="2023.12")
        super().__init__(data, array_api_strict, "array_api_strict")

    def _to_host(self, array):
        return np.asarray(array)


def _cupy(data):
    reason = {backend.name: backend.reason for backend in available_backends()}["cupy"]
    if reason:
        pytest.skip(reason)
    return make_fitness(data, "cupy")


BACKENDS = {
    "numpy": lambda data: make_fitness(data, "numpy"),
    "numba": lambda data: make_fitness(data, "numba"),
    "array_api_strict": StrictSplit,
    "cupy": _cupy,
}


@pytest.fixture(params=BACKENDS)
def make(request):
    return BACKENDS[request.param]


def cheapest_by_enumeration(data, tour):
    """Cost of the cheapest of all 2^(n-1) ways to cut the tour, leg by leg."""
    best = math.inf
    for cuts in itertools.product([False, True], repeat=len(tour) - 1):
        routes, route = [], [tour[0]]
        for cut, stop in zip(cuts, tour[1:], strict=True):
            if cut:
                routes.append(route)
                route = []
            route.append(stop)
        routes.append(route)
        if any(len(route) > (data.max_stops or len(tour)) for route in routes):
            continue
        if any(
            sum(row[stop] for stop in route) > limit
            for row, limit in zip(data.demand, data.capacity, strict=True)
            for route in routes
        ):
            continue
        cost = sum(
            data.fixed_cost + sum(data.distance[a][b] for a, b in itertools.pairwise([0, *route, 0]))
            for route in routes
        )
        best = min(best, cost)
    return best


@st.composite
def split_problems(draw, most_stops=8):
    stops = draw(st.integers(1, most_stops))
    dimensions = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    capacity = rng.integers(5, 30, dimensions)
    demand = np.zeros((dimensions, stops + 1), dtype=np.int64)
    demand[:, 1:] = rng.integers(0, np.minimum(capacity, 12)[:, None] + 1, (dimensions, stops))
    data = SplitData(
        distance=rng.integers(0, 100, (stops + 1, stops + 1)).astype(float),  # not symmetric, no triangle rule
        demand=demand,
        capacity=capacity,
        fixed_cost=draw(st.sampled_from([0.0, 40.0])),
        max_stops=draw(st.sampled_from([None, 1, 2, 4])),
    )
    tours = np.array([rng.permutation(stops) + 1 for _ in range(draw(st.integers(1, 4)))], dtype=np.int32)
    return data, tours


@settings(max_examples=40, deadline=None)
@given(problem=split_problems())
def test_every_backend_finds_the_cheapest_cut(problem):
    data, tours = problem
    expected = [cheapest_by_enumeration(data, [int(stop) for stop in tour]) for tour in tours]
    for name in ("numpy", "numba", "array_api_strict"):
        np.testing.assert_array_equal(BACKENDS[name](data).evaluate(tours), expected, err_msg=name)


def population(stops=120, size=20, dimensions=2, seed=7):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 1000, (stops + 1, 2))
    demand = rng.integers(1, 40, (dimensions, stops + 1))
    demand[:, 0] = 0
    data = SplitData(
        distance=np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)),
        demand=demand,
        capacity=np.full(dimensions, 200),
        fixed_cost=25.0,
        max_stops=15,
    )
    tours = np.array([rng.permutation(stops) + 1 for _ in range(size)], dtype=np.int32)
    return data, tours


def test_backends_agree_with_the_reference_on_real_sizes(make):
    data, tours = population()
    reference = make_fitness(data, "numpy").evaluate(tours)
    np.testing.assert_allclose(make(data).evaluate(tours), reference, rtol=1e-12)


def test_a_subset_of_the_stops_may_be_toured(make):
    data, tours = population(stops=30)
    cost = make(data).evaluate(tours[:, :1])
    np.testing.assert_allclose(cost, [data.distance[0, t] + data.distance[t, 0] + 25.0 for t in tours[:, 0]])
    assert make(data).evaluate(np.zeros((3, 0), np.int32)).tolist() == [0.0, 0.0, 0.0]


def test_no_split_of_ones_own_beats_the_backend(make):
    """Split is never above any explicit split: here first-fit, the simplest one."""
    data, tours = population(stops=60, size=5)
    for tour, cost in zip(tours, make(data).evaluate(tours), strict=True):
        routes, load = [[]], np.zeros(2)
        for stop in tour:
            if (load + data.demand[:, stop] > data.capacity).any() or len(routes[-1]) == data.max_stops:
                routes.append([])
                load = np.zeros(2)
            routes[-1].append(stop)
            load = load + data.demand[:, stop]
        first_fit = sum(25.0 + sum(data.distance[a, b] for a, b in itertools.pairwise([0, *r, 0])) for r in routes)
        assert cost <= first_fit + 1e-9


def test_relabelling_the_stops_changes_nothing(make):
    data, tours = population(stops=40, size=4)
    label = np.concatenate([[0], np.random.default_rng(3).permutation(40) + 1])
    distance, demand = np.empty_like(data.distance), np.empty_like(data.demand)
    distance[np.ix_(label, label)] = data.distance
    demand[:, label] = data.demand
    relabelled = SplitData(distance, demand, data.capacity, data.fixed_cost, data.max_stops)
    np.testing.assert_allclose(
        make(relabelled).evaluate(label[tours].astype(np.int32)), make(data).evaluate(tours), rtol=1e-12
    )


@pytest.mark.parametrize("tours", [np.array([[0, 1]]), np.array([[1, 99]]), np.array([1, 2])])
def test_tours_with_nodes_that_are_no_stops_are_refused(make, tours):
    data, _ = population(stops=10)
    with pytest.raises(ValueError, match="giant tours"):
        make(data).evaluate(tours)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": np.zeros((3, 2))}, "square"),
        ({"demand": np.zeros((1, 4))}, "demand has shape"),
        ({"distance": np.full((3, 3), np.nan)}, "finite"),
        ({"demand": np.array([[0, 11, 1]])}, "above the capacity"),
        ({"max_stops": 0}, "max_stops"),
    ],
)
def test_impossible_data_is_named(change, message):
    good = {"distance": np.zeros((3, 3)), "demand": np.array([[0, 1, 1]]), "capacity": np.array([10])}
    with pytest.raises(ValueError, match=message):
        SplitData(**{**good, **change})


def test_auto_takes_the_first_usable_and_logs_what_it_passed_over(caplog, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    data, _ = population(stops=5)
    with caplog.at_level(logging.INFO, logger="solvers.fitness"):
        fitness = make_fitness(data)
    assert fitness.name == "numpy"
    assert "passed over cupy: the module cupy is not installed" in caplog.text
    assert "passed over numba" in caplog.text


def test_a_backend_asked_for_by_name_is_never_replaced():
    data, _ = population(stops=5)
    for backend in available_backends():
        if backend.usable:
            assert make_fitness(data, backend.name).name == backend.name
        else:
            with pytest.raises(RuntimeError, match=r"'cupy' is not usable here: .+"):
                make_fitness(data, backend.name)
    with pytest.raises(ValueError, match="no fitness backend 'opencl'"):
        make_fitness(data, "opencl")


def test_a_device_that_fails_to_load_is_a_reason_not_a_crash(monkeypatch):
    import sys
    import types

    broken = types.ModuleType("cupy")
    broken.__spec__ = None
    monkeypatch.setitem(sys.modules, "cupy", broken)  # has no attribute `cuda`
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    reasons = {backend.name: backend.reason for backend in available_backends()}
    assert reasons["cupy"].startswith("cupy does not load")
