"""management.html: the report as one file that needs no script, reads on a phone and prints."""

from __future__ import annotations

from html import escape
from pathlib import Path

from markupsafe import Markup

from reports.management_charts import Box, Dot, Label, Line, Picture, picture
from reports.management_model import Bars, Points, Steps, Story
from reports.page_shell import environment, style
from reports.texts import text

_WIDE, _NARROW = 560.0, 330.0


def write_management_page(story: Story, path: Path) -> None:
    """Write the page; the same story gives the same bytes."""
    template = environment().get_template("management.html.j2")
    page = template.render(
        story=story,
        style=style("report.css", "comparison.css", "management.css"),
        say=lambda key, **values: text(story.lang, f"management.{key}", **values),
        draw=lambda chart: _drawn(chart, story.lang),
    )
    path.write_text(page, encoding="utf-8")


def _drawn(chart: Bars | Steps | Points, lang: str) -> Markup:
    """Return the chart twice: for wide and for narrow screens; the style shows one of them."""
    about = text(lang, "management.chart_of", title=chart.title)
    pictures = (("wide", picture(chart, _WIDE)), ("narrow", picture(chart, _NARROW)))
    return Markup("".join(_svg(drawn, name, about) for name, drawn in pictures))


def _svg(drawn: Picture, name: str, about: str) -> str:
    shapes = "".join(_shape(shape) for shape in drawn.shapes)
    return (
        f'<svg class="{name}" viewBox="0 0 {drawn.width:.0f} {drawn.height:.0f}" role="img" '
        f'aria-label="{escape(about)}">{shapes}</svg>'
    )


def _shape(shape: Box | Line | Dot | Label) -> str:
    if isinstance(shape, Box):
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" '
            f'fill="{shape.fill}"/>'
        )
    if isinstance(shape, Line):
        return (
            f'<line x1="{shape.x1:.1f}" y1="{shape.y1:.1f}" x2="{shape.x2:.1f}" y2="{shape.y2:.1f}" '
            f'stroke="{shape.colour}"/>'
        )
    if isinstance(shape, Dot):
        return (
            f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius}" fill="{shape.fill}" '
            f'stroke="{shape.stroke}" stroke-width="1.5"/>'
        )
    weight = ' class="strong"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="{shape.anchor}" fill="{shape.colour}"{weight}>'
        f"{escape(shape.text)}</text>"
    )
