"""Files in the form of the VN2 challenge with made-up numbers, written where a test needs them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def write_tables(folder, weeks=70, count=6, seed=1):
    """Write files in the challenge's form with made-up numbers; return the sales [count, weeks + 8]."""
    rng = np.random.default_rng(seed)
    dates = [str(np.datetime64("2023-01-02") + np.timedelta64(7 * week, "D")) for week in range(weeks + 8)]
    keys = pd.DataFrame({"Store": [0, 0, 0, 1, 1, 2], "Product": [101, 102, 103, 101, 102, 101]}).head(count)
    sales = rng.poisson(rng.uniform(0.5, 6.0, (count, 1)), (count, weeks + 8))
    sales[0, :9] = 0
    flags = np.ones((count, weeks), dtype=bool)
    flags[0, :9] = False
    flags[1, 40] = False
    sales[1, 40] = 0
    name = f"Week 0 - {dates[weeks - 1]}"
    keys.join(pd.DataFrame(sales[:, :weeks], columns=dates[:weeks])).to_csv(folder / f"{name} - Sales.csv", index=False)
    keys.join(pd.DataFrame(flags, columns=dates[:weeks])).to_csv(folder / "Week 0 - In Stock.csv", index=False)
    master = keys.assign(ProductGroup=24_02_01, Division=24_02, Department=24, DepartmentGroup=11)
    master.assign(StoreFormat=1, Format=13).to_csv(folder / "Week 0 - Master.csv", index=False)
    state = keys.assign(**{"End Inventory": range(count), "In Transit W+1": 0, "In Transit W+2": 3})
    state.to_csv(folder / f"{name} - Initial State.csv", index=False)
    later = keys.join(pd.DataFrame(sales, columns=dates))
    later.to_csv(folder / "actuals.csv", index=False)
    return sales
