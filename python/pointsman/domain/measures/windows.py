"""Windows of time that figures are asked for, and figures made of what was counted in them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pointsman.domain.measures.figures import (
    Latencies,
    RouterFigures,
    StepFigures,
    VariantFigures,
    names_of,
    sum_feedback,
)
from pointsman.domain.measures.rule_splits import rule_split_figures
from pointsman.domain.measures.statistics import Split, sample_ratio_p_value
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.domain.routers import Router, expected_shares
from pointsman.errors import InvalidArgumentError

MAX_STEPS = 1000
WHOLE = -1
"""The step that stands for the whole window."""
ALL = ""
"""The variant that stands for all together."""


@dataclass(frozen=True)
class Window:
    """A span of time in UTC microseconds, its end excluded, in steps or whole.

    Attributes:
        start_time_us: Where it begins; None for all that is recorded.
        step_us: The length of a step; 0 for no steps.
    """

    start_time_us: int | None
    end_time_us: int
    step_us: int = 0

    @property
    def step_count(self) -> int:
        """How many steps it has; the last one may be shorter."""
        if not self.step_us or self.start_time_us is None:
            return 0
        return -((self.start_time_us - self.end_time_us) // self.step_us)

    def step_start_us(self, step: int) -> int:
        """Answers where a step begins."""
        return (self.start_time_us or 0) + step * self.step_us


def window_of(start_time_us: int | None, end_time_us: int | None, step_us: int, now_us: int) -> Window:
    """Makes a window of what a caller asks for; without an end it ends now.

    Args:
        start_time_us: Where it begins, in UTC microseconds; None for all that is recorded.
        end_time_us: Where it ends, in UTC microseconds and excluded; None means the present.
        step_us: The length of a step, in microseconds; 0 for no steps.
        now_us: The present, in UTC microseconds.

    Raises:
        InvalidArgumentError: It ends before it begins, or has steps and no beginning, or too many.
    """
    window = Window(start_time_us, now_us if end_time_us is None else end_time_us, step_us)
    if start_time_us is not None and window.end_time_us < start_time_us:
        field_name = "start_time" if end_time_us is None else "end_time"
        words = "is in the future; ask for an earlier one" if end_time_us is None else "is before start_time"
        raise InvalidArgumentError.at(field_name, words)
    if step_us and start_time_us is None:
        raise InvalidArgumentError.at("start_time", "is not set; say where the first step begins")
    if window.step_count > MAX_STEPS:
        least = -(-(window.end_time_us - (start_time_us or 0)) // MAX_STEPS) / 1_000_000
        raise InvalidArgumentError.at(
            "granularity",
            f"{step_us / 1_000_000:g}s makes {window.step_count} steps of this window; at most {MAX_STEPS} "
            f"are answered, so ask for {least:g}s or more",
        )
    return window


@dataclass(frozen=True)
class WindowFeedback:
    """Feedback for predictions of a window.

    Attributes:
        totals: By step and variant, for each metric; the whole window's are the sum of its steps'.
    """

    totals: Mapping[tuple[int, str], Sequence[FeedbackMoments]] = field(default_factory=dict)


@dataclass(frozen=True)
class WindowCounts:
    """What was counted in a window, by step (:data:`WHOLE` for all of it) and variant.

    Attributes:
        by_code: Decided calls by gRPC status code.
        pinned: Pinned calls.
        fallback: Calls of other variants that one stood in for.
        overridden: Calls that an operator sent to one.
        rule_splits: How often each variant was picked by the split of each rule, by its name; empty for calls
            that no rule took.
        rows: Recorded rows of decided calls.
        covered: Those of them that have feedback.
        overhead: Latencies of decided calls, of all variants together too.
        backend: The same of their backends.
        splits: How often each variant was picked under each set of probabilities.
        unreached: What other servers recorded, or may have, and is not counted.
        first_time_us: The earliest time of a prediction that is kept, of those asked for; None without any.
    """

    by_code: Mapping[tuple[int, str], Mapping[int, int]] = field(default_factory=dict)
    pinned: Mapping[tuple[int, str], int] = field(default_factory=dict)
    rows: Mapping[tuple[int, str], int] = field(default_factory=dict)
    covered: Mapping[tuple[int, str], int] = field(default_factory=dict)
    overhead: Mapping[tuple[int, str], Latencies] = field(default_factory=dict)
    backend: Mapping[tuple[int, str], Latencies] = field(default_factory=dict)
    splits: Sequence[Split] = ()
    unreached: tuple[UnreachedJournal, ...] = ()
    first_time_us: int | None = None
    fallback: Mapping[tuple[int, str], int] = field(default_factory=dict)
    overridden: Mapping[tuple[int, str], int] = field(default_factory=dict)
    rule_splits: Mapping[str, Sequence[Split]] = field(default_factory=dict)


def window_figures(
    router: Router,
    window: Window,
    counts: WindowCounts,
    feedback: WindowFeedback,
    *,
    feedback_from_us: int = 0,
) -> RouterFigures:
    """Puts together the figures of a window and of its steps.

    Variants that the router no longer has, but that occur, follow the present ones.

    Args:
        router: The router.
        window: The window.
        counts: What was counted in it.
        feedback: The feedback for its predictions.
        feedback_from_us: From when on feedback is kept, by the time of its prediction, in UTC microseconds:
            what holds earlier calls has no coverage, for nobody knows any more which of them had feedback.
    """
    start_us = window.start_time_us or 0
    is_cut = counts.first_time_us is not None and max(start_us, counts.first_time_us) < feedback_from_us
    shares = expected_shares(router)
    counted = [*counts.by_code, *counts.pinned, *counts.fallback, *counts.overridden]
    seen = (variant for step, variant in [*counted, *feedback.totals])
    names = names_of(shares, seen)

    def coverage(step: int, of: Collection[str]) -> float | None:
        from_us = start_us if step == WHOLE else window.step_start_us(step)
        if is_cut and from_us < feedback_from_us:
            return None
        covered = sum(counts.covered.get((step, name), 0) for name in of)
        rows = sum(counts.rows.get((step, name), 0) for name in of)
        return covered / rows if rows else None

    def figures_of(step: int) -> tuple[tuple[VariantFigures, ...], VariantFigures]:
        decided = sum(sum(counts.by_code.get((step, name), {}).values()) for name in names)
        each = tuple(
            VariantFigures(
                variant=name,
                requests_by_code=counts.by_code.get((step, name), {}),
                pinned_count=counts.pinned.get((step, name), 0),
                fallback_count=counts.fallback.get((step, name), 0),
                override_count=counts.overridden.get((step, name), 0),
                effective_share=shares.get(name, 0.0),
                served_share=sum(counts.by_code.get((step, name), {}).values()) / decided if decided else 0.0,
                overhead=counts.overhead.get((step, name), Latencies()),
                backend=counts.backend.get((step, name), Latencies()),
                feedback=tuple(sorted(feedback.totals.get((step, name), ()), key=lambda t: t.metric)),
                feedback_coverage=coverage(step, [name]),
            )
            for name in names
        )
        total = VariantFigures(
            variant=ALL,
            requests_by_code=_summed(figure.requests_by_code for figure in each),
            pinned_count=sum(figure.pinned_count for figure in each),
            fallback_count=sum(figure.fallback_count for figure in each),
            override_count=sum(figure.override_count for figure in each),
            effective_share=sum(shares.values()),
            served_share=1.0 if decided else 0.0,
            overhead=counts.overhead.get((step, ALL), Latencies()),
            backend=counts.backend.get((step, ALL), Latencies()),
            feedback=sum_feedback(totals for figure in each for totals in figure.feedback),
            feedback_coverage=coverage(step, names),
        )
        return each, total

    variants, total = figures_of(WHOLE)
    return RouterFigures(
        variants,
        total,
        start_time_us=window.start_time_us,
        end_time_us=window.end_time_us,
        sample_ratio_p_value=sample_ratio_p_value(counts.splits) if router.policy.splits_alike else None,
        series=tuple(_series(window, figures_of)),
        rule_splits=rule_split_figures(counts.rule_splits),
        unreached=counts.unreached,
        feedback_start_time_us=min(feedback_from_us, window.end_time_us) if is_cut else None,
    )


def _series(
    window: Window, figures_of: Callable[[int], tuple[tuple[VariantFigures, ...], VariantFigures]]
) -> Iterable[StepFigures]:
    for step in range(window.step_count):
        yield StepFigures(window.step_start_us(step), *figures_of(step))


def _summed(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    summed: dict[int, int] = {}
    for by_code in counts:
        for code, count in by_code.items():
            summed[code] = summed.get(code, 0) + count
    return summed
