"""Turns protobuf messages into the plain things of ``_types`` and back.

A plain class has the fields of its message, under the same names; their types say how each is turned. What a
class needs is worked out once and kept, for predictions pass through here by the thousand.
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from numbers import Integral
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.client import _types
from pointsman.client._fields import WrongTypeError, wrong
from pointsman.client._types import GrpcBackend, OnnxBackend

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Reader = Callable[[Any], Any]

_FIRST_AMBIGUOUS = 2**53
"""From this whole number on, several of them are the same JSON number, which is a double."""


def to_plain(kind: type[T], message: Message) -> T:
    """Makes the plain twin of a message.

    Args:
        kind: The class to make; its fields are all fields of the message.
        message: The message.

    Returns:
        The plain object. What is not set in the message gets the class's default.
    """
    hashable: Any = kind
    values: dict[str, Any] = {}
    for name, has_presence, read in _readers(hashable, cast("Any", type(message))):
        if has_presence and not message.HasField(name):
            continue
        values[name] = read(getattr(message, name))
    for name in _required(hashable) - values.keys():
        values[name] = None
    return kind(**values)


def fill_message(message: Message, plain: Any) -> None:
    """Writes a plain object into the message that is its twin; fields that are None stay unset."""
    hashable: Any = type(plain)
    required = _required(hashable)
    for attribute in dataclasses.fields(plain):
        value = getattr(plain, attribute.name)
        descriptor = message.DESCRIPTOR.fields_by_name[attribute.name]
        if value is None:
            if attribute.name in required and not descriptor.has_presence:
                raise wrong(descriptor, None, TypeError())  # unset it would be 0, or an empty name
            continue
        if descriptor.enum_type is not None and not descriptor.is_repeated:
            setattr(message, attribute.name, enum_number(value, descriptor))
            continue
        try:
            _write(message, descriptor, value)
        except WrongTypeError as error:
            raise error.within(attribute.name) from None
        except (TypeError, AttributeError) as error:
            raise wrong(descriptor, value, TypeError(str(error))) from None


def to_value(plain: Any) -> Value:
    """Makes a protobuf value of plain Python: None, bool, number, str, and lists and dicts of them.

    Its numbers are doubles. Whole numbers that those may round are sent as text, which the server takes for
    the number that it is.

    Raises:
        TypeError: It is of another type; the message names it.
    """
    if plain is None:
        return Value(null_value=NullValue.NULL_VALUE)
    if isinstance(plain, bool):
        return Value(bool_value=plain)
    if isinstance(plain, str):
        return Value(string_value=plain)
    if isinstance(plain, Mapping):
        return Value(struct_value=Struct(fields={str(name): to_value(item) for name, item in plain.items()}))
    if hasattr(plain, "tolist"):  # numpy scalars and arrays
        listed = plain.tolist()
        # Times become bare numbers there, and what Python has no number for stays as it is.
        is_time = getattr(getattr(plain, "dtype", None), "kind", "") in ("M", "m")
        if not is_time and type(listed) is not type(plain):
            return to_value(listed)
    elif isinstance(plain, int) and abs(plain) >= _FIRST_AMBIGUOUS:
        return Value(string_value=_digits(plain))
    elif isinstance(plain, (int, float)):
        return Value(number_value=plain)
    elif isinstance(plain, Sequence) and not isinstance(plain, (bytes, bytearray)):
        return Value(list_value=ListValue(values=[to_value(item) for item in plain]))
    raise TypeError(
        f"{plain!r} is of type {type(plain).__name__}; features are numbers, strings, booleans, lists or None"
    )


def from_value(value: Value) -> Any:
    """Makes plain Python of a protobuf value; numbers are floats, and whole ones from 2**53 on are text."""
    kind = value.WhichOneof("kind")
    if kind is None or kind == "null_value":
        return None
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        # A map comes in another order each time.
        return {name: from_value(item) for name, item in sorted(value.struct_value.fields.items(), key=_name)}
    return getattr(value, kind)


def _from_list(values: ListValue) -> list[Any]:
    return [from_value(item) for item in values.values]


def _from_struct(struct: Struct) -> dict[str, Any]:
    return {name: from_value(item) for name, item in struct.fields.items()}


_FREE_READERS: Mapping[str, Reader] = {
    "google.protobuf.ListValue": _from_list,
    "google.protobuf.Struct": _from_struct,
}
"""What reads messages that hold any values."""


def _digits(number: int) -> str:
    """Writes a whole number, which Python refuses for very long ones."""
    try:
        return str(number)
    except ValueError:
        raise ValueError(
            f"a whole number of {number.bit_length()} bits is no feature; send at most 64 bits, or a float"
        ) from None


def to_timestamp(time: datetime) -> Timestamp:
    """Makes a timestamp; a time without a zone is taken as local time."""
    stamp = Timestamp()
    stamp.FromDatetime(time.astimezone(UTC))
    return stamp


def enum_number(word: object, field: Any) -> int:
    """Answers the number that an enumeration field has for a word: a member of its twin, or the text of one.

    Raises:
        WrongTypeError: It has no such word; the message says which it has.
    """
    kind: type[StrEnum] = getattr(_types, field.enum_type.name)
    try:
        name = kind(cast("Any", word)).name
    except ValueError:
        known = ", ".join(known for known in kind if known.name != "UNSPECIFIED")
        raise WrongTypeError(field.name, f"{word!r} is not one of {known}") from None
    return int(field.enum_type.values_by_name[_prefix(field.enum_type) + name].number)


def _member(place: int, word: object, field: Any) -> int:
    try:
        return enum_number(word, field)
    except WrongTypeError as error:
        raise WrongTypeError(f"[{place}]", error.reason) from None


def _enum_word(kind: type[E], number: int, descriptor: Any) -> E:
    """Answers the word for a number; one that this client does not know is unspecified."""
    value = descriptor.values_by_number.get(number)
    name = value.name.removeprefix(_prefix(descriptor)) if value is not None else "UNSPECIFIED"
    return kind[name] if name in kind.__members__ else kind["UNSPECIFIED"]


@cache
def _prefix(descriptor: Any) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", descriptor.name).upper() + "_"


@cache
def _required(kind: Any) -> frozenset[str]:
    missing = dataclasses.MISSING
    return frozenset(
        attribute.name
        for attribute in dataclasses.fields(kind)
        if attribute.default is missing and attribute.default_factory is missing
    )


@cache
def _readers(kind: Any, message: Any) -> tuple[tuple[str, bool, Reader], ...]:
    """Works out, for each field of a plain class, its name, whether it can be unset and how to read it."""
    hints = get_type_hints(kind, _NAMES)
    fields = message.DESCRIPTOR.fields_by_name
    return tuple(
        (
            attribute.name,
            fields[attribute.name].has_presence,
            _reader(hints[attribute.name], fields[attribute.name]),
        )
        for attribute in dataclasses.fields(kind)
    )


# The names in annotations, most of which their modules import for type checkers only.
_NAMES = {
    **vars(_types),
    "Any": Any,
    "Mapping": Mapping,
    "Sequence": Sequence,
    "datetime": datetime,
    "timedelta": timedelta,
}


def _reader(hint: Any, descriptor: Any) -> Reader:
    """Picks the function that reads a field of a type."""
    hint = _without_none(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if descriptor.message_type is not None and descriptor.message_type.name == "Backend":
        return _read_backend
    if origin is Mapping:
        entry = descriptor.message_type.fields_by_name["value"]
        read = _reader(arguments[1], entry)
        return lambda items: {name: read(item) for name, item in sorted(items.items(), key=_name)}
    if origin is Sequence:
        read = _scalar_reader(arguments[0], descriptor)
        return lambda items: tuple(read(item) for item in items)
    return _scalar_reader(hint, descriptor)


def _name(item: tuple[str, Any]) -> str:
    return item[0]


def _scalar_reader(hint: Any, descriptor: Any) -> Reader:
    if descriptor.enum_type is not None:
        return lambda number: _enum_word(hint, number, descriptor.enum_type)
    if descriptor.message_type is None:
        return lambda value: value
    if hint is datetime:
        return lambda stamp: stamp.ToDatetime(UTC)
    if hint is timedelta:
        return lambda duration: duration.ToTimedelta()
    if hint is Any:
        return _FREE_READERS.get(descriptor.message_type.full_name, from_value)
    return lambda message: to_plain(hint, message)


def _without_none(hint: Any) -> Any:
    """Takes the None out of ``X | None``."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [argument for argument in get_args(hint) if argument is not types.NoneType]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _read_backend(message: Any) -> GrpcBackend | OnnxBackend | None:
    kind = message.WhichOneof("kind")
    if kind == "grpc":
        return to_plain(GrpcBackend, message.grpc)
    return to_plain(OnnxBackend, message.onnx) if kind == "onnx" else None


