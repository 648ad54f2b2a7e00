"""Runs as a user names them: a run folder, a name in a runs folder or project, or all runs of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from planner.cli.edge import UsageError
from planner.engine.index import INDEX, open_index
from planner.engine.outcome import ended_members
from reports.run_folder import PROVENANCE, RunFolder, read_run
from scenarios.nearest import did_you_mean
from scenarios.resolve import read_scenario
from scenarios.tables.issues import Issues
from scenarios.whatif import BASELINE

_RUNS = "runs"
_SCENARIO_FILE = "scenario.yaml"


@dataclass(frozen=True, slots=True)
class Gathered:
    """Key figures of many runs.

    Attributes
    ----------
    kpis : scenario, kpi, group_by, value, unit, low, high.
    baseline : run that differences are taken to.
    title : of the comparison.
    shown : key figures that the project wants to see; empty: all.
    notes : what was left out.
    """

    kpis: pd.DataFrame
    baseline: str
    title: str
    shown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_run(name: str, within: Path) -> Path:
    """Return the folder of a run: `name` itself, or a run of that name in `within` or its runs folder.

    `baseline` also finds the one run there that is no named scenario and overrides nothing, whatever it is called:
    `planner run` calls it by the name of the project.

    Raises
    ------
    UsageError
        There is no such run; the text names the nearest one.
    """
    places = [Path(name), within / name, within / _RUNS / name]
    for place in places:
        if "://" in name or (place / PROVENANCE).exists():
            return place
    if Path(name).exists():
        return Path(name)  # reading it says what is wrong with it
    folders = {folder for place in (within, within / _RUNS) for folder in _run_folders(place)}
    plain = [folder for folder in folders if _is_plain(read_run(folder))] if name == BASELINE else []
    if len(plain) == 1:
        return plain[0]
    known = sorted({folder.name for folder in folders})
    otherwise = f"There are {', '.join(known[:10])}." if known else "Name a run folder, or say where with --in FOLDER."
    where = "the current folder" if within == Path() else str(within)
    raise UsageError(f"There is no run {name!r} in {where}. {did_you_mean(name, known, otherwise)}")


def runs_folder(folder: Path) -> Path:
    """Return the runs folder that a user means by it or by its project.

    Raises
    ------
    UsageError
        There is no folder, or no run in it.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Name one that `planner scenarios sweep` or `run` wrote.")
    runs = folder / _RUNS if (folder / _SCENARIO_FILE).exists() else folder
    if not (runs / INDEX).exists() and not ended_members(runs):
        raise UsageError(f"{runs} holds no runs. Make some with `planner scenarios run`.")
    return runs


def gather_kpis(runs: Sequence[str], baseline: str | None) -> Gathered:
    """Return the key figures of several run folders, or of all runs of one folder or project.

    Raises
    ------
    UsageError
        There is nothing to compare, or no such baseline.
    RunFolderError
        A run cannot be read.
    """
    folder = Path(runs[0])
    if len(runs) == 1 and not (folder / PROVENANCE).exists():
        return _with_baseline(_of_folder(folder), baseline)
    read = [read_run(Path(name)) for name in runs]
    names = [run.path.name for run in read]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in read]
    return _with_baseline(_of_runs(read, names, " · ".join(names[:4])), baseline)


def _of_folder(folder: Path) -> Gathered:
    """Return the runs of a runs folder, or of a project with what it says about comparing."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}. Name a runs folder, a project, or several run folders.")
    project = folder if (folder / _SCENARIO_FILE).exists() else None
    where = folder / _RUNS if project is not None else folder
    gathered = _of_index(where) if (where / INDEX).exists() else _of_run_folders(where)
    if project is None:
        return gathered
    reading = read_scenario(project, None, (), Issues())
    if reading is None or reading.scenario is None:
        return gathered
    wanted = reading.scenario.comparison
    known = set(gathered.kpis["scenario"])
    first = wanted.baseline if wanted.baseline in known else gathered.baseline
    return Gathered(gathered.kpis, first, reading.scenario.name, wanted.kpis, gathered.notes)


def _of_index(folder: Path) -> Gathered:
    with open_index(folder) as index:
        runs, kpis = index.table(), index.kpis()
    failed = runs[~runs["name"].isin(kpis["name"])]
    ended = ", ".join(f"{count:,} {status}" for status, count in failed["status"].value_counts().items())
    notes = (f"Left out, without a plan: {ended}.",) if ended else ()
    unnamed = runs.loc[runs["scenario"].isin(["", BASELINE]) & ~runs["name"].isin(failed["name"]), "name"]
    if kpis.empty:
        raise UsageError(f"No run of {folder} has a plan to compare. See `planner scenarios runs {folder}`.")
    kpis = kpis.rename(columns={"name": "scenario"})
    return Gathered(kpis, _first(list(kpis["scenario"].unique()), list(unnamed)), folder.name, (), notes)


def _of_run_folders(folder: Path) -> Gathered:
    found = [read_run(path) for path in _run_folders(folder)]
    if not found:
        raise UsageError(f"{folder} holds no runs. Make some with `planner scenarios run`.")
    return _of_runs(found, [run.path.name for run in found], folder.name)


def _of_runs(runs: Sequence[RunFolder], names: Sequence[str], title: str) -> Gathered:
    kpis = pd.concat([run.tables["kpis"].assign(scenario=name) for run, name in zip(runs, names, strict=True)])
    plain = [name for run, name in zip(runs, names, strict=True) if _is_plain(run)]
    return Gathered(kpis.reset_index(drop=True), _first(list(names), plain), title)


def _is_plain(run: RunFolder) -> bool:
    """Return whether a run is of the scenario file as it is."""
    asked = run.provenance
    return asked.get("scenario") in {"", BASELINE} and not asked.get("overrides") and not asked.get("as_of")


def _first(names: list[str], plain: list[str]) -> str:
    """Return the run called baseline, else one without a named scenario, else the first."""
    return BASELINE if BASELINE in names else next(iter([*plain, *names]))


def _with_baseline(gathered: Gathered, baseline: str | None) -> Gathered:
    if baseline is None:
        return gathered
    known = list(gathered.kpis["scenario"].unique())
    if baseline not in known:
        otherwise = f"There are {', '.join(map(str, known[:10]))}."
        raise UsageError(f"There is no run {baseline!r} to compare with. {did_you_mean(baseline, known, otherwise)}")
    return Gathered(gathered.kpis, baseline, gathered.title, gathered.shown, gathered.notes)


def _run_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path.parent for path in folder.glob(f"[!.]*/{PROVENANCE}"))
