"""What a plan of buckets must still keep before it is published: fair shares, single days, the value of orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.replenishment.daily import fit_days
from planner.replenishment.edits import PlanEditor
from planner.replenishment.fair_share import share_fairly
from planner.replenishment.model import Model, Tables
from planner.replenishment.order_value import raise_order_values
from scenarios.settings import ReplenishmentSettings
from solvers.lotsizing.problem import Ints
from solvers.lotsizing.result import LotSizingResult

_MOST_ROUNDS = 5


def settle(
    model: Model,
    result: LotSizingResult,
    tables: Tables,
    settings: ReplenishmentSettings,
    cost_of: Callable[[Ints], float],
) -> tuple[LotSizingResult, npt.NDArray[np.bool_], npt.NDArray[np.bool_], pd.DataFrame]:
    """Return the plan changed where these rules ask for it, [K, T] orders that are fair shares or topped up, its lines.

    Cost and status are those of the changed plan, as `cost_of` counts what packs [K, T] cost with all that orders
    share; the lower bound ignores these rules and stays valid. One change can call for another, so they go in turns;
    the days have the last word.

    Raises
    ------
    RefusedError
        Orders that pins hold do not fit their days.
    """
    editor = PlanEditor(model.problem, result.packs)
    topped_up = np.zeros(result.packs.shape, dtype=bool)
    shared = share_fairly(editor, model, settings.fair_share)
    lines = fit_days(editor, model, tables)
    for _ in range(_MOST_ROUNDS):
        before = editor.packs.copy()
        topped_up |= raise_order_values(editor, model, tables.suppliers)
        if np.array_equal(before, editor.packs):
            break
        lines = fit_days(editor, model, tables)
    if np.array_equal(editor.packs, result.packs):
        return result, shared, topped_up, lines
    packs = editor.packs.astype(np.int32)
    changed = replace(result, packs=packs, cost=cost_of(packs))
    if result.status in ("optimal", "gap_reached"):
        changed = replace(changed, status="gap_reached" if changed.gap <= settings.target_gap else "limit")
    return changed, shared & (packs > 0), topped_up & (packs > 0), lines
