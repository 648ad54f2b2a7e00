"""A family of generated replenishment cases, and their judge: plain NumPy, independent of every solver.

A case is a dict of arrays under short names (the file format of `--instance`). K item-locations over T days;
`store`, `dc` [K] say where they stand; an order of q packs that arrives on day t leaves the dc on day t - lead.

========  =======  ==================================================================================
pack      [K]      units in a pack; `moq` [K] least packs in an order; `lead` [K] days
I0        [K]      units in stock at the start; `R` [K, T] units that arrive anyway
D         [K, T]   demand, units; what is not served is lost
h, b      [K]      money per unit held at the end of a day, and per unit lost
F         [K]      money per order
SS, a     [K]      safety stock, units; money per unit of it missing at the end of a day
cap       [K, T]   most units in stock at the end of a day (room and shelf life)
vol       [K]      volume per pack
Ctr, Cdc  [., T]   volume that can leave for a store, and leave a dc, by day of dispatch
========  =======  ==================================================================================

A unit lost on day t costs b + a (T - t), with t from 0: refusing a sale to keep safety stock never pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Case = dict[str, Any]

SIZES = {"tiny": (2, 3, 1), "S": (4, 50, 1), "M": (20, 250, 2), "L": (400, 250, 8), "XL": (4000, 250, 40)}
"""Stores, item-locations per store, dcs."""
DAYS = 28
_PACKS = np.array([1, 2, 4, 6, 8, 12, 24])
_DEMAND_BY_WEEKDAY = np.array([0.85, 0.85, 0.9, 1.0, 1.2, 1.35, 0.85])
_TRUCK_BY_WEEKDAY = np.array([1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 0.5])
_DC_BY_WEEKDAY = np.array([1.15, 1.15, 1.15, 1.15, 1.15, 0.6, 0.4])
_SUPPLIERS = 5
_TOLERANCE = 1e-6


def generate(stores: int, per_store: int, dcs: int, seed: int, tight: float) -> Case:
    """Return the case of a seed; a smaller `tight` leaves less capacity.

    The draws come in a fixed order, so that a seed means the same case wherever the family is published.
    """
    rng = np.random.default_rng(seed)
    K, T = stores * per_store, DAYS
    days = np.arange(T)
    store = np.repeat(np.arange(stores), per_store).astype(np.int32)
    dc_of_store = (np.arange(stores) % dcs).astype(np.int32)
    dc = dc_of_store[store]
    scale = rng.lognormal(0, 0.35, stores)[store]
    item = np.tile(np.arange(per_store), stores)
    item_mean = np.clip(rng.lognormal(0.6, 1.0, per_store), 0.15, 18)
    item_cost = np.clip(rng.lognormal(1.3, 0.7, per_store), 0.8, 30)
    item_volume = np.clip(rng.lognormal(0, 0.5, per_store), 0.2, 4)
    perishable = rng.random(per_store) < 0.2
    item_shelf = np.where(perishable, rng.integers(4, 11, per_store), 99)
    usual = np.searchsorted([0.3, 0.6, 1.2, 2.5, 5, 10], item_mean)
    item_pack = _PACKS[np.clip(usual + rng.integers(-1, 2, per_store), 0, 6)]
    item_moq = np.where(rng.random(per_store) < 0.15, 2, 1)
    mean = np.clip(item_mean[item] * scale * rng.lognormal(0, 0.25, K), 0.1, 25)
    pack, moq = item_pack[item].astype(np.int32), item_moq[item].astype(np.int32)
    demand = _demand(rng, mean)
    lead = (1 + (dc_of_store % 2)[store] + (rng.random(K) < 0.1)).astype(np.int32)
    opening = np.floor(mean * rng.uniform(0.3, 6, K) + rng.random(K)).astype(np.int32)
    receipts = np.zeros((K, T), np.int32)
    for day in range(3):
        under_way = (day < lead) & (rng.random(K) < 0.35)
        receipts[:, day] = np.where(under_way, pack * np.maximum(1, np.round(mean * 3 / pack)), 0)
    cost = item_cost[item]
    holding = cost * 0.002
    lost = cost * rng.uniform(0.3, 0.6, K)
    setup = rng.uniform(0.25, 0.9, K)
    safety = np.ceil(1.3 * np.sqrt(mean * (lead + 1))).astype(np.int32)
    storage = _storage(mean, pack, moq, safety, item_shelf[item], demand, opening, receipts)
    volume = item_volume[item].astype(np.float64)
    flow = volume * demand.mean(1) / pack
    by_store, by_dc = np.bincount(store, flow, stores), np.bincount(dc, flow, dcs)
    truck = tight * 1.15 * by_store[:, None] * _TRUCK_BY_WEEKDAY[days % 7] * rng.uniform(0.95, 1.1, (stores, 1))
    throughput = tight * 1.12 * by_dc[:, None] * _DC_BY_WEEKDAY[days % 7]
    return {
        "K": K, "T": T, "nS": stores, "nD": dcs, "store": store, "dc": dc, "pack": pack, "moq": moq, "lead": lead,
        "I0": opening, "R": receipts, "D": demand, "h": holding, "b": lost, "F": setup, "SS": safety, "a": holding * 8,
        "cap": storage, "vol": volume, "Ctr": truck, "Cdc": throughput, "mean": mean,
    }  # fmt: skip


def _demand(rng: np.random.Generator, mean: np.ndarray) -> np.ndarray:
    """Return whole demand [K, T] that follows weekday, promotion and mean, rounded on its running total."""
    K, T = mean.size, DAYS
    days = np.arange(T)[None, :]
    expected = mean[:, None] * _DEMAND_BY_WEEKDAY[np.arange(T) % 7][None, :]
    promoted = rng.random(K) < 0.12
    begin = rng.integers(3, T - 7, K)[:, None]
    uplift = rng.uniform(1.5, 3.0, K)
    during = promoted[:, None] & (days >= begin) & (days < begin + 7)
    np.multiply(expected, uplift[:, None], out=expected, where=during)
    total = np.floor(np.cumsum(expected, axis=1) + rng.random(K)[:, None])
    return np.diff(total, axis=1, prepend=0).astype(np.int32)


def _storage(
    mean: np.ndarray,
    pack: np.ndarray,
    moq: np.ndarray,
    safety: np.ndarray,
    shelf: np.ndarray,
    demand: np.ndarray,
    opening: np.ndarray,
    receipts: np.ndarray,
) -> np.ndarray:
    """Return the most stock [K, T]: two weeks of sales, what sells within its shelf life, what is there anyway."""
    K, T = demand.shape
    k = np.arange(K)
    room = np.maximum(np.ceil(mean * 14), 3 * pack + safety * 2).astype(np.int64)
    sold = np.cumsum(demand, axis=1)
    storage = np.empty((K, T), np.int32)
    stock = opening.astype(np.int64)
    for day in range(T):
        last = np.minimum(day + shelf, T - 1)
        within = sold[k, last] - sold[:, day] + np.maximum(day + shelf - (T - 1), 0) * mean
        most = np.minimum(room, np.maximum(np.ceil(within), pack * moq + safety))
        stock = np.maximum(stock + receipts[:, day] - demand[:, day], 0)
        storage[:, day] = np.maximum(most, stock)
    return storage


def most_packs(case: Case) -> np.ndarray:
    """Return [K, T] packs that one order can have: by stock after it, by the truck and by the dc's day."""
    K, T = case["D"].shape
    most = np.empty((K, T), np.int32)
    for day in range(T):
        packs = (case["cap"][:, day] + case["D"][:, day]) // case["pack"]
        dispatch = np.maximum(day - case["lead"], 0)
        room = np.minimum(case["Ctr"][case["store"], dispatch], case["Cdc"][case["dc"], dispatch])
        packs = np.minimum(packs, np.floor(room / case["vol"] + 1e-9))
        most[:, day] = np.where((day >= case["lead"]) & (packs >= case["moq"]), packs, 0)
    return most


