"""Scenarios side by side: the efficient set against a plain double loop, differences against a baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.frontier import OBJECTIVES, compare_kpis, efficient_set

POINT = st.tuples(*[st.one_of(st.integers(0, 4).map(float), st.just(float("nan")))] * 3)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    if any(np.isnan(x) for x in (*one, *other)):
        return False
    return all(x <= y for x, y in zip(one, other, strict=True)) and one != other


@given(points=st.lists(POINT, max_size=12))
def test_efficient_set_agrees_with_a_double_loop(points: list[tuple[float, ...]]) -> None:
    wanted = [not any(map(np.isnan, one)) and not any(_beats(other, one) for other in points) for one in points]
    assert efficient_set(np.array(points).reshape(-1, 3)).tolist() == wanted


@given(points=st.lists(POINT, min_size=1, max_size=12))
def test_who_is_beaten_is_beaten_by_an_efficient_one(points: list[tuple[float, ...]]) -> None:
    frontier = compare_kpis(_kpis({f"s{n}": point for n, point in enumerate(points)})).frontier.set_index("scenario")
    for n, one in enumerate(points):
        row = frontier.loc[f"s{n}"]
        beaters = [m for m, other in enumerate(points) if _beats(other, one)]
        assert row["dominators"] == len(beaters)
        if beaters:
            by = int(str(row["dominated_by"])[1:])
            assert by in beaters
            assert frontier.loc[f"s{by}", "efficient"]
        else:
            assert row["dominated_by"] == ""


def _kpis(points: dict[str, tuple[float, ...]]) -> pd.DataFrame:
    """Return key figures of scenarios at (less service, stock, cost)."""
    rows = [
        {"scenario": name, "kpi": kpi, "group_by": "all", "group": "", "value": -x if objective == "service" else x,
         "unit": "share 0..1" if objective == "service" else "USD", "low": np.nan, "high": np.nan}
        for name, point in points.items()
        for (objective, kpi), x in zip(OBJECTIVES.items(), point, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_differences_are_to_the_baseline_and_groups_do_not_count() -> None:
    kpis = _kpis({"late": (0.0, 30.0, 7.0), "baseline": (0.0, 20.0, 5.0)})
    kpis = pd.concat([kpis, kpis.assign(group_by="region", group="north", value=99.0)], ignore_index=True)
    kpis.loc[kpis["kpi"] == "simulated_cost", "low"] = kpis["value"] - 3.0
    kpis.loc[kpis["kpi"] == "simulated_cost", "high"] = kpis["value"] + 4.0
    comparison = compare_kpis(kpis)
    assert comparison.baseline == "baseline"
    assert comparison.scenarios == ("late", "baseline")
    rows = comparison.kpis.set_index(["scenario", "kpi"])
    late = rows.loc[("late", "simulated_cost")]
    assert (late["delta"], late["relative"]) == (2.0, 0.4)
    assert (late["delta_low"], late["delta_high"]) == pytest.approx((2 - 32**0.5, 2 + 32**0.5))
    assert (rows.loc["baseline", "delta"] == 0).all()
    assert comparison.frontier["scenario"].tolist() == ["baseline", "late"]
    with pytest.raises(ValueError, match="no scenario 'base'"):
        compare_kpis(kpis, "base")


def test_a_thousand_scenarios_keep_their_names_and_order() -> None:
    random = np.random.default_rng(3)
    points = {f"s{n:04d}": tuple(random.uniform(0, 1, 3)) for n in range(1000)}
    comparison = compare_kpis(_kpis(points), "s0500")
    assert comparison.scenarios == tuple(points)
    efficient = comparison.frontier[comparison.frontier["efficient"]]
    assert 1 <= len(efficient) < 200
    assert efficient["cost"].is_monotonic_increasing
