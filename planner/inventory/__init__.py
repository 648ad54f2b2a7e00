"""Demand distribution to stock targets: classes, safety stock, reorder point, order-up-to level."""

from planner.inventory.targets import set_targets

__all__ = ["set_targets"]
