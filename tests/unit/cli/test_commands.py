import json
import subprocess
import sys
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from google.protobuf import empty_pb2

from pointsman.cli import app
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2

RUNNING = router_pb2.ROUTER_STATUS_RUNNING
FAILED = router_pb2.ROUTER_STATUS_FAILED


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.address])


def router(status: Any = RUNNING) -> router_pb2.Router:
    lr = router_pb2.Variant(
        name="lr", model_id="cancer", model_version="1", weight=70, enabled=True, effective_share=0.7
    )
    gb = router_pb2.Variant(
        name="gb", model_id="cancer", model_version="2", weight=30, enabled=True, effective_share=0.3
    )
    made = router_pb2.Router(
        router_id="cancer", strategy=router_pb2.STRATEGY_WEIGHTED, variants=[lr, gb], status=status
    )
    made.owner, made.etag = "ann", "e1"
    return made


def prediction(variant: str = "lr") -> prediction_pb2.PredictResponse:
    made = prediction_pb2.PredictResponse(
        prediction_id="p1", router_id="cancer", variant=variant, propensity=0.7
    )
    made.reason = prediction_pb2.DECISION_REASON_WEIGHT
    made.prediction.string_value = "benign"
    return made


@pytest.mark.parametrize("group", [[], ["models"], ["routers"], ["keys"], ["serve"], ["demo"], ["predict"]])
def test_every_help_is_there(group: list[str]) -> None:
    assert CliRunner().invoke(app, [*group, "--help"]).exit_code == 0


def test_nobody_at_the_address_says_how_to_start_a_server() -> None:
    result = CliRunner().invoke(app, ["routers", "list", "--server", "127.0.0.1:1"])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: no pointsman server answers at 127.0.0.1:1",
        "Start one with 'pointsman serve', or name another with --server or POINTSMAN_SERVER.",
    ]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8500", "https://127.0.0.1:8500/", "GRPC://127.0.0.1:8500"]
)
def test_an_address_with_a_scheme_is_refused_with_the_one_to_give(address: str) -> None:
    result = CliRunner().invoke(app, ["routers", "list", "--server", address])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: --server: {address!r} begins with ")
    assert "such as 127.0.0.1:8500" in result.stderr


def test_a_refusal_names_the_field_on_standard_error(server: Any, refusal: Any) -> None:
    above = "140 is above 100; weights are relative, 0 to 100: make all of them smaller"
    fields = {"router.variants[1].weight": above}
    told = refusal(grpc.StatusCode.INVALID_ARGUMENT, "variants[1].weight: 140 is above 100", fields=fields)
    server.on("RouterService/CreateRouter", told)
    result = run(
        server, "routers", "create", "cancer", "--variant", "lr=cancer:1@70", "--variant", "gb=cancer:2@140"
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: --variant gb=cancer:2@140: weight: {above}\n"


def test_a_missing_key_says_how_to_bring_one(server: Any, refusal: Any) -> None:
    server.on("RouterService/GetRouter", refusal(grpc.StatusCode.UNAUTHENTICATED, "no API key"))
    assert "POINTSMAN_API_KEY" in run(server, "routers", "get", "cancer").stderr


def test_a_backend_that_is_away_is_not_a_server_that_is_away(server: Any, refusal: Any) -> None:
    server.on(
        "PredictionService/Predict", refusal(grpc.StatusCode.UNAVAILABLE, "variant lr: its backend is away")
    )
    assert run(server, "predict", "cancer").stderr == "error: variant lr: its backend is away\n"


def test_a_mistake_of_our_own_shows_no_traceback(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.cli.output.printing.print_json", lambda _: 1 / 0)
    server.on("RouterService/GetRouter", router())
    result = run(server, "routers", "get", "cancer", "-o", "json")
    assert (result.exit_code, "Traceback" in result.stderr) == (1, False)
    assert "ZeroDivisionError" in result.stderr
    assert "POINTSMAN_DEBUG" in result.stderr


@pytest.mark.parametrize(
    "line",
    [
        "routers create cancer",
        "routers create cancer --variant lr",
        "routers weight cancer lr",
        "routers update cancer",
        "models register m 1 --grpc h:1 --onnx f",
        "models register m 1 --onnx-path f --onnx f",
        "models register m 1 --onnx nowhere.onnx",
        "models register m 1 --sha256 ab",
        "models stage m 1 retired",
        "keys create",
        "predict cancer -f x",
        "predict cancer -n 0",
        "feedback p1 good",
        "nonsense",
        "routers list -o xml",
    ],
)
def test_a_wrong_line_is_exit_code_2(server: Any, line: str) -> None:
    result = run(server, *line.split())
    assert (result.exit_code, result.stdout, server.requests) == (2, "", [])
    assert result.stderr


def test_no_routers_is_a_friendly_sentence(server: Any) -> None:
    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse())
    result = run(server, "routers", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "pointsman routers create" in result.stderr
    assert json.loads(run(server, "routers", "list", "-o", "json").stdout) == []


def test_routers_are_listed_with_their_split(server: Any) -> None:
    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=[router()]))
    line = run(server, "routers", "list", "--status", "running").stdout
    assert "lr 70%, gb 30%" in line
    assert server.asked("RouterService/ListRouters")[0].status == RUNNING


