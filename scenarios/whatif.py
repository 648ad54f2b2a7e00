"""What-ifs as a user writes them: patches of tables, named scenarios, sweeps, the comparison."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from scenarios.settings import Model

BASELINE = "baseline"
"""Stands for the scenario file as it is, without a named scenario."""
NOISE = "monte_carlo"
"""Patch that stands for one draw of demand and lead times."""


def _scalar(value: object) -> object:
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError("write a single number or text, or a ${parameter}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("write a finite number")
    return value


def _parameter(value: object) -> object:
    for part in value if isinstance(value, list | tuple) else [value]:
        if part is None or _scalar(part) is None:
            raise ValueError("write a number, a text, or a list of them")
    return tuple(value) if isinstance(value, list) else value


Cell = Annotated[
    object, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "integer", "boolean", "null"]})
]
Parameter = Annotated[
    object, AfterValidator(_parameter), WithJsonSchema({"type": ["string", "number", "integer", "boolean", "array"]})
]


class Edit(Model):
    """One change of one input table: which rows, and exactly one of set, add, multiply, exclude and append."""

    model_config = ConfigDict(populate_by_name=True)

    table: str = Field(description="Input table that is changed.")
    where: str = Field(
        "", description="Expression over the columns that holds for the rows to change; empty: all rows."
    )
    from_: str = Field(
        "", alias="from", description="Only rows from this date on (ISO date), by the table's first date column."
    )
    to: str = Field("", description="Only rows before this date (ISO date, itself not included).")
    set: dict[str, Cell] = Field(default_factory=dict, description="Column -> its new value.")
    add: dict[str, Cell] = Field(default_factory=dict, description="Column -> what is added; days for dates.")
    multiply: dict[str, Cell] = Field(default_factory=dict, description="Column -> its factor.")
    exclude: bool = Field(False, description="Leave the rows out.")
    append: tuple[dict[str, Cell], ...] = Field(
        (),
        description="Rows to add. With where, from or to: one copy of every such row, with these columns changed.",
    )


class Patch(Model):
    """A named list of edits of the input tables, applied in order; the later one wins."""

    description: str = Field("", description="What it stands for, in a sentence.")
    parameters: dict[str, Parameter] = Field(
        default_factory=dict,
        description="Values for ${NAME} in the edits; override with patches.PATCH.parameters.NAME.",
    )
    edits: tuple[Edit, ...] = Field(min_length=1, description="The edits, in order.")


class NamedScenario(Model):
    """A named what-if: patches of the tables and values of settings, perhaps on top of another one."""

    description: str = Field("", description="What is asked, in a sentence.")
    extends: str = Field("", description="Named scenario that this one starts from.")
    patches: tuple[str, ...] = Field((), description="Patches to apply, in order, after those of `extends`.")
    set: dict[str, object] = Field(default_factory=dict, description="Dotted path -> value, as with --set.")


class MonteCarlo(Model):
    """One draw of demand and lead times; a sweep gives the draws. The same draw is the same noise everywhere."""

    draw: int = Field(0, ge=0, description="Number of the draw, from 1; 0: none, the tables are taken as they are.")
    demand_cv: float = Field(
        0.0, ge=0, le=2, description="Coefficient of variation of a factor on the forecast of each item."
    )
    lead_times: bool = Field(
        False, description="Draw every supplier's and lane's lead time from its mean and standard deviation."
    )


class SweepDraws(Model):
    """Monte Carlo of a sweep: every member once per draw."""

    draws: int = Field(ge=1, le=100_000, description="How many draws.")
    demand_cv: float = Field(
        0.0, ge=0, le=2, description="Coefficient of variation of a factor on the forecast of each item."
    )
    lead_times: bool = Field(
        False, description="Draw every supplier's and lane's lead time from its mean and standard deviation."
    )


class Sweep(Model):
    """Many runs at once: every scenario with every combination of values, and every draw."""

    description: str = Field("", description="What is asked, in a sentence.")
    scenarios: tuple[str, ...] = Field(
        (BASELINE,), min_length=1, description="Named scenarios to vary; `baseline` is the file as it is."
    )
    matrix: dict[str, Annotated[tuple[object, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Dotted path -> its values; settings and patches.PATCH.parameters.NAME."
    )
    monte_carlo: SweepDraws | None = Field(None, description="Draws of demand and lead times; empty: none.")

    @property
    def runs(self) -> int:
        """How many runs the sweep has."""
        combinations = math.prod(len(values) for values in self.matrix.values())
        return len(self.scenarios) * combinations * (self.monte_carlo.draws if self.monte_carlo else 1)


class Comparison(Model):
    """What scenarios are compared with, and by which figures."""

    baseline: str = Field(BASELINE, description="Scenario that the others are compared with.")
    kpis: tuple[str, ...] = Field((), description="KPIs to compare, as named in the published table kpis; empty: all.")
