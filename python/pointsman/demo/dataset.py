"""The held-out rows and the names that go with them."""

from __future__ import annotations

from dataclasses import dataclass

INPUT_NAME = "input"
PROBABILITY_OUTPUT = "probabilities"


@dataclass(frozen=True)
class HeldOutRow:
    """A tumour that no model saw in training."""

    values: tuple[float, ...]
    truth: str


@dataclass(frozen=True)
class TrainingResult:
    """What training two models gives: rows to ask them for, and how good they are."""

    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    """In the order of the models' probabilities."""
    rows: tuple[HeldOutRow, ...]
    accuracies: dict[str, float]
    """Share of held-out rows that each file's model gets right, by file name."""

    def features(self, row: HeldOutRow) -> dict[str, float]:
        """Answers a row by the names of its features."""
        return dict(zip(self.feature_names, row.values, strict=True))
