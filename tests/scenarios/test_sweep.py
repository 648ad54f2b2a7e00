"""Sweeps: the frozen list of runs, their draws, and what is refused."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import SCENARIO, Write, only

from scenarios.errors import InputError
from scenarios.noise import standard_normal
from scenarios.project import load_project
from scenarios.read import yaml_value
from scenarios.resolve import read_scenario
from scenarios.sweep import Member, expand_sweep, override
from scenarios.tables.issues import Issues

FILE = """\
name: x
horizon: {start: 2024-01-01}
patches:
  fuel: {parameters: {factor: 1.3}, edits: [{table: vehicles, multiply: {cost_per_km: "${factor}"}}]}
scenarios:
  dear: {patches: [fuel]}
sweeps:
  matrix:
    scenarios: [dear, baseline]
    matrix:
      inventory.service_target: [0.9, 0.95, 0.99]
      distribution.receive_weekdays: [[mon], [tue, fri]]
  fuel:
    scenarios: [dear]
    matrix: {patches.fuel.parameters.factor: [1.0, 1.0e-5]}
    monte_carlo: {draws: 3, demand_cv: 0.2, lead_times: true}
"""


def project(folder: Path, text: str) -> Path:
    (folder / "scenario.yaml").write_text(text)
    return folder


def test_every_combination_once_in_a_fixed_order(tmp_path: Path) -> None:
    members = expand_sweep(project(tmp_path, FILE), "matrix", ["seed=3"])
    assert members == expand_sweep(tmp_path / "scenario.yaml", "matrix", ["seed=3"])
    assert [(m.scenario, m.values["inventory.service_target"]) for m in members[::2]] == [
        (scenario, target) for scenario in ("dear", None) for target in (0.9, 0.95, 0.99)
    ]
    assert members[1] == Member(
        name="0002-dear-service_target-0.9-receive_weekdays-tue_fri",
        scenario="dear",
        overrides=("seed=3", "inventory.service_target=0.9", "distribution.receive_weekdays=[tue, fri]"),
        values={"scenario": "dear", "inventory.service_target": 0.9, "distribution.receive_weekdays": ["tue", "fri"]},
    )
    assert [m.name[:4] for m in members] == [f"{n:04d}" for n in range(1, 13)]
    assert members[6].values["scenario"] == "baseline"


def test_draws_vary_fastest_and_need_no_matrix(tmp_path: Path) -> None:
    members = expand_sweep(project(tmp_path, FILE), "fuel")
    assert [m.values["monte_carlo.draw"] for m in members] == [1, 2, 3, 1, 2, 3]
    assert members[0].overrides[:2] == ("monte_carlo.demand_cv=0.2", "monte_carlo.lead_times=true")
    assert {"scenario"} & {key for m in members for key in m.values} == set()
    found = read_scenario(tmp_path, members[5].scenario, members[5].overrides, Issues())
    assert found is not None
    assert found.scenario is not None
    assert found.scenario.patches["fuel"].parameters == {"factor": 1e-5}
    assert (found.scenario.monte_carlo.draw, found.scenario.monte_carlo.demand_cv) == (3, 0.2)


VALUES = st.one_of(
    st.integers(-5, 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text(max_size=8),
    st.sampled_from(["2024-01-01", "1e5", "0x10", "12:30", "yes", "null", "~", "#a", "a: b", "'", "- x", "1_000"]),
)


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(VALUES, st.lists(VALUES, max_size=3)))
def test_an_override_reads_back_as_the_same_value(value: object) -> None:
    path, equals, text = override("a.b", value).partition("=")
    assert (path, equals) == ("a.b", "=")
    assert yaml_value(text) == value
    assert type(yaml_value(text)) is type(value)


@settings(max_examples=25, deadline=None)
@given(
    targets=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=3, unique=True),
    names=st.lists(st.sampled_from(["a b/c", "../x", "Größe", "a", "baseline"]), min_size=1, max_size=4, unique=True),
    draws=st.integers(0, 3),
)
def test_names_are_safe_and_unique(
    tmp_path_factory: pytest.TempPathFactory, targets: list[float], names: list[str], draws: int
) -> None:
    sweep: dict[str, object] = {"scenarios": names, "matrix": {"inventory.service_target": targets}}
    if draws:
        sweep["monte_carlo"] = {"draws": draws, "demand_cv": 0.1}
    content = {
        "name": "x",
        "horizon": {"start": "2024-01-01"},
        "scenarios": {name: {} for name in names if name != "baseline"},
        "sweeps": {"s": sweep},
    }
    members = expand_sweep(project(tmp_path_factory.mktemp("sweep"), yaml.safe_dump(content)), "s")
    assert len(members) == len(targets) * len(names) * max(draws, 1)
    assert len({m.name for m in members}) == len(members)
    assert all(re.fullmatch(r"\d{4}-[A-Za-z0-9_.-]{1,75}", m.name) and ".." not in m.name[:6] for m in members)


@pytest.mark.parametrize(
    ("sweep", "overrides", "rule", "action"),
    [
        ("matrix: {inventory.service_targt: [0.9]}", (), "unknown_key", "Did you mean inventory.service_target?"),
        ("matrix: {inventory.service_target: [0.9, 2]}", (), "invalid_value", "share 0..1"),
        ("matrix: {inventory.service_target: []}", (), "invalid_value", "Write another value"),
        ("matrix: {seed: [1, 2, 1]}", (), "value_twice", "Remove it."),
        ("matrix: {seed: [1, 2]}", ("seed=4",), "set_and_swept", "Leave out one"),
        ("scenarios: [dera]", (), "unknown_scenario", "Did you mean 'dear'?"),
        ("scenarios: [dear, dear]", (), "value_twice", "Remove it."),
        ("matrix: {patches.fuel.parameters.factor: [1, 2]}", (), "patch_not_applied", "lists the patch"),
        ("{scenarios: [dear], matrix: {patches.fuel.parameters.fctor: [1]}}", (), "unknown_parameter", "'factor'?"),
        ("{scenarios: [dear], matrix: {patches.feul.parameters.factor: [1]}}", (), "unknown_patch", "'fuel'?"),
        ("monte_carlo: {draws: 3}", (), "no_noise", "demand_cv"),
        ("monte_carlo: {draws: 0}", (), "invalid_value", "How many draws."),
        ("monte_carlo: {draw: 3}", (), "unknown_key", "Did you mean sweeps.bad.monte_carlo.draws?"),
    ],
)
def test_mistakes(tmp_path: Path, sweep: str, overrides: tuple[str, ...], rule: str, action: str) -> None:
    text = FILE[: FILE.index("sweeps:")] + f"sweeps:\n  bad: {sweep if sweep[0] == '{' else '{' + sweep + '}'}\n"
    with pytest.raises(InputError) as caught:
        expand_sweep(project(tmp_path, text), "bad", overrides)
    issue = only(caught.value.issues, rule)
    assert action in issue["action"]
    assert issue["row"] == "8"


def test_unknown_sweep(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        expand_sweep(project(tmp_path, FILE), "matrx")
    assert only(caught.value.issues, "unknown_sweep")["action"] == "Did you mean 'matrix'? Its sweeps are matrix, fuel."


def test_a_draw_is_the_same_noise_for_every_scenario(write: Write) -> None:
    text = SCENARIO + yaml.safe_dump(
        {
            "patches": {
                "more": {
                    "edits": [
                        {"table": "items", "append": [{"item_id": "1", "unit_cost": 2}]},
                        {"table": "suppliers", "add": {"lead_time_days": 30}},
                    ]
                }
            }
        }
    )
    suppliers = "supplier_id,lead_time_days,lead_time_sd_days\nV,9,3\n"
    sources = "supplier_id,location_id,item_id,lead_time_days\nV,DC,007,20\nV,DC,8,\n"
    folder = write(text, suppliers=suppliers, item_suppliers=sources)
    noisy = ["monte_carlo.demand_cv=0.3", "monte_carlo.lead_times=true"]

    def draw(number: int, *more: str) -> tuple[dict[str, float], float, float]:
        found = load_project(folder, overrides=[*noisy, f"monte_carlo.draw={number}", *more]).tables
        adjusted = found["demand_adjustments"]
        factors = dict(zip(adjusted["item_id"].astype(str), adjusted["factor"].astype(float), strict=True))
        return factors, found["suppliers"]["lead_time_days"].iloc[0], found["item_suppliers"]["lead_time_days"].iloc[0]

    plain, patched = draw(2), draw(2, "apply=[more]")
    assert {item: patched[0][item] for item in plain[0]} == plain[0]
    assert set(patched[0]) == {"007", "1", "8"}
    assert patched[1] - plain[1] == 30
    assert patched[2] == plain[2]
    z = standard_normal(1, "lead_times", 2, "V")
    assert plain[1:] == (9 + round(3 * z), 20 + round(3 * z))
    assert plain[0] != draw(3)[0]
    assert load_project(folder, overrides=noisy).edits.empty


def test_noise_is_standard_normal_and_factors_have_mean_one() -> None:
    z = np.array([standard_normal(1, "demand", draw, "I1") for draw in range(4000)])
    assert abs(z.mean()) < 0.05
    assert abs(z.std() - 1) < 0.05
    assert np.abs(z).max() <= 3.0
    spread = math.sqrt(math.log1p(0.3**2))
    factors = np.exp(spread * z - spread**2 / 2)
    assert factors.mean() == pytest.approx(1, abs=0.02)
    assert factors.std() == pytest.approx(0.3, abs=0.02)
