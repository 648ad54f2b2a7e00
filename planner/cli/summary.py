"""Run a project, write its folder and say in a few lines what came out."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from planner.cli.edge import ExitCode
from planner.cli.hiring import hire_for_parts, tell_declined
from planner.cli.scenarios_define import edit_lines
from planner.cli.screen import note, progress_bars, show_rows
from planner.engine.cache import StageCache
from planner.engine.run import FinishedRun, run_project
from planner.errors import InfeasibleError
from reports.publish import publish_run
from reports.run_folder import read_run


def run_and_report(
    project: Path,
    *,
    scenario: str | None,
    overrides: Sequence[str],
    seed: int | None,
    time_limit_s: float | None,
    output: Path | None,
    threads: int | None,
    use_cache: bool,
    quiet: bool,
    as_json: bool,
    publish: str | None = None,
    as_of: date | None = None,
    warm_start: Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> None:
    """Plan, write the run folder, print the summary, leave with the right exit code."""
    overrides = [*overrides, f"seed={seed}"] if seed is not None else list(overrides)
    cache = StageCache() if use_cache else None
    try:
        with (
            progress_bars(quiet or as_json) as progress,
            hire_for_parts(workers, cluster) as (helpers, at_once),
        ):
            finished = run_project(
                project,
                scenario=scenario,
                overrides=overrides,
                output=output,
                threads=threads,
                time_limit_s=time_limit_s,
                progress=progress,
                cache=cache,
                as_of=as_of,
                warm_start=warm_start,
                helpers=helpers,
                at_once=at_once,
            )
    except InfeasibleError as error:
        if as_json:
            sys.stdout.write(json.dumps({"status": "infeasible", "relaxation": error.rows()}, indent=2) + "\n")
        raise
    tell_declined(helpers, quiet)
    if publish is not None:
        publish_run(read_run(finished.folder), publish)
    figures = headline(finished)
    if as_json:
        sys.stdout.write(json.dumps({**figures, "folder": str(finished.folder)}, indent=2) + "\n")
    else:
        _print_summary(finished, figures, quiet)
    for text in cache.notes if cache is not None else ():
        note(text, quiet)
    if finished.plan.status == "limit":
        note(
            f"A limit was reached before the wanted gap: the plan is usable, its proven gap is "
            f"{finished.plan.gap:.2%}.",
            quiet,
        )
        sys.exit(ExitCode.LIMIT)


def headline(finished: FinishedRun) -> dict[str, object]:
    """Return the figures of the summary by name."""
    plan = finished.plan
    kpis = plan.tables["kpis"]
    overall = kpis[kpis["group_by"] == "all"].set_index("kpi")[["value", "low", "high"]]

    def value(name: str, column: str = "value") -> float:
        return float(overall[column][name])

    return {
        "status": plan.status,
        "purchase_orders": int((plan.tables["replenishment_orders"]["type"] == "PO").sum()),
        "delivery_orders": int((plan.tables["replenishment_orders"]["type"] == "DO").sum()),
        "routes": len(plan.tables["routes"]),
        "stops": len(plan.tables["stops"]),
        "unassigned_loads": len(plan.tables["unassigned"]),
        "distance_km": round(float(plan.tables["routes"]["distance_km"].sum()), 1),
        "fill_rate": round(value("simulated_fill_rate"), 4),
        "fill_rate_low": round(value("simulated_fill_rate", "low"), 4),
        "fill_rate_high": round(value("simulated_fill_rate", "high"), 4),
        "cost": round(value("simulated_cost"), 2),
        "cost_low": round(value("simulated_cost", "low"), 2),
        "cost_high": round(value("simulated_cost", "high"), 2),
        "currency": plan.provenance["currency"],
        "replenishment_cost": round(plan.cost, 2),
        "replenishment_lower_bound": round(plan.lower_bound, 2),
        "gap": round(plan.gap, 5),
        "seconds": round(sum(finished.seconds.values()), 1),
        "seconds_by_stage": {stage: round(s, 2) for stage, s in finished.seconds.items()},
        "recalled": {
            stage: {"recalled": use.recalled, "computed": use.computed} for stage, use in finished.recalled.items()
        },
    }


def _print_summary(finished: FinishedRun, figures: Mapping[str, object], quiet: bool) -> None:
    f = figures
    missed = f["unassigned_loads"]
    routed = f"{missed:,} loads on no route" if missed else "every load on a route"
    service = f"{f['fill_rate']:.1%} simulated fill rate ({f['fill_rate_low']:.1%} to {f['fill_rate_high']:.1%})"
    cost = f"{f['cost']:,.0f} {f['currency']} simulated ({f['cost_low']:,.0f} to {f['cost_high']:,.0f})"
    rows = [
        ("orders", f"{f['purchase_orders']:,} to suppliers, {f['delivery_orders']:,} deliveries to stores"),
        ("routes", f"{f['routes']:,} with {f['stops']:,} stops, {f['distance_km']:,.0f} km; {routed}"),
        ("service", service),
        ("cost", f"{cost}: holding, shortage, ordering, transport"),
        (
            "gap",
            f"{f['gap']:.2%} proven: replenishment costs {f['replenishment_cost']:,.0f}, "
            f"no plan {_given_visits(finished)}less than {f['replenishment_lower_bound']:,.0f}",
        ),
        *([("together", _rounds(finished))] if "distribution_rounds" in finished.plan.tables else []),
        ("seconds", f"{f['seconds']:,.1f}"),
        *([("recalled", recalled)] if (recalled := _recalled(finished)) else []),
    ]
    show_rows("", ("", finished.title), rows)
    for line in edit_lines(finished.plan.tables["input_edits"]):
        note(line, quiet)
    note("Written:", quiet)
    for path in finished.highlights():
        sys.stdout.write(f"  {path}\n")


def _given_visits(finished: FinishedRun) -> str:
    """Return what the bound is about where stock and trucks were decided together."""
    rounds = finished.plan.tables.get("distribution_rounds")
    return "" if rounds is None or rounds["kept"].iloc[0] else "with these visits "


def _rounds(finished: FinishedRun) -> str:
    """Return the total of every round of stock and trucks decided together, and what routes within the horizon save."""
    rounds = finished.plan.tables["distribution_rounds"]
    totals = [f"{total:,.0f}" for total in rounds["total_cost"]]
    kept = rounds[rounds["kept"]].iloc[0]

    def saved(column: str) -> str:
        first = float(rounds[column].iloc[0])
        return f"{(first - float(kept[column])) / first if first else 0.0:.1%}"

    return (
        f"{' > '.join(totals)} by round, sequential first: {saved('total_cost')} saved with visits behind the horizon, "
        f"{saved('transport_cost')} in transport within it"
    )


def _recalled(finished: FinishedRun) -> str:
    """Return which results were known from earlier runs, empty where none was."""
    parts = [
        stage if use.computed == 0 else f"{use.recalled} of {use.recalled + use.computed} of {stage}"
        for stage, use in finished.recalled.items()
        if use.recalled
    ]
    return ", ".join(parts) + " from earlier runs" if parts else ""
