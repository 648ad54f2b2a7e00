"""The cheapest way out of clashing hard rules: which to loosen, to what, and the proof that a plan then exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import RELAXATION_COLUMNS, InfeasibleError, RefusedError
from planner.replenishment.clashes import EXTRA_STOCK, Clash, Loosening, Rule, find_clashes
from planner.replenishment.model import Model, Tables, given_sizes
from planner.replenishment.resources import UNITS
from planner.replenishment.supply_limits import COLUMNS, MONEY, SUPPLY, SUPPLY_PERIOD, names
from solvers.lotsizing.verify import verify

_MOST_ROUNDS = 20
_MOST_DOUBTED = 12
"""Up to this many loosenings, each is left out in turn to see whether the others do without it."""
_PROOF_ITERATIONS = 20
_POLICIES = {"minimum": "min_qty", "maximum": "max_qty"}

Build = Callable[[pd.DataFrame, Tables], Model]


def hold_rules(model: Model, tables: Tables, build: Build, seed: int, threads: int) -> None:
    """Raise if hard rules clash.

    Every clash gives way where its options are cheapest, a change valued at the unit cost of the goods. Options
    count only if the clash is gone with them; what turns out superfluous is taken back.

    Parameters
    ----------
    build : the model of rows and tables with loosened rules.

    Raises
    ------
    InfeasibleError
        With the rules to loosen; the item-locations they are about are planned again as proof.
    RefusedError
        No set of rules was found with which a plan exists.
    """
    first = find_clashes(model, tables)
    if not first:
        return
    loosened = _settle(model, tables, build, first)
    rows, new = loosen(model, tables, loosened.values())
    _prove(model, rows, new, build, loosened, seed, threads)
    raise InfeasibleError(_relaxation(model, tables, new, loosened))


def _settle(model: Model, tables: Tables, build: Build, clashes: list[Clash]) -> dict[Rule, Loosening]:
    """Return what to loosen so that no clash is left."""

    def clashes_with(chosen: dict[Rule, Loosening]) -> list[Clash]:
        rows, new = loosen(model, tables, chosen.values())
        return find_clashes(build(rows, new), new)

    loosened: dict[Rule, Loosening] = {}
    for _ in range(_MOST_ROUNDS):
        cheapest = [clash.options[int(np.argmin(np.round(clash.costs, 6)))] for clash in clashes]
        choice = _with(loosened, cheapest)
        left = clashes_with(choice)
        still = {clash.key for clash in left} & {clash.key for clash in clashes}
        if still and any(o is not c.options[0] for c, o in zip(clashes, cheapest, strict=True) if c.key in still):
            sure = [c.options[0] if c.key in still else o for c, o in zip(clashes, cheapest, strict=True)]
            choice = _with(loosened, sure)
            left = clashes_with(choice)
        loosened, clashes = choice, left
        if not clashes:
            break
    else:
        raise RefusedError("Hard rules clash, and no set of them was found that settles it when loosened.")
    for rule in list(loosened) if 1 < len(loosened) <= _MOST_DOUBTED else []:
        fewer = {name: value for name, value in loosened.items() if name != rule}
        if fewer and not clashes_with(fewer):
            loosened = fewer
    return loosened


def _with(loosened: dict[Rule, Loosening], options: Iterable[tuple[Loosening, ...]]) -> dict[Rule, Loosening]:
    """Return all loosenings together: of one rule the last counts, factors multiply."""
    out = dict(loosened)
    for option in options:
        for new in option:
            old = out.get(new.rule)
            if old is not None and new.rule.name == EXTRA_STOCK:
                new = replace(new, needed=old.needed + new.needed)
            elif old is not None and new.factor > 0:
                new = replace(new, factor=new.factor * (old.factor or 1.0), needed=max(old.needed, new.needed))
            out[new.rule] = new if old is None else replace(new, cost=old.cost + new.cost)
    return out


def loosen(model: Model, tables: Tables, loosened: Iterable[Loosening]) -> tuple[pd.DataFrame, Tables]:
    """Return the rows of the model and the tables with rules loosened."""
    rows, pins = model.rows.copy(), tables.pins.copy()
    capacities = tables.capacities.astype(dict.fromkeys(UNITS.values(), float))
    supply = tables.supply_limits.astype(dict.fromkeys(COLUMNS.values(), float))
    pins["qty"] = pins["qty"].astype(float)
    arriving: list[dict[str, object]] = []
    for change in loosened:
        rule = change.rule
        if rule.name in _POLICIES:
            mine = (rows["item_id"] == rule.item_id) & (rows["location_id"] == rule.location_id)
            rows.loc[mine, _POLICIES[rule.name]] = change.needed
        elif rule.name == "pin":
            _set_pins(pins, _pins_of(pins, model, rule), change.needed)
        elif rule.name == EXTRA_STOCK:
            arriving.append(
                {
                    "order_id": f"extra {len(arriving)}",
                    "item_id": rule.item_id,
                    "location_id": rule.location_id,
                    "qty": change.needed,
                    "receipt_date": model.days.start + pd.Timedelta(days=change.day),
                }
            )
        elif rule.name in (SUPPLY, SUPPLY_PERIOD):
            mine, column = _supply_limits_of(supply, rule), COLUMNS[rule.unit]
            supply.loc[mine, column] = _raised_by(supply.loc[mine, column], change)
        elif rule.item_id:
            mine = _limits_of(capacities, rule)
            row = rows[(rows["item_id"] == rule.item_id) & (rows["location_id"] == rule.location_id)].iloc[0]
            for column, size in given_sizes(row).items():
                capacities.loc[mine, column] = capacities.loc[mine, column].clip(lower=_up(change.needed * size))
        else:
            mine, column = _limits_of(capacities, rule), UNITS[rule.unit]
            capacities.loc[mine, column] = _raised_by(capacities.loc[mine, column], change)
    orders = tables.open_orders
    if arriving:
        orders = pd.concat([orders, pd.DataFrame(arriving)], ignore_index=True)
    return rows, replace(tables, open_orders=orders, capacities=capacities, pins=pins, supply_limits=supply)


def _raised_by(value: pd.Series, change: Loosening) -> Any:
    """Return limits after a loosening, rounded up to thousandths."""
    return _up(value * change.factor if change.factor > 0 else value.where(value.isna(), change.needed))


def _supply_limits_of(limits: pd.DataFrame, rule: Rule) -> pd.Series:
    named = pd.Series([name == rule.location_id for name in names(limits)], index=limits.index, dtype=bool)
    return named & (limits["per"] == ("period" if rule.name == SUPPLY_PERIOD else "bucket"))


def _up(value: Any) -> Any:
    """Round a number or a column up to thousandths."""
    return np.ceil(np.round(value * 1000.0, 6)) / 1000.0


def _limits_of(capacities: pd.DataFrame, rule: Rule) -> pd.Series:
    item = capacities["item_id"].fillna("") == rule.item_id
    return (capacities["location_id"] == rule.location_id) & (capacities["kind"] == rule.name) & item


def _pins_of(pins: pd.DataFrame, model: Model, rule: Rule) -> pd.Index:
    """Return the pins that count and fall on the item-location and bucket of the rule, in their order."""
    counts = pins["expires_date"].isna() | (pins["expires_date"] > model.days.start)
    bucket = model.days.day_of(pins["receipt_date"]) // model.days.bucket_days
    here = (pins["item_id"] == rule.item_id) & (pins["location_id"] == rule.location_id)
    mine = np.flatnonzero(counts & here & (bucket == rule.bucket))
    return pins.index[mine]


def _set_pins(pins: pd.DataFrame, mine: pd.Index, total: float) -> None:
    """Change the quantities of pins so that they add up to `total`: the last ones give way."""
    change = total - float(pins.loc[mine, "qty"].sum())
    for at in reversed(mine):
        old = pins["qty"][at]
        new = max(old + change, 0.0)
        pins.loc[at, "qty"] = new
        change -= new - old


def _prove(
    model: Model,
    rows: pd.DataFrame,
    tables: Tables,
    build: Build,
    loosened: dict[Rule, Loosening],
    seed: int,
    threads: int,
) -> None:
    """Plan the items that loosened rules are about, at all locations; all items if a shared limit is among them."""
    from solvers.lotsizing.decomposition import decompose  # noqa: PLC0415 - kernels, which few runs need

    if all(rule.item_id for rule in loosened):
        rows = rows[rows["item_id"].isin([rule.item_id for rule in loosened])].reset_index(drop=True)
    problem = build(rows, tables).problem
    result = decompose(problem, target_gap=1.0, iterations=_PROOF_ITERATIONS, seed=seed, threads=threads)
    faults = verify(problem, result.packs).faults
    if faults:
        raise RefusedError("Hard rules clash; the plan with loosened rules breaks:\n  " + "\n  ".join(faults[:20]))


def _relaxation(model: Model, tables: Tables, new: Tables, loosened: dict[Rule, Loosening]) -> pd.DataFrame:
    """Return the published rows, see `planner.errors.RELAXATION_COLUMNS`."""
    out: list[dict[str, object]] = []
    of_row = {
        (row["item_id"], row["location_id"]): row
        for row in model.rows[["item_id", "location_id", "unit_cost", *_POLICIES.values()]].to_dict("records")
    }
    for rule, change in loosened.items():
        date = model.days.start + pd.Timedelta(days=change.day)
        subject = f"item {rule.item_id} at {rule.location_id}"
        row = of_row.get((rule.item_id, rule.location_id), {})
        if rule.name in _POLICIES:
            now = float(row[_POLICIES[rule.name]])
            found = [(subject, now, change.needed, "units", abs(change.needed - now) * float(row["unit_cost"]))]
        elif rule.name == "pin":
            mine = _pins_of(tables.pins, model, rule)
            now = float(tables.pins.loc[mine, "qty"].sum())
            cost = abs(change.needed - now) * float(row["unit_cost"])
            found = [(f"{subject} on {date:%Y-%m-%d}", now, change.needed, "units", cost)]
        elif rule.name == EXTRA_STOCK:
            found = [(f"{subject} by {date:%Y-%m-%d}", 0.0, change.needed, "units", change.cost)]
        elif rule.name in (SUPPLY, SUPPLY_PERIOD):
            found = list(_raised_supply(tables.supply_limits, new.supply_limits, rule, change.cost))
        else:
            found = list(_raised(tables.capacities, new.capacities, rule, change.cost))
        for what, now, needed, unit, cost in found:
            message = f"{rule.name} of {what}: now {now:.10g}, needed {needed:.10g} {unit}{change.note}"
            values = (rule.name, rule.location_id, rule.item_id, date, now, needed, unit, cost, message)
            out.append(dict(zip(RELAXATION_COLUMNS, values, strict=True)))
    return pd.DataFrame(out, columns=list(RELAXATION_COLUMNS))


def _raised(
    old: pd.DataFrame, new: pd.DataFrame, rule: Rule, cost: float
) -> Iterable[tuple[str, float, float, str, float]]:
    """Yield what, now, needed, unit and cost of every limit that was raised for a rule."""
    mine = _limits_of(old, rule)
    for unit, column in UNITS.items():
        for at in old.index[mine & (new[column] > old[column])]:
            weekday = old["weekday"][at]
            what = f"item {rule.item_id} at {rule.location_id}" if rule.item_id else f"{rule.location_id}, all items"
            what += f" on {weekday}" if isinstance(weekday, str) and weekday else ""
            name = "units" if unit == "base units" else unit
            name += "" if rule.name == "storage" else " a day"
            yield what, float(old[column][at]), float(new[column][at]), name, cost


def _raised_supply(
    old: pd.DataFrame, new: pd.DataFrame, rule: Rule, cost: float
) -> Iterable[tuple[str, float, float, str, float]]:
    """Yield what, now, needed, unit and cost of every row of supply_limits that was raised for a rule."""
    column = COLUMNS[rule.unit]
    for at in old.index[_supply_limits_of(old, rule) & (new[column] > old[column])]:
        start = old["start_date"][at]
        what = rule.location_id + (f" from {start:%Y-%m-%d}" if pd.notna(start) else "")
        unit = {"base units": "units", MONEY: "of money"}.get(rule.unit, rule.unit)
        yield what, float(old[column][at]), float(new[column][at]), f"{unit} a {old['per'][at]}", cost
