"""How well a model does: a metric over time with its band, and all metrics of the compared rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pointsman_drift.reports.charts import CURRENT, REFERENCE, chart
from pointsman_drift.reports.history import MOST_POINTS
from pointsman_drift.reports.html import Html, escaped, named, number, readable
from pointsman_drift.reports.tables import plain_table

_OF_ALL, _OF_LABELLED = ("lower", "upper"), ("comparedLower", "comparedUpper")
_COLOURS = {"domain": ["estimated", "realised"], "range": [REFERENCE, CURRENT]}


def history_chart(metric: str, points: Sequence[Mapping[str, Any]]) -> Html:
    """Draws a metric over time.

    Args:
        metric: Its name.
        points: As ``read_history`` answers them, at least one; of many the last are drawn.
    """
    drawn = points[-MOST_POINTS:]
    both = [
        one
        for one in drawn
        if one["realised"] is not None and one["lower"] is not None and one["upper"] is not None
    ]
    outside = sum(not one["lower"] <= one["realised"] <= one["upper"] for one in both)
    words = f"{len(drawn)} spans from {drawn[0]['at']} to {drawn[-1]['at']}."
    if both:
        words += f" In {outside} of {len(both)} that have both, the realised value is outside the band."
    left = len(points) - len(drawn)
    words += f" {left} earlier ones are left out." if left else ""
    rows = [
        (
            escaped(one["at"]),
            *(number(one[name]) for name in ("realised", "estimated", "lower", "upper", "rows")),
        )
        for one in drawn
    ]
    heads = ("from", "realised", "estimated", "lower", "upper", "labelled rows")
    caption = Html(f"<strong>{named(metric)}</strong> {escaped(words, 400)}")
    data = plain_table("Each span", heads, rows)
    return chart(_over_time(metric, drawn), f"{readable(metric)} over time. {words}", caption, data)


def _over_time(metric: str, points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # A line breaks where a span has no value; points show what then stands alone.
    lines = [
        {"at": one["at"], "what": what, "value": one[what]}
        for what in ("estimated", "realised")
        if any(one[what] is not None for one in points)
        for one in points
    ]
    band = [
        {"at": one["at"], "lower": one["lower"], "upper": one["upper"]}
        for one in points
        if one["lower"] is not None and one["upper"] is not None
    ]
    x = {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None}
    value = {"type": "quantitative", "title": readable(metric, 40), "scale": {"zero": False}}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": lines},
            "mark": {"type": "line", "point": True, "strokeWidth": 1.5},
            "encoding": {
                "x": x,
                "y": {"field": "value", **value},
                "color": {"field": "what", "type": "nominal", "scale": _COLOURS},
                "strokeDash": {
                    "field": "what",
                    "type": "nominal",
                    "scale": {"domain": _COLOURS["domain"], "range": [[5, 3], [1, 0]]},
                },
            },
        }
    ]
    if band:
        area = {
            "data": {"values": band},
            "mark": {"type": "area", "fillOpacity": 0.25},
            "encoding": {
                "x": x,
                "y": {"field": "lower", **value},
                "y2": {"field": "upper"},
                "fill": {"value": REFERENCE},
            },
        }
        layers.insert(0, area)
    return {"width": 360, "height": 170, "layer": layers}


def snapshot_table(performance: Mapping[str, Mapping[str, Any]]) -> Html:
    """Makes the table of the metrics of the compared rows.

    Args:
        performance: By metric what ``snapshot_of`` answers. Beside a realised value stands the band of the
            same rows, or none where it is not kept.
    """
    heads = (
        *("metric", "baseline", "estimated", "estimated of the labelled", "band"),
        *("realised", "labelled rows", "inside the band"),
    )
    return plain_table("Metrics of the compared rows", heads, _snapshot_rows(performance))


def _snapshot_rows(performance: Mapping[str, Mapping[str, Any]]) -> Iterable[Sequence[Html]]:
    words = {True: "yes", False: "no", None: ""}
    for metric, one in performance.items():
        is_realised = one.get("realised") is not None
        lower, upper = (one.get(name) for name in (_OF_LABELLED if is_realised else _OF_ALL))
        band = Html("") if lower is None or upper is None else Html(f"{number(lower)} – {number(upper)}")
        yield (
            named(metric),
            number(one.get("reference")),
            number(one.get("estimate")),
            number(one.get("compared")),
            band,
            number(one.get("realised")),
            number(one.get("sampleSize")),
            Html(words[one.get("insideBand")]),
        )
