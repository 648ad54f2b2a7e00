"""Nearest: the known word that a misspelled one most likely stands for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of `known` that `word` most likely stands for; empty where none is near."""
    names = [str(name) for name in known]
    by_case = {name.casefold(): name for name in reversed(names)}
    matches = difflib.get_close_matches(word.strip().casefold(), list(by_case), n=1, cutoff=0.75)
    return by_case[matches[0]] if matches else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return the advice for an unknown word: the nearest known one, or what else to do."""
    near = nearest(word, known)
    return f"Did you mean {near!r}?" if near else otherwise
