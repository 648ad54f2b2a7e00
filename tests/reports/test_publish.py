"""Publishing to a real PostgreSQL server: whole, again and again the same; and inputs read from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from postgres_server import running_server, why_no_server
from small_project import small_tables, write_project
from synthetic_run import make_tables, provenance

from reports.publish import SCHEMA, PublishError, publish_run
from reports.run_folder import RunFolder, read_run, write_run
from reports.tables import PUBLISHED
from scenarios.project import load_project

server_needed = pytest.mark.skipif(bool(why_no_server()), reason=why_no_server() or "there is one")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="psycopg is not installed (extra `postgres`)")
    with running_server() as address:
        yield address


def _read(url: str, name: str, run_id: str) -> pd.DataFrame:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        asked = sa.text(f'SELECT * FROM {SCHEMA}."{name}" WHERE run_id = :run_id')
        return pd.read_sql_query(asked, connection, params={"run_id": run_id})


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(list(table.columns), ignore_index=True)


@server_needed
def test_a_published_run_comes_back_and_stays_the_same(url: str, run: RunFolder, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", make_tables(seed=2), provenance(2), {}, csv=False)
    for each in (run, other, run):
        publish_run(each, url)
    for each in (run, other):
        run_id = each.provenance["run_id"]
        assert _read(url, "runs", run_id)["cost"].tolist() == [100_000.0]
        for name in PUBLISHED:
            table = each.tables[name]
            back = _read(url, name, run_id).drop(columns="run_id")
            back = back.astype(table.dtypes.to_dict())
            # a database promises no order of rows
            pd.testing.assert_frame_equal(_sorted(back), _sorted(table), check_dtype=False)


@server_needed
def test_a_publication_that_fails_leaves_nothing(url: str, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    write_run(tmp_path / "run", tables, provenance(7), {}, csv=False)
    (tmp_path / "run" / "kpis.parquet").write_bytes(b"")
    damaged = read_run(tmp_path / "run")
    with pytest.raises(Exception, match=r"kpis\.parquet"):
        publish_run(damaged, url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables_there = sa.inspect(connection).get_table_names(SCHEMA)
    if tables_there:  # made by another test
        for name in ("runs", "replenishment_orders"):
            assert _read(url, name, damaged.provenance["run_id"]).empty


@server_needed
def test_a_table_of_an_earlier_version_gets_its_new_column(url: str, run: RunFolder) -> None:
    publish_run(run, url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(f'ALTER TABLE {SCHEMA}.routes DROP COLUMN "return"'))
    publish_run(run, url)
    back = _read(url, "routes", run.provenance["run_id"])
    assert back["return"].tolist() == run.tables["routes"]["return"].tolist()


@server_needed
def test_inputs_come_from_the_same_server(url: str, tmp_path: Path) -> None:
    rows = small_tables(weeks=8)
    plain = write_project(tmp_path / "plain", rows)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for name, table in rows.items():
            pd.DataFrame(table).to_sql(name, connection, index=False)
    from_server = write_project(tmp_path / "server", {}, {"tables": url})
    one, other = load_project(plain), load_project(from_server)
    for name, table in one.tables.items():
        key = [column for column in table.columns if column != "line"]
        first, second = (p.tables[name][key].sort_values(key, ignore_index=True) for p in (one, other))
        pd.testing.assert_frame_equal(first, second)


def test_wrong_addresses(run: RunFolder) -> None:
    with pytest.raises(PublishError, match=r"postgresql\+psycopg://"):
        publish_run(run, "not a url")
    with pytest.raises(PublishError, match="not to sqlite"):
        publish_run(run, "sqlite:///x.db")
    pytest.importorskip("psycopg")
    with pytest.raises(PublishError, match=r"planner:\*\*\*@127\.0\.0\.1(.|\n)*run folder stays") as refusal:
        publish_run(run, "postgresql://planner:secret@127.0.0.1:9/x?connect_timeout=2")
    assert "secret" not in str(refusal.value)
