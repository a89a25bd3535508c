"""Reads a result of an analysis, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from pointsman.client import DriftResult

MOST_FIGURES = 8
_RANKS = {"alert": 0, "warning": 1, "ok": 2}
_OF_PREDICTIONS = "(predictions)"

Figure = tuple[str, str, dict[str, Any]]
"""What it is of, the algorithm, and what it says."""


def figures_of(result: DriftResult) -> list[Figure]:
    """Answers all figures of a result, the worst first."""
    found = [
        (feature, algorithm, figure)
        for feature, figures in result.features.items()
        for algorithm, figure in figures.items()
    ]
    return sorted(found, key=lambda one: (_RANKS[one[2]["status"]], -one[2]["score"], one[0], one[1]))


def features_that_drift(result: DriftResult) -> dict[str, list[str]]:
    """Answers by feature what drifts, in words; names in parentheses are columns of answers, no features."""
    found: dict[str, list[str]] = {}
    for feature, algorithm, figure in figures_of(result):
        if figure["drift"] and not feature.startswith("("):
            found.setdefault(feature, []).append(f"{algorithm} {figure['score']:.3f}")
    return found


def changes_told(result: DriftResult) -> list[str]:
    """Says in lines what a result says of features, of accuracy, and of how outcomes follow from scores."""
    lines = [
        f"Feature drift: {feature} ({', '.join(words)})"
        for feature, words in features_that_drift(result).items()
    ]
    drop = result.features.get(_OF_PREDICTIONS, {}).get("accuracy_drop")
    accuracy = result.performance.get("accuracy")
    if drop is not None and drop["drift"]:
        lines.append(f"Accuracy drop: {drop['score']:.3f} below the baseline's ({drop['status']})")
    if accuracy is not None and accuracy.inside_band is False:
        band = _span(accuracy.compared_lower, accuracy.compared_upper)
        lines.append(
            f"Concept drift: from its scores an accuracy of {band} was expected, "
            f"and {_number(accuracy.realised)} came true: outcomes follow from scores otherwise "
            "than in the baseline"
        )
    return lines


def figures_table(title: str, result: DriftResult) -> Table:
    """Makes a table of the worst figures, whose title counts all.

    Args:
        title: What was analysed.
        result: What came out of it.
    """
    figures = figures_of(result)
    drifting = sum(bool(figure["drift"]) for _, _, figure in figures)
    table = Table(
        title=f"{title}: {result.status.value}; {drifting} of {len(figures)} figures drift, "
        f"{result.current_rows} rows against {result.reference_rows} of the baseline",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in ("worst figures", "algorithm", "status", "score", "p-value"):
        table.add_column(heading, justify="right" if heading in ("score", "p-value") else "left")
    for feature, algorithm, figure in figures[:MOST_FIGURES]:
        p_value = figure["pValue"]
        table.add_row(
            feature,
            algorithm,
            figure["status"],
            f"{figure['score']:.4f}",
            "–" if p_value is None else f"{p_value:.3g}",
        )
    return table


def performance_table(result: DriftResult) -> Table:
    """Makes a table of how right the model was: in the baseline, as estimated from scores, and realised."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("metric", "baseline", "estimated", "came true", "within the estimate"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, one in result.performance.items():
        inside = "–" if one.inside_band is None else "yes" if one.inside_band else "no"
        table.add_row(
            name,
            _number(one.reference),
            _span(one.compared_lower, one.compared_upper),
            _number(one.realised),
            inside,
        )
    return table


def _span(lower: float | None, upper: float | None) -> str:
    return "–" if lower is None or upper is None else f"{lower:.3f} to {upper:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
