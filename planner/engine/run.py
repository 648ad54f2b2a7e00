"""One run: load a project, plan it, write its run folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from planner.engine.ahead import Ahead
from planner.engine.cache import StageCache, StageUse
from planner.engine.fingerprint import VERSIONED, installed_version
from planner.engine.parts import PartWorkers
from planner.errors import InfeasibleError, RefusedError
from planner.network import build_network
from planner.pipeline import Begun, make_plan
from planner.plan import Plan
from planner.recall import Recall, compute_anew
from reports.run_folder import Writer, read_run, refuse_foreign, write_run
from scenarios.errors import InputError
from scenarios.paths import walk_settings
from scenarios.project import check_project, load_project
from scenarios.scenario import resolved_content
from scenarios.tables.store import TableStore
from solvers.milp import MilpVerificationError
from solvers.routing.registry import UnsupportedProblemError, VerificationError

REFUSED = (RefusedError, VerificationError, MilpVerificationError)
"""Errors of judges who refuse an answer."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A plan and where it was written.

    Attributes
    ----------
    seconds : wall seconds per stage, loading and writing included.
    recalled : by kind of result, how many were known from earlier runs and how many were computed.
    """

    plan: Plan
    folder: Path
    title: str
    seconds: Mapping[str, float]
    recalled: Mapping[str, StageUse]

    def highlights(self) -> list[Path]:
        """Return the files that a person opens first."""
        tables = ("replenishment_orders", "routes", "stops", "exceptions")
        return [self.folder / name for name in ("report.html", *(f"{t}.csv" for t in tables), "routes.geojson")]


def run_project(
    path: Path,
    *,
    scenario: str | None = None,
    overrides: Sequence[str] = (),
    output: Path | None = None,
    threads: int | None = None,
    time_limit_s: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    cache: StageCache | None = None,
    pages: bool = True,
    store: TableStore | None = None,
    as_of: date | None = None,
    warm_start: Path | None = None,
    helpers: PartWorkers | None = None,
    at_once: int | None = None,
) -> FinishedRun:
    """Plan the project at `path` and write its run folder.

    The folder appears whole or not at all: it is written beside the target and renamed. A what-if begins from the
    baseline's orders and routes, which are planned first where they are not known (`start_from` in the settings; with
    `time_limit_s` or `warm_start` it does not).

    Parameters
    ----------
    output : the run folder, also a URL that fsspec opens; None: runs/NAME in the project's folder.
    cache : where results of stages are looked up and kept; the run folder is the same with and without it. The notes
        of the cache say so if it could not be written.
    pages : also write what people look at: every table as CSV, report.html and routes.geojson.
    store : keeps the input tables between runs of one process.
    as_of : plan from this day on, knowing the sales before it; stock and open orders as the tables have them.
    warm_start : folder of a former run whose prices of scarce capacities the replenishment engine begins with.
    helpers : workers for chunks of series and depots' days, `at_once` of them at once; None: threads of this process.
        With `time_limit_s` they are not asked.

    Raises
    ------
    InputError, InfeasibleError, RefusedError
        As the stages do; nothing is written then.
    RunFolderError
        `warm_start` is not the folder of a run.
    """
    start = time.perf_counter()
    project = load_project(path, scenario, overrides, store, as_of)
    loading = time.perf_counter() - start
    name = scenario or project.scenario.name
    folder = output if output is not None else project.root / "runs" / name
    refuse_foreign(folder)
    former = read_run(warm_start) if warm_start is not None else None
    before = cache.uses() if cache is not None else {}
    recall: Recall = compute_anew if cache is None else cache.recall
    cores = threads or usable_cores()
    with Ahead() if cores > 1 else nullcontext() as ahead:
        if ahead is not None:
            recall = ahead.recall(recall)
        if helpers is not None and time_limit_s is None:
            recall = helpers.recall(recall)
        make = partial(make_plan, threads=cores, progress=progress, recall=recall, at_once=at_once)
        baseline = (project.baseline, "" if as_of is None else as_of.isoformat())
        reproducible = former is None and time_limit_s is None
        begun = None
        if reproducible and project.baseline and not project.is_baseline and project.scenario.start_from == "baseline":
            begun = recall("baseline", begin, *baseline, plan=lambda: make(load_project(path, None, (), store, as_of)))
        plan = make(
            project,
            begun=begun,
            time_limit_s=time_limit_s,
            former_prices=None if former is None else former.tables["capacity_prices"],
        )
        if reproducible and project.is_baseline and plan.begun is not None:
            recall("baseline", begin, *baseline, plan=lambda: plan)  # for what-ifs to come
    recalled = {} if cache is None else cache.uses(before)
    start = time.perf_counter()
    provenance = {
        **plan.provenance,
        "scenario": scenario or "",
        "overrides": list(overrides),
        "as_of": as_of.isoformat() if as_of is not None else "",
        "warm_start": "" if former is None else former.provenance["run_id"],
        "status": plan.status,
        "cost": plan.cost,
        "lower_bound": plan.lower_bound,
        "gap": plan.gap,
        "versions": {package: installed_version(package) or "not installed" for package in VERSIONED},
        "settings": resolved_content(project.scenario),
        "setting_meanings": {path: field.description for path, field in walk_settings() if field.description},
    }
    seconds = {"load": loading, **plan.seconds}
    extras: dict[str, Writer] = {}
    if pages:
        from reports.geo import write_geojson  # noqa: PLC0415 - what-ifs write none
        from reports.page import write_page  # noqa: PLC0415

        extras = {"report.html": write_page, "routes.geojson": write_geojson}
    about_time = {stage: {"recalled": use.recalled, "computed": use.computed} for stage, use in recalled.items()}
    write_run(folder, plan.tables, provenance, seconds, extras, csv=pages, recalled=about_time)
    seconds["write"] = time.perf_counter() - start
    title = f"{project.scenario.name}: {scenario}" if scenario else project.scenario.name
    return FinishedRun(plan, folder, title, seconds, recalled)


def begin(hashes: Mapping[str, str], as_of: str, *, plan: Callable[[], Plan]) -> Begun | None:
    """Return what what-ifs of a project begin from, by the hashes of its file as it is; None where that has no plan.

    Raises
    ------
    KeyboardInterrupt
        A person has stopped the search, so that it is not what it would be.
    """
    try:
        begun = plan().begun
    except (InputError, InfeasibleError, *REFUSED, UnsupportedProblemError):
        return None
    if not isinstance(begun, Begun):
        raise KeyboardInterrupt
    return begun


def check_everything(path: Path, scenario: str | None, overrides: Sequence[str]) -> pd.DataFrame:
    """Return every problem of a project, those of its supply network included (data_issues columns)."""
    project, issues = check_project(path, scenario, overrides)
    if project is None:
        return issues
    try:
        build_network(project.tables, project.scenario)
    except InputError as error:
        return pd.concat([issues, error.issues], ignore_index=True)
    return issues


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
