"""comparison.html: what changed between two runs, or many scenarios side by side, in one file that works offline.

It shares fonts, style, charts and tables with report.html; the key figures, inputs and settings are plain
HTML and need no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports.bridge import COST_KINDS
from reports.compare import Difference, Side
from reports.figures import better, change, is_share, label, relative, unit_of, written
from reports.frontier import HEADLINE, Comparison
from reports.page_shell import environment, packed, script, style

_SCRIPTS = ("core.js", "charts.js", "tables.js", "comparison.js")
_MOST_ROWS = 5000
_KIND_NAMES = {"planned_cost": "Cost if demand is as planned, by kind", "simulated_cost": "Simulated cost, by kind"}
_ORDER_COLUMNS = (
    "change", "type", "item_id", "location_id", "source_id_a", "source_id_b", "qty_a", "qty_b", "receipt_date_a",
    "receipt_date_b", "moved_days", "cost_change", "cause", "why", "order_id_a", "order_id_b",
)  # fmt: skip
_ROUTE_COLUMNS = (
    "date", "depot_id", "change", "vehicle_a", "vehicle_b", "stops_a", "stops_b", "stops_in_common", "distance_km_a",
    "distance_km_b", "hours_a", "hours_b", "cost_a", "cost_b",
)  # fmt: skip
_STOP_COLUMNS = ("date", "location_id", "change", "vehicle_a", "vehicle_b", "load_id")


def write_difference_page(difference: Difference, path: Path) -> None:
    """Write the page of two runs; the same difference gives the same bytes."""
    template = environment().get_template("difference.html.j2")
    path.write_text(template.render(_difference(difference)), encoding="utf-8")


def write_scenarios_page(comparison: Comparison, path: Path, title: str) -> None:
    """Write the page of many scenarios."""
    template = environment().get_template("scenarios.html.j2")
    path.write_text(template.render(_scenarios(comparison, title)), encoding="utf-8")


def difference_lede(difference: Difference) -> str:
    """Return the sentences that say what changed."""
    if difference.is_empty:
        return "The two runs are the same: nothing differs in inputs, settings, orders, routes or key figures."
    rows = whole_figures(difference.tables["kpi_changes"])
    cost, service, stock = (rows[name] for name in ("simulated_cost", "simulated_fill_rate", "inventory_value"))
    currency = difference.currency
    counts = []
    for name, word, table in (
        ("orders", "order line", difference.tables["order_changes"]),
        ("routes", "route", difference.tables["route_changes"]),
    ):
        before, after = getattr(difference, name)
        plural = "s" if len(table) != 1 else ""
        counts.append(f"{len(table):,} {word}{plural} differ{'' if plural else 's'} (A has {before:,}, B {after:,})")
    return (
        f"From {difference.a.name} to {difference.b.name} the simulated cost changes by "
        f"{change(float(cost['delta']), currency)} {currency}{_interval(cost)}, the simulated fill rate by "
        f"{change(float(service['delta']), str(service['unit']))}{_interval(service)}, and the average stock at cost "
        f"by {change(float(stock['delta']), currency)} {currency}. {'; '.join(counts)}."
    )


def whole_figures(kpis: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of kpi_changes that are about the whole plan, by key figure."""
    rows = kpis[kpis["group_by"] == "all"]
    return {str(row["kpi"]): {str(k): v for k, v in row.items()} for row in rows.to_dict("records")}


def _interval(row: Mapping[str, Any]) -> str:
    low, high, unit = float(row["low"]), float(row["high"]), str(row["unit"])
    if np.isnan(low) or low == high:
        return ""
    return f" (95 % interval {_bare(low, unit)} to {_bare(high, unit)})"


def _bare(delta: float, unit: str) -> str:
    return change(delta, unit).removesuffix(" points")


def headline_rows(kpis: pd.DataFrame) -> list[dict[str, str]]:
    """Return the headline figures of two runs as people read them."""
    rows = whole_figures(kpis)
    out = []
    for name in HEADLINE:
        if name in rows:
            row = rows[name]
            unit, low, high = str(row["unit"]), float(row["low"]), float(row["high"])
            spread = not np.isnan(low) and bool(row["changed"])
            out.append(
                {
                    "label": label(name),
                    "unit": unit_of(unit),
                    "a": written(float(row["value_a"]), unit),
                    "b": written(float(row["value_b"]), unit),
                    "change": change(float(row["delta"]), unit),
                    "relative": "–" if is_share(unit) else relative(float(row["relative"])),
                    "interval": f"{_bare(low, unit)} to {_bare(high, unit)}" if spread else "",
                    "sure": ("sure" if low > 0 or high < 0 else "may be chance") if spread else "",
                    "same": "" if row["changed"] else "same",
                }
            )
    return out


