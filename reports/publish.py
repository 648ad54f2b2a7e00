"""Publish: the tables of a run into a PostgreSQL database, all of them in one transaction or none.

Every published table has its namesake in the schema `planner_runs`, with `run_id` before its own columns; the table
`runs` says what each run is. Publishing a run again replaces its rows by the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import sqlalchemy as sa

from reports.declared import Column
from reports.optional_tables import OPTIONAL
from reports.run_folder import RunFolder, RunFolderError
from reports.tables import PUBLISHED

SCHEMA = "planner_runs"
_TYPES: dict[str, Any] = {"str": sa.Text(), "float64": sa.Double(), "int64": sa.BigInteger(), "bool": sa.Boolean()}
_LOCK = 7_236_811  # any number: publishers wait for each other, so that no two make the same table


class PublishError(RunFolderError):
    """A database that cannot be written: what, where and what to do."""


def publish_run(run: RunFolder, url: str) -> None:
    """Write the published tables and the provenance of a run into a database.

    Parameters
    ----------
    url : SQLAlchemy URL of a PostgreSQL database, postgresql+psycopg://USER@HOST/DATABASE.

    Raises
    ------
    PublishError
        The URL is no such URL, or the database cannot be reached or written; nothing was written then.
    """
    address = _address(url)
    shown = address.render_as_string(hide_password=True)
    try:
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _make_tables(connection)
            _write(connection, run)
    except ImportError as error:
        raise PublishError(
            f"Publishing to {shown} needs a driver that is not installed ({error}). Install `supply-planner[postgres]`."
        ) from error
    except sa.exc.SQLAlchemyError as error:
        raise PublishError(
            f"The run cannot be published to {shown}: {_first_line(error)}. Nothing was written there; the run folder "
            "stays. Check the URL and the rights of the user, then publish again."
        ) from error


def published_tables() -> sa.MetaData:
    """Return the tables of the schema as they should be."""
    metadata = sa.MetaData(schema=SCHEMA)
    sa.Table(
        "runs",
        metadata,
        sa.Column("run_id", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("project", "scenario", "status", "currency")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("cost", "lower_bound", "gap")),
        sa.Column("provenance", sa.Text(), nullable=False, comment="provenance.json of the run folder."),
        comment="The runs that were published.",
    )
    for name, schema in (PUBLISHED | OPTIONAL).items():
        columns: list[sa.Column[Any]] = [
            sa.Column(column, _TYPES.get(declared.dtype, sa.Date()), comment=_described(declared))
            for column, declared in schema.columns.items()
        ]
        sa.Table(
            name,
            metadata,
            sa.Column("run_id", sa.Text(), sa.ForeignKey(f"{SCHEMA}.runs.run_id"), nullable=False, index=True),
            *columns,
            comment=schema.description,
        )
    return metadata


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise PublishError("--publish takes a URL such as postgresql+psycopg://USER@HOST/DATABASE.") from error
    if address.get_backend_name() != "postgresql":
        raise PublishError(
            f"Runs are published to PostgreSQL, not to {address.get_backend_name()}. Give a URL such as "
            "postgresql+psycopg://USER@HOST/DATABASE."
        )
    return address.set(drivername="postgresql+psycopg")


def _make_tables(connection: sa.Connection) -> None:
    """Make the schema and what it lacks; a table of an earlier version gets its new columns, empty for old runs."""
    inspector = sa.inspect(connection)
    if SCHEMA not in inspector.get_schema_names():
        connection.execute(sa.schema.CreateSchema(SCHEMA))
    there = set(inspector.get_table_names(SCHEMA))
    metadata = published_tables()
    for table in [each for each in metadata.sorted_tables if each.name in there]:
        known = {column["name"] for column in inspector.get_columns(table.name, SCHEMA)}
        for column in [each for each in table.columns if each.name not in known]:
            words = (_quoted(table.name), _quoted(column.name), column.type.compile(connection.dialect))
            connection.execute(sa.text("ALTER TABLE {}.{} ADD COLUMN {} {}".format(SCHEMA, *words)))
    metadata.create_all(connection)


def _write(connection: sa.Connection, run: RunFolder) -> None:
    about = run.provenance
    run_id = str(about["run_id"])
    tables = published_tables().sorted_tables
    for table in reversed(tables):
        connection.execute(table.delete().where(table.c.run_id == run_id))
    runs = next(table for table in tables if table.name == "runs")
    asked = ("project", "scenario", "status", "currency", "cost", "lower_bound", "gap")
    row = {name: about[name] for name in asked}
    told = json.dumps(about, sort_keys=True, ensure_ascii=False)
    connection.execute(runs.insert().values(run_id=run_id, provenance=told, **row))
    cursor: Any = connection.connection.cursor()
    with cursor:
        for name in [known for known in PUBLISHED | OPTIONAL if known in run.tables]:
            frame = run.tables[name]
            columns = ", ".join(_quoted(str(column)) for column in ("run_id", *frame.columns))
            with cursor.copy(f"COPY {SCHEMA}.{_quoted(name)} ({columns}) FROM STDIN") as copy:
                for row_values in _rows(frame):
                    copy.write_row((run_id, *row_values))


def _rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield rows as plain Python values, None where empty, days as dates."""
    plain = (column.dt.date if column.dtype.kind == "M" else column for _, column in frame.items())
    return zip(*(column.astype(object).where(column.notna(), None) for column in plain), strict=True)


def _described(declared: Column) -> str:
    return f"{declared.description} [{declared.unit}]" if declared.unit else declared.description


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _first_line(error: Exception) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
