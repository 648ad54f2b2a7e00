"""Published tables of the forecast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.backtest import FEWEST
from planner.forecast.history import DemandRows
from planner.forecast.newcomers import METHOD as FACTORISED
from planner.forecast.newcomers import Newcomers
from planner.forecast.passes import SHORT, Learned, Predicted
from planner.forecast.prices import PriceEffects
from planner.forecast.selection import DEMAND_CLASSES
from reports.forecast_tables import FORECAST, FORECAST_ACCURACY, FORECAST_CHANNELS
from reports.tables import conform
from scenarios.settings import Horizon

Floats = npt.NDArray[np.float64]

_KEYS = ["item_id", "location_id"]
_CHANNEL_DAYS = 182  # recent demand that is split by channel


def forecast_table(keys: pd.DataFrame, new: Newcomers, predicted: Predicted, horizon: Horizon) -> pd.DataFrame:
    """Return `forecast`: the planned series, then the new ones."""
    known = _by_bucket(keys, horizon).assign(
        mean_qty=predicted.mean.ravel(),
        sd_qty=predicted.sd.ravel(),
        p10_qty=predicted.quantiles[:, :, 0].ravel(),
        p50_qty=predicted.quantiles[:, :, 1].ravel(),
        p90_qty=predicted.quantiles[:, :, 2].ravel(),
        method=predicted.method.ravel(),
    )
    unknown = _by_bucket(new.keys, horizon).assign(
        mean_qty=np.repeat(new.said.mean[:, 0], horizon.buckets),
        sd_qty=np.repeat(new.said.sd[:, 0], horizon.buckets),
        p10_qty=np.repeat(new.said.quantiles[:, 0, 0], horizon.buckets),
        p50_qty=np.repeat(new.said.quantiles[:, 0, 1], horizon.buckets),
        p90_qty=np.repeat(new.said.quantiles[:, 0, 2], horizon.buckets),
        method=np.repeat(_methods(new), horizon.buckets),
    )
    return conform(FORECAST, pd.concat([part for part in (known, unknown) if len(part)] or [known]))


def _methods(new: Newcomers) -> npt.NDArray[np.object_]:
    return np.where(new.known, FACTORISED, "no_history").astype(object)


def channel_table(rows: DemandRows, new: Newcomers, predicted: Predicted, horizon: Horizon) -> pd.DataFrame:
    """Return `forecast_channels`: the mean split by the recent share of each channel, of all time if none is recent.

    New item-locations stand under the first channel known.
    """
    count, channels = len(rows.keys), max(len(rows.channels), 1)
    cell = rows.series * channels + rows.channel
    quantity = np.maximum(rows.quantity, 0.0)
    recent = rows.bucket >= rows.buckets - -(-_CHANNEL_DAYS // horizon.bucket_days)
    late = np.bincount(cell, weights=np.where(recent, quantity, 0.0), minlength=count * channels)
    ever = np.bincount(cell, weights=quantity, minlength=count * channels)
    late, ever = late.reshape(count, channels), ever.reshape(count, channels)
    sold = np.where(late.sum(axis=1, keepdims=True) > 0.0, late, ever)
    nothing = sold.sum(axis=1) <= 0.0
    sold[nothing, 0] = 1.0
    share = sold / sold.sum(axis=1, keepdims=True)
    parts = []
    for column, channel in enumerate(rows.channels):
        here = share[:, column] > 0.0
        mean = predicted.mean[here] * share[here, column, None]
        parts.append(_by_bucket(rows.keys[here], horizon).assign(channel=channel, mean_qty=mean.ravel()))
    first = rows.channels[0] if rows.channels else "store"
    level = np.repeat(new.said.mean[:, 0], horizon.buckets)
    parts.append(_by_bucket(new.keys, horizon).assign(channel=first, mean_qty=level))
    table = pd.concat([part for part in parts if len(part)] or parts[-1:])
    return conform(FORECAST_CHANNELS, table.sort_values([*_KEYS, "channel", "bucket_start"], kind="stable"))


def accuracy_table(
    keys: pd.DataFrame,
    inactive: pd.DataFrame,
    new: Newcomers,
    learned: Learned,
    priced: PriceEffects | None,
) -> pd.DataFrame:
    """Return `forecast_accuracy` of the chosen models over the evaluated buckets; empty where there are none."""
    backtest, choice = learned.backtest, learned.choice
    short = learned.observed < FEWEST
    points = np.where(short, 0.0, backtest.points)
    absolute = choice.of(backtest.absolute)
    known = keys[_KEYS].assign(
        demand_class=np.array(DEMAND_CLASSES, dtype=object)[learned.demand_class],
        method=np.where(short, SHORT, choice.model),
        pinball_loss=_ratio(choice.of(backtest.pinball), points),
        mase=_ratio(_ratio(absolute, points), learned.scale),
        bias_qty=_ratio(choice.of(backtest.error), points),
        wape=_ratio(absolute, np.where(points > 0.0, backtest.actual, 0.0)),
        price_elasticity=np.nan if priced is None else priced.elasticity[priced.item],
        price_elasticity_se=np.nan if priced is None else priced.sd[priced.item],
    )
    figures = ("pinball_loss", "mase", "bias_qty", "wape", "price_elasticity", "price_elasticity_se")
    nothing = dict.fromkeys(figures, np.nan)
    parts = (
        known,
        inactive[_KEYS].assign(demand_class="inactive", method="not_planned", **nothing),
        new.keys.assign(demand_class="new", method=_methods(new), **nothing),
    )
    return conform(FORECAST_ACCURACY, pd.concat([part for part in parts if len(part)] or [known]))


def _by_bucket(keys: pd.DataFrame, horizon: Horizon) -> pd.DataFrame:
    """Return item_id, location_id and bucket_start, one row per series and bucket."""
    days = pd.to_timedelta(np.arange(horizon.buckets) * horizon.bucket_days, unit="D")
    starts = (pd.Timestamp(horizon.start) + days).to_numpy(dtype="datetime64[ns]")
    return pd.DataFrame(
        {
            "item_id": np.repeat(keys["item_id"].to_numpy(dtype=object), horizon.buckets),
            "location_id": np.repeat(keys["location_id"].to_numpy(dtype=object), horizon.buckets),
            "bucket_start": np.tile(starts, len(keys)),
        }
    )


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below, NaN where below is not positive."""
    return np.where(below > 0.0, above / np.where(below > 0.0, below, 1.0), np.nan)
