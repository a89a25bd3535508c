"""How the rows of both sides lie in a column's bins: what a report draws."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.baselines.plan import OrderedPlan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.groups import WHOLE
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.results.bin_labels import labels_of
from pointsman_drift.results.figure import Figure
from pointsman_drift.tables.families import Kind

MOST_BINS = 30
"""Neighbouring bins are drawn as one where a column has more; of categories the most frequent are told."""
MOST_HISTOGRAMS = 50
"""Of so many features, the worst first, a result keeps histograms."""
MISSING, INFINITE, OTHER, UNSEEN = "(missing)", "(infinite)", "(other)", "(unseen)"

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Histogram:
    """Rows of both sides in the bins by which a column was judged, neighbours taken together."""

    feature: str
    kind: Kind
    labels: tuple[str, ...]
    """What lies in each bin: a range, a value, a category, or in parentheses what is none of these."""
    reference: tuple[int, ...]
    """Rows of the reference; as many as there are labels."""
    current: tuple[int, ...]
    """Rows of the current side."""

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase."""
        return {
            "feature": self.feature,
            "kind": self.kind.value,
            "labels": list(self.labels),
            "reference": list(self.reference),
            "current": list(self.current),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Histogram":
        """Reads what ``to_dict`` wrote.

        Raises:
            InvalidOptionError: It is no histogram.
        """
        try:
            sides = [tuple(map(int, found[side])) for side in ("reference", "current")]
            labels = tuple(map(str, found["labels"]))
            made = cls(str(found["feature"]), Kind(found["kind"]), labels, *sides)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidOptionError(f"histograms: one of them cannot be read: {error!r}") from error
        if {len(labels)} != {len(side) for side in sides} or min(map(min, sides), default=0) < 0:
            raise InvalidOptionError(
                f"histograms: that of {made.feature!r} has {len(labels)} labels, and not as many counts"
            )
        return made


@dataclass(frozen=True)
class Histograms:
    """Those of the worst features, the worst first.

    >>> from pointsman_drift import compare
    >>> found = compare({"plan": ["a", "b"] * 50}, {"plan": ["a", "c"] * 40}).histograms
    >>> found.of[0].labels, found.of[0].reference, found.of[0].current
    (('a', 'b', '(unseen)'), (50, 50, 0), (40, 0, 40))
    >>> Histograms.from_dict(found.to_dict()) == found
    True
    """

    of: tuple[Histogram, ...] = ()
    left_out: int = 0
    """How many features that were judged have none here."""

    def to_dict(self) -> dict[str, Any]:
        """Answers them with names in camelCase."""
        return {"of": [one.to_dict() for one in self.of], "leftOut": self.left_out}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Histograms":
        """Reads what ``to_dict`` wrote.

        Raises:
            InvalidOptionError: It is something else.
        """
        try:
            return cls(tuple(map(Histogram.from_dict, found["of"])), int(found["leftOut"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidOptionError(f"histograms: {error}") from error


NO_HISTOGRAMS = Histograms()


def histograms_of(pairs: Iterable[ColumnPair], figures: Sequence[Figure]) -> Histograms:
    """Makes the histograms of the worst features.

    Args:
        pairs: The columns, those of windows and slices among them.
        figures: What was judged.
    """
    order = worst_first([figure for figure in figures if figure.group == WHOLE])
    wholes = {pair.column: pair for pair in pairs if pair.group == WHOLE}
    named = [name for name in order if name in wholes]
    return Histograms(
        tuple(histogram_of(wholes[name]) for name in named[:MOST_HISTOGRAMS]),
        max(0, len(named) - MOST_HISTOGRAMS),
    )


def worst_first(figures: Iterable[Figure]) -> list[str]:
    """Answers the features of figures: by the worst status, then by how far a score is beyond its level."""
    keys: dict[str, tuple[int, float]] = {}
    for one in figures:
        key = (-one.status.rank, -one.score / (one.thresholds.warning or 1.0))
        keys[one.feature] = min(key, keys.get(one.feature, key))
    return sorted(keys, key=lambda name: (*keys[name], name))


def histogram_of(pair: ColumnPair) -> Histogram:
    """Makes the histogram of a column; bins without rows on both sides are left out at the end alone."""
    if isinstance(pair.plan, OrderedPlan):
        labels, *sides = _of_ranges(pair, pair.plan)
    else:
        labels, *sides = _of_categories(pair, pair.plan)
    for label, values in (
        (MISSING, (pair.reference.missing, pair.current.missing)),
        (INFINITE, (pair.reference.infinite, pair.current.infinite)),
    ):
        if any(values):
            labels.append(label)
            sides = [[*side, value] for side, value in zip(sides, values, strict=True)]
    return Histogram(pair.column, pair.kind, tuple(_unlike(labels)), *map(tuple, sides))


def _of_ranges(pair: ColumnPair, plan: OrderedPlan) -> tuple[list[str], list[int], list[int]]:
    coarse = len(plan.edges) + 1
    # Of many bins each drawn one is a run of neighbours; runs differ by one bin at most.
    runs = min(coarse, MOST_BINS)
    run_of = np.arange(coarse) * runs // coarse
    starts = np.flatnonzero(np.r_[True, run_of[1:] != run_of[:-1]])
    edges = plan.edges[starts[1:] - 1]

    def counted(side: ColumnCounts) -> list[int]:
        bins = np.zeros(runs, np.int64)
        np.add.at(bins, run_of[plan.coarse_of_fine], side.bins)
        return [int(one) for one in bins]

    return labels_of(plan, edges), counted(pair.reference), counted(pair.current)


def _of_categories(pair: ColumnPair, plan: UnorderedPlan) -> tuple[list[str], list[int], list[int]]:
    sides = [side.bins for side in (pair.reference, pair.current)]
    known = [side[: len(plan.categories)] for side in sides]
    shares = np.maximum(*(side / max(int(side.sum()), 1) for side in known))
    # As frequent on any side, for what has become frequent is to be seen, too.
    told = np.sort(np.argsort(-shares, kind="stable")[: MOST_BINS - 4])
    labels = [plan.categories[place] for place in told]
    counts = [[int(side[place]) for place in told] for side in sides]
    for label, values in (
        (OTHER, [int(side[:-1].sum()) - sum(mine) for side, mine in zip(sides, counts, strict=True)]),
        (UNSEEN, [int(side[-1]) for side in sides]),
    ):
        if any(values):
            labels.append(label)
            counts = [[*mine, value] for mine, value in zip(counts, values, strict=True)]
    return labels, counts[0], counts[1]


def _unlike(labels: Sequence[str]) -> list[str]:
    """Tells labels apart that read the same: two long categories, or one that is called ``(missing)``."""
    found: dict[str, None] = {}
    for label in labels:
        short = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
        name, times = short, 1
        while name in found:
            times += 1
            name = f"{short} #{times}"
        found[name] = None
    return list(found)


_LONGEST = 60
"""Characters of a label."""
