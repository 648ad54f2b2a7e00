"""The words and figures of report.html that need no script: opening sentence, tiles, assumptions, provenance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import pandas as pd

from reports.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its words; low and high place its 95 % interval on a small scale of 0..100."""

    value: str
    label: str
    unit: str = ""
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a whole, for a bar: width in percent."""

    name: str
    value: str
    percent: float


@dataclass(frozen=True, slots=True)
class Tile:
    """A large figure and the small ones that belong to it."""

    title: str
    hero: Figure
    figures: tuple[Figure, ...]
    parts: tuple[Part, ...] = ()


class _Kpis:
    """Key figures of the whole plan, written as people read them."""

    def __init__(self, kpis: pd.DataFrame) -> None:
        self._rows = kpis[kpis["group_by"] == "all"].set_index("kpi")

    def value(self, name: str, column: str = "value") -> float:
        return float(self._rows[column].to_dict()[name])

    def count(self, name: str) -> str:
        return _number(self.value(name), 0)

    def percent(self, name: str) -> str:
        return _percent(self.value(name))

    def interval(self, name: str, percent: bool) -> str:
        """Return "low to high", empty where there is none."""
        low, high = self.value(name, "low"), self.value(name, "high")
        if isnan(low) or isnan(high):
            return ""
        return f"{_percent(low)} to {_percent(high)}" if percent else f"{_number(low, 0)} to {_number(high, 0)}"


def _number(value: float, digits: int) -> str:
    return "–" if isnan(value) else f"{value:,.{digits}f}"


def _percent(share: float) -> str:
    return "–" if isnan(share) else f"{100 * share:.1f} %".replace("-", "−")


def lede(run: RunFolder) -> str:
    """Return the sentences that open the page."""
    kpis, about = _Kpis(run.tables["kpis"]), run.provenance
    currency = about["currency"]
    planned = len(run.tables["policy_params"])
    sentences = [
        f"{planned:,} item-locations are planned: {kpis.count('purchase_orders')} order lines to "
        f"suppliers worth {kpis.count('purchase_value')} {currency}, and {kpis.count('delivery_orders')} deliveries on "
        f"{kpis.count('routes')} routes.",
        f"Played against sampled futures, the plan serves {kpis.percent('simulated_fill_rate')} of demand from stock.",
    ]
    given = " with its visits; that other visits would cost more is not proven" if _chose_visits(run) else ""
    if about["status"] == "optimal":
        sentences.append(f"Its replenishment cost is proven optimal{given}.")
    else:
        within = _percent(float(about["gap"]))
        sentences.append(f"Its replenishment cost is proven to be within {within} of the best possible{given}.")
    return " ".join(sentences)


def _chose_visits(run: RunFolder) -> bool:
    """Return whether the plan is one of stock and trucks together, so that its bound is that of its visits."""
    rounds = run.tables.get("distribution_rounds")
    return rounds is not None and bool(rounds.loc[rounds["round"] > 0, "kept"].any())


def tiles(run: RunFolder) -> tuple[Tile, ...]:
    """Return the four groups of key figures."""
    kpis, currency = _Kpis(run.tables["kpis"]), str(run.provenance["currency"])
    return (
        Tile(
            "Service",
            Figure(
                kpis.percent("simulated_fill_rate"),
                "of demand served from stock, simulated",
                interval=kpis.interval("simulated_fill_rate", percent=True),
            ),
            (
                Figure(kpis.percent("planned_fill_rate"), "served if demand is as planned"),
                Figure(
                    kpis.percent("simulated_cycle_service_level"), "of stock periods without a stock-out, simulated"
                ),
                Figure(kpis.percent("forecast_wape"), "forecast error (WAPE, backtest)"),
                Figure(kpis.percent("forecast_bias"), "forecast bias"),
            ),
        ),
        Tile(
            "Stock",
            Figure(kpis.count("inventory_value"), "average stock, at cost", currency),
            (
                Figure(_number(kpis.value("days_of_supply"), 1), "days of supply"),
                Figure(_number(kpis.value("turns"), 1), "turns per year"),
                Figure(kpis.count("exceptions"), "exceptions"),
                Figure(f"{kpis.count('money_at_risk')} {currency}", "at risk in them"),
            ),
        ),
        Tile(
            "Cost",
            Figure(
                kpis.count("simulated_cost"),
                "of the plan, simulated, without the goods",
                currency,
                kpis.interval("simulated_cost", percent=False),
            ),
            (),
            tuple(_cost_parts(run.tables["simulation"])),
        ),
        Tile(
            "Transport",
            Figure(kpis.count("routes"), f"routes with {kpis.count('stops')} stops"),
            (
                Figure(f"{kpis.count('distance_km')} km", f"in {kpis.count('route_hours')} hours"),
                Figure(kpis.percent("vehicle_utilisation"), "mean fill of the vehicles"),
                Figure(f"{kpis.count('co2e_kg')} kg", "CO₂e, well to wheel"),
                Figure(kpis.count("unassigned_loads"), "loads on no route"),
            ),
        ),
    )


def _cost_parts(simulation: pd.DataFrame) -> Iterator[Part]:
    """Return mean costs by kind, the largest first."""
    kinds = {
        "transport_cost": "transport",
        "shortage_cost": "shortage",
        "order_cost": "ordering",
        "holding_cost": "holding",
        "waste_cost": "waste",
    }
    means = simulation[list(kinds)].mean().sort_values(ascending=False)
    means = means.drop("waste_cost") if means["waste_cost"] == 0.0 else means  # nothing can expire
    total = float(means.sum())
    for column, value in means.items():
        share = 100 * float(value) / total if total > 0 else 0.0
        yield Part(kinds[str(column)], _number(float(value), 0), round(share, 2))


def exceptions_intro(run: RunFolder, shown: int) -> str:
    """Return how much is at risk in how many exceptions, and how much of it the first ones hold."""
    money = run.tables["exceptions"]["money_at_risk"]
    currency = run.provenance["currency"]
    if money.sum() <= 0:
        return "Ranked by the money at risk if nothing is done."
    half = int((money.cumsum() < money.sum() / 2).sum()) + 1
    text = (
        f"{len(money):,} exceptions put {money.sum():,.0f} {currency} at risk if nothing is done; "
        f"the first {half:,} hold half of it."
    )
    return text if len(money) <= shown else f"{text} The first {shown:,} are here, all are in exceptions.csv."


def assumptions(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return every setting of the scenario as (path, value)."""

    def flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping) and value:
            for key, part in value.items():
                yield from flat(part, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list | tuple):
            yield path, ", ".join(str(part) for part in value)
        elif value not in (None, "", {}):
            yield path, str(value)

    return list(flat(settings, ""))


def provenance_lines(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where the run came from; wall seconds are left out, so that equal runs have equal pages."""
    currency = about["currency"]
    lines = [
        ("run", about["run_id"]),
        ("project", about["project"]),
        ("scenario", about.get("scenario") or "as written"),
        ("overrides", ", ".join(about.get("overrides", ())) or "none"),
        ("seed", str(about["seed"])),
        ("status", str(about["status"]).replace("_", " ")),
        ("replenishment cost", f"{_number(float(about['cost']), 2)} {currency}"),
        ("proven lower bound", f"{_number(float(about['lower_bound']), 2)} {currency}"),
        ("gap", f"{100 * float(about['gap']):.2f} %"),
    ]
    lines += [(f"version of {name}", str(value)) for name, value in sorted(about.get("versions", {}).items())]
    lines += [
        (f"sha256 of {name}", f"{str(value)[:16]}…") for name, value in sorted(about.get("input_hashes", {}).items())
    ]
    return lines
