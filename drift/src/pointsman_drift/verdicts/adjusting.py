"""Control of false discoveries over one analysis."""

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Answers q-values: rejecting those of at most α keeps the expected share of false rejections at α.

    Benjamini and Hochberg 1995; valid for tests that depend on each other positively (Benjamini, Yekutieli
    2001).

    >>> [round(q, 4) for q in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.0533, 0.0533, 0.5]
    """
    if not p_values:
        return []
    order = np.argsort(p_values, kind="stable")
    count = len(p_values)
    scaled = np.asarray(p_values, float)[order] * count / np.arange(1, count + 1)
    adjusted = np.minimum.accumulate(scaled[::-1])[::-1]
    answer = np.empty(count)
    answer[order] = np.minimum(adjusted, 1.0)
    return [float(q) for q in answer]
