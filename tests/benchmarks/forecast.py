"""Forecasts as distributions beside statsforecast, rolling, on data that none of them has seen.

    python tests/benchmarks/forecast.py [--data FOLDER] [--sample N]

Iowa: the shipped example, series with at least 60 weeks of demand and some in the last 26. VN2: the challenge's sales,
from --data, where the folder is there; only weeks in stock are judged. Two origins, 26 and 13 weeks before the end,
eight weeks each. Pinball loss at 0.5, 0.8, 0.9, 0.95, 0.98 over the mean absolute change of the history, mean over
series, weeks and levels; and the share of weeks at or below the 90 % quantile. AutoETS takes a sample, AutoARIMA a
small one, and so does ours beside them. Ours knows the public holidays that the project names. Series per second of one
core, in processor time. Figures are in docs/benchmarks-forecast.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.forecast.candidates import make_members
from planner.forecast.history import collect_rows
from planner.forecast.parts import Past
from planner.forecast.passes import Calendar, learn, predict
from scenarios.examples import example_folder
from scenarios.project import load_project
from scenarios.settings import ForecastSettings, Horizon
from scenarios.tables.issues import Issues
from scenarios.vn2 import write_vn2_project
from solvers.demand.empirical import pinball_loss

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.98])
WEEKS, BACK = 8, (26, 13)
CONFORMAL_WINDOWS = 12
_KEYS = ["item_id", "location_id"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Weekly demand of K series: sold [K, T], whether there was stock [K, T], and the same as tables."""

    name: str
    sold: Floats
    stocked: npt.NDArray[np.bool_]
    weeks: pd.DatetimeIndex
    history: pd.DataFrame
    supply: pd.DataFrame
    holidays: str


def read(name: str, folder: Path, least: int) -> Data:
    """Return the series of a project that have demand in `least` weeks and some in the last 26."""
    project = load_project(folder)
    history = project.tables["demand_history"]
    sold = history.pivot_table(index=_KEYS, columns="date", values="qty", aggfunc="sum", fill_value=0.0)
    weeks = pd.date_range(sold.columns.min(), sold.columns.max(), freq="7D")
    sold = sold.reindex(columns=weeks, fill_value=0.0)
    kept = sold[((sold > 0).sum(axis=1) >= least) & (sold.iloc[:, -26:] > 0).any(axis=1)]
    stock = history.pivot_table(index=_KEYS, columns="date", values="in_stock_share", aggfunc="min", fill_value=1.0)
    stock = stock.reindex(index=kept.index, columns=weeks, fill_value=1.0)
    keys = kept.index.to_frame(index=False)
    return Data(
        name,
        kept.to_numpy(np.float64),
        stock.to_numpy(np.float64) >= 1.0,
        weeks,
        history.merge(keys, on=_KEYS),
        keys.assign(category="", region=""),
        project.scenario.forecast.holidays,
    )


def ours(data: Data, origin: int, rows: npt.NDArray[np.int64], models: tuple[Any, ...]) -> Floats:
    """Return our quantiles [len(rows), WEEKS, LEVELS]; all series are looked at, as they would be."""
    settings = ForecastSettings(models=models, holidays=data.holidays)
    horizon = Horizon(start=data.weeks[origin].date(), buckets=WEEKS)
    known = data.history[data.history["date"] < data.weeks[origin]]
    transitions = pd.DataFrame({"from_item_id": [], "to_item_id": [], "date": pd.to_datetime([]), "share": []})
    supply = data.supply.iloc[rows]
    found = collect_rows(known, supply, transitions, horizon, Issues())
    past = Past(rows=found, promoted=None, horizon=horizon, settings=settings, season=52)
    calendar, members = Calendar.of(past), make_members(settings.models)
    quantiles = predict(past, calendar, members, learn(past, calendar, members, None), None, LEVELS).quantiles
    place = pd.MultiIndex.from_frame(found.keys[_KEYS]).get_indexer(pd.MultiIndex.from_frame(supply[_KEYS]))
    return np.where((place >= 0)[:, None, None], quantiles[place], 0.0)


def theirs(data: Data, origin: int, rows: npt.NDArray[np.int64], make: Callable[[], Any]) -> Floats:
    """Return the quantiles of a model of statsforecast from the first sale on; below the median nothing is asked."""
    model, widths = make(), [round(200 * level - 100) for level in LEVELS[1:]]
    out = np.zeros((len(rows), WEEKS, len(LEVELS)))
    for n, row in enumerate(rows):
        known = data.sold[row, :origin]
        known = known[int(np.argmax(known > 0)) :] if known.any() else known
        try:
            said = model.forecast(y=known, h=WEEKS, level=widths)
        except (ValueError, IndexError, ZeroDivisionError):  # a history too short for the model: it says no demand
            continue
        out[n] = np.stack([said["mean"], *(said[f"hi-{width}"] for width in widths)], axis=1)
    return np.maximum(np.nan_to_num(out), 0.0)


