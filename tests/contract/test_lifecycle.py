"""A router's life as its callers see it."""

import asyncio

import grpc
import pytest

from pointsman.v1 import model_pb2, router_pb2


async def test_a_new_router_is_registered_and_published(bench, cancer):
    router = await cancer.get()
    assert router.status == router_pb2.ROUTER_STATUS_REGISTERED
    assert router.endpoint == ""
    assert [variant.effective_share for variant in router.variants] == pytest.approx([0.7, 0.3])
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_REGISTERED"
    assert bench.replica.slot_share("cancer", "lr") == 0.7


async def test_a_deployed_router_runs_and_names_its_endpoint(bench, cancer):
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert answer.endpoint == answer.router.endpoint == "127.0.0.1:8500"
    assert answer.router.HasField("deploy_time")
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_RUNNING"
    assert bench.replica.generation == answer.router.generation
    assert sorted(bench.replica.probed[-2:]) == ["cancer/1", "cancer/2"]


async def test_running_is_not_said_before_the_data_plane_serves(bench, cancer):
    said = []
    publish = bench.replica.publish

    def spy(update):
        # What a reader is told while the deployment is being published.
        with bench.plane.parts.database.read() as connection:
            said.append(connection.exec_driver_sql("SELECT status FROM routers").scalar_one())
        return publish(update)

    bench.replica.publish = spy
    await cancer.deploy()
    published = [
        update.changed_routers[0].status for update in bench.replica.updates if update.changed_routers
    ]
    first_serving = published.index(router_pb2.ROUTER_STATUS_RUNNING) - len(published)
    assert said[first_serving] == "deploying"


async def test_a_deployment_stores_what_the_backend_says_of_itself(bench, cancer):
    bench.replica.signature = model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="input", datatype="FP32", shape=[-1, 30])]
    )
    await cancer.deploy()
    model = await cancer.models.GetModelVersion(
        model_pb2.GetModelVersionRequest(model_id="cancer", version="1")
    )
    assert model.signature.inputs[0].name == "input"
    assert bench.replica.models["cancer", "1"].signature.inputs[0].shape == [-1, 30]


async def test_a_backend_that_is_away_fails_the_deployment_and_names_the_variant(bench, cancer):
    bench.replica.down.add("cancer/2")
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_FAILED
    assert answer.endpoint == ""
    assert "variant 'gb' (cancer/2)" in answer.router.status_message
    assert "start the backend" in answer.router.status_message
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_FAILED"
    bench.replica.down.clear()
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert answer.router.status_message == ""


async def test_a_disabled_variant_needs_no_backend(bench, cancer):
    await cancer.register(version="3")
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(
                router_id="cancer",
                variants=[
                    *(await cancer.get()).variants,
                    router_pb2.Variant(
                        name="new", model_id="cancer", model_version="3", weight=1, enabled=False
                    ),
                ],
            )
        )
    )
    bench.replica.down.add("cancer/3")
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_RUNNING


async def test_a_router_that_the_data_plane_refuses_fails(bench, cancer):
    bench.replica.refuse_router = "cancer"
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_FAILED
    assert "refused by the test" in answer.router.status_message
    other = await cancer.create("other")
    assert bench.replica.generation == other.generation


async def test_all_backends_are_asked_at_the_same_time(bench, cancer):
    import threading

    both = threading.Barrier(2, timeout=10)
    bench.replica.on_probe = lambda _: both.wait()
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_RUNNING


async def test_a_deployment_goes_on_when_its_caller_goes_away(bench, cancer):
    import threading

    asked, answer = threading.Event(), threading.Event()

    def hold(_):
        asked.set()
        assert answer.wait(10)

    bench.replica.on_probe = hold
    call = cancer.deploy()
    task = asyncio.ensure_future(call)
    await asyncio.to_thread(asked.wait, 10)
    task.cancel()
    answer.set()
    while (router := await cancer.get()).status == router_pb2.ROUTER_STATUS_DEPLOYING:
        pass
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING


async def test_stop_and_start(bench, cancer, failing):
    await cancer.deploy()
    stopped = await cancer.routers.StopRouter(router_pb2.StopRouterRequest(router_id="cancer"))
    assert stopped.status == router_pb2.ROUTER_STATUS_STOPPED
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_STOPPED"
    started = await cancer.routers.StartRouter(router_pb2.StartRouterRequest(router_id="cancer"))
    assert started.router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert started.router.variants == stopped.variants


@pytest.mark.parametrize(
    ("prepare", "method", "way_out"),
    [
        ((), "StopRouter", "deploy it"),
        ((), "StartRouter", "deploy it"),
        (("DeployRouter",), "DeployRouter", "stop it first"),
        (("DeployRouter",), "StartRouter", "stop it first"),
        (("DeployRouter", "StopRouter"), "StopRouter", "StartRouter"),
    ],
)
async def test_a_step_that_is_not_possible_is_refused_with_the_way_out(
    bench, cancer, failing, prepare, method, way_out
):
    async def call(name):
        return await getattr(cancer.routers, name)(getattr(router_pb2, f"{name}Request")(router_id="cancer"))

    for name in prepare:
        await call(name)
    before = await cancer.get()
    failure = await failing(call(method))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "ROUTER_STATUS"
    assert way_out in failure.message
    assert await cancer.get() == before


async def test_a_deleted_router_is_gone_and_its_id_is_free(bench, cancer, failing):
    await cancer.deploy()
    before = await cancer.get()
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    assert "cancer" not in bench.replica.routers
    assert (await failing(cancer.get())).code is grpc.StatusCode.NOT_FOUND
    again = await cancer.create()
    assert again.etag != before.etag
    assert bench.replica.status_of("cancer") == "ROUTER_STATUS_REGISTERED"


async def test_a_router_is_not_deleted_while_it_deploys(bench, cancer, failing):
    import threading

    asked, answer = threading.Event(), threading.Event()

    def hold(_):
        asked.set()
        assert answer.wait(10)

    bench.replica.on_probe = hold
    deploying = asyncio.ensure_future(cancer.deploy())
    await asyncio.to_thread(asked.wait, 10)
    failure = await failing(cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer")))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "deploying" in failure.message
    answer.set()
    assert (await deploying).router.status == router_pb2.ROUTER_STATUS_RUNNING
