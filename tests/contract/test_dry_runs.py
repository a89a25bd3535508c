"""One row through a model version: what is asked of the data plane, and what becomes of its answer."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value

from pointsman.errors import FieldViolation
from pointsman.v1 import dry_run_pb2, model_pb2, record_pb2

ROW = {"age": Value(number_value=41)}
GIVEN = model_pb2.Signature(
    inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 1], features=["age"])],
    outputs=[model_pb2.TensorSpec(name="y", datatype="FP32", shape=[-1, 1])],
)


def request_for(version="1", **fields):
    return model_pb2.TestModelVersionRequest(model_id="cancer", version=version, **fields)


async def test_the_row_goes_to_the_data_plane_with_the_signature_that_a_deployment_would_set(bench):
    bench.replica.down.add("cancer/1")
    await bench.local.register()
    bench.replica.down.clear()
    bench.replica.signature = GIVEN
    answer = model_pb2.TestModelVersionResponse(
        model_id="cancer",
        model_version="1",
        row=[model_pb2.RowFeature(name="age", origin=model_pb2.FEATURE_ORIGIN_GIVEN)],
        prediction=Value(number_value=3),
    )
    bench.replica.dry_run_answer = dry_run_pb2.DryRunAnswer(response=answer)
    generation = bench.replica.generation
    assert await bench.local.models.TestModelVersion(request_for(features=ROW)) == answer
    [(asked, timeout_seconds)] = bench.replica.dry_runs
    assert (asked.model.model_id, asked.model.version) == ("cancer", "1")
    assert asked.model.signature == GIVEN
    assert dict(asked.features) == ROW
    assert 0 < timeout_seconds <= 2
    stored = await bench.local.models.GetModelVersion(
        model_pb2.GetModelVersionRequest(model_id="cancer", version="1")
    )
    assert not stored.HasField("signature")
    assert bench.replica.generation == generation


async def test_the_backend_has_the_time_that_the_caller_names(bench, failing):
    await bench.local.register()
    await bench.local.models.TestModelVersion(request_for(timeout=Duration(seconds=60)))
    assert 50 < bench.replica.dry_runs[0][1] <= 60
    for wrong in (Duration(), Duration(seconds=-1), Duration(seconds=301)):
        refused = await failing(bench.local.models.TestModelVersion(request_for(timeout=wrong)))
        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
        assert list(refused.fields) == ["timeout"]


async def test_what_the_data_plane_refuses_is_told_in_its_words(bench, failing):
    await bench.local.register()
    for code, fields in (
        (grpc.StatusCode.INVALID_ARGUMENT, {"features.age": "missing"}),
        (grpc.StatusCode.FAILED_PRECONDITION, {}),
        (grpc.StatusCode.UNAVAILABLE, {}),
        (grpc.StatusCode.DEADLINE_EXCEEDED, {}),
        # A backend may answer whatever it likes.
        (grpc.StatusCode.INTERNAL, {}),
        (grpc.StatusCode.OUT_OF_RANGE, {}),
    ):
        refusal = record_pb2.FeedbackRefusal(
            code=code.value[0],
            message="so it is",
            fields=[record_pb2.FieldFault(field=name, description=said) for name, said in fields.items()],
        )
        bench.replica.dry_run_answer = dry_run_pb2.DryRunAnswer(refusal=refusal)
        refused = await failing(bench.local.models.TestModelVersion(request_for()))
        assert (refused.code, refused.message, refused.fields) == (code, "so it is", fields)


async def test_a_backend_that_is_away_is_unavailable(bench, failing):
    bench.replica.down.add("cancer/1")
    await bench.local.register()
    refused = await failing(bench.local.models.TestModelVersion(request_for()))
    assert refused.code is grpc.StatusCode.UNAVAILABLE
    assert "127.0.0.1:8081" in refused.message
    assert not bench.replica.dry_runs


async def test_a_backend_that_contradicts_its_registration_is_told_with_the_way_out(bench, failing):
    bench.replica.down.add("cancer/1")
    await bench.local.register(signature=GIVEN)
    bench.replica.down.clear()
    bench.replica.contradictions["cancer/1"] = [FieldViolation("signature.inputs[0].shape", "is [-1, 2]")]
    refused = await failing(bench.local.models.TestModelVersion(request_for()))
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "signature.inputs[0].shape: is [-1, 2]; register a version that fits" in refused.message
    assert not bench.replica.dry_runs


@pytest.mark.parametrize("version", ["monitored", "absent", "not valid"])
async def test_what_cannot_be_asked_is_refused(bench, failing, version):
    await bench.local.register(version="monitored", backend=None)
    refused = await failing(bench.local.models.TestModelVersion(request_for(version)))
    assert (
        refused.code
        is {
            "monitored": grpc.StatusCode.FAILED_PRECONDITION,
            "absent": grpc.StatusCode.NOT_FOUND,
            "not valid": grpc.StatusCode.INVALID_ARGUMENT,
        }[version]
    )


async def test_a_file_is_not_read_twice(bench):
    backend = model_pb2.Backend(onnx=model_pb2.OnnxBackend(path="a.onnx"))
    await bench.local.register(backend=backend, signature=GIVEN)
    bench.replica.probed.clear()
    await bench.local.models.TestModelVersion(request_for())
    assert not bench.replica.probed
    assert bench.replica.dry_runs[0][0].model.backend.onnx.sha256 == "a" * 64
