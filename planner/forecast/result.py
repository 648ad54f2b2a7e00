"""What a forecast is: demand distributions as published tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class ForecastResult:
    """Demand distributions and how far they can be trusted.

    Attributes
    ----------
    forecast, forecast_channels, accuracy : published tables of these names (`forecast_accuracy`).
    issues : what was found in the history and what was done, columns of `data_issues`.
    shared : relative standard deviation that the errors of a group have in common, by grouping (`totals`).
    """

    forecast: pd.DataFrame
    forecast_channels: pd.DataFrame
    accuracy: pd.DataFrame
    issues: pd.DataFrame
    shared: Mapping[str, float]
