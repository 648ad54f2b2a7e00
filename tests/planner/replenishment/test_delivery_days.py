"""On which days goods may come: the nearest rows say on which weekdays, all of them add and close single days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.replenishment.calendar import Days, delivery_days

MONDAY = pd.Timestamp("2026-06-01")
DAYS = Days(MONDAY, 7, 2, 0)
ROWS = pd.DataFrame(
    {
        "location_id": ["SHOP", "DEPOT"],
        "region": ["north", None],
        "source_type": ["location", "supplier"],
        "source_id": ["DEPOT", "MILL"],
    }
)


def open_days(*rules: tuple[str, str, str, str, str], lane: tuple[str, str] = ("DEPOT", "SHOP")) -> list[int]:
    """Return the open days of a lane by rules of (location, region, kind, weekday, date)."""
    frame = pd.DataFrame(list(rules), columns=["location_id", "region", "kind", "weekday", "date"])
    frame["date"] = pd.to_datetime(frame["date"])
    return np.flatnonzero(delivery_days(frame, ROWS, DAYS, ["tue"])[lane]).tolist()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), [1, 8]),
        ((("", "", "receive", "wed", ""),), [2, 9]),
        ((("", "", "receive", "wed", ""), ("", "north", "receive", "thu", "")), [3, 10]),
        ((("", "north", "receive", "thu", ""), ("SHOP", "south", "receive", "fri", "")), [4, 11]),
        ((("", "south", "receive", "thu", ""),), [1, 8]),
        ((("SHOP", "", "receive", "", ""),), list(range(14))),
        ((("SHOP", "", "receive", "fri", ""), ("", "north", "receive", "", "2026-06-01")), [0, 4, 11]),
        ((("", "", "closed", "", "2026-06-02"),), [8]),
        ((("SHOP", "", "closed", "tue", ""),), []),
        ((("DEPOT", "", "closed", "", "2026-06-09"),), [1]),
    ],
)
def test_days_of_a_shop(rules: tuple[tuple[str, str, str, str, str], ...], expected: list[int]) -> None:
    assert open_days(*rules) == expected


def test_a_supplier_is_never_closed() -> None:
    assert open_days(("MILL", "", "closed", "", ""), lane=("MILL", "DEPOT")) == [1, 8]
