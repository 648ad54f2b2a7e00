"""Tables that cross a stage inside the planner; the ones here are published too."""

from __future__ import annotations

from reports.tables import SUPPLY

__all__ = ["SUPPLY"]
