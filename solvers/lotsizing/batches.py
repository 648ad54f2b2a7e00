r"""A stronger bound for item-locations behind sources that order in batches: the fixed cost of a batch is shared.

With prices on the stock of a source alone, the relaxation mixes plans of the source that order on different days: such
a mixture holds next to no stock and pays next to no fixed cost. Here every unit is told apart by the batch that it
comes from. Child c pays $\mu_{cr} \ge 0$ once for using batch r, with $\sum_c \mu_{cr} \le F_r$, the cost of the order,
and $\lambda \ge 0$ for every unit of what the source has from the start, I. For any such shares the cost of the source
and its children is at least

.. math:: h(I) - \lambda I + \sum_c \text{cheapest plan of } c,

h(I) what holding I to the end would cost: whoever takes of it earlier saves the rest. Sources that order at one
supplier share the fixed cost of its order besides. What whole packs, limits and safety stock of a source cost is left
out. The shares are improved by projected subgradient steps of Polyak's length (1969). It is the Lagrangian form of the
relaxation of the one-warehouse problem in which each delivery is linked to the order that it comes from (Levi, Roundy,
Shmoys, Sviridenko 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.lotsizing.batch_kernels import batch_values, prices_of
from solvers.lotsizing.dp_kernels import INFEASIBLE
from solvers.lotsizing.joint import bought
from solvers.lotsizing.problem import Flags, Floats, Ints, LotSizingProblem
from solvers.lotsizing.relaxation import Relaxation
from solvers.lotsizing.verify import verify

_STEPS = 40
_NO_BETTER = 3
"""Steps without a better bound after which they are halved."""
_LEAST_STEP = 0.05
_MOST_CELLS, _FEWEST_STEPS = 2e10, 5
"""Steps are fewer where item-locations, buckets, batches and stocks are so many that they would look at more cells than
this; where not even a few steps fit the plain bound stays."""
_MOST_MEMORY = 3e7
"""Cells of one programme at most."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Sources (rows of the coupling) that share an order, the orders bought for them, and the rows that these use."""

    sources: Ints
    orders: Ints
    rows: Ints


def raised_bound(relaxation: Relaxation, bound: float, prices: Floats, source_prices: Floats, packs: Ints) -> float:
    """Return a lower bound at `prices` [R, T] that is no lower than `bound`, the relaxation's at the same prices.

    source_prices : [J, T] to begin from; packs : [K, T] of a plan that keeps the rules.
    """
    groups = _groups(relaxation)
    p, c = relaxation.problem, relaxation.coupling
    lots = (p.max_packs[c.sources] > 0).sum(axis=1)
    cells = float((np.diff(c.child_start) * (lots + 1)).sum()) * p.buckets * relaxation.mean_width
    steps = min(_STEPS, int(_MOST_CELLS / max(cells, 1.0)))
    programme = (p.buckets + 1.0) * (lots.max(initial=0) + 1) * relaxation.widest
    if not groups or steps < _FEWEST_STEPS or programme > _MOST_MEMORY:
        return bound
    value = relaxation.solve(prices, source_prices).value
    own_prices = prices.copy()
    own_prices[np.concatenate([group.rows for group in groups])] = 0.0
    spent = _spent(relaxation, packs, own_prices)
    raised = np.zeros(len(groups))

    def raise_one(begin: int, end: int) -> None:
        for number in range(begin, end):
            group = groups[number]
            members = [c.sources[group.sources], group.orders]
            members += [c.child_item[c.child_start[j] : c.child_start[j + 1]] for j in group.sources]
            items = np.concatenate(members)
            known, wanted = float(value[items].sum()), float(spent[items].sum())
            if wanted > known:
                found = _ascend(relaxation, group, prices, source_prices, wanted, steps)
                raised[number] = max(found - known, 0.0)

    relaxation.threads.over(len(groups), raise_one)
    return bound + float(raised.sum())


