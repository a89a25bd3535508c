"""The scalar settings of routers as columns."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    RowMapping,
    String,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from pointsman.domain.router_settings import Setting
from pointsman.domain.routers import ROUTER_SETTINGS, Router

_FROM_THE_FIRST = frozenset(
    {
        "display_name",
        "description",
        "sticky",
        "version_pinning",
        "answer_router_name",
        "default_timeout_ms",
        "record_predictions",
        "allow_feedback_corrections",
    }
)
"""Columns that every release fills. Later ones have defaults: an older server that still runs beside this one
knows nothing of them when it adds a router."""


def setting_columns() -> Iterator[SchemaItem]:
    """Makes the columns of the settings, each with the constraint that its values need."""
    for setting in ROUTER_SETTINGS:
        default = None if setting.attribute in _FROM_THE_FIRST else _server_default(setting)
        yield Column(setting.attribute, _type(setting), nullable=False, server_default=default)
        if issubclass(setting.kind, Enum):
            words = ", ".join(f"'{word.value}'" for word in setting.kind)
            yield CheckConstraint(f"{setting.attribute} IN ({words})", name=setting.attribute)
        elif setting.kind is int:
            yield CheckConstraint(f"{setting.attribute} >= 0", name=setting.attribute)
        elif setting.kind is float:
            within = f"{setting.attribute} >= 0 AND {setting.attribute} <= 1"
            yield CheckConstraint(within, name=setting.attribute)


def dump_settings(router: Router) -> dict[str, Any]:
    """Answers the settings of a router by their columns."""
    return {setting.attribute: _stored(setting.value_of(router)) for setting in ROUTER_SETTINGS}


def load_settings(row: RowMapping) -> dict[str, Any]:
    """Answers the settings of a row of the routers' table by the attributes of routers."""
    return {setting.attribute: setting.kind(row[setting.attribute]) for setting in ROUTER_SETTINGS}


def _stored(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _type(setting: Setting) -> TypeEngine[Any]:
    if issubclass(setting.kind, Enum):
        longest = max(len(word.value) for word in setting.kind)
        return String(8 if longest <= 8 else 16)
    types: Mapping[type, TypeEngine[Any]] = {
        bool: Boolean(),
        int: BigInteger(),
        float: Float(53),
        str: Text(),
    }
    return types[setting.kind]


def _server_default(setting: Setting) -> Any:
    if setting.kind is bool:
        return true() if setting.default else false()
    if setting.kind is float:
        return text(f"{setting.default:g}")
    return text(f"'{_stored(setting.default)}'")
