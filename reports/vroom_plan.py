"""Routes of a day as VROOM writes a solution, for tools that read it and for `planner routes import`.

Whole seconds (arrivals since 1970, UTC), metres, grams and cubic centimetres, hundredths of money. Vehicles and
jobs are numbered; their descriptions are the planner's own keys: `VAN#2` is the second VAN, a job's is its load.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from reports.dispatch_day import DispatchDay, records

Json = dict[str, Any]


def write_vroom(day: DispatchDay, path: Path) -> None:
    """Write summary, routes with timed steps, and unassigned jobs."""
    jobs = {load: n for n, load in enumerate(sorted([*day.stops["load_id"], *day.unassigned["load_id"]]), 1)}
    routes = [_route(day, route, jobs) for route in records(day.routes)]
    lost = [
        {"id": jobs[row["load_id"]], "type": "job", "description": row["load_id"], "reason": row["reason"],
         "fix": row["fix"]}
        for row in records(day.unassigned)
    ]  # fmt: skip
    summed = ("cost", "service", "duration", "waiting_time", "distance")
    answer = {
        "code": 0,
        "summary": {
            **{key: sum(route[key] for route in routes) for key in summed},
            "routes": len(routes),
            "unassigned": len(lost),
            "delivery": [sum(route["delivery"][k] for route in routes) for k in range(2)],
            "violations": [],
        },
        "unassigned": lost,
        "routes": routes,
        "planner": {
            "run_id": day.run.provenance["run_id"],
            "date": f"{day.date:%Y-%m-%d}",
            "depot_id": day.depot_id,
            "units": {"time": "s", "distance": "m", "amounts": ["g", "cm3"],
                      "cost": f"0.01 {day.run.provenance['currency']}"},
        },
    }  # fmt: skip
    path.write_text(json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _route(day: DispatchDay, route: Json, jobs: dict[str, int]) -> Json:
    stops = day.stops_of(route["route_id"])
    left = _amounts(route["load_kg"], route["load_m3"])
    whole = list(left)
    departure = _seconds(route["departure"])
    metres, served, waited = 0.0, 0, 0
    steps: list[Json] = [{"type": "start", **_where(day.depot), **_times(departure, departure, 0, 0), "load": left}]
    breaks, rested = day.breaks_of(route["route_id"]), 0

    def rest(after: int) -> None:
        nonlocal rested, waited
        for taken in breaks.get(after, []):
            minutes, wait = round(60 * taken["duration_min"]), round(60 * taken["wait_min"])
            arrival = _seconds(taken["start"]) - wait
            timed = _times(arrival, departure, served + waited + rested, round(metres))
            steps.append({"type": "break", "id": taken["break_no"], **timed, "load": left})
            steps[-1] |= {"service": minutes, "waiting_time": wait}
            rested, waited = rested + minutes, waited + wait

    rest(0)
    for stop in stops:
        metres += 1000 * stop["km"]
        service, wait = round(60 * stop["service_min"]), round(60 * stop["wait_min"])
        arrival = _seconds(stop["eta"])
        left = _amounts(stop["load_after_kg"], stop["load_after_m3"])
        steps.append(
            {
                "type": "job",
                "id": jobs[stop["load_id"]],
                "job": jobs[stop["load_id"]],
                "description": stop["load_id"],
                **_where(stop),
                "service": service,
                "waiting_time": wait,
                "arrival": arrival,
                "duration": arrival - departure - served - waited - rested,
                "distance": round(metres),
                "load": left,
                "violations": [],
            }
        )
        served, waited = served + service, waited + wait
        rest(stop["sequence"])
    back = _seconds(route["return"])
    end = _times(back, departure, served + waited + rested, round(1000 * route["distance_km"]))
    steps.append({"type": "end", **_where(day.depot), **end, "load": [0, 0]})
    return {
        "vehicle": route["number"],
        "description": f"{route['vehicle_id']}#{route['vehicle_no']}",
        "cost": round(100 * route["cost"]),
        "service": round(60 * route["service_min"]),
        "duration": round(60 * route["driving_min"]),
        "waiting_time": round(60 * route["wait_min"]),
        "distance": round(1000 * route["distance_km"]),
        "delivery": whole,
        "violations": [],
        "steps": steps,
    }


def _times(arrival: int, departure: int, stood: int, metres: int) -> Json:
    return {
        "service": 0, "waiting_time": 0, "arrival": arrival, "duration": arrival - departure - stood,
        "distance": metres, "violations": [],
    }  # fmt: skip


def _where(place: Any) -> Json:
    if pd.isna(place["latitude"]) or pd.isna(place["longitude"]):
        return {}
    return {"location": [round(float(place["longitude"]), 6), round(float(place["latitude"]), 6)]}


def _amounts(kg: float, m3: float) -> list[int]:
    return [round(1000 * kg), round(1_000_000 * m3)]


def _seconds(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp())
