"""Which values can be compared with which, and how a column is counted."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pointsman_drift.errors import InvalidTableError


class Kind(StrEnum):
    """How a column is counted, as users may tell it."""

    NUMERIC = "numeric"
    """Ordered: numbers, and times as microseconds."""
    CATEGORICAL = "categorical"
    """Unordered: texts, booleans, and numbers of which it is told."""


class Family(StrEnum):
    """What a column's values are; only values of one family are compared."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    INSTANT = "timestamp with time zone"
    CIVIL = "date or timestamp without time zone"
    CLOCK = "time of day"
    DURATION = "duration"
    EMPTY = "no values"


_PATTERNS = (
    (Family.NUMBER, r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|FLOAT|DOUBLE|DECIMAL\(\d+, ?\d+\)|BIGNUM"),
    (Family.TEXT, r"VARCHAR|ENUM\(.*\)|UUID"),
    (Family.BOOLEAN, r"BOOLEAN"),
    (Family.INSTANT, r"TIMESTAMP WITH TIME ZONE"),
    (Family.CIVIL, r"DATE|TIMESTAMP(_S|_MS|_NS)?"),
    (Family.CLOCK, r"TIME|TIME_NS"),
    (Family.DURATION, r"INTERVAL"),
    (Family.EMPTY, r'"?NULL"?'),
)


@dataclass(frozen=True)
class ColumnType:
    """A column's type as DuckDB has it, and the family it belongs to."""

    sql: str
    family: Family

    @property
    def kind(self) -> Kind:
        """How it is counted unless users tell otherwise."""
        unordered = self.family in (Family.TEXT, Family.BOOLEAN, Family.EMPTY)
        return Kind.CATEGORICAL if unordered else Kind.NUMERIC

    @property
    def is_float(self) -> bool:
        """Whether values may be NaN or infinite."""
        return self.sql in ("FLOAT", "DOUBLE")

    @property
    def is_single(self) -> bool:
        """Whether values are of single precision."""
        return self.sql == "FLOAT"

    @property
    def is_whole(self) -> bool:
        """Whether values are whole numbers of some width."""
        return self.family is Family.NUMBER and "INT" in self.sql

    @property
    def is_decimal(self) -> bool:
        """Whether values are decimal numbers with a fixed point."""
        return self.sql.startswith("DECIMAL")

    @property
    def digits(self) -> tuple[int, int]:
        """Digits of a decimal number, and how many of them are behind the point; else zeros."""
        found = re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", self.sql)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def column_type(column: str, sql: str) -> ColumnType:
    """Answers the type of a column, or refuses one that nothing here compares.

    >>> column_type("age", "BIGINT").family
    <Family.NUMBER: 'number'>
    """
    for family, pattern in _PATTERNS:
        if re.fullmatch(pattern, sql, re.DOTALL):
            return ColumnType(sql, family)
    raise InvalidTableError(
        f"column {column!r}: type {sql} is not compared; turn it into numbers, texts, booleans or times, "
        "or leave it out with features=[...]"
    )
