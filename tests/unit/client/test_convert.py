import dataclasses
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from google.protobuf.struct_pb2 import Value

from pointsman import client
from pointsman.client import Router, Task, Variant, _types
from pointsman.client import _requests as requests
from pointsman.client._convert import fill_message, from_value, to_plain, to_value
from pointsman.v1 import definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2

MESSAGE_NAMES = {
    "WindowBaseline": "CreateBaselineResponse",
    "Prediction": "PredictResponse",
    "AppliedDefinitions": "ApplyDefinitionsResponse",
    "Deployment": "DeployRouterResponse",
    "VariantWeights": "VariantWeightsResponse",
    "NewApiKey": "CreateApiKeyResponse",
    "Erasure": "EraseEntityResponse",
    "Rollback": "RollbackRouterResponse",
    "CanaryChange": "CanaryResponse",
    "Explanation": "ExplainPredictionResponse",
    "ReplayPart": "ReplayPredictionsResponse",
    "RoutingExplanation": "ExplainRoutingResponse",
    "ModelTest": "TestModelVersionResponse",
    "FeedbackReceipt": "RecordFeedbackResponse",
    "FeedbackValue": "RecordFeedbackRequest",
    "GroundTruth": "GroundTruthRecord",
    "GroundTruthReceipt": "AddGroundTruthResponse",
    "GroundTruthReport": "UploadGroundTruthResponse",
    "GroundTruthFileReport": "UploadGroundTruthFileResponse",
    "LoggedPredictions": "GetPredictionsResponse",
    "PerformanceHistory": "GetPerformanceHistoryResponse",
}
# What the call says, or uses to ask on, not its value.
SAID_BY_THE_CALL = {"FeedbackValue": {"wait"}, "ReplayPart": {"next_page_token"}}
FILES: tuple[ModuleType, ...] = (
    definition_pb2,
    drift_pb2,
    key_pb2,
    model_pb2,
    prediction_pb2,
    router_pb2,
)
# What is made of many answers, and of the file itself.
OF_NO_MESSAGE = (client.UploadedFile,)
PLAIN_CLASSES = [
    kind for kind in vars(_types).values() if dataclasses.is_dataclass(kind) and kind not in OF_NO_MESSAGE
]
ENUMERATIONS = [client.Stage, client.Task, client.Strategy, client.RouterStatus, client.VariantRole]
ENUMERATIONS += [client.VersionPinning, client.DecisionReason, client.RandomisedBy, client.FeedbackOutcome]
ENUMERATIONS += [client.Scope, client.FeedbackWait, client.PredictionOrder, client.RecordedContent]
ENUMERATIONS += [client.DefinitionKind, client.DefinitionOutcome, client.Fallback, client.RevisionKind]
ENUMERATIONS += [client.EntityRecording, client.RecordDurability, client.MetricType, client.MetricDirection]


def message_type(kind: Any) -> Any:
    name = MESSAGE_NAMES.get(kind.__name__, kind.__name__)
    return next(found for file in FILES if isinstance(found := getattr(file, name, None), type))


@pytest.mark.parametrize("kind", PLAIN_CLASSES, ids=lambda kind: kind.__name__)
def test_a_plain_class_has_the_fields_of_its_message(kind: Any) -> None:
    fields = set(message_type(kind).DESCRIPTOR.fields_by_name) - SAID_BY_THE_CALL.get(kind.__name__, set())
    assert {field.name for field in dataclasses.fields(kind)} == fields


@pytest.mark.parametrize("kind", PLAIN_CLASSES, ids=lambda kind: kind.__name__)
def test_an_empty_message_reads(kind: Any) -> None:
    assert isinstance(to_plain(kind, message_type(kind)()), kind)


@pytest.mark.parametrize("kind", ENUMERATIONS, ids=lambda kind: kind.__name__)
def test_an_enumeration_has_the_words_of_its_message(kind: Any) -> None:
    descriptor = next(
        file.DESCRIPTOR.enum_types_by_name[kind.__name__]
        for file in FILES
        if kind.__name__ in file.DESCRIPTOR.enum_types_by_name
    )
    common = descriptor.values[0].name.removesuffix("UNSPECIFIED")
    assert {value.name.removeprefix(common) for value in descriptor.values} == set(kind.__members__)


def test_a_model_version_comes_back_as_it_was_written() -> None:
    written = client.ModelVersion(
        "cancer",
        "1",
        client.OnnxBackend("cancer-lr.onnx"),
        client.Signature(
            inputs=(client.TensorSpec("input", "FP32", (-1, 2), ("a", "b")),),
            task=client.Task.CLASSIFICATION,
            labels=("malignant", "benign"),
            threshold=0.0,
            defaults={"a": None, "b": 2.0},
            prediction_holds=client.PredictionHolds.VALUE,
            classes=("1", "2"),
        ),
        metrics={"auc": 0.97},
        tags=("first",),
        create_time=datetime(2026, 11, 22, 10, 30, 0, 125, tzinfo=UTC),
    )
    message = model_pb2.ModelVersion()
    fill_message(message, written)
    assert to_plain(client.ModelVersion, message) == written


def test_a_router_comes_back_as_it_was_written() -> None:
    written = client.Router(
        "cancer",
        variants=(
            client.Variant("lr", "cancer", "1", 70.0, role=client.VariantRole.CONTROL),
            client.Variant("gb", "cancer", "2", 30.0, enabled=False),
        ),
        sticky=False,
        default_timeout=timedelta(milliseconds=1500),
        record_predictions=False,
        permissions=client.RouterPermissions(shared_user_ids=("ann",)),
        status=client.RouterStatus.RUNNING,
    )
    message = router_pb2.Router()
    fill_message(message, written)
    assert to_plain(client.Router, message) == written


