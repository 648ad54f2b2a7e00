"""The locked baseline: what is a change, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_tables import SCENARIO, TABLES, Write, only

from scenarios.errors import InputError
from scenarios.lock import lock_file
from scenarios.project import check_project, load_project, lock_baseline

SUPPLIERS = "supplier_id,lead_time_days\nV,10\n"


def test_what_is_no_change(write: Write) -> None:
    folder = write()
    file, changed = lock_baseline(folder)
    assert file == folder / "scenario.lock.json" == lock_file(folder / "scenario.yaml")
    assert changed == []
    first = file.read_bytes()
    assert sorted(path.name for path in folder.iterdir() if "lock" in path.name) == [file.name]
    load_project(folder, "more", ["inventory.service_target=0.9"])
    # other spelling of the same content, other texts and scenarios
    spelled = "lead_time_days,supplier_id\n9.0,V\n"
    load_project(write(SCENARIO.replace("name: small", "name: other").replace("2.0", "3.0"), suppliers=spelled))
    assert lock_baseline(folder) == (file, [])
    assert file.read_bytes() == first


def test_a_changed_table_is_refused_with_rows_before_and_after(write: Write) -> None:
    lock_baseline(write())
    history = TABLES["demand_history"] + "8,S2,2023-12-18,6\n"
    folder = write(suppliers=SUPPLIERS, demand_history=history)
    with pytest.raises(InputError) as caught:
        load_project(folder)
    found = caught.value.issues
    assert "1 row, other content" in only(found, "locked", "suppliers")["message"]
    assert "4 rows then, 5 now" in only(found, "locked", "demand_history")["message"]
    assert "planner scenarios lock" in only(found, "locked", "suppliers")["action"]
    _, changed = lock_baseline(folder)
    assert len(changed) == 2
    load_project(folder)


def test_a_changed_setting_and_a_table_that_came_or_went(write: Write) -> None:
    lock_baseline(write())
    folder = write(SCENARIO + "inventory: {service_target: 0.9}\n", promotions="promotion_id,start_date,end_date\n")
    (folder / "item_uoms.csv").unlink()
    (folder / "item_suppliers.csv").write_text("supplier_id,location_id\nV,DC\n")
    issues = check_project(folder)[1]
    messages = issues[issues["rule"] == "locked"]["message"].tolist()
    assert any(text.startswith("The table item_uoms was locked with 2 rows and is gone") for text in messages)
    assert any(text.startswith("The table promotions, 0 rows, has come") for text in messages)
    assert "The setting inventory.service_target was 0.95 when the baseline was locked, it is 0.9 now." in messages
    assert len(messages) == 4


def test_patches_are_no_change_but_patches_of_the_baseline_are(write: Write) -> None:
    patch = "patches: {p: {edits: [{table: suppliers, add: {lead_time_days: 1}}]}}\n"
    folder = write(SCENARIO + patch)
    lock_baseline(folder)
    assert len(load_project(folder, overrides=["apply=[p]"]).edits) == 1
    issues = check_project(write(SCENARIO + patch + "apply: [p]\n"))[1]
    assert "apply" in set(issues[issues["rule"] == "locked"]["column"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99, "tables": {}, "settings": {}}', '{"format": 1}'])
def test_a_lock_that_cannot_be_read(write: Write, text: str) -> None:
    folder = write()
    lock_file(folder / "scenario.yaml").write_text(text)
    assert "lock the baseline again" in only(check_project(folder)[1], "lock_unreadable")["action"]
    file, _ = lock_baseline(folder)
    assert json.loads(file.read_text())["format"] == 1


def test_a_baseline_with_errors_is_not_locked(write: Write) -> None:
    folder = write(suppliers="supplier_id,lead_time_days\nV,-1\n")
    with pytest.raises(InputError, match="negative"):
        lock_baseline(folder)
    assert not lock_file(folder / "scenario.yaml").exists()


def test_a_lock_is_whole_or_not_there(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write()

    def fail(self: Path, target: Path) -> Path:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        lock_baseline(folder)
    assert not [path for path in folder.iterdir() if "lock" in path.name]
