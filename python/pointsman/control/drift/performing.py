"""How well a model does in a span: what is estimated, what came true, and whether the two go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.performance import LEAST_PREDICTIONS

if TYPE_CHECKING:
    from pointsman.control.drift.answers import Predictions
    from pointsman_drift import Estimate, Metric, Performance


@dataclass(frozen=True)
class Measured:
    """What is known of a span.

    Attributes:
        reference: By metric the figure of the baseline; none where it has too few outcomes.
        realised: By metric that of predictions whose outcome is known.
        estimated: By metric what is estimated; none of a regression, or where labels of the baseline lack.
        outcome_count: Predictions whose outcome is known.
    """

    reference: Mapping[str, Metric]
    realised: Mapping[str, Metric]
    estimated: Mapping[str, Performance]
    outcome_count: int

    def told(self) -> dict[str, dict[str, Any]]:
        """Answers it by metric, with the names of the REST API; figures that are not defined are left out."""
        found: dict[str, dict[str, Any]] = {}
        for name in dict.fromkeys((*self.reference, *self.realised, *self.estimated)):
            before, after, one = self.reference.get(name), self.realised.get(name), self.estimated.get(name)
            entry: dict[str, Any] = {
                "reference": None if before is None else before.value,
                "realised": None if after is None else after.value,
            }
            if one is not None:
                entry |= _told(one.estimate, ("estimate", "lower", "upper"))
                entry |= _told(one.compared, ("compared", "comparedLower", "comparedUpper"))
                entry["insideBand"] = one.is_inside
            found[name] = {key: value for key, value in entry.items() if value is not None}
            found[name]["sampleSize"] = self.outcome_count
        return found

    def compared(self) -> dict[str, tuple[Estimate, float]]:
        """Answers by metric the estimate and the realised value of the same predictions."""
        return {
            name: (one.compared, one.realised.value)
            for name, one in self.estimated.items()
            if one.compared is not None and one.realised is not None and one.realised.value is not None
        }


def _told(one: Estimate | None, names: tuple[str, str, str]) -> dict[str, float]:
    """Names an estimate and both ends of its band; the band of what is not defined says nothing."""
    if one is None or one.value is None:
        return {}
    return dict(zip(names, (one.value, one.lower, one.upper), strict=True))


def reference_metrics(reference: Predictions) -> dict[str, Metric]:
    """Answers by metric the figure of a baseline; none where too few of its predictions have an outcome.

    Args:
        reference: The labelled predictions of the baseline.
    """
    from pointsman_drift import realised_metrics

    return realised_metrics(reference) if reference.labelled.rows >= LEAST_PREDICTIONS else {}


class Performer:
    """Measures spans beside one baseline, from which it learns once.

    Args:
        reference: The labelled predictions of the baseline.

    Attributes:
        notes: Why nothing is held against the baseline's figures, or estimated, in sentences.
    """

    def __init__(self, reference: Predictions) -> None:
        from pointsman_drift import ClassPredictions, calibrate
        from pointsman_drift.performance.cbpe import find_lacking_labels

        self._reference = reference_metrics(reference)
        self._calibration = None
        self.notes: list[str] = []
        if not self._reference:
            self.notes.append(
                f"the baseline has no performance of its own: {reference.labelled.rows} of its labeled "
                f"predictions have an outcome; {LEAST_PREDICTIONS} are needed"
            )
        if isinstance(reference, ClassPredictions):
            if lacking := find_lacking_labels(reference):
                self.notes.append(f"performance without outcomes is not estimated: {lacking}")
            else:
                self._calibration = calibrate(reference)

    def measure(self, span: Predictions) -> Measured:
        """Answers how well the model does in a span of the same task and classes."""
        from pointsman_drift import ClassPredictions, estimate_performance, realised_metrics

        estimated: Mapping[str, Performance] = {}
        if self._calibration is not None and isinstance(span, ClassPredictions):
            estimated = estimate_performance(self._calibration, span)
        return Measured(self._reference, realised_metrics(span), estimated, span.labelled.rows)
