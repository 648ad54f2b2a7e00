"""VROOM's JSON: read, solved by hand, written, checked; faults named by id."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from solvers.routing.evaluate import judge
from solvers.routing.formats import (
    RoutingFileError,
    check_solution,
    read_problem,
    vroom_answer,
    vroom_input,
    write_solution,
)
from solvers.routing.leftovers import place_leftovers
from solvers.routing.problem import OPEN_END
from solvers.routing.proofs import prove_fixes
from solvers.routing.solution import RoutingSolution

SECONDS = [[0, 600, 900, 700], [600, 0, 500, 800], [900, 500, 0, 400], [700, 800, 400, 0]]
METRES = [[10 * s for s in row] for row in SECONDS]

INPUT = {
    "vehicles": [
        {
            "id": 11, "start_index": 0, "end_index": 0, "capacity": [4, 100], "skills": [1, 14],
            "time_window": [28800, 43200], "description": "red van",
        },
        {"id": 12, "start_index": 0, "capacity": [4, 100], "time_window": [28800, 43200], "max_tasks": 2},
    ],
    "jobs": [
        {"id": 1, "location_index": 1, "service": 300, "delivery": [1, 10], "skills": [1]},
        {
            "id": 5, "location_index": 2, "service": 300, "setup": 60, "pickup": [1, 20],
            "time_windows": [[32400, 36000], [28800, 29000]], "priority": 7, "description": "blue door",
        },
        {"id": 9, "location_index": 3, "delivery": [2, 30]},
    ],
    "matrices": {"car": {"durations": SECONDS, "distances": METRES}},
}  # fmt: skip


def load(tmp_path, document, name="in.json"):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return read_problem(path)


def test_everything_of_an_input_arrives(tmp_path):
    file = load(tmp_path, INPUT)
    problem, fleet = file.problem, file.problem.vehicles
    assert (problem.depots, problem.clients, problem.dimensions) == (1, 3, 2)
    assert file.jobs == (1, 5, 9)
    assert file.vehicles == ((11,), (12,))
    assert fleet.end_depot.tolist() == [0, OPEN_END]
    assert fleet.shift.tolist() == [[28800, 43200]] * 2
    assert fleet.max_stops[1] == 2
    assert (problem.durations[0, 1, 2], problem.distances[0, 1, 2]) == (500, 5000)
    assert fleet.driving_cost.tolist() == [file.cost_scale] * 2  # VROOM charges travel time: 3600 an hour
    assert problem.windows[1].tolist() == [[28800, 29000], [32400, 36000]]
    assert (problem.service.tolist(), problem.setup.tolist()) == ([300, 300, 0], [0, 60, 0])
    assert problem.priority.tolist() == [0, 7, 0]
    able = problem.compatible()
    assert able.tolist() == [[True, True, True], [False, True, True]]


def test_the_answer_is_vrooms(tmp_path):
    """Expected figures worked out by hand from the matrix."""
    file = load(tmp_path, INPUT)
    solution = RoutingSolution.create([(0, (0, 1, 2))], 3)
    answer = vroom_answer(file, solution, milliseconds={"loading": 1, "solving": 2})
    summary = answer["summary"]
    assert (summary["cost"], summary["duration"], summary["distance"]) == (2200, 2200, 22000)
    assert (summary["service"], summary["setup"], summary["priority"]) == (600, 60, 7)
    assert summary["delivery"] == [3, 40]
    assert summary["pickup"] == [1, 20]
    assert summary["violations"] == []
    assert summary["computing_times"] == {"loading": 1, "solving": 2}
    (route,) = answer["routes"]
    assert (route["vehicle"], route["description"]) == (11, "red van")
    steps = route["steps"]
    assert [step["type"] for step in steps] == ["start", "job", "job", "job", "end"]
    assert [step.get("id") for step in steps] == [None, 1, 5, 9, None]
    assert [step["load"] for step in steps] == [[3, 40], [2, 30], [3, 50], [1, 20], [1, 20]]
    assert [step["duration"] for step in steps] == [0, 600, 1100, 1500, 2200]
    assert [step["distance"] for step in steps] == [0, 6000, 11000, 15000, 22000]
    # leaves so that it is at job 5 when its second window opens: 32400 - 500 - 300 - 600
    assert [step["arrival"] for step in steps] == [31000, 31600, 32400, 33160, 33860]
    assert steps[2]["description"] == "blue door"
    assert (steps[2]["setup"], steps[2]["service"]) == (60, 300)
    assert [step["location_index"] for step in steps] == [0, 1, 2, 3, 0]


def test_an_open_route_ends_at_its_last_stop(tmp_path):
    """VROOM reports a start and an end whatever the vehicle says (its changelog, 1.9.0)."""
    file = load(tmp_path, INPUT)
    answer = vroom_answer(file, RoutingSolution.create([(1, (2,))], 3))
    start, stop, end = answer["routes"][0]["steps"]
    assert (start["type"], stop["type"], end["type"]) == ("start", "job", "end")
    assert (end["arrival"], end["location_index"]) == (stop["arrival"], stop["location_index"])
    assert answer["summary"]["duration"] == 700
    assert [job["id"] for job in answer["unassigned"]] == [1, 5]


def test_a_vehicle_without_a_start_begins_at_its_first_job(tmp_path):
    document = copy.deepcopy(INPUT)
    document["vehicles"] = [{"id": 3, "end_index": 0, "capacity": [9, 99], "skills": [1]}]
    file = load(tmp_path, document)
    solution = RoutingSolution.create([(0, (0, 1, 2))], 3)
    assert judge(file.problem, solution).distance == 5000 + 4000 + 7000
    assert file.problem.depots == 2
    steps = vroom_answer(file, solution)["routes"][0]["steps"]
    assert (steps[0]["type"], steps[0]["location_index"]) == ("start", 1)


def test_costs_per_kilometre_and_hour(tmp_path):
    document = copy.deepcopy(INPUT)
    document["vehicles"][0]["costs"] = {"fixed": 50, "per_hour": 36, "per_km": 2}
    file = load(tmp_path, document)
    cost = vroom_answer(file, RoutingSolution.create([(0, (0, 1, 2))], 3))["summary"]["cost"]
    assert cost == 50 + 2200 * 36 // 3600 + 22 * 2
    document["vehicles"][0]["costs"] = {"per_hour": 0, "per_km": 2}
    document["vehicles"][1]["costs"] = {"per_hour": 0, "per_km": 1}
    document["vehicles"][0]["max_distance"] = 21000
    file = load(tmp_path, document)
    (broken,) = judge(file.problem, RoutingSolution.create([(0, (0, 1, 2))], 3)).violations
    assert (broken.rule, broken.amount) == ("max_distance", 1000)


def test_speed_factors_and_own_costs(tmp_path):
    document = copy.deepcopy(INPUT)
    document["vehicles"][0]["speed_factor"] = 0.5
    file = load(tmp_path, document)
    assert file.problem.durations[:, 0, 1].tolist() == [1200, 600]
    document = copy.deepcopy(INPUT)
    document["matrices"]["car"]["costs"] = [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]]
    answer = vroom_answer(load(tmp_path, document), RoutingSolution.create([(0, (0, 1, 2))], 3))
    assert (answer["summary"]["cost"], answer["summary"]["duration"]) == (4, 2200)


def test_coordinates_without_matrices(tmp_path):
    document = {
        "vehicles": [{"id": 1, "start": [0.0, 0.0], "end": [0.0, 0.0]}],
        "jobs": [{"id": 7, "location": [1.0, 0.0]}],
    }
    path = tmp_path / "in.json"
    path.write_text(json.dumps(document))
    file = read_problem(path, road_factor=1.0, speed_kmh=36)
    assert file.problem.distances[0, 0, 1] == 111195  # one degree of the equator on the mean sphere
    assert file.problem.durations[0, 0, 1] == 11120  # at 10 m/s
    assert "great circles" in file.notes[0]


def test_a_plan_is_timed_again_and_its_faults_are_named_as_vroom_does(tmp_path):
    document = copy.deepcopy(INPUT)
    document["vehicles"][1]["max_travel_time"] = 1000
    file = load(tmp_path, document)
    plan = {
        "routes": [
            {"vehicle": 11, "steps": [{"type": "start"}, {"type": "job", "id": 9}, {"type": "end"}]},
            {"vehicle": 12, "steps": [{"type": "start"}, *({"type": "job", "id": k} for k in (1, 9, 5))]},
        ]
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    checked = check_solution(file, tmp_path / "plan.json")
    told = {(b.cause, b.vehicle, b.job, b.amount) for b in checked.broken}
    assert told == {
        ("duplicate", 12, 9, 1),
        ("max_travel_time", 12, None, 800),
        ("max_tasks", 12, None, 1),
        ("skills", 12, 1, 1),
    }
    assert any(b.message == "vehicle 12: max_travel_time: 800 too long at the wheel" for b in checked.broken)
    first, second = checked.answer["routes"]
    assert first["violations"] == []
    assert {"cause": "max_travel_time", "duration": 800} in second["violations"]
    assert second["steps"][1]["violations"] == [{"cause": "skills"}]


def test_lateness_and_overload_are_told_in_numbers(tmp_path):
    document = copy.deepcopy(INPUT)
    document["jobs"][1]["time_windows"] = [[28800, 29000]]
    document["jobs"][2]["delivery"] = [9, 30]
    document["vehicles"][0]["time_window"] = [28800, 30000]
    file = load(tmp_path, document)
    plan = {"routes": [{"vehicle": 11, "steps": [{"type": "job", "id": k} for k in (1, 5, 9)]}]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    told = {(b.cause, b.job): b.amount for b in check_solution(file, tmp_path / "plan.json").broken}
    assert told == {("delay", 5): 1200, ("delay", None): 1660, ("load", None): 6}
    # at job 5 at 28800 + 600 + 300 + 500 = 30200; back at 30200 + 360 + 400 + 700 = 31660


def test_unassigned_jobs_say_why_and_what_would_fit(tmp_path):
    document = copy.deepcopy(INPUT)
    document["jobs"][0]["skills"] = [99]
    document["jobs"][2]["delivery"] = [6, 30]
    file = load(tmp_path, document)
    solution, blocked = prove_fixes(file.problem, *place_leftovers(file.problem, RoutingSolution.create([], 3)))
    path = tmp_path / "answer.json"
    write_solution(path, file, solution, blocked)
    lost = {job["id"]: job for job in json.loads(path.read_text())["unassigned"]}
    assert lost[1]["reason"] == "no vehicle has its skills or may serve it"
    assert lost[9]["reason"] == "no vehicle holds it"
    assert lost[9]["fix"] == "fits if vehicle 12 holds 2 more in dimension 1"
    assert lost[1]["fix"].startswith("fits if vehicle 1")


def test_the_steps_of_vehicles_are_a_start(tmp_path):
    document = copy.deepcopy(INPUT)
    document["vehicles"][0]["steps"] = [{"type": "start"}, {"type": "job", "id": 9}, {"type": "job", "id": 1}]
    plan = load(tmp_path, document).plan
    assert (plan.solution, plan.vehicles) == (RoutingSolution.create([(0, (2, 0))], 3), (11,))
    assert load(tmp_path, INPUT).plan is None


def changed(path, value):
    document = copy.deepcopy(INPUT)
    *parents, last = path
    target = document
    for key in parents:
        target = target[key]
    target[last] = value
    return document


CAR = ("matrices", "car")
BAD = [
    (changed(("jobs", 1, "time_windows"), [[9, 5]]), r"jobs\[1\] \(job 5\).time_windows\[0\]: the window 9 to 5 ends"),
    (changed(("jobs", 0, "service"), -3), r"jobs\[0\] \(job 1\).service: -3 is no number from 0"),
    (changed(("jobs", 0, "id"), 9), r"jobs: the id 9 is there twice"),
    (
        changed(("jobs", 0, "location_index"), 4),
        r"location_index: 4 is outside the matrices; give an index from 0 to 3",
    ),
    (changed(("jobs", 0, "delivery"), [1, 2, 3]), r"amounts have \[2, 3\] dimensions, vehicles \[2\]"),
    (changed(("jobs", 0, "delivery"), "much"), r"delivery: much is no list of whole numbers"),
    (changed(("vehicles", 0, "time_window"), [5, 1]), r"vehicle 11\).time_window: the window 5 to 1 ends before"),
    (
        changed(("vehicles", 0, "breaks"), [{"id": 1, "time_windows": [[9, 5]]}]),
        r"vehicle 11\).breaks\[0\] \(break 1\).time_windows\[0\]: the window 9 to 5 ends",
    ),
    (changed(("vehicles", 0, "breaks"), [{"id": 1}, {"id": 1}]), r"breaks: the id 1 is there twice"),
    (changed(("vehicles", 0, "speed_factor"), 9), r"vehicle 11\).speed_factor: 9 is above 5"),
    (changed(("vehicles", 0, "steps"), [{"type": "job", "id": 7}]), r"steps\[0\] \(step 7\).id: 7 is no job of"),
    (changed(("jobs", 0, "priority"), 101), r"job 1\).priority: 101 is above 100"),
    (changed(("speeds",), {"car": {"from": [5], "percent": [100]}}), r"speeds.car.from: and percent are no bands"),
    (changed(("vehicles", 0, "profile"), "bike"), r"matrices: has nothing for the profile 'bike'"),
    (changed(("vehicles",), []), r"vehicles: there is none"),
    (changed(("jobs",), {}), r"jobs: there is none"),
    (changed((*CAR, "durations", 2), [1, 2, 3]), r"matrices.car.durations\[2\]: has 3 entries, the matrix 4 rows"),
    (changed((*CAR, "durations", 1, 2), -1), r"matrices.car.durations\[1\]\[2\]: is -1, not a number from 0"),
    (changed((*CAR, "durations", 1, 2), None), r"matrices.car.durations\[1\]\[2\]: is missing"),
    (changed((*CAR, "distances"), [[0]]), r"matrices.car: have different shapes"),
    (changed(("shipments",), [{}]), r"shipments\[0\] \(shipment \?\).pickup: is missing"),
    (changed(("vehicles", 0, "max_travel_time"), 9) | {"x": 0}, None),
]


@pytest.mark.parametrize(("document", "message"), BAD)
def test_faults_name_the_member_and_the_id(tmp_path, document, message):
    if message is None:
        assert load(tmp_path, document).problem.clients == 3  # members that VROOM does not know either
        return
    with pytest.raises(RoutingFileError, match=message):
        load(tmp_path, document)


def test_rates_beside_a_matrix_of_costs_are_refused_as_vroom_does(tmp_path):
    document = changed((*CAR, "costs"), SECONDS)
    assert load(tmp_path, document).problem.arc_costs is not None
    document["vehicles"][0]["costs"] = {"per_km": 2}
    with pytest.raises(RoutingFileError, match=r"vehicle 11\): per_hour or per_km beside a matrix of costs"):
        load(tmp_path, document)
    document = changed((*CAR, "distances"), None)
    document["vehicles"][0]["max_distance"] = 5
    with pytest.raises(RoutingFileError, match=r"vehicle 11\): per_km and max_distance need distances"):
        load(tmp_path, document)


def test_broken_json_and_foreign_solutions(tmp_path):
    (tmp_path / "bad.json").write_text('{"jobs": [}')
    with pytest.raises(RoutingFileError, match=r"line 1, column 11: .+; write valid JSON"):
        read_problem(tmp_path / "bad.json")
    file = load(tmp_path, INPUT)
    steps = [{"type": "job", "id": 77}, {"type": "break"}]
    (tmp_path / "plan.json").write_text(json.dumps({"routes": [{"vehicle": 11, "steps": steps}, {"vehicle": 8}]}))
    with pytest.raises(RoutingFileError) as caught:
        check_solution(file, tmp_path / "plan.json")
    assert [fault.split(";")[0] for fault in caught.value.faults] == [
        "routes[0] (route ?).steps[0] (step 77).id: 77 is no job of the problem",
        "routes[0] (route ?).steps[1] (step ?).id: None is no break of the vehicle",
        "routes[1] (route ?).vehicle: 8 is no vehicle of the problem",
    ]
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(RoutingFileError, match="routes: are missing"):
        check_solution(file, tmp_path / "plan.json")
    (tmp_path / "plan.sol").write_text("Cost 12\n")
    with pytest.raises(RoutingFileError, match="has no line 'Route #1"):
        check_solution(file, tmp_path / "plan.sol")


def test_many_places_without_matrices_lie_on_a_plane(tmp_path, monkeypatch):
    """20,000 would need matrices of 3 GB each; times are those of great circles nearly, in a fraction of the memory."""
    rng = np.random.default_rng(1)
    places = np.round(np.stack([rng.uniform(-2, 7, 20), rng.uniform(43, 50, 20)], axis=1), 4).tolist()
    jobs = [{"id": k, "location": place, "delivery": [1]} for k, place in enumerate(places)]
    vehicle = {"id": 1, "start": [2.35, 48.85], "capacity": [20], "speed_factor": 0.8}
    document = {"vehicles": [vehicle], "jobs": jobs}
    usual = load(tmp_path, document)
    monkeypatch.setattr(vroom_input, "LARGEST_MATRIX", 10)
    plane = load(tmp_path, document)
    assert plane.problem.distances is None
    assert "no distances" in plane.notes[0]
    route = RoutingSolution.create([(0, tuple(range(20)))], 20)
    costs = [vroom_answer(file, route)["summary"]["cost"] for file in (usual, plane)]
    assert costs[1] == pytest.approx(costs[0], rel=0.002)
    for unfit in ({"max_distance": 9}, {"costs": {"per_km": 2}}, {"start": None, "end": [2, 48]}):
        changed = {**document, "vehicles": [{k: v for k, v in {**vehicle, **unfit}.items() if v is not None}]}
        with pytest.raises(RoutingFileError, match="places; leave that out"):
            load(tmp_path, changed)
