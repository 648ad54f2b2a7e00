"""All backends against each other and against trying every answer; Pyomo models as arrays; limits."""

from __future__ import annotations

import ctypes
import time
from dataclasses import replace
from itertools import product

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.milp import BACKENDS, MilpProblem, MilpVerificationError, registry, solve, why_not
from solvers.milp import highs as highs_backend
from solvers.milp.highs import output_to_errors
from solvers.milp.problem import MilpResult
from solvers.milp.pyomo import from_pyomo
from solvers.milp.verify import verify


def random_milp(seed: int, columns: int, rows: int, most: int) -> MilpProblem:
    """Return a bounded problem of whole columns 0..most with rows of all kinds; it may be infeasible."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-4, 5, (rows, columns)).astype(float)
    inside = matrix @ rng.integers(0, most + 1, columns)
    kind = rng.integers(0, 3, rows)
    shift = rng.integers(-2, 3, rows)
    row, column = np.nonzero(matrix)
    return MilpProblem.from_entries(
        cost=rng.integers(-9, 10, columns).astype(float),
        lower=np.zeros(columns),
        upper=np.full(columns, float(most)),
        integer=np.ones(columns, bool),
        row_lower=np.where(kind == 0, -np.inf, inside + np.where(kind == 2, 0, shift)),
        row_upper=np.where(kind == 1, np.inf, inside + np.where(kind == 2, 0, shift)),
        rows=row,
        columns=column,
        values=matrix[row, column],
        constant=float(rng.integers(-5, 6)),
    )


def knapsacks(columns: int, rows: int) -> MilpProblem:
    """Return many-dimensional knapsacks, for which no solver proves an optimum in seconds."""
    rng = np.random.default_rng(3)
    matrix = rng.integers(5, 1000, (rows, columns)).astype(float)
    row, column = np.nonzero(matrix)
    return MilpProblem.from_entries(
        cost=-(matrix.mean(axis=0) + rng.integers(0, 500, columns)),
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.ones(columns, bool),
        row_lower=np.full(rows, -np.inf),
        row_upper=matrix.sum(axis=1) / 2,
        rows=row,
        columns=column,
        values=matrix[row, column],
    )


def best_by_enumeration(problem: MilpProblem) -> float:
    choices = product(*(range(int(most) + 1) for most in problem.upper))
    found = [x for x in (np.array(c, float) for c in choices) if not verify(problem, x)]
    return min((float(problem.cost @ x) + problem.constant for x in found), default=np.inf)


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=40)
def test_all_backends_find_the_best_of_all_answers(seed: int, columns: int, rows: int, most: int) -> None:
    problem = random_milp(seed, columns, rows, most)
    expected = best_by_enumeration(problem)
    for backend in BACKENDS:
        result = solve(problem, backend)
        assert result.objective == pytest.approx(expected, abs=1e-6)
        assert result.status == ("optimal" if np.isfinite(expected) else "infeasible")
        assert (result.x is None) == np.isinf(expected)
        if result.x is not None:
            assert result.lower_bound == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_continuous_columns_unbounded_problems_and_starts(backend: str) -> None:
    one = np.zeros(0, np.int64)
    line = MilpProblem.from_entries(
        cost=np.array([-1.0]), lower=np.zeros(1), upper=np.array([2.5]), integer=np.zeros(1, bool),
        row_lower=np.zeros(0), row_upper=np.zeros(0), rows=one, columns=one, values=np.zeros(0),
    )  # fmt: skip
    assert solve(line, backend).objective == pytest.approx(-2.5)
    assert solve(replace(line, integer=np.ones(1, bool)), backend, start=np.array([1.0])).objective == pytest.approx(-2)
    assert solve(replace(line, upper=np.full(1, np.inf)), backend).status in {"unbounded", "infeasible"}


def test_registry_says_why_not_and_the_judge_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(why_not(name) is None for name in BACKENDS)
    assert "there is no MILP solver 'cplex'; there are highs, ortools" in str(why_not("cplex"))
    problem = random_milp(1, 3, 0, 2)
    with pytest.raises(ValueError, match="cplex"):
        solve(problem, "cplex")
    monkeypatch.setattr(registry, "BACKENDS", {"none": ("no_such_package", "nowhere")})
    assert why_not("none") == "none needs the package no_such_package, which is not installed"
    monkeypatch.undo()
    monkeypatch.setattr(highs_backend, "solve", lambda *_, **__: MilpResult(np.full(3, 2.5), 0.0, 0.0, "optimal"))
    with pytest.raises(MilpVerificationError, match="is not whole"):
        solve(problem, "highs")


@pytest.mark.parametrize("broken", ["bound", "row", "whole", "objective"])
def test_judge_finds_what_is_broken(broken: str) -> None:
    problem = MilpProblem.from_entries(
        cost=np.ones(2), lower=np.zeros(2), upper=np.full(2, 3.0), integer=np.array([True, False]),
        row_lower=np.array([1.0]), row_upper=np.array([4.0]), rows=np.zeros(2, int), columns=np.arange(2),
        values=np.ones(2),
    )  # fmt: skip
    good = np.array([1.0, 0.5])
    assert verify(problem, good, 1.5) == []
    bad = {"bound": [-1.0, 3.0], "row": [3.0, 2.0], "whole": [0.5, 1.0], "objective": [1.0, 0.5]}[broken]
    assert len(verify(problem, np.array(bad), 7.0 if broken == "objective" else None)) == 1


def test_pyomo_model_with_every_kind_of_row_becomes_arrays() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var([1, 2], domain=pyo.NonNegativeIntegers, bounds=(0, 5))
    model.y = pyo.Var(bounds=(None, 3))
    model.fixed = pyo.Var(initialize=2.0)
    model.fixed.fix()
    model.upper = pyo.Constraint(expr=model.x[1] + 2 * model.x[2] - model.y <= 7)
    model.range = pyo.Constraint(expr=(1, model.x[1] + model.y, 4))
    model.equal = pyo.Constraint(expr=model.x[1] == model.fixed)
    model.best = pyo.Objective(expr=3 * model.x[1] - model.y + 5, sense=pyo.maximize)
    arrays = from_pyomo(model)
    for backend in BACKENDS:  # x[1] = 2 leaves y >= -1 by the range, so 6 + 1 + 5; the milp minimises
        result = solve(arrays.milp, backend)
        assert result.objective == pytest.approx(-12.0)
        assert result.x is not None
        arrays.load(result.x)
        assert (pyo.value(model.best), model.x[1].value, model.y.value) == pytest.approx((12.0, 2, -1.0))


def test_pyomo_models_that_are_not_one_linear_programme_are_refused() -> None:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))
    model.row = pyo.Constraint(expr=model.x >= 0.5)
    with pytest.raises(ValueError, match="one objective expected, the model has 0"):
        from_pyomo(model)


def test_time_limit_in_a_process_gives_the_best_answer_with_its_bound() -> None:
    problem = knapsacks(150, 12)
    began = time.perf_counter()
    result = solve(problem, "highs", time_limit_s=1.0, gap=0.0)
    assert time.perf_counter() - began < 30
    assert result.status == "limit"
    assert result.x is not None
    assert result.lower_bound < result.objective < 0


def test_highs_that_overruns_its_limit_is_ended_and_its_last_answer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class _Never:
        """A child that sent one answer and then does not come back."""

        def __init__(self) -> None:
            self.messages = [(np.array([1.0, 0.0]), -3.0, -5.0)]
            self.ended: list[str] = []

        def get_context(self, _: str) -> _Never:
            return self

        def current_process(self) -> _Never:
            return self

        daemon = False

        def Pipe(self, duplex: bool) -> tuple[_Never, _Never]:  # noqa: N802
            assert not duplex
            return self, self

        def Process(self, **_: object) -> _Never:  # noqa: N802
            return self

        def start(self) -> None: ...

        def close(self) -> None: ...

        def poll(self, seconds: float) -> bool:
            assert seconds > 1.0
            return bool(self.messages)

        def recv(self) -> object:
            return self.messages.pop()

        def terminate(self) -> None:
            self.ended.append("terminate")

        def join(self) -> None:
            self.ended.append("join")

    never = _Never()
    monkeypatch.setattr(highs_backend, "multiprocessing", never)
    result = highs_backend.solve(knapsacks(2, 1), time_limit_s=1.0)
    assert never.ended == ["terminate", "join"]
    assert (result.objective, result.lower_bound, result.status) == (-3.0, -5.0, "limit")


def test_node_budget_stops_at_the_same_answer_each_time() -> None:
    problem = knapsacks(60, 8)
    first, second = (solve(problem, "highs", nodes=20, gap=0.0) for _ in range(2))
    assert first.status == "limit"
    assert first.x is not None
    assert second.x is not None
    assert first.x.tolist() == second.x.tolist()
    assert first.lower_bound == second.lower_bound <= first.objective


def test_what_the_library_prints_is_kept_out_of_a_commands_output(capfd: pytest.CaptureFixture[str]) -> None:
    """HiGHS 1.12 prints a line whatever its options say; JSON on standard output must stay JSON."""
    libc = ctypes.CDLL(None)
    with output_to_errors():
        libc.printf(b"a line of the library\n")
    print("{}")
    written = capfd.readouterr()
    assert written.out == "{}\n"
    assert "a line of the library" in written.err
