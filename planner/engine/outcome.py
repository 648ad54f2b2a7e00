"""Outcome: how one member of a sweep ended, and where that is kept on disk.

Every member that has ended has a folder RUNS/outcomes/NAME, written whole: `outcome.json`, and where hard rules
clash the cheapest relaxation as `relaxation.csv` and `relaxation.parquet`. The index is made from these.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["optimal", "gap_reached", "limit", "infeasible", "bad_input", "refused", "failed"]

OUTCOMES = "outcomes"
_FILE = "outcome.json"
PROVENANCE = "provenance.json"

KpiRow = tuple[str, str, str, float | None, str, float | None, float | None]
"""kpi, group_by, group, value, unit, low, high of the published table `kpis`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one member ended.

    Attributes
    ----------
    name : of the member, and of its run folder where it has a plan.
    status : of the plan (optimal, gap_reached, limit), or why there is none: infeasible (hard rules clash),
        bad_input, refused (by the judge), failed (a bug, or its worker died again and again).
    run_id : of the run folder; empty without a plan.
    scenario : named scenario; empty for the baseline.
    overrides, values : what was set, and the swept values by path.
    error : the reason in words; empty with a plan.
    wall_s, cpu_s : seconds that the member took, loading and writing included.
    kpis : rows of the published table; kept in the run folder, not in outcome.json.
    """

    name: str
    status: Status
    scenario: str = ""
    overrides: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    run_id: str = ""
    error: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    kpis: tuple[KpiRow, ...] = ()

    @property
    def planned(self) -> bool:
        """Return whether there is a run folder."""
        return self.status in {"optimal", "gap_reached", "limit"}

    @property
    def final(self) -> bool:
        """Return whether running the member again on the same inputs must end the same way."""
        return self.status != "failed"


def outcome_folder(runs: Path, name: str) -> Path:
    """Return where the outcome of a member is kept."""
    return runs / OUTCOMES / name


def write_outcome(runs: Path, outcome: Outcome, relaxation: pd.DataFrame | None = None) -> None:
    """Write the outcome of a member; its folder appears whole and replaces an older one."""
    folder = outcome_folder(runs, outcome.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{outcome.name}.new-", dir=folder.parent))
    try:
        new.chmod(0o755)
        if relaxation is not None:
            relaxation.to_csv(new / "relaxation.csv", index=False)
            relaxation.to_parquet(new / "relaxation.parquet", index=False)
        about = {key: value for key, value in asdict(outcome).items() if key != "kpis"}
        about |= {"wall_s": round(outcome.wall_s, 3), "cpu_s": round(outcome.cpu_s, 3)}
        text = json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False, default=str)
        (new / _FILE).write_text(text + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def read_outcome(runs: Path, name: str) -> Outcome | None:
    """Return how a member ended, without its KPIs; None where it has not ended or its run folder is gone."""
    try:
        about = json.loads((outcome_folder(runs, name) / _FILE).read_text(encoding="utf-8"))
        outcome = Outcome(**{**about, "overrides": tuple(about["overrides"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if outcome.name != name or (outcome.planned and run_id_of(runs / name) != outcome.run_id):
        return None
    return outcome


def outcome_of_run(runs: Path, name: str) -> Outcome | None:
    """Return how a member ended by its run folder alone; None where that is no whole run.

    Its swept values and processor seconds are not known then.
    """
    try:
        about = json.loads((runs / name / PROVENANCE).read_text(encoding="utf-8"))
        asked = (str(about["scenario"]), tuple(about["overrides"]))
        wall_s = float(sum(about["seconds"].values()))
        return Outcome(name, about["status"], *asked, run_id=str(about["run_id"]), wall_s=wall_s)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def ended_members(runs: Path) -> list[str]:
    """Return the names of all that has ended in a runs folder, in order: members of sweeps and single runs."""
    outcomes = runs / OUTCOMES
    ended = {path.name for path in outcomes.iterdir()} if outcomes.is_dir() else set()
    ended |= {path.parent.name for path in runs.glob(f"*/{PROVENANCE}")}
    return sorted(name for name in ended if not name.startswith("."))


def kpi_rows(kpis: pd.DataFrame) -> tuple[KpiRow, ...]:
    """Return the published table `kpis` as plain rows, None where a figure is empty."""
    columns = ["kpi", "group_by", "group", "value", "unit", "low", "high"]
    plain = kpis[columns].astype(object).where(kpis[columns].notna(), None)
    return tuple(cast("KpiRow", row) for row in plain.itertuples(index=False, name=None))


def remove_leftovers(runs: Path, names: set[str]) -> None:
    """Remove what killed processes left behind: half-written folders of these members."""
    for folder in (runs, runs / OUTCOMES):
        for path in folder.glob(".*.new-*") if folder.is_dir() else ():
            if path.name[1:].rpartition(".new-")[0] in names:
                shutil.rmtree(path, ignore_errors=True)


def run_id_of(folder: Path) -> str:
    """Return the run_id of a run folder; empty where there is none."""
    try:
        return str(json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["run_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
