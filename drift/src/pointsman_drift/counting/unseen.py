"""Names of categories that the reference lacks: the scan only counts their rows."""

import duckdb

from pointsman_drift.counting.groups import Divisions
from pointsman_drift.counting.parts import UnorderedPart
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.sources import Source

NEW_CATEGORIES = 10_000
"""Of so many unseen categories of a group the rows are told one by one."""
MOST_NAMES = 1_000_000
"""Of all groups together; many groups have fewer each."""


def add_unseen(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    relation: str,
    part: UnorderedPart,
    divisions: Divisions,
) -> None:
    """Adds the names to a part that has rows of them, by a query of its own for each numbering.

    Args:
        connection: Where the source is open.
        source: The rows.
        relation: What the scan read, the joins of groups included.
        part: The column; its scan is over.
        divisions: Windows and slices.
    """
    if not part.has_unseen:
        return
    for numbering, (number, size) in enumerate(zip(divisions.numbers, divisions.sizes, strict=True)):
        limit = min(NEW_CATEGORIES, MOST_NAMES // size)
        query = (
            f"SELECT g, x, n FROM (SELECT {number} AS g, {part.text} AS x, count(*) AS n "
            f"FROM {relation} {part.join} WHERE {part.text} IS NOT NULL AND {part.key}.bin IS NULL "
            "GROUP BY ALL) QUALIFY row_number() OVER (PARTITION BY g ORDER BY n DESC, x) "
            f"<= {limit} ORDER BY n DESC, x"
        )
        try:
            rows = connection.execute(query).fetchall()
        except duckdb.Error as error:
            raise InvalidTableError(f"the {source.side} cannot be counted: {error}") from error
        named: dict[int, dict[str, int]] = {}
        for group, name, n in rows:
            named.setdefault(int(group), {})[str(name)] = int(n)
        for group, names in named.items():
            part.name_unseen(numbering, group, names)
