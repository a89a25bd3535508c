"""The model registry."""

import grpc
import pytest
from google.protobuf.struct_pb2 import Value

from pointsman.errors import FieldViolation
from pointsman.v1 import model_pb2, router_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
GRPC = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target="127.0.0.1:8081"))


def signature(**fields):
    fields.setdefault("inputs", [model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 2])])
    return model_pb2.Signature(**fields)


def key(version, kind="Get"):
    return getattr(model_pb2, f"{kind}ModelVersionRequest")(model_id="cancer", version=version)


async def test_what_is_registered_is_read_back(bench):
    given = {
        "signature": signature(
            inputs=[
                model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 2], features=["age", "income"]),
                model_pb2.TensorSpec(name="note", datatype="BYTES", shape=[-1, 1]),
            ],
            outputs=[model_pb2.TensorSpec(name="p", datatype="FP32", shape=[-1, 2], features=[])],
            task=model_pb2.TASK_CLASSIFICATION,
            labels=["benign", "malignant"],
            probability_output="p",
            threshold=0.0,
            defaults={"age": Value(number_value=50), "note": Value(string_value="é")},
            feature_importances={"age": 0.5},
        ),
        "description": "a model",
        "run_uri": "mlflow://run/1",
        "metrics": {"auc": 0.97},
        "tags": ["prod", "lr"],
    }
    registered = await bench.local.register(**given)
    assert registered.owner == "local"
    assert registered.stage == model_pb2.STAGE_NONE
    assert registered.backend.grpc.model_name == "cancer"
    assert registered.signature == given["signature"]
    assert registered.metrics["auc"] == 0.97
    assert await bench.local.models.GetModelVersion(key("1")) == registered
    assert bench.replica.models["cancer", "1"].signature == given["signature"]
    assert bench.replica.probed == ["cancer/1"]


async def test_the_backend_fills_what_the_signature_leaves_open(bench):
    bench.replica.signature = signature(labels=["no", "yes"])
    registered = await bench.local.register(
        signature=model_pb2.Signature(labels=["benign", "malignant"], threshold=0.3)
    )
    assert registered.signature.inputs[0].name == "x"
    assert registered.signature.labels == ["benign", "malignant"]
    assert registered.signature.threshold == 0.3


async def test_a_backend_that_is_away_does_not_stop_a_registration(bench):
    bench.replica.down.add("cancer/1")
    registered = await bench.local.register()
    assert not registered.HasField("signature")
    [warning] = registered.warnings
    assert warning.startswith("backend.grpc: 127.0.0.1:8081: connection refused; start the backend")
    given = signature(labels=["no", "yes"])
    bench.replica.down.add("cancer/2")
    registered = await bench.local.register(version="2", signature=given)
    assert registered.signature == given


async def test_what_only_the_backend_could_say_is_needed_while_it_is_away(bench, failing):
    bench.replica.down.add("cancer/1")
    given = signature(inputs=[model_pb2.TensorSpec(features=["age", "income"])])
    refused = await failing(bench.local.register(signature=given))
    assert refused.code is INVALID
    for name in ("name", "datatype"):
        reason = refused.fields[f"model_version.signature.inputs[0].{name}"]
        assert "cannot be asked for it: 127.0.0.1:8081: connection refused" in reason


async def test_what_a_backend_contradicts_is_refused_by_every_field(bench, failing):
    wrong = {"signature.inputs[0].name": "is none of the inputs", "backend.grpc.model_name": "is not known"}
    bench.replica.contradictions["cancer/1"] = [FieldViolation(*said) for said in wrong.items()]
    refused = await failing(bench.local.register(signature=signature()))
    assert refused.code is INVALID
    assert refused.fields == {f"model_version.{field}": reason for field, reason in wrong.items()}
    assert (await failing(bench.local.models.GetModelVersion(key("1")))).code is grpc.StatusCode.NOT_FOUND


async def test_what_was_filled_in_and_not_checked_is_answered_once_and_not_kept(bench):
    bench.replica.filled_in = ("signature.labels: 'no', 'yes'",)
    bench.replica.warnings = ("signature.outputs: not described",)
    bench.replica.signature = signature(labels=["no", "yes"])
    registered = await bench.local.register()
    assert list(registered.filled_in) == ["signature.labels: 'no', 'yes'"]
    assert list(registered.warnings) == ["signature.outputs: not described"]
    read = await bench.local.models.GetModelVersion(key("1"))
    assert (list(read.filled_in), list(read.warnings)) == ([], [])
    assert read.signature == registered.signature


