"""How a result's figures are judged, in words that follow from the result itself."""

from collections.abc import Mapping
from typing import Any

from pointsman_drift.reports.figures import ReportedFigure
from pointsman_drift.reports.html import Html, escaped, number
from pointsman_drift.reports.tables import plain_table

_CALIBRATED = (
    "A figure is a warning when its score reaches the warning threshold and its p-value stays at 0.05 or "
    "below after control of false discoveries (Benjamini-Hochberg) over all figures of this analysis; it is "
    "an alert at the alert threshold and 0.01. Figures without a p-value are judged by their score.",
    "The score is the effect: how large a difference is, whatever the number of rows. Of psi and "
    "js_divergence it is what lies above their mean without drift for these rows and bins.",
)
_PLAIN = (
    "Calibration is off: each figure is judged alone, by the plain levels. Of ks_test and chi_square p < "
    "0.05 is a warning. With few rows, or with many features, much of that is chance.",
)
_ALWAYS = (
    "The status of the whole is the worst of all figures. Where no feature could be judged it is a warning: "
    "nobody looked, so nobody can say ok.",
    "In histograms are the bins by which features were judged: quantiles of the reference, so that without "
    "drift the bars of both sides are as tall; a value with a tenth of the rows has a bin of its own.",
)


def judging(result: Mapping[str, Any], figures: list[ReportedFigure]) -> Html:
    """Says how figures are judged, with the thresholds that were in force.

    Args:
        result: As ``Result.to_dict`` answers it.
        figures: All of it.
    """
    words = _CALIBRATED if result["calibration"] == "on" else _PLAIN
    levels = {one.algorithm: one for one in figures}
    rows = [
        (
            escaped(name),
            number(one.figure["warningThreshold"]),
            number(one.figure["alertThreshold"]),
            escaped(one.figure["test"] or "none", 200),
        )
        for name, one in sorted(levels.items())
    ]
    heads = ("algorithm", "warning from score", "alert from score", "test")
    text = "".join(f"<p>{escaped(one, 600)}</p>" for one in (*words, *_ALWAYS))
    return Html(text + (plain_table("Thresholds in force", heads, rows) if rows else ""))
