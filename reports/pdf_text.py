"""Text of any language in a PDF: which font draws which characters, and what becomes of those that none draws.

Helvetica draws Western European letters, STSong-Light (one of the Asian fonts that every PDF reader brings
along or can add; it is not embedded) Chinese, Japanese kana, Greek and Cyrillic. Other Latin letters lose
their accents; what is left, emoji and other scripts, is named in brackets, so that nothing is lost silently.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

LATIN, LATIN_BOLD, ASIAN = "Helvetica", "Helvetica-Bold", "STSong-Light"

_MINUS = {0x2212: "–"}  # a minus sign, which neither font has; the dash is as long
_WITHOUT_STROKE = str.maketrans("łŁđĐħĦıŧŦ", "lLdDhHitT")
_INVISIBLE = {0x200D, 0x200B, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)}


def runs_of(text: str, *, bold: bool = False) -> list[tuple[str, str]]:
    """Return the text as (font, part) pairs in order."""
    _register()
    drawn = "".join(_drawable(text))
    latin = LATIN_BOLD if bold else LATIN
    return [(latin if simple else ASIAN, "".join(part)) for simple, part in groupby(drawn, _is_latin)]


def markup(text: str, *, bold: bool = False) -> str:
    """Return the text for a reportlab paragraph, its fonts named and its signs escaped."""
    return "".join(f'<font name="{font}">{escape(part)}</font>' for font, part in runs_of(text, bold=bold))


def has_asian(text: str) -> bool:
    """Return whether a part of the text is drawn by the Asian font, whose words have no spaces between."""
    return any(font == ASIAN for font, _ in runs_of(text))


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text in points."""
    return float(sum(pdfmetrics.stringWidth(part, font, size) for font, part in runs_of(text, bold=bold)))


def draw(canvas: Any, x: float, y: float, text: str, size: float, *, bold: bool = False, right: bool = False) -> None:
    """Draw a line of text on a canvas from `x` on, or up to it."""
    at = x - width_of(text, size, bold=bold) if right else x
    for font, part in runs_of(text, bold=bold):
        canvas.setFont(font, size)
        canvas.drawString(at, y, part)
        at += pdfmetrics.stringWidth(part, font, size)


def shortened(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return the text cut to a width in points, with an ellipsis where it was cut."""
    if width_of(text, size, bold=bold) <= width:
        return text
    kept = text
    while kept and width_of(f"{kept}…", size, bold=bold) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


@cache
def _register() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(ASIAN))


def _is_latin(character: str) -> bool:
    return _fits(character, "cp1252")


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _drawable(text: str) -> Iterator[str]:
    """Yield the text in characters that the two fonts have."""
    for character in unicodedata.normalize("NFC", text).translate(_MINUS):
        if ord(character) in _INVISIBLE:
            continue
        if character.isspace() or unicodedata.category(character) == "Cc":
            yield " "
        elif _is_latin(character) or _fits(character, "gbk"):
            yield character
        else:
            yield _in_place_of(character)


def _in_place_of(character: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    bare = bare.translate(_WITHOUT_STROKE)
    if bare and all(_is_latin(c) for c in bare):
        return bare
    if unicodedata.category(character) == "So":
        return f"[{unicodedata.name(character, f'U+{ord(character):04X}').lower()}]"
    return f"[U+{ord(character):04X}]"
