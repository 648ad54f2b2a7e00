"""Ids and numbers made from names: the same on every machine."""

from __future__ import annotations

import hashlib


def identifier(name: str) -> str:
    """Return an id for a name: upper case, words joined by underscores, no punctuation."""
    kept = "".join(c if c.isalnum() else " " for c in name.upper().replace("'", ""))
    return "_".join(kept.split())


def fraction(*keys: str) -> float:
    """Return a number in [0, 1) that depends on the keys only."""
    digest = hashlib.sha256("|".join(keys).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
