"""The figures of a router: of each variant, of all together, and over time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pointsman.domain.measures.bandits import BanditFigures
from pointsman.domain.measures.rule_splits import RuleSplitFigures
from pointsman.domain.measures.statistics import mean_interval
from pointsman.domain.records.feedback import DEFAULT_METRIC, FeedbackMoments
from pointsman.domain.records.servers import UnreachedJournal


@dataclass(frozen=True)
class Latencies:
    """Latency figures in seconds; 0 without calls."""

    mean_seconds: float = 0.0
    p50_seconds: float = 0.0
    p90_seconds: float = 0.0
    p99_seconds: float = 0.0


@dataclass(frozen=True)
class CopyFigures:
    """What became of the copies that were meant for a shadow, as one server counted them.

    Attributes:
        requests_by_code: Copies that it was sent, by gRPC status code.
        dropped: Copies that it was not sent, by the reason.
        backend: How long its backend took.
        dropped_record_count: Answers that were not recorded because the queue or the disk was full.
    """

    requests_by_code: Mapping[int, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    backend: Latencies = Latencies()
    dropped_record_count: int = 0

    @property
    def request_count(self) -> int:
        """Copies that it was sent."""
        return sum(self.requests_by_code.values())

    @property
    def error_count(self) -> int:
        """Those of them that it did not answer OK."""
        return sum(count for code, count in self.requests_by_code.items() if code)


@dataclass(frozen=True)
class VariantFigures:
    """The figures of one variant, or of all together (then without a name).

    Attributes:
        requests_by_code: Calls that the router decided, by gRPC status code.
        pinned_count: Calls that named the variant themselves.
        fallback_count: Calls that it stood in for; in no other figure.
        override_count: Calls that an operator sent to it; in no other figure.
        effective_share: The share of calls it should get now.
        served_share: The share of calls it got.
        feedback: Totals ordered by metric.
        feedback_coverage: The share of its predictions with feedback; None where it is not known.
        copies: Copies of calls that others answered; in no other figure. Of live figures only.
    """

    variant: str
    requests_by_code: Mapping[int, int] = field(default_factory=dict)
    pinned_count: int = 0
    effective_share: float = 0.0
    served_share: float = 0.0
    overhead: Latencies = Latencies()
    backend: Latencies = Latencies()
    feedback: tuple[FeedbackMoments, ...] = ()
    feedback_coverage: float | None = None
    fallback_count: int = 0
    override_count: int = 0
    copies: CopyFigures = CopyFigures()

    @property
    def request_count(self) -> int:
        """Calls that the router decided."""
        return sum(self.requests_by_code.values())

    @property
    def error_count(self) -> int:
        """Those of them that did not answer OK."""
        return sum(count for code, count in self.requests_by_code.items() if code)

    @property
    def feedback_count(self) -> int:
        """Feedback values over all metrics."""
        return sum(totals.count for totals in self.feedback)

    @property
    def mean_reward(self) -> float | None:
        """The mean of the metric "reward"; None without such feedback."""
        return next((t.mean for t in self.feedback if t.metric == DEFAULT_METRIC and t.count), None)


@dataclass(frozen=True)
class StepFigures:
    """The figures of one step of time."""

    start_time_us: int
    variants: tuple[VariantFigures, ...]
    total: VariantFigures


@dataclass(frozen=True)
class RouterFigures:
    """The figures of a router.

    Attributes:
        start_time_us: Where the window begins; None where nothing says since when was counted.
        end_time_us: Where it ends.
        sample_ratio_p_value: How likely shares so far from the effective ones are; None when not known.
        series: The steps of the window, in order.
        unreached: Other servers whose calls are not counted, or not all of them.
        live: Whether calls are those that one server counted since it started, not those that are recorded.
        feedback_start_time_us: Where feedback begins to count; None where it does with the window.
        bandit: What it has learnt by now; None for a router that is no bandit.
        rule_splits: How the splits of rules were served.
    """

    variants: tuple[VariantFigures, ...]
    total: VariantFigures
    start_time_us: int | None = None
    end_time_us: int | None = None
    sample_ratio_p_value: float | None = None
    series: tuple[StepFigures, ...] = ()
    unreached: tuple[UnreachedJournal, ...] = ()
    live: bool = False
    feedback_start_time_us: int | None = None
    bandit: BanditFigures | None = None
    rule_splits: tuple[RuleSplitFigures, ...] = ()


def interval_of(totals: FeedbackMoments) -> tuple[float, float] | None:
    """Answers the 95 % interval of a mean; None for fewer than two values."""
    return mean_interval(totals.count, totals.mean, totals.squares)


def sum_feedback(feedback: Iterable[FeedbackMoments]) -> tuple[FeedbackMoments, ...]:
    """Adds the totals of all variants, ordered by metric."""
    summed: dict[str, FeedbackMoments] = {}
    for totals in feedback:
        before = summed.get(totals.metric, FeedbackMoments("", totals.metric, 0, 0.0, 0.0))
        summed[totals.metric] = before.plus(totals)
    return tuple(summed[metric] for metric in sorted(summed))


def with_bandit(figures: RouterFigures, bandit: BanditFigures | None) -> RouterFigures:
    """Answers figures with what a bandit has learnt: the shares that its variants should get now are its.

    Args:
        figures: The figures.
        bandit: What it has learnt; None leaves the figures as they are.
    """
    if bandit is None:
        return figures
    shares = bandit.shares
    variants = tuple(
        replace(figure, effective_share=shares.get(figure.variant, 0.0)) for figure in figures.variants
    )
    total = replace(figures.total, effective_share=sum(figure.effective_share for figure in variants))
    return replace(figures, variants=variants, total=total, bandit=bandit)


def names_of(shares: Mapping[str, float], *others: Iterable[str]) -> Sequence[str]:
    """Answers a router's variants in their order, then those it no longer has but that occur, sorted."""
    former = set().union(*others) - set(shares)
    return [*shares, *sorted(former)]
