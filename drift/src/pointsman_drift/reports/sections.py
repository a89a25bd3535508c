"""The parts of a report of drift; each has a bound of what it takes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pointsman_drift.reports.budget import Budget
from pointsman_drift.reports.figures import (
    ReportedFigure,
    features_table,
    figures_table,
    group_name,
    status_word,
)
from pointsman_drift.reports.histogram_charts import histogram_chart
from pointsman_drift.reports.html import Html, escaped, named, number
from pointsman_drift.reports.judging import judging
from pointsman_drift.reports.pages import Section
from pointsman_drift.reports.performance_charts import history_chart, snapshot_table
from pointsman_drift.results.histogram import NO_HISTOGRAMS, Histograms
from pointsman_drift.verdicts.status import Status

DRAWN = 18
"""Histograms of so many features are drawn, the worst first."""
_NOTE = 500
_FEATURES, _FIGURES, _DRAWINGS, _LISTS, _PERFORMANCE = 350_000, 400_000, 450_000, 40_000, 350_000
"""Bytes of tables, charts and lists; together with all else they stay below a page's limit."""


def summary(result: Mapping[str, Any], figures: Sequence[ReportedFigure]) -> Section:
    """Says in sentences what came out.

    Args:
        result: As ``Result.to_dict`` answers it.
        figures: All of it, the worst first.
    """
    counts = dict.fromkeys(Status, 0)
    for status in _worst_of_features(figures).values():
        counts[status] += 1
    judged = sum(counts.values())
    lines = [
        f"{judged:,} features were judged: {counts[Status.ALERT]:,} alert, "
        f"{counts[Status.WARNING]:,} warning, {counts[Status.OK]:,} ok."
        if judged
        else "No feature could be judged, so nobody can say ok."
    ]
    lacking = len(result["insufficientData"])
    if lacking:
        lines.append(f"Of {lacking:,} nothing is said, for want of data; they are listed below.")
    worst = next((one for one in figures if one.figure["drift"]), None)
    text = "".join(f"<p>{escaped(line, _NOTE)}</p>" for line in lines)
    if worst is not None:
        text += (
            f"<p>The worst is {named(worst.feature)} by {escaped(worst.algorithm)}: score "
            f"{number(worst.figure['score'])}, {status_word(worst.figure['status'])} from "
            f"{number(worst.figure[_threshold(worst)])} on.</p>"
        )
    return Section("Summary", Html(text))


def notes(sentences: Sequence[str]) -> Section:
    """Lists what to know before figures are used."""
    return Section("Notes", _listed((escaped(one, _NOTE) for one in sentences), "notes"))


def features(figures: Sequence[ReportedFigure]) -> Iterator[Section]:
    """Makes the table of features."""
    if figures:
        yield Section("Features", features_table(figures, _FEATURES))
        folded = f"<details><summary>Each figure</summary>{figures_table(figures, _FIGURES)}</details>"
        yield Section("Figures", Html(folded))


def performance(
    snapshot: Mapping[str, Mapping[str, Any]], history: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Section]:
    """Draws how well the model does, where that is known."""
    parts = [snapshot_table(snapshot)] if snapshot else []
    charts = (history_chart(metric, points) for metric, points in history.items() if points)
    drawn, left = _drawn(charts, _PERFORMANCE)
    if drawn:
        parts.append(drawn)
    if left:
        parts.append(Html(f'<p class="left-out">{left} further metrics are left out here.</p>'))
    if parts:
        band = (
            "The band is three sampling errors wide to each side of the estimate, which needs no labels; "
            "where labels are known, it is that of the labelled rows. "
            "Realised values that stay outside it tell that labels follow from scores otherwise than before."
        )
        yield Section("Performance", Html(f"<p>{escaped(band, _NOTE)}</p>" + "".join(parts)))


def histograms(result: Mapping[str, Any]) -> Iterator[Section]:
    """Draws the worst features, and says which are left out."""
    found = Histograms.from_dict(result.get("histograms") or NO_HISTOGRAMS.to_dict())
    if not found.of:
        return
    charts = (
        histogram_chart(one, status_word(result["features"][one.feature]["status"]))
        for one in found.of[:DRAWN]
        if one.feature in result["features"]
    )
    drawn, left = _drawn(charts, _DRAWINGS)
    named_ones = found.of[len(found.of[:DRAWN]) - left :]
    further = found.left_out + len(named_ones)
    text = ""
    if further:
        names = ", ".join(named(one.feature) for one in named_ones[:20])
        more = f" and {further - len(named_ones[:20]):,} more" if further > len(named_ones[:20]) else ""
        text = f'<p class="left-out">Not drawn, for they are less bad: {names}{more}.</p>'
    yield Section("Histograms of the worst features", Html(drawn + text))


def unjudged(result: Mapping[str, Any]) -> Iterator[Section]:
    """Lists of what nothing is said, and why."""
    for title, key in (("Insufficient data", "insufficientData"), ("Not measured", "notMeasured")):
        if rows := result[key]:
            yield Section(title, _listed(map(_reason, rows), "entries"))
    if groups := result.get("insufficientGroups"):
        lines = (Html(f"{named(group_name(one))}: {escaped(one['reason'], _NOTE)}") for one in groups)
        yield Section("Windows and slices that were not compared", _listed(lines, "entries"))


def how_judged(result: Mapping[str, Any], figures: list[ReportedFigure]) -> Section:
    """Says how figures are judged."""
    return Section("How figures are judged", judging(result, figures))


def _threshold(one: ReportedFigure) -> str:
    return "alertThreshold" if one.figure["status"] == Status.ALERT else "warningThreshold"


def _worst_of_features(figures: Sequence[ReportedFigure]) -> dict[str, Status]:
    """The worst status of each feature; figures come the worst first."""
    found: dict[str, Status] = {}
    for one in figures:
        found.setdefault(one.feature, Status(one.figure["status"]))
    return found


def _reason(one: Mapping[str, Any]) -> Html:
    by = f" by {escaped(one['algorithm'])}" if one.get("algorithm") else ""
    where = f" in {named(group)}" if (group := group_name(one)) else ""
    return Html(f"{named(one['feature'])}{by}{where}: {escaped(one['reason'], _NOTE)}")


def _listed(lines: Iterable[Html], what: str) -> Html:
    budget = Budget(_LISTS)
    items = "".join(f"<li>{line}</li>" for line in lines if budget.takes(line))
    if not budget.left_out:
        return Html(f"<ul>{items}</ul>")
    left = f'<p class="left-out">{budget.left_out:,} further {what} are left out here.</p>'
    return Html(f"<ul>{items}</ul>{left}")


def _drawn(charts: Iterable[Html], limit: int) -> tuple[Html, int]:
    """Puts charts beside each other; answers how many did not fit, too."""
    budget = Budget(limit)
    drawn = "".join(one for one in charts if budget.takes(one))
    return Html(f'<div class="charts">{drawn}</div>' if drawn else ""), budget.left_out
