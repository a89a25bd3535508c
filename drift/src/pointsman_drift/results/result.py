"""The outcome of one comparison."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pointsman_drift.counting.groups import WHOLE, Group, Slice
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.results.figure import ComparedGroup, Figure, Unjudged
from pointsman_drift.results.histogram import NO_HISTOGRAMS, Histograms
from pointsman_drift.results.html import page_of
from pointsman_drift.results.summary import Summary
from pointsman_drift.verdicts.status import Status, worst

if TYPE_CHECKING:
    from pointsman_drift.reports.history import PerformancePoint
    from pointsman_drift.reports.report import Report


@dataclass(frozen=True)
class Result:
    """Figures of all features, what could not be judged, and the overall status."""

    figures: tuple[Figure, ...]
    insufficient_data: tuple[Unjudged, ...]
    """Features with too few rows, or of which no algorithm could say anything."""
    not_measured: tuple[Unjudged, ...]
    """Single figures that judged features lack, each with the reason."""
    reference_rows: int
    current_rows: int
    is_calibrated: bool
    seed: int
    summaries: tuple[Summary, ...] = ()
    """What each column is like as a whole on both sides."""
    groups: tuple[ComparedGroup, ...] = ()
    """Windows and slices, those with too few rows among them."""
    histograms: Histograms = NO_HISTOGRAMS
    """Those of the worst features, as reports draw them."""

    @property
    def status(self) -> Status:
        """The worst status of all figures.

        When no feature could be judged it is ``warning``: nobody looked, so nobody can say ok.
        """
        return worst([figure.status for figure in self.figures]) if self.figures else Status.WARNING

    @property
    def features(self) -> dict[str, Status]:
        """The worst status of each judged feature, in the whole or in any window or slice."""
        found: dict[str, Status] = {}
        for figure in self.figures:
            found[figure.feature] = worst([figure.status, found.get(figure.feature, Status.OK)])
        return found

    def figure(
        self,
        feature: str,
        algorithm: str,
        *,
        in_window: str | None = None,
        in_slice: tuple[str, str | None] | None = None,
    ) -> Figure:
        """Answers one figure.

        Args:
            feature: The column.
            algorithm: What measured it.
            in_window: Of which window; None for all rows.
            in_slice: Of which slice: its column and value; None for all rows.

        Raises:
            KeyError: There is none; ``not_measured`` or ``insufficient_data`` may say why.
        """
        group = Group(in_window, None if in_slice is None else Slice(*in_slice))
        for figure in self.figures:
            if (figure.feature, figure.algorithm, figure.group) == (feature, algorithm, group):
                return figure
        raise KeyError(f"no figure of {algorithm!r} for {feature!r} in {str(group) or 'the whole'}")

    def to_dict(self) -> dict[str, Any]:
        """Answers everything, with names in camelCase as the REST API has them."""
        by_algorithm: dict[str, list[Figure]] = {}
        by_group: dict[Group, list[Figure]] = {}
        for figure in self.figures:
            by_algorithm.setdefault(figure.algorithm, []).append(figure)
            by_group.setdefault(figure.group, []).append(figure)
        return {
            "status": self.status.value,
            "calibration": "on" if self.is_calibrated else "off",
            "seed": self.seed,
            "referenceRows": self.reference_rows,
            "currentRows": self.current_rows,
            "algorithms": {name: _of_algorithm(mine) for name, mine in by_algorithm.items()},
            "features": _by_feature(by_group.get(WHOLE, ())),
            "columns": {one.feature: one.to_dict() for one in self.summaries},
            "groups": [
                {
                    **one.to_dict(),
                    "status": worst([figure.status for figure in by_group[one.group]]).value,
                    "features": _by_feature(by_group[one.group]),
                }
                for one in self.groups
                if one.group in by_group
            ],
            "insufficientGroups": [
                {**one.to_dict(), "reason": one.reason or "no feature of it could be judged"}
                for one in self.groups
                if one.group not in by_group
            ],
            "insufficientData": [one.to_dict() for one in self.insufficient_data],
            "notMeasured": [one.to_dict() for one in self.not_measured],
            "histograms": self.histograms.to_dict(),
        }

    def to_json(self, indent: int | None = None) -> str:
        """Answers ``to_dict`` as JSON without NaN or infinities."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_arrow(self) -> pa.Table:
        """Answers one row for each figure as an Arrow table."""
        return pa.Table.from_pylist([figure.to_row() for figure in self.figures], _SCHEMA)

    def to_frame(self, library: str = "pandas") -> Any:
        """Answers one row for each figure as a DataFrame.

        Args:
            library: ``pandas`` or ``polars``, which must be installed.
        """
        if library == "pandas":
            return self.to_arrow().to_pandas()
        if library == "polars":
            import polars as pl

            return pl.from_arrow(self.to_arrow())
        raise InvalidOptionError(f"library: {library!r} is not known; give 'pandas' or 'polars'")

    def to_report(
        self,
        *,
        title: str = "Drift",
        facts: Mapping[str, str] | None = None,
        notes: Sequence[str] = (),
        history: Mapping[str, Sequence["PerformancePoint"]] | None = None,
    ) -> "Report":
        """Answers what people read: one HTML file that needs no network, and the same as JSON.

        Args:
            title: Its heading.
            facts: What else stands at its head: the model, the window.
            notes: What to know of the rows before the figures are used, in sentences.
            history: By metric how well the model did over time, the oldest point first.

        Raises:
            InvalidOptionError: The history has two points of one time, or a number that is none.

        >>> from pointsman_drift import compare
        >>> report = compare({"age": [20, 30, 40] * 100}, {"age": [30, 40, 50] * 100}).to_report()
        >>> report.to_dict()["result"]["status"]
        'alert'
        """
        from pointsman_drift.reports.report import report

        return report(self, title=title, facts=facts, notes=notes, history=history)

    def _repr_html_(self) -> str:
        return page_of(self.status, self.figures, (*self.insufficient_data, *self.not_measured), self.groups)


