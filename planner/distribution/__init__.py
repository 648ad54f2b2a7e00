"""Replenishment orders to loads, routes and a timetable."""

from planner.distribution.loads import build_loads
from planner.distribution.routes import RoutePlan, plan_routes

__all__ = ["RoutePlan", "build_loads", "plan_routes"]
