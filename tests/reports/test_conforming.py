"""The quick look at a table says what its schema says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.errors
import pytest

from reports.conforming import conforms
from reports.tables import PUBLISHED, conform


def test_good_tables_come_out_as_the_schema_gives_them(tables: dict[str, pd.DataFrame]) -> None:
    for name, schema in PUBLISHED.items():
        for frame in (tables[name], tables[name].head(0)):
            quick = conforms(schema, frame)
            assert quick is not None, name
            pd.testing.assert_frame_equal(quick, schema.validate(frame))
    whole = tables["forecast"].assign(mean_qty=1)
    pd.testing.assert_frame_equal(conform(PUBLISHED["forecast"], whole), PUBLISHED["forecast"].validate(whole))
    nothing = pd.DataFrame({column: pd.Series(dtype=object) for column in tables["routes"]})
    pd.testing.assert_frame_equal(conform(PUBLISHED["routes"], nothing), PUBLISHED["routes"].validate(nothing))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("replenishment_orders", "type", "XX"),
        ("replenishment_orders", "qty", -1.0),
        ("replenishment_orders", "qty", np.nan),
        ("replenishment_orders", "item_id", None),
        ("replenishment_orders", "receipt_date", pd.NaT),
        ("simulation", "fill_rate", 1.5),
    ],
)
def test_every_fault_goes_to_the_schema(
    tables: dict[str, pd.DataFrame], table: str, column: str, value: object
) -> None:
    frame = tables[table].copy()
    frame.loc[frame.index[0], column] = value
    assert conforms(PUBLISHED[table], frame) is None
    with pytest.raises(pandera.errors.SchemaErrors):
        conform(PUBLISHED[table], frame)


def test_a_key_that_stands_twice_is_a_fault(tables: dict[str, pd.DataFrame]) -> None:
    frame = pd.concat([tables["loads"], tables["loads"].head(1)], ignore_index=True)
    assert conforms(PUBLISHED["loads"], frame) is None
    with pytest.raises(pandera.errors.SchemaErrors):
        conform(PUBLISHED["loads"], frame)


def test_what_can_be_cast_still_is(tables: dict[str, pd.DataFrame]) -> None:
    frame = tables["stops"].astype({"location_id": "category", "sequence": "int32"})
    pd.testing.assert_frame_equal(conform(PUBLISHED["stops"], frame), tables["stops"])
