"""Tables in, tables out: rows become calls, and what came of each keeps its place, error and digits."""

import threading
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pointsman import client
from pointsman.client import AsyncClient, Client
from pointsman.client._convert import fill_message, to_value
from pointsman.v1 import prediction_pb2, router_pb2

PREDICT = "PredictionService/Predict"
FEEDBACK = "PredictionService/BatchRecordFeedback"


def echo(request: Any) -> prediction_pb2.PredictResponse:
    answer = prediction_pb2.PredictResponse(
        prediction_id=f"p-{request.entity_id}", router_id=request.router_id, variant="lr", propensity=0.7
    )
    if "x" in request.features:
        answer.prediction.CopyFrom(request.features["x"])
    return answer


def taken(request: Any) -> prediction_pb2.BatchRecordFeedbackResponse:
    recorded = prediction_pb2.FeedbackResult(outcome=prediction_pb2.FEEDBACK_OUTCOME_RECORDED)
    return prediction_pb2.BatchRecordFeedbackResponse(results=[recorded] * len(request.feedback))


def sent(server: Any) -> list[tuple[str, dict[str, Any]]]:
    """The entity and the features of each call, in the order of the entities."""
    return sorted(
        (
            request.entity_id,
            {name: getattr(value, value.WhichOneof("kind")) for name, value in request.features.items()},
        )
        for request in server.asked(PREDICT)
    )


ROWS = [{"who": "a", "x": 1.5, "n": 2**53 + 1, "s": "u"}, {"who": "b", "x": 2.5, "n": 7, "s": "v"}]


@pytest.mark.parametrize(
    "rows", [ROWS, iter(ROWS), pd.DataFrame(ROWS), pl.DataFrame(ROWS)], ids=lambda r: type(r).__module__
)
def test_each_row_of_a_table_is_a_call_with_every_digit(server: Any, rows: Any) -> None:
    server.on(PREDICT, echo)
    with Client(server.address) as made:
        predictions = made.predict_batch("cancer", rows, entity_column="who")
    assert [row.prediction.prediction for row in predictions if row.prediction] == [1.5, 2.5]
    assert sent(server) == [
        ("a", {"x": 1.5, "n": str(2**53 + 1), "s": "u"}),
        ("b", {"x": 2.5, "n": 7.0, "s": "v"}),
    ]


def test_numbers_of_a_frame_are_not_widened_by_their_neighbours(server: Any) -> None:
    server.on(PREDICT, echo)
    frame = pd.DataFrame({"x": np.array([0.1], np.float32), "n": np.array([2**63 - 1]), "b": [np.True_]})
    with Client(server.address) as made:
        made.predict_batch("cancer", frame)
    assert sent(server) == [("", {"x": float(np.float32(0.1)), "n": str(2**63 - 1), "b": True})]


def test_what_pandas_calls_missing_is_null_and_what_polars_calls_nan_is_nan(server: Any) -> None:
    server.on(PREDICT, echo)
    frame = pd.DataFrame(
        {
            "x": [np.nan],
            "n": pd.array([None], "Int64"),
            "t": pd.to_datetime([None]),
            "o": pd.Series([None], dtype=object),
        }
    )
    with Client(server.address) as made:
        made.predict_batch("cancer", frame)
        made.predict_batch("cancer", pl.DataFrame({"x": [float("nan")], "n": [None]}))
    first, second = server.asked(PREDICT)
    assert {value.WhichOneof("kind") for value in first.features.values()} == {"null_value"}
    assert np.isnan(second.features["x"].number_value)
    assert second.features["n"].WhichOneof("kind") == "null_value"


