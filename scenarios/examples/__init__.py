"""Worked examples with real data, shipped in the wheel."""

from __future__ import annotations

from pathlib import Path


def example_names() -> tuple[str, ...]:
    """Names of the shipped examples."""
    return tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/scenario.yaml")))


def example_folder(name: str) -> Path:
    """Folder of a shipped example; KeyError if there is none of that name."""
    if name not in example_names():
        raise KeyError(name)
    return Path(__file__).parent / name
