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


@dataclass(slots=True)
class _Rules:
    """What the rows of one location, of one region or of all say.

    Attributes
    ----------
    single : [days] that receive by their date. closed : [days] that are closed.
    weekly : [days] on weekdays that receive; None where no row says so.
    """

    single: Flags
    closed: Flags
    weekly: Flags | None = None


def _rules(calendars: pd.DataFrame, days: Days) -> dict[tuple[str, str], _Rules]:
    """Return the rules of every (location, ""), ("", region) and ("", "") that has rows."""
    location, region, weekday = (
        calendars[name].where(_given(calendars[name]), "").tolist() for name in ("location_id", "region", "weekday")
    )
    kind, dated, date = calendars["kind"].tolist(), calendars["date"].notna().tolist(), calendars["date"].to_numpy()
    dates, weekdays = days.dates.to_numpy(), days.weekdays
    out: dict[tuple[str, str], _Rules] = {}
    for n, own in enumerate(location):
        scope = (own, "" if own else region[n])
        rule = out.setdefault(scope, _Rules(np.zeros(days.days, dtype=bool), np.zeros(days.days, dtype=bool)))
        named = np.ones(days.days, dtype=bool)  # a row with neither date nor weekday names every day
        if dated[n]:
            named = dates == date[n]
        elif weekday[n]:
            named = weekdays == WEEKDAYS.index(weekday[n])
        if kind[n] == "closed":
            rule.closed |= named
        elif dated[n]:
            rule.single |= named
        else:
            rule.weekly = named if rule.weekly is None else rule.weekly | named
    return out


def _given(column: pd.Series) -> pd.Series:
    return column.notna() & (column != "")
