"""The stock recursion against a plain one, and what must not change an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.compiled import set_threads
from solvers.stock import StockOutcome, StockProblem, futures, play
from solvers.stock.demand_kernels import TABLE_SIZE, draw_demand
from solvers.stock.random_kernels import fill_uniforms, stream


def _problem(seed: int, rows: int = 12, buckets: int = 6, spread: float = 1.5) -> StockProblem:
    """A dc row or two with stores below them, some fed by suppliers, some short."""
    rng = np.random.default_rng(seed)
    dcs = max(rows // 5, 1)
    source = np.where(np.arange(rows) < dcs, -1, rng.integers(0, dcs, rows))
    level = (source >= 0).astype(np.int64)
    deliveries = rng.integers(0, 12, (rows, buckets)) * (source >= 0)[:, None]
    mean = rng.uniform(0, 9, (rows, buckets)) * (rng.random((rows, 1)) < 0.9)
    share = rng.random((rows, 1, 2)) * np.ones((1, buckets, 1))
    return StockProblem(
        bucket_days=7,
        level=level,
        source=source,
        lead_buckets=rng.integers(0, 2, rows),
        opening_qty=rng.integers(0, 20, rows).astype(float),
        owed_qty=rng.integers(0, 3, rows).astype(float),
        backorders=rng.random(rows) < 0.5,
        shelf_buckets=rng.integers(1, 5, rows) * (rng.random(rows) < 0.5),
        inbound_qty=rng.integers(0, 40, (rows, buckets)) * (source < 0)[:, None].astype(float),
        deliveries_qty=deliveries.astype(float),
        demand_mean_qty=mean,
        demand_sd_qty=mean * spread,
        channel_share=share / share.sum(axis=2, keepdims=True),
        lead_time_days=np.full(rows, 12.0),
        lead_time_sd_days=np.where(source < 0, 5.0, 0.0),
        demand_streams=np.array([stream("row", k) for k in range(rows)]),
        delivery_streams=np.array([stream("dc", k % 2) for k in range(rows)]),
    )


def _play(problem: StockProblem, replications: int = 30, seed: int = 3) -> StockOutcome:
    rows = len(problem.level)
    labels = np.stack((np.arange(rows) % 2, 2 + np.arange(rows) % 3))
    return play(problem, labels, 5, np.full(rows, 0.1), np.full(rows, 2.0), np.full(rows, 3.0), replications, seed)


def _plain(problem: StockProblem, replications: int, seed: int) -> dict[str, np.ndarray]:
    """The same story told slowly: one future, one bucket and one row at a time."""
    rows, buckets = problem.demand_mean_qty.shape
    out = {name: np.zeros((rows, replications)) for name in ("demand", "unmet", "closing", "outs", "waste")}
    demand = np.empty((rows, buckets, replications))
    for k in range(rows):
        uniforms = np.empty((buckets, replications))
        fill_uniforms(stream(seed, "demand"), problem.demand_streams[k], 0, uniforms)
        for t in range(buckets):
            mean, sd = problem.demand_mean_qty[k, t], problem.demand_sd_qty[k, t]
            draw_demand(mean, sd, uniforms[t], np.empty(TABLE_SIZE), np.empty(TABLE_SIZE), demand[k, t])
    for r in range(replications):
        stock, backlog = problem.opening_qty.copy(), problem.owed_qty.copy()
        batches = [[(0, qty)] for qty in stock]  # of every row: bucket of receipt, units; the oldest first
        on_road: dict[tuple[int, int], float] = {}
        for t in range(buckets):
            for k in range(rows):
                came = problem.inbound_qty[k, t] + on_road.get((k, t), 0.0)
                stock[k] += came
                batches[k].append((t, came))
                wanted = {
                    (child, at): problem.deliveries_qty[child, at]
                    for child in range(rows)
                    for at in range(buckets)
                    if problem.source[child] == k and max(at - problem.lead_buckets[child], 0) == t
                }
                total = sum(wanted.values())
                share = min(1.0, stock[k] / total) if total else 1.0
                for where, qty in wanted.items():
                    on_road[where] = share * qty
                stock[k] -= share * total
                late = min(stock[k], backlog[k])
                stock[k] -= late
                backlog[k] -= late
                served = min(stock[k], demand[k, t, r])
                unmet = demand[k, t, r] - served
                stock[k] -= served
                backlog[k] += unmet if problem.backorders[k] else 0.0
                expired, shelf = 0.0, problem.shelf_buckets[k]
                while shelf and batches[k] and batches[k][0][0] <= t - shelf:
                    batches[k].pop(0)  # gone before, or counted as waste when it expired
                leaving = sum(qty for _, qty in batches[k]) - stock[k]
                for n, (since, qty) in enumerate(batches[k]):
                    taken = min(qty, leaving)
                    leaving -= taken
                    batches[k][n] = (since, qty - taken)
                    if shelf and since == t - shelf + 1:
                        expired += qty - taken
                stock[k] -= expired
                out["waste"][k, r] += expired
                out["demand"][k, r] += demand[k, t, r]
                out["unmet"][k, r] += unmet
                out["closing"][k, r] += stock[k]
                out["outs"][k, r] += unmet > 1e-9
    return out


@given(st.integers(0, 10_000))
def test_kernel_tells_the_plain_story(seed: int) -> None:
    problem = replace(_problem(seed), lead_time_sd_days=np.zeros(12))
    outcome, plain = _play(problem, 5), _plain(problem, 5, 3)
    np.testing.assert_allclose(outcome.demand_qty, plain["demand"].sum(axis=0))
    np.testing.assert_allclose(outcome.unmet_qty, plain["unmet"].sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(outcome.holding_cost, 0.7 * plain["closing"].sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(outcome.shortage_cost, 2.0 * plain["unmet"].sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(outcome.waste_qty, plain["waste"].sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(outcome.waste_cost, 3.0 * plain["waste"].sum(axis=0), atol=1e-8)
    np.testing.assert_allclose(outcome.row_waste_qty, plain["waste"].mean(axis=1), atol=1e-8)
    np.testing.assert_allclose(outcome.row_closing_qty, plain["closing"].mean(axis=1) / 6, atol=1e-8)
    np.testing.assert_allclose(outcome.row_stock_outs, plain["outs"].mean(axis=1))
    np.testing.assert_allclose(outcome.group_demand_qty[0], plain["demand"][::2].sum(axis=0))
    np.testing.assert_allclose(outcome.group_unmet_qty[3], plain["unmet"][1::3].sum(axis=0), atol=1e-8)


def test_a_short_dc_cuts_its_deliveries_in_proportion() -> None:
    """Two stores are promised 6 and 3, the dc has 6: they get 4 and 2, and sell what they have."""
    problem = StockProblem(
        bucket_days=7,
        level=np.array([0, 1, 1]),
        source=np.array([-1, 0, 0]),
        lead_buckets=np.zeros(3, dtype=np.int64),
        opening_qty=np.array([6.0, 0.0, 0.0]),
        owed_qty=np.zeros(3),
        backorders=np.array([False, False, True]),
        shelf_buckets=np.zeros(3, dtype=np.int64),
        inbound_qty=np.zeros((3, 2)),
        deliveries_qty=np.array([[0.0, 0.0], [6.0, 0.0], [3.0, 0.0]]),
        demand_mean_qty=np.array([[0.0, 0.0], [5.0, 0.0], [1.0, 2.0]]),
        demand_sd_qty=np.zeros((3, 2)),
        channel_share=np.ones((3, 2, 1)),
        lead_time_days=np.zeros(3),
        lead_time_sd_days=np.zeros(3),
        demand_streams=np.arange(3, dtype=np.uint64),
        delivery_streams=np.arange(3, dtype=np.uint64),
    )
    outcome = play(problem, np.zeros((1, 3), dtype=np.int64), 1, np.ones(3), np.ones(3), np.ones(3), 2, 1)
    np.testing.assert_allclose(outcome.row_unmet_qty, [0, 1, 1])
    np.testing.assert_allclose(outcome.row_closing_qty, [0, 0, 0.5])
    np.testing.assert_allclose(outcome.stock_out_share, 2 / 4)
    np.testing.assert_allclose(outcome.holding_cost, 7.0)


def test_chunks_blocks_and_cores_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = _problem(5, rows=40)
    used = set_threads(2)
    whole = _play(problem)
    set_threads(1)
    monkeypatch.setattr(futures, "_BYTES", 4096)
    monkeypatch.setattr(futures, "_MOST_REPLICATIONS", 7)
    pieces = _play(problem)
    set_threads(used)
    for name in StockOutcome.__slots__:
        if name.startswith("row_"):  # summed over replications: the order of summation differs
            np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-12)
        else:
            np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_channels_share_the_demand() -> None:
    outcome = _play(_problem(8))
    np.testing.assert_allclose(outcome.channel_demand_qty.sum(axis=0), outcome.demand_qty)
    np.testing.assert_allclose(outcome.channel_unmet_qty.sum(axis=0), outcome.unmet_qty)
    np.testing.assert_allclose(outcome.group_unmet_qty[:2].sum(axis=0), outcome.unmet_qty)


def test_late_suppliers_cost_service_and_early_buckets_get_nothing_back() -> None:
    """One row lives from one receipt in bucket 1; a late one leaves it without."""
    base = _problem(1, rows=1)
    problem = replace(
        base,
        opening_qty=np.zeros(1),
        shelf_buckets=np.zeros(1, dtype=np.int64),
        inbound_qty=np.array([[0.0, 100, 0, 0, 0, 0]]),
        demand_mean_qty=np.array([[0.0, 10, 10, 10, 10, 10]]),
        demand_sd_qty=np.zeros((1, 6)),
        lead_time_days=np.array([14.0]),
        lead_time_sd_days=np.array([7.0]),
    )
    unmet = _play(problem, 4000).unmet_qty
    assert set(np.unique(unmet)) <= {0.0, 10.0, 20.0, 30.0, 40.0, 50.0}
    # Late by at least one bucket: the lead time exceeds its mean by 3.5 days; normal beyond 0.5 sd, cut at -2 sd.
    assert (unmet > 0).mean() == pytest.approx(0.3085 / 0.9772, abs=0.02)
    on_time = _play(replace(problem, lead_time_sd_days=np.zeros(1)), 10)
    assert (on_time.unmet_qty == 0).all()


@given(st.integers(0, 1000))
def test_more_stock_never_means_less_service(seed: int) -> None:
    problem = _problem(seed)
    less = _play(problem, 10)
    more = _play(replace(problem, opening_qty=problem.opening_qty + 3), 10)
    assert (more.unmet_qty <= less.unmet_qty + 1e-9).all()


def test_common_random_numbers_survive_a_change_of_rows() -> None:
    """Rows keep their futures when another row is dropped: the draws are named, not counted."""
    problem = _problem(2, rows=12)
    keep = np.arange(12) != 11
    fewer = replace(
        problem,
        **{
            name: getattr(problem, name)[keep]
            for name in StockProblem.__slots__
            if name not in ("bucket_days", "source", "deliveries_qty")
        },
        source=problem.source[keep],
        deliveries_qty=problem.deliveries_qty[keep],
    )
    np.testing.assert_allclose(_play(fewer).row_demand_qty, _play(problem).row_demand_qty[keep])
