"""How key figures are called and written for people."""

from __future__ import annotations

from math import isnan

LABELS = {
    "simulated_fill_rate": "Fill rate, simulated",
    "simulated_cycle_service_level": "Stock periods without a stock-out, simulated",
    "planned_fill_rate": "Fill rate if demand is as planned",
    "inventory_value": "Average stock, at cost",
    "days_of_supply": "Days of supply",
    "turns": "Turns per year",
    "simulated_cost": "Cost, simulated",
    "simulated_holding_cost": "Holding, simulated",
    "simulated_shortage_cost": "Shortage, simulated",
    "simulated_waste_qty": "Expired, simulated",
    "simulated_waste_cost": "Waste, simulated",
    "planned_cost": "Cost if demand is as planned",
    "holding_cost": "Holding, planned",
    "shortage_cost": "Shortage, planned",
    "ordering_cost": "Ordering",
    "transport_cost": "Transport",
    "purchase_value": "Goods ordered from suppliers",
    "purchase_orders": "Order lines to suppliers",
    "delivery_orders": "Deliveries between locations",
    "routes": "Routes",
    "distance_km": "Distance",
    "route_hours": "Hours on the road",
    "vehicle_utilisation": "Vehicle utilisation",
    "planned_otif": "Deliveries on time and in full, planned",
    "unassigned_loads": "Loads on no route",
    "co2_kg": "Emissions, tank to wheel",
    "co2e_kg": "Emissions, well to wheel",
    "money_at_risk": "Money at risk in exceptions",
}
_MORE_IS_BETTER = {
    "simulated_fill_rate",
    "simulated_cycle_service_level",
    "planned_fill_rate",
    "planned_otif",
    "turns",
    "vehicle_utilisation",
}
_NEITHER = {"purchase_orders", "delivery_orders", "purchase_value", "routes", "demand_qty", "forecast_bias"}
_UNITS = {
    "kg CO2e, tank to wheel": "kg CO2e",
    "kg CO2e, well to wheel": "kg CO2e",
    "share 0..1": "",
    "per year": "",
}
_NAMELESS = {"order lines", "routes", "stops", "loads", "exceptions", "issues"}
_MINUS = "−"
_MANY = 100_000
_CURRENCY_CODE = 3


def label(kpi: str) -> str:
    """Return what a key figure is called."""
    return LABELS.get(kpi, kpi.replace("_", " "))


def better(kpi: str) -> int:
    """Return 1 where more of a key figure is better, -1 where less is, 0 where it is neither."""
    return 0 if kpi in _NEITHER else 1 if kpi in _MORE_IS_BETTER else -1


def unit_of(unit: str) -> str:
    """Return the unit as it stands behind a value, empty for shares and counts."""
    return "" if unit in _NAMELESS else _UNITS.get(unit, unit)


def is_share(unit: str) -> bool:
    """Say whether a figure is a share, written in percent."""
    return unit == "share 0..1"


def is_money(unit: str) -> bool:
    """Say whether a figure is money: its unit is a currency code."""
    return len(unit) == _CURRENCY_CODE and unit.isupper()


def written(value: float, unit: str) -> str:
    """Return a value without its unit: 98.61 % for shares, else with as many digits as matter."""
    if isnan(value):
        return "–"
    if is_share(unit):
        return _sign(f"{100 * value:.2f} %")
    return _sign(_plain(value, unit))


def change(delta: float, unit: str) -> str:
    """Return a difference with its sign; that of a share in percentage points."""
    if isnan(delta):
        return "–"
    if delta == 0:
        return "0"
    if is_share(unit):
        return _sign(f"{100 * delta:+.2f} points")
    text = _plain(abs(delta), unit)
    return f"{'+' if delta > 0 else _MINUS}{text}"


def relative(share: float) -> str:
    """Return a relative difference in percent, with its sign."""
    if isnan(share):
        return "–"
    return "0 %" if share == 0 else _sign(f"{100 * share:+.1f} %")


def _plain(value: float, unit: str) -> str:
    if unit in _NAMELESS and value == round(value):
        return f"{value:,.0f}"
    digits = 0 if abs(value) >= _MANY else 2
    return f"{value:,.{digits}f}"


def _sign(text: str) -> str:
    return text.replace("-", _MINUS)
