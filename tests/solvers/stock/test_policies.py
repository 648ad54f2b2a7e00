"""Policies against a plain story told by hand, published costs, and what must not change an answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import array_api_strict
import numpy as np
import pytest
from scipy.stats import norm

from solvers.compiled import set_threads
from solvers.fitness import available_backends, make_player
from solvers.stock import policy_futures
from solvers.stock.policies import OrderPolicy, PolicyPlayer, StockStart, play_compiled
from solvers.stock.policy_arrays import play_arrays
from solvers.stock.policy_futures import LeadTimes, Prices, SampledDemand, play_policies
from solvers.stock.policy_kernels import MEASURES
from solvers.stock.random_kernels import stream

NEVER = -np.inf


def policy(rows: int, buckets: int, s: float, up_to: float, **other: float) -> OrderPolicy:
    """One policy for all rows and buckets."""
    fill = {"lot": 0.0, "multiple": 0.0, "least": 0.0, "review": 1, **other}
    return OrderPolicy(
        np.full((rows, buckets), float(s)),
        np.full((rows, buckets), float(up_to)),
        np.full(rows, float(fill["lot"])),
        np.full(rows, fill["multiple"]),
        np.full(rows, fill["least"]),
        np.full(rows, int(fill["review"])),
    )


def start(rows: int, net: float = 0.0, *, backorders: bool = True, shelf: int = 0) -> StockStart:
    return StockStart(np.full(rows, net), np.zeros((rows, 0)), np.full(rows, backorders), np.full(rows, shelf))


def random_case(seed: int) -> tuple[StockStart, OrderPolicy, np.ndarray, np.ndarray]:
    """Rows of every kind of policy, with packs, random lead times, lost sales and backorders."""
    rng = np.random.default_rng(seed)
    rows, buckets, futures = 24, 40, 3
    s = rng.integers(0, 15, (rows, 1)) + rng.integers(0, 3, (rows, buckets))
    above = s + rng.integers(0, 12, (rows, 1)) * (rng.random((rows, 1)) < 0.7)
    s = np.where(rng.random((rows, 1)) < 0.1, NEVER, s.astype(float))
    lots = rng.integers(1, 9, rows) * (rng.random(rows) < 0.3)
    case = OrderPolicy(
        s,
        np.where(np.isfinite(s), above, NEVER),
        lots.astype(float),
        rng.choice([0.0, 1.0, 6.0], rows),
        rng.choice([0.0, 0.0, 10.0], rows),
        rng.integers(1, 5, rows),
    )
    begin = StockStart(
        rng.integers(0, 20, rows).astype(float),
        rng.integers(0, 5, (rows, 2)).astype(float),
        rng.random(rows) < 0.5,
        rng.integers(1, 7, rows) * (rng.random(rows) < 0.5),
    )
    demand = rng.poisson(rng.uniform(0, 5, (rows, 1, 1)), (rows, buckets, futures)).astype(float)
    lead = rng.integers(0, 6, (rows, buckets, futures)).astype(np.int16)
    return begin, case, demand, lead


def told_by_hand(
    begin: StockStart, rule: OrderPolicy, demand: np.ndarray, lead: np.ndarray, warm_up: int
) -> np.ndarray:
    """One item-location, future and bucket at a time, with a list of orders and stock by age, the oldest first."""
    rows, buckets, futures = demand.shape
    sums = np.zeros((rows, len(MEASURES), futures))
    for k, r in np.ndindex(rows, futures):
        orders = [(bucket, qty) for bucket, qty in enumerate(begin.in_transit_qty[k])]
        owed, short = max(-begin.net_qty[k], 0.0), False
        batches = [(0, max(begin.net_qty[k], 0.0))]  # bucket of arrival, units
        seen = dict.fromkeys(MEASURES, 0.0)
        for t in range(buckets):
            if t == warm_up:
                seen, short = dict.fromkeys(MEASURES, 0.0), False
            came = sum(qty for bucket, qty in orders if bucket == t)
            on_hand = sum(qty for _, qty in batches)
            s, up_to = rule.reorder_point_qty[k, t], rule.order_up_to_qty[k, t]
            position = on_hand - owed + came + sum(qty for bucket, qty in orders if bucket > t)
            if t % rule.review_buckets[k] == 0 and position <= s:
                ordered = 0.0
                if rule.lot_qty[k]:
                    while position + ordered <= s:
                        ordered += rule.lot_qty[k]
                elif up_to > position:
                    pack = rule.multiple_qty[k]
                    ordered = math.ceil((up_to - position) / pack) * pack if pack else up_to - position
                    ordered = max(ordered, rule.least_qty[k])
                if ordered:
                    seen["orders"] += 1
                    seen["ordered"] += ordered
                    orders.append((t + int(lead[k, t, r]), ordered))
                    came += ordered if lead[k, t, r] == 0 else 0.0
            if came:
                seen["cycles"] += 1
                seen["short_cycles"] += short
                short = False
            batches.append((t, came))
            paid = min(owed, on_hand + came)
            owed -= paid
            sold = min(on_hand + came - paid, demand[k, t, r])
            missed = demand[k, t, r] - sold
            leaving = paid + sold
            for n, (since, qty) in enumerate(batches):
                taken = min(qty, leaving)
                leaving -= taken
                batches[n] = (since, qty - taken)
            shelf = begin.shelf_buckets[k]
            expired = [qty for since, qty in batches if shelf and t - since + 1 >= shelf]
            batches = [(since, qty) for since, qty in batches if not (shelf and t - since + 1 >= shelf)]
            owed += missed if begin.backorders[k] else 0.0
            short = short or missed > 0
            for name, value in (("demand", demand[k, t, r]), ("unmet", missed), ("stock_outs", missed > 0)):
                seen[name] += value
            seen["held"] += sum(qty for _, qty in batches)
            seen["owed"] += owed
            seen["wasted"] += sum(expired)
        seen["cycles"] += 1
        seen["short_cycles"] += short
        sums[k, :, r] = list(seen.values())
    return sums


def strict() -> PolicyPlayer:
    """Stands in for CuPy: the same array code on a namespace that knows the standard only."""
    array_api_strict.set_array_api_strict_flags(api_version="2024.12")
    return partial(play_arrays, namespace=array_api_strict)


def on_cupy() -> PolicyPlayer:
    reason = {backend.name: backend.reason for backend in available_backends()}["cupy"]
    if reason:
        pytest.skip(reason)
    return make_player("cupy")


BACKENDS: dict[str, Callable[[], PolicyPlayer]] = {
    "numpy": lambda: make_player("numpy"),
    "numba": lambda: make_player("numba"),
    "array_api_strict": strict,
    "cupy": on_cupy,
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("warm_up", [0, 7])
def test_every_backend_tells_the_story_told_by_hand(seed: int, warm_up: int, backend: str) -> None:
    case = random_case(seed)
    expected = told_by_hand(*case, warm_up)
    np.testing.assert_allclose(BACKENDS[backend]()(*case, warm_up), expected, atol=1e-9)
    assert expected[:, MEASURES.index("unmet")].sum() > 0
    assert expected[:, MEASURES.index("wasted")].sum() > 0


def test_auto_is_the_compiled_player_and_what_is_not_here_is_said() -> None:
    assert make_player() is play_compiled
    if {backend.name: backend.reason for backend in available_backends()}["cupy"]:
        with pytest.raises(RuntimeError, match=r"'cupy' is not usable here: .+"):
            make_player("cupy")


def test_ten_days_by_hand() -> None:
    """(s,S) = (2, 6), one day of lead time, lost sales: counted on paper."""
    demand = np.array([3, 2, 4, 1, 0, 5, 2, 1, 2, 3], dtype=float)[None, :, None]
    lead = np.ones((1, 10, 1), dtype=np.int16)
    sums = play_compiled(start(1, 5.0, backorders=False), policy(1, 10, 2, 6), demand, lead)
    # stock at the end 2 0 0 0 6 1 0 4 2 0; orders of 4, 6, 5, 4 on days 1, 3, 6, 9; a unit lost on days 3, 6, 9
    wanted = {"demand": 23, "unmet": 3, "stock_outs": 3, "held": 15, "owed": 0, "orders": 4, "ordered": 19}
    cycles = {"cycles": 4, "short_cycles": 3, "wasted": 0}
    assert dict(zip(MEASURES, sums[0, :, 0], strict=True)) == {**wanted, **cycles}


def cost(sums: np.ndarray, buckets: int, holding: float, owed: float, order: float) -> tuple[float, float]:
    """Mean cost per bucket and its standard error over futures and rows."""
    found = dict(zip(MEASURES, sums.transpose(1, 0, 2), strict=True))
    each = (holding * found["held"] + owed * found["owed"] + order * found["orders"]).ravel() / buckets
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(each.size))


def test_reorder_to_level_with_poisson_demand_costs_what_is_published() -> None:
    """Snyder and Shen, Fundamentals of Supply Chain Theory, example 4.7 (stockpyl): s = 4, S = 10, cost 8.0341."""
    buckets, futures = 4_000, 60
    demand = np.random.default_rng(1).poisson(6.0, (1, buckets + 50, futures)).astype(float)
    lead = np.zeros(demand.shape, dtype=np.int16)
    mean, error = cost(play_compiled(start(1), policy(1, buckets + 50, 4, 10), demand, lead, 50), buckets, 1, 4, 5)
    assert abs(mean - 8.034111561471642) < 3.5 * error < 0.04


def test_base_stock_with_a_lead_time_costs_what_is_published() -> None:
    """The same, example 4.4: h 0.18, p 0.70, demand N(50, 8), lead time 4; cost (h + p) phi(z) sd sqrt(L + 1)."""
    holding, owed, mean, sd, lead_time = 0.18, 0.7, 50.0, 8.0, 4
    z, spread = norm.ppf(owed / (owed + holding)), sd * math.sqrt(lead_time + 1)
    level = mean * (lead_time + 1) + z * spread
    assert level == pytest.approx(264.9, abs=0.5)
    buckets, futures = 3_000, 60
    demand = np.random.default_rng(2).normal(mean, sd, (1, buckets + 20, futures))
    lead = np.full(demand.shape, lead_time, dtype=np.int16)
    rule = policy(1, buckets + 20, level, level)
    found, error = cost(play_compiled(start(1, 250.0), rule, demand, lead, 20), buckets, holding, owed, 0)
    assert abs(found - (holding + owed) * norm.pdf(z) * spread) < 3.5 * error < 0.06


def test_lots_with_poisson_demand_costs_what_is_published() -> None:
    """The same, example 5.8: r = 3, Q = 5, cost 107.92 per year; time is cut into fiftieths of a year here."""
    steps, years, futures = 50, 60, 120
    demand = np.random.default_rng(3).poisson(1.5 / steps, (1, steps * (years + 5), futures)).astype(float)
    lead = np.full(demand.shape, 2 * steps, dtype=np.int16)
    rule = policy(1, demand.shape[1], 3, 3, lot=5)
    sums = play_compiled(start(1, 6.0), rule, demand, lead, 5 * steps)
    found, error = cost(sums, years, 20 / steps, 150 / steps, 100)
    assert found == pytest.approx(107.92358063314975, rel=0.02)
    assert error < 1.0


def world(rows: int = 30, buckets: int = 12) -> tuple[StockStart, SampledDemand, LeadTimes, Prices]:
    rng = np.random.default_rng(5)
    mean = np.repeat(rng.uniform(0.5, 9, (rows, 1)), buckets, axis=1)
    names = np.array([stream("row", k) for k in range(rows)])
    days = rng.uniform(0, 20, rows)
    lead = LeadTimes(
        np.ceil(days / 7).astype(np.int64), days, np.where(np.arange(rows) % 2, 4.0, 0.0), 7, np.roll(names, 1)
    )
    prices = Prices(np.full(rows, 0.1), np.full(rows, 3.0), np.full(rows, 2.0), np.full(rows, 1.5))
    return start(rows, 20.0, backorders=False), SampledDemand(mean, 1.3 * mean, names), lead, prices


def test_neither_chunks_nor_cores_nor_company_change_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, demand, lead, prices = world()
    rules = [policy(30, 12, 10, 25), policy(30, 12, 20, 20, review=2)]
    together = play_policies(begin, rules, demand, lead, prices, 40, 7)
    alone = play_policies(begin, rules[1:], demand, lead, prices, 40, 7)[0]
    np.testing.assert_array_equal(together[1].by_future, alone.by_future)
    set_threads(1)
    monkeypatch.setattr(policy_futures, "_MOST_FUTURES", 16)
    monkeypatch.setattr(policy_futures, "_BYTES", 10 * 12 * 16 * 7)
    cut = play_policies(begin, rules, demand, lead, prices, 40, 7)
    np.testing.assert_allclose(cut[0].by_future, together[0].by_future, rtol=1e-12)
    np.testing.assert_allclose(cut[0].by_row, together[0].by_row, rtol=1e-12)
    reference = play_policies(begin, rules, demand, lead, prices, 40, 7, player=play_arrays)
    np.testing.assert_allclose(reference[0].by_future, together[0].by_future, rtol=1e-12)


def test_more_stock_never_loses_more_in_any_future() -> None:
    begin, demand, lead, prices = world()
    steady = replace(lead, sd_days=np.zeros(30))
    less, more = play_policies(begin, [policy(30, 12, 10, 10), policy(30, 12, 16, 16)], demand, steady, prices, 50, 1)
    unmet = MEASURES.index("unmet")
    assert (more.by_future[unmet] <= less.by_future[unmet] + 1e-9).all()
    assert more.by_future[unmet].sum() < less.by_future[unmet].sum()
    np.testing.assert_array_equal(more.by_future[0], less.by_future[0])  # the same demand


def test_sampled_lead_times_are_the_normal_cut_off_at_zero() -> None:
    lead = LeadTimes(np.array([2]), np.array([2.3]), np.array([1.0]), 1, np.array([stream("a")]))
    drawn = lead.sample(slice(0, 1), 0, 20, 4_000, 3)
    shares = np.bincount(drawn.ravel(), minlength=7) / drawn.size
    below = norm.cdf(-2.3)
    cdf = (norm.cdf(np.arange(7) - 2 + 0.5) - below) / (1 - below)
    np.testing.assert_allclose(np.cumsum(shares)[:7], np.clip(cdf, 0, 1), atol=0.01)
