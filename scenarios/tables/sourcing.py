"""Sourcing: which row of item_suppliers or lanes supplies an item-location.

1. Rows of `lanes`, and rows of `item_suppliers` that name the location or its region: the most
   specific wins, the lane where both are equally specific.
2. Otherwise rows of `item_suppliers` that name no place: the usual way to feed a dc.

Lanes that name no place reach stores and online locations only, never a dc, and no lane leads from
a location to itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.tables.specificity import most_specific, named_keys, specificity

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """The row that supplies each item-location.

    Attributes
    ----------
    supplier_row : [n] position in item_suppliers, -1 where a lane or nothing supplies.
    lane_row : [n] position in lanes, -1 where a supplier or nothing supplies.
    """

    supplier_row: Positions
    lane_row: Positions

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Which item-locations have a source: [n]."""
        return (self.supplier_row >= 0) | (self.lane_row >= 0)


def find_sources(wanted: pd.DataFrame, item_suppliers: pd.DataFrame, lanes: pd.DataFrame) -> Sources:
    """Return the winning row for every item-location.

    Parameters
    ----------
    wanted : [n] rows with item_id, category, location_id, region and location_type.
    item_suppliers, lanes : the input tables.
    """
    placed = named_keys(item_suppliers, "location_id") | named_keys(item_suppliers, "region")
    direct = _winner(wanted, item_suppliers, placed)
    anywhere = _winner(wanted, item_suppliers, ~placed)
    lane = winning_lanes(wanted, lanes)
    by_lane = (lane >= 0) & (_specificity_of(lanes, lane) >= _specificity_of(item_suppliers, direct))
    supplier = np.where(direct >= 0, direct, anywhere)
    return Sources(np.where(by_lane, -1, supplier), np.where(by_lane, lane, -1))


def winning_lanes(wanted: pd.DataFrame, lanes: pd.DataFrame) -> Positions:
    """Return the position in lanes of the row that would supply each item-location, suppliers aside; -1 for none."""
    placed = named_keys(lanes, "location_id") | named_keys(lanes, "region")
    is_dc = (wanted["location_type"] == "dc").to_numpy(dtype=bool)
    winner = np.where(is_dc, _winner(wanted, lanes, placed), _winner(wanted, lanes, np.ones(len(lanes), dtype=bool)))
    location = wanted["location_id"].to_numpy(dtype=object)
    origin = np.array([*lanes["origin_id"], None], dtype=object)
    # a lane may reach its own origin only by naming no place or its region: the next best counts there
    for own in np.unique(location[(winner >= 0) & (origin[winner] == location)]):
        there = location == own
        others = (lanes["origin_id"] != own).to_numpy(dtype=bool)
        winner[there] = winning_lanes(wanted[there], lanes[others])
        winner[there] = np.append(np.flatnonzero(others), -1)[winner[there]]
    return winner


def _winner(wanted: pd.DataFrame, rules: pd.DataFrame, subset: npt.NDArray[np.bool_]) -> Positions:
    """Return the position in `rules` of the winner among `subset`."""
    chosen = np.append(np.flatnonzero(subset), -1)
    return chosen[most_specific(wanted, rules[subset])]


def _specificity_of(rules: pd.DataFrame, rows: Positions) -> Positions:
    return np.append(specificity(rules), -1)[rows]
