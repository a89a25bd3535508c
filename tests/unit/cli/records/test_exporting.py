"""Exports of recorded predictions."""

import csv
import io
import json
import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from pointsman.cli import app
from pointsman.cli.records.exporting import FORMULA_STARTS, neutral
from pointsman.client._convert import to_value
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2

LIST = "RouterService/ListPredictions"


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["predictions", *arguments, "--server", server.address])


def record(number: int, **fields: Any) -> prediction_pb2.PredictionRecord:
    features = fields.pop("features", {"age": 42.5, "name": "ann"})
    made = prediction_pb2.PredictionRecord(
        prediction_id=f"p{number}", router_id="r", variant="a", propensity=0.5, **fields
    )
    made.time.FromDatetime(datetime(2026, 9, 22, 1, 2, number, tzinfo=UTC))
    for name, value in features.items():
        made.features[name].CopyFrom(to_value(value))
    made.overhead.nanos = 40_000
    return made


def two_pages(server: Any, *records: prediction_pb2.PredictionRecord) -> None:
    first, rest = records[:1], records[1:]
    server.on(
        LIST,
        router_pb2.ListPredictionsResponse(predictions=first, next_page_token="t" if rest else ""),
        router_pb2.ListPredictionsResponse(predictions=rest),
    )


@given(st.text())
def test_no_neutral_text_begins_like_a_formula(text: str) -> None:
    told = neutral(text)
    assert not told.startswith(FORMULA_STARTS) or told[1:].isdecimal()
    assert told.removeprefix("'") == text or told == text


def test_a_large_whole_number_keeps_its_sign_and_digits_in_csv(server: Any, tmp_path: Path) -> None:
    told = record(1, features={"id": "-9007199254740993", "formula": "-9007199254740993+1"})
    told.prediction.string_value = "-9223372036854775808"
    two_pages(server, told)
    file = tmp_path / "out.csv"
    assert run(server, "export", "r", str(file)).exit_code == 0
    (row,) = csv.DictReader(io.StringIO(file.read_text()))
    assert (row["f_id"], row["prediction_label"]) == ("-9007199254740993", "-9223372036854775808")
    assert row["f_formula"] == "'-9007199254740993+1"


def test_a_number_and_the_text_of_a_large_one_share_no_column(server: Any, tmp_path: Path) -> None:
    two_pages(server, record(1, features={"id": 7}), record(2, features={"id": "9007199254740993"}))
    file = tmp_path / "out.parquet"
    assert run(server, "export", "r", str(file)).exit_code == 0
    table = pq.read_table(file)
    assert table.column("f_id").to_pylist() == [7.0, None]
    assert table.column("features_other").to_pylist() == [None, '{"id": "9007199254740993"}']


NAMES = [f"{name}{number}" for name in ("x_", "x_0", "out ", "Ä") for number in range(12)]


def unordered(seed: int) -> prediction_pb2.PredictionRecord:
    """A record whose maps were filled in an order of their own; the values are those of every other."""
    names = random.Random(seed).sample(NAMES, len(NAMES))
    told = record(1, features=dict.fromkeys(names, 1.5))
    for name in names:
        inner = random.Random(seed + 1).sample(NAMES, len(NAMES))
        told.outputs[name].CopyFrom(to_value({key: NAMES.index(key) for key in inner}))
    return told


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_export_of_the_same_records_is_the_same(server: Any, tmp_path: Path, ending: str) -> None:
    written = set()
    for seed in range(6):
        two_pages(server, unordered(seed))
        file = tmp_path / f"{seed}.{ending}"
        assert run(server, "export", "r", str(file)).exit_code == 0
        written.add(file.read_bytes())
    assert len(written) == 1, "maps come in another order each time"


def test_every_json_answer_of_the_same_record_is_the_same(server: Any) -> None:
    told = set()
    for seed in range(6):
        two_pages(server, unordered(seed))
        result = CliRunner().invoke(
            app, ["-o", "json", "predictions", "list", "r", "--server", server.address]
        )
        assert result.exit_code == 0, result.output
        told.add(result.stdout)
    assert len(told) == 1
    (one,) = json.loads(told.pop())
    assert list(one["features"]) == sorted(NAMES)


def test_csv_has_a_column_for_each_feature_and_no_formulas(server: Any, tmp_path: Path) -> None:
    told = record(1, entity_id="=1+1", features={"age": -4.5, "name": "@cmd"})
    told.prediction.string_value = "-1"
    two_pages(server, told, record(2, features={"age": "old", "new": 1}))
    file = tmp_path / "out.csv"
    result = run(server, "export", "r", str(file))
    assert result.exit_code == 0, result.stderr
    first, second = csv.DictReader(io.StringIO(file.read_text()))
    assert (first["entity_id"], first["f_name"], first["prediction_label"]) == ("'=1+1", "'@cmd", "'-1")
    assert (first["f_age"], first["time"]) == ("-4.5", "2026-09-22T01:02:01Z")
    assert (second["f_age"], second["f_new"]) == ("", "1")
    assert json.loads(second["features_other"]) == {"age": "old"}


