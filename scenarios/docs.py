"""Docs: reference pages of everything a user can write, made from the schemas and models."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenarios.paths import walk_settings
from scenarios.scenario import Scenario
from scenarios.tables.columns import Column, TableSchema
from scenarios.tables.schema import TABLES
from scenarios.whatif import Edit, NamedScenario, Patch, Sweep

_KINDS = {
    "id": "id (text)",
    "text": "text",
    "number": "number",
    "integer": "whole number",
    "date": "date (YYYY-MM-DD)",
}
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}

_TABLES_HEAD = """\
# Input tables

Made from `scenarios/tables/schema.py` by `make docs`; do not edit.

One file per table, `<table>.csv` or `<table>.parquet`, in one folder; or one Excel workbook with a sheet per table; or
a database with a table or view per table (`tables:` in `scenario.yaml` names the folder, workbook or SQLAlchemy URL).

- Ids are text: `007` stays `007`. Dates are ISO 8601, `2015-11-23`; an end date is the first day that no longer counts.
- The unit of a number stands in its name: `_qty` (base units of the item), `_days`, `_min`, `_kg`, `_m3`, `_km`.
- An empty cell, or a column that is left out, takes the default. Only columns marked *required* must be filled.
- Line numbers in messages count the header as line 1, in every kind of source.
- CSV files are UTF-8, with commas between columns and a point before decimals.
- A row of a rule table may name an item *or* its category, a location *or* its region; empty means all. The most
  specific row wins: first by item (item, category, all), then by place (location, region, all), then by the lowest
  `priority`, then the first row.
- `demand_history` may also come with the columns `unique_id, ds, y` of the Nixtla libraries: `unique_id` is
  `item/location`, or stands beside columns `item_id` and `location_id`.
"""
_SETTINGS_HEAD = """\
# Settings

Everything `scenario.yaml` may hold. Made from `scenarios/scenario.py` and `scenarios/settings.py` by `make docs`; do
not edit.

Any of these paths may stand under `set` of a named scenario and after `--set` on the command line:
`--set inventory.service_target=0.98`.
"""
_NAMED_SECTIONS: tuple[tuple[str, str, type[BaseModel], str], ...] = (
    (
        "Named scenarios",
        "scenarios.NAME",
        NamedScenario,
        "What-ifs that are kept in the file and run with `--scenario NAME`; values given with `--set` come after them.",
    ),
    ("Patches", "patches.PATCH", Patch, "Named edits of the input tables; see [scenarios.md](scenarios.md)."),
    (
        "Edits",
        "patches.PATCH.edits[]",
        Edit,
        "One change of one table. A value may be `${NAME}`, or an expression over the row that begins with `=`.",
    ),
    ("Sweeps", "sweeps.SWEEP", Sweep, "Many runs at once: `planner scenarios sweep PROJECT SWEEP`."),
)
_SECTION_KEYS = {"scenarios", "patches", "sweeps"}


def input_tables_markdown() -> str:
    """Return the reference of all input tables as Markdown."""
    overview = _table(
        ("table", "what", "required"),
        [
            (f"[{name}](#{name})", schema.description, "yes" if schema.required else "")
            for name, schema in TABLES.items()
        ],
    )
    return "\n".join([_TABLES_HEAD, overview, *(_table_section(schema) for schema in TABLES.values())])


def settings_markdown() -> str:
    """Return the reference of all keys of a scenario file as Markdown."""
    rows = [
        (f"`{path}`", _type_text(field), _limits_text(field), _default_text(field), field.description or "")
        for path, field in walk_settings()
        if not _is_section(field) and path not in _SECTION_KEYS
    ]
    parts = [_SETTINGS_HEAD, _table(("key", "type", "limits", "default", "meaning"), rows)]
    for title, prefix, model, text in _NAMED_SECTIONS:
        keys = [
            (f"`{prefix}.{path}`", _type_text(field), field.description or "")
            for path, field in walk_settings(model)
            if path not in {"edits", "monte_carlo"}
        ]
        parts.append(f"## {title}\n\n{text}\n\n{_table(('key', 'type', 'meaning'), keys)}")
    return "\n".join(parts)


def scenario_json_schema() -> dict[str, object]:
    """Return the JSON schema of a scenario file, for editors that complete and check YAML."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def _table_section(schema: TableSchema) -> str:
    rows = [
        (f"`{column.name}`", _KINDS[column.kind], column.unit, _need_text(column), _meaning_text(column))
        for column in schema.columns
    ]
    keys = ", ".join(f"`{name}`" for name in schema.key)
    head = f"## {schema.name}\n\n{schema.description}\nOne row per {keys}.\n"
    return f"{head}\n{_table(('column', 'type', 'unit', 'default', 'meaning'), rows)}"


def _need_text(column: Column) -> str:
    if column.required:
        return "*required*"
    return "" if column.default in {None, ""} else f"{column.default:g}" if _is_number(column) else str(column.default)


def _is_number(column: Column) -> bool:
    return column.kind in {"number", "integer"}


def _meaning_text(column: Column) -> str:
    parts = [column.description]
    if column.choices:
        parts.append(f"One of {', '.join(f'`{choice}`' for choice in column.choices)}.")
    if column.references:
        parts.append(f"Refers to `{column.references}`.")
    if column.minimum is not None and column.maximum is not None:
        parts.append(f"From {column.minimum:g} to {column.maximum:g}.")
    elif column.minimum is not None:
        parts.append("Above 0." if 0 < column.minimum < 1e-6 else f"At least {column.minimum:g}.")
    return " ".join(parts)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _type_text(field: FieldInfo) -> str:
    return _annotation_text(field.annotation)


def _annotation_text(annotation: object) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is object:
        return "value"
    if origin is typing.Annotated:
        return _annotation_text(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in arguments)
    if origin in {types.UnionType, typing.Union}:
        return " or ".join("empty" if part is type(None) else _annotation_text(part) for part in arguments)
    if origin is tuple:
        count = "" if arguments[-1] is Ellipsis else f"{len(arguments)} of "
        return f"list of {count}{_annotation_text(arguments[0])}"
    if origin is dict:
        return f"{_annotation_text(arguments[0])}: {_annotation_text(arguments[1])}"
    if isinstance(annotation, type):
        return _TYPES.get(annotation, annotation.__name__.lower())
    return str(annotation)


def _limits_text(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    parts = [
        f"{sign} {getattr(rule, name):g}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    return ", ".join(parts)


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, tuple):
        return ", ".join(str(part) for part in default)
    return (
        ""
        if default is None or default in ("", {})
        else str(default).lower()
        if isinstance(default, bool)
        else str(default)
    )
