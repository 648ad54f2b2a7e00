"""Rules of loads and routes. Every rule yields one text per violation; a kept rule yields nothing."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from judge.case import Case, Row, first
from judge.stock_rules import TOLERANCE, goods, near

EARTH_KM = 6371.0088
MINUTE = 1.0 / 60.0  # clock times are whole seconds; every leg and every stop may round once
KM = 0.002  # distances are whole metres


def minutes_between(earlier: str, later: str) -> float:
    """Minutes between two instants with offset."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 60.0


def clock(case: Case, route: Row, minutes: float) -> datetime:
    """Instant of a clock time of the route's day, minutes after midnight; 1500 is one o'clock of the next day."""
    zone = ZoneInfo(case.scenario.get("timezone", "UTC"))
    day = route["date"]
    return (datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)).replace(tzinfo=zone)


def way(case: Case, origin: str, destination: str) -> tuple[float, float]:
    """Kilometres and minutes between two locations: the travel matrix, else great circle, road factor and speed."""
    for row in case.given.get("travel_matrix", []):
        if (row["origin_id"], row["destination_id"]) == (origin, destination):
            return row["distance_km"], row["duration_min"]
    if origin == destination:
        return 0.0, 0.0
    places = case.by_id("locations", "location_id")
    (lat1, lon1), (lat2, lon2) = (
        (math.radians(places[name]["latitude"]), math.radians(places[name]["longitude"]))
        for name in (origin, destination)
    )
    # the angle between two places by the law of cosines on the sphere, in the form that is exact for near places
    across = math.hypot(
        math.cos(lat2) * math.sin(lon2 - lon1),
        math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(lon2 - lon1),
    )
    along = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    km = EARTH_KM * math.atan2(across, along) * case.setting("distribution.road_factor", 1.25)
    return km, 60.0 * km / case.setting("distribution.speed_kmh", 70.0)


def stops_of(case: Case) -> dict[str, list[Row]]:
    """Stops of every route in order."""

    def collect() -> dict[str, list[Row]]:
        stops: dict[str, list[Row]] = {route["route_id"]: [] for route in case.plan["routes"]}
        for stop in case.plan["stops"]:
            stops.setdefault(stop["route_id"], []).append(stop)
        return {route: sorted(rows, key=lambda row: row["sequence"]) for route, rows in stops.items()}

    found: dict[str, list[Row]] = case.once("stops by route", collect)
    return found


def vehicle_of(case: Case, route: Row) -> Row:
    """Input row of the vehicle that drives a route."""
    for row in case.given["vehicles"]:
        if (row["vehicle_id"], row["depot_id"]) == (route["vehicle_id"], route["depot_id"]):
            return row
    raise AssertionError(f"route {route['route_id']}: {route['depot_id']} has no vehicle {route['vehicle_id']}")


def loads_hold_orders(case: Case) -> Iterator[str]:
    """Every DO line is in loads of its day and way, exactly; nothing else is."""
    orders = {row["order_id"]: row for row in case.plan["replenishment_orders"] if row["type"] == "DO"}
    loads = {row["load_id"]: row for row in case.plan["loads"]}
    loaded: dict[str, float] = defaultdict(float)
    weight: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    lines: Counter[str] = Counter()
    if len(loads) != len(case.plan["loads"]):
        yield "a load_id stands twice"
    for line in case.plan["load_lines"]:
        order, load = orders.get(line["order_id"]), loads.get(line["load_id"])
        if order is None or load is None:
            yield f"line of {line['load_id']}: no DO line {line['order_id']} or no such load"
            continue
        loaded[line["order_id"]] += line["qty"]
        lines[line["load_id"]] += 1
        for measure, amount in goods(case, order, line["qty"]).items():
            weight[line["load_id"]][measure] += amount
        asked = (order["item_id"], order["receipt_date"], order["source_id"], order["location_id"])
        if asked != (line["item_id"], load["date"], load["source_id"], load["location_id"]):
            yield f"load {line['load_id']}: order {line['order_id']} is for {asked}"
    for name, order in orders.items():
        if not near(loaded[name], order["qty"]):
            yield f"order {name}: {loaded[name]} of {order['qty']} in loads"
    for name, load in loads.items():
        sums = weight[name]
        if not near(load["weight_kg"], sums["capacity_kg"]) or not near(load["volume_m3"], sums["capacity_m3"]):
            yield f"load {name}: {load['weight_kg']} kg, {load['volume_m3']} m3 instead of {dict(sums)}"
        if lines[name] != load["lines"] or lines[name] == 0:
            yield f"load {name}: {lines[name]} lines, {load['lines']} stated"


