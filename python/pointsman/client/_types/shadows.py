"""How a shadow's answers compare with those that were given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pointsman.client._types.figures import LatencyMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pointsman.client._types.records import UnreachedJournal


class ScoreKind(StrEnum):
    """What a score is."""

    UNSPECIFIED = "unspecified"
    NUMBER = "number"
    PROBABILITY = "probability"
    """Of two labels, the probability of the second."""
    CONFIDENCE = "confidence"
    """The probability of the label that was predicted, whichever it is."""


class NotComparedReason(StrEnum):
    """Why something is not compared."""

    UNSPECIFIED = "unspecified"
    NO_PAIRS = "no_pairs"
    NOT_RECORDED = "not_recorded"
    NO_SINGLE_PREDICTION = "no_single_prediction"
    DIFFERENT_KINDS = "different_kinds"
    DIFFERENT_LABELS = "different_labels"
    NO_VALUE = "no_value"
    NOT_FINITE = "not_finite"
    SEVERAL_KINDS = "several_kinds"
    NO_FEEDBACK = "no_feedback"
    FEEDBACK_NAMES_NO_LABEL = "feedback_names_no_label"
    ONE_BIN = "one_bin"


@dataclass(frozen=True)
class NotCompared:
    """Something that is not compared, or not of all pairs."""

    figure: str
    """The name of the field of :class:`ShadowFigures` that lacks it, with a dot before one within it."""
    reason: NotComparedReason
    pair_count: int
    """Of how many pairs; of ``backend``, of how many calls."""


@dataclass(frozen=True)
class Proportion:
    """A part of a number of rows, or of calls where that is said."""

    count: int
    total: int
    share: float | None = None
    """0 to 1; None of none."""
    low: float | None = None
    """The lower end of Wilson's 95 % interval."""
    high: float | None = None
    """Its upper end."""


@dataclass(frozen=True)
class LabelPairCount:
    """How often two labels came together."""

    primary_label: str
    shadow_label: str
    count: int


@dataclass(frozen=True)
class LabelAgreement:
    """How often two variants gave the same label."""

    agreement: Proportion
    pairs: Sequence[LabelPairCount]
    """The most frequent pairs of labels, the most frequent first."""
    other_count: int
    """Pairs whose labels are none of these."""


@dataclass(frozen=True)
class ValueDistance:
    """How far two numbers of a pair are apart; pairs with NaN, infinity or 1e140 and above are left out."""

    pair_count: int
    mean_absolute: float
    root_mean_square: float
    max_absolute: float
    mean_difference: float
    """Shadow minus primary."""
    equal_share: float
    """The share of pairs whose numbers are the same."""


@dataclass(frozen=True)
class ProbabilityDistance:
    """How far two lists of probabilities are apart: half the sum of the absolute differences, 0 to 1."""

    pair_count: int
    mean_total_variation: float
    max_total_variation: float


@dataclass(frozen=True)
class ScoreBin:
    """How many scores lie above the bin before, and at most at ``upper``; None has no upper end."""

    primary_count: int
    shadow_count: int
    upper: float | None = None


@dataclass(frozen=True)
class ScoreComparison:
    """How the scores of pairs are distributed, each variant's by itself."""

    kind: ScoreKind
    label: str
    """Of kind probability: the label."""
    pair_count: int
    ks_statistic: float
    """Of Kolmogorov and Smirnov: the greatest distance of the two distribution functions."""
    ks_p_value: float
    """As of independent samples; where scores go together, small ones are rarer than they say."""
    population_stability_index: float | None
    """Over the bins, with half a row added to each; None of fewer than two bins."""
    bins: Sequence[ScoreBin]
    """By the primary's deciles; one that is several deciles has a bin that ends just below it."""


@dataclass(frozen=True)
class PairedLatency:
    """The time that two backends took for the same calls."""

    pair_count: int
    """How many calls; each counts once, however many rows it has."""
    primary: LatencyMetrics
    shadow: LatencyMetrics
    mean_difference_seconds: float
    """Shadow minus primary."""
    mean_difference_low_seconds: float | None = None
    """The lower end of its 95 % interval."""
    mean_difference_high_seconds: float | None = None
    """Its upper end."""


@dataclass(frozen=True)
class LabelAccuracy:
    """How often labels are right, by the feedback for the same calls."""

    primary: Proportion
    shadow: Proportion
    primary_only_count: int
    """Pairs of which only the primary is right."""
    shadow_only_count: int
    """Pairs of which only the shadow is right."""
    difference: float
    """The shadow's accuracy minus the primary's."""
    difference_low: float
    difference_high: float
    mcnemar_p_value: float
    """Of McNemar's exact test that both are as often right."""


@dataclass(frozen=True)
class NumberAccuracy:
    """How near numbers are to what they should have been, by the feedback for the same calls."""

    primary_mean_absolute_error: float
    shadow_mean_absolute_error: float
    difference: float
    """The mean of the shadow's error minus the primary's."""
    difference_low: float | None = None
    difference_high: float | None = None


@dataclass(frozen=True)
class PairedAccuracy:
    """How right two variants are by the feedback; of labels, of numbers, or of both."""

    pair_count: int
    labels: LabelAccuracy | None = None
    numbers: NumberAccuracy | None = None


@dataclass(frozen=True)
class ShadowFigures:
    """How a shadow compares with one variant that answered. What is None does not apply; see not_compared."""

    primary_variant: str
    """Empty for all together."""
    primary_count: int
    """Recorded rows of calls."""
    pair_count: int
    """Those of them with a row of the shadow."""
    unpaired_counts: Mapping[str, int]
    """Those without, by the reason: ``before_first``, ``after_last``, ``call_failed``, ``not_decided``,
    ``shadow_failed``, ``not_copied``."""
    primary_errors: Proportion
    """Of the calls with a copy, however many rows each has."""
    shadow_errors: Proportion
    """Of the same calls, by their copies."""
    answered_pair_count: int
    """Pairs of which both ended OK; all that follows is of these."""
    labels: LabelAgreement | None = None
    numbers: ValueDistance | None = None
    confidences: ValueDistance | None = None
    probabilities: ProbabilityDistance | None = None
    scores: ScoreComparison | None = None
    backend: PairedLatency | None = None
    accuracy: PairedAccuracy | None = None
    not_compared: Sequence[NotCompared] = ()


@dataclass(frozen=True)
class ShadowVersionRows:
    """Rows of a model version that bore a shadow's name in the window."""

    model_id: str
    model_version: str
    row_count: int


@dataclass(frozen=True)
class ShadowComparison:
    """A shadow's answers beside those that were given, in a window of time."""

    router_id: str
    variant: str
    """The shadow."""
    total: ShadowFigures
    primaries: Sequence[ShadowFigures]
    """By the variant that answered, ordered by name."""
    shadow_only_count: int = 0
    """The shadow's rows whose call is not recorded."""
    metric: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    unreached: Sequence[UnreachedJournal] = ()
    """What other servers recorded, or may have, and is not compared."""
    model_id: str = ""
    """The model whose answers are compared: the shadow's now, or the newest one found of a gone one."""
    model_version: str = ""
    """Its version."""
    other_versions: Sequence[ShadowVersionRows] = ()
    """What other versions answered under the shadow's name and is left out."""
