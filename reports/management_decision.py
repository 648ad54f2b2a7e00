"""The decision that management is asked for: what the scenarios given say about it, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

from reports.compare import Difference, diff_runs
from reports.comparison_page import whole_figures
from reports.figures import better
from reports.frontier import OBJECTIVES, Comparison, compare_kpis
from reports.kpi_changes import kpi_changes, same_futures
from reports.management_model import Words
from reports.run_folder import RunFolder

MOST_IN_DETAIL = 3
_SERVICE, _COST = OBJECTIVES["service"], OBJECTIVES["cost"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """The runs of a report, the first one the baseline.

    Attributes
    ----------
    names : of the runs, all different.
    changes : by run the key figures of the whole plan against the baseline, as in kpi_changes; of the baseline
        itself with no difference.
    subject : the run that the decision is about.
    verdict : approve, same, change, keep or trade; names the texts of the decision.
    detailed : the other runs that are told in detail, the subject first where it is not the baseline.
    left : runs that differ from the baseline too, told in less detail.
    alike : runs without any figure that differs from the baseline's.
    differences : of the detailed runs to the baseline, with inputs, settings and orders.
    """

    runs: tuple[RunFolder, ...]
    names: tuple[str, ...]
    changes: tuple[Mapping[str, Row], ...]
    comparison: Comparison
    verdict: str
    subject: int
    detailed: tuple[int, ...]
    left: tuple[int, ...]
    alike: tuple[int, ...]
    differences: Mapping[int, Difference]


def compare_all(runs: Sequence[RunFolder], names: Sequence[str]) -> Compared:
    """Compare all runs with the first and find the one that the decision is about.

    Raises
    ------
    RunFolderError
        Money is counted in different currencies.
    """
    base = runs[0]
    changes = tuple(
        whole_figures(kpi_changes(base.tables, run.tables, same_futures=same_futures(base.provenance, run.provenance)))
        for run in runs
    )
    kpis = [run.tables["kpis"].assign(scenario=name) for name, run in zip(names, runs, strict=True)]
    comparison = compare_kpis(pd.concat(kpis, ignore_index=True), names[0])
    verdict, subject = _verdict(comparison, names, changes)
    efficient = comparison.frontier.loc[comparison.frontier["efficient"], "scenario"].map(list(names).index).tolist()
    differing = [n for n in range(1, len(runs)) if any(row["changed"] for row in changes[n].values())]
    order = [subject, *efficient, *differing]
    ranked = tuple(dict.fromkeys(n for n in order if n in differing))
    detailed, left = ranked[:MOST_IN_DETAIL], ranked[MOST_IN_DETAIL:]
    alike = tuple(n for n in range(1, len(runs)) if n not in differing)
    differences = {n: diff_runs(base, runs[n]) for n in detailed}
    return Compared(tuple(runs), tuple(names), changes, comparison, verdict, subject, detailed, left, alike,
                    differences)  # fmt: skip


def _verdict(comparison: Comparison, names: Sequence[str], changes: Sequence[Mapping[str, Row]]) -> tuple[str, int]:
    """Return what is to be decided (approve, same, change, keep or trade) and the run it is about."""
    if len(names) == 1:
        return "approve", 0
    other = [n for n in range(1, len(names)) if any(moved(changes[n]).values())]
    if not other:
        return "same", 0
    frontier = comparison.frontier.set_index("scenario")
    beaten_by = str(frontier.loc[names[0], "dominated_by"])
    if beaten_by:
        return "change", names.index(beaten_by)
    choices = [name for name in frontier.index[frontier["efficient"]] if names.index(name) in other]
    return ("trade", names.index(choices[0])) if choices else ("keep", 0)


def moved(rows: Mapping[str, Row]) -> dict[str, int]:
    """Return by objective 1 where the run is better than the baseline, -1 where worse, 0 where alike."""
    out = {}
    for kpi in OBJECTIVES.values():
        delta = float(rows[kpi]["delta"]) * better(kpi)
        out[kpi] = 0 if isnan(delta) else (delta > 0) - (delta < 0)
    return out


def question(compared: Compared, words: Words) -> str:
    """Return the decision as a question."""
    a, b = compared.names[0], compared.names[compared.subject]
    return words(f"decision.{compared.verdict}", a=a, b=b)


def reasons(compared: Compared, words: Words) -> list[str]:
    """Return the sentences below the question."""
    names, subject = compared.names, compared.subject
    if compared.verdict == "approve":
        return _of_one_plan(compared.runs[0], words)
    lines = []
    if subject:
        rows = compared.changes[subject]
        signs = moved(rows)
        for key, sign in (("gains", 1), ("costs", -1)):
            told = [in_words(rows[kpi], words) for kpi, s in signs.items() if s == sign]
            lines.append(words(f"decision.{key}", what="; ".join(told) or words("none")))
        lines += _price_of_a_point(rows, compared.runs[0], words)
    else:
        lines.append(words(f"decision.why_{compared.verdict}", a=names[0]))
        for n in compared.detailed:
            rows = compared.changes[n]
            told = [in_words(rows[kpi], words) for kpi, sign in moved(rows).items() if sign]
            lines.append(words("decision.other", name=names[n], what="; ".join(told) or words("none")))
    efficient = compared.comparison.frontier.loc[compared.comparison.frontier["efficient"], "scenario"].tolist()
    listed = words.listed([*efficient[:8], *(["…"] if len(efficient) > 8 else [])])
    lines.append(words("decision.frontier", count=len(names), names=listed))
    lines.append(words("decision.event"))
    return lines


def in_words(row: Row, words: Words) -> str:
    """Return one difference with its interval: Fill rate +0.62 points (95 % interval +0.50 to +0.74)."""
    unit = str(row["unit"])
    change = f"{words.kpi(str(row['kpi']))} {words.change(float(row['delta']), unit)}"
    low, high = float(row["low"]), float(row["high"])
    if not words.between(low, high, unit):
        return change
    interval = words("interval", low=words.bare(low, unit), high=words.bare(high, unit))
    chance = words("comma") + words("chance") if low <= 0 <= high else ""
    return f"{change} ({interval}{chance})"


def _price_of_a_point(rows: Mapping[str, Row], base: RunFolder, words: Words) -> list[str]:
    """Return what a point of fill rate costs, where more service costs more and both differ beyond chance."""
    service, cost = rows[_SERVICE], rows[_COST]
    if not (float(service["low"]) > 0 and float(cost["low"]) > 0):
        return []
    price = float(cost["delta"]) / (100 * float(service["delta"]))
    return [words("decision.price", money=f"{price:,.0f}", currency=words.currency, horizon=horizon(base, words))]


def _of_one_plan(run: RunFolder, words: Words) -> list[str]:
    kpis = run.tables["kpis"]
    value = kpis[kpis["group_by"] == "all"].set_index("kpi")["value"]
    return [
        words(
            "decision.plan",
            orders=f"{value['purchase_orders']:,.0f}",
            money=f"{value['purchase_value']:,.2f}",
            currency=words.currency,
            deliveries=f"{value['delivery_orders']:,.0f}",
            routes=f"{value['routes']:,.0f}",
            horizon=horizon(run, words),
        ),
        words(
            "decision.outcome",
            service=words.value(float(value[_SERVICE]), "share 0..1"),
            cost=f"{value[_COST]:,.2f}",
            currency=words.currency,
        ),
        words(f"decision.proof_{run.provenance['status']}", gap=f"{100 * float(run.provenance['gap']):.2f} %"),
        words("decision.alone"),
    ]


def horizon(run: RunFolder, words: Words) -> str:
    """Return the length and the first day of the plan."""
    about = run.provenance
    return words(f"horizon.{about['bucket']}", count=about["horizon_buckets"], start=about["horizon_start"])