async def test_a_tensor_given_in_part_is_completed(bench):
    bench.replica.signature = signature()
    given = signature(inputs=[model_pb2.TensorSpec(features=["age", "income"])])
    registered = await bench.local.register(signature=given)
    [tensor] = registered.signature.inputs
    assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("x", "FP32", [-1, 2])
    assert list(tensor.features) == ["age", "income"]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        (
            {
                "inputs": [
                    model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 10], features="abcdefghi")
                ]
            },
            "inputs[0].features",
        ),
        ({"defaults": {"age": Value(number_value=1)}}, 'defaults["age"]'),
        ({"labels": ["a", "b", "c"], "threshold": 0.5}, "threshold"),
    ],
)
@pytest.mark.parametrize("has_backend", [True, False])
async def test_what_contradicts_itself_is_refused_whether_or_not_the_backend_answers(
    bench, failing, said, path, has_backend
):
    bench.replica.down.add("cancer/1")
    backend = {} if has_backend else {"backend": None}
    refused = await failing(bench.local.register(signature=signature(**said), **backend))
    assert refused.code is INVALID
    assert f"model_version.signature.{path}" in refused.fields


async def test_a_version_is_registered_once_and_again_after_deletion(bench, failing):
    await bench.local.register()
    assert (await failing(bench.local.register())).code is grpc.StatusCode.ALREADY_EXISTS
    await bench.local.models.DeleteModelVersion(key("1", "Delete"))
    assert ("cancer", "1") not in bench.replica.models
    await bench.local.register(description="again")
    assert ("cancer", "1") in bench.replica.models


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"model_id": ""}, "model_version.model_id"),
        ({"model_id": "a b"}, "model_version.model_id"),
        ({"version": "x/y"}, "model_version.version"),
        ({"backend": model_pb2.Backend()}, "model_version.backend"),
        *(
            (
                {"backend": model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target))},
                "model_version.backend.grpc.target",
            )
            for target in (
                "",
                "localhost",
                "http://localhost:80",
                "localhost:0",
                "localhost:70000",
                "a:1,,b:2",
                ":8081",
                "bäckend:8081",
                "<host>:8081",
                "${HOST}:8081",
                "user@host:8081",
                "[::1%eth0]:8081",
                "host:８０８１",
            )
        ),
        *(
            (
                {"backend": model_pb2.Backend(onnx=model_pb2.OnnxBackend(path=path))},
                "model_version.backend.onnx.path",
            )
            for path in ("", "/etc/passwd", "../x.onnx", "a/../../x.onnx", "~/x.onnx", "a\\b.onnx", "x\x00")
        ),
        (
            {"signature": signature(inputs=[model_pb2.TensorSpec(name="x", datatype="FLOAT")])},
            "model_version.signature.inputs[0].datatype",
        ),
        (
            {"signature": signature(inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-2])])},
            "model_version.signature.inputs[0].shape[0]",
        ),
        (
            {"signature": signature(inputs=[model_pb2.TensorSpec(name="x", datatype="FP32")] * 2)},
            "model_version.signature.inputs[1].name",
        ),
        ({"signature": signature(threshold=1.5)}, "model_version.signature.threshold"),
        ({"signature": signature(labels=["a", "a"])}, "model_version.signature.labels[1]"),
        (
            {
                "signature": signature(
                    outputs=[model_pb2.TensorSpec(name="p", datatype="FP32")], prediction_output="q"
                )
            },
            "model_version.signature.prediction_output",
        ),
        ({"metrics": {"auc": float("nan")}}, "model_version.metrics['auc']"),
    ],
)
async def test_a_wrong_model_version_is_refused_by_the_field(bench, failing, fields, path):
    failure = await failing(bench.local.register(**fields))
    assert failure.code is INVALID
    assert path in failure.fields, failure


@pytest.mark.parametrize("target", ["h:1", "[::1]:8081", "a:1,b:2", "10.0.0.1:80", "a.b-c_d:65535"])
async def test_good_targets(bench, target):
    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target))
    assert (await bench.local.register(backend=backend)).backend.grpc.target == target


