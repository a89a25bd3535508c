"""What the calls of several services are made with."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pointsman.client._call import Call, Page
from pointsman.client._convert import enum_number, to_plain, to_timestamp, to_value
from pointsman.client._fields import WrongTypeError, within
from pointsman.client._types import PartialRecordsWarning, UnreachedJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from google.protobuf.message import Message
    from google.protobuf.struct_pb2 import Value
    from google.protobuf.timestamp_pb2 import Timestamp

T = TypeVar("T")

MODELS = "/pointsman.v1.ModelService/"
ROUTERS = "/pointsman.v1.RouterService/"
PREDICTIONS = "/pointsman.v1.PredictionService/"
KEYS = "/pointsman.v1.ApiKeyService/"
DRIFT = "/pointsman.v1.DriftService/"


def plain(kind: type[T]) -> Callable[[Message], T]:
    """Answers what reads a message as one of the client's types."""
    return lambda message: to_plain(kind, message)


def page(kind: type[T], field: str) -> Callable[[Any], Page[T]]:
    """Answers what reads a page, whose items are in a field."""
    return lambda message: Page(
        [to_plain(kind, item) for item in getattr(message, field)], message.next_page_token
    )


def feature_values(features: Mapping[str, Any]) -> dict[str, Value]:
    """Makes the features of a row.

    Raises:
        TypeError: A name or a value is of a type that is not sent; the text names it.
        ValueError: A value cannot be sent; the text names it.
    """
    return {name: _feature(name, value) for name, value in features.items()}


def _feature(name: object, value: Any) -> Value:
    if not isinstance(name, str):
        raise WrongTypeError("features", f"{name!r} is of type {type(name).__name__}; a name is a string")
    try:
        return to_value(value)
    except (TypeError, ValueError) as error:
        raise within(f"features[{name!r}]", error) from None


def nothing(_: Message) -> None:
    """Reads an answer that says nothing."""
    return


def warn_of_unreached(answer: Any, meaning: str) -> None:
    """Warns of what an answer lacks whose plain twin has no place for it."""
    if answer.unreached:
        journals = [to_plain(UnreachedJournal, journal) for journal in answer.unreached]
        warnings.warn(f"{meaning}: {'; '.join(map(str, journals))}", PartialRecordsWarning, stacklevel=2)


def moment(time: datetime | None) -> Timestamp | None:
    """Answers a time as a message; None stays None."""
    return None if time is None else to_timestamp(time)


def number(request: Message, field: str, word: object) -> Any:
    """Answers the number that an enumeration field of a request has for a word.

    Args:
        request: The request.
        field: The name of its field.
        word: The word: a member of an enumeration of the client, or its text.

    Raises:
        WrongTypeError: The field has no such word; the message says which it has.
    """
    return enum_number(word, request.DESCRIPTOR.fields_by_name[field])


def at_page(first: Call[Page[T]]) -> Callable[[str], Call[Page[T]]]:
    """Answers a function that makes the call for the page of a token."""

    def at(page_token: str) -> Call[Page[T]]:
        request = type(first.request)()
        request.CopyFrom(first.request)
        request.page_token = page_token  # type: ignore[attr-defined]
        return replace(first, request=request)

    return at
