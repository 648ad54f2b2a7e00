"""Features of the boosted model: what is known at one week's end about each of the next weeks' sales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.backtest.baseline import Baseline
from planner.backtest.panel import Group, Panel

Floats = npt.NDArray[np.float64]

_RATIO_WEEKS = 6
_WINDOWS = (2, 4, 8, 13, 26, 52)
_GROUP_WINDOWS = (1, 2, 4, 13)
_SEASON_LAGS = (52, 104)


@dataclass(frozen=True, slots=True)
class Features:
    """Features of every item-location and week ahead, seen from one week's end.

    Attributes
    ----------
    values : [K, H, F] float32, NaN where unknown. They compare sales with the baseline, so that one model
        serves big and small sellers. Groups enter by how they sell, not by name: codes of groups were learnt by heart.
    base : [K, H] baseline forecast, base units per week, which the model corrects.
    names : [F] names of the features.
    """

    values: npt.NDArray[np.float32]
    base: Floats
    names: tuple[str, ...]


def build_features(panel: Panel, baseline: Baseline) -> Features:
    """Return the features of the weeks that `baseline`, made from the same panel, forecasts."""
    horizon = baseline.mean.shape[1]
    groups = _groups(panel)
    state = _state(panel, baseline, groups)
    fixed = np.column_stack(list(state.values()))
    each = []
    names: tuple[str, ...] = ()
    for ahead in range(horizon):
        week = _week(panel, baseline, groups, ahead)
        each.append(np.column_stack([fixed, *week.values()]).astype(np.float32))
        names = (*state, *week)
    return Features(np.stack(each, axis=1), baseline.mean, names)


def _groups(panel: Panel) -> dict[str, Group]:
    everyone = Group.of(np.zeros(len(panel.sales), dtype=np.int64))
    levels = {f"level{number}": group for number, group in enumerate(panel.levels)}
    return {"all": everyone, **levels, "location": panel.location}


def _state(panel: Panel, baseline: Baseline, groups: dict[str, Group]) -> dict[str, Floats]:
    """Return features [K] that do not depend on the week ahead: the level, its trend, how sales have run lately."""
    weeks = panel.sales.shape[1]
    there = panel.exposure
    sold = np.where(there > 0.0, panel.sales, 0.0)
    full = baseline.level[:, None] * baseline.index[:, :weeks]
    expected = full * there
    state = {"log_level": np.log(baseline.level), "log_recent": np.log(baseline.recent)}
    for number in range(baseline.smoothed.shape[1]):
        state[f"log_smoothed{number}"] = np.log(baseline.smoothed[:, number] / baseline.level)
    for back in range(1, min(_RATIO_WEEKS, weeks) + 1):
        ratio = (sold[:, -back] + 0.2) / (full[:, -back] + 0.2)
        state[f"ratio{back}"] = np.where(there[:, -back] > 0.0, ratio, np.nan)
    for window in _WINDOWS:
        state[f"ratio_of{window}"] = np.log(
            (sold[:, -window:].sum(axis=1) + 0.5) / (expected[:, -window:].sum(axis=1) + 0.5)
        )
    for window in (13, 52):
        seen = np.maximum((there[:, -window:] > 0.0).sum(axis=1), 1)
        state[f"share_selling{window}"] = (sold[:, -window:] > 0.0).sum(axis=1) / seen
    state["peak"] = sold[:, -13:].max(axis=1) / (baseline.level + 0.2)
    state["scatter"] = _variance(sold[:, -52:], there[:, -52:] > 0.0) / (baseline.level + 0.1)
    state["weeks_since_sale"] = np.minimum(_weeks_since(sold > 0.0), 30.0)
    state["in_stock8"] = there[:, -8:].mean(axis=1)
    state["age"] = np.minimum(_weeks_since_first(there > 0.0), 104.0)
    damping = 1.0 / (1.0 + full)
    for name, group in groups.items():
        actual, wanted = group.total(sold * damping), group.total(expected * damping)
        for window in _GROUP_WINDOWS:
            ratio = (actual[:, -window:].sum(axis=1) + 2.0) / (wanted[:, -window:].sum(axis=1) + 2.0)
            state[f"{name}_ratio_of{window}"] = np.log(ratio)[group.code]
    return state


def _week(panel: Panel, baseline: Baseline, groups: dict[str, Group], ahead: int) -> dict[str, Floats]:
    """Return features [K] of one week ahead: its index, and how the same week of earlier years stood out."""
    count, weeks = panel.sales.shape
    index = baseline.index[:, weeks + ahead]
    now = baseline.index[:, weeks - 4 : weeks].mean(axis=1)
    features = {
        "log_index": np.log(index),
        "log_index_change": np.log(index / now),
        "weeks_ahead": np.full(count, float(ahead)),
    }
    there = panel.exposure > 0.0
    sold = np.where(there, panel.sales, 0.0)
    for lag in _SEASON_LAGS:
        week = weeks + ahead - lag
        names = ["own", *groups]
        if week < 1 or week >= weeks:
            features |= {f"{name}_year{lag}": np.full(count, np.nan) for name in names}
            continue
        around = slice(max(0, week - 8), min(weeks, week + 9))
        usual = (sold[:, around].sum(axis=1) + 0.3) / (there[:, around].sum(axis=1) + 1.0)
        near = slice(week - 1, min(week + 2, weeks))
        features[f"own_year{lag}"] = np.log(
            (sold[:, near].sum(axis=1) + 1.0) / (usual * there[:, near].sum(axis=1) + 1.0)
        )
        damping = 1.0 / (1.0 + usual)
        for name, group in groups.items():
            actual = group.total(sold[:, week] * damping)
            wanted = group.total(usual * there[:, week] * damping)
            features[f"{name}_year{lag}"] = np.log((actual + 2.0) / (wanted + 2.0))[group.code]
    return features


def _variance(values: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Return the variance [K] of the values [K, T] that were seen, 0 where there are none."""
    number = np.maximum(seen.sum(axis=1), 1)
    mean = (values * seen).sum(axis=1) / number
    return np.asarray((((values - mean[:, None]) ** 2) * seen).sum(axis=1) / number)


def _weeks_since(happened: npt.NDArray[np.bool_]) -> Floats:
    """Return the weeks [K] since the last True of each row; all weeks where there is none."""
    weeks = happened.shape[1]
    last = np.where(happened.any(axis=1), np.argmax(happened[:, ::-1], axis=1), weeks)
    return np.asarray(last, dtype=np.float64)


def _weeks_since_first(happened: npt.NDArray[np.bool_]) -> Floats:
    """Return the weeks [K] since the first True of each row; 0 where there is none."""
    weeks = happened.shape[1]
    age = np.where(happened.any(axis=1), weeks - 1 - np.argmax(happened, axis=1), 0)
    return np.asarray(age, dtype=np.float64)
