"""Live counters of a router and the figures made of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from pointsman.domain.measures.figures import (
    CopyFigures,
    Latencies,
    RouterFigures,
    VariantFigures,
    names_of,
    sum_feedback,
)
from pointsman.domain.measures.statistics import Split, sample_ratio_p_value
from pointsman.domain.measures.windows import WHOLE, Window, WindowFeedback
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.routers import Router, expected_shares


@dataclass(frozen=True)
class Histogram:
    """A histogram of durations.

    Attributes:
        bounds_seconds: Upper bounds, ascending.
        counts: One more than bounds; the last is above all of them. Not cumulative.
        sum_seconds: The sum of all values.
    """

    bounds_seconds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    sum_seconds: float = 0.0

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts)

    @property
    def mean_seconds(self) -> float:
        """The mean; 0 without values."""
        return self.sum_seconds / self.count if self.count else 0.0

    def quantile_seconds(self, quantile: float) -> float:
        """Estimates a quantile, taking values as evenly spread within their bucket.

        Values above the last bound count as that bound. Answers 0 without values.
        """
        rank = quantile * self.count
        below = 0
        for index, count in enumerate(self.counts):
            if count and below + count >= rank:
                if index >= len(self.bounds_seconds):
                    return self.bounds_seconds[-1] if self.bounds_seconds else self.mean_seconds
                lower = self.bounds_seconds[index - 1] if index else 0.0
                upper = self.bounds_seconds[index]
                # Rounding must not lead out of the bucket.
                return min(upper, lower + (upper - lower) * max(0.0, rank - below) / count)
            below += count
        return 0.0

    def latencies(self) -> Latencies:
        """Answers the figures of it."""
        return Latencies(
            self.mean_seconds,
            self.quantile_seconds(0.5),
            self.quantile_seconds(0.9),
            self.quantile_seconds(0.99),
        )

    def plus(self, other: "Histogram") -> "Histogram":
        """Adds another histogram of the same bounds; an empty one has any bounds."""
        if not other.counts:
            return self
        if not self.counts:
            return other
        return Histogram(
            self.bounds_seconds,
            tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)),
            self.sum_seconds + other.sum_seconds,
        )


@dataclass(frozen=True)
class CopyCounters:
    """Live counters of the copies that were meant for a shadow; by code as those of calls.

    Attributes:
        dropped: Copies that it was not sent, by the reason.
    """

    requests_by_code: tuple[int, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    backend: Histogram = Histogram()
    dropped_record_count: int = 0

    def figures(self) -> CopyFigures:
        """Answers the figures of them."""
        by_code = {code: count for code, count in enumerate(self.requests_by_code) if count}
        return CopyFigures(by_code, dict(self.dropped), self.backend.latencies(), self.dropped_record_count)

    def plus(self, other: "CopyCounters") -> "CopyCounters":
        """Adds those of another shadow."""
        codes = zip_longest(self.requests_by_code, other.requests_by_code, fillvalue=0)
        return CopyCounters(
            tuple(mine + theirs for mine, theirs in codes),
            Counter(self.dropped) + Counter(other.dropped),
            self.backend.plus(other.backend),
            self.dropped_record_count + other.dropped_record_count,
        )


@dataclass(frozen=True)
class VariantCounters:
    """Live counters of one variant; the index of ``requests_by_code`` is the gRPC status code."""

    variant: str
    requests_by_code: tuple[int, ...] = ()
    pinned_count: int = 0
    overhead: Histogram = Histogram()
    backend: Histogram = Histogram()
    fallback_count: int = 0
    override_count: int = 0
    copies: CopyCounters = CopyCounters()


@dataclass(frozen=True)
class Counters:
    """Live counters of one router.

    Attributes:
        cut_record_counts: Predictions recorded without features or answer, by the limit in the way.
    """

    variants: Mapping[str, VariantCounters] = field(default_factory=dict)
    dropped_record_count: int = 0
    cut_record_counts: Mapping[str, int] = field(default_factory=dict)
    start_time_us: int = 0
    generation: int = 0


def figures(
    router: Router, counters: Counters, window: Window, window_feedback: WindowFeedback
) -> RouterFigures:
    """Puts together the live figures of every variant and of all.

    Variants that the router no longer has, but that have counts or feedback, follow the present ones. Rows of
    calls are not counted, so that no coverage is known.

    Args:
        router: The router.
        counters: Its live counters.
        window: Since when they count, and when they were read.
        window_feedback: The feedback for the predictions of this window.
    """
    shares = expected_shares(router)
    feedback = [
        totals for (step, _), each in window_feedback.totals.items() if step == WHOLE for totals in each
    ]
    names = names_of(shares, counters.variants, (totals.variant for totals in feedback))
    counted = {name: counters.variants.get(name, VariantCounters(name)) for name in names}
    request_total = sum(sum(counter.requests_by_code) for counter in counted.values())
    each = tuple(
        _figures_of(
            counted[name],
            effective_share=shares.get(name, 0.0),
            served_share=sum(counted[name].requests_by_code) / request_total if request_total else 0.0,
            feedback=tuple(
                sorted((t for t in feedback if t.variant == name), key=lambda totals: totals.metric)
            ),
        )
        for name in names
    )
    total = _figures_of(
        _sum_counters(list(counted.values())),
        effective_share=sum(shares.values()),
        served_share=1.0 if request_total else 0.0,
        feedback=sum_feedback(feedback),
    )
    return RouterFigures(
        each,
        total,
        start_time_us=window.start_time_us,
        end_time_us=window.end_time_us,
        sample_ratio_p_value=_p_value(router, counters, shares),
        live=True,
    )


def _figures_of(
    counter: VariantCounters,
    *,
    effective_share: float,
    served_share: float,
    feedback: tuple[FeedbackMoments, ...],
) -> VariantFigures:
    return VariantFigures(
        variant=counter.variant,
        requests_by_code={code: count for code, count in enumerate(counter.requests_by_code) if count},
        pinned_count=counter.pinned_count,
        fallback_count=counter.fallback_count,
        override_count=counter.override_count,
        copies=counter.copies.figures(),
        effective_share=effective_share,
        served_share=served_share,
        overhead=counter.overhead.latencies(),
        backend=counter.backend.latencies(),
        feedback=feedback,
    )


def _p_value(router: Router, counters: Counters, shares: Mapping[str, float]) -> float | None:
    """Compares counts with shares where both belong together.

    The counters know neither entities nor when the split changed: only requests that were each drawn anew,
    from a split that has not changed since counting began, can be compared. Nor do they know for whom those
    calls were decided that others answered: after an outage that a fallback bridged, nothing is said.
    """
    if any(counter.fallback_count for counter in counters.variants.values()):
        return None
    if (
        router.sticky
        or not router.policy.splits_alike
        or not 0 < router.update_time_us <= counters.start_time_us
    ):
        return None
    counts = {name: sum(counter.requests_by_code) for name, counter in counters.variants.items()}
    return sample_ratio_p_value([Split(counts, shares)])


def _sum_counters(counters: Sequence[VariantCounters]) -> VariantCounters:
    code_count = max((len(counter.requests_by_code) for counter in counters), default=0)
    by_code = [0] * code_count
    overhead = backend = Histogram()
    for counter in counters:
        for code, count in enumerate(counter.requests_by_code):
            by_code[code] += count
        overhead = overhead.plus(counter.overhead)
        backend = backend.plus(counter.backend)
    pinned_count = sum(counter.pinned_count for counter in counters)
    fallback_count = sum(counter.fallback_count for counter in counters)
    override_count = sum(counter.override_count for counter in counters)
    copies = CopyCounters()
    for counter in counters:
        copies = copies.plus(counter.copies)
    return VariantCounters(
        "", tuple(by_code), pinned_count, overhead, backend, fallback_count, override_count, copies
    )
