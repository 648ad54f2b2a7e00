"""`planner routes solve` and `check` on files as a user types them; bad files end with exit code 2 and say where."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from planner_command import Planner

VRP = Path(__file__).parents[1] / "solvers" / "routing" / "data" / "X-n101-k25.vrp"
SECONDS = [[0, 300, 500, 700], [300, 0, 200, 400], [500, 200, 0, 250], [700, 400, 250, 0]]
DAY: dict[str, Any] = {
    "vehicles": [
        {
            "id": 1, "start_index": 0, "end_index": 0, "capacity": [4], "skills": [1], "time_window": [0, 9000],
            "breaks": [{"id": 3, "time_windows": [[900, 1500]], "service": 600}],
        }
    ],
    "jobs": [
        {"id": 10, "location_index": 1, "delivery": [1], "time_windows": [[0, 100], [4000, 5000]]},
        {"id": 11, "location_index": 2, "delivery": [1], "skills": [99]},
    ],
    "shipments": [
        {"amount": [2], "pickup": {"id": 1, "location_index": 3}, "delivery": {"id": 2, "location_index": 2}},
    ],
    "matrices": {"car": {"durations": SECONDS}},
}  # fmt: skip


@pytest.fixture
def cores() -> Iterator[None]:
    """Give the process its cores back."""
    from solvers.compiled import set_threads

    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    yield
    if before is not None:
        os.sched_setaffinity(0, before)
    set_threads(os.cpu_count() or 1)


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DAY)
    *parents, last = path
    target: Any = document
    for key in parents:
        target = target[key]
    target[last] = value
    return document


@pytest.mark.usefixtures("cores")
def test_a_vrplib_file_as_in_the_readme(planner: Planner, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    words = ("--solver", "auto", "--time-limit", 0.5, "--seed", 1, "--output", answer, "--threads", 1, "--cpu-time")
    done = planner("routes", "solve", VRP, *words)
    assert (done.code, done.err) == (0, "")
    written = json.loads(answer.read_text())
    steps = [step for route in written["routes"] for step in route["steps"] if step["type"] == "job"]
    assert sorted(step["id"] for step in steps) == list(range(1, 101))
    checked = planner("routes", "check", VRP, answer)
    assert (checked.code, checked.out) == (
        0,
        f"cost {written['summary']['cost']}, {len(written['routes'])} routes, 0 violations\n",
    )


def test_a_vroom_file_with_breaks_windows_and_a_shipment(planner: Planner, tmp_path: Path) -> None:
    day, answer = write(tmp_path / "day.json", DAY), tmp_path / "answer.json"
    done = planner("routes", "solve", day, "--iterations", 50, "--output", answer)
    assert done.code == 0
    told = " ".join(done.out.split())
    assert "no vehicle has its skills" in told  # the table wraps where the terminal is narrow
    assert "fits if vehicle 1 may serve" in told
    written = json.loads(answer.read_text())
    kinds = [step["type"] for step in written["routes"][0]["steps"]]
    assert sorted(kinds) == ["break", "delivery", "end", "job", "pickup", "start"]
    assert planner("routes", "check", day, answer).code == 5  # one job is on no route
    again = planner("routes", "solve", day, "--iterations", 1, "--start", answer, "--json")
    assert json.loads(again.out)["summary"]["cost"] == written["summary"]["cost"]


def test_the_steps_of_the_problem_are_a_plan(planner: Planner, tmp_path: Path) -> None:
    steps = [{"type": "start"}, {"type": "job", "id": 10}, {"type": "delivery", "id": 2}, {"type": "pickup", "id": 1}]
    done = planner("routes", "check", write(tmp_path / "day.json", changed(("vehicles", 0, "steps"), steps)), "--json")
    assert done.code == 5
    causes = {cause["cause"] for cause in json.loads(done.out)["summary"]["violations"]}
    assert causes == {"missing_break", "precedence"}
    nothing = planner("routes", "check", write(tmp_path / "day.json", DAY))
    assert nothing.code == 2
    assert "no plan to check" in nothing.err


BAD: dict[str, tuple[Any, str]] = {
    "wrong shape": (
        changed(("matrices", "car", "durations"), SECONDS[:3]),
        "durations[0]: has 4 entries, the matrix 3",
    ),
    "negative entry": (changed(("matrices", "car", "durations", 1, 2), -5), "durations[1][2]: is -5"),
    "missing entry": (changed(("matrices", "car", "durations", 1, 2), None), "durations[1][2]: is missing"),
    "window": (
        changed(("jobs", 0, "time_windows"), [[9, 3]]),
        "job 10).time_windows[0]: the window 9 to 3 ends before",
    ),
    "no matrix": (changed(("vehicles", 0, "profile"), "bike"), "has nothing for the profile 'bike'"),
    "half a shipment": (changed(("shipments", 0, "delivery"), None), "shipments[0] (shipment ?).delivery: is missing"),
    "no JSON": ("[1, 2", "line 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_with_its_place(planner: Planner, tmp_path: Path, name: str) -> None:
    document, words = BAD[name]
    path = tmp_path / "day.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    done = planner("routes", "solve", path, "--output", tmp_path / "answer.json")
    assert done.code == 2, done.err
    if name != "no JSON":
        assert words in done.err
    assert not (tmp_path / "answer.json").exists()


def test_what_no_vehicle_holds_is_left_out_with_its_fix(planner: Planner, tmp_path: Path) -> None:
    day = write(tmp_path / "day.json", changed(("shipments", 0, "amount"), [9]))
    done = planner("routes", "solve", day, "--iterations", 20, "--json")
    assert done.code == 0
    lost = {(task["type"], task["id"]): task for task in json.loads(done.out)["unassigned"]}
    assert set(lost) == {("job", 11), ("pickup", 1), ("delivery", 2)}
    assert lost["pickup", 1]["reason"] == "no vehicle holds it"
    assert lost["delivery", 2]["fix"] == "fits if vehicle 1 holds 5 more"


def test_an_answer_that_cannot_be_written_is_told_before_the_search(planner: Planner, tmp_path: Path) -> None:
    day = write(tmp_path / "day.json", DAY)
    done = planner("routes", "solve", day, "--output", tmp_path / "nowhere" / "answer.json")
    assert (done.code, "There is no folder" in done.err) == (2, True)
    assert planner("routes", "solve", day, "--output", tmp_path).code == 2
