"""Users' own algorithms: classes, and expressions in SQL."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import (
    AlgorithmError,
    Bounds,
    ColumnPair,
    InvalidOptionError,
    Measurement,
    NotMeasured,
    ParquetQuery,
    Status,
    Thresholds,
    compare,
    sql_algorithm,
)
from pointsman_drift.custom.adopting import adopt

BEFORE = {"amount": [1.0, 3.0] * 50, "Kind": ["a", "b"] * 50}
AFTER = {"amount": [2.0, 4.0] * 60, "Kind": ["a", "a"] * 60}


class Largest:
    name = "largest"
    thresholds = Thresholds(1.0, 2.0)
    effect = "change of the largest value"
    types = ("numeric",)
    parameters: Mapping[str, float] = {"unit": 1.0}

    def measure(self, pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
        change = abs(pair.current.most - pair.reference.most) / parameters["unit"]
        return Measurement(change, change, *pair.rows)


def test_an_algorithm_of_a_user_says_between_what_its_parameters_lie() -> None:
    class Bounded(Largest):
        bounds: Mapping[str, Bounds] = {"unit": Bounds(1.0, 5.0)}

    with pytest.raises(InvalidOptionError, match=r"parameters\['largest'\]\['unit'\]: 0.25 is not above 1"):
        compare(BEFORE, AFTER, algorithms=[Bounded()], parameters={"largest": {"unit": 0.25}})


def test_a_class_is_an_algorithm_by_what_it_declares() -> None:
    result = compare(BEFORE, AFTER, algorithms=[Largest, "psi"])
    assert {(one.feature, one.algorithm) for one in result.figures} == {
        ("amount", "largest"),
        ("amount", "psi"),
        ("Kind", "psi"),
    }
    assert (result.figure("amount", "largest").score, result.figure("amount", "largest").status) == (
        1.0,
        Status.WARNING,
    )
    options: dict[str, Any] = {"parameters": {"largest": {"unit": 0.25}}, "thresholds": {"largest": (4, 4)}}
    assert compare(BEFORE, AFTER, algorithms=[Largest()], **options).status is Status.ALERT


def test_an_expression_gives_one_number_of_both_tables() -> None:
    expression = (
        "(SELECT sum(amount) FROM current WHERE \"Kind\" = 'a') / (SELECT sum(amount) FROM reference) - 1"
    )
    rise = sql_algorithm("rise", expression, (0.2, 0.8), effect="rise of the sum")
    figure = compare(BEFORE, AFTER, algorithms=[rise]).figure("(all)", "rise")
    assert figure.score == pytest.approx(0.8)
    assert (figure.status, figure.method) == (Status.ALERT, "sql")
    assert (figure.n, figure.m, figure.p_value) == (100, 120, None)


def test_an_expression_reads_parquet_files_that_were_given_and_no_other(tmp_path: Path) -> None:
    before, after, secret = (tmp_path / f"{name}.parquet" for name in ("before", "it's after", "secret"))
    for path, table in ((before, BEFORE), (after, AFTER), (secret, BEFORE)):
        pq.write_table(pa.table(table), path)
    rise = sql_algorithm("rise", "(SELECT count(*) FROM current) - (SELECT count(*) FROM reference)", (1, 2))
    assert compare(before, after, algorithms=[rise]).figure("(all)", "rise").score == 20
    peek = sql_algorithm("peek", f"SELECT count(*) FROM read_parquet('{secret}')", (1, 2))
    with pytest.raises(AlgorithmError, match=r"'peek' failed.*cannot be computed.*Permission"):
        compare(before, after, algorithms=[peek])


def test_an_expression_sees_no_more_of_files_than_the_query_has(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"amount": [1.0, 3.0] * 50, "secret": ["a", "b"] * 50}), path)
    query = ParquetQuery([path], {"amount": "amount"}, "secret = 'a'")
    most = sql_algorithm("most", "SELECT max(amount) FROM reference", (1, 2))
    assert compare(query, query, algorithms=[most]).figure("(all)", "most").score == 1.0
    for expression in (f"SELECT count(*) FROM read_parquet('{path}')", f"SELECT count(*) FROM '{path}'"):
        with pytest.raises(AlgorithmError, match="Permission"):
            compare(query, query, algorithms=[sql_algorithm("peek", expression, (1, 2))])


def test_an_expression_sees_the_columns_to_compare_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(BEFORE), path)
    options: dict[str, Any] = {"features": ["amount"]}
    for table in (path, BEFORE):
        peek = sql_algorithm("peek", 'SELECT count("Kind") FROM current', (1, 2))
        with pytest.raises(AlgorithmError, match=r"(?s)Kind.*not found"):
            compare(table, table, algorithms=[peek], **options)
    hidden = sql_algorithm("hidden", "SELECT count(*) FROM pm_current_table", (1, 2))
    with pytest.raises(AlgorithmError, match="Catalog Error"):
        compare(BEFORE, BEFORE, algorithms=[hidden])


def test_an_expression_that_needs_more_memory_leaves_nothing_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    large = "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS n FROM range(4000000))"
    with pytest.raises(AlgorithmError, match="Out of Memory"):
        compare(BEFORE, AFTER, algorithms=[sql_algorithm("large", large, (1, 2))], memory_limit="60MB")
    assert not list(tmp_path.iterdir())


def test_tables_that_memory_does_not_hold_are_told() -> None:
    table = pa.table({"x": np.random.default_rng(1).normal(size=3_000_000)})
    one = sql_algorithm("one", "SELECT 1", (1, 2))
    with pytest.raises(AlgorithmError, match="memory_limit: '20MB' does not hold the reference"):
        compare(table, table, algorithms=[one], memory_limit="20MB")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("SELECT count(*) FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT count(*) FROM read_text('/etc/passwd')", "Permission Error"),
        ("SELECT count(*) FROM 'https://localhost/x.parquet'", "Permission Error|Catalog Error|HTTP"),
        ("SELECT count(*) FROM BEFORE", "Catalog Error"),
        ("1), (2", "1 rows of 2 values"),
        ("SELECT unnest([1, 2, 3])", "one number|More than one row|more than one row"),
        ("'text'", "'text', a str, and not a number"),
        ("true", "True, a bool"),
        ("SELECT avg(nothing) FROM current", "cannot be computed.*nothing"),
    ],
)
def test_what_gives_no_number_or_reaches_outside_is_refused(expression: str, words: str) -> None:
    with pytest.raises(AlgorithmError, match=f"(?s)'own' failed on column.*({words})"):
        compare(BEFORE, AFTER, algorithms=[sql_algorithm("own", expression, (1, 2))])


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1); DROP TABLE current; SELECT (1", "more than one expression"),
        ("SELECT FROM WHERE", "is no expression"),
        ("", "is no expression"),
        ("1 + " * 5000 + "1", "10000 are the most"),
    ],
)
def test_what_is_no_expression_is_refused_when_it_is_declared(expression: str, words: str) -> None:
    with pytest.raises(AlgorithmError, match=f"SQL algorithm 'own': .*{words}"):
        sql_algorithm("own", expression, (1, 2))


def test_no_number_leaves_the_figure_unjudged() -> None:
    for expression, reason in (("NULL", "gave NULL"), ("'nan'::double", "no finite number")):
        result = compare(BEFORE, AFTER, algorithms=["psi", sql_algorithm("own", expression, (1, 2))])
        assert [one.reason for one in result.insufficient_data if reason in one.reason]


def test_an_expression_that_takes_too_long_is_stopped() -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"
    with pytest.raises(AlgorithmError, match=r"took longer than 0.2 s"):
        compare(
            BEFORE,
            AFTER,
            algorithms=[sql_algorithm("own", endless, (1, 2))],
            parameters={"own": {"seconds": 0.2}},
        )


class Unnamed:
    thresholds = Thresholds(1.0, 2.0)

    def measure(self, item: Any, parameters: Mapping[str, float]) -> Measurement:
        return Measurement(0, 0, 1, 1)


class Bare(Unnamed):
    name = "bare"
    thresholds = (1, 2)  # type: ignore[assignment]


class Odd(Unnamed):
    name = "odd"
    kind = "bivariate"


class Taken(Unnamed):
    name = "psi"


class Vague(Unnamed):
    name = "vague"

    def measure(self, item: Any, parameters: Mapping[str, float]) -> Any:
        return 0.5


def test_declarations_that_lack_something_are_told() -> None:
    for given, words in (
        (7, "7 is a int, not an Algorithm"),
        (Unnamed, "algorithm Unnamed: name is None; declare a text"),
        (Bare, "algorithm 'bare': thresholds are"),
        (Odd, "algorithm 'odd': kind or types mean nothing.*bivariate"),
    ):
        with pytest.raises(AlgorithmError, match=words):
            adopt(given)
    with pytest.raises(AlgorithmError, match="'psi': the name is taken"):
        compare(BEFORE, AFTER, algorithms=[Taken])
    with pytest.raises(AlgorithmError, match="'vague' answered a float for column 'amount'"):
        compare(BEFORE, AFTER, algorithms=[Vague])
    with pytest.raises(AlgorithmError, match=r"thresholds 0 and 2 are out of order"):
        sql_algorithm("own", "1", (0, 2))
