"""Replenishment orders to loads, routes and a timetable."""

from planner.distribution.begun import RoutedDay
from planner.distribution.loads import build_loads
from planner.distribution.routes import RoutePlan, plan_routes
from planner.distribution.visiting import routes_by_day, visit_days, visit_seconds

__all__ = ["RoutePlan", "RoutedDay", "build_loads", "plan_routes", "routes_by_day", "visit_days", "visit_seconds"]
