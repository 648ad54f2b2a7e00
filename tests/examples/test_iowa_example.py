"""The shipped example: its tables are valid, its figures are the stated ones, and it can be built again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from scenarios.examples import example_folder
from scenarios.examples.iowa import assumptions as a
from scenarios.examples.iowa.build import category, write_example
from scenarios.examples.iowa.cleaning import clean
from scenarios.project import Project, load_project
from scenarios.resolve import read_scenario
from scenarios.scenario import flat_settings
from scenarios.sweep import expand_sweep
from scenarios.tables.issues import Issues

FOLDER = example_folder("iowa")
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "iowa"
SOURCE_ROWS, SOURCE_LITRES = 318_005, 10_123_390.925


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(FOLDER, None, [])


@pytest.fixture(scope="module")
def cleaning() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "cleaning.csv", keep_default_na=False)


def test_the_tables_are_valid(project: Project) -> None:
    assert not (project.issues["severity"] == "error").any(), project.issues.to_string()
    assert len(project.tables["items"]) == 64
    assert (project.tables["locations"]["type"] == "store").sum() == 337
    assert len(project.tables["suppliers"]) == 9


def test_named_scenarios_change_something(project: Project) -> None:
    for name in project.scenario.scenarios:
        found = read_scenario(FOLDER, name, (), Issues())
        assert found is not None
        assert found.scenario is not None
        assert found.scenario.apply or flat_settings(found.scenario) != flat_settings(project.scenario), name


def test_all_patches_together_touch_what_they_name(project: Project) -> None:
    patches = project.scenario.patches
    changed = load_project(FOLDER, None, [f"apply=[{', '.join(patches)}]"])
    assert changed.edits["patch"].unique().tolist() == list(patches)
    assert (changed.edits["rows"] > 0).all()
    assert changed.edits.groupby("table")["rows"].sum().to_dict() == {
        "calendars": 5,
        "demand_history": 4187,
        "inventory_policies": 2,
        "item_transitions": 1,
        "locations": 1,
        "open_orders": 2,
        "promotions": 1,
        "suppliers": 1,
        "vehicles": 7,
    }
    before, after = project.tables["vehicles"], changed.tables["vehicles"]
    assert after["count"].tolist() == [5, 8, 4]
    # fuel first, then carbon: the order of the patches
    wanted = before["cost_per_km"] * 1.12 + 0.1 * before["co2_kg_per_km"]
    assert after["cost_per_km"].tolist() == pytest.approx(wanted.tolist())
    history = changed.tables["demand_history"].groupby("location_id")["qty"].sum()
    assert history["NEW_CITY"] == pytest.approx(history["AMES"] / 4)


def test_settings_of_service_count(project: Project) -> None:
    """A rule for everything would win against the settings, and the what-ifs on service would change nothing."""
    rules = project.tables["inventory_policies"]
    keys = ["item_id", "category", "location_id", "region"]
    assert (rules[keys].notna() & (rules[keys] != "")).any(axis=1).all()


def test_sweeps_expand(project: Project) -> None:
    sizes = {name: len(expand_sweep(FOLDER, name)) for name in project.scenario.sweeps}
    assert sizes == {name: sweep.runs for name, sweep in project.scenario.sweeps.items()}
    assert sizes == {"service_frontier": 12, "fuel_and_carbon": 8, "uncertain_supply": 50}


def test_the_readme_names_every_scenario(project: Project) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in [*project.scenario.scenarios, *project.scenario.sweeps])


def test_no_litre_disappears(cleaning: pd.DataFrame) -> None:
    accounted = cleaning[cleaning["step"].isin(["left out", "kept"])]
    assert accounted["rows"].sum() == SOURCE_ROWS
    assert accounted["liters"].sum() == pytest.approx(SOURCE_LITRES, abs=1e-6)
    history = pd.read_parquet(FOLDER / "tables" / "demand_history.parquet")
    kept = cleaning.loc[cleaning["step"] == "kept", "liters"].item()
    assert history["qty"].sum() == pytest.approx(kept, abs=1e-6)


def test_the_readme_states_the_figures(cleaning: pd.DataFrame) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for row in cleaning[cleaning["step"] != "left out"].itertuples(index=False):
        assert f"{row.rows:,}" in text
        assert f"{row.liters:,.3f}" in text
        assert row.value in text
    reasons = cleaning[cleaning["step"] == "left out"].groupby("reason")[["rows", "liters"]].sum()
    for row in reasons.itertuples(index=False):
        assert f"| {row.rows:,} | {row.liters:,.3f} |" in text
    for licence in ("Apache License 2.0", "CC BY 4.0", "GeoNames", "madsenmj/data-iowa-liquor"):
        assert licence in text


def test_history_is_weekly_and_ends_before_the_horizon() -> None:
    history = pd.read_parquet(FOLDER / "tables" / "demand_history.parquet")
    assert set(history["date"].dt.dayofweek) == {0}
    assert history["date"].min() == pd.Timestamp("2012-01-02")
    assert history["date"].max() == pd.Timestamp(a.HORIZON_START) - pd.Timedelta(weeks=1)
    assert not history.duplicated(["item_id", "location_id", "date"]).any()
    recent = history[history["date"] >= pd.Timestamp(a.HORIZON_START) - pd.Timedelta(weeks=a.RECENT_WEEKS)]
    assert recent.groupby(["item_id", "location_id"]).ngroups == 5423
    # every item and every city that takes part is active
    assert recent["item_id"].nunique() == 64
    assert recent["location_id"].nunique() == 337


def test_packs_nest(project: Project) -> None:
    lanes = project.tables["lanes"].set_index("item_id")["order_multiple_qty"]
    purchase = project.tables["item_suppliers"].set_index("item_id")
    ratio = purchase["order_multiple_qty"] / lanes
    assert (ratio - ratio.round()).abs().max() < 1e-9
    moq = purchase["moq_qty"] / purchase["order_multiple_qty"]
    assert (moq - moq.round()).abs().max() < 1e-9
    uoms = project.tables["item_uoms"].set_index(["item_id", "uom"])["factor_qty"]
    for terms in (project.tables["lanes"], project.tables["item_suppliers"]):
        factors = uoms.loc[list(zip(terms["item_id"], terms["order_uom"], strict=True))]
        assert factors.to_list() == terms["order_multiple_qty"].to_list()


def test_starting_stock_fits_the_stores(project: Project) -> None:
    tables = project.tables
    stock = tables["inventory"].merge(tables["items"][["item_id", "unit_volume_m3"]], on="item_id")
    used = (stock["on_hand_qty"] * stock["unit_volume_m3"]).groupby(stock["location_id"]).sum()
    limits = tables["capacities"].query("kind == 'storage'").set_index("location_id")["capacity_m3"]
    arriving = tables["open_orders"].merge(tables["items"][["item_id", "unit_volume_m3"]], on="item_id")
    pipeline = (arriving["qty"] * arriving["unit_volume_m3"]).groupby(arriving["location_id"]).sum()
    assert (used + pipeline.reindex(used.index, fill_value=0.0)).loc[limits.index].le(limits).all()


def test_every_city_has_a_day_in_every_week(project: Project) -> None:
    """Holidays included: a region that loses its weekday receives on a moved day."""
    calendars = project.tables["calendars"]
    closed = set(calendars.loc[calendars["kind"] == "closed", "date"])
    assert len(closed) == len(a.HOLIDAYS)
    days = pd.date_range(a.HORIZON_START, periods=7 * a.BUCKETS)
    for region in project.tables["locations"].query("type == 'store'")["region"].unique():
        own = calendars[(calendars["region"] == region) & (calendars["kind"] == "receive")]
        open_days = [
            day
            for day in days
            if day not in closed
            and (day.day_name().lower()[:3] in set(own["weekday"].dropna()) or day in set(own["date"].dropna()))
        ]
        weeks = {(day - days[0]).days // 7 for day in open_days}
        assert weeks == set(range(a.BUCKETS)), region


def test_it_is_small() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) <= 1_500_000


def test_cleaning_names_dates_and_account() -> None:
    weeks = pd.to_datetime(["2015-11-15", "2015-11-15", "2015-11-15", "2015-11-22", "2012-01-01"])
    raw = pd.DataFrame(
        {
            "week_starting": weeks,
            "brand": ["Fireball"] * 5,
            "item": [
                "FIREBALL CINNAMON WHISKEY",
                "FIREBALL CINNAMON WHISKY",
                *["FIREBALL CINNAMON WHISKY"] * 2,
                "FIREBALL",
            ],
            "city": ["DEWITT", "DE WITT", "NOWHERE", "DE WITT", "DE WITT"],
            "county": ["Clinton"] * 5,
            "liters": [9.0, 1.5, 2.0, 4.0, 8.0],
            "dollars": [90.0, 15.0, 20.0, 40.0, 80.0],
        }
    )
    cities = pd.DataFrame({"city": ["DE WITT", "NOWHERE"], "latitude": [41.8, None], "longitude": [-90.5, None]})
    result = clean(raw, cities)
    assert result.deliveries.to_dict("records") == [
        {
            "item": "FIREBALL CINNAMON WHISKY",
            "city": "DE WITT",
            "date": pd.Timestamp("2015-11-16"),
            "liters": 10.5,
            "dollars": 105.0,
            "brand": "Fireball",
        }
    ]
    account = result.report[result.report["step"].isin(["left out", "kept"])]
    assert account["liters"].sum() == raw["liters"].sum()
    assert set(account["value"]) == {"", "NOWHERE", "2015-11-23", "FIREBALL"}


def test_categories_read_whole_words() -> None:
    assert category("BARTON GIN") == "gin"
    assert category("BARTON LONG ISLAND ICED TEA") == "cocktail"
    assert category("JACK DANIELS W GLASS") == "gift_pack"
    with pytest.raises(KeyError):
        category("ORIGINAL BOURBON")


def test_it_can_be_built_again(tmp_path: Path) -> None:
    if not PUBLISHED.is_dir():
        pytest.skip("the published deliveries are not beside the repository (../shared/data/iowa)")
    write_example(PUBLISHED / "deliveries.parquet", PUBLISHED / "cities.csv", tmp_path)
    for path in sorted(tmp_path.rglob("*.csv")):
        shipped = FOLDER / path.relative_to(tmp_path)
        assert path.read_bytes() == shipped.read_bytes(), path.name
    # Parquet names the library version that wrote it, so its content is compared.
    name = Path("tables", "demand_history.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / name), pd.read_parquet(FOLDER / name), check_exact=True)
    built = {path.name for path in (tmp_path / "tables").iterdir()}
    assert built == {path.name for path in (FOLDER / "tables").iterdir()}
