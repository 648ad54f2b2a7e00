"""Dates: ISO 8601 days, and what spreadsheets make of them."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import numpy.typing as npt
import pandas as pd

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_FAULTS = {
    "date_as_number": re.compile(r"[2-7]\d{4}(?:\.\d+)?"),
    "date_without_dashes": re.compile(r"\d{8}"),
    "date_in_local_order": re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"),
    "date_with_month_name": re.compile(
        r"(?i)(?:\d{1,4}[ /.-])?[a-z]{3,9}[ /.-]\d{1,4}(?:[ /.,-]+\d{2,4})?|\d{1,2}[ -][a-z]{3,9}"
    ),
    "date_too_wide": re.compile(r"#+"),
    "date_with_time": re.compile(r"\d{4}-\d{2}-\d{2}[T ].+"),
}


def parse_dates(texts: list[str]) -> tuple[npt.NDArray[np.datetime64], list[str]]:
    """Return the day of every text and the rule that it breaks.

    Returns
    -------
    [n] datetime64[ns], list[str]
        NaT and a rule where a text is no ISO date; NaT and no rule where it is empty.
    """
    iso = [text[:10] if _ISO.fullmatch(text) else None for text in texts]
    days = pd.to_datetime(pd.Series(iso, dtype=object), format="%Y-%m-%d", errors="coerce")
    values = days.to_numpy(dtype="datetime64[ns]")
    rules = [_rule(text) if text and wrong else "" for text, wrong in zip(texts, np.isnat(values), strict=True)]
    return values, rules


def _rule(text: str) -> str:
    """Return what has happened to a text that is no ISO date."""
    return next((rule for rule, pattern in _FAULTS.items() if pattern.fullmatch(text)), "not_a_date")


def date_advice(rule: str, text: str) -> tuple[str, str]:
    """Return message and action for a broken date; `text` is the first one."""
    if rule == "date_as_number":
        day = _EXCEL_EPOCH + dt.timedelta(days=int(float(text)))
        return (
            f"'{{value}}' is a date that Excel has stored as a number, {day.isoformat()} as it counts days",
            "Format the column as text, write dates as YYYY-MM-DD and export it again.",
        )
    if rule == "date_without_dashes":
        return "'{value}' is not a date as YYYY-MM-DD", f"Write {text[:4]}-{text[4:6]}-{text[6:]}."
    if rule == "date_in_local_order":
        return (
            "'{value}' is a date in local order, where day and month can be confused",
            "Write dates as YYYY-MM-DD; in Excel, format the column as text or with the format yyyy-mm-dd.",
        )
    if rule == "date_with_month_name":
        return (
            "'{value}' is a date that Excel has rewritten with the name of the month, which loses the day or the year",
            "Go back to the original values, format the column as text and write dates as YYYY-MM-DD.",
        )
    if rule == "date_too_wide":
        return "'{value}' is what Excel shows where a column is too narrow", "Widen the column and export it again."
    if rule == "date_with_time":
        return "'{value}' is not a plain date: it has a time of day", "Write only the date, as YYYY-MM-DD."
    return "'{value}' is not a date as YYYY-MM-DD", "Write dates as YYYY-MM-DD, for example 2015-11-23."
