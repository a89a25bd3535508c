import asyncio
import inspect
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman import client
from pointsman.client import AsyncClient, Client
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2

CODES = {
    grpc.StatusCode.INVALID_ARGUMENT: client.InvalidArgumentError,
    grpc.StatusCode.OUT_OF_RANGE: client.InvalidArgumentError,
    grpc.StatusCode.UNAUTHENTICATED: client.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: client.PermissionDeniedError,
    grpc.StatusCode.NOT_FOUND: client.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: client.AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: client.FailedPreconditionError,
    grpc.StatusCode.ABORTED: client.AbortedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: client.ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: client.DeadlineExceededError,
    grpc.StatusCode.UNAVAILABLE: client.UnavailableError,
    grpc.StatusCode.UNIMPLEMENTED: client.UnimplementedError,
    grpc.StatusCode.CANCELLED: client.CancelledError,
    grpc.StatusCode.INTERNAL: client.ServerError,
    grpc.StatusCode.UNKNOWN: client.ServerError,
    grpc.StatusCode.DATA_LOSS: client.ServerError,
}


def answer_to_predict() -> prediction_pb2.PredictResponse:
    answer = prediction_pb2.PredictResponse(
        prediction_id="p1",
        router_id="cancer",
        variant="lr",
        probabilities=[0.25, 0.75],
        propensity=0.7,
        reason=prediction_pb2.DECISION_REASON_SLOT,
        generation=3,
    )
    answer.prediction.string_value = "benign"
    answer.latency.FromMicroseconds(250)
    return answer


def test_predict_brings_features_and_reads_the_decision(server: Any) -> None:
    server.on("PredictionService/Predict", answer_to_predict())
    with Client(server.address) as made:
        answer = made.predict("cancer", {"age": 42, "smoker": None}, entity_id="ann", variant="lr")
    (request,) = server.asked("PredictionService/Predict")
    assert (request.router_id, request.entity_id, request.variant) == ("cancer", "ann", "lr")
    assert request.features["age"].number_value == 42
    assert request.features["smoker"].WhichOneof("kind") == "null_value"
    assert (answer.prediction, answer.probabilities, answer.propensity) == ("benign", (0.25, 0.75), 0.7)
    assert answer.reason is client.DecisionReason.SLOT
    assert answer.latency is not None
    assert answer.latency.microseconds == 250


async def test_the_asynchronous_client_answers_the_same(server: Any) -> None:
    server.on("PredictionService/Predict", answer_to_predict())
    async with AsyncClient(server.address) as made:
        answers = await asyncio.gather(*(made.predict("cancer", {"age": 42}) for _ in range(5)))
    assert {answer.prediction for answer in answers} == {"benign"}


def test_feedback_answers_what_came_of_it(server: Any) -> None:
    duplicate = prediction_pb2.RecordFeedbackResponse(outcome=prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE)
    server.on("PredictionService/RecordFeedback", duplicate)
    with Client(server.address) as made:
        assert made.record_feedback("p1", 1.0).outcome is client.FeedbackOutcome.DUPLICATE
    (request,) = server.asked("PredictionService/RecordFeedback")
    assert (request.prediction_id, request.metric, request.value) == ("p1", "reward", 1.0)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_a_status_becomes_its_error_with_all_it_says(
    server: Any, refusal: Any, code: grpc.StatusCode
) -> None:
    told = refusal(code, "no good", "BECAUSE", {"variants[1].weight": "140 is above 100"})
    server.on("RouterService/StopRouter", told)
    with Client(server.address) as made, pytest.raises(client.ClientError) as raised:
        made.routers.stop("cancer")
    error = raised.value
    assert type(error) is CODES[code]
    assert (str(error), error.code, error.reason, error.metadata) == ("no good", code, "BECAUSE", {"a": "b"})
    assert error.violations == (client.FieldViolation("variants[1].weight", "140 is above 100"),)


async def test_the_asynchronous_client_raises_the_same(server: Any, refusal: Any) -> None:
    server.on(
        "RouterService/GetRouter", refusal(grpc.StatusCode.NOT_FOUND, "no such router", "ROUTER_NOT_FOUND")
    )
    async with AsyncClient(server.address) as made:
        with pytest.raises(client.NotFoundError) as raised:
            await made.routers.get("nowhere")
    assert raised.value.reason == "ROUTER_NOT_FOUND"


