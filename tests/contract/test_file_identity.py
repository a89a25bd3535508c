"""Model versions of ONNX files keep the SHA-256 of the file that was registered."""

import grpc
import pytest

from pointsman.domain.ports.replica import FileFault
from pointsman.v1 import definition_pb2, model_pb2, router_pb2

from .by_hand import run_all
from .conftest import a_router

ONE, OTHER = "1a" * 32, "2b" * 32


@pytest.fixture
def database_url(each_database_url):
    return each_database_url


def onnx(path="m.onnx", sha256=""):
    return model_pb2.Backend(onnx=model_pb2.OnnxBackend(path=path, sha256=sha256))


def get(user, version="1"):
    return user.models.GetModelVersion(model_pb2.GetModelVersionRequest(model_id="cancer", version=version))


async def apply(user, backend):
    model = model_pb2.ModelVersion(model_id="cancer", version="1", backend=backend)
    definitions = [definition_pb2.Definition(model=model)]
    return await user.definitions.ApplyDefinitions(
        definition_pb2.ApplyDefinitionsRequest(definitions=definitions)
    )


@pytest.fixture
async def two(bench):
    """A running router of two versions, which were registered from one path with two files."""
    user = bench.local
    for version, sha256 in (("1", ONE), ("2", OTHER)):
        bench.replica.files["m.onnx"] = sha256
        await user.register(version=version, backend=onnx())
    await user.create()
    bench.replica.on_probe = lambda model: bench.replica.files.update({"m.onnx": model.backend.onnx.sha256})
    await user.deploy()
    return user


async def test_a_version_keeps_the_digest_of_its_file(bench):
    bench.replica.files["m.onnx"] = ONE
    registered = await bench.local.register(backend=onnx())
    assert registered.backend.onnx.sha256 == ONE
    bench.replica.files["m.onnx"] = OTHER
    assert (await get(bench.local)).backend.onnx.sha256 == ONE
    assert bench.replica.models["cancer", "1"].backend.onnx.sha256 == ONE
    later = await bench.local.register(version="2", backend=onnx(sha256=OTHER))
    assert later.backend.onnx.sha256 == OTHER


async def test_a_file_of_another_digest_than_given_is_not_registered(bench, failing):
    bench.replica.files["m.onnx"] = ONE
    failure = await failing(bench.local.register(backend=onnx(sha256=OTHER)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    told = failure.fields["model_version.backend.onnx.sha256"]
    assert ONE in told
    assert OTHER in told
    assert (await failing(get(bench.local))).code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("wrong", ["1a", "1A" * 32, "1g" * 32, f"{ONE}1a", f"{ONE}\n"])
async def test_what_is_no_digest_is_refused_by_its_field(bench, failing, wrong):
    failure = await failing(bench.local.register(backend=onnx(sha256=wrong)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == ["model_version.backend.onnx.sha256"]


async def test_a_deployment_needs_the_registered_file(bench):
    user = bench.local
    bench.replica.files["m.onnx"] = ONE
    for version in ("1", "2"):
        await user.register(version=version, backend=onnx())
    await user.create()
    bench.replica.files["m.onnx"] = OTHER
    failed = (await user.deploy()).router
    assert failed.status == router_pb2.ROUTER_STATUS_FAILED
    assert ONE in failed.status_message
    assert OTHER in failed.status_message
    bench.replica.files["m.onnx"] = ONE
    assert (await user.deploy()).router.status == router_pb2.ROUTER_STATUS_RUNNING


async def test_definitions_with_or_without_the_digest_are_the_registered_version(bench):
    bench.replica.files["m.onnx"] = ONE
    assert (await apply(bench.local, onnx())).changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_CREATED
    unchanged = definition_pb2.DEFINITION_OUTCOME_UNCHANGED
    assert (await apply(bench.local, onnx())).changes[0].outcome == unchanged
    assert (await apply(bench.local, onnx(sha256=ONE))).changes[0].outcome == unchanged
    assert (await get(bench.local)).backend.onnx.sha256 == ONE


@pytest.mark.parametrize("backend", [onnx(sha256=OTHER), onnx("other.onnx"), onnx("other.onnx", ONE)])
async def test_definitions_of_another_file_are_refused(bench, failing, backend):
    bench.replica.files.update({"m.onnx": ONE, "other.onnx": ONE})
    await apply(bench.local, onnx())
    failure = await failing(apply(bench.local, backend))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "MODEL_VERSION_DIFFERS"
    assert (await get(bench.local)).backend.onnx.path == "m.onnx"


async def test_the_status_names_variants_whose_file_is_not_the_registered_one(bench, two):
    assert (await two.get()).status_message == ""
    bench.replica.faults = (FileFault("m.onnx", ONE, is_served=False, reason="it has another digest"),)
    router = await two.get()
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert router.status_message == "variant 'lr': not served here: it has another digest"
    listed = await two.routers.ListRouters(router_pb2.ListRoutersRequest())
    assert listed.routers[0].status_message == router.status_message
    assert (await get(two, "1")).backend_fault == "not served here: it has another digest"
    assert (await get(two, "2")).backend_fault == ""
    models = await two.models.ListModelVersions(model_pb2.ListModelVersionsRequest())
    assert [bool(model.backend_fault) for model in models.model_versions] == [True, False]


async def test_a_file_that_changed_behind_a_loaded_one_is_told_and_no_more(bench, two):
    bench.replica.faults = (FileFault("m.onnx", OTHER, is_served=True, reason="it changed on disk"),)
    router = await two.get()
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert router.status_message == "variant 'gb': it changed on disk"
    bench.replica.faults = ()
    assert (await two.get()).status_message == ""


async def test_a_router_that_failed_keeps_its_own_reason(bench, two):
    stop = router_pb2.StopRouterRequest(router_id="cancer")
    await two.routers.StopRouter(stop)
    bench.replica.on_probe = None
    bench.replica.down = {"cancer/1"}
    reason = (await two.deploy()).router.status_message
    bench.replica.faults = (FileFault("m.onnx", ONE, is_served=False, reason="it has another digest"),)
    assert reason
    assert (await two.get()).status_message == reason


async def test_what_is_wrong_with_files_is_no_part_of_a_router_that_is_changed(bench, two):
    bench.replica.faults = (FileFault("m.onnx", ONE, is_served=False, reason="it has another digest"),)
    request = router_pb2.UpdateRouterRequest(router=a_router(description="new"))
    request.update_mask.paths.append("description")
    await two.routers.UpdateRouter(request)
    bench.replica.faults = ()
    assert (await two.get()).status_message == ""


async def test_files_that_changed_are_among_what_is_degraded_until_they_are_right_again(bench):
    fault = FileFault("m.onnx", ONE, is_served=True, reason=f"is another file now: {OTHER}")
    bench.replica.faults = (fault,)
    run_all(bench.plane, "model-files")
    assert bench.plane.degraded == [f"file 'm.onnx': is another file now: {OTHER}"]
    bench.replica.faults = ()
    run_all(bench.plane, "model-files")
    assert bench.plane.degraded == []
