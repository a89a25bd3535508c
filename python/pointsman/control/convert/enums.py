"""Enumerations: words in the domain, numbers in protobuf."""

from enum import Enum
from typing import Any, Generic, TypeVar

from pointsman.domain.keys import Scope
from pointsman.domain.metrics import MetricDirection, MetricType
from pointsman.domain.models import PredictionHolds, Stage, Task
from pointsman.domain.recording import EntityRecording, RecordDurability
from pointsman.domain.records.feedback import FeedbackOutcome
from pointsman.domain.records.predictions import (
    DecisionReason,
    PredictionOrder,
    RandomisedBy,
    RecordedContent,
)
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.routers import RouterStatus, VersionPinning
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import VariantRole
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2

Word = TypeVar("Word", bound=Enum)


class EnumMap(Generic[Word]):
    """Maps a domain enumeration to a protobuf one and back.

    Args:
        words: The domain enumeration.
        numbers: The protobuf enumeration.
        prefix: What the names there begin with.
    """

    def __init__(self, words: type[Word], numbers: Any, prefix: str) -> None:
        self._numbers = numbers
        self._prefix = prefix
        self._to_number: dict[Word, int] = {word: numbers.Value(prefix + word.name) for word in words}
        self._to_word = {number: word for word, number in self._to_number.items()}

    def number(self, word: Word) -> Any:
        """Answers the protobuf number of a word."""
        return self._to_number[word]

    def word(self, number: int, field: str) -> Word | None:
        """Answers the word of a number; None for "not stated".

        Raises:
            InvalidArgumentError: The number is none of the enumeration's.
        """
        if number == 0 and number not in self._to_word:
            return None
        found = self._to_word.get(number)
        if found is None:
            known = ", ".join(self._prefix + word.name for word in self._to_number)
            raise InvalidArgumentError.at(field, f"{number} is none of {known}")
        return found

    def word_or(self, number: int, otherwise: Word) -> Word:
        """Answers the word of a number, or another for numbers that are not known."""
        return self._to_word.get(number, otherwise)


STAGE = EnumMap(Stage, model_pb2.Stage, "STAGE_")
TASK = EnumMap(Task, model_pb2.Task, "TASK_")
PREDICTION_HOLDS = EnumMap(PredictionHolds, model_pb2.PredictionHolds, "PREDICTION_HOLDS_")
STRATEGY = EnumMap(Strategy, router_pb2.Strategy, "STRATEGY_")
ROUTER_STATUS = EnumMap(RouterStatus, router_pb2.RouterStatus, "ROUTER_STATUS_")
VARIANT_ROLE = EnumMap(VariantRole, router_pb2.VariantRole, "VARIANT_ROLE_")
VERSION_PINNING = EnumMap(VersionPinning, router_pb2.VersionPinning, "VERSION_PINNING_")
SCOPE = EnumMap(Scope, key_pb2.Scope, "SCOPE_MLOPS_")
DECISION_REASON = EnumMap(DecisionReason, prediction_pb2.DecisionReason, "DECISION_REASON_")
RANDOMISED_BY = EnumMap(RandomisedBy, prediction_pb2.RandomisedBy, "RANDOMISED_BY_")
RECORDED_CONTENT = EnumMap(RecordedContent, prediction_pb2.RecordedContent, "RECORDED_CONTENT_")
PREDICTION_ORDER = EnumMap(PredictionOrder, router_pb2.PredictionOrder, "PREDICTION_ORDER_")
FEEDBACK_OUTCOME = EnumMap(FeedbackOutcome, prediction_pb2.FeedbackOutcome, "FEEDBACK_OUTCOME_")
ENTITY_RECORDING = EnumMap(EntityRecording, router_pb2.EntityRecording, "ENTITY_RECORDING_")
RECORD_DURABILITY = EnumMap(RecordDurability, router_pb2.RecordDurability, "RECORD_DURABILITY_")
REVISION_KIND = EnumMap(RevisionKind, router_pb2.RevisionKind, "REVISION_KIND_")
METRIC_TYPE = EnumMap(MetricType, router_pb2.MetricType, "METRIC_TYPE_")
METRIC_DIRECTION = EnumMap(MetricDirection, router_pb2.MetricDirection, "METRIC_DIRECTION_")
