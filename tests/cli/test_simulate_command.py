"""`planner simulate` as a user types it, and the walk forward that never looks ahead."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from planner_command import Planner
from small_project import small_tables, write_project

from planner.engine import policy_trial
from solvers.stock.policies import OrderPolicy

SETTINGS: dict[str, object] = {
    "replenishment": {"target_gap": 0.9},
    "forecast": {"backtest_windows": 1},
    "scenarios": {"more": {"set": {"inventory.service_target": 0.995}}, "same": {"set": {"seed": 1}}},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("simulate") / "project", small_tables(60), SETTINGS)


def test_two_policies_and_their_paired_difference(planner: Planner, project: Path, tmp_path: Path) -> None:
    words = ["simulate", project, "--policy", "baseline", "--policy", "more", "--policy", "more:s_Q"]
    answer = planner(*words, "--replications", 60, "-o", tmp_path / "out", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["futures"] == 60
    figures = pd.read_csv(tmp_path / "out" / "policies.csv").set_index(["policy", "kpi"])
    differences = pd.read_csv(tmp_path / "out" / "differences.csv").set_index(["policy", "kpi"])
    assert list(figures.index.levels[0].sort_values()) == ["baseline", "more", "more:s_Q"]
    assert ((figures["low"] <= figures["value"]) & (figures["value"] <= figures["high"])).all()
    for kpi in ("fill_rate", "total_cost", "mean_stock_qty"):
        gap = figures.loc[("more", kpi), "value"] - figures.loc[("baseline", kpi), "value"]
        assert differences.loc[("more", kpi), "difference"] == pytest.approx(gap, abs=1e-9)
    better = differences.loc[("more", "fill_rate")]
    assert better["low"] > 0
    assert better["p_value"] < 0.01
    paired = better["high"] - better["low"]
    assert paired < sum(figures.loc[(name, "fill_rate"), "high"] - figures.loc[(name, "fill_rate"), "low"]
                        for name in ("baseline", "more"))  # fmt: skip


def test_a_policy_against_its_like_is_no_difference(planner: Planner, project: Path, tmp_path: Path) -> None:
    words = ["simulate", project, "--policy", "baseline", "--policy", "same", "--recorded", "--quiet"]
    answer = planner(*words, "-o", tmp_path / "out")
    assert answer.code == 0, answer.err
    assert "8 buckets from 2023-11-06, recorded" in answer.out
    differences = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert (differences["difference"] == 0).all()
    assert (differences["p_value"] == 1).all()


def test_numpy_answers_as_numba_does(planner: Planner, project: Path, tmp_path: Path) -> None:
    words = ["simulate", project, "--policy", "baseline", "--policy", "more:s_Q", "--replications", 20, "--quiet"]
    for backend in ("numba", "numpy"):
        answer = planner(*words, "--backend", backend, "-o", tmp_path / backend)
        assert answer.code == 0, answer.err
    compiled, arrays = (pd.read_csv(tmp_path / name / "policies.csv") for name in ("numba", "numpy"))
    pd.testing.assert_frame_equal(compiled, arrays)


def test_a_backend_that_is_not_here_is_said(planner: Planner, project: Path, tmp_path: Path) -> None:
    words = ["simulate", project, "--policy", "baseline", "--policy", "more", "-o", tmp_path / "out"]
    if find_spec("cupy") is None:
        answer = planner(*words, "--backend", "cupy")
        assert answer.code == 2
        assert "'cupy' is not usable here: the module cupy is not installed" in answer.err
    assert planner(*words, "--backend", "abacus").code == 2


def test_recorded_targets_never_look_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrambling the last window changes no target of either window, only what is sold in it."""
    tables = small_tables(60)
    scrambled = [{**row, "qty": 500 + n} if str(row["date"]) >= "2023-12-04" else row
                 for n, row in enumerate(tables["demand_history"])]  # fmt: skip
    seen: list[tuple[list[OrderPolicy], np.ndarray]] = []
    real = policy_trial.play_policies

    def spy(begin, rules, demand, *others):  # type: ignore[no-untyped-def]
        seen.append((list(rules), demand))
        return real(begin, rules, demand, *others)

    monkeypatch.setattr(policy_trial, "play_policies", spy)
    for name, history in (("true", tables["demand_history"]), ("scrambled", scrambled)):
        folder = write_project(tmp_path / name, {**tables, "demand_history": history}, SETTINGS)
        policy_trial.try_policies(folder, ["baseline", "more:s_S"], recorded=True, windows=2)
    for before, after in zip(seen[0][0], seen[1][0], strict=True):
        np.testing.assert_array_equal(before.reorder_point_qty, after.reorder_point_qty)
        np.testing.assert_array_equal(before.order_up_to_qty, after.order_up_to_qty)
    sold = [demand for _, demand in seen]
    np.testing.assert_array_equal(sold[0][:, :4], sold[1][:, :4])
    assert (sold[1][:, 4:] >= 500).any()
    assert sold[0].shape == (12, 8)
    total = sum(row["qty"] for row in tables["demand_history"] if str(row["date"]) >= "2023-11-06")  # type: ignore[misc]
    assert sold[0].sum() == total


@pytest.mark.parametrize(
    ("policy", "text"), [("most", "Scenarios: baseline, more"), ("baseline", "named twice"), ("more:x", "base_stock")]
)
def test_an_unknown_policy_is_told(planner: Planner, project: Path, tmp_path: Path, policy: str, text: str) -> None:
    answer = planner("simulate", project, "--policy", "baseline", "--policy", policy, "-o", tmp_path / "out")
    assert answer.code == 2
    assert text in answer.err
    assert not (tmp_path / "out").exists()