def _of_algorithm(figures: Sequence[Figure]) -> dict[str, Any]:
    """The greatest score of an algorithm, and whether any of its figures drifts, be it another one.

    A lesser score of more rows may be significant where the greatest one is not.
    """
    top = max(figures, key=lambda figure: (figure.score, figure.status.rank))
    return {
        "drift": any(figure.drift for figure in figures),
        "score": top.score,
        "feature": top.feature,
        **top.group.to_dict(),
    }


def _by_feature(figures: Sequence[Figure]) -> dict[str, Any]:
    """The figures of one group by feature and algorithm, with the worst status of each feature."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.feature, []).append(figure)
    return {
        feature: {
            "status": worst([figure.status for figure in mine]).value,
            "algorithms": {figure.algorithm: figure.to_dict() for figure in mine},
        }
        for feature, mine in found.items()
    }


_TEXT, _NUMBER, _WHOLE = pa.string(), pa.float64(), pa.int64()
_SCHEMA = pa.schema(
    [
        ("feature", _TEXT),
        ("algorithm", _TEXT),
        ("status", _TEXT),
        ("drift", pa.bool_()),
        ("score", _NUMBER),
        ("value", _NUMBER),
        ("effect", _NUMBER),
        ("p_value", _NUMBER),
        ("q_value", _NUMBER),
        ("test", _TEXT),
        ("expected", _NUMBER),
        ("n", _WHOLE),
        ("m", _WHOLE),
        ("epsilon", _NUMBER),
        ("method", _TEXT),
        ("error", _NUMBER),
        ("warning_threshold", _NUMBER),
        ("alert_threshold", _NUMBER),
        ("seed", _WHOLE),
        ("window", _TEXT),
        ("slice", _TEXT),
    ]
)
