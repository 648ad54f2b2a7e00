"""History to a demand distribution per item, location and bucket."""

from planner.forecast.forecast import ForecastResult, forecast_demand

__all__ = ["ForecastResult", "forecast_demand"]
