"""A project loaded with a store is the one loaded without, and its files are read once until they change."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from small_project import small_tables, write_project

from scenarios import project as project_module
from scenarios.errors import InputError
from scenarios.project import Project, load_project
from scenarios.tables.store import TableStore


def _same(one: Project, other: Project) -> None:
    assert one.hashes == other.hashes
    assert one.scenario == other.scenario
    pd.testing.assert_frame_equal(one.issues, other.issues)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name])


def test_once_read_tables_serve_every_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = small_tables(weeks=8)
    rows["items"].append(dict(rows["items"][0]))  # a repeated row: an issue of cleaning
    rows["demand_history"][0]["qty"] = -3  # and a return
    folder = write_project(tmp_path / "project", rows, {"scenarios": {"fast": {"set": {"seed": 5}}}})
    asked = [(None, ()), ("fast", ()), (None, ("forecast.demand_factor=2",)), (None, ())]
    plain = [load_project(folder, scenario, overrides) for scenario, overrides in asked]

    reads = [0]
    load = project_module.load_tables

    def count(*words: object) -> object:
        reads[0] += 1
        return load(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(project_module, "load_tables", count)
    store = TableStore()
    for expected, (scenario, overrides) in zip(plain, asked, strict=True):
        _same(load_project(folder, scenario, overrides, store), expected)
    assert reads == [1]

    vehicles = folder / "vehicles.csv"
    vehicles.write_text(vehicles.read_text().replace("900", "800"))
    os.utime(vehicles, ns=(1, 1))
    assert load_project(folder, store=store).tables["vehicles"]["capacity_kg"].tolist() == [800]
    (folder / "vehicles.csv").write_text("vehicle_id,depot_id,count\nVAN,DC,none\n")
    for _ in range(2):
        with pytest.raises(InputError, match="vehicles"):
            load_project(folder, store=store)
    assert reads == [3]