def peers() -> dict[str, tuple[Callable[[], Any], float]]:
    """Return how to make every peer, by name, and the share of the sample that it takes; 0: all series."""
    from statsforecast.models import TSB, AutoARIMA, AutoETS, CrostonSBA, SeasonalNaive
    from statsforecast.utils import ConformalIntervals

    def conformal() -> ConformalIntervals:
        return ConformalIntervals(n_windows=CONFORMAL_WINDOWS, h=WEEKS)

    return {
        "SeasonalNaive (52)": (lambda: SeasonalNaive(52), 0.0),
        "CrostonSBA, conformal": (lambda: CrostonSBA(prediction_intervals=conformal()), 0.0),
        "TSB (0.1, 0.1), conformal": (lambda: TSB(0.1, 0.1, prediction_intervals=conformal()), 0.0),
        "AutoETS, no season": (lambda: AutoETS(season_length=1), 1.0),
        "AutoARIMA, no season": (lambda: AutoARIMA(season_length=1), 0.2),
    }


def judge(data: Data, rows: npt.NDArray[np.int64], said: dict[int, Floats]) -> tuple[Floats, float]:
    """Return the scaled pinball loss by level and the coverage of the 90 % quantile."""
    losses, covered = [], []
    for origin, quantiles in said.items():
        actual = data.sold[rows, origin : origin + WEEKS]
        judged = data.stocked[rows, origin : origin + WEEKS]
        scale = np.abs(np.diff(data.sold[rows, :origin], axis=1)).mean(axis=1)
        judged = judged & (scale > 0)[:, None]
        loss = np.stack([pinball_loss(actual, quantiles[..., [n]], LEVELS[[n]]) for n in range(len(LEVELS))], axis=-1)
        losses.append((loss / np.where(scale > 0, scale, 1.0)[:, None, None])[judged])
        covered.append((actual <= quantiles[:, :, 2] + 1e-9)[judged])
    return np.concatenate(losses).mean(axis=0), float(np.concatenate(covered).mean())


def compare(data: Data, sample: int) -> list[str]:
    """Return the lines of the table of one data set."""
    everyone = np.arange(len(data.sold))
    some = np.sort(np.random.default_rng(0).choice(everyone, min(sample, len(everyone)), replace=False))
    origins = [len(data.weeks) - back for back in BACK]
    lines = [
        f"**{data.name}**: {len(everyone):,} series, {len(data.weeks)} weeks; sample: {len(some):,} series.",
        "",
        "| model | series | pinball | 0.5 | 0.8 | 0.9 | 0.95 | 0.98 | coverage of 0.9 | series/s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]

    def add(name: str, rows: npt.NDArray[np.int64], forecast: Callable[[int], Floats]) -> None:
        began = time.process_time()
        said = {origin: forecast(origin) for origin in origins}
        seconds = time.process_time() - began
        losses, coverage = judge(data, rows, said)
        each = " | ".join(f"{loss:.3f}" for loss in losses)
        speed = len(rows) * len(origins) / seconds
        shown = "all" if len(rows) == len(everyone) else f"{len(rows)}"
        lines.append(f"| {name} | {shown} | {losses.mean():.4f} | {each} | {coverage:.3f} | {speed:,.0f} |")
        print(lines[-1], flush=True)

    quick: tuple[Any, ...] = ("ewm_quantiles",)
    boosted: tuple[Any, ...] = ("boosted_quantiles",)
    every = tuple(ForecastSettings().models)
    print("\n".join(lines), flush=True)
    ours(data, origins[0], some[:20], every)  # imports and compiling are no part of the speed
    add("ours, weighed by rolling backtest", everyone, lambda origin: ours(data, origin, everyone, every))
    add("ours, ewm_quantiles alone", everyone, lambda origin: ours(data, origin, everyone, quick))
    add("ours, boosted_quantiles alone", everyone, lambda origin: ours(data, origin, everyone, boosted))
    for name, (make, share) in peers().items():
        rows = some[: round(share * len(some))] if share else everyone
        if share:
            add("ours, weighed by rolling backtest", rows, lambda origin, rows=rows: ours(data, origin, rows, every))
        theirs(data, origins[0], rows[:3], make)
        add(name, rows, lambda origin, rows=rows, make=make: theirs(data, origin, rows, make))
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data" / "vn2")
    parser.add_argument("--sample", type=int, default=300)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    compare(read("Iowa deliveries (shipped)", example_folder("iowa"), least=60), asked.sample)
    if asked.data.is_dir():
        with tempfile.TemporaryDirectory() as place:
            write_vn2_project(asked.data, Path(place))
            compare(read("VN2 (not shipped)", Path(place), least=26), asked.sample)
    else:
        print(f"The challenge's data are not in {asked.data}: left out.")


if __name__ == "__main__":
    main()