def _groups(relaxation: Relaxation) -> list[_Group]:
    """Return the sources whose orders can be told apart, those that share the cost of an order together.

    An order that is bought makes room in one row, once in a bucket; its users are all who order with it.
    """
    p, c = relaxation.problem, relaxation.coupling
    fits = np.array([_fits(relaxation, j) for j in range(c.sources.size)], bool)
    is_bought = bought(p)
    user = np.repeat(np.arange(p.item_locations), np.diff(p.usage_start))
    groups, grouped = [], np.zeros(c.sources.size, bool)
    makes_room = (p.usage_amount < 0) & is_bought[user]
    for row in np.unique(p.usage_resource[makes_room & (p.max_packs[user].max(axis=1, initial=0) <= 1)]):
        inside = p.usage_resource == row
        orders = user[inside & makes_room]
        others = np.unique(user[inside & ~makes_room])
        members = c.row_of[others]
        if not others.size or (members < 0).any() or not fits[members].all() or grouped[members].any():
            continue
        rows = np.unique(p.usage_resource[is_bought[user] & np.isin(user, orders)])
        groups.append(_Group(members.astype(np.int32), orders.astype(np.int32), rows.astype(np.int32)))
        grouped[members] = True
    none = np.zeros(0, np.int32)
    return groups + [_Group(np.array([j], np.int32), none, none) for j in np.flatnonzero(fits & ~grouped)]


def _fits(relaxation: Relaxation, j: int) -> bool:
    """Whether source j has no demand of its own and supplies only item-locations that supply no other."""
    p, c = relaxation.problem, relaxation.coupling
    k = int(c.sources[j])
    children = c.child_item[c.child_start[j] : c.child_start[j + 1]]
    plain = p.source[k] < 0 and not p.backorders[k] and p.end_value[k] == 0 and p.opening[k] >= 0
    plain = plain and not p.demand[k].any() and p.max_packs[k].any() and not p.min_packs[children].any()
    return bool(plain and (c.row_of[children] < 0).all() and (p.usage_amount[_entries(p, children)] >= 0).all())


def _entries(p: LotSizingProblem, items: Ints) -> Flags:
    """Return [entries] whether an entry is of one of the items."""
    chosen = np.zeros(p.item_locations, bool)
    chosen[items] = True
    return np.repeat(chosen, np.diff(p.usage_start))


@dataclass(slots=True)
class _Line:
    """A source with its children and what they pay; fee [n, B] and pool_price change from step to step."""

    children: Ints
    paid: tuple[Floats, Floats, Floats]
    held: Floats
    arrives: Ints
    worth: Floats
    fixed: Floats
    there: float
    constant: float
    fee: Floats
    pool_price: float
    per_unit: float
    value: Floats
    uses: Floats


def _line(relaxation: Relaxation, j: int, prices: Floats, source_price: Floats) -> _Line:
    p, c, data = relaxation.problem, relaxation.coupling, relaxation.data
    T, k = p.buckets, int(c.sources[j])
    children = c.child_item[c.child_start[j] : c.child_start[j + 1]]
    none = np.zeros((c.sources.size, T))
    own, paid = (tuple(np.zeros((n, T)) for _ in range(3)) for n in (1, children.size))
    prices_of(data, c.sources[j : j + 1], prices, none, c.row_of, *own)
    prices_of(data, children, prices, none, c.row_of, *paid)
    held = np.concatenate([[0.0], np.cumsum(p.holding[k] + own[2][0])])
    arrives = np.flatnonzero(p.max_packs[k] > 0).astype(np.int32)
    early = max(int(arrives[0]), 1)
    sales = p.demand[children].sum(axis=1) + 1.0
    fixed = own[1][0, arrives]
    return _Line(
        children=children,
        paid=(paid[0], paid[1], paid[2]),
        held=held,
        arrives=arrives,
        worth=np.minimum.accumulate(own[0][0, arrives] / p.pack[k] - held[arrives]),
        fixed=fixed,
        there=float(p.opening[k] + p.receipts[k].sum()),
        constant=float(p.opening[k]) * held[T] + float(p.receipts[k] @ (held[T] - held[:T])),
        fee=np.zeros((children.size, arrives.size)),
        pool_price=max(float((source_price[:early] + held[T] - held[:early]).mean()), 0.0),
        per_unit=max(float(fixed.mean()), 1e-3) / max(float(sales.sum()) / 4.0, 1.0),  # an order lasts some weeks
        value=np.empty(children.size),
        uses=np.zeros((children.size, arrives.size + 1)),
    )


