"""Costs that the lines of one order share: a supplier's cost per order, and whole trucks.

What one supplier brings to one location in one bucket is one order. Its fixed cost and its trucks are item-locations
of their own behind those of the model (`solvers/lotsizing/joint.py`): the engine decides with them. What is published
is read from the model's own rows, and every line carries its share of its order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.model import Model
from solvers.lotsizing.joint import with_order_costs, with_trucks
from solvers.lotsizing.problem import Floats, Ints, LotSizingProblem
from solvers.lotsizing.result import LotSizingResult
from solvers.lotsizing.verify import verify

_MOST_TRUCKS = 10_000
_ROUNDING = 1e-9
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JointCosts:
    """The model's problem with what its orders share, and the groups that share it.

    Attributes
    ----------
    problem : the model's K item-locations, then trucks by group and bucket, then orders by group and bucket.
    groups : one row per supplier and location: source_id, location_id, order_cost, truck_cost, truck_kg, truck_m3.
    group : [K] row of `groups`, -1 for what suppliers do not bring.
    trucks, orders : rows of `groups` that pay for trucks, and for orders.
    kg, m3, value : [K] of a pack.
    """

    problem: LotSizingProblem
    groups: pd.DataFrame
    group: IntArray
    trucks: IntArray
    orders: IntArray
    kg: Floats
    m3: Floats
    value: Floats

    def trimmed(self, result: LotSizingResult, model: Model) -> LotSizingResult:
        """Return the engine's answer for the model's own rows and limits; its cost and bound count what is shared."""
        K, R = model.problem.item_locations, model.problem.resources
        return replace(result, packs=result.packs[:K], prices=result.prices[:R], stock_prices=result.stock_prices[:K])

    def totals(self, amount: Floats, packs: Ints) -> Floats:
        """Return [groups, T] what all packs [K, T] of a group add up to, `amount` [K] per pack."""
        out = np.zeros((len(self.groups), packs.shape[1]))
        mine = self.group >= 0
        np.add.at(out, self.group[mine], amount[mine, None] * packs[mine])
        return out

    def trucks_of(self, packs: Ints) -> IntArray:
        """Return [groups, T] whole trucks that the packs need, 0 where trucks are not paid for."""
        out = np.zeros((len(self.groups), packs.shape[1]), np.int64)
        for column, amount in (("truck_kg", self.kg), ("truck_m3", self.m3)):
            size = self.groups[column].to_numpy(dtype=float)[:, None]
            load = self.totals(amount, packs)
            needed = np.where(np.isfinite(size), np.ceil(load / np.where(size > 0, size, np.inf) - _ROUNDING), 0.0)
            out = np.maximum(out, needed.astype(np.int64))
        paid = self.groups["truck_cost"].to_numpy(dtype=float) > 0
        return np.where(paid[:, None], out, 0)

    def complete(self, packs: Ints) -> Ints:
        """Return packs [K, T] with the trucks and orders that they need, as the problem has them."""
        T = packs.shape[1]
        bought = [self.trucks_of(packs)[self.trucks], (self.totals(np.ones(len(packs)), packs) > 0)[self.orders]]
        rows = [np.zeros((len(numbers) * T, T), np.int32) for numbers in bought]
        for block, numbers in zip(rows, bought, strict=True):
            at = np.arange(len(block))
            block[at, at % T] = numbers.astype(np.int32).ravel()
        return np.concatenate([packs.astype(np.int32), *rows])

    def shares(self, packs: Ints) -> Floats:
        """Return [K, T] money of what an order shares, per pack in it: the order by value, its trucks by weight.

        By volume where nothing weighs, and by packs where nothing has a value.
        """
        out = np.zeros(packs.shape)
        mine = self.group >= 0
        ordered = self.totals(np.ones(len(packs)), packs) > 0
        order_cost = self.groups["order_cost"].to_numpy(dtype=float)[:, None] * ordered
        truck_cost = self.groups["truck_cost"].to_numpy(dtype=float)[:, None] * self.trucks_of(packs)
        for cost, amounts in ((order_cost, (self.value,)), (truck_cost, (self.kg, self.m3))):
            left = cost
            for amount in (*amounts, np.ones(len(packs))):
                total = self.totals(amount, packs)
                per_unit = np.divide(left, total, out=np.zeros_like(left), where=total > 0)
                out[mine] += amount[mine, None] * per_unit[self.group[mine]]
                left = np.where(total > 0, 0.0, left)
        return out

    def cost(self, packs: Ints) -> float:
        """Return what the packs [K, T] of the model cost together with what they share, as the judge counts."""
        return verify(self.problem, self.complete(packs)).cost


def join_costs(model: Model, suppliers: pd.DataFrame) -> JointCosts:
    """Return the costs that orders share; without any, the problem is the model's own."""
    p, rows = model.problem, model.rows
    mine = np.flatnonzero((rows["source_type"] == "supplier").to_numpy())
    keys = rows.iloc[mine][["source_id", "location_id"]]
    codes, groups = pd.factorize(pd.MultiIndex.from_frame(keys), sort=True)
    group = np.full(len(rows), -1, np.int64)
    group[mine] = codes
    table = pd.DataFrame(list(groups), columns=["source_id", "location_id"], dtype=object)
    terms = suppliers.set_index("supplier_id")[["order_cost", "truck_cost", "truck_kg", "truck_m3"]]
    table = table.join(terms, on="source_id")
    table[["order_cost", "truck_cost"]] = table[["order_cost", "truck_cost"]].fillna(0.0)
    qty = p.pack * model.unit
    kg, m3, value = (
        np.ascontiguousarray(rows[name].to_numpy(dtype=float) * qty)
        for name in ("unit_weight_kg", "unit_volume_m3", "unit_cost")
    )
    sized = np.isfinite(table[["truck_kg", "truck_m3"]].to_numpy(dtype=float)).any(axis=1)
    trucks = np.flatnonzero((table["truck_cost"] > 0).to_numpy() & sized)
    orders = np.flatnonzero((table["order_cost"] > 0).to_numpy())
    problem = p
    if trucks.size:
        size = table.iloc[trucks][["truck_kg", "truck_m3"]].to_numpy(dtype=float)
        problem = with_trucks(
            problem,
            lane=_numbered(group, trucks, 0),
            amount=np.stack([kg, m3]),
            size=np.where(np.isfinite(size), size, 1e12),
            price=table["truck_cost"].to_numpy(dtype=float)[trucks],
            most=np.full(trucks.size, _MOST_TRUCKS, np.int32),
        )
    if orders.size:
        most = np.bincount(group[mine], (value * _most_packs(model))[mine], len(table))
        problem = with_order_costs(
            problem,
            supplier=_numbered(group, orders, problem.item_locations - len(rows)),
            value=np.concatenate([value, np.zeros(problem.item_locations - len(rows))]),
            least=np.zeros(orders.size),
            most=(most[orders] + 1.0).astype(np.float64),
            price=table["order_cost"].to_numpy(dtype=float)[orders],
        )
    return JointCosts(problem, table, group, trucks, orders, kg, m3, value)


def _numbered(group: IntArray, chosen: IntArray, more: int) -> Ints:
    """Return the place in `chosen` of every row's group, -1 for none; `more` rows without one follow."""
    place = np.full(int(group.max(initial=-1)) + 2, -1, np.int32)
    place[chosen] = np.arange(chosen.size)
    return np.concatenate([place[group], np.full(more, -1, np.int32)]).astype(np.int32)


def _most_packs(model: Model) -> Floats:
    """Return [K] packs that one order can bring at most: all that whoever hangs on it may still need, and safety."""
    p = model.problem
    wanted = p.demand.sum(axis=1).astype(np.int64) + p.safety.max(axis=1, initial=0)
    for k in range(len(wanted) - 1, -1, -1):  # sources stand above whom they supply
        if p.source[k] >= 0:
            wanted[p.source[k]] += wanted[k]
    most: Floats = (wanted / p.pack + p.moq + 1.0).astype(np.float64)
    return most
