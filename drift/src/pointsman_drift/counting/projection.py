"""What a column's values are in SQL: a double for ordered columns, a text for the others."""

from pointsman_drift.tables.families import ColumnType, Family

LARGEST_WHOLE = 2**53
"""Doubles hold every whole number up to here."""
LARGEST_HUGEINT = "1.7e38"
"""Doubles below are within the widest whole type."""


def as_exact(place: str, kind: ColumnType) -> str:
    """Answers the expression of a value before it becomes a double, of which an offset can be subtracted."""
    number = _as_number(place, kind)
    return number if kind.family is Family.NUMBER and not kind.is_whole else f"CAST({number} AS HUGEINT)"


def _as_number(place: str, kind: ColumnType) -> str:
    if kind.family is Family.CLOCK:
        return f"epoch_us(CAST({place} AS TIME))"
    if kind.family is Family.CIVIL:
        return f"epoch_us(CAST({place} AS TIMESTAMP))"
    return f"epoch_us({place})" if kind.family in (Family.INSTANT, Family.DURATION) else place


def has_offset(kind: ColumnType) -> bool:
    """Whether values may be exact beyond what doubles hold."""
    return kind.is_whole or kind.is_decimal or kind.family is not Family.NUMBER


def as_double(place: str, kind: ColumnType, offset: int | None = None, like: ColumnType | None = None) -> str:
    """Answers the expression of an ordered value as a double.

    Args:
        place: The column in the relation.
        kind: Its type.
        offset: What to subtract while it is still exact.
        like: The type by which the column's bins were made, where it is another. Where one of the two is of
            single precision, the same number reads the same: 0.1 in single precision is another number than
            0.1 in double precision, and would lie in another bin.

    >>> from pointsman_drift.tables.families import column_type
    >>> as_double("c0", column_type("n", "BIGINT"))
    'CAST(c0 AS DOUBLE)'
    >>> as_double("c0", column_type("n", "BIGINT"), 7)
    "CAST(CAST(c0 AS HUGEINT) - CAST('7' AS HUGEINT) AS DOUBLE)"
    >>> as_double("c0", column_type("n", "FLOAT"), like=column_type("n", "DOUBLE"))
    'CAST(CAST(c0 AS VARCHAR) AS DOUBLE)'
    """
    if like is not None:
        place = _in_precision_of(place, kind, like)
    if offset is None:
        return f"CAST({_as_number(place, kind)} AS DOUBLE)"
    exact = as_exact(place, kind)
    if kind.is_float:
        # The other side is of whole numbers; its own offset is far beyond what this type tells apart.
        return f"CAST({exact} AS DOUBLE) - CAST({offset} AS DOUBLE)"
    wide = f"DECIMAL(38, {kind.digits[1]})" if kind.is_decimal else "HUGEINT"
    return f"CAST({exact} - CAST('{offset}' AS {wide}) AS DOUBLE)"


def _in_precision_of(place: str, kind: ColumnType, like: ColumnType) -> str:
    """Answers the expression of the number that the other type holds."""
    if kind.is_single and not like.is_single:
        # The shortest decimal that is this number is the one that was rounded to it.
        return f"CAST({place} AS VARCHAR)"
    if like.is_single and kind.family is Family.NUMBER and not kind.is_single:
        # What is too large for single precision stays as it is: beyond all that the other side has.
        return f"coalesce(CAST(TRY_CAST({place} AS FLOAT) AS DOUBLE), CAST({place} AS DOUBLE))"
    return place


def as_text(place: str, kind: ColumnType) -> str:
    """Answers the expression of a category; equal numbers read the same whatever type holds them."""
    exact = f"CAST({place} AS VARCHAR)"
    if kind.is_float:
        return _number_as_text(place, exact)
    if kind.is_decimal:
        number = f"CAST({place} AS DOUBLE)"
        trimmed = f"rtrim(rtrim({exact}, '0'), '.')" if kind.digits[1] else exact
        # A decimal that a double tells from its neighbours reads as that double does.
        return (
            f"CASE WHEN TRY_CAST({number} AS {kind.sql}) = {place} "
            f"THEN {_number_as_text(place, f'CAST({number} AS VARCHAR)')} ELSE {trimmed} END"
        )
    return exact


def _number_as_text(place: str, otherwise: str) -> str:
    """Whole numbers read as those of whole types, other ones as is told; NaN is no category."""
    number = f"CAST({place} AS DOUBLE)"
    return (
        f"CASE WHEN isnan({number}) THEN NULL "
        f"WHEN abs({number}) < {LARGEST_HUGEINT} AND trunc({number}) = {number} "
        f"THEN CAST(CAST({number} AS HUGEINT) AS VARCHAR) ELSE {otherwise} END"
    )
