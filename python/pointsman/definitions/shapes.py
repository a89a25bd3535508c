"""What definitions may say: the fields of their messages, without those that only a server sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from pointsman.domain.routers import ROUTER_SETTINGS
from pointsman.v1 import definition_pb2, key_pb2, model_pb2, router_pb2

API_VERSION = "pointsman/v1"
MAX_DEFINITIONS = 1000
"""At most so many objects are applied together."""

OUTPUT_ONLY: Mapping[str, frozenset[str]] = {
    "Router": frozenset(
        {
            "owner",
            "status_message",
            "endpoint",
            "generation",
            "etag",
            "create_time",
            "update_time",
            "deploy_time",
            "traffic_override",
        }
    ),
    "Variant": frozenset({"effective_share"}),
    "FeatureRules": frozenset({"warnings"}),
    "Bandit": frozenset({"epoch"}),
    "ModelVersion": frozenset(
        {"owner", "etag", "create_time", "update_time", "filled_in", "warnings", "backend_fault"}
    ),
    "User": frozenset({"create_time", "update_time"}),
}
"""Fields that a server sets, by message: a document that brings one is refused."""

REQUIRED: Mapping[str, frozenset[str]] = {
    "Router": frozenset({"router_id", "variants"}),
    "Variant": frozenset({"name", "model_id", "model_version"}),
    "Canary": frozenset({"percent"}),
    "FeatureRule": frozenset({"name", "conditions"}),
    "RuleCondition": frozenset({"feature", "operator"}),
    "RuleSplit": frozenset({"weights"}),
    "RewardTerm": frozenset({"weight"}),
    "MetricDefinition": frozenset({"name"}),
    "ModelVersion": frozenset({"model_id", "version"}),
    "GrpcBackend": frozenset({"target"}),
    "OnnxBackend": frozenset({"path"}),
    "User": frozenset({"user_id"}),
}
"""Fields that a document must state, by message."""

WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {("Router", "status"): ("running", "stopped")}
"""The words that a field takes where they are not all of its enumeration's."""

DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("Router", "strategy"): "weighted",
    **{
        ("Router", setting.name): setting.default.value
        if isinstance(setting.default, Enum)
        else setting.default
        for setting in ROUTER_SETTINGS
        # What is read for no ``sticky`` depends on the strategy.
        if setting.default and setting.name != "sticky"
    },
    ("Variant", "enabled"): True,
    ("Variant", "role"): "candidate",
    ("Recording", "features_share"): 1,
    ("Recording", "max_body_bytes"): 65536,
    ("Recording", "entity"): "plain",
    ("Recording", "durability"): "buffered",
    ("Bandit", "metric"): "reward",
    ("Bandit", "exploration_floor"): 0.05,
    ("MetricDefinition", "type"): "number",
    ("MetricDefinition", "direction"): "maximise",
}
"""What a server reads where a document says nothing: always this, and not the empty value of the type."""

ALWAYS_WRITTEN = frozenset(
    {
        ("Router", "strategy"),
        ("Router", "sticky"),
        ("Router", "status"),
        ("Variant", "weight"),
        ("ModelVersion", "stage"),
        ("ModelVersion", "permissions"),
        ("User", "scopes"),
    }
)
"""Fields that an export states also where their value is the default."""


