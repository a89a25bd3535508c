"""``pointsman models test``: what is sent of a row, and what people and programs are shown of the answer."""

import json
from typing import Any

import grpc
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.cli.line.completion import VARIABLE
from pointsman.v1 import model_pb2

METHOD = "ModelService/TestModelVersion"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", "test", "loans", "1", *arguments, "--server", server.address])


def feature(name: str, number: float, origin: Any) -> model_pb2.RowFeature:
    made = model_pb2.RowFeature(name=name, origin=origin)
    made.value.number_value = number
    return made


def answer(*row: model_pb2.RowFeature) -> model_pb2.TestModelVersionResponse:
    made = model_pb2.TestModelVersionResponse(
        model_id="loans",
        model_version="1",
        row=row,
        probabilities=[0.25, 0.75],
        notes=["not_likeliest"],
    )
    made.prediction.string_value = "grant"
    made.backend_latency.FromMicroseconds(1500)
    return made


def test_people_see_the_row_with_its_sources_and_the_prediction_below(server: Any) -> None:
    given = feature("age", 41, model_pb2.FEATURE_ORIGIN_GIVEN)
    default = feature("income", 30_000, model_pb2.FEATURE_ORIGIN_DEFAULT)
    server.on(METHOD, answer(given, default))
    result = run(server, "-f", "age=41", "--features", '{"name": "a"}', "--timeout", "30s")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "FEATURE  VALUE  FROM",
        "age      41     given",
        "income   30000  default",
        "prediction:    grant",
        "probabilities: 0.2500, 0.7500",
        "note:          not_likeliest",
        "backend:       1.50 ms",
    ]
    assert result.stderr == ""
    (asked,) = server.asked(METHOD)
    assert (asked.model_id, asked.version, asked.timeout.seconds) == ("loans", "1", 30)
    assert asked.features["age"].number_value == 41
    assert asked.features["name"].string_value == "a"
    assert server.seconds_left > 30


def test_what_is_made_up_and_what_no_model_takes_is_said(server: Any) -> None:
    server.on(METHOD, answer(feature("age", 0, model_pb2.FEATURE_ORIGIN_SAMPLE)))
    result = run(server)
    assert "age      0      made up" in result.stdout
    assert "so its prediction means nothing" in result.stderr
    assert not server.asked(METHOD)[0].HasField("timeout")
    given = feature("age", 41, model_pb2.FEATURE_ORIGIN_GIVEN)
    server.on(METHOD, answer(given, feature("agee", 40, model_pb2.FEATURE_ORIGIN_UNUSED)))
    result = run(server, "-f", "age=41", "-f", "agee=40")
    assert result.exit_code == 0
    assert result.stderr == "warning: the model takes no feature 'agee'. Did you mean 'age'?\n"


def test_programs_get_all_of_it(server: Any) -> None:
    server.on(METHOD, answer(feature("age", 0, model_pb2.FEATURE_ORIGIN_SAMPLE)))
    told = json.loads(run(server, "-o", "json").stdout)
    assert told["row"] == [{"name": "age", "value": 0.0, "origin": "sample"}]
    assert (told["prediction"], told["probabilities"]) == ("grant", [0.25, 0.75])
    assert (told["notes"], told["backend_latency"]) == (["not_likeliest"], 0.0015)


def test_a_refused_feature_is_named_with_the_one_that_may_be_meant(server: Any, refusal: Any) -> None:
    fields = {"features.monthly_income": 'missing; input "x" takes FP32 numbers'}
    server.on(METHOD, refusal(grpc.StatusCode.INVALID_ARGUMENT, "no", fields=fields))
    result = run(server, "-f", "monthly_incmoe=1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        'error: features.monthly_income: missing; input "x" takes FP32 numbers',
        "monthly_income is missing. Is it 'monthly_incmoe'?",
    ]


def test_a_backend_that_is_away_fails_in_its_words(server: Any, refusal: Any) -> None:
    server.on(METHOD, refusal(grpc.StatusCode.UNAVAILABLE, "127.0.0.1:8081: connection refused"))
    result = run(server)
    assert (result.exit_code, result.stderr) == (1, "error: 127.0.0.1:8081: connection refused\n")


def test_features_of_the_version_are_completed(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_SERVER", server.address)
    model = model_pb2.ModelVersion(model_id="loans", version="1")
    model.signature.inputs.add(name="x", features=["age", "income"])
    model.signature.inputs.add(name="district")
    server.on("ModelService/GetModelVersion", model)
    complete = ShellComplete(app, {}, "pointsman", VARIABLE).get_completions
    words = ["models", "test", "loans", "1", "-f"]
    assert [item.value for item in complete(words, "")] == ["age=", "income=", "district="]
    assert [item.value for item in complete(words, "in")] == ["income="]