def _write(message: Message, descriptor: Any, value: Any) -> None:
    """Writes one field."""
    name = descriptor.name
    target = getattr(message, name)
    if isinstance(value, GrpcBackend):
        fill_message(target.grpc, value)
    elif isinstance(value, OnnxBackend):
        fill_message(target.onnx, value)
    elif isinstance(value, Mapping):
        is_message = descriptor.message_type.fields_by_name["value"].message_type is not None
        for key, item in value.items():
            if is_message:
                target[key].CopyFrom(to_value(item))
            else:
                target[key] = item
    elif descriptor.is_repeated:
        for place, item in enumerate(value):
            if dataclasses.is_dataclass(item):
                try:
                    fill_message(target.add(), item)
                except WrongTypeError as error:
                    raise error.within(f"[{place}]") from None
            else:
                target.append(_item(place, item, descriptor))
    elif isinstance(target, Timestamp):
        target.CopyFrom(to_timestamp(value))
    elif isinstance(target, Duration):
        target.FromTimedelta(value)
    elif dataclasses.is_dataclass(value):
        target.SetInParent()
        fill_message(target, value)
    elif descriptor.type == descriptor.TYPE_DOUBLE:
        setattr(message, name, _double(name, value))
    else:
        setattr(message, name, value)


def _item(place: int, item: Any, descriptor: Any) -> Any:
    """Answers an item of a list as its field wants it."""
    if descriptor.enum_type is not None:
        return _member(place, item, descriptor)
    is_value = descriptor.message_type is not None and descriptor.message_type.name == "Value"
    return to_value(item) if is_value else item


def _double(name: str, value: Any) -> Any:
    """Answers a number that a double holds.

    Raises:
        ValueError: It is a whole number between two doubles.
    """
    if not isinstance(value, Integral) or abs(int(value)) < _FIRST_AMBIGUOUS:
        return value
    value = int(value)
    try:
        nearest = float(value)
    except OverflowError:
        raise ValueError(f"{name}: the number is beyond what a double holds") from None
    if nearest != value:
        raise ValueError(f"{name}: {value} is no double; give the nearest one, {nearest:.0f}, as a float")
    return nearest
