"""Measures pairs of a shadow's answers and those that were given, for each primary and for all together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.distributions import OrderedSamples, ks_p_value, population_stability_index
from pointsman.domain.measures.figures import Latencies
from pointsman.domain.measures.proportions import Proportion
from pointsman.domain.measures.shadows import (
    LabelAccuracy,
    LabelAgreement,
    LabelPair,
    MeanDifference,
    NotCompared,
    NotComparedReason,
    NumberAccuracy,
    PairedLatency,
    ProbabilityDistance,
    ScoreComparison,
    ScoreKind,
    ShadowFigures,
    ValueDistance,
)
from pointsman.domain.measures.statistics import mean_interval
from pointsman.lake.latencies import Buckets, latencies_of
from pointsman.lake.measuring import BUCKETS_PER_E
from pointsman.lake.shadows import sql
from pointsman.lake.shadows.pairs import Paired

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TOTAL = ""
"""The primary that stands for all together."""

_SCORES_AT_A_TIME = 250_000

_Row = tuple[Any, ...]
_Why = NotComparedReason


@dataclass(frozen=True)
class _Kinds:
    """Pairs of which both ended OK, by what was answered."""

    counts: dict[str, int]
    same_labels: int

    def of(self, kind: str) -> int:
        """Answers how many are of a kind."""
        return self.counts.get(kind, 0)


class ShadowMeasurement:
    """Measures the pairs that the connection holds.

    Args:
        connection: Where to query, while its table of pairs is there.
        paired: What was counted when the pairs were made.
        max_labels: At most so many pairs of labels are told.
        has_truths: Whether there is a table of what should have been predicted.
    """

    def __init__(
        self, connection: DuckDBPyConnection, paired: Paired, max_labels: int, *, has_truths: bool
    ) -> None:
        self._connection = connection
        self._paired = paired
        self._max_labels = max_labels
        self._has_truths = has_truths

    def figures(self) -> dict[str, ShadowFigures]:
        """Answers the figures of each primary, and of :data:`TOTAL`."""
        counts = self._by_primary(sql.COUNTS)
        kinds = self._kinds()
        confusion = self._confusion()
        numbers = self._by_primary(_distance("number", "number"))
        confidences = self._by_primary(_distance("confidence", "label"))
        probabilities = self._by_primary(sql.PROBABILITIES)
        latency, buckets = self._by_primary(sql.LATENCY), self._latencies()
        scores = self._score_kinds()
        label_accuracy = self._by_primary(sql.LABEL_ACCURACY) if self._has_truths else {}
        number_accuracy = self._by_primary(sql.NUMBER_ACCURACY) if self._has_truths else {}
        found = {}
        for name in [TOTAL, *sorted({variant for variant, _ in self._paired.primaries})]:
            pair_count, calls, primary_errors, shadow_errors, answered, answered_calls = counts.get(
                name, (0,) * 6
            )
            notes: list[NotCompared] = []
            of_kind = kinds.get(name, _Kinds({}, 0))
            figures = ShadowFigures(
                primary_variant=name,
                primary_count=_sum(self._paired.primaries, name),
                pair_count=pair_count,
                unpaired=_unpaired(self._paired, name),
                primary_errors=Proportion(primary_errors, calls),
                shadow_errors=Proportion(shadow_errors, calls),
                answered_pair_count=answered,
            )
            if answered:
                notes += _answers_left_out(of_kind)
                figures = replace(
                    figures,
                    labels=_agreement(of_kind, confusion.get(name, [])),
                    numbers=_value_distance(numbers.get(name)),
                    confidences=_value_distance(confidences.get(name)),
                    probabilities=_probability_distance(probabilities.get(name)),
                    scores=self._scores(name, scores.get(name, [])),
                    backend=_paired_latency(latency.get(name), buckets.get(name)),
                    label_accuracy=_label_accuracy(label_accuracy.get(name)),
                    number_accuracy=_number_accuracy(number_accuracy.get(name)),
                )
                notes += _values_left_out("numbers", of_kind.of("number"), numbers.get(name))
                notes += _values_left_out("confidences", of_kind.of("label"), confidences.get(name))
                notes += _probabilities_left_out(probabilities.get(name))
                notes += _scores_left_out(scores.get(name, []), figures.scores)
                notes += _left_out("backend", _Why.NO_VALUE, answered_calls - _first(latency.get(name)))
                if self._has_truths:
                    finite = 0 if figures.numbers is None else figures.numbers.pair_count
                    comparable = of_kind.of("label") + finite
                    notes += _truths_left_out(comparable, label_accuracy.get(name), number_accuracy.get(name))
            else:
                notes += _nothing_compared(has_truths=self._has_truths)
            found[name] = replace(figures, not_compared=tuple(notes))
        return found

    def _by_primary(self, question: str) -> dict[str, _Row]:
        return {row[0] or TOTAL: row[1:] for row in self._connection.execute(question).fetchall()}

    def _kinds(self) -> dict[str, _Kinds]:
        counts: dict[str, dict[str, int]] = {}
        same: dict[str, int] = {}
        for variant, kind, count, same_count in self._connection.execute(sql.KINDS).fetchall():
            counts.setdefault(variant or TOTAL, {})[kind] = count
            same[variant or TOTAL] = same.get(variant or TOTAL, 0) + (same_count if kind == "label" else 0)
        return {name: _Kinds(of_name, same[name]) for name, of_name in counts.items()}

    def _confusion(self) -> dict[str, list[LabelPair]]:
        rows = self._connection.execute(sql.CONFUSION, {"most": self._max_labels}).fetchall()
        found: dict[str, list[LabelPair]] = {}
        for variant, primary, shadow, count in rows:
            found.setdefault(variant or TOTAL, []).append(LabelPair(primary, shadow, count))
        return found

    def _latencies(self) -> dict[str, tuple[Latencies, Latencies]]:
        import numpy as np

        rows = self._connection.execute(sql.BUCKETS).fetchall()
        if not rows:
            return {}
        names = sorted({variant for variant, *_ in rows})
        columns = [
            np.array(column, dtype=np.int64) for column in zip(*(row[1:] for row in rows), strict=True)
        ]
        of_variants = np.array([names.index(row[0]) for row in rows], dtype=np.int64)
        found: dict[str, dict[int, Latencies]] = {}
        buckets = Buckets(columns[0], of_variants, columns[1], columns[2])
        for is_shadow, variant, latencies in latencies_of(buckets, BUCKETS_PER_E, stepped=True):
            if is_shadow is not None:
                found.setdefault(TOTAL if variant is None else names[variant], {})[is_shadow] = latencies
        return {name: (both[0], both[1]) for name, both in found.items()}

    def _score_kinds(self) -> dict[str, list[_Row]]:
        found: dict[str, list[_Row]] = {}
        for variant, *row in self._connection.execute(sql.SCORE_KINDS).fetchall():
            found.setdefault(variant or TOTAL, []).append(tuple(row))
        return found

    def _ordered_scores(self, chosen: dict[str, str]) -> Iterator[tuple[Any, Any, Any]]:
        """Answers each score once, in order, with how often either side has it: many at a time, as arrays."""
        connection = self._connection
        connection.execute(f"DROP TABLE IF EXISTS {sql.SCORES_TABLE}")
        try:
            connection.execute(sql.SCORES, chosen).fetchall()
            [(count,)] = connection.execute(f"SELECT count(*) FROM {sql.SCORES_TABLE}").fetchall()
            for begin in range(0, count, _SCORES_AT_A_TIME):
                part = {"begin": begin, "end": begin + _SCORES_AT_A_TIME}
                columns = connection.execute(sql.SCORES_PART, part).fetchnumpy()
                yield columns["score"], columns["primary_count"], columns["shadow_count"]
        finally:
            connection.execute(f"DROP TABLE IF EXISTS {sql.SCORES_TABLE}")

    def _scores(self, name: str, kinds: list[_Row]) -> ScoreComparison | None:
        """Compares distributions, where all scores are of one kind and label."""
        scored = [row for row in kinds if row[0] is not None]
        if len(scored) != 1 or not scored[0][3]:
            return None
        [(kind, label, _, pair_count)] = scored
        samples = OrderedSamples(pair_count)
        for values, primary, shadow in self._ordered_scores({"kind": kind, "primary": name}):
            samples.add(values, primary, shadow)
        return ScoreComparison(
            ScoreKind(kind),
            label,
            pair_count,
            samples.ks_statistic,
            ks_p_value(samples.ks_statistic, pair_count, pair_count),
            population_stability_index(samples.bins) if len(samples.bins) > 1 else None,
            samples.bins,
        )


def _distance(value: str, kind: str) -> str:
    return sql.DISTANCE.format(primary=f"primary_{value}", shadow=f"shadow_{value}", kind=kind)


def _first(row: _Row | None) -> int:
    return 0 if row is None else int(row[0])


def _sum(counts: dict[tuple[str, str], int], name: str) -> int:
    return sum(count for (variant, _), count in counts.items() if name in (TOTAL, variant))


def _unpaired(paired: Paired, name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for (variant, reason), count in paired.primaries.items():
        if name not in (TOTAL, variant):
            continue
        left = count - paired.pairs.get((variant, reason), 0)
        failed = min(left, paired.shadow_failed.get((variant, reason), 0))
        for why, rows in ((reason, left - failed), ("shadow_failed", failed)):
            if rows:
                found[why] = found.get(why, 0) + rows
    return found


def _agreement(kinds: _Kinds, pairs: list[LabelPair]) -> LabelAgreement | None:
    label_count = kinds.of("label")
    if not label_count:
        return None
    told = sum(pair.count for pair in pairs)
    return LabelAgreement(Proportion(kinds.same_labels, label_count), tuple(pairs), label_count - told)


def _value_distance(row: _Row | None) -> ValueDistance | None:
    if row is None or not row[1]:
        return None
    _, pair_count, mean_absolute, mean_square, max_absolute, mean, equal = row
    root = math.sqrt(mean_square)
    return ValueDistance(pair_count, mean_absolute, root, max_absolute, mean, equal)


def _probability_distance(row: _Row | None) -> ProbabilityDistance | None:
    if row is None or not row[3]:
        return None
    return ProbabilityDistance(row[3], row[4], row[5])


def _paired_latency(row: _Row | None, latencies: tuple[Latencies, Latencies] | None) -> PairedLatency | None:
    if row is None or not row[0] or latencies is None:
        return None
    count, primary_mean, shadow_mean, difference, variance = row
    primary, shadow = latencies
    return PairedLatency(
        count,
        replace(primary, mean_seconds=primary_mean / 1e9),
        replace(shadow, mean_seconds=shadow_mean / 1e9),
        _mean_difference(count, difference / 1e9, variance / 1e18),
    )


def _mean_difference(count: int, mean: float, variance: float) -> MeanDifference:
    return MeanDifference(mean, mean_interval(count, mean, variance * (count - 1)))


def _label_accuracy(row: _Row | None) -> LabelAccuracy | None:
    if row is None or not row[1]:
        return None
    _, told, primary, shadow, primary_only, shadow_only = row
    return LabelAccuracy(Proportion(primary, told), Proportion(shadow, told), primary_only, shadow_only)


def _number_accuracy(row: _Row | None) -> NumberAccuracy | None:
    if row is None or not row[0]:
        return None
    count, primary, shadow, difference, variance = row
    return NumberAccuracy(count, primary, shadow, _mean_difference(count, difference, variance))


def _left_out(figure: str, why: NotComparedReason, count: int) -> list[NotCompared]:
    return [NotCompared(figure, why, count)] if count else []


def _answers_left_out(kinds: _Kinds) -> list[NotCompared]:
    """Says which pairs are neither labels nor numbers, of the figure that the others are in."""
    figures = [figure for figure, kind in (("labels", "label"), ("numbers", "number")) if kinds.of(kind)]
    found: list[NotCompared] = []
    for figure in figures or ["labels", "numbers"]:
        found += _left_out(figure, _Why.NOT_RECORDED, kinds.of("not_recorded"))
        found += _left_out(figure, _Why.NO_SINGLE_PREDICTION, kinds.of("none"))
        found += _left_out(figure, _Why.DIFFERENT_KINDS, kinds.of("mixed"))
    return found


def _values_left_out(figure: str, count: int, row: _Row | None) -> list[NotCompared]:
    given, finite = (0, 0) if row is None else row[:2]
    return _left_out(figure, _Why.NO_VALUE, count - given) + _left_out(
        figure, _Why.NOT_FINITE, given - finite
    )


def _probabilities_left_out(row: _Row | None) -> list[NotCompared]:
    if row is None:
        return []
    count, given, comparable, finite, *_ = row
    return [
        *_left_out("probabilities", _Why.NO_VALUE, count - given),
        *_left_out("probabilities", _Why.DIFFERENT_LABELS, given - comparable),
        *_left_out("probabilities", _Why.NOT_FINITE, comparable - finite),
    ]


def _scores_left_out(kinds: list[_Row], compared: ScoreComparison | None) -> list[NotCompared]:
    scored = [row for row in kinds if row[0] is not None]
    without = sum(row[2] for row in kinds if row[0] is None)
    found = _left_out("scores", _Why.NO_VALUE, without)
    if compared is not None and compared.population_stability_index is None:
        found += _left_out("scores.population_stability_index", _Why.ONE_BIN, compared.pair_count)
    if len(scored) > 1:
        return found + _left_out("scores", _Why.SEVERAL_KINDS, sum(row[2] for row in scored))
    return found + _left_out("scores", _Why.NOT_FINITE, sum(row[2] - row[3] for row in scored))


def _truths_left_out(comparable: int, labels: _Row | None, numbers: _Row | None) -> list[NotCompared]:
    with_feedback, told = (0, 0) if labels is None else labels[:2]
    return [
        *_left_out("accuracy", _Why.NO_FEEDBACK, comparable - with_feedback - _first(numbers)),
        *_left_out("accuracy", _Why.FEEDBACK_NAMES_NO_LABEL, with_feedback - told),
    ]


def _nothing_compared(*, has_truths: bool) -> list[NotCompared]:
    figures = ["labels", "numbers", "confidences", "probabilities", "scores", "backend"]
    return [NotCompared(figure, _Why.NO_PAIRS, 0) for figure in figures + ["accuracy"] * has_truths]
