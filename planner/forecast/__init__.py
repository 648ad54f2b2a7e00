"""History to a demand distribution per item, location and bucket."""

from planner.forecast.adjustments import adjust_demand
from planner.forecast.forecast import ForecastResult, forecast_demand
from planner.forecast.totals import total_forecast
from planner.forecast.value_added import judge_adjustments

__all__ = ["ForecastResult", "adjust_demand", "forecast_demand", "judge_adjustments", "total_forecast"]
