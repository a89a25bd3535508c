"""Figures of how well a model does, as they are told."""

from dataclasses import dataclass

METRICS = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc")
"""Of classifiers. All but accuracy are of the positive class, or of more than two the mean over classes."""


@dataclass(frozen=True)
class Metric:
    """A figure of some rows."""

    name: str
    value: float | None
    """None where it is not defined, as precision of a class that was never predicted, or too large for a
    number."""
    deviation: float
    """The standard deviation that one row brings; over the root of the rows it is the sampling error."""
    rows: int
    left_out: tuple[str, ...] = ()
    """Classes for which it is not defined; the mean is over the others."""

    @property
    def sampling_error(self) -> float:
        """The standard error of ``value``."""
        return float(self.deviation / self.rows**0.5)


@dataclass(frozen=True)
class Estimate:
    """A figure estimated without labels, and the band in which the realised one is expected."""

    name: str
    value: float | None
    lower: float
    upper: float
    sampling_error: float
    left_out: tuple[str, ...] = ()

    def holds(self, realised: float) -> bool:
        """Whether a realised value of the same rows lies within the band."""
        return self.lower <= realised <= self.upper
