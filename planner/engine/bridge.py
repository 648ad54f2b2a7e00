"""A bridge from one scenario to another: plan every step between them and split the change by patch and setting."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel

from planner.engine.cache import StageCache
from planner.engine.run import run_project
from planner.errors import InfeasibleError
from reports.bridge import Bridge, Chosen, prefixes, split_change
from scenarios.errors import InputError
from scenarios.resolve import read_scenario
from scenarios.scenario import Scenario
from scenarios.tables.issues import Issues
from scenarios.whatif import BASELINE

MOST_PARTS_IN_FULL = 4
"""Up to so many parts every order is averaged: 4 parts have 24 orders and 16 plans."""
SAMPLED_ORDERS = 8
_SEED = 20_24
_NOT_PARTS = frozenset(
    {"name", "description", "apply", "patches", "parameters", "scenarios", "sweeps", "comparison", "exports"}
)

Progress = Callable[[str, int, int], None]
Planner = Callable[[str | None, Sequence[str], Path], pd.DataFrame]
"""Plans a named scenario with overrides into a run folder and returns its key figures."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that differs between two scenarios.

    Attributes
    ----------
    name : of the patch, or the path of the setting.
    kind : patch or setting.
    overrides : PATH=VALUE texts that change it, except for the list of patches.
    """

    name: str
    kind: str
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """The way from one scenario to another.

    Attributes
    ----------
    parts : patches first, then settings.
    before, after : patches applied at either end, in order.
    """

    parts: tuple[Part, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    def overrides(self, chosen: Chosen) -> list[str]:
        """Return what to override in the first scenario so that the chosen parts are as in the second one."""
        out = [text for part in self.parts if part.name in chosen for text in part.overrides]
        patches = {part.name for part in self.parts if part.kind == "patch"}
        if patches:
            out.append(f"apply={json.dumps(self._patches(chosen, patches))}")
        return out

    def _patches(self, chosen: Chosen, differing: set[str]) -> list[str]:
        """Return the patches that are applied, those of the second scenario in its order where all are chosen."""
        if differing <= chosen:
            return list(self.after)
        wanted = {name for name in self.before if name not in chosen or name not in differing}
        wanted |= {name for name in self.after if name in chosen}
        return [name for name in _merged(self.before, self.after) if name in wanted]


def bridge_scenarios(
    path: Path,
    start: str | None,
    end: str | None,
    *,
    overrides: Sequence[str] = (),
    ends: tuple[Path, Path] | None = None,
    cache: StageCache | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    plan: Planner | None = None,
) -> Bridge:
    """Split the change of every key figure between two scenarios of a project by patch and setting.

    Up to `MOST_PARTS_IN_FULL` parts all orders of applying them are averaged, beyond that
    `SAMPLED_ORDERS` permutations of a fixed seed, half of them the reverse of the other half.

    Parameters
    ----------
    start, end : named scenarios; None or "baseline" for the file as it is.
    overrides : "PATH=VALUE" texts applied to both.
    ends : run folders to write for the two scenarios themselves; None: none is kept.
    cache : where results of stages are kept; None: a folder that is removed afterwards.
    plan : plans one scenario and returns its key figures; None: `run_project`.

    Raises
    ------
    InputError
        A scenario does not exist or has mistakes.
    InfeasibleError
        An end, or a plan on every way between them, has no solution.
    """
    steps = find_steps(path, start, end, overrides)
    parts = {part.name: part.kind for part in steps.parts}
    orders = choose_orders(list(parts))
    everything = frozenset(parts)
    wanted = sorted({chosen for order in orders for chosen in prefixes(order)}, key=lambda c: (len(c), sorted(c)))
    folders = dict(zip((frozenset[str](), everything), ends or (), strict=False))
    with tempfile.TemporaryDirectory() as scratch:
        plan = plan or _planner(path, cache or StageCache(Path(scratch) / "stages"), threads)
        figures: dict[Chosen, pd.DataFrame] = {}
        refused: list[InfeasibleError] = []
        for done, chosen in enumerate(wanted):
            if progress is not None:
                progress("plans of the bridge", done, len(wanted))
            name, changes = (end, list(overrides)) if chosen == everything else (start, list(overrides))
            if chosen and chosen != everything:
                changes += steps.overrides(chosen)
            try:
                figures[chosen] = plan(name, changes, folders.get(chosen, Path(scratch) / "run"))
            except InfeasibleError as error:
                if chosen in {frozenset(), everything}:
                    raise
                refused.append(error)
    if progress is not None:
        progress("plans of the bridge", len(wanted), len(wanted))
    if refused and not any(figures.keys() >= set(prefixes(order)) for order in orders):
        raise refused[0]
    return split_change(figures, parts, orders, (start or BASELINE, end or BASELINE))


def find_steps(path: Path, start: str | None, end: str | None, overrides: Sequence[str] = ()) -> Steps:
    """Return what differs between two scenarios of a project.

    Raises
    ------
    InputError
        A scenario does not exist or has mistakes.
    """
    a, b = (_resolved(path, name, overrides) for name in (start, end))
    differing = [name for name in _merged(a.apply, b.apply) if (name in a.apply) != (name in b.apply)]
    parts = [Part(name, "patch", tuple(_parameters_of(name, a, b)) if name in b.apply else ()) for name in differing]
    for name in (patch for patch in a.apply if patch in b.apply):
        parts += [Part(text.partition("=")[0], "setting", (text,)) for text in _parameters_of(name, a, b)]
    if a.apply or b.apply:
        parts += [
            Part(f"parameters.{name}", "setting", (f"parameters.{name}={json.dumps(value)}",))
            for name, value in _plain(b.parameters).items()
            if _plain(a.parameters).get(name) != value
        ]
    before, after = dict(_settings(a)), dict(_settings(b))
    parts += [Part(name, "setting", (f"{name}={after[name]}",)) for name in before if before[name] != after[name]]
    return Steps(tuple(parts), a.apply, b.apply)


def choose_orders(parts: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the orders to average: all of few parts, else sampled ones, each with its reverse."""
    if len(parts) <= MOST_PARTS_IN_FULL:
        return list(permutations(parts))
    random = np.random.default_rng(_SEED)
    orders: list[tuple[str, ...]] = []
    while len(orders) < SAMPLED_ORDERS:
        order = tuple(parts[n] for n in random.permutation(len(parts)))
        orders += [order, order[::-1]]
    return orders