def test_a_row_that_fails_has_its_error_and_loses_no_other(server: Any) -> None:
    def second_is_bad(request: Any) -> prediction_pb2.PredictResponse:
        if request.entity_id == "1":
            raise ValueError("no")
        return echo(request)

    server.on(PREDICT, second_is_bad)
    frame = pd.DataFrame({"who": range(5), "x": [float(n) for n in range(5)]}, index=list("abcde"))
    with Client(server.address) as made:
        predictions = made.predict_batch("cancer", frame, entity_column="who", concurrency=2)
    assert [row.label for row in predictions] == list("abcde")
    assert [row.label for row in predictions.failed] == ["b"]
    assert isinstance(predictions[1].error, client.ServerError)
    assert "1 failed; the first at 'b'" in repr(predictions)
    table = predictions.to_dataframe()
    assert list(table.index) == list("abcde")
    assert table["code"].tolist() == ["OK", "UNKNOWN", "OK", "OK", "OK"]
    assert table["prediction_id"].isna().tolist() == [False, True, False, False, False]
    assert table.loc["c", "prediction"] == 2.0
    with pytest.raises(client.ServerError) as raised:
        predictions.raise_for_error()
    assert "row 'b'" in raised.value.__notes__[0]


def test_no_more_calls_are_under_way_than_asked_for(server: Any) -> None:
    together = threading.Barrier(2, timeout=20)
    under_way, most = [0], [0]
    counting = threading.Lock()

    def meet(request: Any) -> prediction_pb2.PredictResponse:
        with counting:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        together.wait()
        with counting:
            under_way[0] -= 1
        return echo(request)

    server.on(PREDICT, meet)
    with Client(server.address) as made:
        predictions = made.predict_batch("cancer", [{"x": n} for n in range(6)], concurrency=2)
    assert most[0] == 2
    assert [row.prediction.prediction for row in predictions if row.prediction] == [0, 1, 2, 3, 4, 5]


async def test_the_asynchronous_client_answers_tables_in_order_too(server: Any) -> None:
    server.on(PREDICT, echo)
    async with AsyncClient(server.address) as made:
        predictions = await made.predict_batch("cancer", [{"x": n} for n in range(250)], concurrency=7)
        assert not await made.predict_batch("cancer", [])
        with pytest.raises(ValueError, match="concurrency: 0"):
            await made.predict_batch("cancer", [], concurrency=0)
    assert [row.prediction.prediction for row in predictions if row.prediction] == list(range(250))


@pytest.mark.parametrize(
    ("rows", "column", "told"),
    [
        ([{"x": 1}, {"x": b"y"}], "", r"rows\[1\]: features\['x'\]: b'y' is of type bytes; features are"),
        (pd.DataFrame({"x": pd.to_datetime(["2026-01-01"])}), "", r"rows\[0\]: features\['x'\]: Timestamp"),
        (
            pd.DataFrame({"who": [1.0], "x": [1]}),
            "who",
            r"rows\[0\]: 'who': 1.0 is of type float; an entity is",
        ),
        (pd.DataFrame({"who": [None, "b"], "x": [1, 2]}), "who", r"rows\[0\]: 'who': it names no entity"),
        ([{"x": 1}], "who", r"rows\[0\]: 'who': it names no entity"),
        (pd.DataFrame({"x": [1]}), "who", "there is no column 'who'; there are x"),
        (pd.DataFrame([[1, 2]]), "", "0 is of type int; a name is a string"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "", "two columns are called 'x'"),
        ([1], "", r"rows\[0\]: 1 is a int; it takes a dict"),
        ([{"x": 1}, {1: 2.0}], "", r"rows\[1\]\.features: 1 is of type int; a name is a string"),
        ([{"x": "\ud800"}], "", r"rows\[0\]: features\['x'\]: holds half of a pair of surrogates"),
        ([{"x": ["\ud800"]}], "", r"rows\[0\]: features\['x'\]: holds half of a pair of surrogates"),
        ({"x": [1]}, "", "dict is no table"),
        (pl.LazyFrame({"x": [1]}), "", "LazyFrame is no table"),
    ],
)
def test_a_table_that_cannot_be_sent_is_refused_before_anything_is_sent(
    server: Any, rows: Any, column: str, told: str
) -> None:
    server.on(PREDICT, echo)
    with Client(server.address) as made, pytest.raises((TypeError, ValueError), match=told):
        made.predict_batch("cancer", rows, entity_column=column)
    assert server.asked(PREDICT) == []


