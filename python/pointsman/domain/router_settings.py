"""Scalar settings of routers: said once, where ``Router`` declares them.

Whatever carries routers (messages, rows, snapshots, revisions, update masks, definition files) goes by what
is declared here, so that a new setting needs no line there.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, TypeVar

Scalar = bool | int | float | str
"""What settings are: flags, milliseconds, shares, texts, and words of enumerations."""

Value = TypeVar("Value", bound=Scalar)

_KEY = "setting"
_MILLISECONDS = "_ms"
_SHARE = "_share"


@dataclass(frozen=True)
class _Said:
    """What a declaration says beside the name."""

    default: Scalar
    is_published: bool
    decides_calls: bool


@dataclass(frozen=True)
class Setting:
    """A scalar of a router that its users set.

    Attributes:
        attribute: What the domain calls it, and its column.
        kind: The type of its values: ``bool``, ``int`` for milliseconds, ``float`` for shares from 0 to 1,
            ``str`` or an enumeration.
        default: Its value where nothing is said.
        is_published: Whether the data plane and revisions have it; texts for people are not published.
        decides_calls: Whether it is part of what decides calls, which a rollback gives back.
    """

    attribute: str
    kind: type[Scalar]
    default: Scalar
    is_published: bool
    decides_calls: bool

    @property
    def name(self) -> str:
        """What messages, update masks and documents call it; durations bear no unit there."""
        return self.attribute.removesuffix(_MILLISECONDS)

    def value_of(self, router: object) -> Scalar:
        """Answers its value of a router."""
        value = getattr(router, self.attribute)
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.attribute} is {value!r}, no {self.kind.__name__}")
        return value


def setting(default: Value, *, is_published: bool = True, decides_calls: bool = False) -> Value:
    """Declares a field of a dataclass as a setting.

    Args:
        default: Its value where nothing is said; its type is the setting's.
        is_published: Whether the data plane and revisions have it.
        decides_calls: Whether a rollback gives it back.
    """
    return field(default=default, metadata={_KEY: _Said(default, is_published, decides_calls)})


def settings_of(declared: Any) -> tuple[Setting, ...]:
    """Answers the settings that a dataclass declares, in its order.

    Raises:
        TypeError: A whole number is not in milliseconds, and so has no unit in its name; or a fraction is no
            share.
    """
    found = []
    for one in dataclasses.fields(declared):
        said = one.metadata.get(_KEY)
        if not isinstance(said, _Said):
            continue
        kind = type(said.default)
        if kind is int and not one.name.endswith(_MILLISECONDS):
            raise TypeError(f"{one.name}: whole numbers are milliseconds; call it {one.name}{_MILLISECONDS}")
        if kind is float and not one.name.endswith(_SHARE):
            raise TypeError(f"{one.name}: fractions are shares from 0 to 1; call it {one.name}{_SHARE}")
        found.append(Setting(one.name, kind, said.default, said.is_published, said.decides_calls))
    return tuple(found)
