"""Settings by stage: everything a user may set in `scenario.yaml` besides the tables.

Every model is frozen and refuses unknown keys, so that a typo is an error that names the key.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ServiceMeasure = Literal["cycle_service_level", "fill_rate", "cost_optimal", "newsvendor"]
PolicyKind = Literal["R_s_S", "R_S", "s_S", "s_Q", "base_stock"]
ForecastModel = Literal[
    "ewm_quantiles",
    "window_average",
    "seasonal_naive",
    "croston_sba",
    "tsb",
    "ses",
    "boosted_quantiles",
    "ar_differences",
]
Share = Annotated[float, Field(gt=0, lt=1)]


class Model(BaseModel):
    """Base of everything a user writes: frozen, no unknown keys, finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Horizon(Model):
    """The days that are planned: `buckets` buckets from `start`."""

    start: date = Field(description="First day of the plan (ISO date); orders can be placed from this day.")
    buckets: int = Field(8, ge=1, le=366, description="Number of buckets.")
    bucket: Literal["day", "week"] = Field("week", description="Length of a bucket: 1 or 7 calendar days.")

    @property
    def bucket_days(self) -> int:
        """Calendar days of one bucket."""
        return 7 if self.bucket == "week" else 1


@cache
def public_holidays(country: str, years: range) -> dict[date, str]:
    """Return the public holidays of a country, or of one of its regions ("US-IA"), with their names in English.

    Raises
    ------
    ValueError
        The package `holidays` knows no such country or region.
    """
    import holidays  # noqa: PLC0415 - only where a project asks for it

    code, _, region = country.partition("-")
    try:
        found = holidays.country_holidays(code, subdiv=region or None, years=years, language="en_US")
    except NotImplementedError as error:
        raise ValueError(f"no public holidays are known for '{country}': write a country as US, or US-IA") from error
    return dict(found)


class ForecastSettings(Model):
    """History to demand distribution."""

    models: tuple[ForecastModel, ...] = Field(
        ("ewm_quantiles", "window_average", "seasonal_naive", "croston_sba", "tsb", "ses"),
        min_length=1,
        description="Candidate models, weighed for every series by rolling backtest. boosted_quantiles, one model of "
        "boosted trees for all series, is the most accurate on two years of history or more, and slower to train.",
    )
    backtest_windows: int = Field(4, ge=1, le=52, description="Rolling origins of the backtest.")
    season_length: int | None = Field(None, ge=2, description="Buckets in a season; empty: 52 weeks or 7 days.")
    holidays: str = Field(
        "",
        description="Country whose public holidays move demand, or country and region: US, US-IA, DE-BY; empty: none.",
    )
    inactive_after_days: int = Field(
        182,
        ge=1,
        description="Days without demand after which an item-location is not planned (listed in data_issues).",
    )
    demand_factor: float = Field(1.0, ge=0, description="Multiplies the forecast: 1.2 is a what-if of +20 %.")

    @field_validator("holidays", mode="before")
    @classmethod
    def _none_is_empty(cls, country: object) -> object:
        return "" if country is None else country  # YAML's word for `--set forecast.holidays=`

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if country:
            public_holidays(country, range(2024, 2025))
        return country


class InventorySettings(Model):
    """Demand distribution to stock targets."""

    service_measure: ServiceMeasure = Field(
        "fill_rate",
        description="What service_target measures; cost_optimal: the target follows from holding and shortage cost; "
        "newsvendor: also, and what is left at the end of a cycle is lost.",
    )
    policy_kind: PolicyKind = Field(
        "R_s_S",
        description="When and how much is ordered. R_s_S: every review period, at the reorder point, up to the "
        "order-up-to level. R_S: every review period up to the level. s_S, s_Q, base_stock: whenever the reorder point "
        "is reached, up to the level, by lots, or up to the reorder point.",
    )
    service_target: float = Field(0.95, gt=0, lt=1, description="Wanted service, share 0..1.")
    service_by_class: dict[Literal["A", "B", "C"], Share] = Field(
        default_factory=dict, description="Service target by ABC class, share 0..1; overrides service_target."
    )
    echelons: Literal["independent", "guaranteed_service"] = Field(
        "independent",
        description="Where safety stock stands: every location covers its own lead time and review, or promised "
        "service times between locations are chosen so that holding costs least.",
    )
    abc_shares: tuple[Share, Share] = Field((0.8, 0.95), description="Cumulative revenue shares that end A and B.")
    xyz_limits: tuple[float, float] = Field((0.5, 1.0), description="Coefficients of variation that end X and Y.")
    holding_cost_rate: float = Field(0.25, ge=0, description="Holding cost, share of unit cost per year.")
    shortage_cost_share: float = Field(
        0.4, ge=0, description="Cost of a lost unit over its unit price, where no policy gives one."
    )
    default_unit_cost: float = Field(1.0, gt=0, description="Money per unit where items give neither cost nor price.")
    default_lead_time_days: float = Field(7.0, ge=0, description="Days, where no table gives a lead time.")
    default_lane_lead_time_days: float = Field(
        1.0, ge=0, description="Days from location to location, where no lane gives it."
    )
    default_review_period_days: float = Field(7.0, ge=0, description="Days, where no table gives a review period.")

    @field_validator("abc_shares", "xyz_limits")
    @classmethod
    def _rising(cls, limits: tuple[float, float]) -> tuple[float, float]:
        if limits[0] >= limits[1]:
            raise ValueError(f"the second limit must be above the first, {limits[0]:g}")
        return limits


