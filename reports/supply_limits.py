"""How a limit of the table supply_limits is called in published tables."""

from __future__ import annotations

ALL_SUPPLIERS = "all suppliers"


def limit_name(supplier_id: str, category: str) -> str:
    """Return the name of the limit of a supplier and category, either of them empty for all."""
    return (supplier_id or ALL_SUPPLIERS) + (f", {category}" if category else "")


def limits_on(supplier_id: str, category: str) -> tuple[str, ...]:
    """Return the names of all limits that goods of a category from a supplier may fall under."""
    suppliers, categories = (supplier_id, ""), dict.fromkeys((category, ""))
    return tuple(limit_name(supplier, kind) for supplier in suppliers for kind in categories)
