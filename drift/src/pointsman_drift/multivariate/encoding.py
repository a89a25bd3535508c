"""Rows as matrices of numbers.

What each treatment of missing values and of categories is stands with its function; both sides get the same.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pointsman_drift.baselines.edges import Floats, sorted_quantiles, spread_of
from pointsman_drift.multivariate.sample import Sample

TREE_CATEGORIES = 100
"""Categories that trees tell apart; the others are one."""
OWN_COLUMNS = 20
"""Categories with a column of their own in a matrix for components."""
MOST_COLUMNS = 500
"""Columns of a table, for each row becomes a row of a matrix."""
_FAR = 1e300
_SPREADS = 10.0
"""Numbers farther from the middle count as so many spreads, for one far value would be a component."""


def encode_for_trees(reference: Sample, current: Sample) -> tuple[Floats, Floats, list[bool]]:
    """Answers matrices for trees, which need no scale.

    Missing values stay NaN, which trees send to the side that suits; infinite ones are very large. Categories
    are the most frequent of both sides together, so that neither side is told by the encoding itself.

    Returns:
        The reference, shape (n, columns), the current side, shape (m, columns), and which columns are
        categories.
    """
    sides: list[list[Floats]] = [[], []]
    for name in reference.numbers:
        for side, sample in zip(sides, (reference, current), strict=True):
            side.append(np.clip(sample.numbers[name], -_FAR, _FAR))
    for name in reference.categories:
        both = pa.chunked_array([reference.categories[name], current.categories[name]])
        known = _frequent(both, TREE_CATEGORIES)
        for side, sample in zip(sides, (reference, current), strict=True):
            codes = _places(sample.categories[name], known).astype(np.float64)
            side.append(np.where(codes < 0, np.nan, codes))
    are_categories = [False] * len(reference.numbers) + [True] * len(reference.categories)
    return np.column_stack(sides[0]), np.column_stack(sides[1]), are_categories


def encode_for_components(learnt: Sample, *others: Sample) -> list[Floats]:
    """Answers matrices for principal components.

    Numbers are told in spreads of the learnt rows from their median, at most ten. A missing one is the
    median, and a column more says that it was missing, where any is. A category is a column, 0 or 1: the
    twenty most frequent ones of the learnt rows (fewer where there are many columns of categories), one for
    all others, one for none.

    Args:
        learnt: The rows that components are made of. Nothing is taken from the others, so that those are
            encoded alike.
        others: Rows that components are asked of.

    Returns:
        A matrix for each, shape (rows, columns), the learnt rows first.
    """
    samples = (learnt, *others)
    sides: list[list[Floats]] = [[] for _ in samples]
    for name, values in learnt.numbers.items():
        finite = np.sort(values[np.isfinite(values)])
        middle = float(sorted_quantiles(finite, np.array([0.5]))[0]) if len(finite) else 0.0
        spread = spread_of(finite)
        is_ever_missing = any(np.isnan(sample.numbers[name]).any() for sample in samples)
        for side, sample in zip(sides, samples, strict=True):
            with np.errstate(over="ignore"):
                scaled = sample.numbers[name] / spread - middle / spread
            side.append(np.nan_to_num(np.clip(scaled, -_SPREADS, _SPREADS), nan=0.0))
            if is_ever_missing:
                side.append(np.isnan(sample.numbers[name]).astype(np.float64))
    own = max(1, min(OWN_COLUMNS, MOST_COLUMNS // max(len(learnt.categories), 1)))
    for name, texts in learnt.categories.items():
        known = _frequent(pa.chunked_array([texts]), own)
        for side, sample in zip(sides, samples, strict=True):
            places = _places(sample.categories[name], known)
            side += [(places == place).astype(np.float64) for place in range(-1, len(known) + 1)]
    return [np.column_stack(side) for side in sides]


def _frequent(values: pa.ChunkedArray, most: int) -> pa.Array:
    """The most frequent categories; of equally frequent ones the first by name."""
    counted = values.drop_null().value_counts()
    names, counts = counted.field("values"), counted.field("counts")
    table = pa.table({"name": names, "rows": counts})
    ordered = table.sort_by([("rows", "descending"), ("name", "ascending")])
    return ordered.column("name").slice(0, most).combine_chunks()


def _places(values: pa.Array, known: pa.Array) -> NDArray[np.int64]:
    """The place of each category among the known ones, one more for all others, and -1 for none."""
    found = pc.index_in(values, value_set=known).fill_null(len(known))
    places: NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
    places[np.asarray(values.is_null())] = -1
    return places