def test_details_that_cannot_be_read_are_left_out() -> None:
    from pointsman.client._errors import error_from_status

    error = error_from_status(grpc.StatusCode.ABORTED, None, [("grpc-status-details-bin", b"\xff\xff")])
    assert isinstance(error, client.AbortedError)
    assert "ABORTED" in str(error)


def test_a_read_is_repeated_while_the_server_is_away(server: Any, refusal: Any) -> None:
    away = refusal(grpc.StatusCode.UNAVAILABLE, "away")
    server.on("RouterService/GetRouter", away, away, router_pb2.Router(router_id="cancer"))
    with Client(server.address) as made:
        assert made.routers.get("cancer").router_id == "cancer"


async def test_the_asynchronous_client_repeats_reads_too(server: Any, refusal: Any) -> None:
    server.on(
        "RouterService/GetRouter", refusal(grpc.StatusCode.UNAVAILABLE), router_pb2.Router(router_id="cancer")
    )
    async with AsyncClient(server.address) as made:
        assert (await made.routers.get("cancer")).router_id == "cancer"


def test_a_read_is_not_repeated_for_ever(server: Any, refusal: Any) -> None:
    server.on("RouterService/GetRouter", refusal(grpc.StatusCode.UNAVAILABLE, "away"))
    with Client(server.address) as made, pytest.raises(client.UnavailableError):
        made.routers.get("cancer")
    assert len(server.asked("RouterService/GetRouter")) == 3


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
def test_a_change_is_never_repeated(server: Any, refusal: Any, code: grpc.StatusCode) -> None:
    server.on("PredictionService/Predict", refusal(code))
    with Client(server.address) as made, pytest.raises(client.ClientError):
        made.predict("cancer", {})
    assert len(server.asked("PredictionService/Predict")) == 1


def test_every_call_has_a_deadline_and_a_deployment_a_longer_one(server: Any) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router())
    server.on("RouterService/DeployRouter", router_pb2.DeployRouterResponse(endpoint="e"))
    with Client(server.address, timeout_seconds=5.0) as made:
        made.routers.get("cancer")
        assert 0 < server.seconds_left < 6.0
        made.routers.deploy("cancer")
        assert 30.0 < server.seconds_left < 41.0  # gRPC rounds up


def test_a_server_that_hangs_is_a_deadline_exceeded(server: Any) -> None:
    let_go = threading.Event()

    def hang(_: Any) -> router_pb2.Router:
        let_go.wait(10)
        return router_pb2.Router()

    server.on("RouterService/GetRouter", hang)
    with Client(server.address, timeout_seconds=0.05) as made, pytest.raises(client.DeadlineExceededError):
        made.routers.get("cancer")
    let_go.set()


def test_nobody_at_the_address_is_unavailable() -> None:
    with Client("127.0.0.1:1", timeout_seconds=2.0) as made, pytest.raises(client.UnavailableError):
        made.routers.stop("cancer")


def test_the_key_goes_with_every_call(server: Any) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router())
    with Client(server.address, api_key="pm_1_s") as made:
        made.routers.get("cancer")
        assert server.metadata["x-api-key"] == "pm_1_s"
    with Client(server.address) as made:
        made.routers.get("cancer")
        assert "x-api-key" not in server.metadata


def pages(request: router_pb2.ListRoutersRequest) -> router_pb2.ListRoutersResponse:
    number = int(request.page_token or 0)
    routers = [router_pb2.Router(router_id=f"r{number}")]
    return router_pb2.ListRoutersResponse(
        routers=routers, next_page_token=str(number + 1) if number < 2 else ""
    )


def test_a_list_goes_through_all_pages(server: Any) -> None:
    server.on("RouterService/ListRouters", pages)
    with Client(server.address) as made:
        found = [
            router.router_id for router in made.routers.list(status=client.RouterStatus.RUNNING, tag="t")
        ]
    assert found == ["r0", "r1", "r2"]
    asked = server.asked("RouterService/ListRouters")
    assert {(request.status, request.tag) for request in asked} == {(router_pb2.ROUTER_STATUS_RUNNING, "t")}


async def test_an_asynchronous_list_goes_through_all_pages(server: Any) -> None:
    server.on("RouterService/ListRouters", pages)
    async with AsyncClient(server.address) as made:
        assert [router.router_id async for router in made.routers.list()] == ["r0", "r1", "r2"]


def test_a_list_asks_for_a_page_when_it_is_reached(server: Any) -> None:
    server.on("RouterService/ListRouters", pages)
    with Client(server.address) as made:
        assert next(iter(made.routers.list())).router_id == "r0"
    assert len(server.asked("RouterService/ListRouters")) == 1


