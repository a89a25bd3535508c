"""How well rows are told by the principal components of others."""

import numpy as np

from pointsman_drift.baselines.edges import Floats


def reconstruction_errors(learnt: Floats, *others: Floats, variance: float) -> tuple[list[Floats], int]:
    """Answers how far rows lie from the space of the largest components of the learnt rows.

    Args:
        learnt: Shape (rows, columns), at least two columns, without missing values.
        others: The rows that are asked about, of the same columns.
        variance: Share of the variance that the components that are kept explain, above 0 and below 1.

    Returns:
        For each of the others its rows' errors, shape (rows,), in standard deviations of the learnt columns;
        and how many components there are.

    >>> random = np.random.default_rng(0)
    >>> line = random.normal(size=(200, 1)) @ [[1.0, 1.0]] + random.normal(0, 0.01, (200, 2))
    >>> (told, crossed), kept = reconstruction_errors(line, line, line * [1.0, -1.0], variance=0.9)
    >>> kept, bool(np.median(told) * 10 < np.median(crossed))
    (1, True)
    """
    middle, spread = learnt.mean(axis=0), learnt.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    values, vectors = np.linalg.eigh(np.cov((learnt - middle) / spread, rowvar=False))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    explained = np.cumsum(values) / max(float(values.sum()), np.finfo(float).tiny)
    kept = min(int(np.searchsorted(explained, variance)) + 1, len(values) - 1)
    rest = vectors[:, kept:]
    return [np.linalg.norm((side - middle) / spread @ rest, axis=1) for side in others], kept