def _planner(path: Path, cache: StageCache, threads: int | None) -> Planner:
    """Return a function that plans a scenario of the project at `path`, without pages."""

    def plan(scenario: str | None, overrides: Sequence[str], folder: Path) -> pd.DataFrame:
        finished = run_project(
            path, scenario=scenario, overrides=overrides, output=folder, threads=threads, cache=cache, pages=False
        )
        return finished.plan.tables["kpis"]

    return plan


def _resolved(path: Path, name: str | None, overrides: Sequence[str]) -> Scenario:
    issues = Issues()
    reading = read_scenario(path, name, overrides, issues)
    if reading is None or reading.scenario is None:
        raise InputError(issues.frame())
    return reading.scenario


def _merged(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Return all names: those of `a` in their order, each other one behind the one that it follows in `b`."""
    out = list(a)
    at = 0
    for name in b:
        if name in out:
            at = out.index(name) + 1
        else:
            out.insert(at, name)
            at += 1
    return out


def _parameters_of(patch: str, a: Scenario, b: Scenario) -> Iterator[str]:
    """Yield what sets the parameters of a patch that differ to those of `b`."""
    before, after = (_plain(scenario.patches[patch].parameters) for scenario in (a, b))
    for name, value in after.items():
        if before.get(name) != value:
            yield f"patches.{patch}.parameters.{name}={json.dumps(value)}"


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """Return values as JSON knows them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _settings(model: BaseModel, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the value, as JSON, of every setting that a run depends on."""
    content = model.model_dump(mode="json", by_alias=True)
    for name in type(model).model_fields:
        if above or name not in _NOT_PARTS:
            value = getattr(model, name)
            if isinstance(value, BaseModel):
                yield from _settings(value, f"{above}{name}.")
            else:
                yield f"{above}{name}", json.dumps(content[name], ensure_ascii=False)
