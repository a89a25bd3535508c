"""Putting values of any unit on the scale that detectors expect: from 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman_drift.baselines.edges import Floats, sorted_quantiles, spread_of

SPREADS = 10.0
"""As many spreads of the reference are the whole scale, half of them to each side of its median."""


@dataclass(frozen=True)
class Scale:
    """A scale on which 0.5 is the median of a reference and 0.1 its spread.

    ADWIN's bound is of values between 0 and 1, and the defaults of Page-Hinkley are of a mean of such: a
    column in cents would alarm at once, one in millions never. What lies beyond five spreads is taken for
    five, so that a few far values do not stand for a change of all.
    """

    median: float
    spread: float

    def of(self, values: Floats) -> Floats:
        """Answers values on the scale; missing and infinite ones stay as they are.

        >>> Scale(100.0, 20.0).of(np.array([100.0, 120.0, -1e9, np.nan])).tolist()
        [0.5, 0.6, 0.0, nan]
        """
        numbers = np.asarray(values, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.clip(0.5 + (numbers - self.median) / (SPREADS * self.spread), 0.0, 1.0)
        found: Floats = np.where(np.isinf(numbers), numbers, scaled)
        return found


def scale_of(reference: Floats | Sequence[float | None]) -> Scale | None:
    """Answers the scale of a column by its reference; None where that has no finite value.

    Args:
        reference: Values of the reference, NaN or None where one is missing; shape (rows,).

    >>> scale_of(np.arange(0.0, 1350.0)).median
    674.5
    """
    numbers = np.asarray(reference, np.float64)
    finite = np.sort(numbers[np.isfinite(numbers)])
    if not len(finite):
        return None
    return Scale(float(sorted_quantiles(finite, np.array([0.5]))[0]), spread_of(finite))
