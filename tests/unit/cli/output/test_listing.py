"""What lists and tables of commands show, eighty columns wide."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.cli import app
from pointsman.cli.output import printing
from pointsman.v1 import drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2
from stage.prediction_ids import signed_id

LONG = "a-name-that-is-as-long-as-they-come-in-organisations"
HEX = "0190a1f27b3c4def8123456789abcdef"
THEN = datetime.now(UTC) - timedelta(days=2)
"""Not today, for which lists have the shortest form of a time."""


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


def run(server: Any, *arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, [*arguments, "--server", server.address])
    assert result.exit_code == exit_code, result.stderr
    return result


def an_id(number: int = 0, variant: str = "gb") -> str:
    """An id as the data plane signs it."""
    return signed_id(
        b"secret", 1, "cancer", variant, time_us=1_700_000_000_000_000, number=number, incarnation=2**48
    )


def record(number: int = 0, variant: str = "gb", **fields: Any) -> prediction_pb2.PredictionRecord:
    made = prediction_pb2.PredictionRecord(
        prediction_id=an_id(number, variant), variant=variant, propensity=0.25, **fields
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
    router.update_time.FromDatetime(THEN)
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
    fill_history(server)
    fill_drift(server)


def fill_history(server: Any) -> None:
    """Sets answers about what was, with long names and texts."""
    revision = router_pb2.RouterRevision(revision=12, generation=10**6, time=THEN, user_id=LONG, summary=LONG)
    revisions = router_pb2.ListRouterRevisionsResponse(revisions=[revision])
    replayed = router_pb2.ReplayPredictionsResponse()
    not_replayable = prediction_pb2.REPLAY_VERDICT_NOT_REPLAYABLE
    for why in prediction_pb2.NotReplayable.values():
        replayed.counts.add(verdict=not_replayable, not_replayable=why, call_count=10**6)
    replayed.counts.add(verdict=prediction_pb2.REPLAY_VERDICT_DISAGREES, call_count=1)
    example = replayed.examples.add(prediction_id=an_id(), variant=LONG, time=THEN)
    example.redecision.variant = LONG
    example.redecision.differences.add(field="variant", recorded="lr", redecided="gb")
    server.on("RouterService/ListRouterRevisions", revisions)
    server.on("RouterService/ReplayPredictions", replayed)


def fill_drift(server: Any) -> None:
    """Sets answers about drift, with long names and figures of all their digits."""
    point = drift_pb2.PerformancePoint(timestamp=THEN, accuracy=0.8123, sample_size=12345, coverage=0.5)
    metric = point.metrics["accuracy"]
    metric.estimate, metric.lower, metric.upper = 0.9123, 0.8512, 0.9512
    metric.realised, metric.inside_band = 0.8123, False
    metric.compared, metric.compared_lower, metric.compared_upper = 0.8612, 0.8234, 0.9234
    result = drift_pb2.DriftResult(result_id=HEX, status=drift_pb2.DRIFT_STATUS_WARNING)
    for time in (result.created_at, result.window_start, result.window_end):
        time.FromDatetime(THEN)
    predicted = drift_pb2.LoggedPrediction(
        prediction_id=an_id(), entity_id=LONG, timestamp=THEN, router_id="cancer", model_version="2"
    )
    predicted.prediction.string_value = LONG
    event = drift_pb2.AlertEvent(
        kind=drift_pb2.ALERT_EVENT_KIND_RECOVERED,
        rule=LONG,
        tier=LONG,
        alert_id=HEX,
        summary=LONG,
        created_at=THEN,
    )
    event.deliveries.add(recipient=f"{LONG}@example.org", status=drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED)
    baseline = drift_pb2.Baseline(baseline_id=HEX, version=LONG, active=True, sample_size=10**6)
    baseline.created_at.FromDatetime(THEN)
    server.on("DriftService/GetPerformanceHistory", drift_pb2.GetPerformanceHistoryResponse(history=[point]))
    server.on("DriftService/GetResults", drift_pb2.GetResultsResponse(results=[result]))
    server.on("DriftService/GetPredictions", drift_pb2.GetPredictionsResponse(predictions=[predicted]))
    server.on("DriftService/GetAlertEvents", drift_pb2.GetAlertEventsResponse(events=[event]))
    server.on("DriftService/GetBaselines", drift_pb2.GetBaselinesResponse(baselines=[baseline]))


TABLES = [
    "routers list",
    "routers metrics cancer",
    "routers history cancer",
    "predictions list cancer",
    "replay --router cancer",
    "models list",
    "models get cancer 1",
    "keys list",
    "drift baseline list cancer",
    "drift performance cancer",
    "drift results cancer",
    "drift predictions cancer",
    "drift alerts history cancer",
]


def exit_code(line: str) -> int:
    """A replay in which a decision differs ends with 1."""
    return int(line.startswith("replay"))


@pytest.mark.parametrize("line", TABLES)
def test_a_table_fits_eighty_columns_and_wide_shows_the_rest(server: Any, line: str) -> None:
    fill(server)
    told = run(server, *line.split(), exit_code=exit_code(line)).stdout
    assert max(map(len, told.splitlines())) <= 80
    wide = run(server, *line.split(), "--wide", exit_code=exit_code(line))
    assert "…" not in wide.stdout
    assert "shortened" not in wide.stderr


TIMES = [
    ("routers history cancer", 1),
    ("replay --router cancer", 1),
    ("drift baseline list cancer", 1),
    ("drift performance cancer", 1),
    ("drift results cancer", 3),
    ("drift predictions cancer", 1),
    ("drift alerts history cancer", 1),
]


@pytest.mark.parametrize(("line", "count"), TIMES)
def test_times_of_lists_are_short_and_whole_in_eighty_columns(server: Any, line: str, count: int) -> None:
    fill(server)
    told = run(server, *line.split(), exit_code=exit_code(line)).stdout
    # The whole word: longer forms of a time have the short one in them.
    assert len(re.findall(rf"(?<!\S){printing.short_time(THEN)}(?!\S)", told)) == count
    # Half a time, or half a number of those beside it, says another one.
    assert re.search(r"\d…", told) is None


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("routers list", 48),
        ("routers history cancer", 48),
        ("replay --router cancer", 48),
        ("drift predictions cancer", 44),
        ("drift alerts history cancer", 62),
    ],
)
def test_prose_makes_room_for_times_in_narrow_terminals(
    server: Any, monkeypatch: pytest.MonkeyPatch, line: str, columns: int
) -> None:
    fill(server)
    monkeypatch.setenv("COLUMNS", str(columns))
    assert printing.short_time(THEN) in run(server, *line.split(), exit_code=exit_code(line)).stdout


@pytest.mark.parametrize("variant", ["gb", "gradient-boosting"])
def test_ids_of_predictions_are_whole_in_eighty_columns(server: Any, variant: str) -> None:
    server.on("RouterService/ListPredictions", page(3, variant=variant))
    rows = run(server, "predictions", "list", "cancer").stdout.splitlines()
    # Each has a line of its own, under that of its prediction.
    assert [row.split() for row in rows[1::2]] == [["ID"], *([an_id(n, variant)] for n in range(3))]
    assert all(variant in row for row in rows[2::2])


def test_ids_that_routers_gave_are_whole_in_the_predictions_of_a_model(server: Any) -> None:
    fill(server)
    assert an_id() in run(server, "drift", "predictions", "cancer").stdout.split()


@pytest.mark.parametrize(
    ("metrics", "columns"),
    [
        ({"accuracy": 0.75}, ["FROM", "ACCURACY", "OUTCOMES"]),
        ({"mae": 1.5, "rmse": 2.5}, ["FROM", "MAE", "RMSE", "OUTCOMES"]),
    ],
)
def test_performance_shows_the_columns_of_its_kind_of_model(
    server: Any, metrics: dict[str, Any], columns: list[str]
) -> None:
    points = [
        drift_pb2.PerformancePoint(timestamp=THEN, sample_size=3),
        drift_pb2.PerformancePoint(**metrics),
    ]
    server.on("DriftService/GetPerformanceHistory", drift_pb2.GetPerformanceHistoryResponse(history=points))
    assert run(server, "drift", "performance", "cancer").stdout.splitlines()[0].split() == columns


def test_steps_of_hours_of_a_former_year_are_told_apart(server: Any) -> None:
    hours = [
        drift_pb2.PerformancePoint(timestamp=Timestamp(seconds=1_700_000_000 + 3600 * n)) for n in (0, 1)
    ]
    server.on("DriftService/GetPerformanceHistory", drift_pb2.GetPerformanceHistoryResponse(history=hours))
    _, first, second = run(server, "drift", "performance", "m", "--step", "hourly").stdout.splitlines()
    assert first != second


def test_what_was_not_predicted_is_an_empty_cell(server: Any) -> None:
    logged = drift_pb2.LoggedPrediction(prediction_id=HEX, timestamp=THEN, entity_id="e")
    server.on("DriftService/GetPredictions", drift_pb2.GetPredictionsResponse(predictions=[logged]))
    row = run(server, "drift", "predictions", "m").stdout.splitlines()[1]
    assert row.split() == [*printing.short_time(THEN).split(), "e", HEX]


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


def answer_of(method: str, rows: int) -> Any:
    """The answer of a list with so many rows."""
    return {
        "RouterService/ListRouterRevisions": router_pb2.ListRouterRevisionsResponse(
            revisions=[router_pb2.RouterRevision(revision=n + 1) for n in range(rows)]
        ),
        "DriftService/GetResults": drift_pb2.GetResultsResponse(
            results=[drift_pb2.DriftResult(result_id=HEX) for _ in range(rows)]
        ),
        "DriftService/GetAlertEvents": drift_pb2.GetAlertEventsResponse(
            events=[drift_pb2.AlertEvent(event_id=HEX) for _ in range(rows)]
        ),
    }[method]


CUT = [
    ("routers history cancer", "RouterService/ListRouterRevisions", 20, "-n shows more"),
    ("drift results cancer", "DriftService/GetResults", 50, "--limit shows up to 1000"),
    ("drift alerts history cancer", "DriftService/GetAlertEvents", 50, "--limit shows up to 1000"),
]


@pytest.mark.parametrize(("line", "method", "limit", "more"), CUT)
def test_a_list_that_is_cut_says_that_there_are_more(
    server: Any, line: str, method: str, limit: int, more: str
) -> None:
    server.on(method, answer_of(method, limit + 1), answer_of(method, limit))
    cut, whole = (run(server, *line.split(), "--wide") for _ in range(2))
    assert (len(cut.stdout.splitlines()), cut.stderr) == (
        limit + 1,
        f"{limit} of more than {limit}; {more}.\n",
    )
    assert (len(whole.stdout.splitlines()), whole.stderr) == (limit + 1, "")


@pytest.mark.parametrize(("line", "method", "limit", "more"), CUT)
def test_a_program_is_told_nothing_of_a_list_that_is_cut(
    server: Any, line: str, method: str, limit: int, more: str
) -> None:
    server.on(method, answer_of(method, limit))
    result = run(server, *line.split(), "-o", "json")
    assert (len(json.loads(result.stdout)), result.stderr) == (limit, "")
    (request,) = server.asked(method)
    assert getattr(request, "page_size" if method.startswith("Router") else "limit") == limit


@pytest.mark.parametrize("line", ["drift results cancer", "drift alerts history cancer"])
def test_where_no_more_can_be_asked_for_nobody_is_told_that_it_is_all(server: Any, line: str) -> None:
    method = next(method for of, method, *_ in CUT if of == line)
    server.on(method, answer_of(method, 1000))
    result = run(server, *line.split(), "--limit", "1000", "--wide")
    assert result.stderr == "1000 of 1000 or more; --limit shows up to 1000.\n"
    assert server.asked(method)[0].limit == 1000


def test_predictions_of_a_model_are_told_of_how_many(server: Any) -> None:
    found = [drift_pb2.LoggedPrediction(prediction_id=HEX)]
    some = drift_pb2.GetPredictionsResponse(predictions=found, total=2345)
    every = drift_pb2.GetPredictionsResponse(predictions=found, total=1)
    server.on("DriftService/GetPredictions", some, every, some)
    line = ("drift", "predictions", "cancer")
    assert run(server, *line).stderr == "1 of 2345; --limit shows up to 1000.\n"
    assert run(server, *line).stderr == ""
    assert run(server, *line, "-o", "json").stderr == ""


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
