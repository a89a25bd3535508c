"""Counters of the data plane, and the figures made of them, as messages."""

import grpc

from pointsman.control.convert.times import timestamp_of
from pointsman.domain.counters import Counters, Histogram, VariantCounters, VariantFigures
from pointsman.domain.routers import Router
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
                overhead=_histogram(variant.overhead),
                backend=_histogram(variant.backend),
            )
            for variant in message.variants
        },
        dropped_record_count=message.dropped_record_count,
        start_time_us=message.start_time_us,
        generation=message.generation,
    )


def metrics_to(
    router: Router, counters: Counters, each: list[VariantFigures], total: VariantFigures
) -> router_pb2.RouterMetrics:
    """Makes the message of a router's figures."""
    message = router_pb2.RouterMetrics(
        router_id=router.router_id,
        variants=[_figures(figure) for figure in each],
        total=_figures(total),
        generation=counters.generation,
        dropped_record_count=counters.dropped_record_count,
    )
    if counters.start_time_us:
        message.count_start_time.CopyFrom(timestamp_of(counters.start_time_us))
    return message


def _figures(figure: VariantFigures) -> router_pb2.VariantMetrics:
    by_code = {
        _CODE_NAMES.get(code, str(code)): count
        for code, count in enumerate(figure.counters.requests_by_code)
        if count
    }
    return router_pb2.VariantMetrics(
        variant=figure.variant,
        request_count=figure.request_count,
        error_count=figure.error_count,
        requests_by_code=by_code,
        pinned_request_count=figure.counters.pinned_count,
        effective_share=figure.effective_share,
        served_share=figure.served_share,
        overhead=_latency(figure.counters.overhead),
        backend=_latency(figure.counters.backend),
        feedback_count=figure.feedback_count,
        mean_reward=figure.mean_reward,
        feedback=[
            router_pb2.FeedbackMetrics(metric=totals.metric, count=totals.count, mean=totals.mean)
            for totals in figure.feedback
        ],
    )


def _latency(histogram: Histogram) -> router_pb2.LatencyMetrics:
    return router_pb2.LatencyMetrics(
        mean_seconds=histogram.mean_seconds,
        p50_seconds=histogram.quantile_seconds(0.5),
        p90_seconds=histogram.quantile_seconds(0.9),
        p99_seconds=histogram.quantile_seconds(0.99),
    )


def _histogram(message: snapshot_pb2.Histogram) -> Histogram:
    return Histogram(tuple(message.bounds_seconds), tuple(message.counts), message.sum_seconds)
