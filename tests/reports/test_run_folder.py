"""Run folders: whole or not at all, the same bytes, and plain words when something is wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from synthetic_run import make_tables, provenance

from reports import run_folder
from reports.run_folder import PROVENANCE, RunFolder, RunFolderError, read_run, write_run
from reports.tables import PUBLISHED, conform

Tables = dict[str, pd.DataFrame]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_round_trip(run: RunFolder, tables: Tables) -> None:
    assert set(run.tables) == set(PUBLISHED)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(run.tables[name], table)
        conform(PUBLISHED[name], run.tables[name])
    assert run.provenance["seed"] == 1
    assert run.provenance["seconds"] == {"forecast": 1.25}
    assert len(run.provenance["run_id"]) == 12


def test_empty_tables_come_back(tmp_path: Path, tables: Tables) -> None:
    tables = {**tables, "unassigned": tables["unassigned"].head(0), "routes": tables["routes"].head(0)}
    write_run(tmp_path / "run", tables, provenance(), {})
    back = read_run(tmp_path / "run").tables
    pd.testing.assert_frame_equal(back["unassigned"], tables["unassigned"])
    pd.testing.assert_frame_equal(back["routes"], tables["routes"])


def test_two_runs_are_the_same_bytes_but_for_the_seconds(tmp_path: Path) -> None:
    write_run(tmp_path / "one", make_tables(), provenance(), {"routes": 1.0})
    write_run(tmp_path / "two", make_tables(), provenance(), {"routes": 2.0})
    one, two = _bytes(tmp_path / "one"), _bytes(tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == [PROVENANCE]
    abouts = [json.loads(files[PROVENANCE]) for files in (one, two)]
    assert [about.pop("seconds") for about in abouts] == [{"routes": 1.0}, {"routes": 2.0}]
    assert abouts[0] == abouts[1]
    assert list(abouts[0]) == sorted(abouts[0])


def test_csv_is_for_people(run: RunFolder, tables: Tables) -> None:
    with (run.path / "replenishment_orders.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["item_id"] == "000"  # leading zeros stay
    assert rows[0]["order_date"] == "2015-11-23"
    assert max(len(row["cost"].partition(".")[2]) for row in rows) <= 6
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(tables["replenishment_orders"]["cost"].sum())
    with (run.path / "items.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == tables["items"]["name"].tolist()


@pytest.mark.parametrize("moment", ["a table", "an extra", "the first rename", "the second rename"])
def test_a_failure_leaves_the_old_run(
    tmp_path: Path, tables: Tables, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    target = tmp_path / "run"
    write_run(target, tables, provenance(1), {})
    before = _bytes(target)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    renames = [0]
    rename = Path.rename

    def fail_at(self: Path, other: Path) -> Path:
        renames[0] += 1
        if renames[0] == (1 if moment == "the first rename" else 2):
            fail()
        return rename(self, other)

    extras = {"page.html": fail} if moment == "an extra" else {}
    if moment == "a table":
        monkeypatch.setattr(run_folder, "write_table", fail)
    elif "rename" in moment:
        monkeypatch.setattr(Path, "rename", fail_at)
    with pytest.raises(OSError, match="disk full"):
        write_run(target, tables, provenance(2), {}, extras)
    monkeypatch.undo()
    assert _bytes(target) == before
    assert read_run(target).provenance["seed"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_write_cut_short_between_the_renames_is_still_a_run(tmp_path: Path, tables: Tables) -> None:
    target = tmp_path / "run"
    write_run(target, tables, provenance(1), {})
    target.rename(tmp_path / ".run.old")
    cut_short = read_run(target)
    assert cut_short.provenance["seed"] == 1
    pd.testing.assert_frame_equal(cut_short.tables["routes"], tables["routes"])
    write_run(target, tables, provenance(2), {})
    assert read_run(target).provenance["seed"] == 2
    assert read_run(target).path == target


def test_replacing_a_run_leaves_nothing_else(tmp_path: Path, tables: Tables) -> None:
    target = tmp_path / "deep" / "er" / "run"
    for seed in (1, 2, 3):
        write_run(target, tables, provenance(seed), {}, {"note.txt": _note})
    assert read_run(target).provenance["seed"] == 3
    assert (target / "note.txt").read_text() == "3"
    assert [path.name for path in target.parent.iterdir()] == ["run"]


def _note(run: RunFolder, path: Path) -> None:
    path.write_text(str(run.provenance["seed"]))


def test_nobody_elses_folder_is_replaced(tmp_path: Path, tables: Tables) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(RunFolderError, match="is not a run folder"):
        write_run(tmp_path, tables, provenance(), {})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_errors_say_what_where_and_what_to_do(tmp_path: Path, tables: Tables) -> None:
    with pytest.raises(RunFolderError, match=r"no run folder .*nowhere.*planner run"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(RunFolderError, match="not a run folder"):
        read_run(tmp_path)
    target = tmp_path / "run"
    write_run(target, tables, provenance(), {})
    about = (target / PROVENANCE).read_text()

    (target / PROVENANCE).write_text(about.replace('"format": 2', '"format": 0'))
    with pytest.raises(RunFolderError, match=r"another version.*version 0\.1\.0.*planner run"):
        read_run(target)
    (target / PROVENANCE).write_text(about[: len(about) // 2])
    with pytest.raises(RunFolderError, match=r"damaged.*provenance\.json"):
        read_run(target)
    (target / PROVENANCE).write_text("[]")
    with pytest.raises(RunFolderError, match="damaged"):
        read_run(target)
    (target / PROVENANCE).write_text(about)

    content = (target / "stops.parquet").read_bytes()
    (target / "stops.parquet").write_bytes(content[:-10])
    with pytest.raises(RunFolderError, match=r"stops\.parquet.*checksum"):
        read_run(target).tables["stops"]
    (target / "stops.parquet").unlink()
    with pytest.raises(RunFolderError, match=r"stops\.parquet is missing"):
        read_run(target)
