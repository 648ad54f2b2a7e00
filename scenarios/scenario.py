"""The scenario file: what is planned, from which tables, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from scenarios.currencies import CURRENCIES
from scenarios.nearest import nearest
from scenarios.settings import (
    DistributionSettings,
    ExportSettings,
    ForecastSettings,
    Horizon,
    InventorySettings,
    Model,
    ReplenishmentSettings,
    SimulationSettings,
)
from scenarios.whatif import Comparison, MonteCarlo, NamedScenario, Parameter, Patch, Sweep


class Scenario(Model):
    """One planning run as a user writes it in `scenario.yaml`."""

    name: str = Field(description="Name of the project or scenario.")
    description: str = Field("", description="What it is about, in a sentence.")
    currency: str = Field("USD", description="ISO 4217 code of every money column.")
    timezone: str = Field("UTC", description="IANA time zone of all clock times, for example America/Chicago.")
    horizon: Horizon
    seed: int = Field(1, ge=0, description="Seed of all random numbers.")
    tables: str = Field(
        ".", description="Folder (CSV, Parquet), Excel workbook or SQLAlchemy URL, relative to this file."
    )
    start_from: Literal["baseline", "nothing"] = Field(
        "baseline",
        description="What orders and routes of a what-if begin from. baseline: those of the file as it is, which is "
        "planned first; what the change does not touch stays. nothing: the what-if is planned as if alone.",
    )
    forecast: ForecastSettings = Field(default_factory=ForecastSettings)
    inventory: InventorySettings = Field(default_factory=InventorySettings)
    replenishment: ReplenishmentSettings = Field(default_factory=ReplenishmentSettings)
    distribution: DistributionSettings = Field(default_factory=DistributionSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    exports: ExportSettings = Field(default_factory=ExportSettings)
    monte_carlo: MonteCarlo = Field(default_factory=MonteCarlo)
    parameters: dict[str, Parameter] = Field(
        default_factory=dict, description="Values for ${NAME} in the edits of all patches; a patch's own come first."
    )
    apply: tuple[str, ...] = Field((), description="Patches that are applied, in order; a named scenario adds its own.")
    patches: dict[str, Patch] = Field(default_factory=dict, description="Named edits of the input tables.")
    scenarios: dict[str, NamedScenario] = Field(default_factory=dict, description="Named what-ifs of this project.")
    sweeps: dict[str, Sweep] = Field(default_factory=dict, description="Named sweeps over many runs.")
    comparison: Comparison = Field(default_factory=Comparison)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        if code not in CURRENCIES:
            raise ValueError(f"{code!r} is not a currency code of ISO 4217{_hint(code, CURRENCIES)}")
        return code

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            zones = available_timezones()
            # a city without its continent, or with the wrong one, is a common slip
            same_city = sorted(known for known in zones if known.rpartition("/")[2] == zone.rpartition("/")[2])
            hint = f"; did you mean {same_city[0]}?" if same_city else _hint(zone, sorted(zones))
            raise ValueError(f"{zone!r} is not a time zone of the IANA database{hint}") from None
        return zone


def resolved_content(scenario: Scenario) -> dict[str, Any]:
    """Return what of a resolved scenario a run depends on, as plain values.

    Other named scenarios, sweeps, the comparison and patches that are not applied do not count.
    """
    content = scenario.model_dump(mode="json", by_alias=True, exclude={"scenarios", "sweeps", "comparison"})
    content["patches"] = {name: content["patches"][name] for name in scenario.apply}
    if not scenario.apply:
        del content["parameters"]
    return content


def flat_settings(scenario: Scenario) -> dict[str, object]:
    """Return every setting of a resolved scenario by its dotted path, but for names and the place of the tables."""
    content = resolved_content(scenario)
    return dict(_flat({key: value for key, value in content.items() if key not in {"name", "description", "tables"}}))


def _flat(value: Any, above: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _flat(part, f"{above}.{key}" if above else str(key))
    else:
        yield above, value


def _hint(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f"; did you mean {near}?" if near else ""
