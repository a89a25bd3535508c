"""What a shadow answered beside what was answered: figures of pairs, and why something is not compared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.measures.distributions import Bin
from pointsman.domain.measures.figures import Latencies
from pointsman.domain.measures.proportions import Proportion
from pointsman.domain.models import ModelKey, Signature
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.errors import InvalidArgumentError, NotFoundError

MAX_LABELS = 100
DEFAULT_LABELS = 20


class ScoreKind(StrEnum):
    """What a score is."""

    NUMBER = "number"
    PROBABILITY = "probability"
    CONFIDENCE = "confidence"


class NotComparedReason(StrEnum):
    """Why something is not compared."""

    NO_PAIRS = "no_pairs"
    NOT_RECORDED = "not_recorded"
    NO_SINGLE_PREDICTION = "no_single_prediction"
    DIFFERENT_KINDS = "different_kinds"
    DIFFERENT_LABELS = "different_labels"
    NO_VALUE = "no_value"
    NOT_FINITE = "not_finite"
    ONE_BIN = "one_bin"
    SEVERAL_KINDS = "several_kinds"
    NO_FEEDBACK = "no_feedback"
    FEEDBACK_NAMES_NO_LABEL = "feedback_names_no_label"


@dataclass(frozen=True)
class NotCompared:
    """Something that is not compared, or not of so many pairs (``backend``: of calls).

    ``figure`` is the field that lacks it, with a dot before the name of one within it.
    """

    figure: str
    reason: NotComparedReason
    pair_count: int


@dataclass(frozen=True)
class LabelPair:
    """How often two labels came together."""

    primary: str
    shadow: str
    count: int


@dataclass(frozen=True)
class LabelAgreement:
    """How often two variants gave the same label.

    Attributes:
        pairs: The most frequent, the most frequent first.
        other_count: Pairs that are none of these.
    """

    agreement: Proportion
    pairs: tuple[LabelPair, ...]
    other_count: int


@dataclass(frozen=True)
class ValueDistance:
    """How far two numbers of a pair are apart; differences are shadow minus primary."""

    pair_count: int
    mean_absolute: float
    root_mean_square: float
    max_absolute: float
    mean_difference: float
    equal_share: float


@dataclass(frozen=True)
class ProbabilityDistance:
    """How far two lists of probabilities of a pair are apart: half the sum of the absolute differences."""

    pair_count: int
    mean_total_variation: float
    max_total_variation: float


@dataclass(frozen=True)
class ScoreComparison:
    """How the scores of pairs are distributed.

    Attributes:
        label: Of kind probability: the label that it is of.
        population_stability_index: None where all scores are in one bin.
    """

    kind: ScoreKind
    label: str
    pair_count: int
    ks_statistic: float
    ks_p_value: float
    population_stability_index: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class MeanDifference:
    """A mean of differences, shadow minus primary, with its 95 % interval; None for fewer than two."""

    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class PairedLatency:
    """The time that two backends took for the same calls, each of which counts once, whatever its rows."""

    call_count: int
    primary: Latencies
    shadow: Latencies
    difference_seconds: MeanDifference


@dataclass(frozen=True)
class LabelAccuracy:
    """How often labels are right.

    Attributes:
        primary: The primary's right ones.
        shadow: The shadow's right ones.
        primary_only: Pairs of which only the primary is right.
        shadow_only: Pairs of which only the shadow is right.
    """

    primary: Proportion
    shadow: Proportion
    primary_only: int
    shadow_only: int


@dataclass(frozen=True)
class NumberAccuracy:
    """How near numbers are to what they should have been: mean absolute errors."""

    pair_count: int
    primary_error: float
    shadow_error: float
    difference: MeanDifference


@dataclass(frozen=True)
class ShadowFigures:
    """How a shadow compares with one variant that answered, or with all (then without a name).

    What does not apply is None or empty; why is in ``not_compared``.

    Attributes:
        primary_count: Rows of calls.
        pair_count: Those of them with a row of the shadow.
        unpaired: Those without, by the reason as far as it shows.
        primary_errors: Of the calls with a copy, those that did not end OK.
        shadow_errors: Of the same calls, those whose copies did not.
        answered_pair_count: Pairs of which both ended OK.
    """

    primary_variant: str
    primary_count: int
    pair_count: int
    unpaired: Mapping[str, int]
    primary_errors: Proportion
    shadow_errors: Proportion
    answered_pair_count: int
    labels: LabelAgreement | None = None
    numbers: ValueDistance | None = None
    confidences: ValueDistance | None = None
    probabilities: ProbabilityDistance | None = None
    scores: ScoreComparison | None = None
    backend: PairedLatency | None = None
    label_accuracy: LabelAccuracy | None = None
    number_accuracy: NumberAccuracy | None = None
    not_compared: tuple[NotCompared, ...] = ()


@dataclass(frozen=True)
class VersionRows:
    """Rows that a model version answered as the shadow, and that are left out."""

    model: ModelKey
    row_count: int


@dataclass(frozen=True)
class ShadowComparison:
    """A shadow's answers beside those that were given, in a window of time.

    Attributes:
        total: Over all variants that answered.
        primaries: By the variant that answered, ordered by name.
        shadow_only_count: The shadow's rows whose call is not recorded.
        first_time_us: The earliest time of a row; None without any.
        unreached: What other servers recorded, or may have, and is not compared.
        model: The model version whose answers are compared; None of a gone shadow without rows.
        other_versions: What other versions answered under the shadow's name and is left out, in order.
    """

    total: ShadowFigures
    primaries: tuple[ShadowFigures, ...]
    shadow_only_count: int
    first_time_us: int | None = None
    unreached: tuple[UnreachedJournal, ...] = ()
    model: ModelKey | None = None
    other_versions: tuple[VersionRows, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the shadow has no row, of no version."""
        return not self.total.pair_count and not self.shadow_only_count and not self.other_versions


