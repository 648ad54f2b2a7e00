"""The pages of a comparison: whole, loading nothing, every name intact, the numbers of the tables."""

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

import pandas as pd
import pytest
from synthetic_run import HARD_NAMES, make_tables, provenance

from reports.bridge import split_change
from reports.compare import Difference, diff_runs
from reports.comparison_files import write_comparison, write_difference
from reports.figures import change, relative, written
from reports.frontier import compare_kpis
from reports.run_folder import RunFolder, RunFolderError

HARD = HARD_NAMES[0]
VOID = {"meta", "input", "br", "link", "img", "hr"}


class _Tags(HTMLParser):
    """Checks that tags close in order, and collects ids and anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [str(named["id"])] if "id" in named else []
        self.anchors += [str(named["href"])[1:]] if tag == "a" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def difference(tables: dict[str, pd.DataFrame]) -> Difference:
    other = make_tables(seed=2)
    runs = [
        RunFolder(Path(name), part, {**provenance(), "run_id": name, "scenario": name})
        for name, part in (("base", tables), (HARD, other))
    ]
    game = {frozenset[str](): tables["kpis"], frozenset({HARD, "p"}): other["kpis"]}
    game |= {frozenset({HARD}): tables["kpis"], frozenset({"p"}): other["kpis"]}
    bridge = split_change(game, {HARD: "patch", "p": "setting"}, [(HARD, "p"), ("p", HARD)], ("base", HARD))
    return diff_runs(runs[0], runs[1], bridge)


@pytest.fixture(scope="module")
def folder(difference: Difference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "diff"
    write_difference(difference, folder)
    points = {"base": (0.95, 100.0, 10.0), HARD: (0.99, 120.0, 12.0), "bad": (0.9, 130.0, 13.0)}
    figures = (("simulated_fill_rate", "share 0..1"), ("inventory_value", "EUR"), ("simulated_cost", "EUR"))
    rows = [
        {"scenario": name, "kpi": kpi, "value": value, "unit": unit}
        for name, point in points.items()
        for (kpi, unit), value in zip(figures, point, strict=True)
    ]
    comparison = compare_kpis(pd.DataFrame(rows))
    write_comparison(comparison, folder.parent / "many", "three")
    return folder


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data-gzip">([^<]+)<', page)
    assert found is not None
    return dict(json.loads(gzip.decompress(base64.b64decode(found[1]))))


@pytest.mark.parametrize("name", ["diff", "many"])
def test_pages_are_well_formed_and_load_nothing(folder: Path, name: str) -> None:
    page = (folder.parent / name / "comparison.html").read_text()
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert set(tags.anchors) <= set(tags.ids)
    assert "default-src 'none'" in page
    assert "<script>alert" not in page
    shown = page if name == "diff" else json.dumps(_data(page), ensure_ascii=False)
    assert (html.escape(HARD).replace("&#x27;", "&#39;") if name == "diff" else HARD) in shown


def test_the_page_agrees_with_the_tables(folder: Path, difference: Difference) -> None:
    page = html.unescape((folder / "comparison.html").read_text())
    kpis = difference.tables["kpi_changes"]
    for row in kpis[(kpis["group_by"] == "all") & kpis["changed"]].to_dict("records"):
        if row["kpi"] in {"simulated_cost", "inventory_value", "planned_fill_rate", "distance_km"}:
            assert written(row["value_b"], row["unit"]) in page
            assert change(row["delta"], row["unit"]) in page
    data = _data(page)
    assert len(data["orders"]) == len(difference.tables["order_changes"])
    assert sum(row[11] for row in data["orders"]) == pytest.approx(
        difference.tables["order_changes"]["cost_change"].sum(), abs=0.01 * len(data["orders"])
    )
    chart = data["bridges"][0]
    assert chart["label"] == "Cost if demand is as planned"
    assert chart["ends"][0] + sum(step[1] for step in chart["steps"]) == pytest.approx(chart["ends"][1])


def test_figures_are_written_as_people_read_them() -> None:
    assert (written(0.98612, "share 0..1"), change(-0.0068, "share 0..1")) == ("98.61 %", "−0.68 points")
    assert (written(1234.5, "USD"), change(-1234567.8, "USD"), change(0.0, "USD")) == ("1,234.50", "−1,234,568", "0")
    assert (written(12.0, "routes"), written(float("nan"), "USD"), relative(-0.123)) == ("12", "–", "−12.3 %")


def test_a_folder_of_others_stays(difference: Difference, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="not a comparison"):
        write_difference(difference, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_the_pages_draw_in_a_browser(folder: Path, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    same = RunFolder(Path("same"), tables, {**provenance(), "run_id": "same"})
    write_difference(diff_runs(same, same), tmp_path / "same")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000",
             f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]  # fmt: skip
    for place, charts in ((folder, 1), (folder.parent / "many", 2), (tmp_path / "same", 0)):
        page = place / "comparison.html"
        done = subprocess.run(
            [browser, *flags, page.as_uri()], capture_output=True, text=True, check=False, timeout=120
        )
        found = re.search(r'<p class="notice" id="problem"[^>]*>([^<]*)</p>', done.stdout)
        assert found is not None
        assert found[1] == ""
        assert 'data-ready="yes"' in done.stdout
        assert done.stdout.count("<svg") == charts
        if charts:
            assert "&lt;script&gt;alert('x')&lt;/script&gt;" in done.stdout
