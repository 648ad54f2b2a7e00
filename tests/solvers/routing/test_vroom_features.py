"""One small VROOM file per feature: solved, judged, written, and the figures worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from solvers.routing import registry
from solvers.routing.formats import RoutingFile, check_solution, read_problem, vroom_answer
from solvers.routing.leftovers import place_leftovers
from solvers.routing.proofs import prove_fixes
from solvers.routing.stop import iterations

# places on a line, 100 s and 1 km apart; place 0 is the depot
PLACES = 7
SECONDS = [[100 * abs(a - b) for b in range(PLACES)] for a in range(PLACES)]
METRES = [[1000 * abs(a - b) for b in range(PLACES)] for a in range(PLACES)]


def read(tmp_path: Any, vehicles: list[dict[str, Any]], **rest: Any) -> RoutingFile:
    home = {"start_index": 0, "end_index": 0}
    document = {
        "vehicles": [{"id": k, **home, **vehicle} for k, vehicle in enumerate(vehicles, 1)],
        "jobs": [],
        "matrices": {"car": {"durations": SECONDS, "distances": METRES}},
        **rest,
    }
    path = tmp_path / "in.json"
    path.write_text(json.dumps(document))
    return read_problem(path)


def job(number: int, **rest: Any) -> dict[str, Any]:
    return {"id": number, "location_index": number, **rest}


def shipment(number: int, origin: int, to: int, **rest: Any) -> dict[str, Any]:
    ends = {"pickup": {"id": number, "location_index": origin}, "delivery": {"id": number, "location_index": to}}
    return {**ends, **rest}


def solve(file: RoutingFile, solver: str = "auto") -> dict[str, Any]:
    found = registry.solve(file.problem, iterations(100), 1, solver=solver)
    solution, blocked = prove_fixes(file.problem, *place_leftovers(file.problem, found.solution))
    answer = vroom_answer(file, solution, blocked)
    assert answer["summary"]["violations"] == []
    return answer


def named(steps: list[dict[str, Any]]) -> list[str]:
    return [f"{step['type']} {step['id']}" if "id" in step else step["type"] for step in steps]


def test_several_windows(tmp_path: Any) -> None:
    file = read(tmp_path, [{}], jobs=[job(1, time_windows=[[0, 50], [500, 600]]), job(2, time_windows=[[450, 480]])])
    (route,) = solve(file)["routes"]
    assert named(route["steps"]) == ["start", "job 2", "job 1", "end"]
    assert [step["arrival"] for step in route["steps"]] == [250, 450, 550, 650]
    assert route["waiting_time"] == 0


def test_a_break_is_taken_on_the_way(tmp_path: Any) -> None:
    pause = {"id": 7, "time_windows": [[250, 260]], "service": 50, "description": "lunch"}
    file = read(tmp_path, [{"time_window": [0, 2000], "breaks": [pause]}], jobs=[job(4, time_windows=[[450, 450]])])
    (route,) = solve(file)["routes"]
    assert named(route["steps"]) == ["start", "break 7", "job 4", "end"]
    assert [step["arrival"] for step in route["steps"]] == [0, 250, 450, 850]
    assert [step["duration"] for step in route["steps"]] == [0, 250, 400, 800]
    assert route["steps"][1]["service"] == 50
    assert route["steps"][1]["description"] == "lunch"
    assert "location_index" not in route["steps"][1]


def test_a_break_with_little_on_board(tmp_path: Any) -> None:
    pause = {"id": 1, "time_windows": [[0, 1000]], "service": 10, "max_load": [1]}
    file = read(tmp_path, [{"capacity": [4], "breaks": [pause]}], jobs=[job(1, delivery=[2]), job(2, delivery=[1])])
    kinds = named(solve(file)["routes"][0]["steps"])
    assert kinds.index("break 1") > kinds.index("job 1")


def test_a_shipment_is_picked_up_before_it_is_delivered(tmp_path: Any) -> None:
    file = read(tmp_path, [{"capacity": [1]}], shipments=[shipment(1, 5, 2, amount=[1]), shipment(2, 1, 4, amount=[1])])
    answer = solve(file)
    (route,) = answer["routes"]
    assert named(route["steps"]) == ["start", "pickup 2", "delivery 2", "pickup 1", "delivery 1", "end"]
    assert [step["load"] for step in route["steps"]] == [[0], [1], [0], [1], [0], [0]]
    assert (answer["summary"]["delivery"], answer["summary"]["pickup"]) == ([2], [2])
    assert answer["summary"]["cost"] == 1000


def test_an_impossible_shipment_is_told_with_both_its_tasks(tmp_path: Any) -> None:
    file = read(tmp_path, [{"capacity": [3]}], jobs=[job(1)], shipments=[shipment(9, 2, 3, amount=[5])])
    answer = solve(file)
    assert answer["summary"]["unassigned"] == 2
    assert [(task["type"], task["id"]) for task in answer["unassigned"]] == [("pickup", 9), ("delivery", 9)]
    assert {task["fix"] for task in answer["unassigned"]} == {"fits if vehicle 1 holds 2 more"}
    assert len(answer["routes"]) == 1


def test_setup_counts_once_at_a_place(tmp_path: Any) -> None:
    jobs = [{"id": k, "location_index": 2, "setup": 60, "service": 10} for k in (1, 2, 3)]
    (route,) = solve(read(tmp_path, [{}], jobs=jobs))["routes"]
    assert (route["setup"], route["service"]) == (60, 30)
    assert [step["setup"] for step in route["steps"]] == [0, 60, 0, 0, 0]


def test_times_by_vehicle_type(tmp_path: Any) -> None:
    slow = job(1, service=500, service_per_type={"van": 20}, setup_per_type={"van": 5}, time_windows=[[0, 1000]])
    file = read(
        tmp_path, [{"type": "van", "time_window": [0, 300]}, {"type": "lorry", "time_window": [0, 300]}], jobs=[slow]
    )
    (route,) = solve(file)["routes"]
    assert (route["vehicle"], route["service"], route["setup"]) == (1, 20, 5)


def test_costs_of_time_distance_tasks_and_use(tmp_path: Any) -> None:
    costs = {"fixed": 10, "per_hour": 36, "per_km": 2, "per_task_hour": 72}
    file = read(tmp_path, [{"costs": costs, "max_distance": 9000}], jobs=[job(3, service=100)])
    assert solve(file)["summary"]["cost"] == 10 + 600 * 36 // 3600 + 6 * 2 + 100 * 72 // 3600


def test_limits_of_time_at_the_wheel_and_of_distance_together(tmp_path: Any) -> None:
    limits = {"max_travel_time": 600, "max_distance": 5000, "max_tasks": 2}
    answer = solve(read(tmp_path, [limits, limits], jobs=[job(1), job(2), job(3)]))
    assert [task["id"] for task in answer["unassigned"]] == [3]
    assert answer["unassigned"][0]["reason"] == "the way there and back is longer than any vehicle may drive"
    assert answer["unassigned"][0]["fix"] == "fits if vehicle 1 may drive 1000 farther"


def test_overtime_is_dearer(tmp_path: Any) -> None:
    costs = {"per_hour": 0, "per_overtime_hour": 3600}
    vehicle = {"costs": costs, "regular_duration": 700}
    answer = solve(read(tmp_path, [vehicle, vehicle], jobs=[job(1, service=400), job(3)]))
    assert (answer["summary"]["routes"], answer["summary"]["cost"]) == (2, 0)
    answer = solve(read(tmp_path, [vehicle], jobs=[job(1, service=400), job(3)]))
    assert answer["summary"]["cost"] == 300


def test_balance_shares_the_work(tmp_path: Any) -> None:
    jobs = [job(k) for k in (1, 2, 3, 4)]
    assert solve(read(tmp_path, [{}, {}], jobs=jobs))["summary"]["routes"] == 1
    far = [{"id": k, "location_index": 2, "service": 1000} for k in (1, 2)]
    answer = solve(read(tmp_path, [{}, {}], jobs=far, balance_per_hour=3600))
    assert sorted(len(route["steps"]) for route in answer["routes"]) == [3, 3]


def test_speeds_by_time_of_day(tmp_path: Any) -> None:
    speeds = {"car": {"from": [0, 100, 200], "percent": [100, 50, 100], "period": 1000}}
    file = read(tmp_path, [{"time_window": [0, 900]}], jobs=[job(2, time_windows=[[0, 250]])], speeds=speeds)
    (route,) = solve(file)["routes"]
    assert [step["arrival"] for step in route["steps"]] == [0, 250, 450]
    assert route["duration"] == 450


def test_reloads_and_release_times(tmp_path: Any) -> None:
    file = read(
        tmp_path, [{"capacity": [1], "max_reloads": 3}], jobs=[job(1, delivery=[1]), job(2, delivery=[1], release=500)]
    )
    (route,) = solve(file)["routes"]
    assert named(route["steps"]) == ["start", "job 1", "reload", "job 2", "end"]
    assert route["steps"][3]["arrival"] >= 700


def test_optional_tasks_and_priorities(tmp_path: Any) -> None:
    answer = solve(read(tmp_path, [{"max_tasks": 1}], jobs=[job(1), job(2, priority=10), job(6, prize=5)]))
    assert [task["id"] for task in answer["unassigned"]] == [1, 6]
    assert "prize" in answer["unassigned"][1]["reason"]


def test_pinned_and_frozen_steps_stay(tmp_path: Any) -> None:
    frozen = [{"type": "job", "id": 5, "frozen": True}, {"type": "job", "id": 3, "pinned": True}]
    file = read(tmp_path, [{}, {"steps": [{"type": "start"}, *frozen]}], jobs=[job(k) for k in (1, 3, 4, 5)])
    (route,) = [r for r in solve(file)["routes"] if r["vehicle"] == 2]
    assert named(route["steps"])[:4] == ["start", "job 5", "job 4", "job 3"]


def test_profiles_speed_factors_and_skills(tmp_path: Any) -> None:
    bike = [[3 * s for s in row] for row in SECONDS]
    matrices = {"car": {"durations": SECONDS}, "bike": {"durations": bike}}
    vehicles = [{"profile": "bike", "skills": [1]}, {"speed_factor": 2.0}]
    answer = solve(read(tmp_path, vehicles, jobs=[job(1, skills=[1]), job(2)], matrices=matrices))
    assert {route["vehicle"]: route["duration"] for route in answer["routes"]} == {1: 600, 2: 200}
    assert "distance" not in answer["summary"]


def test_start_and_end_elsewhere(tmp_path: Any) -> None:
    answer = solve(read(tmp_path, [{"start_index": 1, "end_index": 6}], jobs=[job(2), job(5)]))
    assert (answer["summary"]["cost"], named(answer["routes"][0]["steps"])) == (500, ["start", "job 2", "job 5", "end"])


STEPS = [{"type": "start"}, {"type": "delivery", "id": 1}, {"type": "job", "id": 3}, {"type": "pickup", "id": 1}]


def test_a_given_plan_is_judged_in_vrooms_words(tmp_path: Any) -> None:
    vehicle = {
        "capacity": [1], "time_window": [0, 900], "max_tasks": 2, "max_travel_time": 900, "max_distance": 8000,
        "breaks": [{"id": 4, "time_windows": [[100, 200]], "service": 30, "max_load": [0]}], "steps": STEPS,
    }  # fmt: skip
    jobs = [job(3, delivery=[2], skills=[8], time_windows=[[0, 250]])]
    file = read(tmp_path, [vehicle], jobs=jobs, shipments=[shipment(1, 5, 2, amount=[1])])
    told = {(b.cause, b.type, b.job, b.amount) for b in check_solution(file).broken}
    assert told == {
        ("delay", "job", 3, 50), ("delay", None, None, 100), ("load", None, None, 1), ("skills", "job", 3, 1),
        ("precedence", "delivery", 1, 1), ("max_tasks", None, None, 1), ("max_travel_time", None, None, 100),
        ("max_distance", None, None, 2000), ("missing_break", "break", 4, 1),
    }  # fmt: skip


def test_a_plan_held_to_times_can_be_early(tmp_path: Any) -> None:
    steps = [{"type": "start"}, {"type": "job", "id": 1, "service_at": 150}, {"type": "break", "id": 4}]
    vehicle = {"breaks": [{"id": 4, "time_windows": [[10, 90]], "service": 5}], "steps": steps}
    file = read(tmp_path, [vehicle], jobs=[job(1, time_windows=[[200, 300]])])
    checked = check_solution(file)
    assert {(b.cause, b.type, b.amount) for b in checked.broken} == {("lead_time", "job", 50), ("delay", "break", 60)}
    assert checked.answer["routes"][0]["steps"][1]["violations"] == [{"cause": "lead_time", "duration": 50}]
    assert any(b.message == "vehicle 1: break 4: delay: 60 late" for b in checked.broken)


def test_what_nobody_reads_is_told(tmp_path: Any) -> None:
    file = read(tmp_path, [{"max_task": 3}], jobs=[job(1, time_window=[0, 5])])
    assert file.notes == (
        "jobs: not understood and left unread: time_window",
        "vehicles: not understood and left unread: max_task",
    )


@pytest.mark.parametrize("solver", ["genetic", "ant_colony", "exact", "ortools"])
def test_other_solvers_say_what_they_do_not_know(tmp_path: Any, solver: str) -> None:
    file = read(tmp_path, [{"breaks": [{"id": 1, "time_windows": [[0, 9]]}]}], jobs=[job(1)])
    if registry.why_not(solver) is None:
        with pytest.raises(registry.UnsupportedProblemError, match="driver breaks"):
            solve(file, solver)
