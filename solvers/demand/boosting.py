"""Gradient-boosted trees by LightGBM: a mean and quantiles of what a baseline misses."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

_ROUNDS = 80
# small trees on large leaves: they correct a forecast that is good already
_PARAMETERS: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.08,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def boosting_installed() -> bool:
    """Return whether LightGBM can be loaded; it needs the OpenMP library of the system, which some machines lack."""
    try:
        importlib.import_module("lightgbm")
    except (ImportError, OSError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Residuals:
    """Trees for the mean and for each quantile of the residual.

    Attributes
    ----------
    mean : model of the mean, as text: it goes to other processes and has a fingerprint. quantiles : one per level.
    levels : [L] ascending.
    """

    mean: str
    quantiles: tuple[str, ...]
    levels: Floats

    def predict(self, features: Features) -> tuple[Floats, Floats]:
        """Return the mean residual [N] and its quantiles [N, L], from features [N, F]."""
        mean = _predict(self.mean, features)
        parts = [_predict(text, features) for text in self.quantiles]
        return mean, np.stack(parts, axis=1) if parts else np.zeros((len(features), 0))


def _predict(model: str, features: Features) -> Floats:
    import lightgbm  # noqa: PLC0415 - absent where it cannot be loaded

    return np.asarray(lightgbm.Booster(model_str=model).predict(features, num_threads=1))


def fit_residuals(
    features: Features, mean_residual: Floats, residuals: Floats, levels: Floats, names: Sequence[str]
) -> Residuals:
    """Fit trees to what came less what a baseline said.

    A quantile of y given a shift b is b plus the quantile of y - b, so trees for quantiles learn the
    residual from the baseline's own quantile (pinball loss; Koenker and Bassett 1978; Ke and others 2017, "LightGBM").

    Parameters
    ----------
    features : [N, F], NaN where unknown. names : [F].
    mean_residual : [N] what came less the baseline's mean. residuals : [N, L] less its quantile at each level.
    """
    import lightgbm  # noqa: PLC0415 - absent where it cannot be loaded

    data = lightgbm.Dataset(
        features, mean_residual, feature_name=list(names), params=_PARAMETERS, free_raw_data=False
    ).construct()
    mean = lightgbm.train({**_PARAMETERS, "objective": "regression"}, data, _ROUNDS).model_to_string()
    quantiles = []
    for column, level in enumerate(levels):
        data.set_label(np.ascontiguousarray(residuals[:, column]))
        wanted = {**_PARAMETERS, "objective": "quantile", "alpha": float(level)}
        quantiles.append(lightgbm.train(wanted, data, _ROUNDS).model_to_string())
    return Residuals(mean, tuple(quantiles), np.asarray(levels, dtype=np.float64))