@pytest.mark.parametrize(
    "value",
    [
        np.datetime64("2026-01-01", "ns"),
        np.array(["2026-01-01"], "M8[ns]"),
        np.timedelta64(5, "ns"),
        np.longdouble(1),
    ],
    ids=repr,
)
def test_numpy_things_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="features are numbers"):
        to_value(value)


@pytest.mark.parametrize("field", ["router_id", "variant"])
def test_an_argument_of_another_type_is_named_with_its_field(server: Any, field: str) -> None:
    server.on(PREDICT, echo)
    given: dict[str, Any] = {"router_id": "cancer", "rows": [{"x": 1}], field: 7}
    told = rf"rows\[0\]\.{field}: 7 is of type int; it takes a string"
    with Client(server.address) as made, pytest.raises(TypeError, match=told):
        made.predict_batch(**given)
    assert server.asked(PREDICT) == []


def test_a_metric_is_of_values_that_do_not_name_their_own(server: Any) -> None:
    server.on(FEEDBACK, taken)
    values = [
        client.FeedbackValue(3.0, "p1", metric="profit"),
        client.FeedbackValue(1.0, "p2"),
        client.FeedbackValue(1.0, "p3", metric="reward"),
    ]
    frame = pd.DataFrame({"prediction_id": ["p4", "p5"], "value": [1, 0], "metric": ["profit", None]})
    with Client(server.address) as made:
        made.record_feedback_batch(values, metric="click")
        made.record_feedback_batch(values)
        made.record_feedback_batch(frame, metric="click")
    assert [[value.metric for value in request.feedback] for request in server.asked(FEEDBACK)] == [
        ["profit", "click", "reward"],
        ["profit", "reward", "reward"],
        ["profit", "click"],
    ]


def test_a_series_of_values_by_prediction_id_is_feedback(server: Any) -> None:
    server.on(FEEDBACK, taken)
    series = pd.Series([1, 0], index=["p1", "p2"])
    with Client(server.address) as made:
        results = made.record_feedback_batch(series, metric="bought")
    assert [result.outcome for result in results] == [client.FeedbackOutcome.RECORDED] * 2
    (request,) = server.asked(FEEDBACK)
    assert [(v.prediction_id, v.value, v.metric) for v in request.feedback] == [
        ("p1", 1, "bought"),
        ("p2", 0, "bought"),
    ]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, list])
def test_a_frame_of_values_is_feedback(server: Any, library: Any) -> None:
    server.on(FEEDBACK, taken)
    time = datetime(2026, 11, 1, 12, tzinfo=UTC)
    rows = [
        {"router_id": "r", "entity_id": "e", "value": 2.5, "row": 3, "observe_time": time},
        {"router_id": "r", "entity_id": "f", "value": 3.5, "row": None, "observe_time": None},
    ]
    with Client(server.address) as made:
        made.record_feedback_batch(library(rows))
    first, second = server.asked(FEEDBACK)[0].feedback
    assert (first.entity_id, first.value, first.row, first.metric) == ("e", 2.5, 3, "reward")
    assert first.observe_time.ToDatetime(UTC) == time
    assert (second.row, second.HasField("observe_time")) == (0, False)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pd.Series([1.0]), "index: 0 is of type int"),
        (pd.Series([1.0, np.nan], index=["p", "q"]), r"values\[1\]: value: it is missing"),
        (
            pd.DataFrame({"prediction_id": ["p"], "value": [1], "metrics": ["m"]}),
            "'metrics' is no column of feedback",
        ),
        ([{"prediction_id": "p"}], r"values\[0\]: value: it is missing"),
        ([{"prediction_id": "p", "value": 1, "observe_time": datetime(2026, 1, 1)}], "names no zone"),
        (pd.Series([2**53 + 1], index=["p"]), r"values\[0\]: value: 9007199254740993 is no double"),
        ([{"prediction_id": "p", "value": "high"}], r"values\[0\]\.value: 'high' is of type str"),
        (pl.Series([1.0]), "says no prediction ids"),
    ],
)
def test_feedback_that_is_not_whole_is_refused_before_anything_is_sent(
    server: Any, values: Any, told: str
) -> None:
    server.on(FEEDBACK, taken)
    with Client(server.address) as made, pytest.raises((TypeError, ValueError), match=told):
        made.record_feedback_batch(values)
    assert server.asked(FEEDBACK) == []