def test_json_has_words_and_numbers(server: Any) -> None:
    server.on("RouterService/GetRouter", router())
    answer = json.loads(run(server, "-o", "json", "routers", "get", "cancer").stdout)
    assert (answer["status"], answer["variants"][0]["weight"], answer["sticky"]) == ("running", 70.0, None)


def test_a_router_is_created_and_deployed_in_one_go(server: Any) -> None:
    server.on("RouterService/CreateRouter", router())
    server.on("RouterService/DeployRouter", router_pb2.DeployRouterResponse(router=router(), endpoint="h:1"))
    line = "routers create cancer --variant lr=cancer:1@70 --variant gb=cancer:2@30 --not-sticky --deploy"
    result = run(server, *line.split())
    assert (result.exit_code, result.stdout) == (0, "cancer is running; call it at h:1\n")
    (request,) = server.asked("RouterService/CreateRouter")
    assert (request.router.sticky, request.router.variants[1].weight) == (False, 30)


def test_a_deployment_that_failed_is_exit_code_1(server: Any) -> None:
    failed = router(FAILED)
    failed.status_message = "variant gb: cannot be reached"
    server.on("RouterService/DeployRouter", router_pb2.DeployRouterResponse(router=failed))
    result = run(server, "routers", "deploy", "cancer")
    assert result.exit_code == 1
    assert "variant gb: cannot be reached" in result.stderr
    assert run(server, "routers", "deploy", "cancer", "-o", "json").exit_code == 1


def test_weights_are_set_in_one_step_and_say_who_moved(server: Any) -> None:
    answer = router_pb2.VariantWeightsResponse(variants=router().variants, moved_share=0.2, generation=9)
    server.on("RouterService/BatchUpdateVariantWeights", answer)
    result = run(server, "routers", "weight", "cancer", "lr=50", "gb=50")
    assert "20% of entities moved" in result.stdout
    (request,) = server.asked("RouterService/BatchUpdateVariantWeights")
    assert {weight.variant: weight.weight for weight in request.weights} == {"lr": 50, "gb": 50}


