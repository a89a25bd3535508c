"""What is refused names the column and says what to do."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pointsman_drift import AlgorithmError, InvalidOptionError, InvalidTableError, compare, compile_baseline

X = {"x": [1.0, 2.0] * 50}


@pytest.mark.parametrize(
    ("reference", "current", "words"),
    [
        pytest.param({"x": [1, 2], "y": [1]}, X, "'y'.*1 values.*equally long", id="ragged"),
        pytest.param({"x": [[1], [2]]}, X, r"'x'.*BIGINT\[\].*leave it out", id="lists"),
        pytest.param(pa.table({"x": pa.array([b"1"])}), X, "'x'.*BLOB", id="bytes"),
        pytest.param({"x": [1, "a"]}, X, "'x'.*no one type.*astype", id="mixed"),
        pytest.param({"x": [object()]}, X, "'x'.*no one type", id="objects"),
        pytest.param({"x": [2**200]}, X, "'x'.*convert them", id="beyond every type"),
        pytest.param({"x": np.zeros((2, 2))}, X, "'x'.*2 dimensions", id="matrix"),
        pytest.param({"x": "text"}, X, "'x'.*list of values", id="a text for a column"),
        pytest.param({**X, "y": X["x"]}, X, "'y'.*current lacks it.*features", id="missing in current"),
        pytest.param(X, {**X, "y": X["x"]}, "'y'.*reference lacks it.*features", id="missing in reference"),
        pytest.param(
            pa.table([pa.array([1]), pa.array([2])], ["x", "x"]), X, "'x'.*2 times; rename", id="twice"
        ),
        pytest.param(pd.DataFrame([[1, 2]], columns=["1", 1]), X, "'1'.*2 times", id="twice as texts"),
        pytest.param({"x": []}, X, "reference has no rows", id="empty reference"),
        pytest.param(X, {"x": []}, "current has no rows", id="empty current"),
        pytest.param({}, X, "reference has no columns", id="no columns"),
        pytest.param(X, {"x": ["1"] * 9}, "'x'.*DOUBLE.*VARCHAR.*convert", id="numbers and texts"),
        pytest.param(X, {"x": [True] * 9}, "'x'.*BOOLEAN", id="numbers and booleans"),
        pytest.param(
            pa.table({"x": pa.array([0], pa.timestamp("us"))}),
            pa.table({"x": pa.array([0], pa.timestamp("us", "UTC"))}),
            "'x'.*TIME ZONE",
            id="times with and without zone",
        ),
        pytest.param(
            pa.table({"x": pa.array([1]).cast(pa.decimal256(50, 2))}),
            X,
            "'x'.*decimal256.*cast",
            id="too wide",
        ),
        pytest.param(
            pl.DataFrame({"x": pl.Series([1], dtype=pl.Int128)}), X, "'x'.*Int128.*cast", id="no Arrow type"
        ),
        pytest.param(pl.DataFrame(X).lazy(), X, "LazyFrame; call .collect", id="lazy"),
        pytest.param(7, X, "int; give a pandas", id="no table"),
        pytest.param("nowhere.parquet", X, "no Parquet file at 'nowhere.parquet'", id="no file"),
        pytest.param(__file__, X, "is no Parquet file", id="another file"),
    ],
)
def test_tables_that_cannot_be_compared_are_refused(reference: Any, current: Any, words: str) -> None:
    with pytest.raises(InvalidTableError, match=f"(?s){words}"):
        compare(reference, current)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bins": 1}, "bins: 1 is not a whole number between 2"),
        ({"bins": 2.5}, "bins: 2.5 is not a whole number between 2"),
        ({"calibration": "perhaps"}, "calibration: 'perhaps'"),
        ({"columns": {"x": "ordinal"}}, r"columns\['x'\]: 'ordinal'.*numeric or categorical"),
        ({"thresholds": {"psi": (0.3, 0.2)}}, r"thresholds\['psi'\].*out of order"),
        ({"thresholds": {"psi": 0.3}}, r"thresholds\['psi'\]: 0.3.*\(warning, alert\)"),
        ({"parameters": {"psi": {"bins": 3}}}, r"parameters\['psi'\]: 'bins'.*known are \['epsilon'\]"),
        ({"parameters": {"psi": {"epsilon": 0}}}, "0 is not above 0"),
        ({"algorithms": "psi"}, "algorithms: 'psi' is a text"),
        ({"algorithms": []}, "the list is empty"),
        ({"least_rows": 1}, "least_rows: 1 is below 2"),
        ({"memory_limit": "much"}, "memory_limit: 'much'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: Any, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        compare(X, X, **options)


@pytest.mark.parametrize("options", [{"algorithms": ["psy"]}, {"thresholds": {"psy": (1, 2)}}])
def test_unknown_algorithms_are_refused_with_those_known(options: Any) -> None:
    with pytest.raises(AlgorithmError, match="'psy' is not known; known are psi, ks_test"):
        compare(X, X, **options)


def test_told_columns_and_features_must_exist() -> None:
    with pytest.raises(InvalidTableError, match="'y': the reference lacks it"):
        compare(X, X, columns={"y": "numeric"})
    with pytest.raises(InvalidTableError, match="'y': the reference lacks it"):
        compare(X, X, features=["y"])
    with pytest.raises(InvalidTableError, match="'y': the reference lacks it"):
        compare(compile_baseline(X), {**X, "y": X["x"]}, features=["y"])
    with pytest.raises(InvalidTableError, match=r"'x'.*VARCHAR, which has no order"):
        compare({"x": ["a"]}, {"x": ["a"]}, columns={"x": "numeric"})


def test_features_leave_out_what_cannot_be_read() -> None:
    odd = pl.DataFrame({"x": [1.0, 2.0] * 50, "odd": pl.Series([1] * 100, dtype=pl.Int128)})
    wide = pa.table({"x": X["x"], "odd": pa.array([1] * 100).cast(pa.decimal256(50, 2))})
    assert list(compare(odd, wide, features=["x"]).features) == ["x"]


def test_features_leave_out_what_cannot_be_compared() -> None:
    odd = pa.table({"x": pa.array([1.0, 2.0] * 50), "odd": pa.array([b""] * 100)})
    assert list(compare(odd, {**X, "other": ["a"] * 100}, features=["x"]).features) == ["x"]
