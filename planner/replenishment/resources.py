"""Capacities of locations as shared resources of the lot-sizing problem.

Dispatch and receiving limits are per day; a bucket has what its receiving days add up to. Where
locations receive on different weekdays, a limit holds for every set of weekdays that some locations
are bound to (Hall's condition), so that the plan of a bucket can be spread over its days. A day's last
pack may not fit although the bucket's total does; the limits of buckets with several days are
therefore lowered by one largest pack per day but one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.calendar import Days, OpenDays
from planner.replenishment.supply_limits import supply_limits
from scenarios.tables.schema import WEEKDAYS
from solvers.lotsizing.problem import PERIOD, RECEIVING, STORAGE

FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]

UNITS = {"base units": "capacity_qty", "kg": "capacity_kg", "m3": "capacity_m3"}
_KINDS = {"dispatch": RECEIVING, "receiving": RECEIVING, "storage": STORAGE}
"""Trucks leave on the day they deliver, so dispatch too is counted in the bucket of arrival."""
_MOST_SETS = 4
"""Distinct sets of receiving weekdays whose unions are all held; beyond, each set alone and all together."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource row: which limit of which location it is.

    Attributes
    ----------
    location_id : of a supply limit, its name.
    kind : RECEIVING, STORAGE or PERIOD, how the problem counts it; name : dispatch, receiving, storage, supply or
        supply period.
    unit : base units, kg, m3 or money.
    whole : whether it is the limit of the whole location (not of some weekdays only).
    limit : [T] as given, before it is lowered for the last pack.
    """

    location_id: str
    kind: int
    name: str
    unit: str
    whole: bool
    limit: FloatArray


def daily_limits(capacities: pd.DataFrame, kind: str, days: Days) -> dict[tuple[str, str], FloatArray]:
    """Return (location, unit) -> limit per day [days], infinite where none is given.

    A row with a weekday counts for that weekday, one without for all others.
    """
    rows = capacities[(capacities["kind"] == kind) & (capacities["item_id"].fillna("") == "")]
    out: dict[tuple[str, str], FloatArray] = {}
    given = rows["weekday"].notna() & (rows["weekday"] != "")
    for part in (rows[~given], rows[given]):
        for row in part.to_dict("records"):
            for unit, column in UNITS.items():
                if not np.isfinite(float(row[column])):
                    continue
                limit = out.setdefault((str(row["location_id"]), unit), np.full(days.days, np.inf))
                on = days.weekdays == WEEKDAYS.index(row["weekday"]) if row["weekday"] in WEEKDAYS else slice(None)
                limit[on] = float(row[column])
    return out


def shared_resources(
    rows: pd.DataFrame,
    capacities: pd.DataFrame,
    limits_of_supply: pd.DataFrame,
    days: Days,
    open_days: OpenDays,
    source: npt.NDArray[np.int64],
    pack_qty: FloatArray,
    unit_qty: FloatArray,
) -> tuple[tuple[Resource, ...], FloatArray, Ints, Ints, Ints, FloatArray]:
    """Return the resources, capacity and period [R, T] and the usage of every row in compressed form.

    Parameters
    ----------
    source : [K] supplying row, -1 for suppliers.
    pack_qty, unit_qty : [K] base units in a pack, and in a unit of the problem.
    """
    resources: list[Resource] = []
    limits: list[FloatArray] = []
    users: list[tuple[npt.NDArray[np.int64], FloatArray]] = []
    periods: dict[int, Ints] = {}
    size = {
        "base units": np.ones(len(rows)),
        "kg": rows["unit_weight_kg"].to_numpy(dtype=float),
        "m3": rows["unit_volume_m3"].to_numpy(dtype=float),
    }
    location = rows["location_id"].to_numpy()
    origin = np.where(source >= 0, rows["source_id"].to_numpy(), "")
    for kind, at in (("dispatch", origin), ("receiving", location), ("storage", location)):
        for (place, unit), daily in sorted(daily_limits(capacities, kind, days).items()):
            members = np.flatnonzero((at == place) & (size[unit] > 0))
            if members.size == 0:
                continue
            if kind == "storage":
                groups = [(np.ones(days.days, bool), members, True)]
                amount = size[unit] * unit_qty
            else:
                groups = list(_weekday_groups(members, _usable_days(rows, open_days)))
                amount = size[unit] * pack_qty
            for open_, chosen, whole in groups:
                limit = _per_bucket(daily, open_, days, kind)
                if not np.isfinite(limit).any():
                    continue
                resources.append(Resource(str(place), _KINDS[kind], kind, unit, whole, limit))
                lowered = limit - _last_packs(open_, days, float(amount[chosen].max()), kind)
                limits.append(np.where(np.isfinite(lowered), np.maximum(lowered, 0.0), 1e15))
                users.append((chosen, amount[chosen]))
    for supply in supply_limits(rows, limits_of_supply, days):
        counts = RECEIVING if supply.period is None else PERIOD
        resources.append(Resource(supply.name, counts, supply.kind, supply.unit, True, supply.limit))
        limits.append(np.where(np.isfinite(supply.limit), supply.limit, 1e15))
        if supply.period is not None:
            periods[len(limits) - 1] = supply.period
        users.append((supply.members, supply.per_unit * pack_qty[supply.members]))
    period = np.full((len(limits) if periods else 0, days.total if periods else 0), -1, np.int32)
    for r, of_bucket in periods.items():
        period[r] = of_bucket
    capacity, start, resource, amount = _compress(len(rows), days.total, limits, users)
    return tuple(resources), capacity, period, start, resource, amount


def _usable_days(rows: pd.DataFrame, open_days: OpenDays) -> list[Flags]:
    """Return for every row the days on which an order can arrive: the location receives and the lead time is over."""
    lead = np.ceil(rows["lead_time_days"].to_numpy() - 1e-9).astype(np.int64)
    out = []
    for first, source, location in zip(lead, rows["source_id"], rows["location_id"], strict=True):
        usable = open_days[str(source), str(location)].copy()
        usable[:first] = False
        out.append(usable)
    return out


def _weekday_groups(
    members: npt.NDArray[np.int64], usable: list[Flags]
) -> list[tuple[Flags, npt.NDArray[np.int64], bool]]:
    """Return (days, rows bound to them, whether that is all rows) for each set of days that must hold."""
    patterns: dict[bytes, Flags] = {}
    of_row = []
    for k in members:
        key = usable[k].tobytes()
        patterns.setdefault(key, usable[k])
        of_row.append(key)
    keys = list(patterns)
    most = len(keys) if len(keys) <= _MOST_SETS else 1
    unions = {np.logical_or.reduce([patterns[key] for key in keys]).tobytes()}
    for n in range(1, most + 1):
        unions |= {np.logical_or.reduce([patterns[key] for key in some]).tobytes() for some in combinations(keys, n)}
    out = []
    for union in sorted(unions):
        open_ = np.frombuffer(union, dtype=bool)
        inside = {key for key in keys if not (patterns[key] & ~open_).any()}
        chosen = members[[key in inside for key in of_row]]
        out.append((open_, chosen, chosen.size == members.size))
    return out


def _per_bucket(daily: FloatArray, open_: Flags, days: Days, kind: str) -> FloatArray:
    """Return [T] the limit of each bucket: of its open days together; of one day for storage."""
    if kind == "storage":
        return np.asarray(daily.reshape(days.total, days.bucket_days).min(axis=1))
    return np.asarray(np.where(open_, daily, 0.0).reshape(days.total, days.bucket_days).sum(axis=1))


def _last_packs(open_: Flags, days: Days, largest: float, kind: str) -> FloatArray:
    if kind == "storage":
        return np.zeros(days.total)
    count = open_.reshape(days.total, days.bucket_days).sum(axis=1)
    return np.asarray(np.maximum(count - 1, 0) * largest)


def _compress(
    K: int, T: int, limits: list[FloatArray], users: list[tuple[npt.NDArray[np.int64], FloatArray]]
) -> tuple[FloatArray, npt.NDArray[np.int32], npt.NDArray[np.int32], FloatArray]:
    """Return capacity [R, T], usage_start [K + 1], usage_resource and usage_amount."""
    capacity = np.array(limits, dtype=np.float64).reshape(len(limits), T)
    row = np.concatenate([chosen for chosen, _ in users]) if users else np.zeros(0, np.int64)
    resource = np.repeat(np.arange(len(users)), [chosen.size for chosen, _ in users])
    amount = np.concatenate([used for _, used in users]) if users else np.zeros(0)
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=K))])
    return (
        capacity,
        start.astype(np.int32),
        resource[order].astype(np.int32),
        np.ascontiguousarray(amount[order], dtype=np.float64),
    )
