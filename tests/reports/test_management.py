"""The management report: one story in three formats, and its figures are those of the run's tables."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from management_reading import Deck, Page, pdf_text
from pptx import Presentation
from synthetic_run import make_tables, provenance

from reports.cost_to_serve import KINDS, cost_to_serve
from reports.management import write_management
from reports.management_charts import Label, nice_ticks, picture
from reports.management_decision import compare_all
from reports.management_model import Bars, Points, Steps
from reports.management_slide_charts import add_chart
from reports.run_folder import RunFolder, RunFolderError, read_run, write_run
from reports.texts import catalogue

NAME = '<b>More</b> "stock" & 北京 🍾'
COSTS = ("simulated_holding_cost", "simulated_shortage_cost", "ordering_cost", "transport_cost", "simulated_cost")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("runs") / "other"
    write_run(folder, make_tables(seed=2), {**provenance(), "scenario": NAME}, {})
    return read_run(folder)


@pytest.fixture(scope="module")
def written(run: RunFolder, other: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    paths = write_management([run, other], tmp_path_factory.mktemp("management"))
    assert [path.name for path in paths] == ["management.html", "management.pptx", "management.pdf"]
    return {path.suffix: path for path in paths}


@pytest.fixture(scope="module")
def page(written: dict[str, Path]) -> Page:
    return Page(written[".html"])


@pytest.fixture(scope="module")
def deck(written: dict[str, Path]) -> Deck:
    return Deck(written[".pptx"])


def _whole(run: RunFolder) -> pd.Series:
    kpis = run.tables["kpis"]
    return kpis[kpis["group_by"] == "all"].set_index("kpi")["value"]


def _cents(text: str) -> int:
    return round(100 * float(text.replace(",", "").replace("−", "-").replace("+", "")))


def test_costs_agree_to_the_cent_in_all_formats(
    page: Page, deck: Deck, written: dict[str, Path], run: RunFolder, other: RunFolder
) -> None:
    before, after = _whole(run), _whole(other)
    rows = page.tables[f"Simulated cost, USD: {NAME} against base"][1:]
    assert len(rows) == len(COSTS)
    printed = pdf_text(written[".pdf"])
    for kpi, row in zip(COSTS, rows, strict=True):
        a, b = (round(100 * round(float(value[kpi]), 2)) for value in (before, after))
        assert [_cents(text) for text in row[1:]] == [a, b, b - a], kpi
        assert row in deck.rows
        assert all(text.replace("−", "–") in printed for text in row[1:])


def test_every_key_figure_is_that_of_the_table(page: Page, run: RunFolder, other: RunFolder) -> None:
    told = {row[0]: row for row in page.tables[f"{NAME} against base"]}
    words = catalogue("en")
    kpis = other.tables["kpis"]
    units = kpis[kpis["group_by"] == "all"].set_index("kpi")["unit"]
    values = (_whole(run), _whole(other))
    checked = 0
    for key, label in words.items():
        if not key.startswith("management.figures."):
            continue
        kpi = key.removeprefix("management.figures.")
        row = told[label.format(currency="USD")]
        for text, value in zip(row[1:3], values, strict=True):
            if units[kpi] in {"share 0..1", "ratio"}:
                assert float(text.removesuffix(" %").replace("−", "-")) == pytest.approx(100 * value[kpi], abs=0.00501)
            else:
                assert _cents(text) == pytest.approx(100 * value[kpi], abs=0.51)
        checked += 1
    assert checked == len(told) - 1 == 21


def test_intervals_are_those_of_paired_futures(page: Page, run: RunFolder, other: RunFolder) -> None:
    futures = run.tables["simulation"].merge(other.tables["simulation"], on="replication")
    difference = futures["total_cost_y"] - futures["total_cost_x"]
    half = 2.093024 * difference.std() / len(difference) ** 0.5  # t of 19 degrees of freedom, 97.5 %
    told = {row[0]: row for row in page.tables[f"{NAME} against base"]}
    low, high = told["Cost without goods, simulated (USD)"][5].split(" to ")
    assert _cents(low) / 100 == pytest.approx(difference.mean() - half, abs=0.01 + 1e-6 * abs(low.count("0")))
    assert _cents(high) / 100 == pytest.approx(difference.mean() + half, abs=0.02)


def test_charts_hold_the_figures_of_the_tables(page: Page, deck: Deck, run: RunFolder, other: RunFolder) -> None:
    before, after = _whole(run).round(2), _whole(other).round(2)
    deltas = [round(float(after[kpi] - before[kpi]), 2) for kpi in COSTS]
    bridge = {
        series.name: list(series.values) for series in deck.charts["Change of simulated cost, USD"].plots[0].series
    }
    drawn = [round(up + down, 2) for up, down in zip(bridge["above zero"], bridge["below zero"], strict=True)]
    assert [abs(value) for value in deltas] == pytest.approx(
        [up - down for up, down in zip(bridge["above zero"], bridge["below zero"], strict=True)], abs=0.011
    )
    assert drawn[-1] == pytest.approx(deltas[-1], abs=0.011)
    served = deck.charts["Planned cost by region, USD, and as a share of the goods served"].plots[0]
    groups = page.tables["By region; money in USD"][1:-1]
    for n, series in enumerate(served.series):
        assert [round(100 * value) for value in series.values] == [_cents(row[1 + n]) for row in groups]
    service = deck.charts["Service against cost"].plots[0]
    assert [tuple(series.values) for series in service.series] == [
        (pytest.approx(100 * run_["simulated_fill_rate"]),) for run_ in (_whole(run), _whole(other))
    ]


def test_the_three_formats_say_the_same(page: Page, deck: Deck, written: dict[str, Path]) -> None:
    printed = pdf_text(written[".pdf"]).replace(" ", "")
    for caption, rows in page.tables.items():
        for row in rows:
            assert row in deck.rows, caption
            numbers = [text for text in row if text and text[-1].isdigit() and text.isascii()]
            assert all(number.replace(" ", "") in printed for number in numbers), (caption, row)
    for name in ("Cost to serve", "Exceptions and risks", "Emissions", "Assumptions"):
        assert name in deck.text
        assert name.replace(" ", "") in printed


def test_every_figure_leads_to_its_row(page: Page, run: RunFolder, other: RunFolder) -> None:
    inner = [link for link in page.links if link.startswith("#")]
    assert len(inner) > 60
    assert {link[1:] for link in inner} <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)
    values = {
        (str(each.provenance["run_id"]), kpi): value for each in (run, other) for kpi, value in _whole(each).items()
    }
    for _, _, run_id, table, rows, value in page.tables["Rows of the published tables, values in full"][1:]:
        kpi = rows.removeprefix("kpi = ").partition(",")[0]
        assert table == "kpis"
        assert float(value) == pytest.approx(values[run_id, kpi], abs=0.00501)


def test_names_come_through(page: Page, deck: Deck, written: dict[str, Path]) -> None:
    printed = pdf_text(written[".pdf"])
    assert NAME in page.text
    assert NAME in deck.text
    assert '<b>More</b> "stock" & 北京 [bottle with popping cork]' in printed
    assert "<script" not in page.source
    assert "http" not in page.source.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "alert('x')" in page.text
    assert len(page.source.encode()) < 1_000_000


def test_page_can_be_read_without_eyes(page: Page) -> None:
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == names.count("main") == names.count("title") == 1
    assert dict(page.tags)["html"]["lang"] == "en"
    assert all(known.get("aria-label") for tag, known in page.tags if tag == "svg")
    assert all(known.get("scope") for tag, known in page.tags if tag == "th")
    assert len(page.ids) == len(set(page.ids))


def test_slides_stay_on_their_slide(deck: Deck) -> None:
    assert all(slide.shapes.title.text_frame.text for slide in deck.slides)
    for slide in deck.slides:
        boxes = [shape for shape in slide.shapes if shape != slide.shapes.title]
        assert all(shape.left >= 0 and shape.left + shape.width <= 12_192_000 for shape in boxes)
        assert all(shape.top + shape.height <= 6_858_000 for shape in boxes)
        for n, one in enumerate(boxes):
            for two in boxes[n + 1 :]:
                beside = one.left + one.width <= two.left or two.left + two.width <= one.left
                assert beside or one.top + one.height <= two.top or two.top + two.height <= one.top, slide.slide_id
    described = [s._element.nvGraphicFramePr.cNvPr.get("descr") for s in deck.shapes if s.has_chart or s.has_table]
    assert described
    assert all(described)


def test_same_runs_same_bytes(written: dict[str, Path], run: RunFolder, other: RunFolder, tmp_path: Path) -> None:
    again = write_management([run, other], tmp_path)
    assert [path.read_bytes() for path in again] == [written[path.suffix].read_bytes() for path in again]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in again)


def test_one_run_in_chinese(run: RunFolder, tmp_path: Path) -> None:
    html, pptx, pdf = write_management([run], tmp_path, "zh")
    page, deck = Page(html), Deck(pptx)
    assert "是否执行本计划" in page.text
    assert "只给出一个运行" in page.text
    assert "只给出一个运行" in deck.text
    assert "只给出一个运行" in pdf_text(pdf).replace(" ", "")
    cost = f"{float(_whole(run)['simulated_cost']):,.2f}"
    assert cost in page.text
    assert cost in deck.text
    assert cost in pdf_text(pdf)
    assert not [caption for caption in page.tables if "比较" in caption]


@pytest.mark.parametrize("by", ["region", "channel"])
def test_cost_to_serve_counted_one_by_one(tables: dict[str, pd.DataFrame], by: str) -> None:
    answer = cost_to_serve(tables, by=by, bucket_days=7).set_index("group")
    supply = tables["supply"].set_index(["item_id", "location_id"])
    policy = tables["policy_params"].set_index(["item_id", "location_id"])
    orders = tables["replenishment_orders"].set_index("order_id")
    own: dict[tuple[str, str], float] = dict.fromkeys(supply.index, 0.0)
    for row in tables["projected_inventory"].itertuples():
        key = (row.item_id, row.location_id)
        own[key] += (
            row.closing_qty * policy.loc[key, "holding_cost"] * 7 + row.unmet_qty * policy.loc[key, "shortage_cost"]
        )
    for order in orders.itertuples():
        own[order.item_id, order.location_id] += 20.0 if order.type == "PO" else order.cost
    lines = tables["load_lines"].merge(orders[["location_id", "weight_kg"]], left_on="order_id", right_index=True)
    for route_id, cost in tables["routes"].set_index("route_id")["cost"].items():
        stops = tables["stops"][tables["stops"]["route_id"] == route_id]
        work = {stop.load_id: stop.weight_kg * _km(tables, stop) for stop in stops.itertuples()}
        for line in lines[lines["load_id"].isin(work)].itertuples():
            whole = lines.loc[lines["load_id"] == line.load_id, "weight_kg"].sum()
            own[line.item_id, line.location_id] += (
                cost * work[line.load_id] / sum(work.values()) * line.weight_kg / whole
            )
    for item in {item for item, place in supply.index if place == "DC"}:
        sent = orders[(orders["type"] == "DO") & (orders["item_id"] == item)].groupby("location_id")["qty"].sum()
        for place, qty in sent.items():
            own[item, str(place)] += own[item, "DC"] * qty / sent.sum()
        own[item, "DC"] = own[item, "DC"] if sent.empty else 0.0
    if by == "region":
        wanted = pd.Series(own).groupby(supply["region"]).sum()
    else:
        wanted = pd.Series(own).groupby(["online" if place == "S8" else "store" for _, place in own]).sum()
    for group, total in answer["total"].items():
        assert total == pytest.approx(wanted[group], abs=0.03)
    assert answer["total"].sum() == pytest.approx(_value(tables, "planned_cost"), abs=0.011)
    assert answer["co2e_kg"].sum() == pytest.approx(_value(tables, "co2e_kg"), abs=0.011)
    assert answer[list(KINDS)].sum(axis=1).round(2).tolist() == answer["total"].tolist()


def _km(tables: dict[str, pd.DataFrame], stop: Any) -> float:
    from scipy.spatial.distance import cdist

    depot = tables["locations"].set_index("location_id").loc["DC"]
    points = []
    for lat, lon in ((depot["latitude"], depot["longitude"]), (stop.latitude, stop.longitude)):
        a, b = (float(x) * 3.141592653589793 / 180 for x in (lat, lon))
        import math

        points.append((math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)))
    chord = float(cdist(points[:1], points[1:])[0, 0])
    return 2 * math.asin(chord / 2)  # radians: only ratios count


def _value(tables: dict[str, pd.DataFrame], kpi: str) -> float:
    rows = tables["kpis"]
    return float(rows.loc[(rows["kpi"] == kpi) & (rows["group_by"] == "all"), "value"].iloc[0])


def _changed(run: RunFolder, name: str, **figures: float) -> RunFolder:
    """Return a run whose fill rate, stock and cost are those of `run` times these factors."""
    kpis, futures = run.tables["kpis"].copy(), run.tables["simulation"].copy()
    for kpi, factor in figures.items():
        kpis.loc[(kpis["kpi"] == kpi) & (kpis["group_by"] == "all"), ["value", "low", "high"]] *= factor
        column = {"simulated_fill_rate": "fill_rate", "simulated_cost": "total_cost"}.get(kpi)
        if column:
            futures[column] *= factor
    tables = {**run.tables, "kpis": kpis, "simulation": futures}
    return RunFolder(run.path.with_name(name), tables, {**run.provenance, "scenario": name})


@pytest.mark.parametrize(
    ("figures", "verdict", "subject"),
    [
        ([{}], "same", 0),
        ([{"simulated_cost": 1.1}], "keep", 0),
        ([{"simulated_cost": 0.9}], "change", 1),
        ([{"simulated_cost": 1.1}, {"simulated_cost": 0.9, "inventory_value": 0.9}], "change", 2),
        ([{"simulated_cost": 1.1, "simulated_fill_rate": 1.01}], "trade", 1),
        ([{"simulated_cost": 1.2, "inventory_value": 0.9}, {"simulated_cost": 1.1, "simulated_fill_rate": 1.01}],
         "trade", 2),
    ],
)  # fmt: skip
def test_decision_follows_from_the_figures(
    run: RunFolder, figures: list[dict[str, float]], verdict: str, subject: int
) -> None:
    runs = [run, *(_changed(run, f"s{n}", **change) for n, change in enumerate(figures))]
    compared = compare_all(runs, ["base", *(f"s{n}" for n in range(len(figures)))])
    assert (compared.verdict, compared.subject) == (verdict, subject)


def test_what_a_point_of_service_costs(run: RunFolder, tmp_path: Path) -> None:
    dear = _changed(run, "dear", simulated_cost=1.1, simulated_fill_rate=1.01)
    html, _, _ = write_management([run, dear], tmp_path)
    whole = _whole(run)
    price = 0.1 * float(whole["simulated_cost"]) / float(whole["simulated_fill_rate"])
    assert f"One more point of fill rate costs {price:,.0f} USD" in Page(html).text


def test_runs_that_cannot_be_compared(run: RunFolder, other: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="named twice"):
        write_management([run, run], tmp_path)
    for name, value in (("currency", "EUR"), ("horizon_buckets", 4)):
        with pytest.raises(RunFolderError, match=f"differ in {name}"):
            write_management([run, replace(other, provenance={**other.provenance, name: value})], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (92.79, 92.79), (499_800.0, 503_500.0), (-3.0, 0.02)])
def test_ticks_enclose_and_are_few(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= high - 1e-9
    assert 2 <= len(ticks) <= 8


@pytest.mark.parametrize("width", [330.0, 560.0])
def test_labels_of_points_do_not_cover_each_other(width: float) -> None:
    points = tuple((f"scenario {n}", 100.0 + n % 3, 95.0 + n // 3 / 2, "efficient") for n in range(9))
    drawn = picture(Points("t", "x", "y", points, "0", "0"), width)
    names = [shape for shape in drawn.shapes if isinstance(shape, Label) and shape.text.startswith("scenario")]
    assert len({(label.x, label.y) for label in names}) == len(points)


@pytest.mark.parametrize("make", [
    lambda names: Bars("t", names, ("a", "b"), ((1.0, 5.0), (2.0, 0.0)), ("3", "5")),
    lambda names: Steps("t", names, (-40.0, 15.0), ("−40.00", "+15.00")),
])  # fmt: skip
def test_bars_stay_inside_on_a_phone(make: Callable[[tuple[str, str]], Bars | Steps]) -> None:
    drawn = picture(make(("a name that is far too long for a phone", "short")), 330.0)
    assert all(0 <= getattr(shape, "x", 0.0) <= drawn.width for shape in drawn.shapes)


def test_names_in_the_workbook_behind_a_chart_stay_text() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    bars = Bars("t", ("=1+1", "bell\x07"), ("@a", "{=b}"), ((1.0, 5.0), (2.0, 0.0)), ("3", "5"))
    add_chart(slide, bars, (0, 0, 4_000_000, 2_000_000), "about")
    chart = next(shape.chart for shape in slide.shapes if shape.has_chart)
    book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).worksheets[0]
    texts = [cell for row in book.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert [cell.value for cell in texts] == [" @a", " {=b}", " =1+1   3", "bell    5"]
    assert {cell.data_type for cell in texts} == {"s"}


def test_a_plan_without_routes_and_exceptions(run: RunFolder, tmp_path: Path) -> None:
    empty = {name: run.tables[name].head(0) for name in ("loads", "load_lines", "routes", "stops", "exceptions")}
    tables = {**run.tables, **empty}
    assert cost_to_serve(tables, by="region", bucket_days=7)["transport"].sum() == 0
    html, pptx, _ = write_management([replace(run, tables=tables)], tmp_path)
    assert "0 exceptions; none puts money at risk" in Page(html).text
    assert Deck(pptx).slides