def loads_once(case: Case) -> Iterator[str]:
    """Every load is on exactly one route or unassigned, at its place, on its day, from its source."""
    loads = {row["load_id"]: row for row in case.plan["loads"]}
    routes = {row["route_id"]: row for row in case.plan["routes"]}
    placed = Counter(row["load_id"] for row in case.plan["stops"])
    left = Counter(row["load_id"] for row in case.plan["unassigned"])
    for name in loads.keys() | placed.keys() | left.keys():
        if name not in loads or placed[name] + left[name] != 1:
            yield f"load {name}: on {placed[name]} routes, {left[name]} times unassigned"
    for stop in case.plan["stops"]:
        load, route = loads.get(stop["load_id"]), routes.get(stop["route_id"])
        if route is None:
            yield f"stop of {stop['route_id']}: no such route"
        elif load and (load["location_id"], load["date"], load["source_id"]) != (
            stop["location_id"],
            route["date"],
            route["depot_id"],
        ):
            yield f"load {stop['load_id']}: on route {stop['route_id']} to {stop['location_id']}"
    for row in case.plan["unassigned"]:
        if not row["reason"]:
            yield f"load {row['load_id']}: unassigned without a reason"


def sequences(case: Case) -> Iterator[str]:
    """Routes have stops 1, 2, ... as many as they say."""
    for route in case.plan["routes"]:
        numbers = [stop["sequence"] for stop in stops_of(case)[route["route_id"]]]
        if numbers != [float(n) for n in range(1, len(numbers) + 1)] or len(numbers) != route["stops"] or not numbers:
            yield f"route {route['route_id']}: stops {numbers}, {route['stops']} stated"


def vehicle_loads(case: Case) -> Iterator[str]:
    """What is on board fits the vehicle in kg and m3, and falls stop by stop to nothing."""
    for route in case.plan["routes"]:
        vehicle, name = vehicle_of(case, route), f"route {route['route_id']}"
        stops = stops_of(case)[route["route_id"]]
        shares = []
        for at_start, unloaded, after, limit in (
            ("load_kg", "weight_kg", "load_after_kg", "capacity_kg"),
            ("load_m3", "volume_m3", "load_after_m3", "capacity_m3"),
        ):
            on_board = sum(stop[unloaded] for stop in stops)
            most = vehicle.get(limit)
            if not near(on_board, route[at_start]):
                yield f"{name}: {at_start} {route[at_start]}, stops {on_board}"
            if most is not None and on_board > most * (1 + TOLERANCE):
                yield f"{name}: {unloaded} {on_board} over {most}"
            if most:
                shares.append(on_board / most)
            for stop in stops:
                on_board -= stop[unloaded]
                if abs(stop[after] - on_board) > 1e-6 * max(1.0, route[at_start]):
                    yield f"{name} stop {stop['sequence']:.0f}: {after} {stop[after]} instead of {on_board}"
        if shares and not near(route["utilisation"], max(shares), 1e-4):
            yield f"{name}: utilisation {route['utilisation']} instead of {max(shares)}"


def stop_loads(case: Case) -> Iterator[str]:
    """A stop unloads its load."""
    loads = {row["load_id"]: row for row in case.plan["loads"]}
    for stop in case.plan["stops"]:
        load = loads.get(stop["load_id"])
        if load and not (near(stop["weight_kg"], load["weight_kg"]) and near(stop["volume_m3"], load["volume_m3"])):
            yield f"load {stop['load_id']}: {stop['route_id']} unloads {stop['weight_kg']} of {load['weight_kg']} kg"


def fleet(case: Case) -> Iterator[str]:
    """No more vehicles of a type leave a depot on a day than there are, and each drives once."""
    used = Counter(
        (route["date"], route["depot_id"], route["vehicle_id"], route["vehicle_no"]) for route in case.plan["routes"]
    )
    for (day, depot, vehicle, number), times in used.items():
        count = vehicle_of(case, {"route_id": "", "vehicle_id": vehicle, "depot_id": depot}).get("count")
        if times > 1 or not 1 <= number <= first(count, 1.0):
            yield f"{depot} {day}: {vehicle} number {number:.0f} of {count} drives {times} times"


def skills(case: Case) -> Iterator[str]:
    """Only vehicles with the skills that a location requires stop there."""
    places = case.by_id("locations", "location_id")
    for route in case.plan["routes"]:
        has = {text.strip() for text in (vehicle_of(case, route).get("skills") or "").split(";")}
        for stop in stops_of(case)[route["route_id"]]:
            needs = {text.strip() for text in (places[stop["location_id"]].get("required_skills") or "").split(";")}
            if not needs - {""} <= has:
                yield f"route {route['route_id']}: {stop['location_id']} requires {needs}"