def test_changes_bring_what_they_change(server: Any, empty: Any) -> None:
    weights = router_pb2.VariantWeightsResponse(moved_share=0.2, moved_slots=2000)
    server.on("RouterService/BatchUpdateVariantWeights", weights)
    server.on("RouterService/ToggleVariant", weights)
    server.on("RouterService/UpdateRouter", router_pb2.Router())
    server.on("RouterService/DeleteRouter", empty)
    server.on("ModelService/SetModelVersionStage", model_pb2.ModelVersion(stage=model_pb2.STAGE_PRODUCTION))
    server.on("ApiKeyService/CreateApiKey", key_pb2.CreateApiKeyResponse(secret="pm_1_s"))
    with Client(server.address) as made:
        assert made.routers.set_weights("cancer", {"lr": 50, "gb": 50}, etag="e").moved_slots == 2000
        made.routers.toggle_variant("cancer", "gb", False)
        made.routers.update(client.Router("cancer", description="new"), ["description"])
        made.routers.delete("cancer")
        assert made.models.set_stage("cancer", "1", client.Stage.PRODUCTION).stage is client.Stage.PRODUCTION
        key = made.keys.create(scopes=[client.Scope.MLOPS_READ])
    (batch,) = server.asked("RouterService/BatchUpdateVariantWeights")
    assert ({weight.variant: weight.weight for weight in batch.weights}, batch.etag) == (
        {"lr": 50, "gb": 50},
        "e",
    )
    (toggle,) = server.asked("RouterService/ToggleVariant")
    assert (toggle.HasField("enabled"), toggle.enabled) == (True, False)
    (update,) = server.asked("RouterService/UpdateRouter")
    assert (update.update_mask.paths, update.router.description) == (["description"], "new")
    assert server.asked("ApiKeyService/CreateApiKey")[0].scopes == [key_pb2.SCOPE_MLOPS_READ]
    assert "pm_1_s" not in repr(key)


async def test_a_model_version_answers_to_a_row(server: Any) -> None:
    told = model_pb2.TestModelVersionResponse(model_id="loans", model_version="1")
    told.row.add(name="age", origin=model_pb2.FEATURE_ORIGIN_GIVEN).value.number_value = 41
    told.outputs["p"].number_value = 0.75
    told.backend_latency.FromMilliseconds(2)
    server.on("ModelService/TestModelVersion", told)
    with Client(server.address) as made:
        answer = made.models.test("loans", "1", {"age": 41}, timeout_seconds=60)
        assert server.seconds_left > 60
    async with AsyncClient(server.address) as made:
        assert await made.models.test("loans", "1", {"age": 41}, timeout_seconds=60) == answer
        await made.models.test("loans", "1")
    assert answer.row == (client.RowFeature("age", 41.0, client.FeatureOrigin.GIVEN),)
    assert (answer.prediction, answer.outputs) == (None, {"p": 0.75})
    assert answer.backend_latency == timedelta(milliseconds=2)
    first, _, made_up = server.asked("ModelService/TestModelVersion")
    assert (first.features["age"].number_value, first.timeout.seconds) == (41, 60)
    assert (dict(made_up.features), made_up.HasField("timeout")) == ({}, False)


@pytest.mark.parametrize(
    ("waiting", "asynchronous"),
    [
        (client.Client, client.AsyncClient),
        (client.Models, client.AsyncModels),
        (client.Routers, client.AsyncRouters),
        (client.Keys, client.AsyncKeys),
    ],
)
def test_the_clients_are_twins(waiting: Any, asynchronous: Any) -> None:
    def methods(kind: Any) -> dict[str, list[str]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(made).parameters) for name, made in found if not name.startswith("_")
        }

    assert methods(waiting) == methods(asynchronous)


def test_the_clients_cover_every_method_of_the_services(server: Any) -> None:
    from pointsman.client import _requests

    source = "".join(path.read_text() for path in Path(inspect.getfile(_requests)).parent.glob("*.py"))
    for file in (key_pb2, model_pb2, prediction_pb2, router_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                assert f'"{method.name}"' in source, f"{service.name}/{method.name} is missing"


def test_an_address_with_a_scheme_is_refused_when_the_client_is_made() -> None:
    with pytest.raises(ValueError, match="begins with http://; name only host and port"):
        Client("http://localhost:8500")


def test_a_scheme_of_grpc_itself_is_none_of_our_business() -> None:
    Client("dns:///localhost:8500").close()
