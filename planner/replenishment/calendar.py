"""Days and buckets: which days lie in the plan, and on which of them a location gets goods from a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon
from scenarios.tables.schema import WEEKDAYS

Flags = npt.NDArray[np.bool_]
OpenDays = dict[tuple[str, str], Flags]
"""(source, location) -> [days] whether goods may come from the one to the other."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the plan and of the look-ahead behind it.

    Attributes
    ----------
    start : first day; bucket_days : days in a bucket; buckets : planned; ahead : looked at behind them.
    """

    start: pd.Timestamp
    bucket_days: int
    buckets: int
    ahead: int

    @classmethod
    def of(cls, horizon: Horizon, ahead: int) -> Days:
        """Return the days of a horizon with `ahead` buckets behind it."""
        return cls(pd.Timestamp(horizon.start), horizon.bucket_days, horizon.buckets, ahead)

    @property
    def total(self) -> int:
        """Buckets, those looked at included."""
        return self.buckets + self.ahead

    @property
    def days(self) -> int:
        """Days of all buckets."""
        return self.total * self.bucket_days

    @property
    def dates(self) -> pd.DatetimeIndex:
        """All days, in order."""
        return pd.date_range(self.start, periods=self.days, freq="D")

    @property
    def weekdays(self) -> npt.NDArray[np.int64]:
        """Weekday of every day, 0 is Monday."""
        return self.dates.dayofweek.to_numpy(dtype=np.int64)

    def day_of(self, dates: pd.Series) -> npt.NDArray[np.int64]:
        """Return days since the start."""
        return np.asarray((dates - self.start) // pd.Timedelta(days=1), dtype=np.int64)

    def bucket_start(self, bucket: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
        """Return the first day of buckets."""
        return pd.DatetimeIndex(self.start + pd.to_timedelta(bucket * self.bucket_days, unit="D"))

    def date(self, day: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
        """Return the dates of days since the start."""
        return pd.DatetimeIndex(self.start + pd.to_timedelta(day, unit="D"))


def delivery_days(calendars: pd.DataFrame, rows: pd.DataFrame, days: Days, receive_weekdays: Sequence[str]) -> OpenDays:
    """Return for every source and location which days [days] goods may come on.

    Receiving weekdays are the location's own, else its region's, else those of rows that name neither, else
    `receive_weekdays`. Single receiving days of all of them are added; whatever is closed by any is closed.
    A location that is closed sends nothing either: what it supplies comes on days on which both are open.

    Parameters
    ----------
    rows : location_id, region, source_type, source_id.
    """
    default = np.isin(days.weekdays, [WEEKDAYS.index(day) for day in receive_weekdays])
    rules = _rules(calendars, days)
    receives: dict[str, Flags] = {}
    closed: dict[str, Flags] = {}
    places = rows[["location_id", "region"]].drop_duplicates("location_id")
    for location, region in places.itertuples(index=False, name=None):
        levels = [rules[scope] for scope in ((location, ""), ("", region), ("", "")) if scope in rules]
        closed[location] = np.any([rule.closed for rule in levels], axis=0) if levels else np.zeros(days.days, bool)
        open_ = next((rule.weekly for rule in levels if rule.weekly is not None), default)
        receives[location] = np.any([open_, *(rule.single for rule in levels)], axis=0) & ~closed[location]
    lanes = rows[["source_type", "source_id", "location_id"]].drop_duplicates()
    out: OpenDays = {}
    for kind, source, location in lanes.itertuples(index=False, name=None):
        open_ = out.get((source, location), receives[location])
        shut = closed.get(source) if kind == "location" else None
        out[source, location] = open_ if shut is None else open_ & ~shut
    return out


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the rows of one location, of one region or of all say.

    Attributes
    ----------
    weekly : [days] on weekdays that receive; None where no row says so.
    single : [days] that receive by their date. closed : [days] that are closed.
    """

    weekly: Flags | None
    single: Flags
    closed: Flags


def _rules(calendars: pd.DataFrame, days: Days) -> dict[tuple[str, str], _Rules]:
    """Return the rules of every (location, ""), ("", region) and ("", "") that has rows."""
    location = calendars["location_id"].where(_given(calendars["location_id"]), "")
    region = calendars["region"].where(_given(calendars["region"]) & (location == ""), "")
    dates, weekdays, out = days.dates, days.weekdays, {}
    for (own, regional), rows in calendars.groupby([location, region]):
        receive, shut, dated = rows["kind"] == "receive", rows["kind"] == "closed", rows["date"].notna()
        out[str(own), str(regional)] = _Rules(
            weekly=_weekly(rows[receive & ~dated], weekdays) if (receive & ~dated).any() else None,
            single=dates.isin(rows.loc[receive & dated, "date"]),
            closed=_weekly(rows[shut & ~dated], weekdays) | dates.isin(rows.loc[shut & dated, "date"]),
        )
    return out


def _given(column: pd.Series) -> pd.Series:
    return column.notna() & (column != "")


def _weekly(rows: pd.DataFrame, weekdays: npt.NDArray[np.int64]) -> Flags:
    """Return [days] the days whose weekday a row names; a row without weekday names all."""
    if (~_given(rows["weekday"])).any():
        return np.ones(len(weekdays), dtype=bool)
    return np.isin(weekdays, [WEEKDAYS.index(day) for day in rows["weekday"]])