class FieldType(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    WORD = "word"
    DURATION = "duration"
    ANYTHING = "anything"
    OBJECT = "object"


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        name: Its name in the message and in documents.
        type: What its values are: of a list its items, of a map its values.
        is_list: Whether it holds any number of values.
        is_map: Whether it holds values by names.
        words: The words that it takes, with their numbers.
        message: The name of the message that its values are.
        bits: The width of a whole number.
        is_optional: Whether a value that is stated and empty differs from one that is not stated.
    """

    name: str
    type: FieldType
    is_list: bool = False
    is_map: bool = False
    words: Mapping[str, int] | None = None
    message: str = ""
    bits: int = 0
    is_optional: bool = False


@dataclass(frozen=True)
class Shape:
    """The fields of a message that documents may state.

    Attributes:
        name: The message's name.
        fields: By name, in the message's order.
        required: Those that must be stated.
        exclusive: Names of which one at most may be stated.
        output_only: Names of fields that a server sets.
    """

    name: str
    fields: Mapping[str, Field]
    required: frozenset[str]
    exclusive: tuple[str, ...]
    output_only: frozenset[str]


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Attributes:
        name: What ``kind`` says.
        attribute: The field of ``Definition`` that holds the object.
        shape: What the document may say.
    """

    name: str
    attribute: str
    shape: Shape


_MESSAGES = {
    message.DESCRIPTOR.name: message.DESCRIPTOR
    for message in (
        router_pb2.Router,
        router_pb2.Variant,
        router_pb2.Canary,
        router_pb2.FeatureRules,
        router_pb2.FeatureRule,
        router_pb2.RuleCondition,
        router_pb2.RuleSplit,
        router_pb2.Bandit,
        router_pb2.ThompsonBeta,
        router_pb2.ThompsonNormal,
        router_pb2.Ucb1,
        router_pb2.EpsilonGreedy,
        router_pb2.RewardTerm,
        router_pb2.Recording,
        router_pb2.MetricDefinition,
        router_pb2.RouterPermissions,
        model_pb2.ModelVersion,
        model_pb2.ModelPermissions,
        model_pb2.Backend,
        model_pb2.GrpcBackend,
        model_pb2.OnnxBackend,
        model_pb2.Signature,
        model_pb2.TensorSpec,
        key_pb2.User,
    )
}
_INTEGER_BITS = {FieldDescriptor.TYPE_INT32: 32, FieldDescriptor.TYPE_INT64: 64}


@cache
def kinds() -> Mapping[str, Kind]:
    """Answers the kinds of documents by their names."""
    messages: Mapping[str, Any] = definition_pb2.Definition.DESCRIPTOR.fields_by_name
    names = {"model": "Model", "router": "Router", "user": "User"}
    return {
        names[attribute]: Kind(names[attribute], attribute, shape_of(field.message_type.name))
        for attribute, field in messages.items()
    }


@cache
def shape_of(name: str) -> Shape:
    """Answers what documents may say of a message.

    Args:
        name: The message's name.

    Raises:
        KeyError: No definition holds such a message.
    """
    descriptor = _MESSAGES[name]
    hidden = OUTPUT_ONLY.get(name, frozenset())
    exclusive = tuple(
        field.name
        for group in descriptor.oneofs
        # An optional field is a group of one, as protobuf sees it.
        if len(group.fields) > 1
        for field in group.fields
    )
    fields = {field.name: _field(name, field) for field in descriptor.fields if field.name not in hidden}
    return Shape(name, fields, REQUIRED.get(name, frozenset()), exclusive, hidden)


def default_of(shape: Shape, field: Field) -> Any:
    """Answers what a server reads where a document does not state a field."""
    return DEFAULTS.get((shape.name, field.name))


def _field(owner: str, descriptor: Any) -> Field:
    message = descriptor.message_type
    if message is not None and message.GetOptions().map_entry:
        held = _field(owner, message.fields_by_name["value"])
        return Field(descriptor.name, held.type, is_map=True, message=held.message)
    is_list = descriptor.is_repeated
    is_optional = descriptor.has_presence
    if message is not None:
        kind = {
            "google.protobuf.Duration": FieldType.DURATION,
            "google.protobuf.Value": FieldType.ANYTHING,
        }.get(message.full_name, FieldType.OBJECT)
        named = message.name if kind is FieldType.OBJECT else ""
        return Field(descriptor.name, kind, is_list, message=named, is_optional=is_optional)
    if descriptor.enum_type is not None:
        words = _words(descriptor.enum_type)
        allowed = WORDS.get((owner, descriptor.name), tuple(words))
        return Field(descriptor.name, FieldType.WORD, is_list, words={word: words[word] for word in allowed})
    kind = {
        FieldDescriptor.TYPE_STRING: FieldType.TEXT,
        FieldDescriptor.TYPE_BOOL: FieldType.BOOLEAN,
        FieldDescriptor.TYPE_DOUBLE: FieldType.NUMBER,
        FieldDescriptor.TYPE_INT32: FieldType.INTEGER,
        FieldDescriptor.TYPE_INT64: FieldType.INTEGER,
    }[descriptor.type]
    bits = _INTEGER_BITS.get(descriptor.type, 0)
    return Field(descriptor.name, kind, is_list, bits=bits, is_optional=is_optional)


def _words(enum: Any) -> dict[str, int]:
    """Answers the words of an enumeration, as the command and the client write them; not "not stated"."""
    names = {value.number: value.name for value in enum.values}
    prefix = names[0].removesuffix("UNSPECIFIED")
    words = {name.removeprefix(prefix).lower(): number for number, name in names.items() if number}
    # Scopes have a colon wherever they are written: mlops:read.
    return {word.replace("_", ":"): words[word] for word in words} if enum.name == "Scope" else words
