"""Replenishment orders to loads, routes and a timetable."""
