"""Clock times of one day in the scenario's time zone, as seconds since its midnight and as instants."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import pandas as pd


class DayClock:
    """One calendar day in a time zone; days on which the clock changes have 23 or 25 hours."""

    def __init__(self, date: pd.Timestamp, zone: tzinfo) -> None:
        self._midnight = datetime(date.year, date.month, date.day)
        self._zone = zone
        self._origin = self._midnight.replace(tzinfo=zone).timestamp()

    def seconds(self, minutes: float) -> int:
        """Return the seconds between midnight and a clock time in minutes after midnight; 1500 is 1 h next day."""
        wall = (self._midnight + timedelta(minutes=round(minutes))).replace(tzinfo=self._zone)
        return round(wall.timestamp() - self._origin)

    def instant(self, seconds: float) -> str:
        """Return the instant so many seconds after midnight, ISO 8601 with offset."""
        return datetime.fromtimestamp(self._origin + seconds, self._zone).isoformat(timespec="seconds")