def test_status_waits_until_running(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.cli.routers.traffic.POLL_SECONDS", 0.0)
    server.on("RouterService/GetRouter", router(router_pb2.ROUTER_STATUS_DEPLOYING), router())
    result = run(server, "routers", "status", "cancer", "--wait")
    assert (result.exit_code, result.stdout) == (0, "cancer is running\n")


def test_status_does_not_wait_for_what_failed(server: Any) -> None:
    server.on("RouterService/GetRouter", router(FAILED))
    assert run(server, "routers", "status", "cancer").exit_code == 0
    result = run(server, "routers", "status", "cancer", "--wait")
    assert (result.exit_code, result.stderr) == (1, "error: cancer is failed, not running\n")


def test_status_stops_waiting(server: Any) -> None:
    server.on("RouterService/GetRouter", router(router_pb2.ROUTER_STATUS_DEPLOYING))
    result = run(server, "routers", "status", "cancer", "--wait", "--timeout", "0")
    assert (result.exit_code, result.stderr) == (1, "error: cancer is deploying, not running after 0 s\n")


def test_permissions_that_are_not_named_stay(server: Any) -> None:
    shared = router()
    shared.permissions.public_predict = True
    shared.permissions.shared_user_ids.extend(["bob", "cid"])
    server.on("RouterService/GetRouter", shared)
    server.on("RouterService/UpdateRouterPermissions", shared)
    run(server, "routers", "permissions", "cancer", "--share", "dee", "--unshare", "bob")
    (request,) = server.asked("RouterService/UpdateRouterPermissions")
    assert (request.permissions.public_predict, request.permissions.shared_user_ids) == (True, ["cid", "dee"])
    assert request.etag == "e1"


def test_a_router_is_created_for_the_user_that_is_named(server: Any) -> None:
    server.on("RouterService/CreateRouter", router())
    two = ["--variant", "lr=cancer:1@70", "--variant", "gb=cancer:2@30"]
    assert run(server, "routers", "create", "cancer", *two, "--owner", "ann").exit_code == 0
    (request,) = server.asked("RouterService/CreateRouter")
    assert request.router.owner == "ann"


def test_a_router_is_handed_over_and_a_user_without_a_key_is_said(server: Any, refusal: Any) -> None:
    server.on("RouterService/UpdateRouter", router())
    server.on(
        "ApiKeyService/ListApiKeys",
        key_pb2.ListApiKeysResponse(),
        refusal(grpc.StatusCode.PERMISSION_DENIED, "not yours to see"),
    )
    first = run(server, "routers", "transfer", "cancer", "--to", "ann")
    assert first.stdout == "cancer belongs to ann\n"
    assert "no key is ann's yet" in first.stderr
    (request,) = server.asked("RouterService/UpdateRouter")
    assert (request.router.owner, request.update_mask.paths) == ("ann", ["owner"])
    assert run(server, "routers", "transfer", "cancer", "--to", "ann").stderr == ""


def test_metrics_say_how_many_records_are_cut_and_what_to_raise(server: Any) -> None:
    metrics = router_pb2.RouterMetrics(
        total=router_pb2.VariantMetrics(request_count=44),
        cut_record_counts={"max_body_bytes": 41, "body_budget_bytes": 2, "a_later_limit": 1},
    )
    server.on("RouterService/GetRouterMetrics", metrics)
    said = run(server, "routers", "metrics", "cancer").stderr.splitlines()
    assert said == [
        "1 predictions were recorded without features or answer: they were above a_later_limit",
        "2 predictions were recorded without features or answer: "
        "the memory for bodies was full; raise limits.body_budget_bytes",
        "41 predictions were recorded without features or answer: "
        "they are above max_body_bytes of the router's recording; raise it to keep them",
    ]


def test_metrics_show_variants_and_total(server: Any) -> None:
    lr = router_pb2.VariantMetrics(
        variant="lr", request_count=3, effective_share=0.7, served_share=1, feedback_coverage=0.25
    )
    lr.feedback.add(metric="reward", count=2, mean=0.5, mean_low=0.25, mean_high=0.75)
    metrics = router_pb2.RouterMetrics(variants=[lr], total=router_pb2.VariantMetrics(request_count=3))
    server.on("RouterService/GetRouterMetrics", metrics)
    shown = run(server, "routers", "metrics", "cancer").stdout
    assert "0.25 to 0.75" in shown
    assert "25%" in shown
    assert "total" in shown


def test_one_prediction_shows_the_decision(server: Any) -> None:
    server.on("PredictionService/Predict", prediction())
    shown = run(server, "predict", "cancer", "-f", "age=42", "--entity", "ann").stdout
    assert "benign" in shown
    assert "weight, propensity 0.7000" in shown
    (request,) = server.asked("PredictionService/Predict")
    assert (request.features["age"].number_value, request.entity_id) == (42, "ann")


def test_repeated_predictions_show_the_split(server: Any) -> None:
    server.on("PredictionService/Predict", prediction(), prediction("gb"), prediction("lr"))
    result = run(server, "predict", "cancer", "-n", "4", "-o", "json")
    counts = {row["variant"]: row["count"] for row in json.loads(result.stdout)["variants"]}
    assert counts == {"lr": 3, "gb": 1}
    assert "benign: 4" in run(server, "predict", "cancer", "-n", "4").stdout


def test_repeated_predictions_count_what_fails(server: Any, refusal: Any) -> None:
    away = refusal(grpc.StatusCode.UNAVAILABLE, "variant gb: away")
    server.on("PredictionService/Predict", prediction(), away, prediction())
    result = run(server, "predict", "cancer", "-n", "3")
    assert (result.exit_code, "1 of 3 calls failed" in result.stderr) == (1, True)


def test_feedback_says_what_came_of_it(server: Any) -> None:
    def outcome(value: Any) -> prediction_pb2.RecordFeedbackResponse:
        return prediction_pb2.RecordFeedbackResponse(outcome=value)

    server.on(
        "PredictionService/RecordFeedback",
        outcome(prediction_pb2.FEEDBACK_OUTCOME_APPLIED),
        outcome(prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE),
        outcome(prediction_pb2.FEEDBACK_OUTCOME_CONFLICT),
    )
    assert run(server, "feedback", "record", "p1", "1").stdout == "reward 1 is recorded\n"
    assert run(server, "feedback", "record", "p1", "1").stdout == "reward 1 was recorded before\n"
    assert run(server, "feedback", "record", "p1", "0").exit_code == 1


def test_a_program_is_told_by_the_exit_code_that_another_value_stays(server: Any) -> None:
    conflict = prediction_pb2.RecordFeedbackResponse(outcome=prediction_pb2.FEEDBACK_OUTCOME_CONFLICT)
    server.on("PredictionService/RecordFeedback", conflict)
    told = run(server, "feedback", "record", "p1", "0", "-o", "json")
    assert (told.exit_code, json.loads(told.stdout)["outcome"]) == (1, "conflict")


def test_a_negative_value_is_a_value(server: Any) -> None:
    applied = prediction_pb2.RecordFeedbackResponse(outcome=prediction_pb2.FEEDBACK_OUTCOME_APPLIED)
    server.on("PredictionService/RecordFeedback", applied)
    assert run(server, "feedback", "record", "p1", "-2.5", "--metric", "loss").exit_code == 0
    assert server.asked("PredictionService/RecordFeedback")[0].value == -2.5


def test_models_are_registered_listed_staged_and_deleted(server: Any, empty: Any) -> None:
    model = model_pb2.ModelVersion(model_id="cancer", version="1", stage=model_pb2.STAGE_PRODUCTION)
    model.backend.onnx.path = "cancer.onnx"
    server.on("ModelService/RegisterModelVersion", model)
    server.on("ModelService/ListModelVersions", model_pb2.ListModelVersionsResponse(model_versions=[model]))
    server.on("ModelService/GetModelVersion", model)
    server.on("ModelService/SetModelVersionStage", model)
    server.on("ModelService/DeleteModelVersion", empty)
    line = "models register cancer 1 --onnx-path cancer.onnx --task classification"
    rest = ["--label", "a", "--label", "b", "--metric", "auc=0.97"]
    assert run(server, *line.split(), *rest).stdout == "cancer 1 is registered, ONNX cancer.onnx\n"
    (request,) = server.asked("ModelService/RegisterModelVersion")
    assert request.model_version.signature.labels == ["a", "b"]
    assert request.model_version.metrics["auc"] == 0.97
    assert "production" in run(server, "models", "list").stdout
    assert "ONNX cancer.onnx" in run(server, "models", "get", "cancer", "1").stdout
    assert run(server, "models", "stage", "cancer", "1", "production").exit_code == 0
    assert run(server, "models", "delete", "cancer", "1").stdout == "cancer 1 is deleted\n"


def test_a_registration_says_what_was_read_from_the_backend_and_warns_of_what_was_not_checked(
    server: Any,
) -> None:
    model = model_pb2.ModelVersion(model_id="cancer", version="1")
    model.filled_in.append('signature.labels: "no", "yes"')
    model.warnings.append("backend.grpc: nobody answers")
    server.on("ModelService/RegisterModelVersion", model)
    result = run(server, "models", "register", "cancer", "1")
    assert result.stdout.splitlines()[1:] == ['read from the backend: labels: "no", "yes"']
    assert result.stderr == "warning: backend.grpc: nobody answers\n"
    told = run(server, "models", "register", "cancer", "1", "-o", "json")
    assert json.loads(told.stdout)["filled_in"] == ['signature.labels: "no", "yes"']


def test_a_tensor_needs_no_more_than_its_features(server: Any) -> None:
    server.on("ModelService/RegisterModelVersion", model_pb2.ModelVersion(model_id="m", version="1"))
    given = '{"inputs": [{"features": ["age", "income"]}]}'
    assert run(server, "models", "register", "m", "1", "--signature", given).exit_code == 0
    (request,) = server.asked("ModelService/RegisterModelVersion")
    assert request.model_version.signature.inputs == [model_pb2.TensorSpec(features=["age", "income"])]


def test_the_first_key_must_be_an_admins(server: Any) -> None:
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse())
    server.on("ApiKeyService/CreateApiKey", key_pb2.CreateApiKeyResponse(secret="pm_abcdefgh_s"))
    result = run(server, "keys", "create", "--scope", "mlops:read")
    assert (result.exit_code, "keys create --admin" in result.stderr) == (1, True)
    assert run(server, "keys", "create", "--admin").stdout == "pm_abcdefgh_s\n"
    assert len(server.asked("ApiKeyService/CreateApiKey")) == 1


