"""Parts of the management report about one plan: cost by kind, cost to serve, risks, emissions, assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from reports.bridge import COST_KINDS
from reports.cost_to_serve import KINDS, cost_to_serve
from reports.emissions import MEASURED
from reports.management_model import Bars, Cell, Part, Table, Words
from reports.run_folder import RunFolder
from reports.texts import catalogue

_MOST_EXCEPTIONS = 12
_MOST_GROUPS = 20
_SIMULATED = (
    *("transport_cost", "simulated_shortage_cost", "ordering_cost", "simulated_holding_cost"),
    "simulated_waste_cost",
)
_SETTINGS = (
    "horizon.start", "horizon.buckets", "horizon.bucket", "apply", "forecast.demand_factor",
    "inventory.service_measure", "inventory.service_target", "inventory.service_by_class", "inventory.echelons",
    "inventory.holding_cost_rate", "inventory.shortage_cost_share", "replenishment.fair_share",
    "replenishment.safety_stock_weight", "replenishment.target_gap", "distribution.speed_kmh",
    "distribution.road_factor", "distribution.service_min", "distribution.service_min_per_100kg",
    "simulation.replications", "simulation.lead_time_noise", "monte_carlo.demand_cv", "seed",
)  # fmt: skip
"""Settings that move the figures of the report."""


def about_costs(runs: Sequence[RunFolder], names: Sequence[str], words: Words) -> Part:
    """Return the simulated cost of every run by kind."""
    values, rows = [], []
    wholes = [_whole(run) for run in runs]
    # what cannot expire needs no column
    kinds = [kind for kind in _SIMULATED if kind != "simulated_waste_cost" or any(whole[kind] for whole in wholes)]
    for name, whole in zip(names, wholes, strict=True):
        values.append([float(whole[kind]) for kind in kinds])
        total = float(whole["simulated_cost"])
        rows.append((Cell(name), *(Cell(f"{value:,.2f}") for value in (*values[-1], total))))
    chart = Bars(
        words("costs.chart", currency=words.currency),
        tuple(names),
        tuple(words(f"kinds.{kind}") for kind in kinds),
        tuple(zip(*values, strict=True)),
        tuple(row[-1].text for row in rows),
    )
    columns = (words("columns.scenario"), *chart.series, words("sum"))
    widths = (2.5, *(2.0 for _ in columns[1:]))
    caption = words("costs.caption", currency=words.currency)
    table = Table(caption, columns, tuple(rows), frozenset(range(1, len(columns))), widths)
    sources = words("from.costs", runs=_named(runs, names, words), kpis=", ".join(COST_KINDS["simulated_cost"]))
    return Part(
        "costs", words("costs.title"), (words("costs.note"),), charts=(chart,), tables=(table,), sources=sources
    )


def _whole(run: RunFolder) -> pd.Series[float]:
    """Return the key figures of the whole plan, to the cent."""
    kpis = run.tables["kpis"]
    whole: pd.Series[float] = kpis[kpis["group_by"] == "all"].set_index("kpi")["value"].round(2)
    return whole


def about_serving(run: RunFolder, name: str, words: Words, baseline: RunFolder | None) -> Part:
    """Return the cost to serve by region and by channel, its rate beside that of the baseline where there is one."""
    charts, tables = [], []
    for by in ("region", "channel"):
        groups = cost_to_serve(run.tables, by=by, bucket_days=_bucket_days(run))
        rates = {}
        if baseline is not None:
            before = cost_to_serve(baseline.tables, by=by, bucket_days=_bucket_days(baseline))
            rates = dict(zip(before["group"], before["rate"], strict=True))
        shown = groups.head(_MOST_GROUPS)
        labels = tuple(str(group) or words("serve.nowhere") for group in shown["group"])
        if by == "region":
            charts.append(
                Bars(
                    words("serve.chart", currency=words.currency),
                    labels,
                    tuple(words(f"kinds.{kind}_cost") for kind in KINDS),
                    tuple(tuple(shown[kind].tolist()) for kind in KINDS),
                    tuple(f"{total:,.0f} · {_percent(rate)}" for total, rate in zip(shown["total"], shown["rate"],
                                                                                   strict=True)),
                )
            )  # fmt: skip
        tables.append(_serving_table(groups, len(shown), labels, by, rates, words))
    sources = words("from.serve", runs=_named([run], [name], words))
    lines = (words("serve.note"), words("serve.rule"))
    return Part("serve", words("serve.title", name=name), lines, charts=tuple(charts), tables=tuple(tables),
                sources=sources)  # fmt: skip


def _serving_table(
    groups: pd.DataFrame, shown: int, labels: Sequence[str], by: str, rates: Mapping[str, float], words: Words
) -> Table:
    money = [*KINDS, "total", "served_value"]
    rows = []
    for label, row in zip(labels, groups.head(shown).to_dict("records"), strict=True):
        before = [Cell(_percent(rates.get(str(row["group"]), float("nan"))))] if rates else []
        figures = [Cell(f"{row[kind]:,.2f}") for kind in money]
        rows.append((Cell(label), *figures, Cell(_percent(row["rate"])), *before, Cell(f"{row['co2e_kg']:,.0f}")))
    rest = groups.iloc[shown:]
    blank = [Cell("")] if rates else []
    if len(rest):
        figures = [Cell(f"{rest[kind].sum():,.2f}") for kind in money]
        label = words("serve.others", count=len(rest))
        rows.append((Cell(label), *figures, Cell(""), *blank, Cell(f"{rest['co2e_kg'].sum():,.0f}")))
    sums = groups[[*money, "co2e_kg"]].sum().round(2)
    rate = sums["total"] / sums["served_value"] if sums["served_value"] > 0 else float("nan")
    figures = [Cell(f"{sums[kind]:,.2f}") for kind in money]
    rows.append((Cell(words("sum")), *figures, Cell(_percent(rate)), *blank, Cell(f"{sums['co2e_kg']:,.0f}")))
    columns = (
        words(f"columns.{by}"),
        *(words(f"kinds.{kind}_cost") for kind in KINDS),
        words("sum"),
        words("columns.served_value"),
        words("columns.rate"),
        *([words("columns.rate_before")] if rates else []),
        words("columns.co2e"),
    )
    widths = (2.0, 1.8, 1.6, 1.6, 1.6, 1.8, 2.0, 1.5, *([1.5] if rates else []), 1.5)
    return Table(words(f"serve.caption_{by}", currency=words.currency), columns, tuple(rows),
                 frozenset(range(1, len(columns))), widths, total=True)  # fmt: skip


def about_risks(run: RunFolder, name: str, words: Words) -> Part:
    """Return the exceptions with the most money at risk, and what else may go wrong."""
    tables, known = run.tables, catalogue(words.lang)
    exceptions = tables["exceptions"]
    items = dict(zip(tables["items"]["item_id"], tables["items"]["name"], strict=True))
    places = tables["locations"]
    names = dict(zip(places["location_id"], places["name"], strict=True))
    rows = tuple(
        (
            Cell(str(row["rank"])),
            Cell(known.get(f"workbook.kinds.{row['kind']}", str(row["kind"]))),
            Cell(str(items.get(row["item_id"], row["item_id"])) or "–"),
            Cell(str(names.get(row["location_id"], row["location_id"]))),
            Cell(f"{row['money_at_risk']:,.2f}"),
            Cell(f"{row['message']} {row['action']}"),
            Cell(known.get(f"workbook.remedies.{row['remedy']}", str(row["remedy"]))),
        )
        for row in exceptions.head(_MOST_EXCEPTIONS).to_dict("records")
    )
    columns = ("#", *(words(f"columns.{key}") for key in ("what", "item", "location", "at_risk", "message", "remedy")))
    top = Table(words("risks.caption_top", currency=words.currency), columns, rows, frozenset({0, 4}),
                (0.5, 1.6, 2.4, 1.8, 1.4, 5.4, 1.2))  # fmt: skip
    sums = exceptions.groupby("remedy")["money_at_risk"].agg(["size", "sum"]).sort_values("sum", ascending=False)
    by = [
        (Cell(known.get(f"workbook.remedies.{remedy}", str(remedy))), Cell(f"{row['size']:,.0f}"),
         Cell(f"{row['sum']:,.2f}"))
        for remedy, row in sums.iterrows()
    ]  # fmt: skip
    by.append((Cell(words("sum")), Cell(f"{len(exceptions):,}"), Cell(f"{exceptions['money_at_risk'].sum():,.2f}")))
    remedies = Table(
        words("risks.caption_remedies", currency=words.currency),
        (words("columns.remedy"), words("columns.count"), words("columns.at_risk")),
        tuple(by), frozenset({1, 2}), (2.0, 1.5, 2.0), total=True,
    )  # fmt: skip
    sources = words("from.risks", runs=_named([run], [name], words))
    return Part("risks", words("risks.title", name=name), tuple(_risks(run, words)), tables=(remedies, top),
                sources=sources)  # fmt: skip


def _risks(run: RunFolder, words: Words) -> Iterator[str]:
    tables = run.tables
    money = tables["exceptions"]["money_at_risk"]
    half = int((money.cumsum() < money.sum() / 2).sum()) + 1
    if money.sum() > 0:
        yield words("risks.money", count=f"{len(money):,}", money=f"{money.sum():,.2f}", currency=words.currency,
                    half=f"{half:,}")  # fmt: skip
    else:
        yield words("risks.no_money", count=f"{len(money):,}")
    loads = tables["unassigned"]
    yield words("risks.loads", count=f"{len(loads):,}", kg=f"{loads['weight_kg'].sum():,.0f}")
    prices = tables["capacity_prices"]
    tight = prices[prices["price"] > 0]
    yield words("risks.capacity", count=f"{len(tight):,}", places=f"{tight['location_id'].nunique():,}")
    severity = tables["data_issues"]["severity"]
    yield words("risks.data", warnings=f"{(severity == 'warning').sum():,}", errors=f"{(severity == 'error').sum():,}")


def about_emissions(run: RunFolder, name: str, words: Words) -> Part:
    """Return emissions by vehicle: to the stops and on the way back, with factor, boundary and source."""
    tables, known = run.tables, catalogue(words.lang)
    routes = tables["routes"]
    out = tables["stops"].groupby("route_id")["co2e_kg"].sum().reindex(routes["route_id"]).fillna(0.0).to_numpy()
    sums = routes.assign(out=out, back=routes["co2e_kg"].to_numpy() - out).groupby(["vehicle_id", "co2e_source"])
    legs = sums.agg(n=("route_id", "size"), km=("distance_km", "sum"), out=("out", "sum"), back=("back", "sum"),
                    kg=("co2e_kg", "sum")).reset_index()  # fmt: skip
    rows = [_legs(str(row["vehicle_id"]), row, _factor(str(row["co2e_source"]), words))
            for row in legs.to_dict("records")]  # fmt: skip
    rows.append(_legs(words("sum"), legs[["n", "km", "out", "back", "kg"]].sum().to_dict(), ""))
    keys = ("vehicle", "routes", "km", "to_stops", "way_back", "kg", "per_km", "factor")
    table = Table(words("emissions.caption"), tuple(words(f"columns.{key}") for key in keys), tuple(rows),
                  frozenset(range(1, 7)), (2.2, 1.0, 1.5, 1.7, 1.7, 1.7, 1.6, 3.2), total=True)  # fmt: skip
    measured = routes["co2e_source"] == MEASURED
    lines = [known["dispatch.emissions_boundary"]]
    lines += [known["dispatch.emissions_measured"]] if measured.any() else []
    lines += [known["dispatch.emissions_default"]] if (~measured).any() else []
    sources = words("from.emissions", runs=_named([run], [name], words))
    return Part("emissions", words("emissions.title", name=name), tuple(lines), tables=(table,), sources=sources)


def _legs(label: str, row: Mapping[Any, Any], factor: str) -> tuple[Cell, ...]:
    per_km = f"{row['kg'] / row['km']:.3f}" if row["km"] > 0 else "–"
    kg = [Cell(f"{row[key]:,.2f}") for key in ("out", "back", "kg")]
    return Cell(label), Cell(f"{row['n']:,.0f}"), Cell(f"{row['km']:,.1f}"), *kg, Cell(per_km), Cell(factor)


def _factor(source: str, words: Words) -> str:
    return words("emissions.measured") if source == MEASURED else words("emissions.default")


def assumptions(runs: Sequence[RunFolder], names: Sequence[str], words: Words) -> Part:
    """Return the settings that move the figures, by run, and what the figures mean."""
    rows = []
    for path in _SETTINGS:
        values = [_written(_setting(run.provenance.get("settings", {}), path)) for run in runs]
        if any(values):
            rows.append((Cell(words(f"settings.{path.replace('.', '__')}")), Cell(path),
                         *(Cell(value or "–") for value in values)))  # fmt: skip
    gaps = [Cell(f"{100 * float(run.provenance['gap']):.2f} %") for run in runs]
    rows.append((Cell(words("settings.gap")), Cell("provenance.json: gap"), *gaps))
    table = Table(
        words("assumptions.caption"),
        (words("columns.assumption"), words("columns.path"), *names),
        tuple(rows),
        frozenset(range(2, 2 + len(runs))),
        (5.0, 3.6, *(2.0 for _ in runs)),
    )
    notes = ("interval", "simulation", "otif", "wmape", "cost", "waste", "frontier")
    lines = [words(f"assumptions.{note}") for note in notes if note != "frontier" or len(runs) > 1]
    sources = words("from.assumptions", runs=_named(runs, names, words))
    return Part("assumptions", words("assumptions.title"), tuple(lines), tables=(table,), sources=sources)


def _setting(settings: Mapping[str, Any], path: str) -> Any:
    value: Any = settings
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {part}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _named(runs: Sequence[RunFolder], names: Sequence[str], words: Words) -> str:
    told = [words("run_named", name=name, run=run.provenance["run_id"]) for name, run in zip(names, runs, strict=True)]
    return words.listed(told)


def _bucket_days(run: RunFolder) -> int:
    return 7 if run.provenance["bucket"] == "week" else 1


def _percent(share: float) -> str:
    return "–" if isnan(share) else f"{100 * share:.2f} %"
