"""How well rows are told by the principal components of the reference."""

import numpy as np

from pointsman_drift.baselines.edges import Floats


def reconstruction_errors(
    reference: Floats, current: Floats, variance: float, seed: int
) -> tuple[Floats, Floats, int]:
    """Answers how far rows lie from the space of the reference's largest components.

    Components come from one half of the reference, drawn by lot; the other half says how large errors of rows
    are that the components have not seen, which is what the current side's are without drift.

    Args:
        reference: Shape (n, columns), at least two columns, without missing values.
        current: Shape (m, columns).
        variance: Share of the variance that the components that are kept explain, above 0 and below 1.
        seed: Of the lot.

    Returns:
        Errors of the reference's other half, shape (n / 2,), of the current side, shape (m,), both in
        standard deviations of the reference's columns, and how many components there are.

    >>> random = np.random.default_rng(0)
    >>> line = random.normal(size=(200, 1)) @ [[1.0, 1.0]] + random.normal(0, 0.01, (200, 2))
    >>> told, crossed, kept = reconstruction_errors(line, line * [1.0, -1.0], 0.9, 0)
    >>> kept, bool(np.median(told) * 10 < np.median(crossed))
    (1, True)
    """
    order = np.random.default_rng(seed).permutation(len(reference))
    learnt, held = reference[order[: len(order) // 2]], reference[order[len(order) // 2 :]]
    middle, spread = learnt.mean(axis=0), learnt.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    values, vectors = np.linalg.eigh(np.cov((learnt - middle) / spread, rowvar=False))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    explained = np.cumsum(values) / max(float(values.sum()), np.finfo(float).tiny)
    kept = min(int(np.searchsorted(explained, variance)) + 1, len(values) - 1)
    rest = vectors[:, kept:]
    errors = [np.linalg.norm((side - middle) / spread @ rest, axis=1) for side in (held, current)]
    return errors[0], errors[1], kept
