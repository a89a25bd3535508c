"""Figures of a result as a report orders them, read from its JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman_drift.counting.groups import Group, Slice
from pointsman_drift.reports.html import Html, escaped, named, number
from pointsman_drift.reports.tables import Column, table
from pointsman_drift.verdicts.status import Status

_ALL_ROWS = "all"
_AFTER_VALUE = ("expectedWithoutDrift", "pValue", "qValue", "n", "m")
FIGURES = (
    Column("feature"),
    Column("rows of"),
    Column("algorithm"),
    Column("status", is_status=True),
    Column("score", True, "what the thresholds apply to"),
    Column("warning", True, "from which score on it is a warning"),
    Column("alert", True, "from which score on it is an alert"),
    Column("value", True, "the statistic as the literature has it"),
    Column("expected", True, "the statistic's mean without drift for these rows"),
    Column("p", True, "the p-value of this figure alone"),
    Column("q", True, "the p-value after control of false discoveries over the analysis"),
    Column("n", True, "rows of the reference"),
    Column("m", True, "rows of the current side"),
    Column("method"),
)
FEATURES = (
    Column("feature"),
    Column("rows of"),
    Column("status", is_status=True),
    Column("worst by"),
    Column("score", True, "what the thresholds apply to"),
    Column("warning", True, "from which score on it is a warning"),
    Column("q", True, "the p-value after control of false discoveries over the analysis"),
    Column("also by"),
)


@dataclass(frozen=True)
class ReportedFigure:
    """A figure and where it stands."""

    feature: str
    group: str
    """Which rows it is of, as people read it."""
    algorithm: str
    figure: Mapping[str, Any]
    """As ``Figure.to_dict`` answers it."""

    @property
    def order(self) -> tuple[int, float, str, str, str]:
        """Puts the worst first: by status, then by how far the score is beyond its threshold."""
        one = self.figure
        beyond = one["score"] / (one["warningThreshold"] or 1.0)
        return -Status(one["status"]).rank, -beyond, self.feature, self.group, self.algorithm


def figures_of(result: Mapping[str, Any]) -> list[ReportedFigure]:
    """Answers all figures of a result, the worst first.

    Args:
        result: As ``Result.to_dict`` answers it.
    """
    found = list(_within(result["features"], _ALL_ROWS))
    for one in result.get("groups", ()):
        found += _within(one["features"], group_name(one))
    return sorted(found, key=lambda one: one.order)


def _within(features: Mapping[str, Any], group: str) -> Iterator[ReportedFigure]:
    for name, feature in features.items():
        for algorithm, figure in feature["algorithms"].items():
            yield ReportedFigure(name, group, algorithm, figure)


def group_name(found: Mapping[str, Any]) -> str:
    """Answers a window or slice as people read it.

    Args:
        found: What has its ``window`` and ``slice``, where it is of one.
    """
    part = found.get("slice")
    slice_ = None if part is None else Slice(part["column"], part["value"], part["isRest"])
    return str(Group(found.get("window"), slice_))


def features_table(figures: Sequence[ReportedFigure], limit: int) -> Html:
    """Makes the table of features, one row for each and for each window and slice of it.

    Args:
        figures: The worst first.
        limit: Bytes that rows may take.
    """
    by_feature: dict[tuple[str, str], list[ReportedFigure]] = {}
    for one in figures:
        by_feature.setdefault((one.feature, one.group), []).append(one)

    def rows() -> Iterator[Sequence[Html]]:
        for worst, *others in by_feature.values():
            also = [one.algorithm for one in others if one.figure["drift"]]
            yield (
                named(worst.feature),
                named(worst.group),
                status_word(worst.figure["status"]),
                escaped(worst.algorithm),
                number(worst.figure["score"]),
                number(worst.figure["warningThreshold"]),
                number(worst.figure["qValue"]),
                escaped(", ".join(also), 200),
            )

    names = {feature for feature, _ in by_feature}
    caption = f"{len(names):,} features, the worst first; a head sorts by its column"
    return table(caption, FEATURES, rows(), limit, "The JSON of this report has all.")


def figures_table(figures: Sequence[ReportedFigure], limit: int) -> Html:
    """Makes the table of all figures.

    Args:
        figures: The worst first.
        limit: Bytes that rows may take.
    """

    def rows() -> Iterator[Sequence[Html]]:
        for one in figures:
            error = one.figure["errorBound"]
            value = number(one.figure["value"]) + (f" ± {number(error)}" if error else "")
            yield (
                named(one.feature),
                named(one.group),
                escaped(one.algorithm),
                status_word(one.figure["status"]),
                number(one.figure["score"]),
                number(one.figure["warningThreshold"]),
                number(one.figure["alertThreshold"]),
                Html(value),
                *(number(one.figure[name]) for name in _AFTER_VALUE),
                escaped(one.figure["method"]),
            )

    caption = f"{len(figures):,} figures, the worst first; a head sorts by its column"
    return table(caption, FIGURES, rows(), limit, "The JSON of this report has all.")


def status_word(status: str) -> Html:
    """Answers a status in its colour."""
    word = Status(status).value
    return Html(f'<strong class="{word}">{word}</strong>')
