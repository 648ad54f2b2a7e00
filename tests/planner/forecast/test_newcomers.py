"""New item-locations: level from the same item elsewhere and the same place with other items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.forecast.newcomers import forecast_newcomers
from solvers.demand.factorisation import factorise

LEVELS = np.array([0.1, 0.5, 0.9])
ITEMS, PLACES = 14, 16


def world(noise: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Return keys and true rates of a rank-one world in which odd items sell well in the second half of the places."""
    random = np.random.default_rng(2)
    item, place = np.divmod(np.arange(ITEMS * PLACES), PLACES)
    taste = np.where(item % 2 == 1, 0.7, -0.7) * np.where(place >= PLACES // 2, 1.0, -1.0)
    size = random.normal(0.0, 0.8, ITEMS)[item] + random.normal(0.0, 0.6, PLACES)[place]
    rate = np.exp(1.0 + size + taste + random.normal(0.0, noise, len(item)))
    keys = pd.DataFrame({"item_id": [f"I{k}" for k in item], "location_id": [f"S{k}" for k in place]})
    return keys.assign(category=[f"C{k % 2}" for k in item], region=[f"R{int(k >= 8)}" for k in place]), rate


def test_left_out_cells_of_a_low_rank_matrix_are_found() -> None:
    keys, rate = world(0.0)
    out = np.random.default_rng(3).random(len(keys)) < 0.2
    found = forecast_newcomers(keys[out], keys[~out], rate[~out], (0.0, 0.0), LEVELS)
    assert found.known.all()
    error = np.log(found.said.mean[:, 0] / rate[out])
    plain = np.log(rate[~out].mean() / rate[out])
    assert np.sqrt((error**2).mean()) < 0.35 * np.sqrt((plain**2).mean())
    assert found.said.mean.sum() == pytest.approx(rate[out].sum(), rel=0.15)


def test_the_spread_covers_what_the_level_misses() -> None:
    keys, rate = world(0.3)
    out = np.random.default_rng(4).random(len(keys)) < 0.3
    found = forecast_newcomers(keys[out], keys[~out], rate[~out], (1.0, 1.0), LEVELS)
    sold = np.random.default_rng(5).poisson(rate[out])
    assert 0.82 < (sold <= found.said.quantiles[:, 0, 2]).mean() < 0.97
    assert (np.diff(found.said.quantiles[:, 0], axis=1) >= 0.0).all()


def test_a_new_item_is_like_its_category_and_a_new_place_like_its_region() -> None:
    keys, rate = world(0.1)
    new = pd.DataFrame(
        {
            "item_id": ["fresh", "fresh", "I1", "stray"],
            "location_id": ["S1", "S15", "opening", "S1"],
            "category": ["C1", "C1", "C1", ""],
            "region": ["R0", "R1", "R1", "R0"],
        }
    )
    found = forecast_newcomers(new, keys, rate, (0.0, 0.0), LEVELS)
    assert found.known.tolist() == [True, True, True, False]
    assert found.said.mean[3, 0] == found.said.quantiles[3].sum() == 0.0
    elsewhere = rate[(keys["item_id"] == "I1") & (keys["region"] == "R1")]
    assert found.said.mean[2, 0] == pytest.approx(np.exp(np.log(elsewhere).mean()), rel=0.6)


def test_too_few_known_cells_teach_nothing() -> None:
    keys, rate = world(0.1)
    found = forecast_newcomers(keys[:3], keys[20:30], rate[20:30], (0.0, 0.0), LEVELS)
    assert not found.known.any()
    assert not forecast_newcomers(keys[:0], keys, rate, (0.0, 0.0), LEVELS).said.mean.size


def test_factors_do_not_depend_on_the_order_of_cells() -> None:
    random = np.random.default_rng(6)
    row, column = np.divmod(np.arange(30), 6)
    value = random.normal(size=30)
    groups = np.arange(5), np.arange(6)
    shuffled = random.permutation(30)
    one = factorise(row, column, value, *groups).at(row, column)
    other = factorise(row[shuffled], column[shuffled], value[shuffled], *groups).at(row, column)
    np.testing.assert_allclose(one, other, rtol=1e-9)
