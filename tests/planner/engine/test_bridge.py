"""The way between two scenarios: what differs, every plan on the way, and plans without a solution."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from small_project import small_tables, write_project

from planner.engine.bridge import SAMPLED_ORDERS, bridge_scenarios, choose_orders, find_steps
from planner.errors import InfeasibleError
from scenarios.errors import InputError
from scenarios.resolve import read_scenario
from scenarios.scenario import Scenario, resolved_content
from scenarios.tables.issues import Issues

PATCHES = {
    name: {"parameters": {"by": 1.0}, "edits": [{"table": "vehicles", "multiply": {"cost_per_km": "${by}"}}]}
    for name in ("always", "fuel", "toll", "snow")
}
SCENARIO = {
    "apply": ["always"],
    "patches": PATCHES,
    "scenarios": {
        "dear": {"patches": ["fuel", "toll"], "set": {"inventory.service_target": 0.98}},
        "dearer": {
            "patches": ["snow", "toll"],
            "set": {
                "patches.always.parameters.by": 1.5,
                "patches.snow.parameters.by": 1.2,
                "inventory.service_by_class": {"A": 0.99},
                "distribution.speed_kmh": 55.0,
            },
        },
        "same": {"description": "as the file"},
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("bridge") / "project", small_tables(), SCENARIO)


def _resolved(project: Path, name: str | None, overrides: Sequence[str] = ()) -> Scenario:
    issues = Issues()
    reading = read_scenario(project, name, overrides, issues)
    assert reading is not None
    assert reading.scenario is not None, issues.frame().to_string()
    return reading.scenario


@pytest.mark.parametrize(
    ("start", "end", "parts"),
    [
        (None, "dear", ["fuel", "toll", "inventory.service_target"]),
        ("dear", "baseline", ["fuel", "toll", "inventory.service_target"]),
        (
            "dear",
            "dearer",
            ["snow", "fuel", "patches.always.parameters.by", "inventory.service_target", "inventory.service_by_class",
             "distribution.speed_kmh"],
        ),
        ("baseline", "same", []),
    ],
)  # fmt: skip
def test_parts_are_what_differs_and_all_of_them_make_the_end(
    project: Path, start: str | None, end: str, parts: list[str]
) -> None:
    steps = find_steps(project, start, end)
    names = [part.name for part in steps.parts]
    assert sorted(names) == sorted(parts)
    reached = _resolved(project, start, steps.overrides(frozenset(names)))
    assert resolved_content(reached) == resolved_content(_resolved(project, end))
    for size in range(len(names)):
        for chosen in combinations(names, size):
            on_the_way = resolved_content(_resolved(project, start, steps.overrides(frozenset(chosen))))
            left = {part.name for part in steps.parts if part.kind == "patch"} - set(chosen)
            a, b = set(_resolved(project, start).apply), set(_resolved(project, end).apply)
            assert set(on_the_way["apply"]) == {name for name in a | b if name in (a if name in left else b)}


def test_few_parts_take_all_orders_and_many_a_sample() -> None:
    assert len(choose_orders("abcd")) == 24
    assert choose_orders([]) == [()]
    sampled = choose_orders("abcdefgh")
    assert sampled == choose_orders("abcdefgh")
    assert len(sampled) == SAMPLED_ORDERS
    assert all(sorted(order) == list("abcdefgh") for order in sampled)
    assert {order[::-1] for order in sampled} == set(sampled)


class _Planner:
    """Plans nothing: the cost is a base and what each part adds; some overrides have no solution."""

    def __init__(self, project: Path, start: str | None, end: str, impossible: set[frozenset[str]]) -> None:
        self.effects = {part.name: 10.0 * 2**n for n, part in enumerate(find_steps(project, start, end).parts)}
        self.parts = find_steps(project, start, end).parts
        self.end, self.impossible = end, impossible
        self.planned: list[frozenset[str]] = []

    def __call__(self, scenario: str | None, overrides: Sequence[str], folder: Path) -> pd.DataFrame:
        chosen = frozenset(self.effects) if scenario == self.end else self._chosen(overrides)
        self.planned.append(chosen)
        if chosen in self.impossible:
            raise InfeasibleError(pd.DataFrame())
        value = 100.0 + sum(self.effects[name] for name in chosen)
        return pd.DataFrame([{"kpi": "simulated_cost", "group_by": "all", "value": value, "unit": "USD"}])

    def _chosen(self, overrides: Sequence[str]) -> frozenset[str]:
        applied = " ".join(text for text in overrides if text.startswith("apply="))
        out = {part.name for part in self.parts if part.kind == "patch" and f'"{part.name}"' in applied}
        return frozenset(out | {part.name for part in self.parts if part.kind == "setting" and set(part.overrides) <= set(overrides)})  # fmt: skip  # noqa: E501


def test_every_plan_is_made_once_and_effects_come_back(project: Path) -> None:
    planner = _Planner(project, None, "dear", set())
    bridge = bridge_scenarios(project, None, "dear", plan=planner)
    assert len(planner.planned) == len(set(planner.planned)) == 8 == bridge.runs
    rows = bridge.table.set_index("part")["value"].to_dict()
    assert rows == {"baseline": 100.0, **planner.effects, "dear": 170.0}
    assert bridge.table["kind"].tolist() == ["from", "patch", "patch", "setting", "to"]


def test_scenarios_that_are_the_same_need_one_plan(project: Path) -> None:
    planner = _Planner(project, None, "same", set())
    bridge = bridge_scenarios(project, "baseline", "same", plan=planner)
    assert bridge.runs == 1
    assert "Nothing was changed" in bridge.method


def test_plans_without_a_solution(project: Path) -> None:
    planner = _Planner(project, None, "dear", {frozenset({"fuel"})})
    assert bridge_scenarios(project, None, "dear", plan=planner).dropped == 2
    for chosen in (frozenset[str](), frozenset(planner.effects)):
        with pytest.raises(InfeasibleError):
            bridge_scenarios(project, None, "dear", plan=_Planner(project, None, "dear", {chosen}))
    alone = {frozenset({name}) for name in planner.effects}
    with pytest.raises(InfeasibleError):
        bridge_scenarios(project, None, "dear", plan=_Planner(project, None, "dear", alone))


def test_a_scenario_that_does_not_exist(project: Path) -> None:
    with pytest.raises(InputError, match="dear"):
        find_steps(project, None, "deer")
