"""Views: what the forecasters see from the end of each week of one growing panel, made once each."""

from __future__ import annotations

from planner.backtest.baseline import Baseline, forecast_baseline
from planner.backtest.features import Features, build_features
from planner.backtest.panel import Panel


class Views:
    """Baselines and features by week; each is made from the weeks before it only.

    Parameters
    ----------
    horizon : weeks ahead.
    """

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self._baselines: dict[int, Baseline] = {}
        self._features: dict[int, Features] = {}

    def baseline(self, panel: Panel, week: int) -> Baseline:
        """Return the baseline forecast at the end of the first `week` weeks of `panel`."""
        if week not in self._baselines:
            self._baselines[week] = forecast_baseline(panel.until(week), self.horizon)
        return self._baselines[week]

    def features(self, panel: Panel, week: int) -> Features:
        """Return the features at the end of the first `week` weeks of `panel`."""
        if week not in self._features:
            self._features[week] = build_features(panel.until(week), self.baseline(panel, week))
        return self._features[week]
