"""The algorithms that come with this library, with their thresholds: the one table of them."""

from pointsman_drift.algorithms.algorithm import Algorithm, Thresholds
from pointsman_drift.algorithms.bounds import Bounds
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.algorithms.of_counts import (
    measure_chi_square,
    measure_js,
    measure_missing,
    measure_psi,
    measure_unseen,
)
from pointsman_drift.algorithms.of_predictions import (
    measure_accuracy_drop,
    measure_calibration_error,
    measure_cbpe,
)
from pointsman_drift.algorithms.of_streams import stream_measure
from pointsman_drift.algorithms.of_tables import measure_domain_classifier, measure_pca_reconstruction
from pointsman_drift.algorithms.of_values import measure_ks, measure_wasserstein
from pointsman_drift.streaming.watching import BOUNDS, PARAMETERS
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
        bounds={"epsilon": Bounds(below=1.0)},
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
    Algorithm(
        "domain_classifier",
        measure_domain_classifier,
        Thresholds(0.55, 0.65),
        "area under the ROC curve of rows that the classifier has not seen, 0.5 when the tables are alike",
        parameters={"folds": 5.0},
        bounds={"folds": Bounds(1.0, 21.0, is_whole=True)},
        kind=AlgorithmKind.MULTIVARIATE,
        needs=("sklearn", "multivariate"),
        is_default=False,
    ),
    Algorithm(
        "pca_reconstruction",
        measure_pca_reconstruction,
        Thresholds(0.1, 0.2),
        "Kolmogorov's D of reconstruction errors, 0 to 1",
        parameters={"variance": 0.65},
        # A share of 1 leaves no errors.
        bounds={"variance": Bounds(below=1.0)},
        kind=AlgorithmKind.MULTIVARIATE,
        is_default=False,
    ),
    Algorithm(
        "accuracy_drop",
        measure_accuracy_drop,
        Thresholds(0.05, 0.1),
        "accuracy of the baseline less the realised one",
        kind=AlgorithmKind.PERFORMANCE,
    ),
    Algorithm(
        "cbpe",
        measure_cbpe,
        Thresholds(0.05, 0.1),
        "estimated accuracy of the baseline less that of the current side",
        kind=AlgorithmKind.PERFORMANCE,
    ),
    Algorithm(
        "calibration_error",
        measure_calibration_error,
        Thresholds(0.05, 0.1),
        "expected calibration error, 0 to 1, less its mean without a change",
        kind=AlgorithmKind.PERFORMANCE,
    ),
    *(
        Algorithm(
            name,
            stream_measure(name),
            Thresholds(1.0, 2.0),
            "changes seen in this run",
            parameters=PARAMETERS[name],
            bounds=BOUNDS[name],
            kind=AlgorithmKind.STREAMING,
            needs=("river", "streaming"),
        )
        for name in ("adwin", "page_hinkley")
    ),
)