def distances(case: Case) -> Iterator[str]:
    """Kilometres follow from the coordinates (or the travel matrix), leg by leg and in total."""
    for route in case.plan["routes"]:
        place, total, name = route["depot_id"], 0.0, f"route {route['route_id']}"
        stops = stops_of(case)[route["route_id"]]
        for stop in stops:
            km = way(case, place, stop["location_id"])[0]
            if abs(km - stop["km"]) > KM:
                yield f"{name} stop {stop['sequence']:.0f}: {stop['km']} km instead of {km}"
            total, place = total + km, stop["location_id"]
        total += way(case, place, route["depot_id"])[0]
        if abs(total - route["distance_km"]) > KM * (len(stops) + 1):
            yield f"{name}: {route['distance_km']} km instead of {total}"
        most = vehicle_of(case, route).get("max_distance_km")
        if most is not None and total > most + KM * (len(stops) + 1):
            yield f"{name}: {total} km of {most}"


def times(case: Case) -> Iterator[str]:
    """Every stop is reached no sooner than driving allows, inside its window, and left after its service."""
    places = case.by_id("locations", "location_id")
    for route in case.plan["routes"]:
        speed = first(vehicle_of(case, route).get("speed_factor"), 1.0)
        place, left, driving, waiting, serving = route["depot_id"], route["departure"], 0.0, 0.0, 0.0
        breaks, resting = breaks_of(case, route), 0.0
        stops = stops_of(case)[route["route_id"]]
        for stop in stops:
            name = f"route {route['route_id']} stop {stop['sequence']:.0f}"
            location = places[stop["location_id"]]
            drive = way(case, place, stop["location_id"])[1] / speed
            driven = minutes_between(left, stop["eta"])
            rest = sum(taken["duration_min"] for taken in breaks if taken["after_sequence"] == stop["sequence"] - 1)
            if driven < drive + rest - 2 * MINUTE:
                yield f"{name}: reached {driven} min after {place}, {drive} min away, with {rest} min of breaks"
            fixed = first(location.get("service_min"), case.setting("distribution.service_min", 15.0))
            rate = first(location.get("service_min_per_100kg"), case.setting("distribution.service_min_per_100kg", 2.0))
            service = fixed + rate * stop["weight_kg"] / 100.0
            begin = None
            for opens, closes in windows_of(case, location):
                if minutes_between(clock(case, route, closes).isoformat(), stop["eta"]) <= MINUTE:
                    begin = max(stop["eta"], clock(case, route, opens).isoformat(), key=datetime.fromisoformat)
                    break
            if begin is None:
                yield f"{name}: reached at {stop['eta']}, after its windows"
                begin = stop["eta"]
            served = minutes_between(begin, stop["etd"])
            if served < service - 2 * MINUTE:
                yield f"{name}: left {served} min after service could begin, it takes {service}"
            if abs(stop["service_min"] - service) > 2 * MINUTE:
                yield f"{name}: service {stop['service_min']} min instead of {service}"
            place, left = stop["location_id"], stop["etd"]
            driving, waiting, serving = driving + drive, waiting + stop["wait_min"], serving + service
            resting += rest
        back = way(case, place, route["depot_id"])[1] / speed
        driving += back
        driven = minutes_between(left, route["return"])
        rest = sum(taken["duration_min"] for taken in breaks if taken["after_sequence"] == route["stops"])
        resting, waiting = resting + rest, waiting + sum(taken["wait_min"] for taken in breaks)
        if driven < back + rest - 2 * MINUTE:
            yield f"route {route['route_id']}: back {driven} min after {place}, which is {back} min away"
        slack = 2 * MINUTE * (len(stops) + len(breaks) + 1)
        away = minutes_between(route["departure"], route["return"])
        for stated, actual, what in (
            (route["duration_min"], away, "duration"),
            (route["driving_min"], driving, "driving"),
            (route["service_min"], serving, "service"),
            (route["wait_min"], waiting, "waiting"),
            (route["duration_min"], driving + serving + waiting + resting, "sum of its parts"),
        ):
            if abs(stated - actual) > slack:
                yield f"route {route['route_id']}: {what} {stated} min instead of {actual}"


def windows_of(case: Case, location: Row) -> list[tuple[float, float]]:
    """Windows of a location in order, minutes after midnight: its own and those of stop_windows."""
    spans = [
        (row["window_start_min"], row["window_end_min"])
        for row in case.given.get("stop_windows", [])
        if row["location_id"] == location["location_id"]
    ]
    opens, closes = location.get("window_start_min"), location.get("window_end_min")
    if not spans or opens is not None or closes is not None:
        spans.append((first(opens, 0.0), first(closes, 2 * 1440.0)))
    return sorted(spans)


def breaks_of(case: Case, route: Row) -> list[Row]:
    """Breaks taken on a route, in order."""
    taken = [row for row in case.plan.get("route_breaks", []) if row["route_id"] == route["route_id"]]
    return sorted(taken, key=lambda row: row["break_no"])