@dataclass(frozen=True, slots=True)
class Judged:
    """Cost of a plan, money, and one sentence per kind of rule it breaks."""

    cost: float
    faults: tuple[str, ...]


def judge(case: Case, packs: np.ndarray) -> Judged:
    """Play packs [K, T] by day of arrival through the rules of the family."""
    K, T = case["D"].shape
    faults: list[str] = []
    if packs.shape != (K, T) or not np.issubdtype(packs.dtype, np.integer):
        return Judged(np.inf, ("packs: whole numbers of shape [K, T] expected",))

    def broken(where: np.ndarray, what: str) -> None:
        if where.any():
            faults.append(f"{int(where.sum())} x {what}")

    broken(packs < 0, "negative packs")
    broken((packs > 0) & (packs < case["moq"][:, None]), "less than the smallest order")
    broken((packs > 0) & (np.arange(T) < case["lead"][:, None]), "arrival before the lead time is over")
    stock = case["I0"].astype(np.int64)
    cost = float((case["F"] * (packs > 0).sum(axis=1)).sum())
    trucks, throughput = np.zeros(case["Ctr"].shape), np.zeros(case["Cdc"].shape)
    for day in range(T):
        there = stock + case["R"][:, day] + case["pack"].astype(np.int64) * packs[:, day]
        unserved = np.maximum(case["D"][:, day] - there, 0)
        stock = there - (case["D"][:, day] - unserved)
        broken(stock > case["cap"][:, day], f"more stock than allowed on day {day}")
        missing = np.maximum(case["SS"] - stock, 0)
        lost = (case["b"] + case["a"] * (T - day)) * unserved
        cost += float((case["h"] * stock + case["a"] * missing + lost).sum())
        moved = np.flatnonzero(packs[:, day])
        dispatch = day - case["lead"][moved]
        if (dispatch < 0).any():
            break
        volume = case["vol"][moved] * packs[moved, day]
        np.add.at(trucks, (case["store"][moved], dispatch), volume)
        np.add.at(throughput, (case["dc"][moved], dispatch), volume)
    for use, capacity, name in ((trucks, case["Ctr"], "trucks"), (throughput, case["Cdc"], "dc throughput")):
        broken(use > capacity + _TOLERANCE * np.maximum(capacity, 1.0), f"{name} over capacity")
    return Judged(cost, tuple(faults))