async def test_promotion_archives_the_predecessor_which_can_come_back(bench):
    for version in ("1", "2"):
        await bench.local.register(version=version)

    async def stage(version, stage):
        await bench.local.models.SetModelVersionStage(
            model_pb2.SetModelVersionStageRequest(model_id="cancer", version=version, stage=stage)
        )
        answer = await bench.local.models.ListModelVersions(model_pb2.ListModelVersionsRequest())
        published = [bench.replica.models["cancer", version].stage for version in ("1", "2")]
        assert published == [model.stage for model in answer.model_versions]
        return [model_pb2.Stage.Name(number).removeprefix("STAGE_") for number in published]

    assert await stage("1", model_pb2.STAGE_PRODUCTION) == ["PRODUCTION", "NONE"]
    assert await stage("2", model_pb2.STAGE_PRODUCTION) == ["ARCHIVED", "PRODUCTION"]
    assert await stage("2", model_pb2.STAGE_PRODUCTION) == ["ARCHIVED", "PRODUCTION"]
    assert await stage("1", model_pb2.STAGE_PRODUCTION) == ["PRODUCTION", "ARCHIVED"]
    assert await stage("1", model_pb2.STAGE_STAGING) == ["STAGING", "ARCHIVED"]


async def test_a_stage_must_be_said(bench, failing):
    await bench.local.register()
    request = model_pb2.SetModelVersionStageRequest(model_id="cancer", version="1")
    assert list((await failing(bench.local.models.SetModelVersionStage(request))).fields) == ["stage"]


async def test_a_version_in_use_is_not_deleted(bench, cancer, failing):
    failure = await failing(cancer.models.DeleteModelVersion(key("1", "Delete")))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "'cancer'" in failure.message
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    await cancer.models.DeleteModelVersion(key("1", "Delete"))
    missing = await failing(cancer.models.GetModelVersion(key("1")))
    assert missing.code is grpc.StatusCode.NOT_FOUND


async def test_lists_are_filtered_and_paged(bench):
    for model_id in ("b", "a"):
        for version in ("2", "1", "10"):
            await bench.local.register(model_id, version, tags=[f"t{version}"])

    async def listed(**filters):
        answer = await bench.local.models.ListModelVersions(model_pb2.ListModelVersionsRequest(**filters))
        return [f"{m.model_id}{m.version}" for m in answer.model_versions], answer.next_page_token

    assert (await listed())[0] == ["a2", "a1", "a10", "b2", "b1", "b10"]
    assert (await listed(model_id="b"))[0] == ["b2", "b1", "b10"]
    assert (await listed(tag="t10"))[0] == ["a10", "b10"]
    assert (await listed(stage=model_pb2.STAGE_PRODUCTION))[0] == []
    first, token = await listed(page_size=4)
    second, end = await listed(page_size=4, page_token=token)
    assert first + second == (await listed())[0]
    assert end == ""


async def test_validate_only_registers_nothing(bench, failing):
    request = model_pb2.RegisterModelVersionRequest(
        model_version=model_pb2.ModelVersion(model_id="cancer", version="1", backend=GRPC),
        validate_only=True,
    )
    assert (await bench.local.models.RegisterModelVersion(request)).model_id == "cancer"
    assert (await failing(bench.local.models.GetModelVersion(key("1")))).code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("said", "path", "reason"),
    [
        ({"labels": ["a", "b"], "classes": ["1", "2", "3"]}, "labels", "are 2"),
        ({"classes": ["1", "1"]}, "classes[1]", "occurs twice"),
        (
            {"classes": ["1", "2"], "prediction_holds": model_pb2.PREDICTION_HOLDS_INDEX},
            "prediction_holds",
            "is index, but classes are",
        ),
        (
            {"labels": ["one"], "prediction_holds": model_pb2.PREDICTION_HOLDS_VALUE},
            "labels[0]",
            "no whole number",
        ),
    ],
)
async def test_classes_that_cannot_agree_are_refused_by_their_field(bench, failing, said, path, reason):
    outputs = [model_pb2.TensorSpec(name="label", datatype="INT64", shape=[-1])]
    refused = await failing(bench.local.register(signature=signature(outputs=outputs, **said)))
    assert refused.code is INVALID
    assert reason in refused.fields[f"model_version.signature.{path}"]


async def test_classes_are_kept_and_published(bench):
    given = signature(
        outputs=[model_pb2.TensorSpec(name="label", datatype="INT64", shape=[-1])],
        labels=["one", "two"],
        classes=["1", "2"],
        prediction_holds=model_pb2.PREDICTION_HOLDS_VALUE,
    )
    registered = await bench.local.register(signature=given)
    assert registered.signature == given
    assert await bench.local.models.GetModelVersion(key("1")) == registered
    assert bench.replica.models["cancer", "1"].signature == given