def test_a_new_keys_secret_is_all_of_standard_output(server: Any) -> None:
    made = key_pb2.CreateApiKeyResponse(
        secret="pm_abcdefgh_s", api_key=key_pb2.ApiKey(key_id="abcdefgh", user_id="ann")
    )
    server.on("ApiKeyService/CreateApiKey", made)
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=[made.api_key]))
    server.on("ApiKeyService/RevokeApiKey", made.api_key)
    assert run(server, "keys", "create", "--scope", "mlops:read").stdout == "pm_abcdefgh_s\n"
    assert server.asked("ApiKeyService/CreateApiKey")[0].scopes == [key_pb2.SCOPE_MLOPS_READ]
    assert "abcdefgh" in run(server, "keys", "list").stdout
    assert run(server, "keys", "revoke", "abcdefgh").stdout == "abcdefgh of ann is revoked\n"


def test_a_router_in_service_is_deleted_when_somebody_says_so(server: Any) -> None:
    server.on("RouterService/GetRouter", router())
    server.on("RouterService/DeleteRouter", empty_pb2.Empty())
    command = ["routers", "delete", "cancer", "--server", server.address]
    unasked = CliRunner().invoke(app, command)
    assert (unasked.exit_code, "nobody answered; --yes goes on" in unasked.stderr) == (1, True)
    assert CliRunner().invoke(app, command, input="n\n").exit_code == 1
    assert not server.asked("RouterService/DeleteRouter")
    assert CliRunner().invoke(app, command, input="y\n").stdout.endswith("cancer is deleted\n")
    assert [request.etag for request in server.asked("RouterService/DeleteRouter")] == ["e1"]
    assert CliRunner().invoke(app, [*command, "--yes"]).exit_code == 0


