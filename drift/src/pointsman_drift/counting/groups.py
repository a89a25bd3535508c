"""What divides rows: windows and slices, and the groups that these make."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa


@dataclass(frozen=True)
class Slice:
    """The rows that have one value in a column."""

    column: str
    value: str | None
    """The value as a text; None for rows without one."""
    is_rest: bool = False
    """Whether these are the rows of all values that are not told one by one."""

    def __str__(self) -> str:
        """As people read it."""
        if self.is_rest:
            return f"{self.column}: other values"
        return f"{self.column}: no value" if self.value is None else f"{self.column} = {self.value}"

    def to_dict(self) -> dict[str, str | bool | None]:
        """Answers it with names in camelCase."""
        return {"column": self.column, "value": self.value, "isRest": self.is_rest}


@dataclass(frozen=True)
class Group:
    """Rows that are counted together; without window and slice all of them."""

    window: str | None = None
    slice: Slice | None = None

    def __str__(self) -> str:
        """As people read it."""
        return ", ".join(str(part) for part in (self.window, self.slice) if part is not None)

    def to_dict(self) -> dict[str, Any]:
        """Answers what it has, with names in camelCase."""
        window = {} if self.window is None else {"window": self.window}
        return window if self.slice is None else {**window, "slice": self.slice.to_dict()}


WHOLE = Group()


@dataclass(frozen=True)
class Division:
    """An expression whose values divide the rows."""

    column: str
    expression: str
    """A text, or NULL, in SQL over the source's columns."""
    values: tuple[str | None, ...]
    """Those that are told one by one; all others are the rest."""

    @property
    def size(self) -> int:
        """How many groups it makes, the rest included."""
        return len(self.values) + 1


@dataclass(frozen=True)
class Divisions:
    """Windows, and slices by each of several columns; slices of two columns are not crossed."""

    windows: Division | None = None
    slices: tuple[Division, ...] = ()

    @property
    def all(self) -> tuple[Division, ...]:
        """Every division, windows first."""
        return (*(() if self.windows is None else (self.windows,)), *self.slices)

    @property
    def places(self) -> range:
        """Places of windows; the last one is of rows without a window."""
        return range(1 if self.windows is None else self.windows.size)

    @property
    def sizes(self) -> list[int]:
        """How many groups each numbering has: by windows, then by windows and each slicing."""
        return [len(self.places), *(len(self.places) * one.size for one in self.slices)]

    def joins(self, connection: duckdb.DuckDBPyConnection, side: str) -> str:
        """Answers the joins that give each row the places of its groups, after making their tables."""
        joins = []
        for place, one in enumerate(self.all):
            table = f"pm_{side}_groups_{place}"
            names = pa.array(one.values, pa.string())
            connection.register(
                table, pa.table({"name": names, "place": pa.array(range(len(names)), pa.int64())})
            )
            joins.append(
                f"LEFT JOIN {table} AS g{place} ON g{place}.name IS NOT DISTINCT FROM {one.expression}"
            )
        return " ".join(joins)

    @property
    def numbers(self) -> list[str]:
        """Each numbering's expression of a row's number; ``0`` where there is but one group."""
        places = [f"coalesce(g{place}.place, {len(one.values)})" for place, one in enumerate(self.all)]
        if self.windows is None:
            return ["0", *places]
        window, *slices = places
        return [
            window,
            *(f"{window} * {one.size} + {place}" for one, place in zip(self.slices, slices, strict=True)),
        ]

    def groups(self) -> Iterator[tuple[Group, int, list[int]]]:
        """Answers every group with its numbering and the numbers in it that make it up."""
        names = () if self.windows is None else self.windows.values
        yield WHOLE, 0, list(self.places)
        for window, name in enumerate(names):
            yield Group(name), 0, [window]
        for numbering, one in enumerate(self.slices, 1):
            for place in range(one.size):
                is_rest = place == len(one.values)
                of = Slice(one.column, None if is_rest else one.values[place], is_rest)
                yield Group(None, of), numbering, [window * one.size + place for window in self.places]
                for window, name in enumerate(names):
                    yield Group(name, of), numbering, [window * one.size + place]