def test_unset_flags_read_as_what_they_mean() -> None:
    router = to_plain(client.Router, router_pb2.Router(variants=[router_pb2.Variant(name="lr")]))
    assert (router.sticky, router.record_predictions, router.variants[0].enabled) == (None, True, True)


def test_a_mean_of_zero_is_not_an_unset_one() -> None:
    assert to_plain(client.VariantMetrics, router_pb2.VariantMetrics(mean_reward=0.0)).mean_reward == 0.0
    assert to_plain(client.VariantMetrics, router_pb2.VariantMetrics()).mean_reward is None


def test_a_word_of_a_newer_server_is_unspecified() -> None:
    router = router_pb2.Router()
    router.MergeFromString(b"\x28\x63")  # field 5, strategy: 99
    assert to_plain(client.Router, router).strategy is client.Strategy.UNSPECIFIED


@pytest.mark.parametrize("plain", [None, True, 0.5, "x", [1.0, None, "y"], {"a": [False]}, {}, []], ids=repr)
def test_values_come_back_as_they_were_written(plain: Any) -> None:
    assert from_value(to_value(plain)) == plain


def test_numpy_numbers_are_features_too() -> None:
    assert from_value(to_value(np.float32(0.5))) == 0.5
    assert from_value(to_value(np.array([1, 2]))) == [1.0, 2.0]


@pytest.mark.parametrize("number", [2**53, 2**53 + 1, -(2**53), 2**63 - 1, 2**64 - 1, -(2**63)])
def test_whole_numbers_that_a_double_may_round_are_sent_as_text(number: int) -> None:
    assert to_value(number) == Value(string_value=str(number))
    assert from_value(to_value([number, {"a": number}])) == [str(number), {"a": str(number)}]
    if 0 <= number < 2**64:
        assert to_value(np.uint64(number)) == Value(string_value=str(number))


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, -1])
def test_whole_numbers_that_a_double_holds_are_numbers(number: int) -> None:
    assert to_value(number) == Value(number_value=number)
    assert to_value(float(2**60)) == Value(number_value=2.0**60)


def test_a_whole_number_too_long_to_write_is_refused() -> None:
    with pytest.raises(ValueError, match="is no feature; send at most 64 bits"):
        to_value(10**5000)


@pytest.mark.parametrize(
    ("number", "said"),
    [(2**53 + 1, "value: 9007199254740993 is no double; .* 9007199254740992"), (10**400, "beyond what")],
)
def test_a_measured_value_between_two_doubles_is_refused(number: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fill_message(prediction_pb2.RecordFeedbackRequest(), client.FeedbackValue(number, "p"))
    message = prediction_pb2.RecordFeedbackRequest()
    fill_message(message, client.FeedbackValue(2**60, "p"))
    assert message.value == 2.0**60


def test_an_integer_is_not_a_boolean() -> None:
    assert to_value(1) == Value(number_value=1)
    assert to_value(True) == Value(bool_value=True)


def test_other_types_are_named() -> None:
    with pytest.raises(TypeError, match="is of type bytes; features are"):
        to_value(b"x")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"entity_id": 7}, "entity_id: 7 is of type int; it takes a string"),
        ({"variant": b"\xff"}, "variant: "),
        ({"features": {7: 1.0}}, "features: 7 is of type int; a name is a string"),
        ({"features": {"age": b"x"}}, r"features\['age'\]: b'x' is of type bytes; features are"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(given: dict[str, Any], told: str) -> None:
    whole: dict[str, Any] = {"router_id": "r", "features": {}, "entity_id": "", "variant": ""}
    with pytest.raises((TypeError, ValueError), match=told):
        requests.predict(**(whole | given))


def test_a_field_within_a_thing_is_named_too() -> None:
    told = r"variants\[0\].weight: '70' is of type str; it takes a number"
    with pytest.raises(TypeError, match=told):
        requests.create_router(Router("r", variants=[Variant("a", "m", "1", "70")]), False)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sticky: 'yes' is of type str; it takes True or False"):
        requests.create_router(Router("r", sticky="yes"), False)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="weight: '70' is of type str; it takes a number"):
        requests.set_weights("r", {"a": "70"}, "")  # type: ignore[dict-item]


@pytest.mark.parametrize("word", ["Production", "prod", "", 3, None, Task.REGRESSION])
def test_a_word_that_an_enumeration_lacks_is_refused_with_those_that_it_has(word: Any) -> None:
    with pytest.raises(TypeError, match=r"^stage: .* is not one of none, staging, production, archived$"):
        requests.set_stage("m", "1", word)


def test_a_wrong_word_within_is_named_by_its_place() -> None:
    role: Any = "boss"
    router = Router("r", variants=[Variant("a", "m", "1", 50), Variant("b", "m", "2", 50, role=role)])
    with pytest.raises(
        TypeError, match=r"^variants\[1\]\.role: 'boss' is not one of candidate, control, canary, shadow$"
    ):
        requests.create_router(router, validate_only=False)


def test_words_are_taken_as_text() -> None:
    word: Any = "production"
    asked: Any = requests.set_stage("m", "1", word).request
    assert asked.stage == model_pb2.STAGE_PRODUCTION
    scopes: Any = ["mlops:read"]
    asked = requests.create_key("u", scopes, admin=False, display_name="", expire_time=None).request
    assert list(asked.scopes) == [key_pb2.SCOPE_MLOPS_READ]
