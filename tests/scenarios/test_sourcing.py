"""Which row supplies an item-location: against a slow oracle written from the documented rule."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from scenarios.tables.sourcing import find_sources

KEYS = ["item_id", "category", "location_id", "region"]
Row = dict[str, object]


def level(row: Row) -> int:
    of_item = 2 if row["item_id"] else 1 if row["category"] else 0
    return 3 * of_item + (2 if row["location_id"] else 1 if row["region"] else 0)


def best(rows: list[tuple[int, Row]]) -> tuple[int, Row] | None:
    ordered = sorted(rows, key=lambda pair: (-level(pair[1]), int(str(pair[1]["priority"])), pair[0]))
    return ordered[0] if ordered else None


def slow_source(key: Row, suppliers: list[Row], lanes: list[Row]) -> tuple[str, int]:
    def applies(row: Row) -> bool:
        return all(row[name] in ("", key[name]) for name in KEYS)

    def names_place(row: Row) -> bool:
        return bool(row["location_id"] or row["region"])

    lane = best(
        [
            (i, row)
            for i, row in enumerate(lanes)
            if applies(row)
            and (names_place(row) or key["location_type"] != "dc")
            and row["origin_id"] != key["location_id"]
        ]
    )
    direct = best([(i, row) for i, row in enumerate(suppliers) if applies(row) and names_place(row)])
    if lane and (direct is None or level(lane[1]) >= level(direct[1])):
        return "lanes", lane[0]
    anywhere = best([(i, row) for i, row in enumerate(suppliers) if applies(row) and not names_place(row)])
    supplier = direct or anywhere
    return ("item_suppliers", supplier[0]) if supplier else ("", -1)


names = st.sampled_from(["", "", "a", "b"])
rule = st.fixed_dictionaries({**dict.fromkeys(KEYS, names), "priority": st.integers(1, 2)})
lane_rows = st.lists(
    st.tuples(rule, st.sampled_from("abz")).map(lambda pair: {**pair[0], "origin_id": pair[1]}), max_size=6
)
key = st.fixed_dictionaries(
    {**dict.fromkeys(KEYS, st.sampled_from("ab")), "location_type": st.sampled_from(["dc", "store", "online"])}
)


@given(st.lists(key, max_size=6), st.lists(rule, max_size=6), lane_rows)
def test_equals_the_slow_oracle(keys: list[Row], suppliers: list[Row], lanes: list[Row]) -> None:
    columns = [*KEYS, "priority"]
    found = find_sources(
        pd.DataFrame(keys, columns=[*KEYS, "location_type"], dtype=object),
        pd.DataFrame(suppliers, columns=columns),
        pd.DataFrame(lanes, columns=[*columns, "origin_id"]),
    )
    for position, row in enumerate(keys):
        table, line = slow_source(row, suppliers, lanes)
        assert found.lane_row[position] == (line if table == "lanes" else -1)
        assert found.supplier_row[position] == (line if table == "item_suppliers" else -1)
        assert found.found[position] == (line >= 0)
