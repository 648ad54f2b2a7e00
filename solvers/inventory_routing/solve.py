"""Inventory routing: a population of plans, each annealed, that are crossed by the visits of some customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.inventory_routing.evaluate import Verdict, evaluate
from solvers.inventory_routing.member import Member, best_member, clear, set_plan
from solvers.inventory_routing.population import admit, choose_parents, customers_to_take
from solvers.inventory_routing.problem import InventoryRoutingPlan, InventoryRoutingProblem
from solvers.inventory_routing.quantities import improve_units
from solvers.inventory_routing.search_kernels import anneal, fill_plan, give_units
from solvers.inventory_routing.state import (
    BEST,
    OVERLOAD_PRICE,
    OVERLOADED,
    SHORT,
    SHORTAGE_PRICE,
    empty_state,
    make_case,
    make_labels,
    make_removal,
)
from solvers.routing.registry import VerificationError
from solvers.routing.stop import StopRule

Progress = Callable[[str, int, int], None]

_CHUNK = 1000
_HOTTEST, _WARM, _COLDEST = 5.0, 1.0, 0.01  # temperatures over the mean leg to the three nearest customers
_REHEATED = 1.0  # the temperature from which the best plan is refined
_STEPS = (0.4, 0.01, 0.03, 6, 0.1)  # DAY_SHARE to WHOLE_ROUTE of the settings: chances, and customers removed at most
_SIZE = 12  # members at most
_FOUNDED, _REFINED = 0.4, 0.9  # shares of the budget after which no plan starts anew, and the best is refined
_FEWEST, _ALONE = 3, 0.7  # fewest members worth crossing; with fewer one plan is annealed for so much of the budget
_FOUNDER_STEPS, _CHILD_STEPS = 300, 100  # per customer and day


@dataclass(frozen=True, slots=True)
class InventoryRoutingResult:
    """The best plan found, as the judge sees it.

    Attributes
    ----------
    plan : None where no plan that keeps the rules was found.
    verdict : of the judge; None without a plan.
    iterations : steps done.
    """

    plan: InventoryRoutingPlan | None
    verdict: Verdict | None
    iterations: int


def solve(
    problem: InventoryRoutingProblem, stop: StopRule, *, seed: int = 1, progress: Progress | None = None
) -> InventoryRoutingResult:
    """Search for the cheapest plan until `stop` says so.

    With a budget in iterations the answer depends on the problem and the seed only.

    Raises
    ------
    VerificationError
        The judge refuses the best plan.
    """
    search = _Search(problem, stop, seed, progress)
    members: list[Member] = []
    while search.share < _REFINED:
        size = search.members_worth_founding()
        if size == 1 and search.done:
            break
        if len(members) < 2 or (search.share < _FOUNDED and len(members) < size):
            new = search.found()
        else:
            new = search.cross(*choose_parents(members, search.rng))
        if new is not None:
            admit(members, new, max(size, 2))
    search.refine()
    if search.best is None:
        return InventoryRoutingResult(None, None, search.done)
    plan = search.best.plan()
    verdict = evaluate(problem, plan)
    if verdict.faults:
        raise VerificationError("the search kept a plan that breaks rules: " + "; ".join(verdict.faults[:5]))
    return InventoryRoutingResult(plan, verdict, search.done)


class _Search:
    """The state that annealing works on, the best plan so far and the budget used."""

    def __init__(self, problem: InventoryRoutingProblem, stop: StopRule, seed: int, progress: Progress | None) -> None:
        self.problem, self.stop, self.progress = problem, stop, progress
        self.case, self.labels, self.removal = make_case(problem), make_labels(problem), make_removal(problem)
        self.state = empty_state(problem, seed)
        self.rng = np.random.default_rng(seed)
        self.weight = problem.demand.sum(axis=1)
        self.scale = _near_legs(problem)
        self.price = 0.5 * problem.distance[0, 1:].mean() / max(1.0, problem.demand[1:].mean())
        chances = (*_STEPS[:3], min(_STEPS[3], problem.customers), _STEPS[4])
        self.settings = np.array([self.price, self.price, *chances])
        self.best: Member | None = None
        self.done = 0
        nobody = np.zeros(0, np.int64)
        fill_plan(self.case, self.state, self.labels, self.settings, nobody)
        give_units(self.case, self.state, self.settings, nobody, self.state.units)
        self._anneal(0, _HOTTEST)
        self.share = stop(0, np.inf)

    def budget(self) -> float:
        """Return how many steps the whole budget allows, as far as can be told."""
        return self.done / max(self.share, 1e-9) if self.done else np.inf

    def members_worth_founding(self) -> int:
        """Return how many plans to anneal from nothing: one where the budget is too small for more."""
        worth = round(_FOUNDED * self.budget() / self._per_size(_FOUNDER_STEPS)) if self.done else 1
        return min(worth, _SIZE) if worth >= _FEWEST else 1

    def found(self) -> Member | None:
        """Anneal a plan that is built from nothing."""
        clear(self.state)
        order = 1 + self.rng.permutation(self.problem.customers)
        fill_plan(self.case, self.state, self.labels, self.settings, order)

        def steps() -> float:
            founders = self.members_worth_founding()
            if founders == 1:
                return _ALONE * self.budget()
            return min(_FOUNDED / founders * self.budget(), self._per_size(_FOUNDER_STEPS))

        return self._cool(_HOTTEST, steps)

    def cross(self, one: Member, other: Member) -> Member | None:
        """Give some customers of a member the visits of another one and anneal from a little warmth."""
        taken = customers_to_take(one, other, self.problem.distance, self.rng)
        if taken.size == 0:
            return self.found()
        kept = np.ones(self.problem.customers + 1, np.bool_)
        kept[taken] = False
        set_plan(self.problem, self.state, self.case.holding, one, kept)
        give_units(self.case, self.state, self.settings, taken, other.units)
        return self._cool(_WARM, lambda: self._per_size(_CHILD_STEPS))

    def refine(self) -> None:
        """Anneal the best plan from a low temperature with what is left of the budget."""
        if self.best is None:
            clear(self.state)
            order = 1 + self.rng.permutation(self.problem.customers)
            fill_plan(self.case, self.state, self.labels, self.settings, order)
        else:
            everyone = np.ones(self.problem.customers + 1, np.bool_)
            set_plan(self.problem, self.state, self.case.holding, self.best, everyone)
        left = (1.0 - self.share) * self.budget()
        self._cool(_REHEATED, lambda: left)

    def _per_size(self, steps: int) -> float:
        return float(steps * self.problem.customers * self.problem.days)

    def _cool(self, hottest: float, steps: Callable[[], float]) -> Member | None:
        """Anneal from `hottest` to the coldest in so many steps; return the best plan that was met on the way."""
        first = self.done
        while self.share < 1.0 and (part := (self.done - first) / steps()) < 1.0:
            self._anneal(_CHUNK, hottest * (_COLDEST / hottest) ** min(1.0, part / 0.95))
            self.done += _CHUNK
            for entry, count in ((OVERLOAD_PRICE, OVERLOADED), (SHORTAGE_PRICE, SHORT)):
                broken = self.state.counter[count] / _CHUNK
                factor = 1.3 if broken > 0.9 else 1.05 if broken > 0.4 else 1 / 1.05 if broken < 0.2 else 1.0
                self.settings[entry] = min(max(self.settings[entry] * factor, 0.02 * self.price), 1000 * self.price)
            least = min(float(self.state.total[BEST]), self.best.cost if self.best else np.inf)
            self.share = self.stop(self.done, least)
            if self.progress is not None:
                self.progress("inventory routing", int(100 * min(self.share, 1.0)), 100)
        member = best_member(self.state)
        if member is not None:
            member = improve_units(self.problem, member)
            if self.best is None or member.cost < self.best.cost:
                self.best = member
        return member

    def _anneal(self, steps: int, temperature: float) -> None:
        anneal(
            self.case, self.state, self.labels, self.removal, self.settings, self.weight, steps,
            self.scale * temperature,
        )  # fmt: skip


def _near_legs(problem: InventoryRoutingProblem) -> float:
    """Return the mean cost of a leg to the three nearest customers, the scale of temperatures."""
    legs = problem.distance[1:, 1:].copy()
    np.fill_diagonal(legs, np.inf)
    legs = np.sort(legs, axis=1)[:, : min(3, problem.customers - 1)]
    return float(legs.mean()) if legs.size else float(problem.distance.mean())
