"""New item-locations: their level from how the item sells elsewhere and how the location sells other items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.shape import Distribution
from solvers.demand.distributions import fit_moments
from solvers.demand.factorisation import Factorisation, factorise

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

METHOD = "factorised"
_FEWEST = 20  # known item-locations to learn from
_FOLDS = 5
_MOST_ERROR = 2.0  # standard deviation of the logarithm


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Forecast of item-locations without history.

    Attributes
    ----------
    keys : item_id, location_id.
    known : [N] whether something could be learnt about the item; otherwise the forecast is zero.
    said : flat distributions.
    """

    keys: pd.DataFrame
    known: npt.NDArray[np.bool_]
    said: Distribution


def forecast_newcomers(
    new: pd.DataFrame, keys: pd.DataFrame, rate: Floats, power_law: tuple[float, float], levels: Floats
) -> Newcomers:
    """Return flat distributions of the item-locations `new`.

    The logarithms of the known rates make a matrix of items and locations, which is factorised with two factors
    and biases that fall back to the mean of the category and of the region. Every fifth known cell is left
    out in turn: the errors there say how sure the level is, and the ratio of sums there makes it unbiased. The variance
    is that of demand at the level (power law of all series) plus that of the level.

    Parameters
    ----------
    new, keys : item_id, location_id, category, region of the new and of the known item-locations.
    rate : [K] recent mean of the known ones, base units per bucket; those at 0 tell nothing.
    power_law : (a, b) of variance = a mean^b; a = 0 where there are too few series.
    """
    selling = rate > 0.0
    items = pd.Index(pd.concat([keys["item_id"], new["item_id"]]).unique())
    places = pd.Index(pd.concat([keys["location_id"], new["location_id"]]).unique())
    item, place = items.get_indexer(keys["item_id"])[selling], places.get_indexer(keys["location_id"])[selling]
    item_group = _groups(keys, new, "item_id", "category", items)
    place_group = _groups(keys, new, "location_id", "region", places)
    wanted, there = items.get_indexer(new["item_id"]), places.get_indexer(new["location_id"])
    told = np.bincount(item_group[item], minlength=len(items)) > 0
    known = told[item_group[wanted]] & (int(selling.sum()) >= _FEWEST)
    mean, error = np.zeros(len(new)), 0.0
    if known.any():
        value = np.log(rate[selling])
        error, bias = _errors(item, place, value, item_group, place_group)
        fitted = factorise(item, place, value, item_group, place_group)
        mean = np.where(known, np.exp(_within(fitted, wanted, there, value)) * bias, 0.0)
    scale, exponent = power_law
    typical = scale * mean**exponent if scale > 0.0 else mean + mean * mean
    variance = typical + mean * mean * np.expm1(error * error)
    fitted_demand = fit_moments(mean, variance)
    quantiles = np.stack([fitted_demand.quantile(float(level)) for level in levels], axis=1)
    said = Distribution(mean[:, None], np.sqrt(variance)[:, None], quantiles[:, None, :])
    return Newcomers(new[["item_id", "location_id"]].reset_index(drop=True), known, said)


def _groups(keys: pd.DataFrame, new: pd.DataFrame, name: str, by: str, index: pd.Index) -> Integers:
    """Return the group of every item or location; one without a category or region is a group of its own."""
    named = pd.concat([keys[[name, by]], new[[name, by]]]).drop_duplicates(name).set_index(name)[by].reindex(index)
    labels = np.where(named.fillna("") == "", "own " + index.to_numpy(dtype=object), "of " + named.astype(object))
    return pd.factorize(labels)[0].astype(np.int64)


def _errors(
    item: Integers, place: Integers, value: Floats, item_group: Integers, place_group: Integers
) -> tuple[float, float]:
    """Return the standard deviation of the logarithm at left-out cells, and what was there over what was said."""
    said = np.empty_like(value)
    fold = np.random.default_rng(1).permutation(len(value)) % _FOLDS
    for out in range(_FOLDS):
        kept, left = fold != out, fold == out
        fitted = factorise(item[kept], place[kept], value[kept], item_group, place_group)
        said[left] = _within(fitted, item[left], place[left], value[kept])
    error = float(np.sqrt(((value - said) ** 2).mean()))
    return min(error, _MOST_ERROR), float(np.exp(value).sum() / np.exp(said).sum())


def _within(fitted: Factorisation, item: Integers, place: Integers, value: Floats) -> Floats:
    """Return cells, none beyond the known ones."""
    return np.clip(fitted.at(item, place), value.min(), value.max())
