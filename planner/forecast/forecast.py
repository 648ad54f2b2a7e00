"""forecast_demand: history to a demand distribution per item, location and bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from planner.forecast.backtest import FEWEST
from planner.forecast.candidates import make_members
from planner.forecast.history import collect_rows
from planner.forecast.newcomers import forecast_newcomers
from planner.forecast.notes import tell_factorised, tell_inactive, tell_new, tell_no_boosting, tell_series
from planner.forecast.output import accuracy_table, channel_table, forecast_table
from planner.forecast.parts import Past
from planner.forecast.passes import LEVELS, Calendar, Progress, adjust, flat_chunks, learn, predict
from planner.forecast.prices import measure_prices
from planner.forecast.promotions import match_promotions
from planner.forecast.result import ForecastResult
from planner.forecast.totals import shared_errors
from planner.recall import Recall, compute_anew
from scenarios.settings import ForecastModel, ForecastSettings, Horizon
from scenarios.tables.issues import Issues
from solvers.demand.boosting import boosting_installed

_KEYS = ["item_id", "location_id"]


def forecast_demand(
    history: pd.DataFrame,
    supply: pd.DataFrame,
    promotions: pd.DataFrame,
    transitions: pd.DataFrame,
    prices: pd.DataFrame,
    horizon: Horizon,
    settings: ForecastSettings,
    progress: Progress | None = None,
    *,
    threads: int = 1,
    recall: Recall = compute_anew,
) -> ForecastResult:
    """Forecast every item-location of `supply` that has demand; the forecast does not depend on `threads`.

    Parameters
    ----------
    history : cleaned `demand_history`; missing dates count as no demand from the first sale on.
    supply : schema `reports.tables.SUPPLY`; item-locations outside it are not forecast.
    promotions, transitions, prices : cleaned input tables, may be empty.
    horizon : buckets to forecast; the history is cut into buckets of the same length before it.
    progress : called with (what, done, total).
    threads : chunks of series worked on at once.
    recall : gives what is found in a chunk of series, which may be known or computed elsewhere.

    Notes
    -----
    Per series models are weighed by their pinball loss over rolling origins (`selection.choose`).
    Then, by bucket, the distribution is multiplied by the future promotions and prices and by what transitions leave of
    it: mean, standard deviation and quantiles alike. `settings.demand_factor` comes later (`adjust_demand`).

    Left out, and told: item-locations without demand in the last `settings.inactive_after_days`. Locations
    that only pass goods on have no history and no forecast of their own. Item-locations that sell and have no
    history take the level that item and location have elsewhere (`newcomers`), or zero where nothing is known.
    """
    issues = Issues()
    rows = collect_rows(history, supply, transitions, horizon, issues)
    active = rows.idle_days <= settings.inactive_after_days
    inactive, new = rows.keys[~active], _without_history(supply, rows.keys)
    rows = rows.take(active)
    past = Past(
        rows=rows,
        promoted=match_promotions(promotions, rows, horizon, issues),
        horizon=horizon,
        settings=settings,
        season=settings.season_length or (52 if horizon.bucket == "week" else 7),
    )
    calendar = Calendar.of(past)
    priced = measure_prices(prices, rows, horizon, past.promoted, lambda: flat_chunks(past, calendar), issues)
    if priced is not None:
        past = replace(past, priced=priced)
        calendar = Calendar.of(past)
    members = make_members(usable_models(settings.models, issues))
    learned = learn(past, calendar, members, progress, threads=threads, recall=recall)
    said = predict(past, calendar, members, learned, progress, threads=threads, recall=recall)
    predicted = adjust(said, past, transitions)

    newcomers = forecast_newcomers(new, rows.keys, learned.rate, learned.power_law, LEVELS)

    tell_inactive(inactive, settings.inactive_after_days, issues)
    tell_new(new[~newcomers.known], issues)
    tell_factorised(new[newcomers.known], issues)
    tell_series(rows.keys, learned.filled, learned.cut, learned.observed < FEWEST, issues)
    return ForecastResult(
        forecast=forecast_table(rows.keys, newcomers, predicted, horizon),
        forecast_channels=channel_table(rows, newcomers, predicted, horizon),
        accuracy=accuracy_table(rows.keys, inactive, newcomers, learned, priced),
        issues=issues.frame(),
        shared=shared_errors(past, calendar),
    )


def usable_models(models: Sequence[ForecastModel], issues: Issues) -> tuple[ForecastModel, ...]:
    """Return the models that this machine can fit; `ewm_quantiles` where that leaves none."""
    if "boosted_quantiles" not in models or boosting_installed():
        return tuple(models)
    tell_no_boosting(issues)
    return tuple(model for model in models if model != "boosted_quantiles") or ("ewm_quantiles",)


def _without_history(supply: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the item-locations that have no history and supply no other location."""
    pairs = pd.MultiIndex.from_frame(supply[_KEYS])
    inner = supply["source_type"] == "location"
    sources = pd.MultiIndex.from_arrays([supply.loc[inner, "item_id"], supply.loc[inner, "source_id"]])
    alone = ~pairs.isin(pd.MultiIndex.from_frame(known[_KEYS])) & ~pairs.isin(sources)
    return supply.loc[alone, [*_KEYS, "category", "region"]].reset_index(drop=True)
