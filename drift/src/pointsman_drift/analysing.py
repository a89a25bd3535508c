"""From what both sides hold to a judged result: no table is opened here."""

import math
from collections.abc import Sequence

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, NotMeasured
from pointsman_drift.algorithms.kinds import AlgorithmKind, Measurable
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.counting.groups import WHOLE
from pointsman_drift.errors import AlgorithmError
from pointsman_drift.options import Options
from pointsman_drift.results.figure import ComparedGroup, Figure, Unjudged
from pointsman_drift.results.histogram import histograms_of
from pointsman_drift.results.result import Result
from pointsman_drift.results.summary import summarise
from pointsman_drift.verdicts.adjusting import benjamini_hochberg
from pointsman_drift.verdicts.judging import judge_calibrated, judge_plain, score_of

_Measured = tuple[Measurable, Algorithm, Measurement]


def analyse(
    items: Sequence[Measurable],
    options: Options,
    rows: tuple[int, int],
    seed: int,
    groups: Sequence[ComparedGroup] = (),
) -> Result:
    """Measures every item by every algorithm that looks at such, and judges all figures as one family.

    Args:
        items: Columns, whole tables, predictions, those of windows and slices among them; one that no chosen
            algorithm looks at is passed over.
        options: Algorithms, thresholds, calibration.
        rows: Rows of the reference and of the current table.
        seed: Of the analysis; it is told with each figure.
        groups: The windows and slices.
    """
    measured: list[_Measured] = []
    insufficient: list[Unjudged] = []
    lacking: list[Unjudged] = []
    for item in items:
        algorithms = [one for one in options.algorithms if one.kind in item.seen_by]
        if not algorithms:
            continue
        n, m = item.rows
        # A detector must see every run, however short, for the next one goes on from its state.
        if min(n, m) < options.least_rows and AlgorithmKind.STREAMING not in item.seen_by:
            reason = f"{min(n, m)} rows on a side; {options.least_rows} are needed"
            insufficient.append(Unjudged(item.column, reason, n, m, group=item.group))
            continue
        found, reasons = _measure(item, algorithms, options)
        measured += found
        # A run without anything new is no feature with too few rows.
        if found or AlgorithmKind.STREAMING in item.seen_by:
            lacking += reasons
        else:
            reason = "; ".join(f"{one.algorithm}: {one.reason}" for one in reasons)
            reason = reason or "no chosen algorithm applies to its type"
            insufficient.append(Unjudged(item.column, reason, n, m, group=item.group))
    figures = _judge(measured, options, seed)
    pairs = [item for item in items if isinstance(item, ColumnPair)]
    return Result(
        tuple(figures),
        tuple(insufficient),
        tuple(lacking),
        *rows,
        is_calibrated=options.is_calibrated,
        seed=seed,
        summaries=tuple(summarise(pair) for pair in pairs if pair.group == WHOLE),
        groups=tuple(groups),
        histograms=histograms_of(pairs, figures),
    )


def _measure(
    item: Measurable, algorithms: Sequence[Algorithm], options: Options
) -> tuple[list[_Measured], list[Unjudged]]:
    found: list[_Measured] = []
    lacking: list[Unjudged] = []
    for algorithm in algorithms:
        if item.kind is not None and item.kind not in algorithm.types:
            continue
        try:
            measurement = algorithm.measure(item, options.parameters[algorithm.name])
        except Exception as error:
            raise AlgorithmError(
                f"algorithm {algorithm.name!r} failed on column {item.column!r}: {error}"
            ) from error
        if not isinstance(measurement, Measurement | NotMeasured):
            raise AlgorithmError(
                f"algorithm {algorithm.name!r} answered a {type(measurement).__name__} for column "
                f"{item.column!r}; it must be a Measurement or NotMeasured"
            )
        if isinstance(measurement, Measurement) and not _is_finite(measurement):
            measurement = NotMeasured("the figure is no finite number, for values are too large")
        if isinstance(measurement, NotMeasured):
            reason = measurement.reason
            lacking.append(Unjudged(item.column, reason, *item.rows, algorithm.name, item.group))
        else:
            found.append((item, algorithm, measurement))
    return found, lacking


def _is_finite(measurement: Measurement) -> bool:
    figures = (
        measurement.value,
        measurement.effect,
        measurement.p_value,
        measurement.expected,
        measurement.error,
    )
    details = [value for value in measurement.details.values() if isinstance(value, float)]
    return all(math.isfinite(one) for one in (*figures, *details) if one is not None)


def _judge(measured: Sequence[_Measured], options: Options, seed: int) -> list[Figure]:
    tested = [one.p_value for _, _, one in measured if one.p_value is not None]
    adjusted = iter(benjamini_hochberg(tested))
    figures = []
    for item, algorithm, one in measured:
        q_value = next(adjusted) if one.p_value is not None else None
        override = options.overrides.get(algorithm.name)
        thresholds = override or algorithm.thresholds
        score = score_of(one, options.is_calibrated)
        if options.is_calibrated:
            status = judge_calibrated(score, q_value, thresholds)
        else:
            status, q_value = judge_plain(algorithm, score, one.p_value, override), None
        figures.append(
            Figure(
                feature=item.column,
                algorithm=algorithm.name,
                status=status,
                score=score,
                value=one.value,
                effect=one.effect,
                p_value=one.p_value,
                q_value=q_value,
                test=one.test,
                expected=one.expected,
                n=one.n,
                m=one.m,
                epsilon=one.epsilon,
                method=one.method,
                error=one.error,
                thresholds=thresholds,
                seed=seed,
                details=one.details,
                group=item.group,
            )
        )
    return figures
