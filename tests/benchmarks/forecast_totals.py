"""Coverage of the totals of the forecast on the Iowa example, beside totals that take item-locations as independent.

    python tests/benchmarks/forecast_totals.py

Four origins, 8, 16, 24 and 32 weeks before the plan, eight weeks each; nobody sees a week after the origin. Shares of
group-weeks at or above the 10 % and at or below the 90 % quantile. Figures are in docs/benchmarks-forecast.md.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

from planner import reads
from planner.forecast import forecast_demand, total_forecast
from planner.forecast.totals import GROUPINGS
from planner.network import build_network
from scenarios.project import load_project
from scenarios.settings import Horizon

PROJECT = Path(__file__).parents[2] / "scenarios" / "examples" / "iowa"
ORIGINS = (8, 16, 24, 32)
WEEKS = 8
KEYS = ["item_id", "location_id"]


def main() -> None:
    """Print the table."""
    project = load_project(PROJECT, None, [])
    tables, supply = project.tables, build_network(project.tables, project.scenario).supply
    history, rows = tables["demand_history"], []
    for back in ORIGINS:
        horizon = Horizon(start=project.scenario.horizon.start - timedelta(weeks=back), buckets=WEEKS)
        start = pd.Timestamp(horizon.start)
        made = forecast_demand(
            history[history["date"] < start],
            supply[reads.SUPPLY["forecast"]],
            tables["promotions"],
            tables["item_transitions"],
            tables["prices"],
            horizon,
            project.scenario.forecast,
        )
        came = history[(history["date"] >= start) & (history["date"] < start + pd.Timedelta(weeks=WEEKS))]
        came = came.merge(made.forecast[KEYS].drop_duplicates(), on=KEYS)
        came = came.merge(supply[[*KEYS, "category", "region"]], on=KEYS)
        came["bucket_start"] = start + pd.to_timedelta((came["date"] - start).dt.days // 7 * 7, unit="D")
        for name, shared in (("totals", made.shared), ("taken as independent", {})):
            totals = total_forecast(made.forecast, made.forecast_channels, supply, shared)
            for grouping, column in GROUPINGS.items():
                said = totals[totals["group_by"] == grouping].set_index(["group", "bucket_start"])
                sold = came.assign(group=came[column] if column else "").groupby(["group", "bucket_start"])["qty"].sum()
                actual = sold.reindex(said.index).fillna(0.0)
                above, below = actual >= said["p10_qty"] - 1e-9, actual <= said["p90_qty"] + 1e-9
                rows.append((grouping, name, len(said), above.sum(), below.sum()))
    sums = pd.DataFrame(rows, columns=["by", "how", "weeks", "above", "below"])
    print("| by | | group-weeks | at or above 10 % | at or below 90 % |\n|---|---|---:|---:|---:|")
    for (grouping, how), part in sums.groupby(["by", "how"], sort=False):
        count = part["weeks"].sum()
        shares = part["above"].sum() / count, part["below"].sum() / count
        print(f"| {grouping} | {how} | {count:,} | {shares[0]:.3f} | {shares[1]:.3f} |")


if __name__ == "__main__":
    main()
