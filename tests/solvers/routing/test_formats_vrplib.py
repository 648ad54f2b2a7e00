"""VRPLIB and Solomon files: literature values reproduced, faults named with section, line and advice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from solvers.routing.formats import RoutingFileError, check_solution, read_problem, write_solution
from solvers.routing.formats.solutions import sol_text
from solvers.routing.problem import UNBOUNDED
from solvers.routing.solution import RELOAD, RoutingSolution

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "convention", "cost"),
    [
        ("X-n101-k25", "round", 27591),  # Uchoa et al. (2017): optimal
        ("C101", "dimacs", 827.3),  # DIMACS challenge (2022): optimal
        ("PR01", "exact", 1655.420),  # PyVRP/Instances
        ("C201R0.25", "dimacs", 1500.6),  # Yang (2023): optimal
    ],
)
def test_best_known_solutions_cost_what_the_literature_says(name, convention, cost):
    file = read_problem(DATA / f"{name}.vrp")
    checked = check_solution(file, DATA / f"{name}.sol")
    assert file.convention == convention
    assert checked.cost == cost
    assert checked.broken == ()


def write(tmp_path, text, name="t.vrp"):
    path = tmp_path / name
    path.write_text(text)
    return path


HEAD = "NAME: t\nDIMENSION: 4\nCAPACITY: 10\nEDGE_WEIGHT_TYPE: EUC_2D\n"
XY = "NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 0 5\n4 6 8\n"
DEMAND = "DEMAND_SECTION\n1 0\n2 4\n3 5\n4 6\n"
DEPOT = "DEPOT_SECTION\n1\n-1\nEOF\n"


def test_a_plain_file(tmp_path):
    problem = read_problem(write(tmp_path, HEAD + XY + DEMAND + DEPOT)).problem
    assert (problem.depots, problem.clients) == (1, 3)
    assert problem.delivery[:, 0].tolist() == [4, 5, 6]
    assert problem.vehicles.count.tolist() == [3]
    assert problem.required.all()


def test_depots_anywhere_in_the_file_come_first(tmp_path):
    demand = DEMAND.replace("3 5", "3 0").replace("1 0", "1 7")
    depots = "DEPOT_SECTION\n3\n-1\n"
    file = read_problem(write(tmp_path, HEAD + XY + demand + depots))
    assert file.problem.coordinates.tolist() == [[0, 5], [0, 0], [3, 4], [6, 8]]
    assert file.problem.delivery[:, 0].tolist() == [7, 4, 6]
    assert file.jobs == (1, 2, 3)


TRIANGLES = {
    "FULL_MATRIX": "0 1 2 3\n1 0 4 5\n2 4 0 6\n3 5 6 0",
    "LOWER_ROW": "1\n2 4\n3 5 6",
    "LOWER_DIAG_ROW": "0\n1 0\n2 4 0\n3 5 6 0",
    "UPPER_ROW": "1 2 3\n4 5\n6",
    "UPPER_DIAG_ROW": "0 1 2 3\n0 4 5\n0 6\n0",
}


@pytest.mark.parametrize("layout", TRIANGLES)
def test_matrices_in_every_layout(tmp_path, layout):
    text = f"DIMENSION : 4\nCAPACITY : 10\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : {layout}\n"
    file = read_problem(write(tmp_path, text + f"EDGE_WEIGHT_SECTION\n{TRIANGLES[layout]}\n{DEMAND}{DEPOT}"))
    assert file.problem.distances[0].tolist() == [[0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]]


def test_conventions_by_custom_by_option_and_by_manifest(tmp_path):
    windows = "TIME_WINDOW_SECTION\n1 0 100\n2 1.5 9\n3 0 50\n4 0 50\nSERVICE_TIME_SECTION\n1 0\n2 1\n3 1\n4 1\n"
    (tmp_path / "family").mkdir()
    path = write(tmp_path / "family", HEAD + XY + DEMAND + windows + DEPOT)
    assert (read_problem(path).convention, read_problem(path).scale) == ("dimacs", 10)
    assert read_problem(path).problem.windows[0, 0].tolist() == [15, 90]
    assert read_problem(path).problem.service.tolist() == [10, 10, 10]
    assert read_problem(path, convention="exact").problem.windows[0, 0].tolist() == [1500, 9000]
    write(tmp_path, "name,convention,path\nt,round (nearest int),family/t.vrp\n", "manifest.csv")
    assert read_problem(path).convention == "round"
    fractions = write(tmp_path, HEAD + XY.replace("3 4", "3.5 4") + DEMAND + windows + DEPOT)
    assert read_problem(fractions).convention == "exact"


def test_fleets_are_grouped_into_types(tmp_path):
    fleet = (
        "VEHICLES_DEPOT_SECTION\n1 1\n2 2\n3 1\n4 1\nCAPACITY_SECTION\n1 10\n2 10\n3 10\n4 20\n"
        "VEHICLES_FIXED_COST_SECTION\n1 5\n2 5\n3 5\n4 7\nVEHICLES_UNIT_DISTANCE_COST_SECTION\n1 1.5\n2 1\n3 1.5\n4 2\n"
        "VEHICLES_ALLOWED_CLIENTS_SECTION\n1 3 4\n2 3\n3 3 4\n4 3 4\n"
        "VEHICLES_RELOAD_DEPOT_SECTION\n1 1\n2 2\n3 1\n4 1\n"
    )
    head = HEAD.replace("CAPACITY: 10\n", "VEHICLES: 4\nVEHICLES_MAX_DURATION: 30\n")
    text = head + XY + DEMAND.replace("2 4", "2 0") + fleet + "DEPOT_SECTION\n1\n2\n-1\n"
    file = read_problem(write(tmp_path, text), convention="round")
    types = file.problem.vehicles
    assert file.vehicles == ((1, 3), (2,), (4,))
    assert types.count.tolist() == [2, 1, 1]
    assert types.capacity[:, 0].tolist() == [10, 10, 20]
    assert types.start_depot.tolist() == types.end_depot.tolist() == [0, 1, 0]
    assert types.distance_cost.tolist() == [15, 10, 20]  # costs in tenths, to be whole
    assert types.fixed_cost.tolist() == [50, 50, 70]
    assert file.cost_scale == 10
    assert types.max_duration.tolist() == [30, 30, 30]
    assert types.max_reloads.tolist() == [2, 2, 2]
    assert types.allowed.tolist() == [[True, True], [True, False], [True, True]]


def test_backhauls_prizes_and_release_times(tmp_path):
    extra = "BACKHAUL_SECTION\n1 0\n2 0\n3 9\n4 0\nPRIZE_SECTION\n1 0\n2 8\n3 0\n4 3\n"
    extra += "RELEASE_TIME_SECTION\n1 0\n2 7\n3 0\n4 0\n"
    demand = DEMAND.replace("3 5", "3 0")
    problem = read_problem(write(tmp_path, "TYPE: VRPB\n" + HEAD + XY + demand + extra + DEPOT)).problem
    assert problem.backhaul.tolist() == [False, True, False]
    assert problem.pickup[:, 0].tolist() == [0, 9, 0]
    assert problem.prize.tolist() == [8, 0, 3]
    assert problem.required.tolist() == [False, True, False]
    assert problem.release.tolist() == [7, 0, 0]
    assert not read_problem(
        write(tmp_path, "TYPE: VRPSPD\n" + HEAD + XY + demand + extra + DEPOT)
    ).problem.backhaul.any()


SOLOMON = """C1

