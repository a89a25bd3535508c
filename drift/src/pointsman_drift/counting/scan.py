"""The counting scan: every column of a relation, by window and slice, in one pass.

DuckDB reads, casts, filters and joins; out come batches of doubles and of places of categories and groups,
which threads add up. Memory is that of a few batches and of the counts.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from pointsman_drift.baselines.plan import OrderedPlan, Plan
from pointsman_drift.counting.counts import Counted
from pointsman_drift.counting.groups import Divisions, Group
from pointsman_drift.counting.lookup import Places
from pointsman_drift.counting.parts import OrderedPart, Part, UnorderedPart
from pointsman_drift.counting.rows import EXACT_ROWS
from pointsman_drift.counting.unseen import add_unseen
from pointsman_drift.counting.workers import counting, processors
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.tables.batches import batch_rows, few_threads, read_batches
from pointsman_drift.tables.sources import Source

MOST_GROUPS = 5000
LARGEST_CELLS = 2**25
"""So many counts may be kept at once: 256 MiB."""


def scan(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: Mapping[str, Plan],
    divisions: Divisions = Divisions(),  # noqa: B008 - it is frozen
    *,
    kept: Sequence[str] = (),
) -> dict[Group, Counted]:
    """Counts every planned column.

    Args:
        connection: Where the source is open.
        source: The rows.
        plans: How each column is counted.
        divisions: Windows and slices.
        kept: Ordered columns whose values are wanted, too.

    Returns:
        The whole, then each window, each slice, each slice in each window. Windows add up to the whole but
        for rows without one, and the slices by one column to their window.

    Raises:
        InvalidTableError: The rows cannot be read.
        InvalidOptionError: There are too many groups for so many columns.
    """
    sizes = divisions.sizes
    cells = sum(sizes) * sum(plan.size for plan in plans.values())
    if cells > LARGEST_CELLS or sum(sizes) > MOST_GROUPS:
        raise InvalidOptionError(
            f"slices and windows: {sum(sizes)} groups of {len(plans)} columns are {cells} counts; at most "
            f"{MOST_GROUPS} and {LARGEST_CELLS}: take fewer slices, longer windows, or fewer features"
        )
    parts: list[Part] = [
        OrderedPart(source, plan, sizes, name in kept)
        if isinstance(plan, OrderedPlan)
        else UnorderedPart(connection, source, place, plan, sizes)
        for place, (name, plan) in enumerate(plans.items())
    ]
    relation = f"{source.relation} AS s {divisions.joins(connection, source.side)}"
    numbers = [expression for expression in divisions.numbers if expression != "0"]
    items = [*numbers, *(part.item for part in parts)]
    named = ", ".join(f"{item} AS x{place}" for place, item in enumerate(items)) or "1"
    query = f"SELECT {named} FROM {relation} {' '.join(part.join for part in parts)}"
    rows = [np.zeros(size, np.int64) for size in sizes]
    is_small = source.rows <= EXACT_ROWS
    with few_threads(connection, is_small), counting(parts, 1 if is_small else processors()) as add:
        for batch in read_batches(connection, query, batch_rows(len(items)), source.side):
            numberings = _numberings(batch, divisions)
            for found, mine in zip(rows, numberings, strict=True):
                found += batch.num_rows if mine is None else np.bincount(mine, minlength=len(found))
            add(batch.columns[len(numbers) : len(items)], numberings)
    for part in parts:
        if isinstance(part, UnorderedPart):
            add_unseen(connection, source, relation, part, divisions)
    answer: dict[Group, Counted] = {}
    for group, numbering, members in divisions.groups():
        values = {part.plan.column: part.values(numbering, members) for part in parts}
        answer[group] = Counted(
            int(rows[numbering][members].sum()),
            {part.plan.column: part.counts(numbering, members) for part in parts},
            {name: one for name, one in values.items() if one is not None},
        )
    return answer


def _numberings(batch: pa.RecordBatch, divisions: Divisions) -> list[Places | None]:
    """Answers the number of each row in each numbering; None where there is but one group."""
    columns = iter(batch.columns)
    return [
        None if expression == "0" else next(columns).to_numpy(zero_copy_only=False)
        for expression in divisions.numbers
    ]
