"""Charts of a page, drawn by Vega-Lite without a network, as SVG inside the page."""

import re
from collections.abc import Mapping
from typing import Any

from pointsman_drift.packages import load
from pointsman_drift.reports.html import Html, escaped

VEGA_LITE = "6.4"
"""The version that is asked for, so that the same data are the same bytes."""
REFERENCE, CURRENT = "#4f86c6", "#d9731a"
"""Both stand out from white and from black, also for those who do not tell red from green."""
_INK = "currentColor"
_CONFIG: Mapping[str, Any] = {
    # What a chart shows is told by its label and the table beside it, not by each of its marks.
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "domainColor": _INK,
        "tickColor": _INK,
        "gridColor": _INK,
        "gridOpacity": 0.15,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": _INK, "titleColor": _INK, "orient": "top", "title": None},
}
_NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"')


def chart(spec: Mapping[str, Any], label: str, caption: Html, data: Html) -> Html:
    """Draws a chart with what it shows in words, and its data as a table.

    Args:
        spec: A Vega-Lite specification with its data in it.
        label: What the chart shows, in a sentence, for those who do not see it.
        caption: What stands below it.
        data: The table of its data.

    Raises:
        MissingPackageError: ``vl-convert-python`` is not installed.
    """
    drawing = draw(spec)
    marked = drawing.replace("<svg ", f'<svg role="img" aria-label="{escaped(label, 600)}" ', 1)
    return Html(
        f"<figure>{marked}<figcaption>{caption}</figcaption>"
        f"<details><summary>Data</summary>{data}</details></figure>"
    )


def draw(spec: Mapping[str, Any]) -> str:
    """Answers a chart as SVG for the inside of a page; it fetches nothing.

    Args:
        spec: A Vega-Lite specification with its data in it.

    Raises:
        MissingPackageError: ``vl-convert-python`` is not installed.
    """
    converter = load("vl_convert", "report")
    drawing: str = converter.vegalite_to_svg(
        {"config": _CONFIG, **spec}, vl_version=VEGA_LITE, allowed_base_urls=[]
    )
    # Inside a page an SVG needs no namespaces, and a report has no address in it.
    return _NAMESPACES.sub("", drawing)
