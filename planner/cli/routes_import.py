"""`planner routes import`: a plan changed by hand becomes the plan of record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import JsonOption

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from planner.distribution.retiming import RetimedDay
    from reports.run_folder import RunFolder
    from scenarios.project import Project


def import_routes(
    plan: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV of stops or VROOM JSON, changed by hand.", show_default=False)
    ],
    run: Annotated[Path, typer.Option("--run", help="Run folder that the plan changes.", show_default=False)],
    project: Annotated[
        Path, typer.Option("--project", help="Project folder or scenario file of the run.", show_default=False)
    ],
    author: Annotated[str | None, typer.Option("--author", help="Who changed it; default: your user name.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; default: the name of the file.")] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="YYYY-MM-DD", help="Plans that start then or later ignore the pins."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a plan of one or more days again, name what it breaks in VROOM's words, and pin it in the project.

    A plan that breaks a rule is refused (exit code 5) and nothing is written. Otherwise every stop becomes a
    row of the project's table stop_pins: `planner run` then keeps vehicle and order, and plans around them.
    Older pins of the same days and depots are replaced.
    """
    import sys

    from planner.cli.edge import ExitCode
    from planner.distribution.hand_plan import read_hand_plan
    from planner.distribution.retiming import pins_of, retime
    from reports.dispatch_sheets import stop_columns
    from reports.run_folder import read_run
    from scenarios.project import load_project
    from scenarios.tables.pin_rows import day_of, merge_pins, text_of
    from scenarios.tables.transport_schema import STOP_PINS

    until = _date(expires)
    finished = read_run(run)
    about = finished.provenance
    given = load_project(project, about.get("scenario") or None, about.get("overrides", ()))
    headers, _ = stop_columns(about["settings"])
    stops = read_hand_plan(plan, finished, headers)
    days = retime(
        plan, stops, finished.tables["loads"], given.tables, given.scenario.timezone, given.scenario.distribution
    )
    if not as_json:
        _show(days, finished)
    broken = sum(len(day.violations) for day in days)
    if broken:
        _say(as_json, days, f"{broken} rules are broken: nothing was written. Change the plan or the limits.", 0)
        sys.exit(ExitCode.REFUSED)
    pins = pins_of(days, author or _user(), reason or f"imported from {plan.name}", until)
    planned = {(row["date"], row["origin_id"]) for row in pins}
    merge = merge_pins(
        given.scenario.tables,
        given.root,
        STOP_PINS,
        pins,
        lambda cells: (day_of(cells.get("date")), text_of(cells.get("origin_id"))) in planned,
    )
    path, went = merge.path, len(merge.replaced)
    replaced = f", in place of {went} older ones" if went else ""
    changed = _changed_inputs(given, finished)
    _say(
        as_json, days, f"{path}: {len(pins)} stops are pinned{replaced}. `planner run` keeps them.{changed}", len(pins)
    )


def _date(text: str | None) -> date | None:
    import datetime

    from planner.cli.edge import UsageError

    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date. Write --expires as YYYY-MM-DD.") from None


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _changed_inputs(project: Project, run: RunFolder) -> str:
    """Say which tables that routes depend on are not what the run was planned from."""
    before = run.provenance.get("input_hashes", {})
    tables = ("locations", "vehicles", "travel_matrix", "stop_windows", "driver_breaks")
    changed = [name for name in tables if before.get(name) != project.hashes.get(name)]
    if not changed:
        return ""
    return f" The project's {' and '.join(changed)} changed since the run; the plan was judged by what they are now."


def _show(days: Sequence[RetimedDay], run: RunFolder) -> None:
    from planner.cli.screen import show_rows

    before = run.tables["routes"]
    for day in days:
        old = before[(before["date"] == day.date) & (before["depot_id"] == day.depot_id)]
        rows = [
            (
                f"{route['vehicle_id']} {route['vehicle_no']}",
                f"{route['stops']}",
                f"{route['distance_km']:,.1f}",
                f"{str(route['departure'])[11:16]}-{str(route['return'])[11:16]}",
                f"{route['utilisation']:.1%}",
                f"{route['cost']:,.2f}",
            )
            for route in day.routes.to_dict("records")
        ]
        title = f"{day.date:%Y-%m-%d} {day.depot_id}: {_change(old, day.routes)}"
        show_rows(title, ("vehicle", "stops", "km", "out-back", "filled", "cost"), rows)
        if day.violations:
            told = [(v.cause, v.vehicle or "-", v.load_id or "-", v.message) for v in day.violations]
            show_rows("", ("violation", "vehicle", "load", "what"), told)
        if day.left_out:
            show_rows(
                "", ("not in the plan: `planner run` routes it where it fits",), [(load,) for load in day.left_out]
            )


def _change(old: pd.DataFrame, new: pd.DataFrame) -> str:
    km, cost = new["distance_km"].sum(), new["cost"].sum()
    more_km, more_cost = km - old["distance_km"].sum(), cost - old["cost"].sum()
    return f"{km:,.1f} km ({more_km:+,.1f}), cost {cost:,.2f} ({more_cost:+,.2f} against the run)"


def _say(as_json: bool, days: Sequence[RetimedDay], sentence: str, pins: int) -> None:
    import json
    import sys
    from dataclasses import asdict

    if not as_json:
        sys.stdout.write(sentence + "\n")
        return
    told = {
        "days": [
            {
                "date": f"{day.date:%Y-%m-%d}",
                "depot_id": day.depot_id,
                "distance_km": round(float(day.routes["distance_km"].sum()), 6),
                "cost": round(float(day.routes["cost"].sum()), 6),
                "violations": [asdict(violation) for violation in day.violations],
                "left_out": list(day.left_out),
            }
            for day in days
        ],
        "pins": pins,
        "message": sentence,
    }
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
