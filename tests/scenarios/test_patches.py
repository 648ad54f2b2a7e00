"""Patches: every kind of edit against pandas, what they touched, and everything that is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import SCENARIO, TABLES, Write, only

from reports.tables import INPUT_EDITS, conform
from scenarios.apply_patches import EDIT_COLUMNS, Patched
from scenarios.expression import KINDS
from scenarios.patches import plan_patch
from scenarios.project import Project, check_project, load_project
from scenarios.tables.issues import Issues
from scenarios.tables.load import load_tables
from scenarios.tables.parse import Table, no_table, parse_table
from scenarios.tables.schema import TABLES as SCHEMAS
from scenarios.whatif import Patch

Edits = Sequence[Mapping[str, object]]

OPEN_ORDERS = (
    "order_id,item_id,location_id,source_id,qty,receipt_date\n"
    "1,007,S1,DC,5,2024-01-02\n2,8,S2,DC,7,2024-01-09\n3,8,DC,V,100,2024-01-16\n"
)


def scenario_text(patches: Mapping[str, Edits], **more: object) -> str:
    """Return a scenario file whose baseline applies these patches."""
    made = {name: {"edits": list(edits), "parameters": {"factor": 2}} for name, edits in patches.items()}
    return SCENARIO + yaml.safe_dump({"patches": made, "apply": list(patches), **more}, sort_keys=False)


def patched(write: Write, *edits: Mapping[str, object], **more: object) -> Project:
    return load_project(write(scenario_text({"p": edits}, **more), open_orders=OPEN_ORDERS))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """The typed tables of the small project; tests must not change them."""
    folder, issues = tmp_path_factory.mktemp("tables"), Issues()
    for name, text in {**TABLES, "open_orders": OPEN_ORDERS}.items():
        (folder / f"{name}.csv").write_text(text)
    raw = load_tables(".", folder, issues)
    assert raw is not None
    return {
        name: parse_table(raw[name], schema, issues) if name in raw else no_table(schema)
        for name, schema in SCHEMAS.items()
    }


def applied(base: Mapping[str, Table], *edits: Mapping[str, object]) -> tuple[Patched, Issues]:
    """Apply edits as the patch p of line 7."""
    issues, result = Issues(), Patched(dict(base))
    patch = Patch.model_validate({"parameters": {"factor": 2}, "edits": edits})
    result.apply(plan_patch("p", patch, {}, lambda path: "7", issues), issues)
    return result, issues


def test_set_add_multiply_exclude(write: Write) -> None:
    project = patched(
        write,
        {"table": "open_orders", "where": "item_id == '8'", "set": {"qty": 10, "source_id": ""}},
        {"table": "open_orders", "add": {"qty": 1, "receipt_date": 7}},
        {"table": "open_orders", "where": "location_id.type == 'dc'", "multiply": {"qty": "${factor}"}},
        {"table": "open_orders", "from": "2024-01-16", "to": "2024-01-17", "exclude": True},
    )
    orders = project.tables["open_orders"]
    assert orders[["order_id", "qty", "source_id"]].values.tolist() == [["1", 6.0, "DC"], ["3", 22.0, ""]]
    assert orders["receipt_date"].dt.day.tolist() == [9, 23]
    assert tuple(project.edits.columns) == EDIT_COLUMNS == tuple(INPUT_EDITS.columns)
    rows = project.edits.drop(columns=["patch", "table"]).astype(object)
    assert rows.where(rows.notna(), None).values.tolist() == [
        [0, "qty", 2, 107.0, 20.0],
        [0, "source_id", 2, None, None],
        [1, "qty", 3, 25.0, 28.0],
        [1, "receipt_date", 3, None, None],
        [2, "qty", 1, 11.0, 22.0],
        [3, "", 1, 3.0, 2.0],
    ]
    assert len(conform(INPUT_EDITS, project.edits)) == 6


def test_append_rows_and_copies(write: Write) -> None:
    project = patched(
        write,
        {"table": "locations", "append": [{"location_id": "S3", "type": "store", "region": "north"}]},
        {
            "table": "demand_history",
            "where": "location_id == 'S1'",
            "from": "2023-12-11",
            "append": [{"location_id": "S3", "qty": "= 0.5 * qty"}, {"location_id": "S3", "channel": "online"}],
        },
        {"table": "vehicles", "append": [{"vehicle_id": "BIKE", "depot_id": "DC", "count": 3, "capacity_kg": 50}]},
        {"table": "locations", "where": "location_id == 'S3'", "set": {"latitude": 42.1, "longitude": -93.6}},
    )
    history = project.tables["demand_history"]
    new = history[history["location_id"] == "S3"]
    assert new[["item_id", "qty", "channel"]].values.tolist() == [["007", 2.0, "store"], ["007", 4.0, "online"]]
    assert new["in_stock_share"].tolist() == [1.0, 1.0]
    bike = project.tables["vehicles"].iloc[1]
    assert (bike["count"], bike["cost_per_km"], bike["skills"]) == (3, 1.0, "")
    assert project.edits["rows"].tolist() == [1, 2, 1, 1, 1]
    assert project.edits["total_after"].tolist()[:3] == [4.0, 6.0, 2.0]


def test_a_table_that_was_not_given(write: Write) -> None:
    day = {"category": "gin", "start_date": "2024-01-08", "end_date": "2024-01-15", "uplift": "${factor}"}
    project = patched(write, {"table": "promotions", "append": [{"promotion_id": "P", **day}]})
    assert project.tables["promotions"][["category", "uplift", "line"]].values.tolist() == [["gin", 2.0, 2]]
    assert "promotions" in project.hashes


def test_later_edits_and_patches_win_and_set_comes_last(write: Write) -> None:
    first: Edits = [{"table": "suppliers", "set": {"lead_time_days": 1}}]
    second: Edits = [
        {"table": "suppliers", "set": {"lead_time_days": 2}},
        {"table": "suppliers", "add": {"lead_time_days": "${factor}"}},
    ]
    folder = write(scenario_text({"a": first, "b": second}, parameters={"factor": 9}))

    def lead_time(*overrides: str) -> float:
        return float(load_project(folder, overrides=overrides).tables["suppliers"]["lead_time_days"].iloc[0])

    assert lead_time() == 4.0
    assert lead_time("apply=[b, a]") == 1.0
    assert lead_time("apply=[]") == 9.0
    assert lead_time("patches.b.parameters.factor=5") == 7.0
    # a patch's own parameter comes before the file's
    assert lead_time("parameters.factor=100") == 4.0


def test_extends_adds_patches_after_those_of_the_parent(write: Write) -> None:
    edits: Edits = [{"table": "suppliers", "multiply": {"lead_time_days": 2}}]
    more: Edits = [{"table": "suppliers", "add": {"lead_time_days": 1}}]
    scenarios = {
        "child": {"extends": "parent", "patches": ["more"], "set": {"seed": 7}},
        "parent": {"patches": ["twice"], "set": {"seed": 5, "horizon.buckets": 2}},
    }
    patches = {"twice": {"edits": edits}, "more": {"edits": more}}
    head = SCENARIO[: SCENARIO.index("scenarios:")]
    project = load_project(write(head + yaml.safe_dump({"patches": patches, "scenarios": scenarios})), "child")
    assert project.scenario.apply == ("twice", "more")
    assert (project.scenario.seed, project.scenario.horizon.buckets) == (7, 2)
    assert project.tables["suppliers"]["lead_time_days"].tolist() == [19.0]
    assert project.edits["patch"].tolist() == ["twice", "more"]
    assert load_project(project.root, "baseline").edits.empty


def test_hashes_are_of_the_patched_tables_whatever_way_they_came(write: Write) -> None:
    plain = load_project(write(open_orders=OPEN_ORDERS)).hashes
    nothing = patched(write, {"table": "open_orders", "multiply": {"qty": 1}}).hashes
    assert {name: plain[name] for name in TABLES} == {name: nothing[name] for name in TABLES}
    by_patch = patched(
        write,
        {"table": "open_orders", "where": "order_id == '2'", "exclude": True},
        {"table": "open_orders", "where": "order_id == '3'", "set": {"source_id": ""}},
        {
            "table": "open_orders",
            "append": [{"order_id": "9", "item_id": "8", "location_id": "S2", "qty": 4, "receipt_date": "2024-01-03"}],
        },
    ).hashes
    by_file = (
        "order_id,item_id,location_id,source_id,qty,receipt_date\n"
        "1,007,S1,DC,5,2024-01-02\n3,8,DC,,100,2024-01-16\n9,8,S2,,4,2024-01-03\n"
    )
    assert (
        by_patch["open_orders"]
        == load_project(write(open_orders=by_file)).hashes["open_orders"]
        != plain["open_orders"]
    )


@pytest.mark.parametrize(
    ("edit", "rule", "column", "action"),
    [
        ({"table": "vehicle", "set": {"count": 1}}, "unknown_table", "table", "Did you mean 'vehicles'?"),
        ({"table": "vehicles", "set": {"cout": 1}}, "unknown_column", "set.cout", "Did you mean 'count'?"),
        (
            {"table": "vehicles", "where": "cout > 1", "exclude": True},
            "unknown_column",
            "where",
            "Did you mean 'count'?",
        ),
        ({"table": "vehicles", "where": "open('x')", "exclude": True}, "unknown_function", "where", "The functions"),
        ({"table": "vehicles", "where": "count", "exclude": True}, "wrong_kind", "where", "Compare it"),
        ({"table": "vehicles", "where": "count == ${n}", "exclude": True}, "missing_parameter", "where", "factor"),
        (
            {"table": "vehicles", "set": {"count": "${facto}"}},
            "missing_parameter",
            "set.count",
            "Did you mean 'factor'?",
        ),
        ({"table": "vehicles", "set": {"count": "many"}}, "wrong_kind", "set.count", "Write a number"),
        ({"table": "vehicles", "set": {"count": "= depot_id"}}, "wrong_kind", "set.count", "Write a number"),
        ({"table": "vehicles", "set": {"depot_id": 7}}, "wrong_kind", "set.depot_id", "Put it in quotes"),
        ({"table": "vehicles", "set": {"depot_id": None}}, "required_value", "set.depot_id", "Write a text"),
        ({"table": "vehicles", "add": {"skills": "x"}}, "wrong_kind", "add.skills", "Use set."),
        ({"table": "open_orders", "multiply": {"receipt_date": 2}}, "wrong_kind", "multiply.receipt_date", "Use set."),
        ({"table": "vehicles"}, "one_of", "", "one edit for each"),
        ({"table": "vehicles", "set": {"count": 1}, "exclude": True}, "one_of", "", "one edit for each"),
        (
            {"table": "vehicles", "from": "2024-01-01", "exclude": True},
            "no_dates",
            "from",
            "Tables with dates are inventory, open_orders",
        ),
        ({"table": "open_orders", "from": "soon", "exclude": True}, "not_a_date", "from", "YYYY-MM-DD"),
        (
            {"table": "open_orders", "from": "2024-02-01", "to": "2024-02-01", "exclude": True},
            "end_before_start",
            "to",
            "the day after the last",
        ),
        ({"table": "vehicles", "append": [{"vehicle_id": "X"}]}, "missing_column", "append.0", "Add them"),
        (
            {"table": "vehicles", "append": [{"vehicl": "X", "depot_id": "DC", "vehicle_id": "X"}]},
            "unknown_column",
            "append.0.vehicl",
            "Did you mean 'vehicle_id'?",
        ),
        # what only the rows tell
        ({"table": "open_orders", "where": "qty > 500", "exclude": True}, "no_rows", "", "Check where"),
        (
            {"table": "open_orders", "from": "2025-01-01", "exclude": True},
            "no_rows",
            "",
            "goes from 2024-01-02 to 2024-01-16",
        ),
        ({"table": "open_orders", "where": "order_id == '11'", "exclude": True}, "no_rows", "", "No order_id is '11'"),
        ({"table": "pins", "exclude": True}, "no_rows", "", "Give the table"),
        (
            {"table": "open_orders", "where": "item_id == '07'", "exclude": True},
            "unknown_key",
            "where",
            "Did you mean '007'?",
        ),
        (
            {"table": "open_orders", "where": "location_id.region in ['nort']", "exclude": True},
            "unknown_key",
            "where",
            "Did you mean 'north'?",
        ),
        (
            {"table": "locations", "where": "type != 'dc' and type == 'shop'", "exclude": True},
            "unknown_key",
            "where",
            "It is one of dc, online, store.",
        ),
        ({"table": "vehicles", "multiply": {"max_stops": 2}}, "empty_cells", "multiply.max_stops", "Use set"),
        ({"table": "vehicles", "add": {"count": 0.5}}, "not_whole", "add.count", "round"),
        ({"table": "vehicles", "set": {"capacity_kg": "= capacity_kg / 0"}}, "not_finite", "set.capacity_kg", "divide"),
        (
            {"table": "open_orders", "set": {"qty": "= location_id.latitude / 0 * 0"}},
            "required_value",
            "set.qty",
            "if_empty",
        ),
    ],
)
def test_mistakes(base: dict[str, Table], edit: Mapping[str, object], rule: str, column: str, action: str) -> None:
    _, issues = applied(base, edit)
    issue = only(issues.frame(), rule)
    assert issue["table"] == "scenario"
    assert issue["row"] == "7"
    assert issue["column"] == ".".join(filter(None, ["patches.p.edits.0", column]))
    assert action in issue["action"]


def test_all_mistakes_at_once_with_those_of_the_tables(write: Write) -> None:
    edits: Edits = (
        {"table": "vehicls", "set": {"count": 1}},
        {"table": "suppliers", "set": {"lead_time_days": -2}},
        {"table": "inventory", "append": [{"item_id": "9", "location_id": "S1", "on_hand_qty": -1}]},
        {"table": "open_orders", "where": "1 +", "exclude": True},
    )
    found_in = write(scenario_text({"p": edits}), open_orders=OPEN_ORDERS)
    project, issues = check_project(found_in)
    assert project is None
    found = issues[issues["severity"] == "error"]
    assert list(zip(found["table"], found["rule"], strict=True)) == [
        ("scenario", "unknown_table"),
        ("scenario", "expression"),
        ("suppliers", "negative"),
        ("inventory", "unknown_reference"),
        ("inventory", "negative"),
    ]
    lines = (found_in.joinpath("scenario.yaml")).read_text().splitlines()
    assert "vehicls" in lines[int(found["row"].iloc[0]) - 1]
    assert "1 +" in lines[int(found["row"].iloc[1]) - 1]
    assert found["message"].iloc[2].endswith("The cell was changed by patches.p.edits.1.set.")
    assert found["row"].iloc[3] == "patches.p.edits.2.append"


def test_patches_that_are_not_applied_are_checked_too(write: Write) -> None:
    text = scenario_text({"p": [{"table": "vehicles", "set": {"cout": 1}}]}, apply=[])
    assert only(check_project(write(text))[1], "unknown_column")["column"] == "patches.p.edits.0.set.cout"


@pytest.mark.parametrize(
    ("scenario", "rule", "row_of", "action"),
    [
        ({"s": {"patches": ["pp"]}}, "unknown_patch", "- pp", "Its patches are p."),
        ({"s": {"patches": ["p"]}, "t": {"extends": "s", "patches": ["p"]}}, "patch_twice", "- p", "Remove it"),
        ({"s": {"extends": "tt"}, "t": {}}, "unknown_scenario", "extends: tt", "Its scenarios are s, t."),
        (
            {"s": {"extends": "t"}, "t": {"extends": "u"}, "u": {"extends": "s"}},
            "cyclic_extends",
            "extends: s",
            "Remove",
        ),
        ({"s": {"extends": "s"}}, "cyclic_extends", "extends: s", "Remove"),
        ({"baseline": {}}, "reserved_name", "baseline", "Choose another name."),
        ({"s": {"set": {"apply": ["q"]}}}, "unknown_patch", "apply", "Its patches are p."),
        ({"s": {"set": {"patches.p.parameters.fctor": 1}}}, "unknown_parameter", "fctor", "Did you mean 'factor'?"),
        ({"s": {"set": {"patches.q.parameters.factor": 1}}}, "unknown_patch", "patches.q", "Its patches are p."),
        (
            {"s": {"set": {"patches.p.description": "x"}}},
            "not_a_setting",
            "description",
            "patches.PATCH.parameters.NAME",
        ),
        ({"s": {"set": {"sweeps.x": 1}}}, "not_a_setting", "sweeps", "in the file"),
    ],
)
def test_mistakes_in_scenarios(tmp_path: Path, scenario: object, rule: str, row_of: str, action: str) -> None:
    content = {
        "name": "x",
        "horizon": {"start": "2024-01-01"},
        "patches": {"p": {"parameters": {"factor": 2}, "edits": [{"table": "vehicles", "add": {"count": 1}}]}},
        "scenarios": scenario,
    }
    text = yaml.safe_dump(content, sort_keys=False)
    (tmp_path / "scenario.yaml").write_text(text)
    issue = only(check_project(tmp_path)[1], rule)
    assert action in issue["action"]
    assert row_of in text.splitlines()[int(issue["row"]) - 1]


def test_a_cycle_is_shown(tmp_path: Path) -> None:
    text = "name: x\nhorizon: {start: 2024-01-01}\nscenarios: {a: {extends: b}, b: {extends: c}, c: {extends: b}}\n"
    (tmp_path / "scenario.yaml").write_text(text)
    issue = only(check_project(tmp_path, "a")[1], "cyclic_extends")
    assert issue["message"] == "The scenario extends itself: b -> c -> b."


LIMITS = st.integers(0, 110)


@settings(max_examples=60, deadline=None)
@given(
    low=LIMITS,
    way=st.sampled_from(["set", "add", "multiply", "exclude"]),
    value=st.sampled_from([0, 1, 2.5, "= 2 * qty", "= if_empty(location_id.latitude, 3)"]),
    twice=st.booleans(),
)
def test_edits_do_what_pandas_does(base: dict[str, Table], low: int, way: str, value: Any, twice: bool) -> None:
    written: dict[str, Any] = {"exclude": True} if way == "exclude" else {way: {"qty": value}}
    edits = [{"table": "open_orders", "where": f"qty >= {low}", **written}] * (2 if twice else 1)
    result, issues = applied(base, *edits)

    frame = base["open_orders"].frame.astype({"location_id": object})
    latitude = base["locations"].frame.astype({"location_id": object}).set_index("location_id")["latitude"]
    for _ in edits:
        met = frame["qty"] >= low
        if not met.any():
            assert [row[4] for row in issues.rows] == ["no_rows"]
            break
        by_row = {"= 2 * qty": 2 * frame["qty"]}.get(str(value), frame["location_id"].map(latitude).fillna(3))
        new = by_row if isinstance(value, str) else pd.Series(float(value), frame.index)
        if way == "exclude":
            frame = frame[~met].reset_index(drop=True)
        else:
            changed = {"set": new, "add": frame["qty"] + new, "multiply": frame["qty"] * new}[way]
            frame = frame.assign(qty=frame["qty"].where(~met, changed))
    after = result.tables["open_orders"]
    assert after.frame["qty"].tolist() == frame["qty"].tolist()
    assert after.frame["order_id"].tolist() == frame["order_id"].tolist()
    # what came in is never changed in place
    assert base["open_orders"].frame["qty"].tolist() == [5.0, 7.0, 100.0]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"vehicle_id": st.sampled_from(["A", "B", "007", "Größe"]), "depot_id": st.just("DC")},
            optional={
                "count": st.integers(0, 5),
                "capacity_kg": st.sampled_from([None, 100, 0.5]),
                "skills": st.sampled_from(["", "cold", "cold;lift"]),
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_appended_rows_are_what_a_file_would_hold(base: dict[str, Table], rows: list[dict[str, Any]]) -> None:
    result, issues = applied(base, {"table": "vehicles", "append": rows})
    assert not issues.rows
    old = base["vehicles"].frame
    for column in SCHEMAS["vehicles"].columns:
        cells = result.tables["vehicles"].frame[column.name].astype(object).tolist()
        default = column.default if column.default is not None else "" if KINDS[column.kind] == "text" else None
        given = [row.get(column.name) for row in rows]
        wanted = [*old[column.name].astype(object).tolist(), *(default if v is None else v for v in given)]
        assert [None if pd.isna(v) else v for v in cells] == [None if pd.isna(v) else v for v in wanted]
    assert result.tables["vehicles"].lines.tolist() == list(range(2, 3 + len(rows)))
