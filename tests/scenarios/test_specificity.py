"""The most specific row wins: against a slow oracle that reads every rule for every key."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.tables.specificity import describe_rule, most_specific, specificity

KEYS = ["item_id", "category", "location_id", "region"]


def slow_winner(key: Mapping[str, str], rules: list[dict[str, object]]) -> int:
    """Read the rules one by one; item before category before none, then location before region before none."""
    best, winner = (), -1
    for position, rule in enumerate(rules):
        if any(rule[name] not in ("", key[name]) for name in KEYS):
            continue
        of_item = "item" if rule["item_id"] else "category" if rule["category"] else "none"
        of_place = "location" if rule["location_id"] else "region" if rule["region"] else "none"
        order = (
            ["none", "category", "item"].index(of_item),
            ["none", "region", "location"].index(of_place),
            -int(str(rule.get("priority", 0))),
            -position,
        )
        if not best or order > best:
            best, winner = order, position
    return winner


texts = st.sampled_from(["", "a", "b", "c"])
rule_rows = st.lists(
    st.fixed_dictionaries({**dict.fromkeys(KEYS, texts), "priority": st.integers(1, 3)}),
    max_size=12,
)
key_rows = st.lists(st.fixed_dictionaries({name: st.sampled_from("abcd") for name in KEYS}), max_size=8)


@settings(max_examples=100)
@given(key_rows, rule_rows, st.booleans(), st.booleans())
def test_equals_the_slow_oracle(
    keys: list[dict[str, str]], rules: list[dict[str, object]], with_priority: bool, categorical: bool
) -> None:
    if not with_priority:
        rules = [{name: rule[name] for name in KEYS} for rule in rules]
    frame = pd.DataFrame(keys, columns=KEYS, dtype=object)
    rule_frame = pd.DataFrame(rules, columns=[*KEYS, "priority"] if with_priority else KEYS)
    if categorical:
        frame = frame.astype("category")
        rule_frame = rule_frame.astype(dict.fromkeys(KEYS, "category"))
    found = most_specific(frame, rule_frame)
    assert found.dtype == np.int64
    assert found.tolist() == [slow_winner(key, rules) for key in keys]


@given(key_rows, rule_rows)
def test_labels_of_rows_do_not_matter(keys: list[dict[str, str]], rules: list[dict[str, object]]) -> None:
    frame = pd.DataFrame(keys, columns=KEYS, dtype=object)
    rule_frame = pd.DataFrame(rules, columns=[*KEYS, "priority"])
    relabelled = rule_frame.set_index(pd.Index([7] * len(rules)))
    shuffled_labels = frame.set_index(pd.Index(range(len(keys), 0, -1)))
    assert most_specific(shuffled_labels, relabelled).tolist() == most_specific(frame, rule_frame).tolist()


def test_documented_order() -> None:
    rules = pd.DataFrame(
        [
            ("", "", "", ""),
            ("", "", "", "r"),
            ("", "", "l", ""),
            ("", "c", "", ""),
            ("", "c", "", "r"),
            ("", "c", "l", ""),
            ("i", "", "", ""),
            ("i", "", "", "r"),
            ("i", "", "l", ""),
        ],
        columns=KEYS,
    )
    assert specificity(rules).tolist() == list(range(9))
    key = pd.DataFrame([("i", "c", "l", "r")], columns=KEYS)
    for count in range(9, 0, -1):
        assert most_specific(key, rules.iloc[:count]).tolist() == [count - 1]
    assert most_specific(key, rules.iloc[:0]).tolist() == [-1]


def test_rules_may_lack_key_columns() -> None:
    rules = pd.DataFrame({"location_id": ["l", ""], "kind": ["closed", "receive"]})
    keys = pd.DataFrame({"location_id": ["l", "m"]})
    assert most_specific(keys, rules).tolist() == [0, 1]


def test_describes_a_rule() -> None:
    row = pd.Series({"item_id": "", "category": "whiskey", "location_id": "", "region": "north", "line": 4})
    assert describe_rule("inventory_policies", row) == "inventory_policies line 4 (category whiskey, region north)"
    assert describe_rule("lanes", pd.Series({"item_id": "", "line": 2})) == "lanes line 2 (all items, all locations)"
    assert describe_rule("lanes", pd.Series({"item_id": "007"})) == "lanes (item 007)"


@pytest.mark.slow
def test_a_million_keys_and_thousands_of_rules_are_quick() -> None:
    rng = np.random.default_rng(1)
    item, place = rng.integers(0, 5000, 1_000_000), rng.integers(0, 500, 1_000_000)
    names = np.array([f"i{n}" for n in range(5000)], dtype=object)
    places = np.array([f"l{n}" for n in range(500)], dtype=object)
    keys = pd.DataFrame(
        {
            "item_id": names[item],
            "category": np.array([f"c{n}" for n in range(20)], dtype=object)[item % 20],
            "location_id": places[place],
            "region": np.array([f"r{n}" for n in range(9)], dtype=object)[place % 9],
        }
    )
    count = 4000
    rules = keys.iloc[rng.integers(0, len(keys), count)].reset_index(drop=True)
    for name in KEYS:
        rules.loc[rng.random(count) < 0.5, name] = ""
    start = time.process_time()
    found = most_specific(keys, rules)
    assert time.process_time() - start < 10  # about 1 s on a quiet core
    records = rules.to_dict("records")
    for position in rng.integers(0, len(keys), 20):
        assert found[position] == slow_winner(keys.iloc[position].to_dict(), records)
