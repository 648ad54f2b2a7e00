"""Days and buckets: which days lie in the plan, and on which of them a location receives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.settings import Horizon
from scenarios.tables.schema import WEEKDAYS

Flags = npt.NDArray[np.bool_]


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


def receiving_days(
    calendars: pd.DataFrame, locations: pd.DataFrame, days: Days, receive_weekdays: Sequence[str]
) -> dict[str, Flags]:
    """Return for every location which days [days] it receives on.

    Receiving weekdays are the location's own, else its region's, else those of rows that name neither, else
    `receive_weekdays`. Single receiving days of all of them are added; whatever is closed by any is closed.

    Parameters
    ----------
    locations : location_id, region.
    """
    default = np.isin(days.weekdays, [WEEKDAYS.index(day) for day in receive_weekdays])
    names_location, names_region = _given(calendars["location_id"]), _given(calendars["region"])
    everywhere = calendars[~names_location & ~names_region]
    out: dict[str, Flags] = {}
    pairs = locations[["location_id", "region"]].drop_duplicates("location_id")
    for location, region in pairs.itertuples(index=False, name=None):
        own = calendars[names_location & (calendars["location_id"] == location)]
        regional = calendars[~names_location & names_region & (calendars["region"] == region)]
        out[str(location)] = _apply([own, regional, everywhere], days, default)
    return out


def _given(column: pd.Series) -> pd.Series:
    return column.notna() & (column != "")


def _apply(levels: list[pd.DataFrame], days: Days, default: Flags) -> Flags:
    """Combine the rows of a location, of its region and of all."""
    open_ = default.copy()
    for rows in reversed(levels):
        weekly = rows[(rows["kind"] == "receive") & rows["date"].isna()]
        if len(weekly):
            open_ = _weekly(weekly, days)
    for rows in levels:
        open_ |= days.dates.isin(rows.loc[(rows["kind"] == "receive") & rows["date"].notna(), "date"])
    for rows in levels:
        closed = rows[rows["kind"] == "closed"]
        open_ &= ~_weekly(closed[closed["date"].isna()], days)
        open_ &= ~days.dates.isin(closed.loc[closed["date"].notna(), "date"])
    return np.asarray(open_, dtype=bool)


def _weekly(rows: pd.DataFrame, days: Days) -> Flags:
    """Return [days] the days whose weekday a row names; a row without weekday names all."""
    if (~_given(rows["weekday"])).any():
        return np.ones(days.days, dtype=bool)
    return np.isin(days.weekdays, [WEEKDAYS.index(day) for day in rows["weekday"]])