def breaks(case: Case) -> Iterator[str]:
    """Every break of a vehicle is taken once on every route, in its time, between the stops that it stands between."""
    for route in case.plan["routes"]:
        due = [
            row
            for row in case.given.get("driver_breaks", [])
            if row["vehicle_id"] == route["vehicle_id"] and row.get("depot_id") in {"", None, route["depot_id"]}
        ]
        due.sort(key=lambda row: row["earliest_start_min"])
        taken, name = breaks_of(case, route), f"route {route['route_id']}"
        if len(due) != len(taken):
            yield f"{name}: {len(taken)} breaks of {len(due)}"
        stops = {stop["sequence"]: stop for stop in stops_of(case)[route["route_id"]]}
        for rule, rest in zip(due, taken, strict=False):
            begin, end = (
                clock(case, route, rule[key]).isoformat() for key in ("earliest_start_min", "latest_start_min")
            )
            if minutes_between(begin, rest["start"]) < -MINUTE or minutes_between(rest["start"], end) < -MINUTE:
                yield f"{name}: break at {rest['start']}, not from {begin} to {end}"
            lasts = minutes_between(rest["start"], rest["end"])
            if abs(lasts - rule["duration_min"]) > MINUTE or abs(lasts - rest["duration_min"]) > MINUTE:
                yield f"{name}: break of {lasts} min instead of {rule['duration_min']}"
            before, after = stops.get(rest["after_sequence"]), stops.get(rest["after_sequence"] + 1)
            earliest = before["etd"] if before else route["departure"]
            latest = after["eta"] if after else route["return"]
            if minutes_between(earliest, rest["start"]) < -MINUTE or minutes_between(rest["end"], latest) < -MINUTE:
                yield f"{name}: break from {rest['start']} to {rest['end']}, between {earliest} and {latest}"


def shifts(case: Case) -> Iterator[str]:
    """Vehicles leave and return inside their shift, within their longest day and with at most their stops."""
    for route in case.plan["routes"]:
        vehicle, name = vehicle_of(case, route), f"route {route['route_id']}"
        start = clock(case, route, first(vehicle.get("shift_start_min"), 360.0)).isoformat()
        end = clock(case, route, first(vehicle.get("shift_end_min"), 1080.0)).isoformat()
        if minutes_between(start, route["departure"]) < -MINUTE or minutes_between(route["return"], end) < -MINUTE:
            yield f"{name}: from {route['departure']} to {route['return']}, shift {start} to {end}"
        away, longest = minutes_between(route["departure"], route["return"]), vehicle.get("max_duration_min")
        if longest is not None and away > longest + MINUTE:
            yield f"{name}: away {away} of {longest} min"
        if vehicle.get("max_stops") is not None and route["stops"] > vehicle["max_stops"]:
            yield f"{name}: {route['stops']} of {vehicle['max_stops']} stops"


def instants(case: Case) -> Iterator[str]:
    """Instants carry the offset of the project's time zone and lie on the route's day."""
    zone = ZoneInfo(case.scenario.get("timezone", "UTC"))
    days = {route["route_id"]: route["date"] for route in case.plan["routes"]}
    rows = [(row["route_id"], row["departure"]) for row in case.plan["routes"]]
    rows += [(row["route_id"], row[name]) for row in case.plan["stops"] for name in ("eta", "etd")]
    for route, text in rows:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None or instant.utcoffset() != instant.astimezone(zone).utcoffset():
            yield f"route {route}: {text} has not the offset of {zone}"
        elif not 0 <= (instant.date() - days[route]).days <= 1:
            yield f"route {route}: {text} is not on {days[route]}"


def route_costs(case: Case) -> Iterator[str]:
    """A route costs its vehicle, its kilometres and its hours; its CO2 goes by kilometre."""
    for route in case.plan["routes"]:
        vehicle, km, hours = vehicle_of(case, route), route["distance_km"], route["duration_min"] / 60.0
        cost = (vehicle.get("fixed_cost") or 0.0) + km * first(vehicle.get("cost_per_km"), 1.0)
        cost += hours * (vehicle.get("cost_per_hour") or 0.0)
        if not near(route["cost"], cost, 1e-3):
            yield f"route {route['route_id']}: costs {route['cost']} instead of {cost}"
        co2 = km * first(vehicle.get("co2_kg_per_km"), 0.8)
        if not near(route["co2_kg"], co2, 1e-3):
            yield f"route {route['route_id']}: {route['co2_kg']} kg CO2 instead of {co2}"


TRANSPORT_RULES = {
    rule.__name__: rule
    for rule in (
        *(loads_hold_orders, loads_once, sequences, vehicle_loads, stop_loads, fleet, skills),
        *(distances, times, breaks, shifts, instants, route_costs),
    )
}
