r"""The lot-sizing problem in Pyomo, written to be read: for teaching, and to check the engines.

It says rule by rule what `solvers.lotsizing.problem` says, with a switch where a rule has a choice, and
shares nothing with the engines. For item-location k and bucket t with stock x, stock owed w, unmet demand u
(lost sales only), missing safety stock f, packs q that arrive, order y and units s sent on::

    min  sum  setup y + pack_cost q + holding x + shortfall f + shortage w
              + (shortage + shortfall (T - t)) u + waste_cost z   - end_value (x[T-1] - w[T-1])

    balance     x[t] - w[t] = x[t-1] - w[t-1] + receipts[t] + pack q[t] - s[t] - (demand[t] - u[t]) - z[t]
    sent        s[k,t] = sum over c with source[c] = k of pack[c] q[c, t + lead[c]]
    order       max(moq, min_packs[t], 1) y[t] <= q[t] <= max_packs[t] y[t];  q[t] >= min_packs[t]
    storage     x[t] <= storage[t]
    waste       x[t] <= sellable[t];  z[t] = 0 where not surplus[t], and x[t] = sellable[t] where it is
    safety      f[t] >= safety[t] - x[t]
    resources   sum amount[r,k] q[k, t + lead[k]] + order[r,k] y[k, t + lead[k]] <= capacity[r,t]   (dispatch)
                sum amount[r,k] q[k, t] + order[r,k] y[k, t] <= capacity[r,t]                       (receiving)
                sum amount[r,k] x[k, t] <= capacity[r,t]                                            (storage)
                the sum over the buckets of a period <= its capacity                            (period)
    serve       x[t] = 0 where short[t], and u[t] = w[t] = 0 where not
    on_hand     w[t] <= demand[t] where s[t] > 0                        (backorders)

`serve` is why nobody refuses a sale to keep stock; `on_hand` says that what is sent on is there: what is
still owed at the end of a bucket that sends was asked for in it. See Pochet, Wolsey (2006), *Production
Planning by Mixed Integer Programming*, chapters 4 and 10, for the building blocks.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyomo.environ as pyo

from solvers.lotsizing.problem import DISPATCH, FRESH, PERIOD, STORAGE, Ints, LotSizingProblem


def lotsizing_model(problem: LotSizingProblem) -> pyo.ConcreteModel:
    """Return the model; solve `solvers.milp.pyomo.from_pyomo` of it, load the answer, read `plan`."""
    p = problem
    K, T = p.demand.shape
    children: dict[int, list[int]] = defaultdict(list)
    for k in range(K):
        if p.source[k] >= 0:
            children[int(p.source[k])].append(k)
    most = _largest_orders(p, children)
    owed = np.cumsum(p.demand, axis=1) + np.maximum(-p.opening, 0)[:, None]

    model = pyo.ConcreteModel()
    model.K, model.T = pyo.RangeSet(0, K - 1), pyo.RangeSet(0, T - 1)
    kept = np.minimum(p.storage, p.sellable) if p.sellable.size else p.storage
    model.x = pyo.Var(model.K, model.T, bounds=lambda m, k, t: (0, int(kept[k, t])))
    model.z = pyo.Var(model.K, model.T, bounds=lambda m, k, t: (0, None if _expires(p, k) else 0))
    model.surplus = pyo.Var(model.K, model.T, domain=pyo.Binary)
    model.w = pyo.Var(model.K, model.T, bounds=lambda m, k, t: (0, int(owed[k, t]) if p.backorders[k] else 0))
    model.u = pyo.Var(model.K, model.T, bounds=lambda m, k, t: (0, 0 if p.backorders[k] else int(p.demand[k, t])))
    model.f = pyo.Var(model.K, model.T, domain=pyo.NonNegativeReals)
    model.q = pyo.Var(
        model.K, model.T, domain=pyo.Integers, bounds=lambda m, k, t: (int(p.min_packs[k, t]), most[k][t])
    )
    model.y = pyo.Var(model.K, model.T, domain=pyo.Binary)
    model.short = pyo.Var(model.K, model.T, domain=pyo.Binary)
    model.sends = pyo.Var(model.K, model.T, domain=pyo.Binary)

    def sent(m: Any, k: int, t: int) -> Any:
        return sum(int(p.pack[c]) * m.q[c, t + p.lead[c]] for c in children[k] if t + p.lead[c] < T)

    def before(m: Any, k: int, t: int) -> Any:
        return int(p.opening[k]) if t == 0 else m.x[k, t - 1] - m.w[k, t - 1]

    def balance(m: Any, k: int, t: int) -> Any:
        available = before(m, k, t) + int(p.receipts[k, t]) + int(p.pack[k]) * m.q[k, t] - m.s[k, t]
        return m.x[k, t] - m.w[k, t] == available - (int(p.demand[k, t]) - m.u[k, t]) - m.z[k, t]

    model.s = pyo.Expression(model.K, model.T, rule=sent)
    model.balance = pyo.Constraint(model.K, model.T, rule=balance)
    model.least = pyo.Constraint(
        model.K, model.T, rule=lambda m, k, t: m.q[k, t] >= max(int(p.moq[k]), int(p.min_packs[k, t]), 1) * m.y[k, t]
    )
    model.most = pyo.Constraint(model.K, model.T, rule=lambda m, k, t: m.q[k, t] <= most[k][t] * m.y[k, t])
    model.safety = pyo.Constraint(model.K, model.T, rule=lambda m, k, t: m.f[k, t] >= int(p.safety[k, t]) - m.x[k, t])
    model.full = pyo.Constraint(
        model.K, model.T, rule=lambda m, k, t: m.x[k, t] <= int(kept[k, t]) * (1 - m.short[k, t])
    )
    model.serve = pyo.Constraint(
        model.K, model.T, rule=lambda m, k, t: m.u[k, t] + m.w[k, t] <= int(owed[k, t]) * m.short[k, t]
    )
    _sent_is_on_hand(model, p, children, owed)
    _write_off(model, p, most)
    _resources(model, p)
    model.cost = pyo.Objective(rule=lambda m: sum(_item_cost(m, p, k) for k in m.K))
    return model


def plan(model: pyo.ConcreteModel) -> Ints:
    """Return packs [K, T] of a model whose answer is loaded."""
    return np.array([[round(pyo.value(model.q[k, t])) for t in model.T] for k in model.K], dtype=np.int32)


def _write_off(model: Any, p: LotSizingProblem, most: list[list[int]]) -> None:
    """Write off what cannot be sold in time, and nothing before it must be."""
    model.surplus_only = pyo.ConstraintList()
    for k in (k for k in model.K if _expires(p, k)):
        there = max(int(p.opening[k]), 0)
        for t in model.T:
            there += int(p.receipts[k, t]) + int(p.pack[k]) * most[k][t]
            model.surplus_only.add(model.z[k, t] <= there * model.surplus[k, t])
            model.surplus_only.add(model.x[k, t] >= int(p.sellable[k, t]) * model.surplus[k, t])


def _expires(p: LotSizingProblem, k: int) -> bool:
    return bool(p.sellable.size and p.sellable[k, 0] < FRESH)


def _item_cost(m: Any, p: LotSizingProblem, k: int) -> Any:
    T = p.buckets
    orders = sum(float(p.setup[k]) * m.y[k, t] + float(p.pack_cost[k]) * m.q[k, t] for t in m.T)
    stock = sum(float(p.holding[k]) * m.x[k, t] + float(p.shortfall[k]) * m.f[k, t] for t in m.T)
    lost = sum((float(p.shortage[k]) + float(p.shortfall[k]) * (T - t)) * m.u[k, t] for t in m.T)
    late = sum(float(p.shortage[k]) * m.w[k, t] for t in m.T)
    waste = sum(float(p.waste_cost[k]) * m.z[k, t] for t in m.T) if _expires(p, k) else 0.0
    return orders + stock + lost + late + waste - float(p.end_value[k]) * (m.x[k, T - 1] - m.w[k, T - 1])


def _sent_is_on_hand(model: Any, p: LotSizingProblem, children: dict[int, list[int]], owed: Any) -> None:
    """Send from stock on hand only; lost sales need no rule, their balance leaves nothing owed."""
    model.on_hand = pyo.ConstraintList()
    model.sending = pyo.ConstraintList()
    for k in (k for k in list(children) if p.backorders[k]):
        for t in range(p.buckets):
            most_sent = sum(
                int(p.pack[c]) * model.q[c, t + p.lead[c]].ub for c in children[k] if t + p.lead[c] < p.buckets
            )
            if most_sent:
                model.sending.add(model.s[k, t] <= most_sent * model.sends[k, t])
                still = int(owed[k, t]) - int(p.demand[k, t])
                model.on_hand.add(model.w[k, t] <= int(p.demand[k, t]) + still * (1 - model.sends[k, t]))


def _resources(model: Any, p: LotSizingProblem) -> None:
    use: dict[tuple[int, int], Any] = defaultdict(int)
    per_order = p.use_per_order()
    for k in range(p.item_locations):
        for entry in range(int(p.usage_start[k]), int(p.usage_start[k + 1])):
            r, amount = int(p.usage_resource[entry]), float(p.usage_amount[entry])
            for t in range(p.buckets if amount or per_order[entry] else 0):
                if p.kind[r] == STORAGE:
                    use[r, t] += amount * model.x[k, t]
                elif p.kind[r] == PERIOD:
                    if p.period[r, t] >= 0:
                        used = amount * model.q[k, t] + float(per_order[entry]) * model.y[k, t]
                        use[r, int(p.period[r, t])] += used
                elif p.kind[r] != DISPATCH:
                    use[r, t] += amount * model.q[k, t] + float(per_order[entry]) * model.y[k, t]
                elif t >= p.lead[k]:
                    at = t - int(p.lead[k])
                    use[r, at] += amount * model.q[k, t] + float(per_order[entry]) * model.y[k, t]
    model.resource = pyo.ConstraintList()
    for (r, t), total in use.items():
        model.resource.add(total <= float(p.capacity[r, t]))


def _largest_orders(p: LotSizingProblem, children: dict[int, list[int]]) -> list[list[int]]:
    """Return [K][T] packs: what max_packs allows and storage, demand and those supplied can take in the bucket.

    Nothing can arrive from a source before it could be dispatched.
    """
    K, T = p.demand.shape
    known: dict[int, list[int]] = {}

    def largest(k: int) -> list[int]:
        if k not in known:
            known[k] = [packs(k, t) for t in range(T)]
        return known[k]

    def packs(k: int, t: int) -> int:
        if p.source[k] >= 0 and t < p.lead[k]:
            return 0
        room = int(p.storage[k, t]) + int(p.demand[k, t])
        if p.backorders[k]:
            room += max(-int(p.opening[k]), 0) + int(p.demand[k, :t].sum())
        if _expires(p, k):  # a smallest order, or a pack too much
            room += int(p.pack[k]) * (max(int(p.moq[k]), int(p.min_packs[k, t])) + 1)
        for c in children[k]:
            if t + p.lead[c] < T:
                room += int(p.pack[c]) * largest(c)[t + int(p.lead[c])]
        most = min(int(p.max_packs[k, t]), room // int(p.pack[k]))
        return most if most >= max(int(p.moq[k]), int(p.min_packs[k, t]), 1) else 0

    return [largest(k) for k in range(K)]
