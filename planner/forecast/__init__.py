"""History to a demand distribution per item, location and bucket.

What computes is loaded when it is asked for: a forecast that is known needs neither compiler nor statistics.
"""

from typing import Any

import pandas as pd

from planner.forecast.adjustments import adjust_demand
from planner.forecast.result import ForecastResult


def forecast_demand(*inputs: Any, **means: Any) -> ForecastResult:
    """Forecast every item-location, see `planner.forecast.forecast.forecast_demand`."""
    from planner.forecast.forecast import forecast_demand as compute  # noqa: PLC0415

    return compute(*inputs, **means)


def judge_adjustments(*inputs: Any) -> pd.DataFrame:
    """Judge what past adjustments were worth, see `planner.forecast.value_added.judge_adjustments`."""
    from planner.forecast.value_added import judge_adjustments as compute  # noqa: PLC0415

    return compute(*inputs)


def total_forecast(*inputs: Any) -> pd.DataFrame:
    """Add the forecast up, see `planner.forecast.totals.total_forecast`."""
    from planner.forecast.totals import total_forecast as compute  # noqa: PLC0415

    return compute(*inputs)


__all__ = ["ForecastResult", "adjust_demand", "forecast_demand", "judge_adjustments", "total_forecast"]
