"""Quantiles of counts in buckets whose bounds grow by a constant factor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.figures import Latencies

if TYPE_CHECKING:
    import numpy as np

    _Array = np.ndarray[Any, np.dtype[Any]]

_QUANTILES = (0.5, 0.9, 0.99)
_NANOSECONDS = 1e9
# More than there are buckets of nanoseconds in 64 bits.
_BUCKET_SPAN = 1 << 12


@dataclass(frozen=True)
class Buckets:
    """Counts by step, variant (a number from 0) and bucket; bucket ``b`` begins at ``exp(b / n)`` ns."""

    steps: _Array
    variants: _Array
    buckets: _Array
    counts: _Array


def latencies_of(
    buckets: Buckets, buckets_per_e: int, *, stepped: bool
) -> Iterator[tuple[int | None, int | None, Latencies]]:
    """Answers latencies by variant and of all together, of the whole window and, if asked for, of each step.

    Args:
        buckets: The counts.
        buckets_per_e: How many buckets there are between a value and its e-fold.
        stepped: Whether steps are wanted.

    Yields:
        Step (None for all), variant (None for all) and their latencies.
    """
    import numpy as np

    nothing = np.zeros(len(buckets.counts), dtype=np.int64)
    variants = buckets.variants.astype(np.int64) + 1
    steps = buckets.steps.astype(np.int64) + 1
    for step in (nothing, steps) if stepped else (nothing,):
        for variant in (nothing, variants):
            for (at, of), latencies in _grouped(step, variant, buckets, buckets_per_e):
                yield (at - 1 if at else None), (of - 1 if of else None), latencies


def _grouped(
    steps: _Array, variants: _Array, buckets: Buckets, buckets_per_e: int
) -> Iterator[tuple[tuple[int, int], Latencies]]:
    import numpy as np

    variant_span = int(variants.max()) + 1
    groups = steps * variant_span + variants
    cells, inverse = np.unique(groups * _BUCKET_SPAN + buckets.buckets, return_inverse=True)
    counts = np.bincount(inverse, weights=buckets.counts)
    cell_groups = cells // _BUCKET_SPAN
    starts = np.flatnonzero(np.r_[True, cell_groups[1:] != cell_groups[:-1]])
    running = np.cumsum(counts)
    before = np.r_[0.0, running][starts]
    totals = np.add.reduceat(counts, starts)
    middles = np.exp((cells % _BUCKET_SPAN + 0.5) / buckets_per_e) / _NANOSECONDS
    means = np.add.reduceat(counts * middles, starts) / totals
    quantiles = []
    for quantile in _QUANTILES:
        # The least value that so large a part of all is not above.
        rank = np.maximum(1.0, np.ceil(quantile * totals - 1e-9))
        places = np.searchsorted(running, before + rank - 0.5)
        quantiles.append(middles[places])
    for index, group in enumerate(cell_groups[starts]):
        p50, p90, p99 = (float(found[index]) for found in quantiles)
        yield (
            (int(group) // variant_span, int(group) % variant_span),
            Latencies(float(means[index]), p50, p90, p99),
        )
