"""Stock and trucks decided together, in report.html: the plan beside the sequential one, and the rounds."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from reports.run_folder import RunFolder

_LABELS = {
    "transport_cost": "transport",
    "holding_cost": "holding stock",
    "ordering_cost": "ordering and handling",
    "simulated_shortage_cost": "shortage, simulated",
    "simulated_cost": "all costs, simulated",
    "simulated_fill_rate": "of demand served from stock, simulated",
    "inventory_value": "average stock, at cost",
    "routes": "routes",
    "stops": "stops",
    "distance_km": "km driven",
}


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Rows of words: (what, sequential, together, change), (round, replenishment, transport, total); and the visits."""

    figures: tuple[tuple[str, str, str, str], ...]
    rounds: tuple[tuple[str, str, str, str], ...]
    visits: str


def side_by_side(run: RunFolder) -> SideBySide | None:
    """Return what the page shows; None where orders came first and routes after."""
    if "distribution_rounds" not in run.tables:
        return None
    rounds, changes = run.tables["distribution_rounds"], run.tables["visit_changes"]
    before, after = (_overall(run.tables[name]) for name in ("sequential_kpis", "kpis"))
    counts = changes["change"].value_counts()
    told = [f"{counts[kind]:,} {kind}" for kind in ("kept", "moved", "merged", "added") if kind in counts]
    return SideBySide(
        tuple(_row(name, before[name], after[name]) for name in _LABELS),
        tuple(
            (
                f"{row['round']}{' (sequential)' if row['round'] == 0 else ''}{' (the plan)' if row['kept'] else ''}",
                f"{row['replenishment_cost']:,.0f}",
                f"{row['transport_cost'] + row['look_ahead_transport_cost']:,.0f}",
                f"{row['total_cost']:,.0f}",
            )
            for row in rounds.to_dict("records")
        ),
        ", ".join(told),
    )


def _overall(kpis: pd.DataFrame) -> dict[str, float]:
    return {str(k): float(v) for k, v in kpis[kpis["group_by"] == "all"].set_index("kpi")["value"].items()}


def _row(name: str, before: float, after: float) -> tuple[str, str, str, str]:
    if name == "simulated_fill_rate":
        return _LABELS[name], f"{before:.1%}", f"{after:.1%}", f"{100 * (after - before):+.1f} points"
    change = f"{(after - before) / before:+.1%}" if before else ""
    return _LABELS[name], f"{before:,.0f}", f"{after:,.0f}", change
