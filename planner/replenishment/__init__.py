"""Replenishment: stock, targets and lanes to order lines, with a proven bound."""

from planner.replenishment.begun import Solved
from planner.replenishment.replenish import Replenishment, price_visits, replenish
from planner.replenishment.visits import Lanes, ShadowPrices

__all__ = ["Lanes", "Replenishment", "ShadowPrices", "Solved", "price_visits", "replenish"]
