"""Money of a plan by kind: one definition for the simulated check and for the key figures."""

from __future__ import annotations

import pandas as pd

_KEYS = ["item_id", "location_id"]


def ordering_cost(orders: pd.DataFrame, supply: pd.DataFrame) -> pd.Series:
    """Return the money that ordering costs, by order line: fixed costs and handling, without the goods.

    A PO line costs its fixed order cost and its share of what the whole order costs; the cost of a DO line is handling
    plus fixed cost already.
    """
    fixed = supply.set_index(_KEYS)["fixed_order_cost"]
    by_line = (
        fixed.reindex(pd.MultiIndex.from_frame(orders[_KEYS])).fillna(0.0).to_numpy() + orders["shared_cost"].to_numpy()
    )
    return orders["cost"].where(orders["type"] == "DO", by_line).rename("ordering_cost")