def _difference(difference: Difference) -> dict[str, Any]:
    tables = difference.tables
    data = {
        "start": "2000-01-01",
        "items": [],
        "places": [],
        "currency": difference.currency,
        "names": [difference.a.name, difference.b.name],
        "bridges": list(_bridges(difference)),
        "orders": _records(_largest_first(tables["order_changes"]), _ORDER_COLUMNS),
        "routes": _records(tables["route_changes"], _ROUTE_COLUMNS),
        "stops": _records(tables["stop_changes"], _STOP_COLUMNS),
        "groups": _group_rows(tables["kpi_changes"]),
    }
    return {
        "title": f"{difference.a.name} → {difference.b.name}",
        "project": str(difference.b.provenance.get("project", "")),
        "difference": difference,
        "lede": difference_lede(difference),
        "kpis": headline_rows(tables["kpi_changes"]),
        "bridge_method": difference.bridge_method,
        "matrix": _matrix(tables.get("bridge")),
        "inputs": tables["input_changes"].to_dict("records"),
        "edits": [
            {**row, "before": _total(row["total_before"]), "after": _total(row["total_after"])}
            for row in tables["edit_changes"].to_dict("records")
        ],
        "settings": tables["setting_changes"].to_dict("records"),
        "order_counts": _counts(tables["order_changes"], "cause"),
        "left_out": max(len(tables["order_changes"]) - _MOST_ROWS, 0),
        "sides": [_about(difference.a), _about(difference.b)],
        "style": style("report.css", "comparison.css"),
        "script": script(*_SCRIPTS),
        "data": packed(data),
    }