def generate_joint(stores: int, per_store: int, dcs: int, seed: int, tight: float) -> Case:
    """Return a case of two echelons: dcs that are short of stock at first supply the stores on trucks paid whole.

    Besides the arrays of `generate` (whose store trucks `Ctr` are replaced): for every dc and item, dc after dc,
    dc_pack, dc_lead, dc_I0, dc_most [.] or [., T] packs an order can have, dc_h, dc_F, dc_cap; per pack of an
    item-location weight `kg` beside `vol`; per store and truck truck_vol, truck_kg, truck_price [nS]. Everything a
    dc can send is its stock at the start and what its suppliers bring; one item in five cannot be ordered in the
    first ten days.
    """
    case = generate(stores, per_store, dcs, seed, tight)
    rng = np.random.default_rng((seed, 1))
    _K, T = case["D"].shape
    item = np.tile(np.arange(per_store), stores)
    line = case["dc"].astype(np.int64) * per_store + item
    lines = dcs * per_store
    flow = np.bincount(line, case["mean"], lines)
    pack = np.zeros(lines, np.int64)
    pack[line] = case["pack"]
    pack *= rng.choice([2, 4], lines)
    held = np.zeros(lines)
    held[line] = case["h"]
    lead = np.repeat(rng.integers(3, 7, dcs), per_store)
    late = np.where(rng.random(lines) < 0.2, 10, 0)
    opens = np.maximum(lead, late)
    most = np.where(np.arange(T) >= opens[:, None], np.ceil(flow * 14 / pack).astype(np.int64)[:, None] + 1, 0)
    kg = case["vol"] * rng.lognormal(0, 0.3, per_store)[item]
    daily = case["mean"] / case["pack"]
    by_volume = np.bincount(case["store"], case["vol"] * daily, stores)
    by_weight = np.bincount(case["store"], kg * daily, stores)
    return case | {
        "dc_pack": pack, "dc_lead": lead, "dc_I0": np.floor(flow * rng.uniform(2.0, 8.0, lines)).astype(np.int64),
        "dc_most": most, "dc_h": held / 2, "dc_F": rng.uniform(0.5, 2.0, lines),
        "dc_cap": np.ceil(flow * 28).astype(np.int64) + 4 * pack, "line": line,
        "kg": kg, "truck_vol": by_volume / 3, "truck_kg": by_weight / 3, "truck_price": rng.uniform(6.0, 10.0, stores),
    }  # fmt: skip