VEHICLE
NUMBER     CAPACITY
  3         20

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0        100          0
    1      3         4         10         20         60         10
    2      1         1          7          0         50         10
"""


def test_solomon_text(tmp_path):
    file = read_problem(write(tmp_path, SOLOMON, "c1.txt"))
    problem = file.problem
    assert (file.format, file.name, file.convention) == ("solomon", "C1", "dimacs")
    assert problem.windows[:, 0].tolist() == [[200, 600], [0, 500]]
    assert problem.depot_windows.tolist() == [[0, 1000]]
    assert problem.vehicles.count.tolist() == [3]
    from solvers.routing.timetable import travel

    assert travel(problem, 0, 0, 2) == (14, 14)


BAD = [
    (HEAD + XY.replace("3 0 5\n", "") + DEMAND, r"NODE_COORD_SECTION, line 5: no row for node 3; add"),
    (HEAD + XY.replace("3 0 5", "2 0 5") + DEMAND, r"NODE_COORD_SECTION, line 8: node 2 stands in line 7 already"),
    (HEAD + XY.replace("4 6 8", "9 6 8") + DEMAND, r"NODE_COORD_SECTION, line 9: there is no node 9"),
    (HEAD + XY.replace("4 6 8", "4 6 x") + DEMAND, r"NODE_COORD_SECTION, line 9: 'x' is not a number"),
    (HEAD + XY.replace("4 6 8", "4 6 nan") + DEMAND, r"NODE_COORD_SECTION, line 9: 'nan' is not a finite number"),
    (HEAD + XY + DEMAND.replace("3 5", "3 -5"), r"DEMAND_SECTION, line 13: the amount of node 3 is -5; use whole"),
    (HEAD + XY + DEMAND.replace("3 5", "3 5.5"), r"DEMAND_SECTION, line 13: the amount of node 3 is 5.5"),
    (HEAD + XY + DEMAND.replace("1 0", "1 3"), r"DEMAND_SECTION: depot 1 has a demand"),
    (
        HEAD + XY + DEMAND + "TIME_WINDOW_SECTION\n1 0 9\n2 5 4\n3 0 9\n4 0 9\n",
        r"TIME_WINDOW_SECTION, line 17: the window of node 2 is 5 to 4; let it end after its start",
    ),
    (
        HEAD.replace("EUC_2D", "EXPLICIT") + "EDGE_WEIGHT_SECTION\n0 1 2\n1 0 3\n" + DEMAND,
        r"EDGE_WEIGHT_SECTION, line 5: has 6 numbers, the wrong shape; a FULL_MATRIX of 4 nodes has 16",
    ),
    (
        HEAD.replace("EUC_2D", "EXPLICIT") + "EDGE_WEIGHT_SECTION\n0 1 2 3\n1 0 -4 5\n2 4 0 6\n3 5 6 0\n" + DEMAND,
        r"EDGE_WEIGHT_SECTION, line 5: entry from node 2 to node 3 is -4, negative",
    ),
    (HEAD.replace("EUC_2D", "GEO") + XY + DEMAND, r"EDGE_WEIGHT_TYPE: GEO without what it needs is not understood"),
    (HEAD.replace("DIMENSION: 4\n", "DIMENSION: four\n") + XY, r"DIMENSION, line 2: 'four' is not a number"),
    (HEAD + XY + DEMAND + "MUTUALLY_EXCLUSIVE_GROUP_SECTION\n1 2\n", r"line 15: is not understood"),
    (HEAD + XY + DEMAND + "CAPACITY_SECTION\n1 10 10\n", r"2 dimensions, the demand has 1"),
    (HEAD + XY + DEMAND + "VEHICLES_DEPOT_SECTION\n1 2\n", r"VEHICLES_DEPOT_SECTION, line 16: node 2 is no depot"),
    (HEAD + DEMAND, r"has neither NODE_COORD_SECTION nor EDGE_WEIGHT_SECTION"),
    ("7 8 9\n" + HEAD + XY + DEMAND, r"line 1: '7 8 9' belongs to no section"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_faults_say_where_what_and_what_to_do(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(RoutingFileError, match=message) as caught:
        read_problem(path)
    assert str(path) in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path):
    text = HEAD + XY.replace("4 6 8", "4 6 x") + DEMAND.replace("3 5", "3 y") + "NOISE_SECTION\n"
    with pytest.raises(RoutingFileError) as caught:
        read_problem(write(tmp_path, text))
    assert len(caught.value.faults) >= 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("20         60", "60         20"), r"CUSTOMER, line 11: the window of customer 1 is 60 to 20"),
        (("    2      1", "    5      1"), r"CUSTOMER, line 12: customer 5 where 2 is expected"),
        (("    50         10\n", "\n"), r"CUSTOMER, line 12: \d numbers where 7 are expected"),
        (("         7          0", "        -7          0"), r"CUSTOMER, line 12: demand -7"),
        (("  3         20\n", ""), r"VEHICLE: has no row with number and capacity"),
    ],
)
def test_solomon_faults(tmp_path, change, message):
    assert change[0] in SOLOMON
    with pytest.raises(RoutingFileError, match=message):
        read_problem(write(tmp_path, SOLOMON.replace(*change), "bad.txt"))


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(RoutingFileError, match=r"cannot be read \(No such file"):
        read_problem(tmp_path / "missing.vrp")
    with pytest.raises(RoutingFileError, match="none of the known formats"):
        read_problem(write(tmp_path, "order,qty\n1,2\n", "orders.csv"))
    (tmp_path / "picture.vrp").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(RoutingFileError, match="it is not UTF-8 text"):
        read_problem(tmp_path / "picture.vrp")


def test_a_demand_above_every_vehicle_leaves_only_that_stop_out(tmp_path):
    """It is no fault of the file: the judge and the leftovers tell it."""
    from solvers.routing.leftovers import place_leftovers

    file = read_problem(write(tmp_path, HEAD + XY + DEMAND.replace("4 6", "4 60") + DEPOT))
    solution, (blocked,) = place_leftovers(file.problem, RoutingSolution.create([], 3))
    assert solution.unassigned == (2,)
    assert blocked.reasons == ("load",)
    assert blocked.changes[0].amount == 50


def test_sol_files_come_back_as_they_were_written(tmp_path):
    file = read_problem(DATA / "PR01.vrp")
    checked = check_solution(file, DATA / "PR01.sol")
    write_solution(tmp_path / "again.sol", file, checked.solution)
    again = check_solution(file, tmp_path / "again.sol")
    assert again.broken == ()
    assert again.cost == checked.cost
    assert again.judgement == checked.judgement
    assert "Route #2:\n" in (tmp_path / "again.sol").read_text()  # the second vehicle stays at home
    multi = read_problem(DATA / "C201R0.25.vrp")
    assert "Route #1: 2 0 1\n" in sol_text(multi, RoutingSolution.create([(0, (1, RELOAD, 0))], multi.problem.clients))


def test_windows_that_are_open_stay_open(tmp_path):
    problem = read_problem(write(tmp_path, HEAD + XY + DEMAND + DEPOT)).problem
    assert np.all(problem.windows == [0, UNBOUNDED])