def test_many_values_of_feedback_go_in_calls_that_the_server_takes(server: Any) -> None:
    server.on(FEEDBACK, taken)
    with Client(server.address) as made:
        assert (
            len(made.record_feedback_batch(pd.Series(1.0, index=[f"p{n}" for n in range(10_001)]))) == 10_001
        )
    assert [len(request.feedback) for request in server.asked(FEEDBACK)] == [10_000, 1]


def test_a_value_of_feedback_that_is_none_is_not_recorded_as_zero() -> None:
    missing: Any = None
    with pytest.raises(TypeError, match="value: None is of type NoneType; it takes a number"):
        fill_message(prediction_pb2.RecordFeedbackRequest(), client.FeedbackValue(missing, "p"))


def test_records_become_a_frame_with_types_and_every_digit(server: Any) -> None:
    def record(number: int, **features: Any) -> prediction_pb2.PredictionRecord:
        made = prediction_pb2.PredictionRecord(
            prediction_id=f"p{number}", router_id="r", draw=2**64 - 1, generation=3
        )
        for name, value in features.items():
            made.features[name].CopyFrom(to_value(value))
        made.time.FromDatetime(datetime(2026, 11, 1, 12, number, tzinfo=UTC))
        return made

    first = record(0, age=41, id=2**53 + 1, name="9007199254740993", top=float("inf"), half=0.5)
    second = record(1, age=None, id=5, half=2**60)
    first.features["top"].string_value = "Infinity"
    second.features["top"].number_value = 1.0
    first.feedback.add(metric="reward", value=1.0)
    first.slot = 7
    server.on(
        "RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=[first, second])
    )
    with Client(server.address) as made:
        frame = made.routers.predictions("r").to_dataframe()
    assert frame["prediction_id"].tolist() == ["p0", "p1"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert frame["draw"].tolist() == [2**64 - 1] * 2
    assert frame["slot"].tolist() == [7, pd.NA]
    assert (str(frame["f_id"].dtype), frame["f_id"].tolist()) == ("Int64", [2**53 + 1, 5])
    assert frame["f_name"].iloc[0] == "9007199254740993"
    assert frame["f_top"].tolist() == [float("inf"), 1.0]
    assert frame["f_half"].tolist() == [0.5, 2.0**60]
    assert str(frame["f_age"].dtype) == "float64"
    assert frame["feedback_reward"].isna().tolist() == [False, True]


async def test_an_asynchronous_list_of_records_becomes_a_frame(server: Any) -> None:
    page = router_pb2.ListPredictionsResponse(
        predictions=[prediction_pb2.PredictionRecord(prediction_id="p")]
    )
    server.on("RouterService/ListPredictions", page)
    async with AsyncClient(server.address) as made:
        frame = await made.routers.predictions("r").to_dataframe()
    assert frame["prediction_id"].tolist() == ["p"]


def test_no_records_are_a_frame_with_the_same_columns(server: Any) -> None:
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse())
    with Client(server.address) as made:
        frame = made.routers.predictions("r").to_dataframe()
    assert len(frame) == 0
    assert {"prediction_id", "time", "prediction"} <= set(frame.columns)
