"""Live counters of a router and the figures made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.domain.predictions import DEFAULT_METRIC, FeedbackTotals
from pointsman.domain.routers import Variant, effective_shares


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
class VariantCounters:
    """Live counters of one variant; the index of ``requests_by_code`` is the gRPC status code."""

    variant: str
    requests_by_code: tuple[int, ...] = ()
    pinned_count: int = 0
    overhead: Histogram = Histogram()
    backend: Histogram = Histogram()


@dataclass(frozen=True)
class Counters:
    """Live counters of one router."""

    variants: Mapping[str, VariantCounters] = field(default_factory=dict)
    dropped_record_count: int = 0
    start_time_us: int = 0
    generation: int = 0


@dataclass(frozen=True)
class VariantFigures:
    """The figures of one variant, or of all together (then without a name)."""

    variant: str
    counters: VariantCounters
    effective_share: float
    served_share: float
    feedback: tuple[FeedbackTotals, ...]

    @property
    def request_count(self) -> int:
        """Calls that the router decided."""
        return sum(self.counters.requests_by_code)

    @property
    def error_count(self) -> int:
        """Those of them that did not answer OK."""
        return sum(self.counters.requests_by_code[1:])

    @property
    def feedback_count(self) -> int:
        """Feedback values over all metrics."""
        return sum(totals.count for totals in self.feedback)

    @property
    def mean_reward(self) -> float | None:
        """The mean of the metric "reward"; None without such feedback."""
        return next((t.mean for t in self.feedback if t.metric == DEFAULT_METRIC and t.count), None)


def figures(
    variants: Sequence[Variant], counters: Counters, feedback: Sequence[FeedbackTotals]
) -> tuple[list[VariantFigures], VariantFigures]:
    """Puts together the figures of every variant and of all.

    Variants that the router no longer has, but that have counts or feedback, follow the present ones.

    Args:
        variants: The router's variants.
        counters: Its live counters.
        feedback: Its feedback totals.

    Returns:
        The figures of each variant, and those of all together.
    """
    shares = dict(zip((variant.name for variant in variants), effective_shares(variants), strict=True))
    former = sorted({*counters.variants, *(totals.variant for totals in feedback)} - set(shares))
    names = [*shares, *former]
    counted = {name: counters.variants.get(name, VariantCounters(name)) for name in names}
    request_total = sum(sum(counter.requests_by_code) for counter in counted.values())
    each = [
        VariantFigures(
            variant=name,
            counters=counted[name],
            effective_share=shares.get(name, 0.0),
            served_share=sum(counted[name].requests_by_code) / request_total if request_total else 0.0,
            feedback=tuple(
                sorted((t for t in feedback if t.variant == name), key=lambda totals: totals.metric)
            ),
        )
        for name in names
    ]
    total = VariantFigures(
        variant="",
        counters=_sum_counters([figure.counters for figure in each]),
        effective_share=sum(figure.effective_share for figure in each),
        served_share=1.0 if request_total else 0.0,
        feedback=_sum_feedback(feedback),
    )
    return each, total


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
    return VariantCounters("", tuple(by_code), pinned_count, overhead, backend)


def _sum_feedback(feedback: Sequence[FeedbackTotals]) -> tuple[FeedbackTotals, ...]:
    summed: dict[str, FeedbackTotals] = {}
    for totals in feedback:
        before = summed.get(totals.metric, FeedbackTotals("", totals.metric, 0, 0.0, 0.0))
        summed[totals.metric] = FeedbackTotals(
            "",
            totals.metric,
            before.count + totals.count,
            before.total + totals.total,
            before.total_squares + totals.total_squares,
        )
    return tuple(summed[metric] for metric in sorted(summed))
