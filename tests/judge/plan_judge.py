"""The judge of whole plans: reads a project and a run folder, shares no code with the planner, knows every rule.

    violations = judge(read_case(project, run, overrides))

It is slow and plain on purpose. A rule that is kept is absent from the answer.
"""

from __future__ import annotations

from judge.case import Case
from judge.stock_rules import STOCK_RULES
from judge.transport_rules import TRANSPORT_RULES

RULES = {**STOCK_RULES, **TRANSPORT_RULES}


def judge(case: Case) -> dict[str, list[str]]:
    """Return the violations of every broken rule, by the rule's name."""
    found = {name: list(rule(case)) for name, rule in RULES.items()}
    return {name: texts for name, texts in found.items() if texts}
