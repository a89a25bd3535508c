"""Histograms of both sides, one over the other."""

from typing import Any

from pointsman_drift.reports.charts import CURRENT, REFERENCE, chart
from pointsman_drift.reports.html import Html, isolated, named, number, readable
from pointsman_drift.reports.tables import plain_table
from pointsman_drift.results.histogram import Histogram
from pointsman_drift.tables.families import Kind

_LABEL = 40


def histogram_chart(one: Histogram, status: Html) -> Html:
    """Draws the shares of both sides in each bin, the current ones as narrower bars before the others.

    Args:
        one: The histogram.
        status: What is said of the feature.
    """
    totals = max(sum(one.reference), 1), max(sum(one.current), 1)
    shares = [
        (before / totals[0], after / totals[1])
        for before, after in zip(one.reference, one.current, strict=True)
    ]
    largest = max(range(len(shares)), key=lambda place: abs(shares[place][1] - shares[place][0]))
    before, after = shares[largest]
    label = (
        f"Shares of {readable(one.feature)} in {len(shares)} bins. The largest difference is in bin "
        f"{readable(one.labels[largest])}: {before:.1%} of the reference, {after:.1%} now."
    )
    heads = ("bin", "reference", "share", "current", "share")
    rows = [
        (named(text), number(counts[0]), _share(share[0]), number(counts[1]), _share(share[1]))
        for text, counts, share in zip(
            one.labels, zip(one.reference, one.current, strict=True), shares, strict=True
        )
    ]
    data = plain_table("Rows of both sides in each bin", heads, rows)
    return chart(_spec(one, shares), label, Html(f"<strong>{named(one.feature)}</strong> {status}"), data)


def _spec(one: Histogram, shares: list[tuple[float, float]]) -> dict[str, Any]:
    names = _unlike([isolated(label, _LABEL) for label in one.labels])
    values = [
        {"bin": name, "side": side, "share": share}
        for name, both in zip(names, shares, strict=True)
        for side, share in zip(("reference", "current"), both, strict=True)
    ]
    x = {
        "field": "bin",
        "type": "nominal",
        # In the order of the data, and a place even for what no side has.
        "sort": None,
        "title": None,
        "axis": {"labelAngle": -45 if len(names) > 4 else 0, "labelLimit": 110},
    }
    y = {
        "field": "share",
        "type": "quantitative",
        "stack": None,
        "title": "share of rows" if one.kind is Kind.CATEGORICAL else "share of rows in each bin",
        "axis": {"format": ".0%", "tickCount": 5},
    }
    colour = {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": ["reference", "current"], "range": [REFERENCE, CURRENT]},
    }

    def bars(side: str, width: float) -> dict[str, Any]:
        return {
            "transform": [{"filter": {"field": "side", "equal": side}}],
            "mark": {"type": "bar", "width": {"band": width}},
        }

    return {
        "data": {"values": values},
        "width": 360,
        "height": 170,
        "encoding": {"x": x, "y": y, "color": colour},
        "layer": [bars("reference", 0.9), bars("current", 0.45)],
    }


def _unlike(names: list[str]) -> list[str]:
    """Tells apart what was shortened to the same: to the chart it would be one bin."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in found else f"{name} #{len(found) + 1}")
    return found


def _share(value: float) -> Html:
    return Html(f"{value:.2%}")
