"""Stops fixed by a person: kept where the rules allow, given up with the reason where not; emissions per leg."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from planner.distribution import plan_routes
from planner.distribution.hand_plan import read_hand_plan
from reports.run_folder import RunFolder
from reports.tables import LOADS, conform
from scenarios.settings import DistributionSettings
from solvers.routing.formats import RoutingFileError

SETTINGS = DistributionSettings(solver="ortools", iterations=30, road_factor=1.2, speed_kmh=60, service_min=10)
DAY = "2026-03-10"


@pytest.fixture
def town(table):
    """A depot, eight stores around it with a load of 100 kg each, three vans for 450 kg and a lorry for 480."""
    angles = np.linspace(0, 2 * np.pi, 9)[:-1]
    stores = [
        {
            "location_id": f"S{k}", "type": "store", "latitude": 50 + 0.2 * np.sin(a), "longitude": 8 + 0.3 * np.cos(a),
            "window_end_min": 1000.0, "required_skills": "lift" if k == 7 else "",
        }
        for k, a in enumerate(angles)
    ]  # fmt: skip
    vehicles = [
        {"vehicle_id": "VAN", "depot_id": "D", "count": 3, "capacity_kg": 450.0, "fixed_cost": 30.0,
         "max_distance_km": 400.0},
        {"vehicle_id": "LORRY", "depot_id": "D", "count": 1, "capacity_kg": 480.0, "fixed_cost": 200.0,
         "skills": "lift", "co2e_kg_per_km": 1.25},
    ]  # fmt: skip
    tables = {
        "locations": table(
            "locations", [{"location_id": "D", "type": "dc", "latitude": 50.0, "longitude": 8.0}, *stores]
        ),
        "vehicles": table("vehicles", vehicles),
        "travel_matrix": table("travel_matrix", []),
    }
    return loads_of([(f"L-S{k}", f"S{k}") for k in range(8)]), tables


def loads_of(rows):
    frame = pd.DataFrame(rows, columns=["load_id", "location_id"])
    return conform(LOADS, frame.assign(date=pd.Timestamp(DAY), source_id="D", weight_kg=100.0, volume_m3=0.5, lines=1))


@pytest.fixture
def pins(table):
    def make(*rows):
        """Rows of (vehicle, number, places in order)."""
        return table(
            "stop_pins",
            [
                {"pin_id": f"{vehicle}{number}-{n}", "date": pd.Timestamp(DAY), "origin_id": "D", "author": "A",
                 "vehicle_id": vehicle, "vehicle_no": number, "sequence": n, "location_id": place, "reason": "R"}
                for vehicle, number, places in rows
                for n, place in enumerate(places, 1)
            ],
        )  # fmt: skip

    return make


def plan(town, stop_pins, **more):
    loads, tables = town
    return plan_routes(
        loads, **tables, timezone="UTC", settings=SETTINGS, seed=1, stop_pins=stop_pins,
        start=pd.Timestamp("2026-03-01"), **more,
    )  # fmt: skip


def visits(found):
    rows = found.stops.merge(found.routes, on="route_id").sort_values("sequence")
    return {key: part["location_id"].tolist() for key, part in rows.groupby(["vehicle_id", "vehicle_no"])}


def notes(found):
    return dict(zip(found.stop_pin_report["pin_id"], found.stop_pin_report["note"], strict=True))


def test_pinned_stops_keep_vehicle_and_order(town, pins):
    found = plan(town, pins(("VAN", 3, ["S4", "S0", "S2"]), ("LORRY", 1, ["S1"])))
    routes = visits(found)
    assert [place for place in routes["VAN", 3] if place in {"S4", "S0", "S2"}] == ["S4", "S0", "S2"]
    assert "S1" in routes["LORRY", 1]
    assert sorted(itertools.chain(*routes.values())) == [f"S{k}" for k in range(8)]
    assert found.unassigned.empty
    assert set(notes(found).values()) == {""}
    assert found.routes[["vehicle_id", "vehicle_no"]].duplicated().sum() == 0


def test_a_late_load_joins_a_pinned_route_that_passes_by(town, pins):
    loads, tables = town
    found = plan((loads.iloc[:3], tables), pins(("VAN", 2, ["S0", "S2"])))
    assert visits(found) == {("VAN", 2): ["S0", "S1", "S2"]}


def test_no_pins_no_difference(town, pins):
    with_table, without = plan(town, pins()), plan(town, None)
    for name in ("routes", "stops", "unassigned"):
        pd.testing.assert_frame_equal(getattr(with_table, name), getattr(without, name))
    assert with_table.stop_pin_report.empty


def test_pins_that_cannot_be_kept_say_why(town, pins):
    found = plan(town, pins(("VAN", 9, ["S0"]), ("CART", 1, ["S1"]), ("VAN", 1, ["S7", "S2"]), ("VAN", 2, ["S2", "X"])))
    said = notes(found)
    assert said["VAN9-1"] == "there are 3 of VAN, not 9"
    assert said["CART1-1"] == "D has no vehicle CART"
    assert said["VAN1-1"] == "skills: VAN lacks the skills that S7 requires"
    assert said["VAN1-2"] == ""
    assert "no load goes from D to S2" in said["VAN2-1"]  # it has one load, and that is pinned already
    assert "no load goes from D to X" in said["VAN2-2"]
    assert found.unassigned.empty  # what was given up goes another way


def test_overload_gives_up_the_last_stop(town, pins):
    found = plan(town, pins(("VAN", 1, ["S0", "S1", "S2", "S3", "S4", "S5"])))
    said = notes(found)
    assert [pin for pin, note in said.items() if note] == ["VAN1-5", "VAN1-6"]
    assert said["VAN1-6"] == "load: VAN would carry 150 kg more than it holds"
    assert visits(found)["VAN", 1] == ["S0", "S1", "S2", "S3"]


def test_expired_pins_and_other_days_do_not_count(town, pins):
    gone = pins(("VAN", 1, ["S0"])).assign(expires_date=pd.Timestamp("2026-03-01"))
    late = pins(("VAN", 2, ["S0"])).assign(date=pd.Timestamp("2026-03-11"), expires_date=pd.Timestamp("2026-03-12"))
    said = notes(plan(town, pd.concat([gone, late], ignore_index=True)))
    assert said == {"VAN1-1": "expired on 2026-03-01", "VAN2-1": "nothing goes out from D on 2026-03-11"}


def test_several_loads_of_a_place_are_pinned_by_name(town, pins):
    _, tables = town
    loads = loads_of([("L-1", "S0"), ("L-2", "S0"), ("L-3", "S1")])
    chosen = pins(("VAN", 1, ["S0"]), ("VAN", 2, ["S0"])).assign(load_id=["L-2", "gone"])
    found = plan((loads, tables), chosen)
    rows = found.stops.merge(found.routes, on="route_id").set_index("load_id")["vehicle_no"]
    assert (rows["L-2"], rows["L-1"]) == (1, 2)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_pinned_the_plan_keeps_the_rules_and_its_word(town, pins, seed):
    random = np.random.default_rng(seed)
    places = random.permutation([f"S{k}" for k in range(8)]).tolist()
    cuts = sorted(random.integers(0, 8, 2).tolist())
    wanted = {("VAN", 1): places[: cuts[0]], ("VAN", 3): places[cuts[0] : cuts[1]]}
    found = plan(town, pins(*((*vehicle, part) for vehicle, part in wanted.items())))
    kept = found.stop_pin_report[found.stop_pin_report["kept"]]
    routes = visits(found)
    for (kind, number), part in kept.groupby(["vehicle_id", "vehicle_no"]):
        order = part.sort_values("sequence")["location_id"].tolist()
        assert [place for place in routes[kind, number] if place in order] == order
    assert found.stop_pin_report["note"].eq("").equals(found.stop_pin_report["kept"])
    assert sorted(itertools.chain(*routes.values())) == [f"S{k}" for k in range(8)]
    assert (found.routes[found.routes["vehicle_id"] == "VAN"]["load_kg"] <= 450).all()


def test_emissions_of_every_leg(town):
    found = plan(town, None)
    stops = found.stops.merge(found.routes[["route_id", "vehicle_id"]], on="route_id")
    for route in found.routes.to_dict("records"):
        legs = stops[stops["route_id"] == route["route_id"]].sort_values("sequence")
        back = route["distance_km"] - legs["km"].sum()
        on_board = legs["load_after_kg"] + legs["weight_kg"]
        if route["vehicle_id"] == "LORRY":
            factors, empty = pd.Series(1.25, index=legs.index), 1.25
            assert route["co2e_source"] == "vehicles.co2e_kg_per_km"
        else:  # up to 3.5 t: 7.9 % more or less than half laden
            factors = 0.8 * 97.8 / 75.3 * (1 + 0.079 * (2 * on_board / 450 - 1))
            empty = 0.8 * 97.8 / 75.3 * (1 - 0.079)
            assert route["co2e_source"].startswith("default")
        assert legs["co2e_kg"].tolist() == pytest.approx((legs["km"] * factors).tolist())
        assert route["co2e_kg"] == pytest.approx((legs["km"] * factors).sum() + back * empty)
        assert route["co2_kg"] == pytest.approx(0.8 * route["distance_km"])


def test_places_without_coordinates(town, table):
    loads, tables = town
    places = tables["locations"].copy()
    places.loc[places["location_id"].isin(["S0", "D"]), ["latitude", "longitude"]] = np.nan
    ids = ["D", *loads["location_id"]]
    matrix = table(
        "travel_matrix",
        [{"origin_id": a, "destination_id": b, "distance_km": 10.0, "duration_min": 12.0}
         for a in ids for b in ids if a != b],
    )  # fmt: skip
    found = plan((loads, {**tables, "locations": places, "travel_matrix": matrix}), None)
    stops = found.stops.set_index("location_id")
    assert found.unassigned.empty
    assert np.isnan(stops.loc["S0", "latitude"])
    assert stops.loc["S1", "latitude"] == pytest.approx(50 + 0.2 * 0.5**0.5)


def test_route_and_vehicle_columns_of_a_hand_plan(town, tmp_path):
    """The column that was changed counts; two changes that disagree are an error."""
    loads, _ = town
    found = plan(town, None)
    run = RunFolder(tmp_path, {"loads": loads, "routes": found.routes, "stops": found.stops}, {})
    routes = found.routes.set_index("route_id")
    here, there = routes.index[:2]
    load = found.stops.set_index("route_id").loc[[here], "load_id"].iloc[0]
    old, new = (f"{routes.loc[r, 'vehicle_id']},{routes.loc[r, 'vehicle_no']}" for r in (here, there))

    def read(route, vehicle):
        (tmp_path / "plan.csv").write_text(
            f"load_id,sequence,route_id,vehicle_id,vehicle_no\n{load},1,{route},{vehicle}\n"
        )
        (stop,) = read_hand_plan(tmp_path / "plan.csv", run, {})
        return f"{stop.vehicle[0]},{stop.vehicle[1]}"

    assert read(here, old) == old
    assert read(here, new) == read(there, old) == read(there, new) == read("", new) == read(there, ",") == new
    with pytest.raises(RoutingFileError, match="let both name the same vehicle"):
        read(there, "CART,1")


def test_headers_and_signs_of_an_export(town, tmp_path):
    """What `exports.stops` wrote is read back: other headers, semicolons, decimal commas, a byte order mark."""
    loads, _ = town
    found = plan(town, None)
    run = RunFolder(tmp_path, {"loads": loads, "routes": found.routes, "stops": found.stops}, {})
    lines = ["Sendung;Halt;Fahrzeug;Nr;Gewicht", "L-S1;2,5;VAN;2;100,0", "", "L-S2;1;VAN;;100,0", "L-S3;3;;;100,0"]
    (tmp_path / "plan.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    headers = {"Sendung": "load_id", "Halt": "sequence", "Fahrzeug": "vehicle_id", "Nr": "vehicle_no"}
    stops = read_hand_plan(tmp_path / "plan.csv", run, headers)
    assert [(stop.load_id, stop.vehicle, stop.sequence) for stop in stops] == [
        ("L-S1", ("VAN", 2), 2.5),
        ("L-S2", ("VAN", 1), 1.0),  # a line without vehicle leaves its load out
    ]
