"""How shadows compare, as messages."""

from collections.abc import Callable
from typing import TypeVar

from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.metrics import latency_to
from pointsman.domain.measures.proportions import Proportion, mcnemar_p_value, paired_difference_interval
from pointsman.domain.measures.shadows import (
    LabelAccuracy,
    LabelAgreement,
    NotComparedReason,
    NumberAccuracy,
    PairedLatency,
    ProbabilityDistance,
    ScoreComparison,
    ScoreKind,
    ShadowFigures,
    ValueDistance,
)
from pointsman.v1 import router_pb2

_Found = TypeVar("_Found")
_Made = TypeVar("_Made")

SCORE_KIND = EnumMap(ScoreKind, router_pb2.ScoreKind, "SCORE_KIND_")
NOT_COMPARED_REASON = EnumMap(NotComparedReason, router_pb2.NotComparedReason, "NOT_COMPARED_REASON_")


def shadow_figures_to(figures: ShadowFigures) -> router_pb2.ShadowFigures:
    """Makes the message of a shadow's figures; what does not apply stays unset."""
    return router_pb2.ShadowFigures(
        primary_variant=figures.primary_variant,
        primary_count=figures.primary_count,
        pair_count=figures.pair_count,
        unpaired_counts=figures.unpaired,
        primary_errors=_proportion(figures.primary_errors),
        shadow_errors=_proportion(figures.shadow_errors),
        answered_pair_count=figures.answered_pair_count,
        labels=_made(_labels, figures.labels),
        numbers=_made(_distance, figures.numbers),
        confidences=_made(_distance, figures.confidences),
        probabilities=_made(_probabilities, figures.probabilities),
        scores=_made(_scores, figures.scores),
        backend=_made(_latency, figures.backend),
        accuracy=_accuracy(figures.label_accuracy, figures.number_accuracy),
        not_compared=[
            router_pb2.NotCompared(
                figure=one.figure, reason=NOT_COMPARED_REASON.number(one.reason), pair_count=one.pair_count
            )
            for one in figures.not_compared
        ],
    )


def _made(make: Callable[[_Found], _Made], found: _Found | None) -> _Made | None:
    """Makes the message of what is there; nothing of None."""
    return None if found is None else make(found)


def _proportion(proportion: Proportion) -> router_pb2.Proportion:
    low, high = proportion.interval or (None, None)
    return router_pb2.Proportion(
        count=proportion.count, total=proportion.total, share=proportion.share, low=low, high=high
    )


def _labels(found: LabelAgreement) -> router_pb2.LabelAgreement:
    return router_pb2.LabelAgreement(
        agreement=_proportion(found.agreement),
        pairs=[
            router_pb2.LabelPairCount(primary_label=pair.primary, shadow_label=pair.shadow, count=pair.count)
            for pair in found.pairs
        ],
        other_count=found.other_count,
    )


def _distance(found: ValueDistance) -> router_pb2.ValueDistance:
    return router_pb2.ValueDistance(
        pair_count=found.pair_count,
        mean_absolute=found.mean_absolute,
        root_mean_square=found.root_mean_square,
        max_absolute=found.max_absolute,
        mean_difference=found.mean_difference,
        equal_share=found.equal_share,
    )


def _probabilities(found: ProbabilityDistance) -> router_pb2.ProbabilityDistance:
    return router_pb2.ProbabilityDistance(
        pair_count=found.pair_count,
        mean_total_variation=found.mean_total_variation,
        max_total_variation=found.max_total_variation,
    )


def _scores(found: ScoreComparison) -> router_pb2.ScoreComparison:
    return router_pb2.ScoreComparison(
        kind=SCORE_KIND.number(found.kind),
        label=found.label,
        pair_count=found.pair_count,
        ks_statistic=found.ks_statistic,
        ks_p_value=found.ks_p_value,
        population_stability_index=found.population_stability_index,
        bins=[
            router_pb2.ScoreBin(upper=one.upper, primary_count=one.first_count, shadow_count=one.second_count)
            for one in found.bins
        ],
    )


def _latency(found: PairedLatency) -> router_pb2.PairedLatency:
    low, high = found.difference_seconds.interval or (None, None)
    return router_pb2.PairedLatency(
        pair_count=found.call_count,
        primary=latency_to(found.primary),
        shadow=latency_to(found.shadow),
        mean_difference_seconds=found.difference_seconds.mean,
        mean_difference_low_seconds=low,
        mean_difference_high_seconds=high,
    )


def _accuracy(
    labels: LabelAccuracy | None, numbers: NumberAccuracy | None
) -> router_pb2.PairedAccuracy | None:
    if labels is None and numbers is None:
        return None
    return router_pb2.PairedAccuracy(
        pair_count=(labels.primary.total if labels else 0) + (numbers.pair_count if numbers else 0),
        labels=_made(_label_accuracy, labels),
        numbers=_made(_number_accuracy, numbers),
    )


def _label_accuracy(found: LabelAccuracy) -> router_pb2.LabelAccuracy:
    total = found.primary.total
    low, high = paired_difference_interval(found.primary_only, found.shadow_only, total) or (None, None)
    return router_pb2.LabelAccuracy(
        primary=_proportion(found.primary),
        shadow=_proportion(found.shadow),
        primary_only_count=found.primary_only,
        shadow_only_count=found.shadow_only,
        difference=(found.shadow.count - found.primary.count) / total,
        difference_low=low,
        difference_high=high,
        mcnemar_p_value=mcnemar_p_value(found.primary_only, found.shadow_only),
    )


def _number_accuracy(found: NumberAccuracy) -> router_pb2.NumberAccuracy:
    low, high = found.difference.interval or (None, None)
    return router_pb2.NumberAccuracy(
        primary_mean_absolute_error=found.primary_error,
        shadow_mean_absolute_error=found.shadow_error,
        difference=found.difference.mean,
        difference_low=low,
        difference_high=high,
    )
