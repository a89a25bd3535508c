"""Counters of one replica, and the figures of a router, as messages."""

from collections.abc import Collection

import grpc

from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.strategies.bandit import term_to
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.measures.bandits import ArmFigures, BanditFigures
from pointsman.domain.measures.counters import CopyCounters, Counters, Histogram, VariantCounters
from pointsman.domain.measures.figures import Latencies, RouterFigures, VariantFigures, interval_of
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.routers import SLOT_COUNT, Router
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.slots_moved import SlotsMoved
from pointsman.domain.strategies.sticky_bandit import due_us
from pointsman.v1 import router_pb2, snapshot_pb2

_CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def counters_from(message: snapshot_pb2.RouterCounters) -> Counters:
    """Reads the counters of a router."""
    return Counters(
        variants={
            variant.variant: VariantCounters(
                variant=variant.variant,
                requests_by_code=tuple(variant.requests_by_code),
                pinned_count=variant.pinned_count,
                fallback_count=variant.fallback_count,
                override_count=variant.override_count,
                overhead=_histogram(variant.overhead),
                backend=_histogram(variant.backend),
                copies=_copies(variant.shadow),
            )
            for variant in message.variants
        },
        dropped_record_count=message.dropped_record_count,
        cut_record_counts=dict(message.cut_record_counts),
        start_time_us=message.start_time_us,
        generation=message.generation,
    )


def metrics_to(router: Router, counters: Counters, figures: RouterFigures) -> router_pb2.RouterMetrics:
    """Makes the message of a router's figures.

    Args:
        router: Whose figures they are.
        counters: What this server counted of it, for its generation and its lost and cut records; a start of
            0 stays unset.
        figures: The figures; times that are None stay unset.
    """
    shadows = {variant.name for variant in router.shadows}
    message = router_pb2.RouterMetrics(
        router_id=router.router_id,
        variants=[_figures(figure, shadows) for figure in figures.variants],
        total=_figures(figures.total),
        generation=counters.generation,
        dropped_record_count=counters.dropped_record_count,
        cut_record_counts=counters.cut_record_counts,
        sample_ratio_p_value=figures.sample_ratio_p_value,
        series=[
            router_pb2.MetricsStep(
                start_time=timestamp_of(step.start_time_us),
                variants=[_figures(figure, shadows) for figure in step.variants],
                total=_figures(step.total),
            )
            for step in figures.series
        ],
        unreached=unreached_to(figures.unreached),
        live=figures.live,
        rule_splits=[
            router_pb2.RuleSplitMetrics(
                rule=split.rule,
                unit_count=sum(split.units.values()),
                variant_unit_counts=split.units,
                sample_ratio_p_value=split.sample_ratio_p_value,
            )
            for split in figures.rule_splits
        ],
    )
    if counters.start_time_us:
        message.count_start_time.CopyFrom(timestamp_of(counters.start_time_us))
    if figures.start_time_us is not None:
        message.start_time.CopyFrom(timestamp_of(figures.start_time_us))
    if figures.end_time_us is not None:
        message.end_time.CopyFrom(timestamp_of(figures.end_time_us))
    if figures.feedback_start_time_us is not None:
        message.feedback_start_time.CopyFrom(timestamp_of(figures.feedback_start_time_us))
    if figures.bandit is not None:
        message.bandit.CopyFrom(_bandit(figures.bandit))
    return message


def _bandit(figures: BanditFigures) -> router_pb2.BanditMetrics:
    message = router_pb2.BanditMetrics(
        epoch=figures.policy.epoch,
        algorithm=figures.policy.algorithm.value,
        metric=figures.policy.metric,
        regret=figures.regret,
        arms=[_arm(arm) for arm in figures.arms],
        reward_terms=[term_to(term) for term in figures.policy.terms],
    )
    if figures.slots is not None:
        message.sticky.CopyFrom(_sticky(figures.policy, figures.slots))
    return message


def _sticky(policy: Bandit, slots: SlotsMoved) -> router_pb2.StickyMetrics:
    return router_pb2.StickyMetrics(
        update_time=timestamp_of(slots.time_us) if slots.moved else None,
        moved_slots=slots.moved,
        moved_share=slots.moved / SLOT_COUNT,
        epoch_moved_slots=slots.moved_in_epoch,
        next_update_time=timestamp_of(due_us(policy)),
    )


def _arm(arm: ArmFigures) -> router_pb2.ArmMetrics:
    return router_pb2.ArmMetrics(
        variant=arm.variant,
        mean=arm.mean,
        mean_low=arm.mean_low,
        mean_high=arm.mean_high,
        share=arm.share,
        best_probability=arm.best_probability,
        reward_count=arm.reward_count,
        pulls=arm.pulls,
        slot_share=arm.slot_share,
        terms=[
            router_pb2.TermMetrics(
                mean=one.sums.mean if one.sums.count > 0 else None,
                count=one.sums.count,
                contribution=one.contribution,
            )
            for one in arm.terms
        ],
    )


def _figures(figure: VariantFigures, shadows: Collection[str] = ()) -> router_pb2.VariantMetrics:
    return router_pb2.VariantMetrics(
        variant=figure.variant,
        request_count=figure.request_count,
        error_count=figure.error_count,
        requests_by_code={
            _CODE_NAMES.get(code, str(code)): count for code, count in figure.requests_by_code.items()
        },
        pinned_request_count=figure.pinned_count,
        fallback_request_count=figure.fallback_count,
        override_request_count=figure.override_count,
        shadow=figure.variant in shadows,
        shadow_request_count=figure.copies.request_count,
        shadow_error_count=figure.copies.error_count,
        shadow_drop_counts=figure.copies.dropped,
        shadow_dropped_record_count=figure.copies.dropped_record_count,
        shadow_backend=latency_to(figure.copies.backend) if figure.copies.request_count else None,
        effective_share=figure.effective_share,
        served_share=figure.served_share,
        overhead=latency_to(figure.overhead),
        backend=latency_to(figure.backend),
        feedback_count=figure.feedback_count,
        mean_reward=figure.mean_reward,
        feedback=[_feedback(totals) for totals in figure.feedback],
        feedback_coverage=figure.feedback_coverage,
    )


def _feedback(totals: FeedbackMoments) -> router_pb2.FeedbackMetrics:
    low, high = interval_of(totals) or (None, None)
    return router_pb2.FeedbackMetrics(
        metric=totals.metric, count=totals.count, mean=totals.mean, mean_low=low, mean_high=high
    )


def latency_to(latencies: Latencies) -> router_pb2.LatencyMetrics:
    """Makes the message of latencies."""
    return router_pb2.LatencyMetrics(
        mean_seconds=latencies.mean_seconds,
        p50_seconds=latencies.p50_seconds,
        p90_seconds=latencies.p90_seconds,
        p99_seconds=latencies.p99_seconds,
    )


def _copies(message: snapshot_pb2.ShadowCounters) -> CopyCounters:
    return CopyCounters(
        tuple(message.requests_by_code),
        dict(message.dropped_counts),
        _histogram(message.backend),
        message.dropped_record_count,
    )


def _histogram(message: snapshot_pb2.Histogram) -> Histogram:
    return Histogram(tuple(message.bounds_seconds), tuple(message.counts), message.sum_seconds)
