"""Predictions of one model over one span, checked once: everything behind may rely on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Label = str | int | bool

NO_LABEL = -1
"""The code of a row whose label is not known yet."""


@dataclass(frozen=True, eq=False)
class ClassPredictions:
    """Predictions of a classifier; ``read_classes`` makes them from what users have.

    With two classes the second is the positive one.
    """

    classes: tuple[Label, ...]
    """In the order of the probabilities' columns."""
    probabilities: Floats
    """As recorded; shape (rows, classes)."""
    predicted: Codes
    """The recorded label of each row, as a place in ``classes``; shape (rows,)."""
    actual: Codes
    """What came true, ``NO_LABEL`` where it is not known; shape (rows,)."""

    @property
    def rows(self) -> int:
        """How many predictions there are."""
        return len(self.predicted)

    @property
    def is_binary(self) -> bool:
        """Whether figures are of the second class, instead of means over all."""
        return len(self.classes) == 2

    @property
    def labelled(self) -> "ClassPredictions":
        """The predictions whose label is known."""
        known = self.actual != NO_LABEL
        if known.all():
            return self
        return ClassPredictions(
            self.classes, self.probabilities[known], self.predicted[known], self.actual[known]
        )


@dataclass(frozen=True, eq=False)
class NumberPredictions:
    """Predictions of a regression; ``read_numbers`` makes them from what users have."""

    predicted: Floats
    """Shape (rows,)."""
    actual: Floats
    """What came true, NaN where it is not known; shape (rows,)."""

    @property
    def rows(self) -> int:
        """How many predictions there are."""
        return len(self.predicted)

    @property
    def labelled(self) -> "NumberPredictions":
        """The predictions whose true value is known."""
        known = ~np.isnan(self.actual)
        return NumberPredictions(self.predicted[known], self.actual[known])


Predictions = ClassPredictions | NumberPredictions