def test_a_router_out_of_service_is_deleted_at_once(server: Any) -> None:
    server.on("RouterService/GetRouter", router(router_pb2.ROUTER_STATUS_STOPPED))
    server.on("RouterService/DeleteRouter", empty_pb2.Empty())
    assert run(server, "routers", "delete", "cancer").stdout == "cancer is deleted\n"


@pytest.mark.parametrize(("others", "asks"), [([], True), ([False], True), ([True], False)])
def test_the_last_key_of_an_admin_is_revoked_when_somebody_says_so(
    server: Any, others: list[bool], asks: bool
) -> None:
    keys = [
        key_pb2.ApiKey(key_id=f"k{number}", admin=True, effective_admin=admin)
        for number, admin in enumerate([True, *others])
    ]
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=keys))
    server.on("ApiKeyService/RevokeApiKey", key_pb2.ApiKey(key_id="k0", user_id="ann"))
    result = run(server, "keys", "revoke", "k0")
    assert (result.exit_code, "k0 is the last key" in result.stderr) == ((1, True) if asks else (0, False))
    assert run(server, "keys", "revoke", "k0", "--yes").stdout == "k0 of ann is revoked\n"


def test_class_numbers_have_no_point_and_nothing_is_written_as_python_does(server: Any) -> None:
    answer = prediction()
    answer.prediction.number_value = 1.0
    server.on("PredictionService/Predict", answer)
    assert "prediction:    1\n" in run(server, "predict", "cancer", "-f", "age=1").stdout
    answer.prediction.list_value.extend([1.0, 2.5, None, True, "x"])
    server.on("PredictionService/Predict", answer)
    assert (
        'prediction:    [1, 2.5, null, true, "x"]\n' in run(server, "predict", "cancer", "-f", "a=1").stdout
    )


