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
    names_location, names_region = _given(calendars["location_id"]), _given(calendars["region"])
    everywhere = calendars[~names_location & ~names_region]
    receives: dict[str, Flags] = {}
    closed: dict[str, Flags] = {}
    places = rows[["location_id", "region"]].drop_duplicates("location_id")
    for location, region in places.itertuples(index=False, name=None):
        own = calendars[names_location & (calendars["location_id"] == location)]
        regional = calendars[~names_location & names_region & (calendars["region"] == region)]
        levels = [own, regional, everywhere]
        closed[location] = _closed(levels, days)
        receives[location] = _receiving(levels, days, default) & ~closed[location]
    lanes = rows[["source_type", "source_id", "location_id"]].drop_duplicates()
    out: OpenDays = {}
    for kind, source, location in lanes.itertuples(index=False, name=None):
        open_ = out.get((source, location), receives[location])
        shut = closed.get(source) if kind == "location" else None
        out[source, location] = open_ if shut is None else open_ & ~shut
    return out


def _given(column: pd.Series) -> pd.Series:
    return column.notna() & (column != "")


def _receiving(levels: list[pd.DataFrame], days: Days, default: Flags) -> Flags:
    """Return [days] on which goods may arrive, by the rows of a location, of its region and of all."""
    open_ = default.copy()
    for rows in reversed(levels):
        weekly = rows[(rows["kind"] == "receive") & rows["date"].isna()]
        if len(weekly):
            open_ = _weekly(weekly, days)
    for rows in levels:
        open_ |= days.dates.isin(rows.loc[(rows["kind"] == "receive") & rows["date"].notna(), "date"])
    return np.asarray(open_, dtype=bool)


def _closed(levels: list[pd.DataFrame], days: Days) -> Flags:
    """Return [days] on which the rows of a location, of its region or of all say closed."""
    closed = np.zeros(days.days, dtype=bool)
    for rows in levels:
        named = rows[rows["kind"] == "closed"]
        closed |= _weekly(named[named["date"].isna()], days)
        closed |= days.dates.isin(named.loc[named["date"].notna(), "date"])
    return closed


def _weekly(rows: pd.DataFrame, days: Days) -> Flags:
    """Return [days] the days whose weekday a row names; a row without weekday names all."""
    if (~_given(rows["weekday"])).any():
        return np.ones(days.days, dtype=bool)
    return np.isin(days.weekdays, [WEEKDAYS.index(day) for day in rows["weekday"]])