def _ascend(
    relaxation: Relaxation, group: _Group, prices: Floats, source_prices: Floats, wanted: float, steps: int
) -> float:
    """Return a bound on what the group costs; none passes `wanted`, what a plan costs at these prices."""
    p, data, T = relaxation.problem, relaxation.data, relaxation.problem.buckets
    own_prices = prices.copy()
    own_prices[group.rows] = 0.0
    lines = [_line(relaxation, int(j), own_prices, source_prices[j]) for j in group.sources]
    if any((line.fixed < 0).any() for line in lines):
        return -np.inf
    joint = np.zeros(T)  # money per order of the group, by bucket
    for k in group.orders:
        joint[p.max_packs[k] > 0] = p.setup[k] + p.pack_cost[k]
    weight = np.array([float(np.sqrt(p.demand[line.children].sum() + 1.0)) for line in lines])
    share = np.outer(weight / weight.sum(), joint)
    for line, extra in zip(lines, share, strict=True):
        sales = p.demand[line.children].sum(axis=1) + 1.0
        line.fee = np.sqrt(sales / sales.sum())[:, None] * (line.fixed + extra[line.arrives])
        line.fee = _within(line.fee, line.fixed + extra[line.arrives])
    scale = float(np.mean([line.fixed.mean() for line in lines])) + float(joint.mean()) / len(lines)
    best, length, stuck = -np.inf, 1.0, 0
    for _ in range(steps):
        bound, steep = 0.0, 0.0
        for line in lines:
            pool = line.pool_price - line.held[T]
            batch_values(
                data, line.children, *line.paid, line.held, line.arrives, line.worth, pool, line.fee, relaxation.widest,
                line.value, line.uses,
            )  # fmt: skip
            bound += line.constant - line.pool_price * line.there + float(line.value.sum())
            taken = line.uses[:, :-1] > 0
            steep += scale**2 * float(((taken - taken.mean(axis=0)) ** 2).sum()) + (line.per_unit * _over(line)) ** 2
        if bound >= 0.5 * INFEASIBLE:
            return -np.inf
        stuck = 0 if bound > best else stuck + 1
        best = max(best, bound)
        if stuck == _NO_BETTER:
            length, stuck = 0.5 * length, 0
        room = wanted - bound
        if room <= 1e-6 * abs(wanted) or length < _LEAST_STEP or steep <= 0.0:
            break
        step = length * room / steep
        asked = np.zeros((len(lines), T))
        for number, line in enumerate(lines):
            line.pool_price = max(line.pool_price + step * line.per_unit**2 * _over(line), 0.0)
            line.fee = np.maximum(line.fee + step * scale**2 * (line.uses[:, :-1] > 0), 0.0)
            asked[number, line.arrives] = np.maximum(line.fee.sum(axis=0) - line.fixed, 0.0)
        share = _within(asked, joint)
        for line, extra in zip(lines, share, strict=True):
            line.fee = _within(line.fee, line.fixed + extra[line.arrives])
    return best


def _over(line: _Line) -> float:
    """Return by how many units more is taken of what the source has than there is."""
    over = float(line.uses[:, -1].sum()) - line.there
    return 0.0 if over < 0 and line.pool_price == 0.0 else over


def _within(fee: Floats, fixed: Floats) -> Floats:
    """Return the shares [n, B] nearest to `fee` that are not negative and add up to at most `fixed` [B]."""
    clipped = np.maximum(fee, 0.0)
    ordered = -np.sort(-fee, axis=0)
    excess = (np.cumsum(ordered, axis=0) - fixed) / np.arange(1, fee.shape[0] + 1)[:, None]
    count = np.maximum((ordered > excess).sum(axis=0), 1)
    cut = excess[count - 1, np.arange(fee.shape[1])]
    shared: Floats = np.where(clipped.sum(axis=0) <= fixed, clipped, np.maximum(fee - cut, 0.0))
    return shared


def _spent(relaxation: Relaxation, packs: Ints, prices: Floats) -> Floats:
    """Return [K] what a plan costs at prices [R, T] of resources, stock of sources free; units owed only roughly."""
    p, c = relaxation.problem, relaxation.coupling
    K, T = packs.shape
    price, order_price, stock_price = (np.zeros((K, T)) for _ in range(3))
    none = np.zeros((c.sources.size, T))
    items = np.arange(K, dtype=np.int32)
    prices_of(relaxation.data, items, prices, none, c.row_of, price, order_price, stock_price)
    verdict = verify(p, packs)
    kept = np.maximum(verdict.stock, 0)
    lost = p.shortage[:, None] + np.where(p.backorders, 0.0, p.shortfall)[:, None] * (T - np.arange(T))
    spent: Floats = (price * packs + order_price * (packs > 0) + lost * verdict.unmet).sum(axis=1)
    spent += ((p.holding[:, None] + stock_price) * kept).sum(axis=1)
    spent += p.shortfall * np.maximum(p.safety - kept, 0).sum(axis=1) - p.end_value * verdict.stock[:, -1]
    return spent
