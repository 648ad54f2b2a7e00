"""What all pages share: templates, fonts, styles, scripts, and how data are packed into one file."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).with_name("templates")
_FONTS = {"Newsreader": "newsreader-latin.woff2", "Inter": "inter-latin.woff2"}


@cache
def environment() -> Environment:
    """Return where templates are found; what they are given is escaped, what they lack is an error."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style(*names: str) -> Markup:
    """Return the fonts and these style sheets of `templates/`."""
    return Markup(_fonts() + "".join(_read(name) for name in names))


def script(*names: str) -> Markup:
    """Return these scripts of `templates/`, in order."""
    return Markup("\n".join(_read(name) for name in names))


def packed(data: Mapping[str, Any]) -> str:
    """Return the data as base64 of gzipped JSON, always the same for the same data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def _fonts() -> str:
    """Return the two fonts as style rules with their bytes."""
    rules = []
    for family, name in _FONTS.items():
        content = base64.b64encode((_TEMPLATES / "fonts" / name).read_bytes()).decode()
        rules.append(
            f"@font-face{{font-family:'{family}';font-weight:100 900;font-display:swap;"
            f"src:url(data:font/woff2;base64,{content}) format('woff2')}}\n"
        )
    return "".join(rules)


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
