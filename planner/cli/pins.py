"""`planner pins`: decisions of people on orders, from the planner's workbook into the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import JsonOption, ProjectArgument, QuietOption

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from reports.workbook_decisions import Decision, Decisions
    from scenarios.resolve import Reading
    from scenarios.tables.issues import Issues
    from scenarios.tables.pin_rows import Cells, Overridden

app = typer.Typer(
    no_args_is_help=True, help="Orders that people have fixed: take them over from a workbook, list them."
)

_REASONS = {
    "approve": "approved in the workbook",
    "change": "changed in the workbook",
    "reject": "rejected in the workbook",
    "sibling": "as planned; another order of its bucket is fixed",
}


@app.command("import")
def import_pins(
    workbook: Annotated[Path, typer.Argument(help="planner.xlsx with decisions in it.", show_default=False)],
    project: ProjectArgument,
    author: Annotated[str, typer.Option("--author", help="Who decided, for rows without an author.")] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn the decisions of a planner's workbook into pins of the project; twice changes nothing.

    approve keeps the quantity, change takes the new one, reject forbids the order. Pins of the same item,
    location and bucket are replaced. All problems are told at once; nothing is written then.
    """
    import json
    import sys

    from planner.cli.screen import note
    from reports.workbook_decisions import read_decisions
    from scenarios.errors import InputError
    from scenarios.tables.issues import Issues
    from scenarios.tables.pin_rows import merge_pins
    from scenarios.tables.schema import PINS

    issues = Issues()
    reading = _reading(project, issues)
    found = read_decisions(workbook)
    for fault in found.faults:
        issues.add(
            "error", fault.sheet, "decision", fault.message, fault.action,
            row=fault.row, column=fault.column, value=fault.value, rows=1,
        )  # fmt: skip
    late = [one for one in found.decisions if one.receipt_date >= found.horizon_end]
    taken = [one for one in found.decisions if one.receipt_date < found.horizon_end]
    rows = [_pin(one, found, author, issues) for one in taken]
    if (issues.frame()["severity"] == "error").any():
        raise InputError(issues.frame())
    merge = merge_pins(reading.tables, reading.root, PINS, rows, _same_bucket(taken, found))
    if as_json:
        figures = {
            "file": str(merge.path),
            "decisions": sum(one.choice != "sibling" for one in found.decisions),
            "added": merge.added,
            "changed": merge.changed,
            "unchanged": merge.unchanged,
            "replaced": list(merge.replaced),
            "after_horizon": [one.order_id for one in late],
        }
        sys.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
        return
    for line in _notes(found, late, merge.replaced):
        note(line, quiet)
    sys.stdout.write(f"{merge.path}: {merge.added} pins added, {merge.changed} changed, {merge.unchanged} as before\n")


@app.command("list")
def list_pins(project: ProjectArgument, as_json: JsonOption = False) -> None:
    """List the pins of a project and whether they count in its horizon."""
    import json
    import sys

    from planner.cli.screen import show_rows
    from scenarios.errors import InputError
    from scenarios.tables.issues import Issues

    issues = Issues()
    reading = _reading(project, issues)
    pins = _read_pins(reading, issues)
    if (issues.frame()["severity"] == "error").any():
        raise InputError(issues.frame())
    pins["state"] = _states(pins, reading)
    for column in ("receipt_date", "expires_date"):
        pins[column] = pins[column].dt.strftime("%Y-%m-%d").fillna("")
    if as_json:
        sys.stdout.write(json.dumps(pins.to_dict("records"), indent=2, ensure_ascii=False) + "\n")
    elif pins.empty:
        sys.stdout.write("The project has no pins.\n")
    else:
        pins["qty"] = pins["qty"].map("{:g}".format)
        shown = ["pin_id", "item_id", "location_id", "receipt_date", "qty", "state", "author", "reason"]
        show_rows("", shown, [[str(cell) for cell in row] for row in pins[shown].itertuples(index=False)])


