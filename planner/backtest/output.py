"""Output: a backtest as two files and a few lines of text."""

from __future__ import annotations

import os
from pathlib import Path

from planner.backtest.backtest import Backtest


def write_backtest(result: Backtest, folder: Path) -> None:
    """Write orders.csv (round, order_date, location_id, item_id, qty) and costs.csv (week, holding, shortage).

    Each file is written whole under another name and then renamed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    costs = result.costs.round(6)
    for name, table in (("orders.csv", result.orders), ("costs.csv", costs)):
        staging = folder / f".{name}.part"
        table.to_csv(staging, index=False, lineterminator="\n", date_format="%Y-%m-%d")
        os.replace(staging, folder / name)


def describe_costs(result: Backtest) -> str:
    """Return the cost of each week, and of the weeks that the orders reach, as text."""
    lines = []
    if result.warmed_up:
        lines.append(
            "Stock before the first round: from a warm-up of twelve weeks under the same policy. "
            f"To begin with the project's own stock, start on {result.stock_date.date()}."
        )
    if result.costs.empty:
        lines.append("No week's sales are known yet: there are orders and no costs.")
        return "\n".join(lines)
    lines.append(f"{'week':>4}  {'holding':>10}  {'shortage':>10}  {'cost':>10}")
    for week, holding, shortage in result.costs[["week", "holding", "shortage"]].to_numpy():
        lines.append(f"{week:>4.0f}  {holding:>10.1f}  {shortage:>10.1f}  {holding + shortage:>10.1f}")
    first, last = result.first_week, int(result.costs["week"].max())
    counted = result.costs[result.costs["week"] >= first]
    if not counted.empty:
        total = float(counted["holding"].sum() + counted["shortage"].sum())
        name = f"weeks {first} to {last}" if last > first else f"week {first}"
        lines.append(f"Cost of {name}: {total:.1f}")
    if last < result.last_week:
        lines.append(f"The sales of weeks {last + 1} to {result.last_week} are not known yet.")
    return "\n".join(lines)
