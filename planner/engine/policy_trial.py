"""Policy trial: ordering policies of one project side by side, in sampled futures or on the sales of the past.

The world is one: stock, demand, lead times and prices of the project as it is. A named scenario brings only its stock
targets, so what is compared is how to order, not what to expect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner import reads
from planner.forecast import ForecastResult, adjust_demand, forecast_demand
from planner.inventory import set_targets
from planner.network import build_network
from planner.recall import Recall, compute_anew
from planner.simulation.policies import (
    KINDS,
    demand_to_sample,
    lead_times,
    order_policy,
    prices,
    spread,
    start_as_given,
    start_full,
)
from planner.simulation.policy_figures import compare_policies
from scenarios.project import Project, load_project
from scenarios.tables.store import TableStore
from scenarios.whatif import BASELINE
from solvers.fitness import BackendName, make_player
from solvers.stock.policies import StockStart
from solvers.stock.policy_futures import SampledDemand, play_policies

_KEYS = ["item_id", "location_id"]
_AS_WRITTEN = ""  # kind: what the policy of each item-location says


class PolicyError(Exception):
    """A trial cannot be played as asked; the text says what to change."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """Stock targets of a scenario, used by a kind of policy."""

    scenario: str
    kind: str

    @property
    def name(self) -> str:
        """What it is called in the answer: as short as a person would write it."""
        if self.kind == _AS_WRITTEN:
            return self.scenario
        return self.kind if self.scenario == BASELINE else f"{self.scenario}:{self.kind}"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out.

    Attributes
    ----------
    figures, differences : as `compare_policies` returns them; the differences are to the first policy.
    item_locations, buckets, futures : what was played; futures is 0 on recorded demand.
    start : first day.
    """

    figures: pd.DataFrame
    differences: pd.DataFrame
    item_locations: int
    buckets: int
    futures: int
    start: date


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a project on a day."""

    project: Project
    supply: pd.DataFrame
    demand: ForecastResult

    @property
    def forecast(self) -> pd.DataFrame:
        return self.demand.forecast


def read_policy(text: str, scenarios: Sequence[str]) -> NamedPolicy:
    """Return the policy that SCENARIO, KIND or SCENARIO:KIND names.

    Raises
    ------
    PolicyError
        There is no such scenario or kind.
    """
    first, _, second = text.partition(":")
    scenario, kind = (BASELINE, first) if first in KINDS and not second else (first, second or _AS_WRITTEN)
    if kind not in (*KINDS, _AS_WRITTEN) or (scenario != BASELINE and scenario not in scenarios):
        raise PolicyError(
            f"There is no policy '{text}'. Write SCENARIO, KIND or SCENARIO:KIND. "
            f"Scenarios: {', '.join([BASELINE, *scenarios])}. Kinds: {', '.join(KINDS)}."
        )
    return NamedPolicy(scenario, kind)


def try_policies(
    path: Path,
    policies: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    replications: int | None = None,
    recorded: bool = False,
    windows: int = 2,
    backend: BackendName = "auto",
    recall: Recall = compute_anew,
) -> Trial:
    """Play `policies` (see `read_policy`) over the horizon, or over recorded sales: the `windows` horizons before it.

    On recorded sales the walk goes forward: the targets of every window are set from the sales before it and from
    nothing later. All start at the baseline's order-up-to levels of the first window.

    Raises
    ------
    InputError
        The project is wrong. PolicyError: a policy is, or the backend is not usable here.
    """
    try:
        player = make_player(backend)
    except RuntimeError as error:
        raise PolicyError(f"{error}. Choose auto or another backend.") from None
    store = TableStore()
    base = load_project(path, None, overrides, store)
    horizon = base.scenario.horizon
    named = [read_policy(text, tuple(base.scenario.scenarios)) for text in policies]
    if len(set(named)) < len(named):
        raise PolicyError(f"A policy is named twice: {', '.join(one.name for one in named)}. Name each once.")
    length = timedelta(days=horizon.buckets * horizon.bucket_days)
    origins = [horizon.start - back * length for back in range(windows, 0, -1)] if recorded else [None]
    known: dict[tuple[str, date | None], _Known] = {}

    def on(scenario: str, origin: date | None) -> _Known:
        if (scenario, origin) not in known:
            project = load_project(path, scenario, overrides, store, origin)
            known[scenario, origin] = _know(project, recall)
        return known[scenario, origin]

    world = on(BASELINE, origins[0])
    if world.forecast.empty:
        raise PolicyError("Nothing has sales before the first day, so there is nothing to order. Use fewer windows.")
    rows = world.supply.merge(world.forecast[_KEYS].drop_duplicates(), on=_KEYS).reset_index(drop=True)
    targets = _targets(world, _AS_WRITTEN, recall)
    rules = []
    for one in named:
        walked = [_targets(on(one.scenario, origin), one.kind, recall) for origin in origins]
        rules.append(order_policy(rows, walked, horizon))
    begin, wanted = _stock_and_demand(world, base, rows, targets, len(origins), recorded=recorded)
    settings = base.scenario.simulation
    futures = 1 if recorded else replications or settings.replications
    outcomes = play_policies(
        begin,
        rules,
        wanted,
        lead_times(rows, horizon, noise=settings.lead_time_noise),
        prices(rows, targets, horizon),
        futures,
        base.scenario.seed,
        player,
    )
    buckets = len(origins) * horizon.buckets
    figures, differences = compare_policies([one.name for one in named], outcomes, buckets, recorded=recorded)
    return Trial(figures, differences, len(rows), buckets, 0 if recorded else futures, origins[0] or horizon.start)


def _know(project: Project, recall: Recall) -> _Known:
    """Return network and forecast, as the pipeline makes them."""
    tables, scenario = project.tables, project.scenario
    supply = build_network(tables, scenario).supply
    demand = recall(
        "forecast",
        forecast_demand,
        tables["demand_history"],
        supply[reads.SUPPLY["forecast"]],
        tables["promotions"],
        tables["item_transitions"],
        tables["prices"],
        scenario.horizon,
        scenario.forecast.model_copy(update={"demand_factor": 1.0}),
        progress=None,
    )
    factor = scenario.forecast.demand_factor
    return _Known(
        project, supply, adjust_demand(demand, supply, tables["demand_adjustments"], scenario.horizon, factor)
    )


def _targets(known: _Known, kind: str, recall: Recall) -> pd.DataFrame:
    """Return policy_params, all of one kind where one is named."""
    scenario, tables = known.project.scenario, known.project.tables
    supply, policies = known.supply[reads.SUPPLY["targets"]], tables["inventory_policies"]
    inventory = scenario.inventory
    if kind != _AS_WRITTEN:
        policies = policies.assign(policy_kind=kind)
        inventory = inventory.model_copy(update={"policy_kind": kind})
    return recall(
        "targets",
        set_targets,
        supply,
        known.forecast[reads.FORECAST["targets"]],
        tables["demand_history"][reads.HISTORY["targets"]],
        policies,
        scenario.horizon,
        inventory,
    )


def _stock_and_demand(
    world: _Known, base: Project, rows: pd.DataFrame, targets: pd.DataFrame, windows: int, *, recorded: bool
) -> tuple[StockStart, SampledDemand | npt.NDArray[np.float64]]:
    horizon = base.scenario.horizon
    if not recorded:
        begin = start_as_given(rows, base.tables["open_orders"], horizon)
        return begin, demand_to_sample(rows, world.forecast, horizon)
    first = pd.Timestamp(world.project.scenario.horizon.start)
    history = base.tables["demand_history"]
    sold = spread(rows, history, "qty", first, horizon.bucket_days, windows * horizon.buckets)
    return start_full(rows, targets, horizon), np.maximum(sold, 0.0)
