"""Boosted trees: one LightGBM model for all item-locations that corrects the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from planner.backtest.features import Features
from planner.backtest.panel import Panel
from planner.backtest.views import Views

Floats = npt.NDArray[np.float64]

FIRST_ORIGIN = 30  # weeks of history before the first forecast to learn from
_ROUNDS = 200
# variance powers of the Tweedie loss and shares of features per tree; the seed differs too
_MEMBERS = ((1.5, 0.3), (1.5, 0.3), (1.7, 0.5), (1.7, 0.5))
# small trees and strong shrinkage: the model corrects a forecast that is good already
_PARAMETERS: dict[str, Any] = {
    "objective": "tweedie",
    "num_leaves": 12,
    "learning_rate": 0.04,
    "min_data_in_leaf": 300,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,  # two threads on busy cores wait for each other longer than they work
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class BoostedModel:
    """Models that differ in loss, features and seed, whose mean is the forecast."""

    boosters: tuple[Any, ...]

    def forecast(self, features: Features) -> Floats:
        """Return the expected demand [K, H], base units per week."""
        count, horizon, width = features.values.shape
        rows = features.values.reshape(-1, width)
        total = np.zeros((count, horizon))
        for booster in self.boosters:
            total += np.exp(booster.predict(rows, raw_score=True, num_threads=1)).reshape(count, horizon)
        return features.base * total / len(self.boosters)


def train(panel: Panel, views: Views, *, seed: int) -> BoostedModel:
    """Fit the models to every week in stock and every earlier week's end from which it could be forecast.

    The target is the sale of a week in which the item was in stock all the time, so that sales cut short by a
    stock-out are no example of low demand. The score starts at the baseline: trees learn a factor on it.
    """
    import lightgbm  # noqa: PLC0415 - absent where it cannot be loaded

    weeks = panel.sales.shape[1]
    listed = np.maximum.accumulate(panel.exposure > 0.0, axis=1)
    values, sold, base = [], [], []
    for origin in range(min(FIRST_ORIGIN, weeks - 1), weeks):
        features = views.features(panel, origin)
        for ahead in range(min(views.horizon, weeks - origin)):
            row = (panel.exposure[:, origin + ahead] >= 1.0) & listed[:, origin - 1]
            values.append(features.values[row, ahead])
            sold.append(panel.sales[row, origin + ahead])
            base.append(features.base[row, ahead])
    names = list(features.names)
    data = lightgbm.Dataset(
        np.concatenate(values),
        np.concatenate(sold),
        init_score=np.log(np.concatenate(base)),
        feature_name=names,
        params=_PARAMETERS,
        free_raw_data=False,
    )
    boosters = []
    for number, (power, share) in enumerate(_MEMBERS):
        member = {"tweedie_variance_power": power, "feature_fraction": share, "seed": seed * 1000 + number}
        boosters.append(lightgbm.train({**_PARAMETERS, **member}, data, _ROUNDS))
    return BoostedModel(tuple(boosters))
