"""The management report part by part: the decision, the figures, the scenarios, where money goes, what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

from reports.bridge import COST_KINDS
from reports.figures import better
from reports.management_decision import Compared, Row, compare_all, horizon, question, reasons
from reports.management_model import Cell, Part, Points, Sources, Steps, Story, Table, Tile, Words
from reports.management_plan import about_costs, about_emissions, about_risks, about_serving, assumptions
from reports.run_folder import RunFolder

FIGURES = (
    "simulated_fill_rate", "simulated_cycle_service_level", "planned_fill_rate", "planned_otif", "forecast_wape",
    "forecast_bias", "inventory_value", "days_of_supply", "turns", "simulated_cost", "simulated_holding_cost",
    "simulated_shortage_cost", "ordering_cost", "transport_cost", "planned_cost", "purchase_value", "distance_km",
    "vehicle_utilisation", "unassigned_loads", "co2e_kg", "money_at_risk",
)  # fmt: skip
"""Key figures that management reads, in their order."""
_TILES = ("simulated_fill_rate", "simulated_cost", "inventory_value", "co2e_kg", "days_of_supply", "planned_otif")
_GLANCE = ("simulated_fill_rate", "inventory_value", "simulated_cost", "co2e_kg")
_MOST_CHANGES = 8


def tell_story(runs: Sequence[RunFolder], names: Sequence[str], lang: str) -> Story:
    """Return the whole report; `names` tell the runs apart, the first is the baseline."""
    words = Words(lang, str(runs[0].provenance["currency"]))
    compared = compare_all(runs, names)
    told = _Told(compared, words)
    about = runs[0].provenance
    ids = [words("run_named", name=name, run=run.provenance["run_id"]) for name, run in zip(names, runs, strict=True)]
    return Story(
        lang=lang,
        kicker=words("kicker"),
        title=str(about["project"]),
        subtitle=horizon(runs[0], words),
        footer=words("footer", runs=words.listed(ids), currency=words.currency),
        parts=tuple(told.parts()),
    )


class _Told:
    """The parts of one report; they share the words and the list of sources."""

    def __init__(self, compared: Compared, words: Words) -> None:
        self._compared, self._words = compared, words
        self._sources = Sources()

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order."""
        compared, words = self._compared, self._words
        subject, name = compared.runs[compared.subject], compared.names[compared.subject]
        yield self._decision()
        yield self._figures()
        if len(compared.runs) > 1:
            yield self._scenarios()
            for n in compared.detailed:
                yield self._bridge(n)
        baseline = compared.runs[0] if compared.subject else None
        yield about_costs(compared.runs, compared.names, words)
        yield about_serving(subject, name, words, baseline)
        yield about_risks(subject, name, words)
        yield about_emissions(subject, name, words)
        shown = (0, *compared.detailed)
        yield assumptions([compared.runs[n] for n in shown], [compared.names[n] for n in shown], words)
        yield self._rows()

    def _ref(self, n: int, kpi: str, value: float) -> int:
        """Return the number of the row of kpis behind a figure of run `n`."""
        run_id = str(self._compared.runs[n].provenance["run_id"])
        return self._sources.ref(self._compared.names[n], run_id, "kpis", f"kpi = {kpi}, group_by = all", value)

    def _cell(self, n: int, kpi: str, row: Row) -> Cell:
        value = float(row["value_b"])
        return Cell(self._words.exact(value, str(row["unit"])), self._ref(n, kpi, value))

    def _decision(self) -> Part:
        compared, words = self._compared, self._words
        n, tiles = compared.subject, []
        rows = compared.changes[n]
        for kpi in [kpi for kpi in _TILES if kpi in rows]:
            row = rows[kpi]
            unit, value, delta = str(row["unit"]), float(row["value_b"]), float(row["delta"])
            told = words("against", change=words.change(delta, unit), name=compared.names[0]) if n else ""
            tiles.append(Tile(words.kpi(kpi), words.value(value, unit), told, self._ref(n, kpi, value)))
        lines = reasons(compared, words)
        if n:
            lines += self._what_changed(n)
        return Part("decision", question(compared, words), tuple(lines), tuple(tiles), sources=self._from("kpis", (n,)))

    def _what_changed(self, n: int) -> list[str]:
        """Return what differs in the input, and how many orders and routes differ for it."""
        difference, words = self._compared.differences[n], self._words
        edits = difference.tables["edit_changes"].to_dict("records")
        told = [
            words(f"changed.edit_{e['run'].lower()}", patch=e["patch"], what=f"{e['table']}.{e['column']}".strip("."),
                  rows=f"{e['rows']:,}")
            for e in edits
        ]  # fmt: skip
        told += [
            words("changed.setting", path=s["path"], a=s["value_a"] or "–", b=s["value_b"] or "–")
            for s in difference.tables["setting_changes"].to_dict("records")
            if s["path"] not in {"apply", "seed"}
        ]
        more = [words("changed.more", count=len(told) - _MOST_CHANGES)] if len(told) > _MOST_CHANGES else []
        orders, routes = (len(difference.tables[name]) for name in ("order_changes", "route_changes"))
        return [
            words("changed.input", what="; ".join([*told[:_MOST_CHANGES], *more]) or words("none")),
            words("changed.plan", orders=f"{orders:,}", routes=f"{routes:,}"),
        ]

    def _figures(self) -> Part:
        compared, words = self._compared, self._words
        if not compared.detailed:
            return Part("figures", words("figures_title.one"), (words("figures_note.one"),),
                        tables=(self._figures_of_one(),), sources=self._from("kpis", (0,)))  # fmt: skip
        tables = tuple(self._against_baseline(n) for n in compared.detailed)
        lines = [words("figures_note.several")]
        for key, others in (("left", compared.left), ("alike", compared.alike)):
            if others:
                lines.append(words(f"figures_note.{key}", names=words.listed([compared.names[n] for n in others])))
        source = self._from("kpis", (0, *compared.detailed)) + words("period") + self._intervals()
        return Part("figures", words("figures_title.several"), tuple(lines), tables=tables, sources=source)

    def _figures_of_one(self) -> Table:
        words, kpis = self._words, self._compared.runs[0].tables["kpis"]
        whole = {str(row["kpi"]): row for row in kpis[kpis["group_by"] == "all"].to_dict("records")}
        rows = []
        for kpi in [kpi for kpi in FIGURES if kpi in whole]:
            row: Any = whole[kpi]
            unit, value, low, high = str(row["unit"]), float(row["value"]), float(row["low"]), float(row["high"])
            ends = {"low": words.exact(low, unit), "high": words.exact(high, unit)}
            between = "" if isnan(low) else words("between", **ends)
            rows.append((Cell(words.kpi(kpi)), Cell(words.exact(value, unit), self._ref(0, kpi, value)), Cell(between)))
        columns = (words("columns.figure"), words("columns.value"), words("columns.interval"))
        return Table(words("figures_caption.one", name=self._compared.names[0]), columns, tuple(rows),
                     frozenset({1, 2}), (4.0, 2.0, 3.0))  # fmt: skip

    def _against_baseline(self, n: int) -> Table:
        compared, words = self._compared, self._words
        before, after = compared.changes[0], compared.changes[n]
        rows = []
        for kpi in [kpi for kpi in FIGURES if kpi in before and kpi in after]:
            row = after[kpi]
            unit, delta, low, high = str(row["unit"]), float(row["delta"]), float(row["low"]), float(row["high"])
            between = words.between(low, high, unit) if row["changed"] else ""
            spread = bool(between)
            chance = spread and low <= 0 <= high
            told = words.exact_change(delta, unit)
            tone = "" if chance or told[:1] not in {"+", "−"} else _tone(delta * better(kpi))
            reading = words("chance") if chance else words(f"reading.{tone}") if tone else ""
            rows.append(
                (
                    Cell(words.kpi(kpi)),
                    self._cell(0, kpi, before[kpi]),
                    self._cell(n, kpi, row),
                    Cell(told, tone=tone),
                    Cell(words.relative(float(row["relative"]), unit)),
                    Cell(between),
                    Cell(reading),
                )
            )
        names = (compared.names[0], compared.names[n])
        columns = (words("columns.figure"), *names, words("columns.change"), words("columns.relative"),
                   words("columns.interval_of_change"), words("columns.reading"))  # fmt: skip
        caption = words("figures_caption.several", a=names[0], b=names[1])
        return Table(caption, columns, tuple(rows), frozenset({1, 2, 3, 4, 5}), (4.2, 2.0, 2.0, 2.0, 1.3, 3.2, 1.4))

    def _scenarios(self) -> Part:
        compared, words = self._compared, self._words
        frontier = compared.comparison.frontier.set_index("scenario")
        rows = []
        for n, name in enumerate(compared.names):
            figures = compared.changes[n]
            cost = figures["simulated_cost"]
            low, high = float(cost["low"]), float(cost["high"])
            beaten = str(frontier.loc[name, "dominated_by"])
            verdict = words("beaten", name=beaten) if beaten else words("efficient")
            rows.append(
                (
                    Cell(name),
                    *(self._cell(n, kpi, figures[kpi]) for kpi in _GLANCE),
                    Cell(words.exact_change(float(cost["delta"]), words.currency) if n else "–"),
                    Cell(words.between(low, high, words.currency) if n else ""),
                    Cell(verdict),
                )
            )
        columns = (words("columns.scenario"), *(words.kpi(kpi) for kpi in _GLANCE), words("columns.change_of_cost"),
                   words("columns.interval_of_change"), words("columns.frontier"))  # fmt: skip
        table = Table(words("scenarios.caption"), columns, tuple(rows), frozenset(range(1, 7)),
                      (2.4, 1.6, 2.1, 2.1, 1.9, 2.0, 2.9, 2.2))  # fmt: skip
        charts = tuple(
            chart for money in ("inventory_value", "simulated_cost") if (chart := self._points(money)).points
        )
        lines = (words("scenarios.note"), words("scenarios.axes"))
        everyone = tuple(range(len(compared.runs)))
        return Part("scenarios", words("scenarios.title"), lines, charts=charts, tables=(table,),
                    sources=self._from("kpis", everyone))  # fmt: skip

    def _points(self, money: str) -> Points:
        compared, words = self._compared, self._words
        frontier = compared.comparison.frontier.set_index("scenario")
        points = []
        for n, name in enumerate(compared.names):
            x, y = (float(compared.changes[n][kpi]["value_b"]) for kpi in (money, "simulated_fill_rate"))
            kind = "base" if n == 0 else "efficient" if frontier.loc[name, "efficient"] else "beaten"
            if not isnan(x + y):
                points.append((name, x / 1000, 100 * y, kind))
        titles = words(f"thousand.{money}", currency=words.currency), words("percent.simulated_fill_rate")
        return Points(words(f"scenarios.chart_{money}"), *titles, tuple(points), "#,##0", "0.0")

    def _bridge(self, n: int) -> Part:
        compared, words = self._compared, self._words
        rows, names = compared.changes[n], (compared.names[0], compared.names[n])
        tables, charts = [], []
        for total, every in COST_KINDS.items():
            # what cannot expire needs no row
            kinds = [
                kind
                for kind in every
                if kind != "simulated_waste_cost" or rows[kind]["value_a"] or rows[kind]["value_b"]
            ]
            deltas = [round(float(rows[kind]["delta"]), 2) for kind in (*kinds, total)]
            if any(deltas):
                charts.append(
                    Steps(
                        words(f"bridge.chart_{total}", currency=words.currency),
                        (*(words(f"kinds.{kind}") for kind in kinds), words("sum")),
                        tuple(deltas),
                        tuple(words.change(delta, words.currency) for delta in deltas),
                    )
                )
            tables.append(
                Table(
                    words(f"bridge.caption_{total}", currency=words.currency, a=names[0], b=names[1]),
                    (words("columns.kind"), *names, words("columns.change")),
                    tuple(
                        (
                            Cell(words("sum") if kind == total else words(f"kinds.{kind}")),
                            Cell(f"{rows[kind]['value_a']:,.2f}", self._ref(0, kind, float(rows[kind]["value_a"]))),
                            Cell(f"{rows[kind]['value_b']:,.2f}", self._ref(n, kind, float(rows[kind]["value_b"]))),
                            Cell(
                                words.exact_change(float(rows[kind]["delta"]), words.currency),
                                tone=_tone(-float(rows[kind]["delta"])),
                            ),
                        )
                        for kind in (*kinds, total)
                    ),
                    frozenset({1, 2, 3}),
                    (3.0, 2.0, 2.0, 2.0),
                    total=True,
                )
            )
        lines = (words("bridge.note" if charts else "bridge.none"),)
        return Part(f"bridge-{n}", words("bridge.title", a=names[0], b=names[1]), lines, charts=tuple(charts),
                    tables=tuple(tables), sources=self._from("kpis", (0, n)))  # fmt: skip

    def _rows(self) -> Part:
        """Return the rows of kpis that the figures stand on, with their values in full."""
        words = self._words
        rows = tuple((Cell(str(n)), *(Cell(text) for text in row)) for n, row in enumerate(self._sources.rows, start=1))
        columns = ("#", *(words(f"columns.{name}") for name in ("scenario", "run", "table", "rows", "value")))
        table = Table(words("sources.caption"), columns, rows, frozenset({0, 5}), (0.6, 2.5, 1.8, 1.0, 5.0, 2.6))
        return Part("sources", words("sources.title"), (words("sources.note"),), tables=(table,))

    def _intervals(self) -> str:
        """Return how the intervals of the differences were made."""
        compared = self._compared
        kinds = {str(row["interval"]) for n in compared.detailed for row in compared.changes[n].values()}
        return self._words("from.paired" if "paired" in kinds else "from.independent")

    def _from(self, table: str, runs: Sequence[int]) -> str:
        """Return which rows of which runs a part is made of."""
        words, compared = self._words, self._compared
        named = [words("run_named", name=compared.names[n], run=compared.runs[n].provenance["run_id"]) for n in runs]
        return words(f"from.{table}", runs=words.listed(named))


def _tone(gain: float) -> str:
    return "good" if gain > 0 else "bad" if gain < 0 else ""
