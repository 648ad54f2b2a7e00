"""The one catalogue of the words in reports, by language: `reports/texts/en.toml` and `zh.toml`.

Keys are dotted paths into the file; a value may hold `{names}` for `str.format`. Both languages have the
same keys and the same names in braces. Ids, names and figures of a run are never translated.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")
_FOLDER = Path(__file__).with_name("texts")


def text(lang: str, key: str, **values: object) -> str:
    """Return the text of `key` in a language, with `values` in the places of their names.

    Raises
    ------
    KeyError
        There is no such language or key.
    """
    return catalogue(lang)[key].format(**values)


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """Return all texts of a language by dotted key."""
    if lang not in LANGUAGES:
        raise KeyError(f"no texts in {lang!r}; there are {', '.join(LANGUAGES)}")
    return dict(_flat(tomllib.loads((_FOLDER / f"{lang}.toml").read_text(encoding="utf-8")), ""))


def meanings(section: str) -> dict[str, str]:
    """Return the last part of the key of every text of a section, by text, in all languages.

    So that a file made in one language can be read by a program that runs in another.
    """
    return {
        words: key.removeprefix(f"{section}.")
        for lang in LANGUAGES
        for key, words in catalogue(lang).items()
        if key.startswith(f"{section}.")
    }


def _flat(entries: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, entry in entries.items():
        path = f"{above}.{key}" if above else key
        if isinstance(entry, dict):
            yield from _flat(entry, path)
        else:
            yield path, str(entry)
