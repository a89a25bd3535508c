"""The scalar settings of routers as fields of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message import Message

from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.times import positive_milliseconds_of
from pointsman.domain.router_settings import Scalar, Setting
from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.v1 import router_pb2, snapshot_pb2


@dataclass(frozen=True)
class _Field:
    """A setting as a field of a message.

    Attributes:
        name: The field's name.
        has_presence: Whether the field can be unset, which means the default.
        is_duration: Whether it is a duration, which is unset for 0.
        words: The words of its numbers, where it is an enumeration.
    """

    setting: Setting
    name: str
    has_presence: bool
    is_duration: bool
    words: EnumMap[Any] | None

    def read(self, message: Message, path: str) -> Scalar:
        """Answers what a message says.

        Args:
            message: The message.
            path: That of the message, for errors.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        if self.has_presence and not message.HasField(self.name):
            return self.setting.default
        value = getattr(message, self.name)
        if self.is_duration:
            return positive_milliseconds_of(value, f"{path}.{self.name}")
        if self.words is not None:
            word: Scalar | None = self.words.word(value, f"{path}.{self.name}")
            return word or self.setting.default
        return self.setting.kind(value)

    def recall(self, message: Message) -> Scalar:
        """Answers what a message says that was kept; a word of a later release is read as the default."""
        if self.words is not None:
            word: Scalar = self.words.word_or(getattr(message, self.name), self.setting.default)
            return word
        return self.read(message, self.name)

    def write(self, message: Message, router: Router) -> None:
        """Writes the value of a router."""
        value: Any = self.setting.value_of(router)
        if self.words is not None:
            value = self.words.number(value)
        if not self.is_duration:
            setattr(message, self.name, value)
        elif value:
            seconds, milliseconds = divmod(value, 1000)
            getattr(message, self.name).CopyFrom(Duration(seconds=seconds, nanos=milliseconds * 1_000_000))


def _field(setting: Setting, name: str, descriptors: Mapping[str, Any]) -> _Field:
    descriptor = descriptors[name]
    words = None
    if issubclass(setting.kind, Enum):
        numbers = descriptor.enum_type
        prefix = numbers.values_by_number[0].name.removesuffix("UNSPECIFIED")
        words = EnumMap(setting.kind, EnumTypeWrapper(numbers), prefix)
    is_duration = descriptor.message_type is not None
    return _Field(setting, name, descriptor.has_presence, is_duration, words)


_ROUTER_FIELDS: Mapping[str, Any] = router_pb2.Router.DESCRIPTOR.fields_by_name
_SNAPSHOT_FIELDS: Mapping[str, Any] = snapshot_pb2.RouterSnapshot.DESCRIPTOR.fields_by_name

_STATED = tuple(_field(setting, setting.name, _ROUTER_FIELDS) for setting in ROUTER_SETTINGS)
_OWN = tuple(
    _field(setting, setting.attribute, _SNAPSHOT_FIELDS)
    for setting in ROUTER_SETTINGS
    if setting.is_published and setting.attribute in _SNAPSHOT_FIELDS
)
"""Those that snapshots have fields of their own for, since their first days."""
_EMBEDDED = tuple(
    one for one in _STATED if one.setting.is_published and one.setting.attribute not in _SNAPSHOT_FIELDS
)
"""All others: snapshots hold them as the API's message does."""


def settings_from(message: router_pb2.Router, path: str) -> dict[str, Any]:
    """Reads the settings of a router that a user brings.

    Args:
        message: The router.
        path: That of the field that holds it.

    Returns:
        Values by attributes of the domain's router.

    Raises:
        InvalidArgumentError: A field cannot be read.
    """
    return {one.setting.attribute: one.read(message, path) for one in _STATED}


def write_settings(message: router_pb2.Router, router: Router) -> None:
    """Writes the settings of a router into its message."""
    for one in _STATED:
        one.write(message, router)


def published_settings(message: snapshot_pb2.RouterSnapshot) -> dict[str, Any]:
    """Reads the settings that were published; what a release did not know yet has its default.

    Returns:
        Values by attributes of the domain's router.
    """
    own = {one.setting.attribute: one.recall(message) for one in _OWN}
    return own | {one.setting.attribute: one.recall(message.settings) for one in _EMBEDDED}


def publish_settings(message: snapshot_pb2.RouterSnapshot, router: Router) -> None:
    """Writes the settings of a router that are published into its snapshot."""
    for one in _OWN:
        one.write(message, router)
    for one in _EMBEDDED:
        one.write(message.settings, router)
