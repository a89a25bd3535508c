"""Asks the demo's own lake with DuckDB, as any other program could, and checks what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from pathlib import Path

    from pointsman.demo.tally import Tally

_SELECT = """\
SELECT p.variant,
       count(*)                                  AS predictions,
       count(f.value)                            AS feedback,
       round(avg(f.value), 4)                    AS accuracy,
       round(avg(p.confidence), 4)               AS confidence,
       round(avg(p.propensity), 4)               AS propensity,
       round(avg(p."f_{feature}"), 2)              AS "{feature}",
       round(median(p.overhead_ns) / 1e3, 1)     AS added_us
FROM read_parquet('{predictions}') AS p
LEFT JOIN read_parquet('{feedback}') AS f
       ON f.prediction_id = p.prediction_id AND f.row = p.row AND f.metric = 'reward'
GROUP BY p.variant ORDER BY p.variant DESC"""


def write_query(data_dir: Path, router_id: str, feature: str) -> str:
    """Writes the query.

    Args:
        data_dir: The server's data folder.
        router_id: The router.
        feature: A feature of its model.
    """
    lake = data_dir / "lake"
    return _SELECT.format(
        feature=feature,
        predictions=lake / "predictions" / f"router={router_id}" / "*" / "*" / "*.parquet",
        feedback=lake / "feedback" / f"router={router_id}" / "*" / "*.parquet",
    )


def ask_lake(query: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Runs the query.

    Returns:
        The names of the columns, and the rows.

    Raises:
        DemoError: DuckDB refuses.
    """
    import duckdb

    try:
        with duckdb.connect() as connection:
            answer = connection.execute(query)
            return [column[0] for column in answer.description or ()], answer.fetchall()
    except duckdb.Error as error:
        raise DemoError(f"the lake cannot be asked: {error}") from error


def check_rows(rows: list[tuple[object, ...]], counted: Tally, other_calls: int) -> None:
    """Holds the lake's counts against the client's.

    Args:
        rows: What the lake says: variant, predictions, feedback and more.
        counted: What the client counted.
        other_calls: Calls to the router that are not among those.

    Raises:
        DemoError: They differ.
    """
    predictions = sum(int(str(row[1])) for row in rows)
    wanted = counted.requests + counted.failed_requests + other_calls
    if predictions != wanted:
        raise DemoError(f"the lake has {predictions} predictions, {wanted} calls were made")
    feedback = {str(row[0]): int(str(row[2])) for row in rows}
    sent = {name: tally.feedback for name, tally in counted.variants.items()}
    if feedback != sent:
        raise DemoError(f"the lake has feedback {feedback}, the client sent {sent}")