def _reading(project: Path, issues: Issues) -> Reading:
    """Return what the scenario file says; all that is wrong with it as an error."""
    from scenarios.errors import InputError
    from scenarios.resolve import read_scenario

    reading = read_scenario(project, None, (), issues)
    if reading is None or reading.outline is None:
        raise InputError(issues.frame())
    return reading


def _pin(one: Decision, found: Decisions, author: str, issues: Issues) -> Cells:
    """Return a decision as a row of pins; a missing author is an issue."""
    from datetime import timedelta

    who = one.author or author
    if not who and one.choice == "sibling":
        who = "planner pins import"
    if not who:
        issues.add(
            "error", one.sheet, "author", "Nobody is named who decided on this order.",
            "Fill in Author, or name one for all with --author.", row=str(one.row), column="Author", rows=1,
        )  # fmt: skip
    return {
        "pin_id": f"{one.order_id}@{found.run_id}",
        "item_id": one.item_id,
        "location_id": one.location_id,
        "receipt_date": one.receipt_date,
        "qty": one.qty,
        "author": who,
        "reason": one.note if one.note and one.choice != "sibling" else _REASONS[one.choice],
        "expires_date": one.bucket_start + timedelta(days=found.bucket_days),
    }


def _same_bucket(decisions: list[Decision], found: Decisions) -> Overridden:
    """Return what tells whether a pin is about an item-location and bucket that was decided on."""
    from datetime import timedelta

    from scenarios.tables.pin_rows import day_of, text_of

    length = timedelta(days=found.bucket_days)
    starts: dict[tuple[str, str], list[date]] = {}
    for one in decisions:
        starts.setdefault((one.item_id, one.location_id), []).append(one.bucket_start)

    def decided(cells: Cells) -> bool:
        day = day_of(cells.get("receipt_date"))
        buckets = starts.get((text_of(cells.get("item_id")), text_of(cells.get("location_id"))), [])
        return day is not None and any(start <= day < start + length for start in buckets)

    return decided


def _notes(found: Decisions, late: list[Decision], replaced: tuple[str, ...]) -> list[str]:
    """Return what people should know besides the counts."""
    out = []
    if not found.decisions:
        out.append("The workbook holds no decisions.")
    siblings = [one.order_id for one in found.decisions if one.choice == "sibling" and one not in late]
    if siblings:
        out.append(f"Kept as planned, as another order of their bucket is fixed: {_some(siblings)}.")
    if late:
        ids = [one.order_id for one in late]
        out.append(f"Left out, as they arrive after the horizon, where pins have no effect: {_some(ids)}.")
    if replaced:
        out.append(f"Older pins of the same buckets were replaced: {_some(list(replaced))}.")
    return out


def _some(names: list[str]) -> str:
    more = len(names) - 10
    return ", ".join(names[:10]) + (f" and {more:,} more" if more > 0 else "")


def _read_pins(reading: Reading, issues: Issues) -> pd.DataFrame:
    """Return the pins of a project as typed rows."""
    from scenarios.tables.issues import Issues as Collected
    from scenarios.tables.load import load_tables
    from scenarios.tables.parse import no_table, parse_table
    from scenarios.tables.schema import PINS

    others = Collected()
    raw = load_tables(reading.tables, reading.root, others)
    about_pins = [row for row in others.rows if row[1] in {PINS.name, "scenario"}]
    issues.rows.extend(about_pins)
    table = parse_table(raw["pins"], PINS, issues) if raw and "pins" in raw else no_table(PINS)
    return table.frame.astype({column.name: object for column in PINS.columns if column.kind in {"id", "text"}})


def _states(pins: pd.DataFrame, reading: Reading) -> list[str]:
    """Return per pin whether it counts in the horizon of the scenario file, else why not."""
    import pandas as pd

    assert reading.outline is not None
    horizon = reading.outline.horizon
    start = pd.Timestamp(horizon.start)
    end = start + pd.Timedelta(days=horizon.buckets * horizon.bucket_days)
    return [
        "expired"
        if expires <= start
        else "before the horizon"
        if day < start
        else "after the horizon"
        if day >= end
        else "counts"
        for day, expires in zip(pins["receipt_date"], pins["expires_date"], strict=True)
    ]
