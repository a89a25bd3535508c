"""The counting scan by DuckDB: every column of a relation, by window and slice, in one pass."""

from collections.abc import Mapping, Sequence

import duckdb

from pointsman_drift.baselines.plan import Plan
from pointsman_drift.counting.extras import Answer, add_new, add_special
from pointsman_drift.counting.parts import Part
from pointsman_drift.counting.rows import EXACT_ROWS
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.sources import Source


def scan(
    connection: duckdb.DuckDBPyConnection, source: Source, plans: Mapping[str, Plan], by: Sequence[str] = ()
) -> Answer:
    """Counts every planned column.

    Args:
        connection: Where the source is open.
        source: The rows.
        plans: How each column is counted.
        by: SQL expressions over the source's columns whose values divide the rows: windows, slices.

    Returns:
        For each group that has rows its columns' counts; merged over groups they are those of the whole.
    """
    parts = [Part(connection, source, place, plan) for place, plan in enumerate(plans.values())]
    groups = [f"CAST({expression} AS VARCHAR) AS g{place}" for place, expression in enumerate(by)]
    inner = ", ".join([*groups, *(item for part in parts for item in part.inner)]) or "1"
    joins = " ".join(join for part in parts for join in part.joins)
    names = [f"g{place}" for place in range(len(by))]
    outer = ", ".join([*names, *(item for part in parts for item in part.outer)])
    query = f"SELECT {outer} FROM (SELECT {inner} FROM {source.relation} AS s {joins})"
    query += f" GROUP BY {', '.join(names)}" if names else ""
    parameters = [parameter for part in parts for parameter in part.parameters]
    is_small = source.rows <= EXACT_ROWS
    try:
        if is_small:
            # More threads would only wait for each other.
            connection.execute("SET threads = 1")
        rows = connection.execute(query, parameters).fetchall()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be counted: {error}") from error
    finally:
        if is_small:
            connection.execute("RESET threads")
    answer: Answer = {}
    for row in rows:
        group = tuple(row[: len(by)])
        rest = list(row[len(by) :])
        counts = {}
        for part in parts:
            counts[part.plan.column] = part.read(rest[: len(part.outer)])
            part.rows[group] = rest[0]
            rest = rest[len(part.outer) :]
        answer[group] = counts
    for part in parts:
        add_new(connection, source, part, by, answer)
        add_special(connection, source, part, by, answer)
    return answer
