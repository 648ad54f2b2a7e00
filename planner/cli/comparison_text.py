"""A comparison as a person reads it in the terminal, and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from planner.cli.screen import note, show_rows
from reports.compare import Difference
from reports.comparison_page import difference_lede, headline_rows, scenarios_lede
from reports.figures import change, label, unit_of, written
from reports.frontier import Comparison

_MOST = 12
_SHOWN = ("simulated_fill_rate", "inventory_value", "simulated_cost", "transport_cost", "distance_km")
_BRIDGED = (
    "simulated_cost",
    "planned_cost",
    "holding_cost",
    "shortage_cost",
    "waste_cost",
    "ordering_cost",
    "transport_cost",
)


def show_difference(difference: Difference, files: Sequence[Path], *, as_json: bool) -> None:
    """Print what differs between two runs."""
    if as_json:
        _print_json(
            {
                "a": {"name": difference.a.name, "run_id": difference.a.run_id},
                "b": {"name": difference.b.name, "run_id": difference.b.run_id},
                "currency": difference.currency,
                "same": difference.is_empty,
                "within_gap": difference.within_gap,
                "best_change": list(difference.best_change),
                "bridge_method": difference.bridge_method,
                **{name: records(table) for name, table in difference.tables.items()},
                "files": [str(path) for path in files],
            }
        )
        return
    sys.stdout.write(difference_lede(difference) + "\n")
    if difference.is_empty:
        _print_files(files)
        return
    changed = [row for row in headline_rows(difference.tables["kpi_changes"]) if not row["same"]]
    if changed:
        show_rows(
            "",
            ("figure", "unit", "A", "B", "B − A", "95 % interval"),
            [
                (
                    row["label"],
                    row["unit"],
                    row["a"],
                    row["b"],
                    row["change"],
                    f"{row['interval']} {row['sure']}".strip(),
                )
                for row in changed
            ],
        )
    _show_proof(difference)
    _show_bridge(difference)
    _show_inputs(difference)
    _show_orders(difference.tables["order_changes"])
    _show_routes(difference)
    _print_files(files)


def show_comparison(
    comparison: Comparison, shown: Sequence[str], notes: Sequence[str], files: Sequence[Path], *, as_json: bool
) -> None:
    """Print scenarios side by side.

    Parameters
    ----------
    shown : key figures for the table in the terminal; empty: a few.
    notes : what to say beside.
    """
    if as_json:
        _print_json(
            {
                "baseline": comparison.baseline,
                "frontier": records(comparison.frontier),
                "kpis": records(comparison.kpis),
                "notes": list(notes),
                "files": [str(path) for path in files],
            }
        )
        return
    for text in notes:
        note(text)
    sys.stdout.write(scenarios_lede(comparison) + "\n")
    kpis = comparison.kpis
    units = dict(zip(kpis["kpi"], kpis["unit"], strict=True))
    wanted = [kpi for kpi in (shown or _SHOWN) if kpi in units]
    cells = {(row["scenario"], row["kpi"]): row for row in kpis.to_dict("records")}
    rows = []
    for entry in comparison.frontier.head(_MOST).to_dict("records"):
        name = str(entry["scenario"])
        figures = []
        for kpi in wanted:
            row = cells.get((name, kpi))
            at = float("nan") if row is None else float(row["value"])
            by = float("nan") if row is None else float(row["delta"])
            away = "" if name == comparison.baseline else f" ({change(by, str(units[kpi]))})"
            figures.append(written(at, str(units[kpi])) + away)
        place = "efficient" if entry["efficient"] else f"beaten by {entry['dominated_by']}"
        rows.append((name, *figures, place if pd.notna(entry["cost"]) else "no figures"))
    heads = [f"{label(kpi)} {unit_of(str(units[kpi]))}".strip() for kpi in wanted]
    show_rows("", ("scenario", *heads, ""), rows)
    if len(comparison.frontier) > _MOST:
        note(f"{len(comparison.frontier) - _MOST:,} more scenarios: see --output or --json.")
    _print_files(files)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON takes them: dates as ISO text, empty numbers as null."""
    out = table.copy()
    for name in out.select_dtypes("datetime"):
        out[name] = out[name].dt.strftime("%Y-%m-%d")
    plain = out.astype(object).where(out.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _interval(row: Mapping[str, str]) -> str:
    return row["interval"] + (f" ({row['sure']})" if row["sure"] and row["sure"] != "sure" else "")


def _show_proof(difference: Difference) -> None:
    """Say where a change of cost may be the search's and not the scenario's."""
    if not difference.within_gap:
        return
    low, high = difference.best_change
    planned = float(difference.b.provenance["cost"]) - float(difference.a.provenance["cost"])
    sys.stdout.write(
        f"Inside the proven gap: replenishment costs {planned:+,.0f} {difference.currency}, and the best plans may "
        f"differ by {low:+,.0f} to {high:+,.0f}. Part of the change may be the search's; a smaller "
        "replenishment.target_gap tells.\n"
    )


def _show_bridge(difference: Difference) -> None:
    bridge = difference.tables.get("bridge")
    if bridge is None:
        return
    sys.stdout.write(difference.bridge_method + "\n")
    known = [kpi for kpi in _BRIDGED if kpi in set(bridge["kpi"])]
    parts = bridge[bridge["kind"].isin(("patch", "setting"))]
    unit = dict(zip(bridge["kpi"], bridge["unit"], strict=True))
    values = {(row["part"], row["kpi"]): float(row["value"]) for row in parts.to_dict("records")}
    rows = [
        (str(part), *(change(values[part, kpi], str(unit[kpi])) for kpi in known)) for part in parts["part"].unique()
    ]
    if rows:
        show_rows("", (f"adds, {difference.currency}", *(label(kpi) for kpi in known)), rows)


def _show_inputs(difference: Difference) -> None:
    settings, inputs = difference.tables["setting_changes"], difference.tables["input_changes"]
    if len(settings):
        rows = settings.head(_MOST).itertuples(index=False, name=None)
        show_rows("", ("setting", "A", "B"), [tuple(map(str, row)) for row in rows])
    edits = difference.tables["edit_changes"]
    if len(edits):
        show_rows(
            "",
            ("run", "patch", "table", "column", "rows", "total before", "total after"),
            [
                (row["run"], row["patch"], row["table"], row["column"], f"{row['rows']:,}", _total(row["total_before"]),
                 _total(row["total_after"]))
                for row in edits.head(_MOST).to_dict("records")
            ],
        )  # fmt: skip
    if len(inputs):
        sys.stdout.write(f"Input tables that differ: {', '.join(inputs['table'])}.\n")


def _total(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.2f}"


def _show_orders(orders: pd.DataFrame) -> None:
    if orders.empty:
        return
    top = orders.iloc[orders["cost_change"].abs().argsort(kind="stable")[::-1]].head(_MOST)
    rows = [
        (
            row["change"],
            row["item_id"],
            row["location_id"],
            _pair(row, "qty"),
            _pair(row, "receipt_date"),
            _first(row["why"]),
        )
        for row in top.to_dict("records")
    ]
    counts = orders["change"].value_counts()
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    title = f"Order lines that differ: {told}" + ("; the largest by money:" if len(orders) > _MOST else "")
    show_rows(title, ("change", "item", "to", "quantity", "receive on", "why"), rows)


def _first(why: str) -> str:
    """Return the first of the causes that are told."""
    return why.partition(";")[0].rstrip(".")


def _pair(row: dict[Any, Any], name: str) -> str:
    cells = [
        "" if pd.isna(value) else f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:,.6g}"
        for value in (row[f"{name}_a"], row[f"{name}_b"])
    ]
    return " → ".join(dict.fromkeys(cell for cell in cells if cell))


def _show_routes(difference: Difference) -> None:
    routes, stops = difference.tables["route_changes"], difference.tables["stop_changes"]
    if routes.empty:
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in routes["change"].value_counts().items())
    km = float(routes["distance_km_b"].sum() - routes["distance_km_a"].sum())
    hours = float(routes["hours_b"].sum() - routes["hours_a"].sum())
    cost = float(routes["cost_b"].sum() - routes["cost_a"].sum())
    moved = int((stops["change"] == "moved").sum())
    sys.stdout.write(
        f"Routes that differ: {counts}; together {change(km, 'km')} km, {change(hours, 'hours')} hours, "
        f"{change(cost, difference.currency)} {difference.currency}; {moved:,} stops moved to another vehicle.\n"
    )


def _print_files(files: Sequence[Path]) -> None:
    if files:
        note("Written:")
        sys.stdout.writelines(f"  {path}\n" for path in files)


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