def test_a_reader_that_goes_away_ends_the_command_without_a_word() -> None:
    program = (
        "import os, sys\n"
        "from pointsman.cli.line import group\n"
        "from pointsman.cli.app import app\n"
        "@app.command('talk')\n"
        "def talk() -> None:\n"
        "    for _ in range(100_000):\n"
        "        print('word' * 20)\n"
        "sys.argv = ['pointsman', 'talk']\n"
        "app()\n"
    )
    talking = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert talking.stdout is not None
    assert talking.stderr is not None
    assert talking.stdout.readline().startswith(b"word")
    talking.stdout.close()
    assert talking.stderr.read() == b""
    assert talking.wait(30) == 1
    talking.stderr.close()


def a_revision(number: int, **fields: Any) -> router_pb2.RouterRevision:
    fields.setdefault("kind", router_pb2.REVISION_KIND_REWEIGHTED)
    fields.setdefault("summary", "lr 70 → 50, gb 30 → 50")
    fields.setdefault("user_id", "ann")
    return router_pb2.RouterRevision(
        router_id="cancer", revision=number, generation=40 + number, variants=router().variants, **fields
    )


def test_a_history_says_who_did_what_in_eighty_columns(server: Any) -> None:
    back = a_revision(3, kind=router_pb2.REVISION_KIND_ROLLED_BACK, source_revision=1, comment="worse")
    page = router_pb2.ListRouterRevisionsResponse(revisions=[back, a_revision(2)])
    server.on("RouterService/ListRouterRevisions", page)
    lines = run(server, "routers", "history", "cancer").stdout.splitlines()
    assert lines[1].split()[:2] == ["3", "43"]
    assert lines[1].rstrip().endswith("ann  rolled back to 1: lr 70 → 50, gb 30 → 50; worse")
    assert "reweighted: lr 70 → 50" in lines[2]
    facts = json.loads(run(server, "routers", "history", "cancer", "-o", "json").stdout)
    assert [one["revision"] for one in facts] == [3, 2]


def test_one_revision_is_shown_whole(server: Any) -> None:
    whole = a_revision(2, last_generation=44, current=True, salt=bytes(16), key_id="abcdefgh")
    whole.slot_counts.add(variant="lr", slots=5000)
    server.on("RouterService/GetRouterRevision", whole)
    shown = run(server, "routers", "history", "cancer", "2").stdout
    for part in ("2, the present one", "42 to 44", "ann (key abcdefgh)", "lr 5000", "00" * 16):
        assert part in shown
    assert (
        json.loads(run(server, "routers", "history", "cancer", "2", "-o", "json").stdout)["salt"] == "00" * 16
    )


def test_going_back_asks_with_what_it_would_do_and_refuses_when_it_changed_meanwhile(server: Any) -> None:
    server.on("RouterService/GetRouter", router())
    answer = router_pb2.RollbackRouterResponse(router=router(), revision=7, moved_share=0.25)
    server.on("RouterService/RollbackRouter", answer)
    asked = run(server, "routers", "rollback", "cancer", "3")
    assert asked.exit_code == 1
    assert "cancer goes back to lr 70, gb 30; 25% of entities move" in asked.stderr
    done = run(server, "routers", "rollback", "cancer", "3", "--yes", "--comment", "worse")
    assert done.stdout == "cancer is as in revision 3, now revision 7; 25% of entities moved\n"
    checked, made = server.asked("RouterService/RollbackRouter")
    assert (checked.validate_only, made.validate_only) == (True, False)
    assert (made.revision, made.comment) == (3, "worse")
