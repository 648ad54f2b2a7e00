"""scenario.yaml, named scenarios and --set: every mistake with its line and the nearest right key."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_tables import only

from scenarios.paths import describe_key, keys_of, setting_paths
from scenarios.resolve import Reading, read_scenario
from scenarios.tables.issues import Issues

GOOD = "name: x\nhorizon: {start: 2024-01-01}\n"


def reading(
    folder: Path, text: str, name: str | None = None, overrides: tuple[str, ...] = ()
) -> tuple[Reading | None, pd.DataFrame]:
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    issues = Issues()
    found = read_scenario(folder, name, overrides, issues)
    return found, issues.frame()


@pytest.mark.parametrize(
    ("text", "rule", "row", "column", "action"),
    [
        (GOOD + "sed: 3\n", "unknown_key", "3", "sed", "Did you mean seed?"),
        (
            "name: x\nhorizon:\n  start: 2024-01-01\n  bukets: 4\n",
            "unknown_key",
            "4",
            "horizon.bukets",
            "Did you mean horizon.buckets?",
        ),
        (
            GOOD + "service_target: 0.9\n",
            "unknown_key",
            "3",
            "service_target",
            "Did you mean inventory.service_target?",
        ),
        (
            GOOD + "inventory:\n  zebra: 1\n",
            "unknown_key",
            "4",
            "inventory.zebra",
            "The keys of inventory are service_measure",
        ),
        (GOOD + "zebra: 1\n", "unknown_key", "3", "zebra", "The keys of the file are name, description"),
        ("name: x\n", "missing_key", "1", "horizon", "Add it: The days that are planned"),
        ("name: x\nhorizon:\n  buckets: 4\n", "missing_key", "2", "horizon.start", "Add it: First day of the plan"),
        (GOOD + "seed: -1\n", "invalid_value", "3", "seed", "Seed of all random numbers"),
        (GOOD + "seed: many\n", "invalid_value", "3", "seed", "Seed of all random numbers"),
        ("name: x\nhorizon: {start: 2024-02-30}\n", "invalid_value", "2", "horizon.start", "ISO date"),
        (
            "name: x\nhorizon: {start: 2024-01-01, bucket: month}\n",
            "invalid_value",
            "2",
            "horizon.bucket",
            "7 calendar days",
        ),
        (GOOD + "currency: EURO\n", "invalid_value", "3", "currency", "ISO 4217"),
        (GOOD + "currency: no\n", "invalid_value", "3", "currency", "ISO 4217"),
        (GOOD + "timezone: Chicago\n", "invalid_value", "3", "timezone", "IANA"),
        (GOOD + "forecast: {demand_factor: .inf}\n", "invalid_value", "3", "forecast.demand_factor", "Multiplies"),
        (GOOD + "inventory: {abc_shares: [0.9, 0.8]}\n", "invalid_value", "3", "inventory.abc_shares", "Cumulative"),
        (
            GOOD + "inventory: {service_by_class: {A: 98}}\n",
            "invalid_value",
            "3",
            "inventory.service_by_class.A",
            "share 0..1",
        ),
        (
            GOOD + "distribution:\n  receive_weekdays: [mon, monday]\n",
            "invalid_value",
            "4",
            "distribution.receive_weekdays.1",
            "Weekdays",
        ),
        (GOOD + "seed: 1\nseed: 2\n", "key_twice", "4", "seed", "Keep one"),
        ("name: x\n  horizon: {\n", "yaml", "2", "", "Check indentation"),
        ("name: x\nhorizon: {start: 2024-01-01\n", "yaml", "3", "", "Check indentation"),
        ("- a\n- b\n", "yaml", "1", "", "Write at least name and horizon"),
        ("", "yaml", "1", "", "Write at least name and horizon"),
        ("name: \x07\n", "yaml", "", "", "Remove characters"),
        (
            GOOD + "scenarios: {a: {sett: {seed: 1}}}\n",
            "unknown_key",
            "3",
            "scenarios.a.sett",
            "Did you mean scenarios.a.set?",
        ),
        (
            GOOD + "scenarios:\n  a:\n    set:\n      horizon.bukets: 1\n",
            "unknown_key",
            "6",
            "scenarios.a.set: horizon.bukets",
            "Did you mean horizon.buckets?",
        ),
        (
            GOOD + "scenarios:\n  a:\n    set:\n      seed: x\n",
            "invalid_value",
            "6",
            "scenarios.a.set: seed",
            "Seed of all",
        ),
        (
            GOOD + "scenarios:\n  a:\n    set:\n      seed.x: 1\n",
            "unknown_key",
            "6",
            "scenarios.a.set: seed.x",
            "Did you mean seed?",
        ),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, rule: str, row: str, column: str, action: str) -> None:
    found, issues = reading(tmp_path, text)
    issue = only(issues, rule)
    assert len(issues) == 1
    assert (issue["severity"], issue["table"], issue["row"], issue["column"]) == ("error", "scenario", row, column)
    assert action in issue["action"]
    assert issue["message"]
    assert found is None or found.scenario is None


@pytest.mark.parametrize(
    ("override", "rule", "column", "action"),
    [
        ("seed.x=1", "unknown_key", "seed.x", "Did you mean seed?"),
        (
            "inventory.service_targt=0.9",
            "unknown_key",
            "inventory.service_targt",
            "Did you mean inventory.service_target?",
        ),
        ("service_target=0.9", "unknown_key", "service_target", "Did you mean inventory.service_target?"),
        ("horizon.start.day=1", "unknown_key", "horizon.start.day", "Did you mean horizon.start?"),
        ("inventroy.service_target=0.9", "unknown_key", "inventroy.service_target", "Did you mean inventory?"),
        ("horizon.buckets=0", "invalid_value", "horizon.buckets", "Number of buckets"),
        ("inventory.service_target=high", "invalid_value", "inventory.service_target", "Wanted service"),
        ("horizon.buckets", "override", "horizon.buckets", "Write for example"),
        ("=3", "override", "", "Write for example"),
        ("seed=[1", "override", "seed", "Write for example"),
        ("inventory=3", "invalid_value", "inventory", ""),
    ],
)
def test_mistakes_in_overrides(tmp_path: Path, override: str, rule: str, column: str, action: str) -> None:
    found, issues = reading(tmp_path, GOOD, None, (override,))
    issue = only(issues, rule)
    assert len(issues) == 1
    assert (issue["row"], issue["column"]) == ("--set", column)
    assert action in issue["action"]
    assert found is not None
    assert found.scenario is None


def test_unknown_scenario_names_the_nearest(tmp_path: Path) -> None:
    text = GOOD + "scenarios:\n  demand_up: {set: {forecast.demand_factor: 1.2}}\n  winter: {}\n"
    _, issues = reading(tmp_path, text, "demand_upp")
    issue = only(issues, "unknown_scenario")
    assert issue["action"] == "Did you mean 'demand_up'? Its scenarios are demand_up, winter."
    _, issues = reading(tmp_path, GOOD, "winter")
    assert "It has none" in only(issues, "unknown_scenario")["action"]


def test_hints_for_currency_and_time_zone(tmp_path: Path) -> None:
    _, issues = reading(tmp_path, GOOD + "currency: usd\ntimezone: America/Chicagoo\n")
    messages = issues.set_index("column")["message"]
    assert "did you mean USD?" in messages["currency"]
    assert "did you mean America/Chicago?" in messages["timezone"]
    _, issues = reading(tmp_path, GOOD + "timezone: Chicago\n")
    assert "did you mean America/Chicago?" in issues["message"].iloc[0]


def test_values_are_yaml_and_later_ones_win(tmp_path: Path) -> None:
    overrides = (
        "distribution.receive_weekdays=[tue, fri]",
        "inventory.service_by_class={A: 0.99}",
        "inventory.service_by_class.B=0.9",
        "simulation.lead_time_noise=false",
        "horizon.start=2024-02-05",
        "seed=5",
        "seed=6",
        "forecast.season_length=",
        "description=a = b",
    )
    found, issues = reading(tmp_path, GOOD, None, overrides)
    assert issues.empty
    assert found is not None
    scenario = found.scenario
    assert scenario is not None
    assert scenario.distribution.receive_weekdays == ("tue", "fri")
    assert scenario.inventory.service_by_class == {"A": 0.99, "B": 0.9}
    assert scenario.simulation.lead_time_noise is False
    assert scenario.horizon.start.isoformat() == "2024-02-05"
    assert scenario.seed == 6
    assert scenario.forecast.season_length is None
    assert scenario.description == "a = b"


def test_a_section_without_keys_is_empty(tmp_path: Path) -> None:
    found, issues = reading(
        tmp_path, GOOD + "inventory:\n  # service_target: 0.9\n", None, ("inventory.service_target=0.8",)
    )
    assert issues.empty
    assert found is not None
    assert found.scenario is not None
    assert found.scenario.inventory.service_target == 0.8


def test_an_override_can_mend_the_file_only_for_its_own_key(tmp_path: Path) -> None:
    found, issues = reading(tmp_path, GOOD + "seed: -1\n", None, ("seed=1",))
    assert only(issues, "invalid_value")["row"] == "3"
    assert found is not None
    assert found.scenario is None


def test_all_mistakes_of_the_file_at_once(tmp_path: Path) -> None:
    text = "naem: x\nhorizon: {start: soon}\nseed: x\nscenarios: {a: {set: {sead: 1}}}\n"
    _, issues = reading(tmp_path, text, "b", ("horizon.buckets=none",))
    assert list(zip(issues["row"], issues["column"], issues["rule"], strict=True)) == [
        ("1", "name", "missing_key"),
        ("2", "horizon.start", "invalid_value"),
        ("3", "seed", "invalid_value"),
        ("1", "naem", "unknown_key"),
        ("4", "scenarios.a.set: sead", "unknown_key"),
        ("", "--scenario", "unknown_scenario"),
        ("--set", "horizon.buckets", "invalid_value"),
    ]


def test_an_override_in_a_section_that_is_missing(tmp_path: Path) -> None:
    found, issues = reading(tmp_path, "name: x\n", None, ("horizon.buckets=2",))
    assert only(issues, "missing_key")["column"] == "horizon"
    assert found is not None
    assert found.scenario is None


def test_what_is_right_is_left_to_check_tables_against(tmp_path: Path) -> None:
    text = (
        GOOD
        + "currency: EUR\nsed: 1\ninventory: {service_target: 2, holding_cost_rate: 0.1}\nforecast: {models: [x]}\n"
    )
    found, _ = reading(tmp_path, text, None, ("distribution=5",))
    assert found is not None
    assert found.scenario is None
    outline = found.outline
    assert outline is not None
    assert (outline.currency, outline.inventory.holding_cost_rate) == ("EUR", 0.1)
    assert outline.inventory.service_target == 0.95
    found, _ = reading(tmp_path, "name: x\nhorizon: {start: never}\n")
    assert found is not None
    assert found.outline is None


def test_no_file(tmp_path: Path) -> None:
    issues = Issues()
    assert read_scenario(tmp_path, None, (), issues) is None
    assert "There is no file" in only(issues.frame(), "no_scenario_file")["message"]
    (tmp_path / "scenario.yaml").write_bytes("name: Größe\n".encode("cp1252"))
    issues = Issues()
    assert read_scenario(tmp_path, None, (), issues) is None
    assert "UTF-8" in only(issues.frame(), "unreadable")["action"]


def test_paths_of_all_keys() -> None:
    assert {"seed", "horizon.start", "inventory", "inventory.service_target"} <= set(setting_paths())
    assert keys_of(("horizon",)) == ("start", "buckets", "bucket")
    assert keys_of(("scenarios", "anything")) == ("description", "extends", "patches", "set")
    assert keys_of(("seed",)) == ()
    assert keys_of(("scenarios",)) == ()
    assert describe_key(("seed",)) == "Seed of all random numbers."
    assert describe_key(("nothing",)) == ""
