"""By what rows of a window are judged apart: by as much as a result, and an analysis, can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.control.drift.alert_settings import default_algorithms
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.baselines import ColumnKind

if TYPE_CHECKING:
    import pyarrow as pa

MOST_FIGURES = 10_000
"""Figures of slices in a result: with some 500 bytes each they are told in one message."""
MOST_VALUES = 20
"""So many values of a column have a slice of their own; all others are one."""
_LEAST_VALUES = 2
_COARSE_BINS = 10
"""Those that the library makes of numbers where nobody says how many."""


@dataclass(frozen=True)
class Slicing:
    """What is judged apart.

    Attributes:
        columns: The columns of the window's file whose values tell rows apart.
        limit: So many values of each have a slice of their own, the most frequent ones.
        notes: What is not judged apart, and why.
    """

    columns: tuple[str, ...] = ()
    limit: int = MOST_VALUES
    notes: tuple[str, ...] = ()


def choose_slices(
    values: Mapping[str, int],
    kinds: Mapping[str, ColumnKind],
    settings: AlertSettings,
    reference: pa.Table | None = None,
) -> Slicing:
    """Chooses slices whose figures a result can hold, and whose counts the library can.

    Where all are too many, rare values are taken together; where that is not enough, one column after the
    other is left out, the last first.

    Args:
        values: By column of the window's file that tells rows apart how many values it has.
        kinds: The features, and what their values are.
        settings: Which algorithms measure each of them.
        reference: The baseline's features, by which rows are counted.
    """
    figures = _figures_of_a_slice(kinds, settings)
    if not figures or not values:
        return Slicing()
    most_slices = MOST_FIGURES // figures
    why = f"would be more figures than a result holds, {MOST_FIGURES}; name fewer algorithms"
    counts = 0 if reference is None else _counts_of_rows(reference)
    if counts and (most_counted := _largest_cells() // counts - 1) < most_slices:
        # Rows that are not told apart are counted, too.
        most_slices = most_counted
        why = (
            f"would be more counts than an analysis keeps, {_largest_cells()}; leave out those of many values"
        )
    for count in range(len(values), 0, -1):
        columns = tuple(values)[:count]
        for limit in range(MOST_VALUES, _LEAST_VALUES - 1, -1):
            # Beside these values there are the others, and rows without one.
            slices = sum(min(values[name] + 1, limit) + 1 for name in columns)
            if slices <= most_slices:
                return Slicing(columns, limit, _notes(values, columns, limit, len(kinds), why))
    return Slicing(notes=_notes(values, (), MOST_VALUES, len(kinds), why))


def _largest_cells() -> int:
    from pointsman_drift.counting.scan import LARGEST_CELLS

    return LARGEST_CELLS


def _counts_of_rows(reference: pa.Table) -> int:
    """Answers how many counts the library keeps of rows at most: one for each bin of each feature."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from pointsman_drift.baselines.categories import KNOWN_CATEGORIES
    from pointsman_drift.baselines.edges import fine_bin_count

    total = 0
    for column in reference.columns:
        if pa.types.is_floating(column.type):
            # Fine bins, and edges of coarse ones among them.
            total += fine_bin_count(len(column)) + _COARSE_BINS
        else:
            # Beside the categories that are known by name others, and unseen ones.
            total += min(pc.count_distinct(column).as_py(), KNOWN_CATEGORIES) + 2
    return total


def _figures_of_a_slice(kinds: Mapping[str, ColumnKind], settings: AlertSettings) -> int:
    from pointsman_drift import AlgorithmKind, Kind, algorithms

    names = default_algorithms() if settings.algorithms is None else settings.algorithms
    named = [one for name, one in algorithms().items() if name in names]
    types = Counter(Kind.NUMERIC if one is ColumnKind.NUMBER else Kind.CATEGORICAL for one in kinds.values())
    columns = (one for one in named if one.kind is AlgorithmKind.UNIVARIATE)
    return sum(types[kind] for one in columns for kind in one.types)


def _notes(
    values: Mapping[str, int], columns: tuple[str, ...], limit: int, features: int, why: str
) -> tuple[str, ...]:
    notes = [
        f"rows of each {_word(name)} are not judged apart: of {features} features these {why}"
        for name in values
        if name not in columns
    ]
    notes += [
        f"rows of the {limit} most frequent values of {_word(name)} are judged apart, and of the others "
        f"together: of {features} features more {why}"
        for name in columns
        if limit < min(values[name], MOST_VALUES)
    ]
    return tuple(notes)


def _word(column: str) -> str:
    return column.strip("()")