def test_parquet_keeps_types(server: Any, tmp_path: Path) -> None:
    told = record(1, draw=2**64 - 1, confidence=0.9)
    told.prediction.number_value = 1.5
    two_pages(server, told, record(2, features={"age": math.nan}))
    file = tmp_path / "out.parquet"
    assert (
        run(server, "export", "r", str(file), "-o", "json").stdout
        == json.dumps({"file": str(file), "rows": 2}, indent=2) + "\n"
    )
    first, second = pq.read_table(file).to_pylist()
    assert (first["draw"], first["prediction_number"], first["f_age"]) == (2**64 - 1, 1.5, 42.5)
    assert first["time"] == datetime(2026, 9, 22, 1, 2, 1, tzinfo=UTC)
    assert math.isnan(second["f_age"])
    assert second["draw"] is None


def test_json_lines_go_to_standard_output_whole(server: Any) -> None:
    two_pages(server, record(1), record(2, row=1, row_count=2))
    lines = run(server, "export", "r", "-").stdout.splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["f_age"], first["f_name"]) == (42.5, "ann")
    assert (second["prediction_id"], second["row"], second["row_count"]) == ("p2", 1, 2)


def exported(server: Any, tmp_path: Path, ending: str) -> list[list[str]]:
    """Answers the names of the first row, in their order, and of all rows without their cells' forms."""
    file = tmp_path / f"out.{ending}"
    result = run(server, "export", "r", str(file))
    assert result.exit_code == 0, result.stderr
    if ending == "parquet":
        return [list(row) for row in pq.read_table(file).to_pylist()]
    if ending == "csv":
        return [list(row) for row in csv.DictReader(io.StringIO(file.read_text()))]
    return [list(json.loads(line)) for line in file.read_text().splitlines()]


def with_signature(server: Any) -> None:
    """Gives the router a model whose signature has its features in no order of the alphabet."""
    variant = router_pb2.Variant(name="a", model_id="m", model_version="1")
    router = router_pb2.Router(router_id="r", variants=[variant])
    router.metrics.add(name="revenue")
    model = model_pb2.ModelVersion(model_id="m", version="1")
    model.signature.inputs.add(name="input", features=["zeta", "x_10", "alpha"])
    server.on("RouterService/GetRouter", router)
    server.on("ModelService/GetModelVersion", model)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_columns_come_in_the_signatures_order_and_are_named_alike(
    server: Any, tmp_path: Path, ending: str
) -> None:
    with_signature(server)
    features = {"alpha": 1, "unknown_10": 1, "unknown_2": 1, "x_10": 1, "zeta": 1}
    told = record(1, features=features)
    told.feedback.add(metric="clicks", value=1)
    told.feedback.add(metric="revenue", value=9.5)
    two_pages(server, told)
    (names,) = exported(server, tmp_path, ending)
    assert [name for name in names if name.startswith("f_")] == [
        "f_zeta", "f_x_10", "f_alpha", "f_unknown_2", "f_unknown_10",
    ]  # fmt: skip
    assert [name for name in names if name.startswith("feedback")] == [
        "feedback", "feedback_revenue", "feedback_clicks",
    ]  # fmt: skip
    base = [name for name in names if not name.startswith(("f_", "feedback_", "features_other"))]
    assert base[:3] == ["prediction_id", "row", "row_count"]
    assert {"overhead_seconds", "prediction_label", "prediction_number", "probabilities"} <= set(base)


def test_each_metric_of_feedback_has_a_column_and_its_times_stay(server: Any, tmp_path: Path) -> None:
    first, second = record(1), record(2)
    first.feedback.add(metric="reward", value=0.25)
    second.feedback.add(metric="loss", value=3)
    two_pages(server, first, second)
    file = tmp_path / "out.csv"
    assert run(server, "export", "r", str(file)).exit_code == 0
    one, two = csv.DictReader(io.StringIO(file.read_text()))
    assert (one["feedback_reward"], one["feedback_loss"]) == ("0.25", "")
    assert (two["feedback_reward"], two["feedback_loss"]) == ("", "3")
    assert json.loads(one["feedback"])[0]["value"] == 0.25