def generate_minimums(stores: int, per_store: int, dcs: int, seed: int, tight: float) -> Case:
    """Return a case of `generate_joint` in which suppliers of the dcs also have terms.

    Besides: for every dc line its `supplier` (five per dc, each with items of its own) and the `value` of a pack; for
    every supplier the least value of what it brings on a day, all or nothing (three days of sales), its most, and what
    an order costs. What is on hand at first is doubled, so that a plan that orders nothing small exists.
    """
    case = generate_joint(stores, per_store, dcs, seed, tight)
    rng = np.random.default_rng((seed, 2))
    item = np.tile(np.arange(per_store), stores)
    lines = dcs * per_store
    supplier = np.repeat(np.arange(dcs), per_store) * _SUPPLIERS + np.tile(np.arange(per_store) % _SUPPLIERS, dcs)
    price = np.zeros(per_store)
    price[item] = case["h"]
    value = np.tile(price / 0.002, dcs) * case["dc_pack"]
    flow = np.bincount(case["line"], case["mean"], lines) * np.tile(price / 0.002, dcs)
    daily = np.bincount(supplier, flow, dcs * _SUPPLIERS)
    return case | {
        "dc_I0": 2 * case["dc_I0"], "supplier": supplier, "value": value, "least": 3 * daily, "most": 20 * daily,
        "order_price": rng.uniform(10.0, 30.0, daily.size),
    }  # fmt: skip


def judge_joint(case: Case, packs: np.ndarray, dc_packs: np.ndarray) -> Judged:
    """Play packs [K, T] and the dcs' orders dc_packs [lines, T], by day of arrival, and count whole trucks."""
    no_trucks = case | {"Ctr": np.full(case["Ctr"].shape, np.inf)}
    judged = judge(no_trucks, packs)
    faults, cost = list(judged.faults), judged.cost
    _K, T = packs.shape
    sent = np.zeros(dc_packs.shape, np.int64)
    volume, weight = np.zeros(case["Ctr"].shape), np.zeros(case["Ctr"].shape)
    for day in range(T):
        moved = np.flatnonzero(packs[:, day])
        at = day - case["lead"][moved]
        if (at < 0).any():
            return Judged(cost, tuple(faults))
        np.add.at(sent, (case["line"][moved], at), case["pack"][moved].astype(np.int64) * packs[moved, day])
        np.add.at(volume, (case["store"][moved], at), case["vol"][moved] * packs[moved, day])
        np.add.at(weight, (case["store"][moved], at), case["kg"][moved] * packs[moved, day])
    trucks = np.ceil(np.maximum(volume / case["truck_vol"][:, None], weight / case["truck_kg"][:, None]) - _TOLERANCE)
    cost += float((case["truck_price"][:, None] * trucks).sum())
    ordered = np.cumsum(case["dc_pack"][:, None] * dc_packs.astype(np.int64) - sent, axis=1)
    stock = case["dc_I0"][:, None] + ordered
    for broken, what in (
        ((dc_packs < 0) | (dc_packs > case["dc_most"]), "dc orders outside their limits"),
        (stock < 0, "dc sends what is not there"),
        (stock > case["dc_cap"][:, None], "dc holds more than it can"),
    ):
        if broken.any():
            faults.append(f"{int(broken.sum())} x {what}")
    if "least" in case:
        brought = np.zeros((case["least"].size, T))
        np.add.at(brought, case["supplier"], case["value"][:, None] * dc_packs)
        small = (brought > 0) & (brought < case["least"][:, None] * (1 - _TOLERANCE))
        large = brought > case["most"][:, None] * (1 + _TOLERANCE)
        for wrong, what in ((small, "less than a supplier's smallest order"), (large, "more than a supplier brings")):
            if wrong.any():
                faults.append(f"{int(wrong.sum())} x {what}")
        cost += float((case["order_price"][:, None] * (brought > 0)).sum())
    cost += float((case["dc_h"][:, None] * stock).sum() + (case["dc_F"][:, None] * (dc_packs > 0)).sum())
    return Judged(cost, tuple(faults))
