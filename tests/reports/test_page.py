"""The page: one file that loads nothing, keeps every character, and shows the numbers of the tables."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_run import HARD_NAMES, make_tables, provenance

from reports.outlines import SCALE, outlines_within
from reports.page import write_page
from reports.run_folder import RunFolder, read_run, write_run

VOID = {"meta", "input", "br", "link", "img", "hr"}


class _Reader(HTMLParser):
    """Collects attributes and ids and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text.append(data)


@pytest.fixture(scope="module")
def page(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(run, path)
    return path


@pytest.fixture(scope="module")
def read(page: Path) -> _Reader:
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    return reader


@pytest.fixture(scope="module")
def data(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data-gzip">([^<]+)<', page.read_text(encoding="utf-8"))
    assert found is not None
    return dict(json.loads(gzip.decompress(base64.b64decode(found[1]))))


def test_page_is_well_formed(read: _Reader) -> None:
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = [attributes["href"] for tag, attributes in read.tags if tag == "a"]
    assert {str(anchor)[1:] for anchor in anchors} <= set(ids)
    html_tag = next(attributes for tag, attributes in read.tags if tag == "html")
    assert html_tag["lang"] == "en"


def test_page_loads_nothing(page: Path, read: _Reader) -> None:
    text = page.read_text(encoding="utf-8")
    for tag, attributes in read.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert "src" not in attributes
        assert str(attributes.get("href", "#")).startswith("#")
    style = re.sub(r"url\(data:[^)]*\)", "", text.split("<style>")[1].split("</style>")[0])
    assert "url(" not in style
    assert "@import" not in style
    script = text.rsplit("<script>", 1)[1]
    for loader in ("fetch(", "XMLHttpRequest", "WebSocket", "import(", "sendBeacon", "innerHTML", "eval("):
        assert loader not in script
    assert set(re.findall(r"https?://[^\s\"'<>)]+", script)) <= {"http://www.w3.org/2000/svg"}
    (policy,) = [a["content"] for tag, a in read.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert str(policy).startswith("default-src 'none'")


def test_every_form_control_has_a_label(read: _Reader, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for tag, attributes in read.tags:
        if tag in {"input", "select"}:
            before = text[: text.index(f'id="{attributes["id"]}"')]
            assert before.rindex("<label") > before.rfind("</label>")


def test_special_characters_survive(page: Path, read: _Reader, data: dict[str, Any], run: RunFolder) -> None:
    assert [item[1] for item in data["items"]] == list(HARD_NAMES)
    assert data["places"][0][1] == "Warehouse <b>A</b>"
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert html.escape("iowa <made up>") in text
    assert any("iowa <made up>" in part for part in read.text)
    assert any(run.provenance["run_id"] in part for part in read.text)


def test_data_agree_with_the_tables(data: dict[str, Any], run: RunFolder) -> None:
    orders, stock = run.tables["replenishment_orders"], run.tables["projected_inventory"]
    assert len(data["orders"]["id"]) == len(orders)
    assert sum(data["orders"]["cost"]) / 100 == pytest.approx(orders["cost"].sum(), abs=0.005 * len(orders))
    assert sum(data["orders"]["qty"]) / 100 == pytest.approx(orders["qty"].sum())
    for name, column in (("closing", "closing_qty"), ("unmet", "unmet_qty"), ("planned", "planned_receipts_qty")):
        assert sum(data["series"][name]) / 100 == pytest.approx(stock[column].sum())
    assert sum(data["series"]["history"]) / 100 == pytest.approx(run.tables["recent_demand"]["qty"].sum())
    assert data["series"]["past"] == 26
    assert sum(len(route["stops"]) for route in data["routes"]) == len(run.tables["stops"])
    assert sum(route["cost"] for route in data["routes"]) == pytest.approx(run.tables["routes"]["cost"].sum(), abs=0.5)
    assert [row[6] for row in data["exceptions"]] == run.tables["exceptions"]["money_at_risk"].tolist()
    row = 7
    item, place = data["items"][data["rows"]["item"][row]][0], data["places"][data["rows"]["place"][row]][0]
    mine = stock[(stock["item_id"] == item) & (stock["location_id"] == place)].sort_values("bucket_start")
    assert [v / 100 for v in data["series"]["closing"][row * 8 : row * 8 + 8]] == mine["closing_qty"].tolist()
    value = (stock.merge(run.tables["supply"], on=["item_id", "location_id"]).eval("closing_qty * unit_cost")).sum()
    weekly = data["overview"]["weekly"]
    assert sum(weekly["upstream"]) + sum(weekly["downstream"]) == pytest.approx(value, abs=0.1)


def test_tiles_show_the_key_figures(read: _Reader, run: RunFolder) -> None:
    kpis = run.tables["kpis"]
    overall = kpis[kpis["group_by"] == "all"].set_index("kpi")
    text = " ".join(read.text)
    fill = overall.loc["simulated_fill_rate"]
    assert f"{100 * fill['value']:.1f} %" in text
    assert f"{100 * fill['low']:.1f} % to {100 * fill['high']:.1f} %" in text
    assert f"{overall.loc['simulated_cost', 'value']:,.0f}" in text
    assert f"{overall.loc['inventory_value', 'value']:,.0f}" in text
    assert "within 0.9 % of the best possible" in text


def test_equal_runs_have_equal_pages(tmp_path: Path) -> None:
    pages = []
    for name, seconds in (("one", 1.0), ("two", 2.0)):
        write_run(tmp_path / name, make_tables(), provenance(), {"routes": seconds}, {"report.html": write_page})
        pages.append((tmp_path / name / "report.html").read_bytes())
    assert pages[0] == pages[1]
    write_page(read_run(tmp_path / "one"), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == pages[0]


def test_a_plan_of_nothing_still_has_a_page(run: RunFolder, tmp_path: Path) -> None:
    names = ("replenishment_orders", "routes", "stops", "unassigned", "exceptions", "capacity_prices", "data_issues",
             "recent_demand", "forecast_accuracy")  # fmt: skip
    tables = {**run.tables, **{name: run.tables[name].head(0) for name in names}}
    places = tables["locations"].assign(latitude=float("nan"), longitude=float("nan"))
    write_page(RunFolder(run.path, {**tables, "locations": places}, run.provenance), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 500_000
    _assert_draws(tmp_path / "report.html")


def test_the_page_draws_in_a_browser(page: Path) -> None:
    dom = _assert_draws(page)
    assert dom.count("<svg") >= 6
    assert "北京 二锅头" in dom
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in dom


def _assert_draws(page: Path) -> str:
    """Open the page in headless Chromium without a network and return what it made."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000",
             f"--user-data-dir={page.parent / 'profile'}", "--dump-dom"]  # fmt: skip
    done = subprocess.run([browser, *flags, page.as_uri()], capture_output=True, text=True, check=False, timeout=120)
    found = re.search(r'<p class="notice" id="problem"[^>]*>([^<]*)</p>', done.stdout)
    assert found is not None
    assert found[1] == ""
    assert 'data-ready="yes"' in done.stdout
    return done.stdout


def _points(lines: list[list[int]], level: int) -> np.ndarray:
    parts = [np.cumsum(np.array(line[1:]).reshape(-1, 2), axis=0) for line in lines if line[0] == level]
    return np.concatenate(parts) / SCALE


def test_outlines_are_cropped_and_lie_where_they_should() -> None:
    lines = outlines_within(-110, 36, -108, 38)
    corner = np.array([-109.045, 36.999])  # where four states meet
    assert np.hypot(*(_points(lines, 1) - corner).T).min() < 0.01
    assert len(_points(lines, 2)) > 20  # counties
    assert len(lines) < 200
    europe = outlines_within(5, 45, 15, 55)
    assert {line[0] for line in europe} == {0}
    assert np.hypot(*(_points(europe, 0) - np.array([7.59, 47.56])).T).min() < 0.1  # the Rhine at Basel
    assert not any(line[0] == 2 for line in outlines_within(-125, 25, -66, 49))  # a whole country: no counties
    assert outlines_within(-40, 20, -39, 21) == []  # the open Atlantic
