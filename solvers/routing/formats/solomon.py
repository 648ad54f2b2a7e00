"""Solomon's and Gehring and Homberger's text files of vehicle routing with time windows.

Source: Solomon (1987), "Algorithms for the vehicle routing and scheduling problems with time window
constraints", Operations Research 35. By default distances and times keep one decimal, cut off (DIMACS).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from solvers.routing.formats.errors import Faults
from solvers.routing.formats.routing_file import FACTORS, Convention, RoutingFile, whole
from solvers.routing.problem import RoutingProblem, VehicleTypes

COLUMNS = 7  # customer, x, y, demand, ready, due, service


def read_solomon(path: Path, text: str, convention: Convention | None) -> RoutingFile:
    """Return the problem of a Solomon text file.

    Raises
    ------
    RoutingFileError
        With every fault found.
    """
    faults = Faults(path)
    rows: list[tuple[int, list[float]]] = []
    for line, raw in enumerate(text.splitlines(), 1):
        words = raw.split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            if words and words[0][0].isdigit() and rows:
                faults.add(f"line {line}", f"'{raw.strip()[:40]}' is not a row of numbers", "write numbers")
            continue
        if numbers:
            rows.append((line, numbers))
    if not rows or len(rows[0][1]) != 2:
        raise faults.fail("VEHICLE", "has no row with number and capacity", "write both below VEHICLE")
    count, capacity = rows[0][1]
    table = _customers(rows[1:], faults)
    chosen: Convention = convention or "dimacs"
    problem = RoutingProblem.create(
        depots=1,
        vehicles=VehicleTypes.create(
            count=int(count),
            capacity=[[int(capacity)]],
        ),
        coordinates=table[:, 1:3],
        rounding="truncate" if chosen == "dimacs" else "nearest",
        scale=FACTORS[chosen],
        delivery=table[1:, 3].astype(np.int64),
        depot_windows=whole(table[:1, 4:6], chosen),
        windows=whole(table[1:, 4:6], chosen),
        service=whole(table[1:, 6], chosen),
    )
    return RoutingFile(
        path=path,
        format="solomon",
        name=text.split(maxsplit=1)[0],
        problem=problem,
        jobs=tuple(range(1, problem.clients + 1)),
        vehicles=(tuple(range(1, int(count) + 1)),),
        scale=FACTORS[chosen],
        cost_scale=FACTORS[chosen],
        convention=chosen,
    )


def _customers(
    rows: list[tuple[int, list[float]]], faults: Faults
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    for number, (line, row) in enumerate(rows):
        where = f"CUSTOMER, line {line}"
        if len(row) != COLUMNS:
            faults.add(where, f"{len(row)} numbers where {COLUMNS} are expected", "complete the row")
        elif row[0] != number:
            faults.add(
                where, f"customer {row[0]:g} where {number} is expected", "number the customers from 0, the depot"
            )
        elif row[4] > row[5]:
            faults.add(
                where, f"the window of customer {number} is {row[4]:g} to {row[5]:g}", "let it end after its start"
            )
        elif row[3] < 0 or row[3] % 1 or row[6] < 0:
            faults.add(where, f"demand {row[3]:g} or service time {row[6]:g} is impossible", "use whole numbers from 0")
    if not rows:
        faults.add("CUSTOMER", "has no rows", "write the depot and the customers")
    faults.stop()
    return np.array([row for _, row in rows])
