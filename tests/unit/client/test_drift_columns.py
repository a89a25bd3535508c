"""Columns of baselines: what becomes of missing values, and what is refused before anything is sent."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pointsman.client import Client, DriftTask, LabeledPredictions, TargetData
from pointsman.v1 import drift_pb2

CREATE = "DriftService/CreateBaseline"


def sent(server: Any, columns: Any) -> dict[str, list[Any]]:
    server.on(CREATE, drift_pb2.CreateBaselineResponse(baseline_id="b1"))
    with Client(server.address) as made:
        assert made.drift.create_baseline("m", "v", columns) == "b1"
    (asked,) = server.asked(CREATE)
    return {
        name: [
            None if value.WhichOneof("kind") == "null_value" else getattr(value, value.WhichOneof("kind"))
            for value in column.values
        ]
        for name, column in asked.feature_data.items()
    }


def test_what_pandas_calls_missing_is_missing_whatever_the_type_of_its_column(server: Any) -> None:
    frame = pd.DataFrame(
        {
            "number": [0.5, np.nan],
            "whole": pd.array([1, None], "Int64"),
            "text": pd.array(["a", None], "string"),
            "object": pd.Series(["a", None], dtype=object),
            "category": pd.Categorical(["a", None]),
            "yes": pd.array([True, None], "boolean"),
        }
    )
    assert sent(server, frame) == {
        "number": [0.5, None],
        "whole": [1, None],
        "text": ["a", None],
        "object": ["a", None],
        "category": ["a", None],
        "yes": [True, None],
    }


def test_lists_arrays_and_columns_of_polars_are_taken_as_they_are(server: Any) -> None:
    columns = {
        "list": [1, None, pd.NA],
        "array": np.array([1.5, 2.5]),
        "polars": pl.Series([1, None]),
        "extension": pd.array([1, None], "Int64"),
    }
    assert sent(server, columns) == {
        "list": [1, None, None],
        "array": [1.5, 2.5],
        "polars": [1, None],
        "extension": [1, None],
    }


def test_a_number_of_numpy_that_is_none_stays_what_it_is(server: Any) -> None:
    (value,) = sent(server, {"x": np.array([np.nan])})["x"]
    assert np.isnan(value)


@pytest.mark.parametrize(
    ("columns", "more", "told"),
    [
        ({"plan": "free"}, {}, r"feature_data\['plan'\]: 'free' is of type str; it takes a list"),
        ({"plan": 5}, {}, r"feature_data\['plan'\]: 5 is of type int; it takes a list"),
        ({"plan": {"a": 1}}, {}, r"feature_data\['plan'\]: .* is of type dict; it takes a list"),
        (
            {"age": [1], "born": pd.to_datetime(pd.Series(["2026-01-01"]))},
            {},
            r"feature_data\['born'\]\[0\]: Timestamp.* features are numbers",
        ),
        (
            {"born": np.array(["2026-01-01"], "M8[ns]")},
            {},
            r"feature_data\['born'\]\[0\]: .*datetime64.* features are numbers",
        ),
        ({"plan": ["a", "\ud800"]}, {}, r"feature_data\['plan'\]\[1\]: holds half of a pair"),
        (
            {"age": [1]},
            {"target_data": TargetData(DriftTask.CLASSIFICATION, "yes")},
            r"target_data\.values: 'yes' is of type str",
        ),
        (
            {"age": [1]},
            {"labeled_predictions": LabeledPredictions([0.5], ["a"], ["a"])},
            r"labeled_predictions\.probabilities\[0\]: 0.5 is of type float",
        ),
        (
            {"age": [1]},
            {"labeled_predictions": LabeledPredictions([], ["a"], [b"a"])},
            r"labeled_predictions\.actual_labels\[0\]: b'a' is of type bytes",
        ),
    ],
)
def test_a_column_that_is_not_sent_is_named(
    server: Any, columns: Any, more: dict[str, Any], told: str
) -> None:
    server.on(CREATE, drift_pb2.CreateBaselineResponse(baseline_id="b1"))
    with Client(server.address) as made, pytest.raises((TypeError, ValueError), match=told):
        made.drift.create_baseline("m", "v", columns, **more)
    assert server.asked(CREATE) == []
