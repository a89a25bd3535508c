"""What lists and tables of commands show, eighty columns wide."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.cli import app
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2

LONG = "a-name-that-is-as-long-as-they-come-in-organisations"
ID = "0190a1f2-7b3c-7def-8123-456789abcdef"


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


def run(server: Any, *arguments: str) -> Result:
    result = CliRunner().invoke(app, [*arguments, "--server", server.address])
    assert result.exit_code == 0, result.stderr
    return result


def record(number: int = 0, **fields: Any) -> prediction_pb2.PredictionRecord:
    made = prediction_pb2.PredictionRecord(
        prediction_id=f"{ID[:-4]}{number:04d}", variant="gradient-boosting", propensity=0.25, **fields
    )
    made.time.FromSeconds(1_700_000_000 + number)
    made.prediction.number_value = 1.0
    made.feedback.add(metric="reward", value=1.0)
    return made


def page(count: int, **fields: Any) -> router_pb2.ListPredictionsResponse:
    return router_pb2.ListPredictionsResponse(predictions=[record(n, **fields) for n in range(count)])


def fill(server: Any) -> None:
    """Sets answers with long names in all lists."""
    variants = [router_pb2.Variant(name=f"{LONG}-{n}", enabled=True, effective_share=0.5) for n in range(2)]
    router = router_pb2.Router(
        router_id="cancer", variants=variants, status=router_pb2.ROUTER_STATUS_RUNNING, owner=LONG
    )
    model = model_pb2.ModelVersion(
        model_id="cancer", version="1", stage=model_pb2.STAGE_PRODUCTION, owner=LONG
    )
    model.backend.grpc.target = "gpu-host-with-a-long-name.example.org:8001"
    model.signature.inputs.add(name="input", datatype="FP32", shape=[-1, 30], features=[LONG] * 9)
    scopes = (key_pb2.SCOPE_MLOPS_READ, key_pb2.SCOPE_MLOPS_WRITE, key_pb2.SCOPE_MLOPS_PREDICT)
    key = key_pb2.ApiKey(key_id="abcdefgh", user_id=LONG, display_name=LONG, scopes=scopes)
    figures = [
        router_pb2.VariantMetrics(variant=name, request_count=10**7, served_share=0.5, feedback_count=10**6)
        for name in ("lr", "gb", "")
    ]
    for one in figures:
        one.feedback.add(metric="reward", count=10**6, mean=0.123456, mean_low=0.1, mean_high=0.2)
    metrics = router_pb2.RouterMetrics(variants=figures[:2], total=figures[2])
    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=[router]))
    server.on("RouterService/GetRouterMetrics", metrics)
    server.on("RouterService/ListPredictions", page(20))
    server.on("ModelService/ListModelVersions", model_pb2.ListModelVersionsResponse(model_versions=[model]))
    server.on("ModelService/GetModelVersion", model)
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=[key]))


@pytest.mark.parametrize(
    "line",
    [
        "routers list",
        "routers metrics cancer",
        "predictions list cancer",
        "models list",
        "models get cancer 1",
        "keys list",
    ],
)
def test_a_table_fits_eighty_columns_and_wide_shows_the_rest(server: Any, line: str) -> None:
    fill(server)
    assert max(len(told) for told in run(server, *line.split()).stdout.splitlines()) <= 80
    wide = run(server, *line.split(), "--wide")
    assert "…" not in wide.stdout
    assert "shortened" not in wide.stderr


def test_ids_of_predictions_are_whole_in_eighty_columns(server: Any) -> None:
    server.on("RouterService/ListPredictions", page(3))
    shown = run(server, "predictions", "list", "cancer").stdout
    assert [line.split()[-1] for line in shown.splitlines()[1:]] == [f"{ID[:-4]}{n:04d}" for n in range(3)]


def test_class_numbers_and_values_have_no_point(server: Any) -> None:
    server.on("RouterService/ListPredictions", page(1))
    shown = run(server, "predictions", "list", "cancer").stdout
    assert "1.0" not in shown
    assert "reward 1" in shown


def test_a_call_that_failed_shows_its_status_where_its_answer_would_be(server: Any) -> None:
    failed = record(status_code=14)
    failed.ClearField("prediction")
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=[failed]))
    assert "UNAVAILABLE" in run(server, "predictions", "list", "cancer", "--wide").stdout
    assert "UNAVAIL" in run(server, "predictions", "list", "cancer").stdout


def test_rows_of_a_batch_are_told_as_get_takes_them(server: Any) -> None:
    batch = router_pb2.ListPredictionsResponse(predictions=[record(row=1, row_count=3)])
    server.on("RouterService/ListPredictions", batch)
    assert "1 of 3" in run(server, "predictions", "list", "cancer", "--wide").stdout


@pytest.mark.parametrize(
    ("there", "told"),
    [(20, ""), (28, "20 of 28; -n shows more.\n"), (300, "20 of more than 219; -n shows more.\n")],
)
def test_a_page_that_is_cut_says_of_how_many(server: Any, there: int, told: str) -> None:
    server.on("RouterService/ListPredictions", page(there))
    result = run(server, "predictions", "list", "cancer", "--wide")
    assert (len(result.stdout.splitlines()), result.stderr) == (21, told)


def test_a_program_is_given_what_it_asked_for_and_no_more_is_read(server: Any) -> None:
    server.on("RouterService/ListPredictions", page(20))
    result = run(server, "predictions", "list", "cancer", "-o", "json")
    assert (len(json.loads(result.stdout)), result.stderr) == (20, "")
    assert server.asked("RouterService/ListPredictions")[0].page_size == 20


START, END = Timestamp(seconds=1_790_000_000), Timestamp(seconds=1_790_000_060)


def test_figures_say_their_window_and_coverage_without_times(server: Any) -> None:
    lr = router_pb2.VariantMetrics(variant="lr", request_count=4, feedback_count=1, feedback_coverage=0.25)
    server.on(
        "RouterService/GetRouterMetrics",
        router_pb2.RouterMetrics(variants=[lr], start_time=START, end_time=END),
    )
    heading, _, columns, row = run(server, "routers", "metrics", "cancer").stdout.splitlines()[:4]
    assert heading.startswith("recorded predictions of cancer from 2026-09-2")
    assert " to 2026-09-2" in heading
    assert (columns.split()[-1], row.split()[-1]) == ("COVERAGE", "25%")
    (request,) = server.asked("RouterService/GetRouterMetrics")
    assert (request.HasField("start_time"), request.live) == (False, False)


@pytest.mark.parametrize(("flags", "begins"), [(["--live"], "calls that"), ([], "cancer records no predict")])
def test_figures_say_that_they_are_live_and_whether_nobody_asked_for_it(
    server: Any, flags: list[str], begins: str
) -> None:
    server.on(
        "RouterService/GetRouterMetrics",
        router_pb2.RouterMetrics(live=True, start_time=START, end_time=END),
    )
    heading = run(server, "routers", "metrics", "cancer", *flags).stdout.splitlines()[0]
    assert heading.startswith(begins)
    assert "since it started, from 2026-09-2" in heading
    (request,) = server.asked("RouterService/GetRouterMetrics")
    assert request.live is bool(flags)


def test_a_program_is_told_the_window_of_figures(server: Any) -> None:
    server.on(
        "RouterService/GetRouterMetrics",
        router_pb2.RouterMetrics(live=True, start_time=START, end_time=END),
    )
    found = json.loads(run(server, "routers", "metrics", "cancer", "--live", "-o", "json").stdout)
    assert (found["live"], found["start_time"], found["end_time"]) == (
        True,
        "2026-09-21T14:13:20Z",
        "2026-09-21T14:14:20Z",
    )


def test_live_figures_go_with_no_times(server: Any) -> None:
    line = ["routers", "metrics", "cancer", "--live", "--since", "1h", "--server", server.address]
    refused = CliRunner().invoke(app, line)
    assert (refused.exit_code, "leave out --since" in refused.stderr) == (2, True)


def test_keys_say_whether_they_are_in_force(server: Any) -> None:
    past = Timestamp(seconds=1_500_000_000)
    keys = [
        key_pb2.ApiKey(key_id="aaaaaaaa"),
        key_pb2.ApiKey(key_id="bbbbbbbb", revoke_time=past),
        key_pb2.ApiKey(key_id="cccccccc", expire_time=past),
    ]
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=keys))
    _, first, second, third = run(server, "keys", "list").stdout.splitlines()
    assert "in force" in first
    assert "revoked 2017-07-14" in second
    assert "ended 2017-07-14" in third


@pytest.mark.parametrize("line", ["routers get r", "models get m 1", "predictions get r p"])
def test_nothing_is_written_as_python_does(server: Any, line: str) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router(router_id="r"))
    server.on("ModelService/GetModelVersion", model_pb2.ModelVersion(model_id="m", version="1"))
    server.on("RouterService/GetPrediction", prediction_pb2.PredictionRecord(prediction_id="p"))
    assert "None" not in run(server, *line.split()).stdout