@dataclass(frozen=True)
class LabelsOf:
    """The labels of two model versions, a primary's and the shadow's, whose answers are compared.

    Attributes:
        common: What both signatures name, in the same order; empty where they do not, or name none.
    """

    primary: ModelKey
    shadow: ModelKey
    common: tuple[str, ...] = field(default=())


def labels_of(
    pairs: Iterable[tuple[ModelKey, ModelKey]], signatures: Mapping[ModelKey, Signature]
) -> list[LabelsOf]:
    """Answers which labels pairs of model versions share.

    Args:
        pairs: A primary's and the shadow's model version, each pair once.
        signatures: The signatures that are known.
    """
    found = []
    for primary, shadow in pairs:
        mine, theirs = (_labels(signatures.get(key, Signature())) for key in (primary, shadow))
        found.append(LabelsOf(primary, shadow, mine if mine == theirs else ()))
    return found


def _labels(signature: Signature) -> tuple[str, ...]:
    """Answers what answers call the classes, in the order of the probabilities."""
    return signature.labels or signature.classes


def chosen_shadow(asked: str, shadows: Sequence[str], router_id: str) -> str:
    """Answers which shadow is meant: the one that is named, or the only one.

    Args:
        asked: The name that a caller gave; empty for none.
        shadows: The names of the router's shadows.
        router_id: The router's id.

    Raises:
        InvalidArgumentError: None is named, and the router has none or several.
    """
    if asked:
        return asked
    if not shadows:
        raise InvalidArgumentError.at(
            "variant",
            f"is empty, and router {router_id!r} has no shadow now; name one that it had, or give a variant "
            "the role shadow",
        )
    if len(shadows) > 1:
        raise InvalidArgumentError.at("variant", f"is empty; name one of the shadows {', '.join(shadows)}")
    return shadows[0]


def check_was_shadow(comparison: ShadowComparison, name: str, shadows: Sequence[str], router_id: str) -> None:
    """Refuses to compare what was never a shadow, which would look like one that got no copies.

    Args:
        comparison: What was found.
        name: The variant that was named.
        shadows: The names of the router's shadows now.
        router_id: The router's id.

    Raises:
        NotFoundError: It is no shadow, and has no row as one in the window.
    """
    if name in shadows or not comparison.is_empty:
        return
    raise NotFoundError(
        f"variant: {name!r} is no shadow of router {router_id!r}, and was none in this time",
        reason="SHADOW_NOT_FOUND",
        metadata={"router_id": router_id, "variant": name},
    )


def check_max_labels(asked: int) -> int:
    """Answers how many pairs of labels are told.

    Raises:
        InvalidArgumentError: It is not between 0, for the default, and the most.
    """
    if not 0 <= asked <= MAX_LABELS:
        raise InvalidArgumentError.at("max_labels", f"{asked} is not between 0 and {MAX_LABELS}")
    return asked or DEFAULT_LABELS
