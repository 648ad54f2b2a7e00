"""A million rows of history are read, cleaned and checked in seconds."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from small_tables import Write

from scenarios.project import load_project


@pytest.mark.slow
def test_a_million_rows_of_history(write: Write) -> None:
    items, places, days = 100, 50, 200
    dates = pd.date_range("2023-06-01", periods=days).strftime("%Y-%m-%d").to_numpy()
    item, place, day = (axis.ravel() for axis in np.indices((items, places, days)))
    names, sites = np.array([f"{i:04d}" for i in range(items)]), np.array([f"S{i:03d}" for i in range(places)])
    qty = np.random.default_rng(1).poisson(3.0, len(item))
    folder = write(
        items="item_id\n" + "\n".join(names) + "\n",
        item_uoms=None,
        item_suppliers="supplier_id,location_id\nV,DC\n",
        locations="location_id,type\nDC,dc\n" + "".join(f"{site},store\n" for site in sites),
        inventory=None,
        vehicles=None,
        demand_history=None,
    )
    frame = pd.DataFrame({"item_id": names[item], "location_id": sites[place], "date": dates[day], "qty": qty})
    frame.to_csv(folder / "demand_history.csv", index=False)
    start = time.process_time()
    project = load_project(folder)
    seconds = time.process_time() - start
    assert len(project.tables["demand_history"]) == items * places * days == 1_000_000
    assert project.tables["demand_history"]["qty"].sum() == qty.sum()
    assert seconds < 10  # about 1.5 s on a quiet machine
