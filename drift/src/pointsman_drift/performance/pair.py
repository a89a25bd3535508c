"""Predictions of both sides, as algorithms see them."""

from dataclasses import dataclass
from functools import cached_property

from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.performance.cbpe import Calibration, calibrate
from pointsman_drift.performance.predictions import ClassPredictions, NumberPredictions, Predictions
from pointsman_drift.tables.families import Kind


@dataclass(frozen=True, eq=False)
class PredictionPair:
    """Labelled predictions of the baseline beside current ones, of one task and the same classes."""

    reference: Predictions
    current: Predictions
    kind: Kind | None = None
    group: Group = WHOLE

    def __post_init__(self) -> None:
        before, after = self.reference, self.current
        if isinstance(before, NumberPredictions) or isinstance(after, NumberPredictions):
            if type(before) is not type(after):
                raise InvalidTableError(
                    "predictions: one side is of a classifier and the other of a regression; give both of one"
                )
        elif before.classes != after.classes:
            raise InvalidTableError(
                f"classes: the reference has {list(before.classes)}, the current side {list(after.classes)}; "
                "give both the same, in the same order"
            )

    @property
    def column(self) -> str:
        """How its figures go."""
        return "(predictions)"

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of performance."""
        return frozenset({AlgorithmKind.PERFORMANCE})

    @property
    def rows(self) -> tuple[int, int]:
        """Predictions of the reference and of the current side."""
        return self.reference.rows, self.current.rows

    @cached_property
    def calibration(self) -> Calibration:
        """Of the reference, learnt once.

        Raises:
            InvalidTableError: The reference is no classifier's, or has too few labels, or of one class alone.
        """
        if not isinstance(self.reference, ClassPredictions):
            raise InvalidTableError("predictions: those of a regression have no probabilities to calibrate")
        return calibrate(self.reference)
