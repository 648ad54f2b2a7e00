"""The scenario file: what is planned, from which tables, with which settings."""

from __future__ import annotations

from pydantic import Field

from scenarios.settings import (
    DistributionSettings,
    ForecastSettings,
    Horizon,
    InventorySettings,
    Model,
    ReplenishmentSettings,
    SimulationSettings,
)


class NamedScenario(Model):
    """A named what-if: paths into the scenario file and the values they take."""

    description: str = Field("", description="What is asked, in a sentence.")
    set: dict[str, object] = Field(default_factory=dict, description="Dotted path -> value, as with --set.")


class Scenario(Model):
    """One planning run as a user writes it in `scenario.yaml`."""

    name: str = Field(description="Name of the project or scenario.")
    description: str = Field("", description="What it is about, in a sentence.")
    currency: str = Field("USD", min_length=3, max_length=3, description="ISO 4217 code of every money column.")
    timezone: str = Field("UTC", description="IANA time zone of all clock times, for example America/Chicago.")
    horizon: Horizon
    seed: int = Field(1, ge=0, description="Seed of all random numbers.")
    tables: str = Field(
        ".", description="Folder (CSV, Parquet), Excel workbook or SQLAlchemy URL, relative to this file."
    )
    forecast: ForecastSettings = Field(default_factory=ForecastSettings)
    inventory: InventorySettings = Field(default_factory=InventorySettings)
    replenishment: ReplenishmentSettings = Field(default_factory=ReplenishmentSettings)
    distribution: DistributionSettings = Field(default_factory=DistributionSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    scenarios: dict[str, NamedScenario] = Field(default_factory=dict, description="Named what-ifs of this project.")
