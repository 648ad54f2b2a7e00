"""Overview of a day on one page: figures, routes, map, what is left over and the nearest fix, emissions."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports.dispatch_day import DispatchDay, clock, records
from reports.dispatch_map import COLOURS, DASHES, day_map
from reports.emissions import DEFAULT, MEASURED
from reports.texts import text

_WORDS = ("routes_title", "map", "map_note", "sheet_unassigned", "stop", "why", "fix", "all_assigned", "emissions",
          "emissions_boundary")  # fmt: skip
_SOURCES = {MEASURED: "dispatch.emissions_measured", DEFAULT: "dispatch.emissions_default"}


def write_overview(day: DispatchDay, path: Path, lang: str = "en") -> None:
    """Write the page: one file that loads nothing and prints on A4."""
    path.write_text(_template().render(_context(day, lang)), encoding="utf-8")


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("dispatch.html.j2")


def _context(day: DispatchDay, lang: str) -> dict[str, Any]:
    sums, money = day.totals, str(day.run.provenance["currency"])
    weekday = text(lang, f"dispatch.weekday.{day.date.weekday()}")
    date = text(lang, "dispatch.date", day=weekday, date=f"{day.date:%Y-%m-%d}")
    figures = [
        (f"{sums['routes']:,.0f}", text(lang, "dispatch.routes")),
        (f"{sums['stops']:,.0f}", text(lang, "dispatch.stops")),
        (f"{sums['distance_km']:,.1f} km", text(lang, "dispatch.distance")),
        (f"{sums['duration_min'] / 60:,.1f} h", text(lang, "dispatch.on_the_road")),
        (f"{sums['wait_min'] / 60:,.1f} h", text(lang, "dispatch.waiting")),
        (f"{sums['load_kg']:,.1f} kg", text(lang, "dispatch.carried")),
        ("–" if pd.isna(sums["utilisation"]) else f"{sums['utilisation']:.1%}", text(lang, "dispatch.utilisation")),
        (f"{sums['cost']:,.2f} {money}", text(lang, "dispatch.cost")),
        (f"{sums['co2e_kg']:,.1f} kg", text(lang, "dispatch.co2e")),
    ]
    header = [("", False), *((text(lang, f"dispatch.{key}"), numeric) for key, numeric in _COLUMNS)]
    return {
        "lang": lang,
        "title": text(lang, "dispatch.overview_title", depot=day.depot["name"], date=date),
        "lede": _lede(day, lang),
        "figures": figures,
        "header": header,
        "routes": [(_swatch(int(row["number"])), _cells(day, row, lang)) for row in records(day.routes)],
        "total": ["", f"{sums['stops']:,.0f}", f"{sums['distance_km']:,.1f}", "", f"{sums['duration_min'] / 60:,.1f}",
                  f"{sums['wait_min']:,.0f}", f"{sums['load_kg']:,.1f}", "", f"{sums['cost']:,.2f}",
                  f"{sums['co2e_kg']:,.1f}"],
        "map": Markup(day_map(day, lang)),
        "unassigned": [
            {**row, "kg": f"{row['weight_kg']:,.1f}", "m3": f"{row['volume_m3']:,.2f}"}
            for row in records(day.unassigned)
        ],
        "words": {word: text(lang, f"dispatch.{word}") for word in _WORDS},
        "sources": [_source(lang, source) for source in sorted(set(day.routes["co2e_source"]))],
        "provenance": text(
            lang,
            "dispatch.provenance",
            run=day.run.provenance["run_id"],
            project=day.run.provenance["project"],
            depot=day.depot_id,
        ),
    }  # fmt: skip


_COLUMNS = (
    ("vehicle", False), ("stops", True), ("km", True), ("times", False), ("hours", True), ("waiting_min", True),
    ("kg", True), ("utilisation", True), ("cost", True), ("co2e_short", True),
)  # fmt: skip


def _cells(day: DispatchDay, route: dict[Any, Any], lang: str) -> list[str]:
    breaks = [row for rows in day.breaks_of(route["route_id"]).values() for row in rows]
    rests = [f"{clock(row['start'], day.date)}–{clock(row['end'], day.date)}" for row in breaks]
    return [
        f"{route['number']} · {route['vehicle_id']} {route['vehicle_no']}",
        f"{route['stops']}",
        f"{route['distance_km']:,.1f}",
        f"{clock(route['departure'], day.date)}–{clock(route['return'], day.date)}"
        + "".join(", " + text(lang, "dispatch.break_at", times=times) for times in rests),
        f"{route['duration_min'] / 60:,.1f}",
        f"{route['wait_min']:,.0f}",
        f"{route['load_kg']:,.1f}",
        f"{route['utilisation']:.1%}",
        f"{route['cost']:,.2f}",
        f"{route['co2e_kg']:,.1f}",
    ]


def _lede(day: DispatchDay, lang: str) -> str:
    if day.routes.empty:
        return text(lang, "dispatch.lede_none", left=len(day.unassigned))
    first = min(day.routes["departure"])
    last = max(day.routes["return"])
    return text(
        lang,
        "dispatch.lede",
        routes=len(day.routes),
        stops=int(day.routes["stops"].sum()),
        out=clock(first, day.date),
        back=clock(last, day.date),
        left=len(day.unassigned),
    )


def _source(lang: str, source: str) -> str:
    return text(lang, _SOURCES[source]) if source in _SOURCES else source


def _swatch(number: int) -> Markup:
    dash = DASHES[(number - 1) // len(COLOURS) % len(DASHES)]
    return Markup(
        f'<svg class="swatch" viewBox="0 0 48 14" aria-hidden="true"><path d="M0 7H48" stroke-width="4" '
        f'stroke="{COLOURS[(number - 1) % len(COLOURS)]}" stroke-dasharray="{dash}"/></svg>'
    )
