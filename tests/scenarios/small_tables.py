"""A small valid project as CSV text, so that tests know the line of every cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

SCENARIO = """\
name: small
horizon:
  start: 2024-01-01
  buckets: 4
scenarios:
  more:
    description: What if demand doubles?
    set:
      forecast.demand_factor: 2.0
"""
TABLES = {
    "items": "item_id,category,unit_cost\n007,gin,8\n8,rum,9\n",
    "item_uoms": "item_id,uom,factor_qty\n007,case,6\n8,case,12\n",
    "locations": (
        "location_id,type,region,latitude,longitude\nDC,dc,mid,41.7,-93.6\nS1,store,north,42.0,-93.6\nS2,store,south,41.0,-93.6\n"
    ),
    "suppliers": "supplier_id,lead_time_days\nV,9\n",
    "item_suppliers": "supplier_id,location_id,order_uom\nV,DC,case\n",
    "lanes": "origin_id,lead_time_days\nDC,1\n",
    "inventory": "item_id,location_id,on_hand_qty\n007,S1,5\n8,DC,50\n",
    "demand_history": (
        "item_id,location_id,date,qty\n007,S1,2023-12-04,3\n007,S1,2023-12-11,4\n8,S2,2023-12-04,2\n8,S2,2023-12-11,6\n"
    ),
    "vehicles": "vehicle_id,depot_id,capacity_kg\nVAN,DC,900\n",
}

Write = Callable[..., Path]


def only(issues: pd.DataFrame, rule: str, table: str = "") -> Any:
    """Return the one issue with this rule."""
    found = issues[(issues["rule"] == rule) & ((issues["table"] == table) | (table == ""))]
    assert len(found) == 1, f"{rule}: {len(found)} issues among\n{issues[['severity', 'table', 'rule', 'message']]}"
    return found.iloc[0]
