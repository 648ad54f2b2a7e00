"""What stands on the sheets of the planner's workbook: published tables joined with names, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.run_folder import RunFolder
from reports.texts import catalogue, text
from reports.workbook_sheet import Field, Kind

_KEYS = ["item_id", "location_id"]
_TYPES = {"purchases": "PO", "deliveries": "DO"}
_MOST_STOCK_COLUMNS = 53
_HEADLINE = (
    "simulated_fill_rate",
    "planned_fill_rate",
    "forecast_wape",
    "forecast_bias",
    "inventory_value",
    "days_of_supply",
    "turns",
    "purchase_orders",
    "purchase_value",
    "delivery_orders",
    "planned_cost",
    "holding_cost",
    "shortage_cost",
    "ordering_cost",
    "transport_cost",
    "simulated_cost",
    "exceptions",
    "money_at_risk",
    "unassigned_loads",
    "data_issues",
)
_SHAPES = {"share 0..1": "0.0%", "ratio": "0.0%", "days": "#,##0.0", "per year": "#,##0.0"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure of the whole plan; shape is its number format."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    source: str
    shape: str


class Lists:
    """The lists of one run in one language; every method makes one when it is asked for."""

    def __init__(self, run: RunFolder, lang: str) -> None:
        self._run, self._tables, self._lang = run, run.tables, lang
        self._words = catalogue(lang)
        items = run.tables["items"]
        self._items = dict(zip(items["item_id"], items["name"], strict=True))
        self._uoms = dict(zip(items["item_id"], items["uom"], strict=True))
        places = run.tables["locations"]
        is_supplier = places["type"] == "supplier"
        self._places, self._suppliers = (
            dict(zip(part["location_id"], part["name"], strict=True))
            for part in (places[~is_supplier], places[is_supplier])
        )
        self._names = {**self._suppliers, **self._places}

    def order_fields(self, orders: pd.DataFrame, kind: str) -> list[Field]:
        """Return the columns of orders, with those that a person fills in; `orders` from `orders(kind)`."""
        item, place = self._named(orders, "item", "item_id"), self._named(orders, "location", "location_id")
        source = self._named(orders, "supplier" if kind == "purchases" else "source", "source_id", self._source_names())
        who = [source, item, place] if kind == "purchases" else [place, item, source]
        return [
            self._field("order_id", "text", orders["order_id"]),
            *who,
            self._field("qty", "quantity", orders["qty"]),
            self._field("uom", "text", orders["uom"]),
            self._field("order_qty_uom", "quantity", orders["order_qty_uom"]),
            self._field("order_uom", "text", orders["order_uom"]),
            self._field("order_date", "date", orders["order_date"]),
            self._field("receipt_date", "date", orders["receipt_date"]),
            self._field("cost", "money", orders["cost"], total=True),
            self._field("days_of_supply_after", "days", orders["days_of_supply_after"]),
            self._field("reason", "text", self._translated("reasons", orders["binding_reason"])),
            self._field("decision", "input", None, width=12),
            self._field("new_qty", "input", None, width=12),
            self._field("author", "input", None, width=14),
            self._field("note", "input", None, width=30),
            self._field("item_id", "text", orders["item_id"]),
            self._field("source_id", "text", orders["source_id"]),
            self._field("location_id", "text", orders["location_id"]),
            self._field("bucket_start", "date", orders["bucket_start"]),
            self._field("pack_qty", "quantity", orders["order_multiple_qty"]),
            self._field("moq_qty", "quantity", orders["moq_qty"]),
            self._field("pack_rounding_qty", "quantity", orders["pack_rounding_qty"]),
            self._field("weight_kg", "quantity", orders["weight_kg"], total=True),
            self._field("volume_m3", "price", orders["volume_m3"], total=True),
        ]

    def orders(self, kind: str) -> pd.DataFrame:
        """Return the orders of one kind with the terms of their supply, grouped by supplier or by store."""
        orders = self._tables["replenishment_orders"]
        orders = orders[orders["type"] == _TYPES[kind]]
        terms = self._tables["supply"][[*_KEYS, "order_multiple_qty", "moq_qty"]]
        joined: pd.DataFrame = orders.merge(terms, how="left", on=_KEYS)
        joined["uom"] = joined["item_id"].map(self._uoms).fillna("")
        group = ["source_id", "location_id"] if kind == "purchases" else ["location_id", "source_id"]
        return joined.sort_values([group[0], "order_date", group[1], "item_id", "order_id"], ignore_index=True)

    def suppliers(self) -> list[Field]:
        """Return what is bought, by supplier; the second column is the key."""
        orders = self._tables["replenishment_orders"]
        orders = orders[orders["type"] == "PO"]
        placed = orders[["source_id", "location_id", "bucket_start"]].drop_duplicates().groupby("source_id").size()
        sums = orders.groupby("source_id").agg(
            lines=("order_id", "size"),
            cost=("cost", "sum"),
            weight_kg=("weight_kg", "sum"),
            volume_m3=("volume_m3", "sum"),
            first=("order_date", "min"),
        )
        sums["orders"] = placed
        sums = sums.sort_values(["cost"], ascending=False, kind="stable").reset_index()
        return [
            self._named(sums, "supplier", "source_id", self._source_names()),
            self._field("source_id", "text", sums["source_id"]),
            self._field("order_lines", "count", sums["lines"], total=True),
            self._field("orders", "count", sums["orders"], total=True),
            self._field("cost", "money", sums["cost"], total=True),
            self._field("weight_kg", "quantity", sums["weight_kg"], total=True),
            self._field("volume_m3", "price", sums["volume_m3"], total=True),
            self._field("first_order_date", "date", sums["first"]),
        ]

    def stores(self) -> list[Field]:
        """Return what is delivered, by receiving location; the second column is the key."""
        orders = self._tables["replenishment_orders"]
        orders = orders[orders["type"] == "DO"]
        sums = orders.groupby("location_id").agg(
            lines=("order_id", "size"),
            days=("receipt_date", "nunique"),
            cost=("cost", "sum"),
            weight_kg=("weight_kg", "sum"),
            volume_m3=("volume_m3", "sum"),
            first=("receipt_date", "min"),
        )
        risk = self._tables["exceptions"].groupby("location_id")["money_at_risk"].sum()
        sums = sums.assign(money_at_risk=risk.reindex(sums.index).fillna(0.0)).reset_index()
        return [
            self._named(sums, "location", "location_id"),
            self._field("location_id", "text", sums["location_id"]),
            self._field("order_lines", "count", sums["lines"], total=True),
            self._field("delivery_days", "count", sums["days"]),
            self._field("cost", "money", sums["cost"], total=True),
            self._field("weight_kg", "quantity", sums["weight_kg"], total=True),
            self._field("volume_m3", "price", sums["volume_m3"], total=True),
            self._field("first_receipt_date", "date", sums["first"]),
            self._field("money_at_risk", "money", sums["money_at_risk"], total=True),
        ]

    def exceptions(self) -> list[Field]:
        """Return the exceptions, the most money first."""
        rows = self._tables["exceptions"]
        return [
            self._field("rank", "count", rows["rank"]),
            self._field("remedy", "text", self._translated("remedies", rows["remedy"])),
            self._field("kind", "text", self._translated("kinds", rows["kind"])),
            self._field("money_at_risk", "money", rows["money_at_risk"], total=True),
            self._named(rows, "item", "item_id"),
            self._named(rows, "location", "location_id"),
            self._field("date", "date", rows["date"]),
            self._field("qty", "quantity", rows["qty"]),
            self._field("uom", "text", rows["item_id"].map(self._uoms).fillna("")),
            self._field("message", "text", rows["message"], width=70),
            self._field("action", "text", rows["action"], width=60),
            self._field("item_id", "text", rows["item_id"]),
            self._field("location_id", "text", rows["location_id"]),
        ]

    def stock(self) -> tuple[list[Field], int, int, int]:
        """Return projected stock per item-location, and the columns of the sparkline and of the stock it draws."""
        stock = self._tables["projected_inventory"]
        sums = stock.groupby(_KEYS, as_index=False).agg(
            receipts=("receipts_qty", "sum"),
            planned=("planned_receipts_qty", "sum"),
            demand=("demand_qty", "sum"),
            shipped=("shipped_qty", "sum"),
            unmet=("unmet_qty", "sum"),
            safety=("safety_stock_qty", "max"),
            lowest=("closing_qty", "min"),
        )
        first = stock[stock["bucket_start"] == stock["bucket_start"].min()]
        sums = sums.merge(first[[*_KEYS, "opening_qty"]], how="left", on=_KEYS)
        risk = self._tables["exceptions"].groupby(_KEYS)["money_at_risk"].sum().rename("risk").reset_index()
        sums = sums.merge(risk, how="left", on=_KEYS).fillna({"risk": 0.0})
        closing = stock.pivot_table(index=_KEYS, columns="bucket_start", values="closing_qty", aggfunc="sum")
        closing = closing.reindex(pd.MultiIndex.from_frame(sums[_KEYS])).reset_index(drop=True)
        step = max(-(-len(closing.columns) // _MOST_STOCK_COLUMNS), 1)
        shown = list(closing.columns[step - 1 :: step])
        fields = [
            self._named(sums, "item", "item_id"),
            self._named(sums, "location", "location_id"),
            self._field("uom", "text", sums["item_id"].map(self._uoms).fillna("")),
            self._field("money_at_risk", "money", sums["risk"], total=True),
            self._field("opening_qty", "quantity", sums["opening_qty"]),
            self._field("receipts_qty", "quantity", sums["receipts"]),
            self._field("planned_receipts_qty", "quantity", sums["planned"]),
            self._field("demand_qty", "quantity", sums["demand"]),
            self._field("shipped_qty", "quantity", sums["shipped"]),
            self._field("unmet_qty", "quantity", sums["unmet"]),
            self._field("lowest_qty", "quantity", sums["lowest"]),
            self._field("safety_stock_qty", "quantity", sums["safety"]),
            self._field("stock_line", "text", None, width=22),
            *(
                Field(text(self._lang, "workbook.columns.closing", date=f"{date:%Y-%m-%d}"), "quantity", closing[date],
                      width=11)
                for date in shown
            ),
            self._field("item_id", "text", sums["item_id"]),
            self._field("location_id", "text", sums["location_id"]),
        ]  # fmt: skip
        spark = 12
        return fields, spark, spark + 1, spark + len(shown)

    def policies(self) -> list[Field]:
        """Return the stock targets and the rows that decided them."""
        rows = self._tables["policy_params"].merge(
            self._tables["supply"][[*_KEYS, "source_id", "source_rule"]], how="left", on=_KEYS
        )
        measures = self._translated("measures", rows["service_measure"])
        quantities = ("demand_mean_qty", "demand_sd_qty", "safety_stock_qty", "reorder_point_qty", "order_up_to_qty",
                      "min_qty", "max_qty")  # fmt: skip
        return [
            self._named(rows, "item", "item_id"),
            self._named(rows, "location", "location_id"),
            self._field("abc_class", "text", rows["abc_class"]),
            self._field("xyz_class", "text", rows["xyz_class"]),
            self._field("service_measure", "text", measures),
            self._field("service_target", "share", rows["service_target"]),
            self._field("lead_time_days", "days", rows["lead_time_days"]),
            self._field("review_period_days", "days", rows["review_period_days"]),
            *(self._field(name, "quantity", rows[name]) for name in quantities),
            self._field("distribution", "text", rows["distribution"]),
            self._field("holding_cost", "price", rows["holding_cost"]),
            self._field("unit_shortage_cost", "price", rows["shortage_cost"]),
            self._field("policy_rule", "text", rows["policy_rule"]),
            self._field("source_id", "text", rows["source_id"].fillna("")),
            self._field("source_rule", "text", rows["source_rule"].fillna("")),
            self._field("item_id", "text", rows["item_id"]),
            self._field("location_id", "text", rows["location_id"]),
        ]

    def capacity(self) -> list[Field]:
        """Return shared limits, the dearest first."""
        rows = self._tables["capacity_prices"].sort_values(
            ["price", "location_id", "kind", "item_id", "bucket_start", "unit"],
            ascending=[False, True, True, True, True, True],
        )
        full = (rows["used"] / rows["capacity"]).where(rows["capacity"] > 0)
        return [
            self._named(rows, "location", "location_id"),
            self._field("limit", "text", self._translated("limits", rows["kind"])),
            self._named(rows, "item", "item_id"),
            self._field("bucket_start", "date", rows["bucket_start"]),
            self._field("capacity", "quantity", rows["capacity"]),
            self._field("used", "quantity", rows["used"]),
            self._field("unit", "text", rows["unit"]),
            self._field("full", "share", full),
            self._field("price", "price", rows["price"]),
        ]

    def pins(self) -> list[Field]:
        """Return the pins and what the plan made of them."""
        rows = self._tables["pin_report"]
        kept = rows["kept"].map({True: self._say("words.yes"), False: self._say("words.no")}).astype(object)
        return [
            self._field("pin_id", "text", rows["pin_id"]),
            self._named(rows, "item", "item_id"),
            self._named(rows, "location", "location_id"),
            self._field("receipt_date", "date", rows["receipt_date"]),
            self._field("pinned_qty", "quantity", rows["qty"]),
            self._field("planned_qty", "quantity", rows["planned_qty"]),
            self._field("kept", "text", kept),
            self._field("pin_note", "text", rows["note"], width=60),
            self._field("pin_author", "text", rows["author"]),
            self._field("pin_reason", "text", rows["reason"]),
            self._field("item_id", "text", rows["item_id"]),
            self._field("location_id", "text", rows["location_id"]),
        ]

    def kpis(self) -> list[Field]:
        """Return all key figures, by group."""
        rows = self._tables["kpis"]
        return [
            self._field("kpi", "text", self._translated("figures", rows["kpi"])),
            self._field("group_by", "text", rows["group_by"]),
            self._field("group", "text", rows["group"]),
            self._field("value", "figure", rows["value"]),
            self._field("unit", "text", rows["unit"]),
            self._field("low", "figure", rows["low"]),
            self._field("high", "figure", rows["high"]),
            self._field("source", "text", rows["source"]),
        ]

    def headline(self) -> list[Figure]:
        """Return the figures of the whole plan that the overview shows."""
        rows = self._tables["kpis"]
        rows = rows[rows["group_by"] == "all"].set_index("kpi")
        out = []
        for name in _HEADLINE:
            if name in rows.index:
                row: dict[Any, Any] = rows.loc[name].to_dict()
                money = row["unit"] == self._run.provenance["currency"]
                shape = _SHAPES.get(row["unit"], "#,##0.00" if money else "#,##0")
                label = self._words.get(f"workbook.figures.{name}", name)
                unit = "%" if shape.endswith("%") else row["unit"]
                out.append(Figure(label, row["value"], unit, row["low"], row["high"], row["source"], shape))
        return out

    def data_issues(self) -> list[Field]:
        """Return what was found in the input, errors first."""
        rows = self._tables["data_issues"]
        order = rows["severity"].map({"error": 0, "warning": 1, "info": 2}).sort_values(kind="stable").index
        rows = rows.loc[order]
        texts = ("table", "row", "column", "rule", "found")
        return [
            self._field("severity", "text", self._translated("severities", rows["severity"])),
            *(self._field(name, "text", rows["value" if name == "found" else name]) for name in texts),
            self._field("issue_rows", "count", rows["rows"]),
            self._field("message", "text", rows["message"], width=70),
            self._field("done", "text", rows["action"], width=60),
        ]

    def assumptions(self, settings: Sequence[tuple[str, str]]) -> list[Field]:
        """Return every setting with what it means, units included."""
        about = self._run.provenance.get("setting_meanings", {})
        rows = pd.DataFrame(settings, columns=["path", "value"], dtype=object)
        meanings = [str(about.get(path, about.get(path.rpartition(".")[0], ""))) for path in rows["path"]]
        return [
            self._field("setting", "text", rows["path"]),
            self._field("setting_value", "text", rows["value"], width=40),
            self._field("meaning", "text", pd.Series(meanings, dtype=object), width=90),
        ]

    def provenance(self, lines: Sequence[tuple[str, str]]) -> list[Field]:
        """Return where the run came from, whole hashes included."""
        hashes = self._run.provenance.get("input_hashes", {})
        whole = {f"sha256 of {name}": str(value) for name, value in hashes.items()}
        tables = self._run.provenance.get("tables", {})
        written = [(f"sha256 of {name}.parquet", str(entry["sha256"])) for name, entry in sorted(tables.items())]
        rows = pd.DataFrame(
            [(label, whole.get(label, value)) for label, value in [*lines, *written]],
            columns=["what", "value"],
            dtype=object,
        )
        return [
            self._field("what", "text", rows["what"]),
            self._field("setting_value", "text", rows["value"], width=72),
        ]

    def facts(self) -> list[tuple[str, str]]:
        """Return what run this is: label and value."""
        about = self._run.provenance
        start = pd.Timestamp(about["horizon_start"])
        days = int(about["horizon_buckets"]) * (7 if about["bucket"] == "week" else 1)
        end = start + pd.Timedelta(days=days - 1)
        return [
            (self._say("facts.run"), str(about["run_id"])),
            (self._say("facts.scenario"), str(about.get("scenario") or self._say("words.as_written"))),
            (self._say("facts.horizon"), f"{start:%Y-%m-%d} - {end:%Y-%m-%d}"),
            (self._say("facts.status"), self._words.get(f"workbook.statuses.{about['status']}", str(about["status"]))),
            (self._say("facts.gap"), f"{100 * float(about['gap']):.2f} %"),
            (self._say("facts.currency"), str(about["currency"])),
            (self._say("facts.seed"), str(about["seed"])),
        ]

    def _say(self, key: str) -> str:
        return text(self._lang, f"workbook.{key}")

    def _field(
        self, key: str, kind: Kind, values: pd.Series | None, *, total: bool = False, width: float | None = None
    ) -> Field:
        header = text(self._lang, f"workbook.columns.{key}", currency=self._run.provenance["currency"])
        return Field(header, kind, values, total, width)

    def _named(self, rows: pd.DataFrame, key: str, column: str, names: Mapping[str, str] | None = None) -> Field:
        """Return the names of ids; an id without a name stands for itself."""
        known = names if names is not None else self._items if column == "item_id" else self._names
        ids = rows[column]
        return self._field(key, "text", ids.map(known).fillna(ids).astype(object))

    def _source_names(self) -> Mapping[str, str]:
        return {**self._places, **self._suppliers}

    def _translated(self, section: str, codes: pd.Series) -> pd.Series:
        """Return codes in the words of the language; what the catalogue does not know stays."""
        words = {code: self._words.get(f"workbook.{section}.{_key(code)}", code) for code in codes.unique()}
        return codes.map(words).astype(object)


def _key(code: str) -> str:
    """Return a code as a key of the catalogue."""
    return "".join(sign if sign.isalnum() else "_" for sign in code)
