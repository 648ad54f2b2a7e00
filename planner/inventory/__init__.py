"""Demand distribution to stock targets: classes, safety stock, reorder point, order-up-to level."""

from typing import Any

import pandas as pd


def set_targets(*inputs: Any) -> pd.DataFrame:
    """Set stock targets, see `planner.inventory.targets.set_targets`; loaded when it is asked for."""
    from planner.inventory.targets import set_targets as compute  # noqa: PLC0415

    return compute(*inputs)


__all__ = ["set_targets"]