def _largest_first(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the order lines, those with the largest change of cost first."""
    return orders.iloc[orders["cost_change"].abs().argsort(kind="stable")[::-1]]


def _total(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.2f}"


def _counts(table: pd.DataFrame, column: str) -> list[tuple[str, int]]:
    return [(str(name), int(count)) for name, count in table[column].value_counts().items()]


def _records(table: pd.DataFrame, columns: tuple[str, ...]) -> list[list[Any]]:
    """Return the rows as JSON takes them: dates as ISO text, NaN as null."""
    part = table.head(_MOST_ROWS)[list(columns)].copy()
    for name in part.select_dtypes("datetime"):
        part[name] = part[name].dt.strftime("%Y-%m-%d").astype(object)
    for name in part.select_dtypes("float"):
        part[name] = part[name].round(4).astype(object)
    rows: list[list[Any]] = part.astype(object).where(part.notna(), None).to_numpy().tolist()
    return rows


def _bridges(difference: Difference) -> Iterator[dict[str, Any]]:
    """Yield what the bridge chart can show: figures by patch and setting, then costs by kind."""
    bridge = difference.tables.get("bridge")
    if bridge is not None:
        known = set(bridge["kpi"])
        for name in (kpi for kpi in dict.fromkeys((*COST_KINDS, *HEADLINE)) if kpi in known):
            rows = bridge[bridge["kpi"] == name]
            parts = rows[rows["kind"].isin(("patch", "setting"))]
            ends = rows[rows["kind"].isin(("from", "to"))]
            if len(parts) and (parts["value"] != 0).any():
                steps = [
                    [row["part"], row["value"], row["lowest"], row["highest"], row["kind"]]
                    for row in parts.to_dict("records")
                ]
                yield _chart(name, label(name), str(ends["unit"].iloc[0]), ends["value"].tolist(), steps)
    whole = whole_figures(difference.tables["kpi_changes"])
    for total, kinds in COST_KINDS.items():
        row = whole[total]
        steps = [
            [label(kind), float(whole[kind]["delta"]), None, None, "kind"]
            for kind in kinds
            if whole[kind]["delta"] != 0
        ]
        if steps:
            yield _chart(
                total, _KIND_NAMES[total], str(row["unit"]), [float(row["value_a"]), float(row["value_b"])], steps
            )


def _chart(kpi: str, name: str, unit: str, ends: list[float], steps: list[list[Any]]) -> dict[str, Any]:
    about = {"label": name, "unit": unit_of(unit), "share": is_share(unit), "better": better(kpi)}
    return {**about, "ends": ends, "steps": steps}


def _matrix(bridge: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return what each part adds to each kind of planned cost."""
    if bridge is None:
        return None
    kinds = [*COST_KINDS["planned_cost"], "planned_cost"]
    parts = bridge[bridge["kpi"].isin(kinds) & bridge["kind"].isin(("patch", "setting"))]
    if parts.empty:
        return None
    wide = parts.pivot_table(index=["step", "part"], columns="kpi", values="value").reindex(columns=kinds)
    unit = str(parts["unit"].iloc[0])
    cells = wide.to_numpy(np.float64)
    rows = [(name, [change(float(v), unit) for v in row]) for (_, name), row in zip(wide.index, cells, strict=True)]
    total = ("Sum: B less A", [change(float(v), unit) for v in cells.sum(axis=0).round(2)])
    return {"columns": [label(kind) for kind in kinds], "rows": [*rows, total], "unit": unit}


def _group_rows(kpis: pd.DataFrame) -> list[list[Any]]:
    rows = kpis[kpis["changed"] & (kpis["group_by"] != "all")]
    columns = ("kpi", "group_by", "group", "unit", "value_a", "value_b", "delta", "low", "high")
    out = _records(rows, columns)
    for row in out:
        row[0] = label(str(row[0]))
        for n in (4, 5, 6, 7, 8):
            value = np.nan if row[n] is None else float(row[n])
            text = written(value, str(row[3])) if n < 6 else change(value, str(row[3]))
            row.append("" if row[n] is None else text)
    return out


def _about(side: Side) -> dict[str, Any]:
    about: Mapping[str, Any] = side.provenance
    lines = [
        ("Run", side.run_id),
        ("Folder", Path(side.folder).name),
        ("Scenario", str(about.get("scenario") or "the file as it is")),
        ("Overrides", ", ".join(map(str, about.get("overrides", []))) or "none"),
        ("Seed", str(about["seed"])),
        ("Horizon", f"{about['horizon_buckets']} {about['bucket']}s from {about['horizon_start']}"),
        ("Status", str(about.get("status", "")).replace("_", " ")),
        ("Proven gap of replenishment", f"{100 * float(about.get('gap', 0.0)):.2f} %"),
        ("Planner", str(about.get("versions", {}).get("supply-planner", "unknown"))),
    ]
    return {"name": side.name, "lines": lines}


def scenarios_lede(comparison: Comparison) -> str:
    """Return the sentences that say which scenarios are worth choosing from."""
    frontier = comparison.frontier
    planned = frontier[frontier[["service", "stock", "cost"]].notna().all(axis=1)]
    best = planned[planned["efficient"]]
    failed = len(frontier) - len(planned)
    names = best["scenario"].tolist()
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")
    verb, they = ("is", "It is") if len(names) == 1 else ("are", "They are")
    text = (
        f"{len(planned):,} scenarios are compared; differences are to {comparison.baseline}. {len(best):,} {verb} "
        f"efficient: no other one is at least as good in service, stock and cost and better in one. {they} {shown}."
    )
    return text + (f" {failed:,} have no figures." if failed else "")


def _scenarios(comparison: Comparison, title: str) -> dict[str, Any]:
    kpis = comparison.kpis
    shown = [name for name in HEADLINE if name in set(kpis["kpi"])]
    units = kpis.drop_duplicates("kpi").set_index("kpi")["unit"].to_dict()
    currency = str(units.get("simulated_cost", ""))
    value, delta = (
        kpis.pivot(index="scenario", columns="kpi", values=column).reindex(comparison.scenarios, columns=shown)
        for column in ("value", "delta")
    )
    rows = []
    for name, levels, deltas in zip(
        comparison.scenarios, value.to_numpy(np.float64), delta.to_numpy(np.float64), strict=True
    ):
        cells = []
        for kpi, at, by in zip(shown, levels.tolist(), deltas.tolist(), strict=True):
            unit = str(units[kpi])
            cells.append([None if np.isnan(at) else at, written(at, unit), "" if by == 0 else change(by, unit)])
        rows.append([name, cells])
    frontier = _records(comparison.frontier, tuple(comparison.frontier.columns))
    data = {
        "start": "2000-01-01",
        "items": [],
        "places": [],
        "currency": currency,
        "baseline": comparison.baseline,
        "frontier": frontier,
        "columns": [[label(kpi), unit_of(str(units[kpi]))] for kpi in shown],
        "scenarios": rows,
    }
    return {
        "title": title,
        "lede": scenarios_lede(comparison),
        "baseline": comparison.baseline,
        "count": len(comparison.scenarios),
        "currency": currency,
        "style": style("report.css", "comparison.css"),
        "script": script(*_SCRIPTS),
        "data": packed(data),
    }
