"""Names of categories that the reference lacks: the scan only counts their rows."""

import duckdb

from pointsman_drift.counting.groups import Divisions
from pointsman_drift.counting.parts import UnorderedPart
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.sources import Source

NEW_CATEGORIES = 10_000
"""Of so many unseen categories the rows are told one by one."""


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
    for numbering, number in enumerate(divisions.numbers):
        query = (
            f"SELECT {number} AS g, {part.text} AS x, count(*) AS n FROM {relation} {part.join} "
            f"WHERE {part.text} IS NOT NULL AND {part.key}.bin IS NULL "
            f"GROUP BY ALL ORDER BY n DESC, x LIMIT {NEW_CATEGORIES}"
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
