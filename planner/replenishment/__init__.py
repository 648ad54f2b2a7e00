"""Replenishment: stock, targets and lanes to order lines, with a proven bound."""

from planner.replenishment.replenish import Replenishment, replenish

__all__ = ["Replenishment", "replenish"]
