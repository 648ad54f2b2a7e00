"""Two runs compared: inputs, settings, orders, routes and key figures that differ, read from their run folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.bridge import Bridge
from reports.comparison_tables import EDIT_CHANGES, INPUT_CHANGES, SETTING_CHANGES
from reports.kpi_changes import kpi_changes, same_futures
from reports.order_changes import order_changes
from reports.route_changes import route_changes
from reports.run_folder import RunFolder, RunFolderError
from reports.tables import conform

_EDIT = ["patch", "edit", "table", "column", "rows", "total_before", "total_after"]
_NOT_COMPARED = ("name", "description", "scenarios", "sweeps", "comparison", "exports")
_PATCHES = ("patches", "parameters")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs: what it is called and where it came from."""

    name: str
    run_id: str
    folder: str
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two runs; every difference is B less A.

    Attributes
    ----------
    a, b : the runs.
    currency : of all money; the runs must share it.
    tables : by name the tables of `reports.comparison_tables`: input_changes, edit_changes,
        setting_changes, order_changes, route_changes, stop_changes, kpi_changes, and bridge where one
        was made.
    orders : order lines of A and of B.
    routes : routes of A and of B.
    bridge_method : how the bridge was made, in words; empty without one.
    """

    a: Side
    b: Side
    currency: str
    tables: Mapping[str, pd.DataFrame]
    orders: tuple[int, int]
    routes: tuple[int, int]
    bridge_method: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        listed = (table for name, table in self.tables.items() if name not in {"kpi_changes", "bridge"})
        return all(table.empty for table in listed) and not self.changed_kpis["changed"].any()

    @property
    def best_change(self) -> tuple[float, float]:
        """Between what the replenishment costs of the best plans of A and B differ, as far as is proven, money.

        The best plan of a run costs at least its bound and at most what its plan costs.
        """
        a, b = self.a.provenance, self.b.provenance
        return float(b["lower_bound"]) - float(a["cost"]), float(b["cost"]) - float(a["lower_bound"])

    @property
    def within_gap(self) -> bool:
        """Whether orders differ and yet neither run's replenishment is proven to be the cheaper one."""
        low, high = self.best_change
        return not self.tables["order_changes"].empty and low < 0.0 < high

    @property
    def changed_kpis(self) -> pd.DataFrame:
        """Return the rows of kpi_changes that differ."""
        kpis = self.tables["kpi_changes"]
        return kpis[kpis["changed"]]


def diff_runs(a: RunFolder, b: RunFolder, bridge: Bridge | None = None) -> Difference:
    """Compare two runs.

    Parameters
    ----------
    a, b : run folders.
    bridge : how the change splits over patches and settings, where it is known.

    Raises
    ------
    RunFolderError
        The runs count money in different currencies.
    """
    currency = str(a.provenance["currency"])
    if b.provenance["currency"] != currency:
        raise RunFolderError(
            f"{a.path} is in {currency}, {b.path} in {b.provenance['currency']}: their figures cannot be compared. "
            "Plan both in one currency."
        )
    settings = _setting_changes(a.provenance, b.provenance)
    routes, stops = route_changes(a.tables, b.tables)
    tables = {
        "input_changes": _input_changes(a.provenance, b.provenance),
        "edit_changes": _edit_changes(a.tables, b.tables),
        "setting_changes": settings,
        "order_changes": order_changes(a.tables, b.tables, settings),
        "route_changes": routes,
        "stop_changes": stops,
        "kpi_changes": kpi_changes(a.tables, b.tables, same_futures=same_futures(a.provenance, b.provenance)),
    }
    if bridge is not None:
        tables["bridge"] = bridge.table
    names = side_names(a, b)
    return Difference(
        _side(a, names[0]),
        _side(b, names[1]),
        currency,
        tables,
        (len(a.tables["replenishment_orders"]), len(b.tables["replenishment_orders"])),
        (len(a.tables["routes"]), len(b.tables["routes"])),
        "" if bridge is None else bridge.method,
    )


def run_name(run: RunFolder) -> str:
    """Return what a run is called: its named scenario, else its folder."""
    return str(run.provenance.get("scenario") or run.path.name)


def side_names(a: RunFolder, b: RunFolder) -> tuple[str, str]:
    """Return names that tell two runs apart: scenario, else folder, else folder and run id."""
    for name in (run_name, _folder_name):
        names = name(a), name(b)
        if names[0] != names[1]:
            return names
    return (
        f"{a.path.name} ({a.provenance['run_id']})",
        f"{b.path.name} ({b.provenance['run_id']})",
    )


def _folder_name(run: RunFolder) -> str:
    return run.path.name


def _side(run: RunFolder, name: str) -> Side:
    return Side(name, str(run.provenance["run_id"]), str(run.path), run.provenance)


def _input_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> pd.DataFrame:
    """Return the tables whose content differs; the scenario itself is told setting by setting."""
    before, after = (
        {name: text for name, text in about["input_hashes"].items() if name != "scenario"} for about in (a, b)
    )
    rows = []
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name, ""), after.get(name, "")
        if one != other:
            rows.append((name, "came" if not one else "went" if not other else "content", one, other))
    return conform(INPUT_CHANGES, pd.DataFrame(rows, columns=list(INPUT_CHANGES.columns)))


def _edit_changes(a: Mapping[str, pd.DataFrame], b: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the edits that not both runs made alike."""
    before, after = (
        tables.get("input_edits", pd.DataFrame(columns=_EDIT))[_EDIT].astype({"edit": "int64"}) for tables in (a, b)
    )
    parts = [_without(before, after).assign(run="A"), _without(after, before).assign(run="B")]
    return conform(EDIT_CHANGES, pd.concat([part for part in parts if len(part)] or parts[:1]))


def _without(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `frame` that `other` does not have."""
    if frame.empty or other.empty:
        return frame
    known = set(other.astype(str).itertuples(index=False, name=None))
    return frame[[row not in known for row in frame.astype(str).itertuples(index=False, name=None)]]


def _setting_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> pd.DataFrame:
    """Return the settings that differ; of patches that only one run applies, the list of patches tells."""
    sections = [_compared(about.get("settings", {})) for about in (a, b)]
    both = set(sections[0].get("patches", {})) & set(sections[1].get("patches", {}))
    for settings in sections:
        if "patches" in settings:
            settings["patches"] = {name: settings["patches"][name] for name in sorted(both)}
        if not both:
            settings.pop("patches", None)
    before, after = dict(_leaves(sections[0])), dict(_leaves(sections[1]))
    rows = [
        (path, before.get(path, ""), after.get(path, ""))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]
    return conform(SETTING_CHANGES, pd.DataFrame(rows, columns=list(SETTING_CHANGES.columns)))


def _compared(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a run depends on: of patches those that are applied, of parameters those they name."""
    out = {name: value for name, value in settings.items() if name not in _NOT_COMPARED}
    applied = out.get("apply") or []
    if "patches" in out:
        out["patches"] = {name: out["patches"][name] for name in applied if name in out["patches"]}
        named = set(re.findall(r"\$\{\s*(\w+)\s*\}", json.dumps(out["patches"], ensure_ascii=False)))
        parameters = out.get("parameters") or {}
        out["parameters"] = {name: value for name, value in parameters.items() if name in named}
    return {name: value for name, value in out.items() if name not in _PATCHES or (applied and value)}


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the value as JSON of every setting that is no section."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", json.dumps(value, ensure_ascii=False, sort_keys=True)