class ReplenishmentSettings(Model):
    """Stock, targets and lanes to order lines."""

    engine: Literal["auto", "decomposition", "exact"] = Field(
        "auto", description="auto: exact for small cases, decomposition at scale."
    )
    target_gap: float = Field(0.01, ge=0, lt=1, description="Stop at this proven gap, share of the plan's cost.")
    iterations: int = Field(100, ge=1, description="Most price updates of the decomposition.")
    fair_share: Literal["proportional", "equal_days", "priority"] = Field(
        "proportional",
        description="Who gets what when a source is short: the same share of the need until the next delivery, "
        "stock that lasts equally long, or locations by priority.",
    )
    safety_stock_weight: float = Field(
        4.0, ge=0, description="Cost of a missing unit of safety stock over its holding cost, per bucket."
    )
    default_storage_days: float = Field(
        365.0, gt=0, description="Days of demand that an item-location may hold where no capacity is given."
    )


class DistributionSettings(Model):
    """Order lines to loads and routes."""

    mode: Literal["sequential", "integrated"] = Field(
        "sequential",
        description="sequential: orders first, routes after. integrated: stock and trucks are decided together: who is "
        "visited in which bucket and on which day follows from what the stop costs and what the stock costs; never "
        "worse than sequential, which comes first.",
    )
    rounds: int = Field(
        2,
        ge=1,
        le=20,
        description="Most rounds of mode integrated: visits, orders, routes; it ends when none is better.",
    )
    solver: str = Field("auto", description="Routing solver: auto, genetic, ant_colony, ortools ...")
    iterations: int = Field(2000, ge=1, description="Iteration budget per routing problem (keeps plans reproducible).")
    road_factor: float = Field(1.25, ge=1, description="Road distance over great-circle distance.")
    speed_kmh: float = Field(70.0, gt=0, description="Average road speed where no travel matrix is given, km/h.")
    service_min: float = Field(15.0, ge=0, description="Minutes at a stop where locations give none.")
    service_min_per_100kg: float = Field(
        2.0, ge=0, description="Minutes at a stop per 100 kg where locations give none."
    )
    receive_weekdays: tuple[Weekday, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"),
        description="Weekdays on which locations without a calendar receive.",
    )


class SimulationSettings(Model):
    """The check of a plan against demand it has not seen."""

    replications: int = Field(200, ge=2, le=100_000, description="Sampled futures.")
    lead_time_noise: bool = Field(True, description="Draw supplier lead times from their distribution.")


OrderColumn = Literal[
    "order_id",
    "type",
    "item_id",
    "source_id",
    "location_id",
    "qty",
    "order_uom",
    "order_qty_uom",
    "order_date",
    "receipt_date",
    "bucket_start",
    "weight_kg",
    "volume_m3",
    "cost",
    "days_of_supply_after",
    "binding_reason",
    "pack_rounding_qty",
    "shared_cost",
    "currency",
    "run_id",
]
"""What an export of orders may hold: the columns of replenishment_orders, the currency and the run."""


StopColumn = Literal[
    "date",
    "depot_id",
    "route_id",
    "vehicle_id",
    "vehicle_no",
    "sequence",
    "load_id",
    "location_id",
    "name",
    "address",
    "latitude",
    "longitude",
    "eta",
    "etd",
    "window_start",
    "window_end",
    "wait_min",
    "service_min",
    "weight_kg",
    "volume_m3",
    "lines",
    "load_after_kg",
    "load_after_m3",
    "km",
    "co2e_kg",
    "run_id",
]
"""What an export of stops may hold: columns of stops, of their route, load and location, and the run."""


class _Export(Model):
    """How a table is written for another system; the kinds of export add their columns."""

    date_format: str = Field("%Y-%m-%d", min_length=2, description="Dates of the CSV file, as of strftime: %d.%m.%Y.")
    decimal: Literal[".", ","] = Field(".", description="Decimal sign of the CSV file.")
    delimiter: Literal[",", ";", "|", "tab"] = Field(",", description="Between the columns of the CSV file.")

    @field_validator("columns", mode="before", check_fields=False)
    @classmethod
    def _pairs_are_columns(cls, columns: object) -> object:
        pairs = isinstance(columns, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in columns)
        return {str(header): column for header, column in columns} if isinstance(columns, list) and pairs else columns

    @field_serializer("columns", when_used="json", check_fields=False)
    def _in_order(self, columns: dict[str, str]) -> list[list[str]]:
        return [[header, column] for header, column in columns.items()]  # keys of JSON objects have no order

    @model_validator(mode="after")
    def _signs_differ(self) -> Self:
        if self.decimal == self.delimiter:
            raise ValueError("decimal and delimiter must differ: write delimiter ';' where the decimal sign is ','")
        return self


class OrderExport(_Export):
    """Orders in the words of another system."""

    columns: dict[str, OrderColumn] = Field(
        default_factory=lambda: dict(_ORDER_EXPORT),
        min_length=1,
        description="Header -> column of replenishment_orders (or currency, run_id), in this order.",
    )


class StopExport(_Export):
    """Stops of routes in the words of another system."""

    columns: dict[str, StopColumn] = Field(
        default_factory=lambda: {column: column for column in get_args(StopColumn)},
        min_length=1,
        description="Header -> column of stops (or of its route, load and location, or run_id), in this order.",
    )


_ORDER_EXPORT: dict[str, OrderColumn] = {
    column: column
    for column in (
        "order_id",
        "type",
        "item_id",
        "source_id",
        "location_id",
        "qty",
        "order_qty_uom",
        "order_uom",
        "order_date",
        "receipt_date",
        "cost",
        "currency",
        "run_id",
    )
}


class ExportSettings(Model):
    """Files for other systems."""

    orders: OrderExport = Field(default_factory=OrderExport)
    stops: StopExport = Field(default_factory=StopExport)
