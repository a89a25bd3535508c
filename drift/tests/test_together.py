"""Windows and slices beside whole rows, predictions and users' own algorithms, in one analysis."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import (
    Baseline,
    ClassPredictions,
    InvalidOptionError,
    InvalidTableError,
    ParquetQuery,
    Result,
    compare,
    compile_baseline,
    read_classes,
    sql_algorithm,
)
from pointsman_drift.verdicts.adjusting import benjamini_hochberg

ROWS = 1500
MEAN = sql_algorithm("mean", "(SELECT avg(x) FROM current) - (SELECT avg(x) FROM reference)", (0.5, 1.0))
WHOLE_ROWS = ["domain_classifier", "pca_reconstruction"]


def table(seed: int, columns: tuple[str, ...] = ("x", "y", "plan", "day")) -> pa.Table:
    random = np.random.default_rng(seed)
    found = {
        "x": random.normal(size=ROWS),
        "y": random.normal(size=ROWS),
        "plan": random.choice(["free", "paid"], ROWS),
        "day": random.choice(["mon", "tue"], ROWS),
    }
    return pa.table({name: found[name] for name in columns})


def predictions(seed: int) -> ClassPredictions:
    random = np.random.default_rng(seed)
    scores = random.beta(2, 5, ROWS)
    return read_classes(
        [0, 1], scores, (scores >= 0.5).astype(int), (random.random(ROWS) < scores).astype(int)
    )


@pytest.fixture(scope="module")
def result() -> Result:
    return compare(
        table(1, ("x", "y", "plan")),
        table(2),
        algorithms=["psi", "ks_test", "cbpe", *WHOLE_ROWS, MEAN],
        predictions=(predictions(3), predictions(4)),
        slices="plan",
        windows="day",
    )


def test_groups_have_columns_alone_and_the_whole_has_everything(result: Result) -> None:
    assert result.reference_rows == result.current_rows == ROWS
    by_group: dict[str, set[str]] = {}
    for figure in result.figures:
        by_group.setdefault(str(figure.group), set()).add(figure.feature)
    predicted = {"(label)", "(score)", "(confidence)", "(predictions)"}
    assert by_group.pop("") == {"x", "y", "plan", "(all)", *predicted}
    assert set(by_group) == {
        *("mon", "tue", "plan = free", "plan = paid"),
        *(f"{day}, plan = {plan}" for day in ("mon", "tue") for plan in ("free", "paid")),
    }
    for group, features in by_group.items():
        assert features == ({"x", "y"} if "plan" in group else {"x", "y", "plan"}), group


def test_all_of_them_are_one_family(result: Result) -> None:
    tested = [one for one in result.figures if one.p_value is not None]
    assert {one.algorithm for one in tested} >= {"ks_test", "domain_classifier", "pca_reconstruction"}
    wanted = benjamini_hochberg([one.p_value for one in tested if one.p_value is not None])
    assert [one.q_value for one in tested] == wanted


def test_only_columns_are_summarised(result: Result) -> None:
    assert set(result.to_dict()["columns"]) == {"x", "y", "plan", "(label)", "(score)", "(confidence)"}
    assert len(result.to_dict()["groups"]) == 8
    assert "(all)" in result.to_dict()["features"]
    assert result.to_arrow().num_rows == len(result.figures)


def test_groups_that_nothing_looks_at_are_refused() -> None:
    with pytest.raises(InvalidOptionError, match=r"\['pca_reconstruction'\] look at the whole alone"):
        compare(table(1), table(2), algorithms=["pca_reconstruction"], windows="day")


@pytest.mark.parametrize("algorithm", ["pca_reconstruction", MEAN])
def test_a_saved_baseline_keeps_no_rows_and_says_so(algorithm: Any) -> None:
    saved = Baseline.from_bytes(compile_baseline(table(1), slices="plan").to_bytes())
    with pytest.raises(InvalidOptionError, match="a compiled baseline keeps none"):
        compare(saved, table(2), algorithms=["psi", algorithm], slices="plan")
    found = compare(saved, table(2), slices="plan", predictions=(predictions(3), predictions(4)))
    assert {"x", "(predictions)"} <= set(found.features)


def test_an_expression_sees_the_table_that_a_query_makes(tmp_path: Path) -> None:
    for name, shift in (("before", 0.0), ("after", 2.0)):
        rows = pa.table({"f_x": np.arange(100) / 100 + shift, "is_test": [True, False] * 50})
        pq.write_table(rows, tmp_path / f"{name}.parquet")
    sides = [
        ParquetQuery([tmp_path / f"{name}.parquet"], {"x": "f_x"}, "NOT is_test")
        for name in ("before", "after")
    ]
    figure = compare(*sides, algorithms=[MEAN]).figure("(all)", "mean")
    assert (figure.n, figure.m) == (50, 50)
    assert figure.score == pytest.approx(2.0)


def test_a_column_called_as_whole_rows_are_is_refused() -> None:
    sides = [table(seed).rename_columns(["x", "(all)", "plan", "day"]) for seed in (1, 2)]
    with pytest.raises(InvalidTableError, match=r"'\(all\)': figures of the whole go by this name"):
        compare(*sides, algorithms=["psi", "pca_reconstruction"])
