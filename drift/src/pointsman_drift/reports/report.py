"""The report of a comparison."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pointsman_drift.baselines.encoding import write_whole
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.performance.performance import Performance
from pointsman_drift.reports import sections
from pointsman_drift.reports.figures import figures_of, status_word
from pointsman_drift.reports.history import PerformancePoint, read_history, snapshot_of
from pointsman_drift.reports.html import Html, escaped, named, number
from pointsman_drift.reports.pages import Section, page
from pointsman_drift.results.histogram import NO_HISTOGRAMS, Histograms
from pointsman_drift.results.result import Result

MOST_FACTS = 50
_NEEDED = (
    "status",
    "calibration",
    "features",
    "referenceRows",
    "currentRows",
    "insufficientData",
    "notMeasured",
)


@dataclass(frozen=True)
class Report:
    """A result with what people need to read it. The page follows from the JSON alone.

    >>> import pointsman_drift
    >>> result = pointsman_drift.compare({"age": [20, 30, 40] * 100}, {"age": [30, 40, 50] * 100})
    >>> found = pointsman_drift.report(result, title="Credit", facts={"model": "credit"})
    >>> found.to_html().startswith("<!DOCTYPE html>"), found.to_dict()["facts"]
    (True, {'model': 'credit'})
    """

    title: str
    facts: Mapping[str, str]
    notes: tuple[str, ...]
    result: Mapping[str, Any]
    """As ``Result.to_dict`` answers it."""
    performance: Mapping[str, Mapping[str, Any]]
    history: Mapping[str, Sequence[Mapping[str, Any]]]

    def to_dict(self) -> dict[str, Any]:
        """Answers everything, with names in camelCase."""
        return {
            "title": self.title,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "result": dict(self.result),
            "performance": {name: dict(one) for name, one in self.performance.items()},
            "history": {name: [dict(point) for point in points] for name, points in self.history.items()},
        }

    def to_json(self, indent: int | None = None) -> str:
        """Answers ``to_dict`` as JSON without NaN or infinities."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_html(self) -> str:
        """Answers one page that needs no network, below 2 MB; the same result gives the same bytes.

        Raises:
            MissingPackageError: ``vl-convert-python`` is not installed: ``pip install
                'pointsman-drift[report]'``.
        """
        return self._page.decode()

    def save(self, path: str | Path) -> None:
        """Writes the page to a file, which is there whole or not at all.

        Args:
            path: Where to; a file there is replaced.

        Raises:
            MissingPackageError: ``vl-convert-python`` is not installed.
            OSError: It cannot be written.
        """
        write_whole(Path(path), self._page)

    def _repr_html_(self) -> str:
        return self.to_html()

    @cached_property
    def _page(self) -> bytes:
        result = self.result
        facts = {
            "status": status_word(result["status"]),
            **{name: named(value) for name, value in self.facts.items()},
            "rows": Html(
                f"{number(result['currentRows'])} against {number(result['referenceRows'])} of the reference"
            ),
            "calibration": escaped(result["calibration"]),
        }
        return page(self.title, facts, list(self._sections()), "Made by pointsman-drift.")

    def _sections(self) -> Iterator[Section]:
        figures = figures_of(self.result)
        yield sections.summary(self.result, figures)
        if self.notes:
            yield sections.notes(self.notes)
        yield from sections.features(figures)
        yield from sections.performance(self.performance, self.history)
        yield from sections.histograms(self.result)
        yield from sections.unjudged(self.result)
        yield sections.how_judged(self.result, figures)


def report(
    result: Result | Mapping[str, Any],
    *,
    title: str = "Drift",
    facts: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    performance: Mapping[str, Performance] | None = None,
    history: Mapping[str, Sequence[PerformancePoint]] | None = None,
) -> Report:
    """Makes the report of a result.

    Args:
        result: What ``compare`` answered, or its ``to_dict``, as it may have been kept.
        title: Its heading.
        facts: What else stands at its head, by name, at most 50: the model, the window.
        notes: What to know of the rows before the figures are used, in sentences.
        performance: By metric what ``estimate_performance`` says of the compared rows; None for what the
            mapping has under ``performance``.
        history: By metric how well the model did over time, the oldest point first.

    Raises:
        InvalidOptionError: The mapping is no result, or the history cannot be drawn.
    """
    found: Mapping[str, Any] = result.to_dict() if isinstance(result, Result) else result
    for name in _NEEDED:
        if name not in found:
            raise InvalidOptionError(
                f"result: {name!r} is lacking; give a Result, or what its to_dict answers"
            )
    if len(facts or {}) > MOST_FACTS:
        raise InvalidOptionError(f"facts: {len(facts or {})} are above {MOST_FACTS}; give fewer")
    # What was kept is read now, not when it is drawn.
    Histograms.from_dict(found.get("histograms") or NO_HISTOGRAMS.to_dict())
    snapshot = found.get("performance") or {} if performance is None else snapshot_of(performance)
    return Report(title, dict(facts or {}), tuple(notes), found, snapshot, read_history(history or {}))
