"""As of a day: the plan starts on it, knows the sales up to its eve, and never sees a later one.

Later sales are cut off before patches, cleaning and hashes, so nothing downstream can depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from scenarios.errors import SCENARIO
from scenarios.resolve import Reading
from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues
from scenarios.tables.parse import Table


def start_on(reading: Reading, day: date, issues: Issues) -> Reading:
    """Return the reading with its horizon starting on `day`; report a day on which none of its buckets starts."""
    outline = reading.outline
    if outline is not None:
        start, length = outline.horizon.start, outline.horizon.bucket_days
        late = (day - start).days % length
        if late:
            before = day - timedelta(days=late)
            issues.add(
                "error",
                SCENARIO,
                "as_of",
                f"{day.isoformat()} is a {day:%A}, but weeks start on a {start:%A} (from {start.isoformat()}).",
                f"Write {before.isoformat()} or {(before + timedelta(days=length)).isoformat()}.",
                row="--as-of",
                column="horizon.start",
                value=day.isoformat(),
            )
            return replace(reading, scenario=None)
    return replace(reading, scenario=_started(reading.scenario, day), outline=_started(outline, day))


def known_on(tables: Mapping[str, Table], day: date, issues: Issues) -> dict[str, Table]:
    """Return the tables without the sales from `day` on."""
    history = tables["demand_history"]
    later = (history.frame["date"] >= pd.Timestamp(day)).to_numpy()
    count = int(later.sum())
    if count == 0:
        return dict(tables)
    issues.add(
        "info",
        "demand_history",
        "after_as_of",
        f"{count:,} rows are dated {day.isoformat()} or later, the day as of which this plan is made.",
        "They were not read.",
        column="date",
        rows=count,
    )
    return {**tables, "demand_history": history.keep(~later)}


def _started(scenario: Scenario | None, day: date) -> Scenario | None:
    if scenario is None:
        return None
    horizon = scenario.horizon.model_copy(update={"start": day})
    return scenario.model_copy(update={"horizon": horizon})
