"""PowerPoint's own charts of the management report: stacked bars, bridges and points, in the style of the page."""

from __future__ import annotations

import unicodedata
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_AXIS_CROSSES,
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.util import Emu, Pt

from reports.management_charts import BETTER, PAPER, RULE, SERIES, SOFT, TOTAL, WORSE, axis_ends
from reports.management_model import Bars, Points, Steps

_SOFT, _RULE = RGBColor.from_string(SOFT[1:]), RGBColor.from_string(RULE[1:])


def add_chart(slide: Any, chart: Bars | Steps | Points, box: tuple[int, int, int, int], about: str) -> None:
    """Add a chart to a slide.

    Parameters
    ----------
    box : left, top, width and height in EMU.
    about : what a screen reader says.
    """
    place = [Emu(int(value)) for value in box]
    if isinstance(chart, Points):
        frame = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *place, _points(chart))
        _dress_points(frame.chart, chart)
    elif isinstance(chart, Steps):
        frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_STACKED, *place, _steps(chart))
        _dress_steps(frame.chart, chart)
    else:
        frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_STACKED, *place, _bars(chart))
        _dress_bars(frame.chart, chart)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", about)
    _title(frame.chart, chart.title)


def _bars(chart: Bars) -> CategoryChartData:
    data = CategoryChartData(number_format="#,##0")
    data.categories = [_inert(f"{name}   {end}") for name, end in zip(chart.rows, chart.ends, strict=True)]
    for name, values in zip(chart.series, chart.values, strict=True):
        data.add_series(_inert(name), values)
    return data


def _dress_bars(native: Any, chart: Bars) -> None:
    for series, colour in zip(native.plots[0].series, SERIES, strict=False):
        _paint(series.format, colour)
    native.has_legend = True
    native.legend.position, native.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    native.legend.font.size = Pt(11)
    _bar_axes(native)
    native.value_axis.minimum_scale = 0


def _steps(chart: Steps) -> CategoryChartData:
    """Return what is below and what is in every bar, on both sides of zero: stacked, they float."""
    data = CategoryChartData(number_format="#,##0")
    data.categories = [_inert(f"{name}   {label}") for name, label in zip(chart.rows, chart.labels, strict=True)]
    spans = [(min(span), max(span)) for span in chart.spans()]
    above, below = [max(0.0, low) for low, _ in spans], [min(0.0, high) for _, high in spans]
    data.add_series("offset above zero", [round(base, 2) for base in above])
    data.add_series(
        "above zero", [round(max(0.0, high) - base, 2) for (_, high), base in zip(spans, above, strict=True)]
    )
    data.add_series("offset below zero", [round(base, 2) for base in below])
    data.add_series("below zero", [round(min(0.0, low) - base, 2) for (low, _), base in zip(spans, below, strict=True)])
    return data


def _dress_steps(native: Any, chart: Steps) -> None:
    rises = [end > start for start, end in chart.spans()]
    for n, series in enumerate(native.plots[0].series):
        if n % 2 == 0:
            series.format.fill.background()
            continue
        series.invert_if_negative = False
        for r, rise in enumerate(rises):
            colour = TOTAL if r == len(rises) - 1 else WORSE if rise else BETTER
            _paint(series.points[r].format, colour)
    native.has_legend = False
    _bar_axes(native)


def _bar_axes(native: Any) -> None:
    plot = native.plots[0]
    plot.gap_width, plot.overlap = 60, 100
    names, values = native.category_axis, native.value_axis
    names.reverse_order = True
    names.crosses = XL_AXIS_CROSSES.MAXIMUM  # the other axis stays below, although the order is reversed
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.tick_labels.font.size = Pt(11)
    names.format.line.color.rgb = _SOFT
    names.has_major_gridlines = False
    values.tick_labels.font.size, values.tick_labels.font.color.rgb = Pt(10), _SOFT
    values.tick_labels.number_format, values.tick_labels.number_format_is_linked = "#,##0", False
    values.major_gridlines.format.line.color.rgb = _RULE
    values.format.line.fill.background()


def _points(chart: Points) -> XyChartData:
    data = XyChartData()
    for name, x, y, _ in chart.points:
        data.add_series(_inert(name)).add_data_point(x, y)
    return data


def _dress_points(native: Any, chart: Points) -> None:
    native.has_legend = False
    for series, (name, _, _, kind) in zip(native.plots[0].series, chart.points, strict=True):
        colour = WORSE if kind == "base" else BETTER
        series.format.line.fill.background()
        marker = series.marker
        marker.style, marker.size = XL_MARKER_STYLE.CIRCLE, 10
        _paint(marker.format, PAPER if kind == "beaten" else colour)
        marker.format.line.color.rgb = RGBColor.from_string((SOFT if kind == "beaten" else colour)[1:])
        label = series.points[0].data_label
        label.position = XL_LABEL_POSITION.RIGHT
        label.text_frame.text = name
        label.text_frame.paragraphs[0].runs[0].font.size = Pt(11)
    axes = (
        (native.category_axis, 1, chart.x_title, chart.x_format),
        (native.value_axis, 2, chart.y_title, chart.y_format),
    )
    for axis, at, title, written in axes:
        axis.minimum_scale, axis.maximum_scale = axis_ends([float(point[at]) for point in chart.points])  # type: ignore[arg-type, unused-ignore]
        axis.has_major_gridlines = True
        axis.major_gridlines.format.line.color.rgb = _RULE
        axis.has_title = True
        axis.axis_title.text_frame.text = title
        axis.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(11)
        axis.axis_title.text_frame.paragraphs[0].runs[0].font.bold = False
        axis.tick_labels.font.size, axis.tick_labels.font.color.rgb = Pt(10), _SOFT
        axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = written, False


def _paint(target: Any, colour: str) -> None:
    target.fill.solid()
    target.fill.fore_color.rgb = RGBColor.from_string(colour[1:])


def _title(native: Any, words: str) -> None:
    native.has_title = True
    frame = native.chart_title.text_frame
    frame.text = words
    frame.paragraphs[0].runs[0].font.size, frame.paragraphs[0].runs[0].font.bold = Pt(13), True


def _inert(words: str) -> str:
    """Return a text that the workbook behind a chart neither takes for a formula nor refuses."""
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in words)
    return f" {plain}" if plain[:1] in {"=", "+", "-", "@", "{"} else plain
