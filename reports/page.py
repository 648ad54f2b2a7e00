"""report.html: one file with everything in it, for reading offline, printing and mailing.

Charts and the map are drawn as SVG by about 650 lines of plain script in `templates/`. Plotly was
weighed and left out: it alone is 4.8 MB where the whole page for 6,000 item-locations takes about
1 MB; it has no chart of stock that jumps at receipts and falls with demand, and no offline map; and its
graphics neither follow the page's type nor print as lines of text. The data are gzipped JSON in the page,
unpacked by the browser (DecompressionStream: every browser since 2023); the figures above the fold, the
assumptions and the provenance are plain HTML and need no script. A content security policy in the page
forbids it to load anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from reports.page_data import MOST_EXCEPTIONS, page_data
from reports.page_shell import environment, packed, script, style
from reports.page_text import assumptions, exceptions_intro, lede, provenance_lines, tiles
from reports.page_together import side_by_side
from reports.run_folder import RunFolder

_SCRIPTS = ("core.js", "charts.js", "overview.js", "explorer.js", "map.js", "tables.js", "main.js")
_MOST_GROUPS = 12
_KEYS = ["item_id", "location_id"]


def write_page(run: RunFolder, path: Path) -> None:
    """Write the page of a run; the same run gives the same bytes."""
    template = environment().get_template("report.html.j2")
    path.write_text(template.render(_context(run)), encoding="utf-8")


def _context(run: RunFolder) -> dict[str, Any]:
    about = run.provenance
    start = pd.Timestamp(about["horizon_start"])
    days = int(about["horizon_buckets"]) * (7 if about["bucket"] == "week" else 1)
    data = {**page_data(run), "overview": _overview(run.tables)}
    return {
        "title": about["project"] if not about.get("scenario") else f"{about['project']}: {about['scenario']}",
        "run_id": about["run_id"],
        "currency": about["currency"],
        "bucket": about["bucket"],
        "buckets": int(about["horizon_buckets"]),
        "start": _day(start),
        "end": _day(start + pd.Timedelta(days=days - 1)),
        "description": str(about.get("settings", {}).get("description", "")),
        "lede": lede(run),
        "tiles": tiles(run),
        "together": side_by_side(run),
        "exceptions_intro": exceptions_intro(run, MOST_EXCEPTIONS),
        "assumptions": assumptions(about.get("settings", {})),
        "provenance": provenance_lines(about),
        "style": style("report.css"),
        "script": script(*_SCRIPTS),
        "data": packed(data),
    }


def _day(date: pd.Timestamp) -> str:
    return f"{date.day} {date:%B %Y}"


def _overview(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return money by bucket over all item-locations, and fill rates by group."""
    stock = tables["projected_inventory"].merge(tables["supply"][[*_KEYS, "unit_cost", "location_type"]], on=_KEYS)
    bought = tables["supply"][[*_KEYS, "source_type"]]
    stock = stock.merge(bought, on=_KEYS)
    worth = pd.DataFrame(
        {
            "bucket_start": stock["bucket_start"],
            "demand": stock["demand_qty"] * stock["unit_cost"],
            "unmet": stock["unmet_qty"] * stock["unit_cost"],
            "received": (stock["receipts_qty"] + stock["planned_receipts_qty"])
            .where(stock["source_type"] == "supplier", 0.0) * stock["unit_cost"],
            "upstream": (stock["closing_qty"] * stock["unit_cost"]).where(stock["location_type"] == "dc", 0.0),
            "downstream": (stock["closing_qty"] * stock["unit_cost"]).where(stock["location_type"] != "dc", 0.0),
        }
    )  # fmt: skip
    by_bucket = worth.groupby("bucket_start").sum().round(2)
    return {"weekly": {str(name): by_bucket[name].tolist() for name in by_bucket}, "service": _service(tables["kpis"])}


def _service(kpis: pd.DataFrame) -> list[list[Any]]:
    """Return [group_by, group, planned, simulated, low, high] of the groups with demand."""
    planned = kpis[kpis["kpi"] == "planned_fill_rate"].set_index(["group_by", "group"])["value"]
    simulated = kpis[kpis["kpi"] == "simulated_fill_rate"].dropna(subset=["value"])
    rows: list[list[Any]] = []
    for group_by in ("all", "channel", "location_type", "abc_class", "category", "region"):
        part = simulated[simulated["group_by"] == group_by]
        if group_by != "all" and len(part) < 2:
            continue
        part = part.sort_values("value").head(_MOST_GROUPS).sort_values("group")
        for group, value, low, high in part[["group", "value", "low", "high"]].itertuples(index=False, name=None):
            figures = (planned.get((group_by, group), value), value, low, high)
            rows.append([group_by, group, *(round(float(figure), 5) for figure in figures)])
    return rows
