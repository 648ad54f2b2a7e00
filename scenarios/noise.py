"""Noise: one Monte Carlo draw of demand and lead times, as a patch.

Every number comes from a stream of its own, named by seed, source of noise, draw and key. So the same
draw is the same noise for every scenario, whatever else a scenario adds, leaves out or changes, and a
difference between two scenarios is not one of dice.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist

from scenarios.scenario import Scenario
from scenarios.tables.parse import Table
from scenarios.whatif import NOISE, Edit, Patch

_FURTHEST = 3.0
"""Standard deviations at which a draw ends, so that no single one makes a plan absurd."""


def standard_normal(seed: int, stream: str, draw: int, key: str) -> float:
    """Return the number of a draw for a key, standard normal, cut off at three standard deviations."""
    digest = hashlib.sha256(f"{seed}|{stream}|{draw}|{key}".encode()).digest()
    uniform = (int.from_bytes(digest[:8], "big") + 0.5) / 2.0**64
    return min(max(NormalDist().inv_cdf(uniform), -_FURTHEST), _FURTHEST)


def noise_patch(scenario: Scenario, tables: Mapping[str, Table]) -> Patch | None:
    """Return the edits of the scenario's draw; None where it has none.

    Demand: the forecast of item i is multiplied by exp(s z_i - s^2 / 2) with s^2 = ln(1 + demand_cv^2), a
    lognormal factor of mean 1. Lead times: mean + z x standard deviation in whole days, not below 0, with one
    z for all that a supplier, or an origin of lanes, supplies.
    """
    drawn = scenario.monte_carlo
    if drawn.draw == 0:
        return None
    edits: list[Edit] = []
    parameters: dict[str, object] = {}

    def normal(stream: str, key: str) -> float:
        return round(standard_normal(scenario.seed, stream, drawn.draw, key), 9)

    if drawn.demand_cv > 0:
        spread = math.sqrt(math.log1p(drawn.demand_cv**2))
        rows = tuple(
            {
                "item_id": item,
                "factor": round(math.exp(spread * normal("demand", item) - spread**2 / 2), 9),
                "author": NOISE,
                "reason": f"draw {drawn.draw}",
            }
            for item in _distinct(tables["items"], "item_id")
        )
        edits.append(Edit(table="demand_adjustments", append=rows))
    if drawn.lead_times:
        sources = (("suppliers", "supplier_id"), ("item_suppliers", "supplier_id"), ("lanes", "origin_id"))
        for table, key in sources:
            for source in _uncertain(tables, table, key):
                name = f"source_{len(parameters)}"
                parameters[name] = source
                edits.append(_late(table, key, name, normal("lead_times", source)))
    return Patch(description=f"Draw {drawn.draw}", parameters=parameters, edits=tuple(edits)) if edits else None


def _late(table: str, key: str, parameter: str, z: float) -> Edit:
    """Return the edit that moves the lead times of one source by z standard deviations."""
    spread = "lead_time_sd_days"
    if table == "item_suppliers":  # an empty one takes the supplier's
        spread = "if_empty(lead_time_sd_days, supplier_id.lead_time_sd_days)"
    return Edit(
        table=table,
        where=f"{key} == ${{{parameter}}} and lead_time_days >= 0 and {spread} > 0",
        set={"lead_time_days": f"= max(0, round(lead_time_days + {z!r} * {spread}))"},
    )


def _uncertain(tables: Mapping[str, Table], name: str, key: str) -> list[str]:
    """Return the sources with a lead time and a standard deviation in a row of a table."""
    frame = tables[name].frame
    spread = frame["lead_time_sd_days"]
    if name == "item_suppliers":
        suppliers = tables["suppliers"].frame.drop_duplicates("supplier_id").set_index("supplier_id")
        own = frame["supplier_id"].astype(object).map(suppliers["lead_time_sd_days"])
        spread = spread.fillna(own.astype("float64"))
    return sorted(set(frame.loc[(spread > 0) & frame["lead_time_days"].notna(), key].astype(str)))


def _distinct(table: Table, name: str) -> Iterable[str]:
    return sorted({str(text) for text in table.frame[name] if text})
