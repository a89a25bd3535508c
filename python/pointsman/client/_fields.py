"""Makes messages of what callers give, and says which field is of the wrong type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")

_WORDS = {
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
    FieldDescriptor.CPPTYPE_STRING: "a string",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
}


def make(kind: type[M], **fields: Any) -> M:
    """Makes a message.

    Args:
        kind: The class of the message.
        **fields: Its fields by name; None leaves one unset.

    Raises:
        TypeError: A field is of another type; the message names it.
        ValueError: A number is out of its field's range; the message names it.
    """
    try:
        return kind(**fields)
    except (TypeError, ValueError):
        for name, value in fields.items():
            try:
                kind(**{name: value})
            except (TypeError, ValueError) as error:
                raise wrong(kind.DESCRIPTOR.fields_by_name[name], value, error) from None
        raise


class WrongTypeError(TypeError):
    """A value is of a type that its field does not take.

    Attributes:
        path: The field, from the outermost thing on, as in ``variants[0].weight``.
        reason: What it was given and what it takes.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def within(self, field: str) -> WrongTypeError:
        """Makes the same error as seen from the thing around."""
        dot = "" if self.path.startswith("[") else "."
        return WrongTypeError(f"{field}{dot}{self.path}", self.reason)


def within(path: str, error: Exception) -> Exception:
    """Makes the error of a value as seen from the thing around it.

    Args:
        path: The thing around, as in ``rows[0]``.
        error: What was raised of the value: a TypeError or a ValueError, of whatever class.
    """
    if isinstance(error, WrongTypeError):
        return error.within(path)
    if isinstance(error, UnicodeEncodeError):
        return ValueError(f"{path}: holds half of a pair of surrogates, which is no character")
    return (TypeError if isinstance(error, TypeError) else ValueError)(f"{path}: {error}")


def wrong(field: Any, value: Any, error: Exception) -> Exception:
    """Makes the error of a value that a field does not take.

    Args:
        field: The field's descriptor, whichever implementation of protobuf made it.
        value: What it was given.
        error: What protobuf says of it, which names no field.
    """
    if isinstance(error, ValueError):
        return ValueError(f"{field.name}: {error}")
    wanted = _WORDS.get(field.cpp_type, "a whole number" if field.message_type is None else "another thing")
    if field.is_repeated:
        wanted = f"a list; each of its items is {wanted}"
    return WrongTypeError(field.name, f"{value!r} is of type {type(value).__name__}; it takes {wanted}")
