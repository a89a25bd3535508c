"""The figures of a window."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pointsman.client._types.bandits import BanditMetrics
    from pointsman.client._types.records import UnreachedJournal


@dataclass(frozen=True)
class LatencyMetrics:
    """Latency figures, in seconds."""

    mean_seconds: float = 0.0
    p50_seconds: float = 0.0
    p90_seconds: float = 0.0
    p99_seconds: float = 0.0


@dataclass(frozen=True)
class FeedbackMetrics:
    """Feedback of one metric."""

    metric: str
    count: int
    mean: float
    mean_low: float | None = None
    """The lower end of the mean's 95 % interval."""
    mean_high: float | None = None
    """The upper end of the mean's 95 % interval."""


@dataclass(frozen=True)
class VariantMetrics:
    """The figures of one variant, or of all together."""

    variant: str
    request_count: int
    error_count: int
    requests_by_code: Mapping[str, int]
    pinned_request_count: int
    effective_share: float
    served_share: float
    overhead: LatencyMetrics = LatencyMetrics()
    backend: LatencyMetrics = LatencyMetrics()
    feedback_count: int = 0
    mean_reward: float | None = None
    feedback: Sequence[FeedbackMetrics] = ()
    feedback_coverage: float | None = None
    """The share of its predictions that have feedback, 0 to 1; of what is recorded only."""
    fallback_request_count: int = 0
    """Calls of other variants that it stood in for; in no other figure."""
    override_request_count: int = 0
    """Calls that an operator sent to it by an override; in no other figure."""
    shadow: bool = False
    """Whether it is a shadow now, which gets copies and no calls."""
    shadow_request_count: int = 0
    """Copies that it was sent; in no other figure. Of live figures only, as all below."""
    shadow_error_count: int = 0
    shadow_drop_counts: Mapping[str, int] = field(default_factory=dict)
    """Copies that it was not sent, by the reason."""
    shadow_backend: LatencyMetrics = LatencyMetrics()
    shadow_dropped_record_count: int = 0
    """Answers to copies that were not recorded because the queue or the disk was full."""


@dataclass(frozen=True)
class MetricsStep:
    """One step of a time series."""

    start_time: datetime | None
    variants: Sequence[VariantMetrics]
    total: VariantMetrics | None


@dataclass(frozen=True)
class RouterMetrics:
    """A router's figures of one window: its calls, and the feedback for these calls."""

    router_id: str
    variants: Sequence[VariantMetrics]
    total: VariantMetrics | None
    generation: int
    count_start_time: datetime | None
    dropped_record_count: int
    start_time: datetime | None = None
    """Where the window begins."""
    end_time: datetime | None = None
    """Its end, excluded."""
    sample_ratio_p_value: float | None = None
    """How likely shares at least so far from the effective ones are; below 0.001 the split is at fault."""
    cut_record_counts: Mapping[str, int] = field(default_factory=dict)
    """Predictions recorded without features or answer since the server started, by the limit in the way."""
    series: Sequence[MetricsStep] = ()
    unreached: Sequence[UnreachedJournal] = ()
    """Other servers whose calls are not counted here, or not all of them."""
    live: bool = False
    """Whether calls are what the server that answered counted since it started, not what is recorded."""
    feedback_start_time: datetime | None = None
    """Where feedback begins to count; None where it does with the window."""
    bandit: BanditMetrics | None = None
    """What a bandit has learnt by now; None for other routers."""
    rule_splits: Sequence[RuleSplitMetrics] = ()
    """How the splits of rules were served, by rule; last, under no name, that of calls that no rule takes."""


@dataclass(frozen=True)
class RuleSplitMetrics:
    """How the split of one rule was served."""

    rule: str
    """Empty for the calls that no rule takes."""
    unit_count: int
    """Entities where entities are randomised, else requests; of many entities one in eight."""
    variant_unit_counts: Mapping[str, int]
    sample_ratio_p_value: float | None
    """How likely shares at least so far from the rule's are; below 0.001 the split is at fault."""
