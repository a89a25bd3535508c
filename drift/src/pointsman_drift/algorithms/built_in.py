"""The algorithms that come with this library, with their thresholds: the one table of them."""

from pointsman_drift.algorithms.algorithm import Algorithm, Thresholds
from pointsman_drift.algorithms.of_counts import (
    measure_chi_square,
    measure_js,
    measure_missing,
    measure_psi,
    measure_unseen,
)
from pointsman_drift.algorithms.of_values import measure_ks, measure_wasserstein
from pointsman_drift.tables.families import Kind

_ORDERED = frozenset({Kind.NUMERIC})
_UNORDERED = frozenset({Kind.CATEGORICAL})

BUILT_IN = (
    Algorithm(
        "psi",
        measure_psi,
        Thresholds(0.1, 0.2),
        "population stability index, nats, less its mean without drift",
        parameters={"epsilon": 1e-4},
    ),
    Algorithm(
        "ks_test", measure_ks, Thresholds(0.1, 0.2), "Kolmogorov's D, 0 to 1", _ORDERED, plain_test=True
    ),
    Algorithm(
        "chi_square",
        measure_chi_square,
        Thresholds(0.1, 0.2),
        "Cramér's V, 0 to 1",
        _UNORDERED,
        plain_test=True,
    ),
    # The divergences of an index of 0.1 and of 0.2: an eighth of it, in bits.
    Algorithm(
        "js_divergence",
        measure_js,
        Thresholds(0.018, 0.036),
        "Jensen-Shannon divergence, base 2, 0 to 1, less its mean without drift",
    ),
    Algorithm(
        "wasserstein",
        measure_wasserstein,
        Thresholds(0.1, 0.2),
        "distance in spreads of the reference",
        _ORDERED,
    ),
    Algorithm(
        "missing_values",
        measure_missing,
        Thresholds(0.02, 0.1),
        "difference of shares without a value, 0 to 1",
    ),
    Algorithm(
        "unseen_categories",
        measure_unseen,
        Thresholds(0.01, 0.05),
        "share of values of new categories less what is expected, 0 to 1",
        _UNORDERED,
    ),
)
