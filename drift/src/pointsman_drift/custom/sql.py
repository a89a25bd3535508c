"""An expression in SQL as an algorithm: one number of the tables ``reference`` and ``current``."""

import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, NotMeasured, Thresholds
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.custom.pair import WholePair
from pointsman_drift.errors import AlgorithmError, InvalidOptionError, InvalidTableError
from pointsman_drift.tables.sources import open_source

LONGEST = 10_000
"""Characters of an expression."""


def sql_algorithm(
    name: str, expression: str, thresholds: tuple[float, float] | Thresholds, *, effect: str = ""
) -> Algorithm:
    """Makes an algorithm of an expression, to be named in ``compare(algorithms=[...])``.

    Args:
        name: Of the figures.
        expression: Gives one number of the tables ``reference`` and ``current``, which have the columns'
            names; each is asked in parentheses of its own. DuckDB computes it with copies of those two tables
            in memory alone: it reaches no file, no network, and writes nothing; it is stopped after the
            parameter ``seconds`` (60).
        thresholds: From which number on it is a warning and an alert. There is no test, so they decide alone.
        effect: What the number is, and its unit.

    Raises:
        AlgorithmError: The expression is no single expression, or the name or thresholds mean nothing.

    >>> from pointsman_drift import compare
    >>> rise = sql_algorithm(
    ...     "rise", "(SELECT avg(x) FROM current) / (SELECT avg(x) FROM reference) - 1", (0.1, 0.5)
    ... )
    >>> compare({"x": [1, 3] * 50}, {"x": [2, 3] * 50}, algorithms=[rise]).figure("(all)", "rise").score
    0.25
    """
    limits = thresholds if isinstance(thresholds, Thresholds) else Thresholds(*thresholds)
    if not name or not isinstance(name, str):
        raise AlgorithmError(f"SQL algorithm: name is {name!r}; give a text")
    if not 0 < limits.warning <= limits.alert:
        raise AlgorithmError(
            f"SQL algorithm {name!r}: thresholds {limits.warning} and {limits.alert} are out of order; "
            "they must be above 0, and alert not below warning"
        )
    query = _query(name, expression)

    def measure(pair: WholePair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
        return _measured(query, pair, parameters["seconds"])

    return Algorithm(
        name,
        measure,
        limits,
        effect or expression,
        parameters={"seconds": 60.0},
        kind=AlgorithmKind.CUSTOM,
    )


def _query(name: str, expression: str) -> str:
    if not isinstance(expression, str) or not expression.strip():
        raise AlgorithmError(f"SQL algorithm {name!r}: {expression!r} is no expression")
    if len(expression) > LONGEST:
        raise AlgorithmError(f"SQL algorithm {name!r}: {len(expression)} characters; {LONGEST} are the most")
    query = f"SELECT (\n{expression}\n) AS score"
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise AlgorithmError(f"SQL algorithm {name!r}: {expression!r} is no expression ({error})") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise AlgorithmError(f"SQL algorithm {name!r}: {expression!r} is more than one expression")
    return query


def _measured(query: str, pair: WholePair, seconds: float) -> Measurement | NotMeasured:
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": pair.memory_limit,
        "python_enable_replacements": False,
        # Neither tables nor an expression leave anything on the disk.
        "temp_directory": "",
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for side, data in (("reference", pair.reference), ("current", pair.current)):
            _hold(connection, data, side, pair)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        rows = _within(connection, query, seconds)
    if len(rows) != 1 or len(rows[0]) != 1:
        shape = f"{len(rows)} rows of {len(rows[0]) if rows else 0} values"
        raise AlgorithmError(f"the expression gave {shape}; it must give one number")
    (number,) = rows[0]
    if number is None:
        return NotMeasured("the expression gave NULL")
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        raise AlgorithmError(f"the expression gave {number!r}, a {type(number).__name__}, and not a number")
    return Measurement(float(number), float(number), *pair.rows, method="sql")


def _hold(connection: duckdb.DuckDBPyConnection, data: Any, side: str, pair: WholePair) -> None:
    """Makes a table of the columns to compare, by their names.

    A view would not do: an expression could reach files of which a query has some rows and columns alone.
    """
    source = open_source(connection, data, side, pair.features)
    columns = ", ".join(f"{source.places[name]} AS " + _quoted(name) for name in source.types)
    try:
        connection.execute(f"CREATE TEMP TABLE {side} AS SELECT {columns} FROM {source.relation}")
    except duckdb.OutOfMemoryException as error:
        raise InvalidOptionError(
            f"memory_limit: {pair.memory_limit!r} does not hold the {side}, of which an expression in SQL "
            "sees all rows; raise it, or take fewer columns with features=[...]"
        ) from error
    except duckdb.Error as error:
        raise InvalidTableError(f"the {side} cannot be read: {error}") from error
    connection.unregister(f"pm_{side}_table")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _within(connection: duckdb.DuckDBPyConnection, query: str, seconds: float) -> list[tuple[Any, ...]]:
    late = threading.Event()

    def stop() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        # A second row is enough to know that there are too many.
        return connection.execute(query).fetchmany(2)
    except duckdb.Error as error:
        if late.is_set():
            raise AlgorithmError(
                f"the expression took longer than {seconds} s; make it cheaper, or raise parameter seconds"
            ) from error
        raise AlgorithmError(f"the expression cannot be computed: {error}") from error
    finally:
        timer.cancel()
        timer.join()