def test_json_lines_keep_lists_and_objects_and_every_feature(server: Any) -> None:
    told = record(1, features={"age": [1, 2], "name": "ann"})
    told.eligible_variants.add(variant="a", propensity=0.5)
    two_pages(server, told)
    (line,) = run(server, "export", "r", "-").stdout.splitlines()
    row = json.loads(line)
    assert (row["f_age"], row["f_name"], row["eligible_variants"]) == ([1, 2], "ann", {"a": 0.5})
    assert "features_other" not in row


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1.0, "1"),
        (-3.0, "-3"),
        (42.5, "42.5"),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9007199254740992.0"),
        (1e300, "1e+300"),
        (-0.0, "-0.0"),
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
    ],
)
def test_numbers_are_the_same_in_csv_and_json_lines_and_whole_ones_have_no_point(
    server: Any, tmp_path: Path, number: float, written: str
) -> None:
    told = record(1, features={"age": number, "all": [number]}, confidence=number, probabilities=[number])
    told.prediction.number_value = number
    told.feedback.add(metric="reward", value=number)
    file = tmp_path / "out.csv"
    two_pages(server, told)
    assert run(server, "export", "r", str(file)).exit_code == 0
    (row,) = csv.DictReader(io.StringIO(file.read_text()))
    names = ("prediction_number", "confidence", "f_age", "feedback_reward")
    assert {row[name] for name in names} == {written.strip('"')}
    assert (row["probabilities"], row["features_other"]) == (f"[{written}]", f'{{"all": [{written}]}}')
    two_pages(server, told)
    (line,) = run(server, "export", "r", "-").stdout.splitlines()
    for name in names:
        assert f'"{name}":{written},' in line or f'"{name}":{written}}}' in line
    assert f'"probabilities":[{written}]' in line
    assert f'"f_all":[{written}]' in line
    json.loads(line, parse_constant=pytest.fail)


def test_parquet_keeps_what_is_no_finite_number_and_its_cells_of_json_can_be_read(
    server: Any, tmp_path: Path
) -> None:
    two_pages(server, record(1, features={"age": -math.inf}, probabilities=[math.nan, 1.0]))
    file = tmp_path / "out.parquet"
    assert run(server, "export", "r", str(file)).exit_code == 0
    (row,) = pq.read_table(file).to_pylist()
    assert (row["f_age"], row["probabilities"]) == (-math.inf, '["NaN", 1]')


def test_a_limit_ends_the_export(server: Any) -> None:
    two_pages(server, record(1), record(2), record(3))
    assert len(run(server, "export", "r", "-", "-n", "2").stdout.splitlines()) == 2


def test_a_file_that_was_there_stays_when_the_export_fails(server: Any, refusal: Any, tmp_path: Path) -> None:
    import grpc

    file = tmp_path / "out.jsonl"
    file.write_text("before")
    server.on(
        LIST,
        router_pb2.ListPredictionsResponse(
            predictions=[record(n % 60) for n in range(1000)], next_page_token="t"
        ),
        refusal(grpc.StatusCode.INTERNAL, "broken"),
    )
    result = run(server, "export", "r", str(file))
    assert (result.exit_code, "broken" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert file.read_text() == "before"


def test_nothing_recorded_makes_a_file_with_a_heading(server: Any, tmp_path: Path) -> None:
    server.on(LIST, router_pb2.ListPredictionsResponse())
    file = tmp_path / "out.csv"
    assert run(server, "export", "r", str(file)).exit_code == 0
    assert file.read_text().startswith("prediction_id,row,")


@pytest.mark.parametrize("file", ["out.xls", "out"])
def test_a_file_of_no_known_kind_is_refused(server: Any, file: str) -> None:
    result = run(server, "export", "r", file)
    assert (result.exit_code, "--format" in result.stderr) == (2, True)


def test_filters_reach_the_server(server: Any) -> None:
    server.on(LIST, router_pb2.ListPredictionsResponse())
    shown = run(
        server, "list", "r", "--status", "unavailable", "--min-latency", "250ms", "--oldest-first",
        "--without-feedback", "--since", "24h", "--entity", "u1",
    )  # fmt: skip
    assert "No predictions match" in shown.stderr
    (request,) = server.asked(LIST)
    assert (request.status_code, request.min_latency.nanos) == (14, 250_000_000)
    assert request.order == router_pb2.PREDICTION_ORDER_OLDEST_FIRST
    assert (request.HasField("has_feedback"), request.has_feedback, request.entity_id) == (True, False, "u1")
    ago = datetime.now(UTC) - request.start_time.ToDatetime(UTC)
    assert 86_390 < ago.total_seconds() < 86_500


def test_one_prediction_is_shown_with_its_decision_and_feedback(server: Any) -> None:
    told = record(1, draw=255, entity_id="u1")
    told.eligible_variants.add(variant="a", propensity=0.25)
    told.feedback.add(metric="reward", value=0.5)
    server.on("RouterService/GetPrediction", told)
    shown = run(server, "get", "r", "p1", "--row", "0").stdout
    for words in ("a 0.2500", "0x00000000000000ff", '"age": 42.5', "reward"):
        assert words in shown


def test_one_prediction_is_shown_with_what_shadows_answered(server: Any) -> None:
    told = record(1)
    answered = told.shadow_answers.add(variant="next", model_id="m", model_version="9", confidence=0.75)
    answered.prediction.string_value = "malignant"
    answered.backend_latency.FromMilliseconds(3)
    told.shadow_answers.add(variant="other", model_id="m", model_version="8", status_code=14)
    server.on("RouterService/GetPrediction", told)
    lines = run(server, "get", "r", "p1").stdout.splitlines()
    [of_next] = [line for line in lines if line.startswith("next")]
    [of_other] = [line for line in lines if line.startswith("other")]
    assert all(word in of_next for word in ("m 9", "malignant", "0.7500", "OK"))
    assert "UNAVAILABLE" in of_other
