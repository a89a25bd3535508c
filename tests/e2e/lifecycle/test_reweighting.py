"""Weights changed under load: in effect at once, everywhere, and exactly as the slot table says."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pointsman.dataplane.replay import decide_again, read_kept_state
from pointsman.v1 import model_pb2, router_pb2, snapshot_pb2
from stage.control import Control
from stage.load import Load
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(240)]

ROUTERS = 10_000
CONNECTIONS = 64
ENTITIES = 2_000
IN_EFFECT_SECONDS = 0.050
"""Promised to users, so that it is judged as such: the test runs alone."""
CHANGES = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, backend: RecordingBackend) -> Iterator[Server]:
    """A server with ten thousand running routers."""
    folder = tmp_path_factory.mktemp("reweighting")
    write_routers(folder, backend.target)
    server = Server(folder, is_fork=False)
    yield server
    server.end()


def write_routers(folder: Path, target: str) -> None:
    """Puts running routers into the database that a server will start on: asking for each takes minutes."""
    from pointsman.domain.models import GrpcBackend, ModelVersion
    from pointsman.domain.routers import Router, RouterStatus
    from pointsman.domain.variants import Variant
    from pointsman.store import generations, model_versions
    from pointsman.store.database import Database
    from pointsman.store.migrate import migrate
    from pointsman.store.routing import routers

    (folder / "data").mkdir(mode=0o700)
    database = Database(f"sqlite:///{folder / 'data' / 'pointsman.db'}")
    migrate(database)
    with database.write_routing() as connection:
        generation = generations.advance(connection)
        stored = [
            model_versions.add(
                connection,
                ModelVersion(
                    "m",
                    version,
                    backend=GrpcBackend(target, "m"),
                    owner="local",
                    create_time_us=1,
                    changed_generation=generation,
                ),
            )
            for version in ("a", "b")
        ]
        keys = {model.key: model.row_key for model in stored}
        for number in range(ROUTERS):
            router = Router(
                f"r{number}",
                owner="local",
                variants=(Variant("a", "m", "a", 50), Variant("b", "m", "b", 50)),
                salt=number.to_bytes(16, "big"),
                slot_runs=(0, 5_000, 1, 5_000),
                status=RouterStatus.RUNNING,
                serving=True,
                create_time_us=1,
                deploy_time_us=1,
                changed_generation=generation,
            )
            routers.add(connection, router, keys)
    database.close()


@pytest.fixture(scope="module")
def control(server: Server) -> Iterator[Control]:
    control = Control(server.grpc)
    yield control
    control.close()


async def test_change_is_in_effect_within_fifty_milliseconds_and_receipts_are_true(
    server: Server, control: Control
) -> None:
    tables: dict[int, snapshot_pb2.SnapshotUpdate] = {}
    answered: list[tuple[float, int]] = []
    load = Load(server.grpc, "r77", CONNECTIONS, ENTITIES)
    running = asyncio.create_task(load.run())

    def reweight(weight: float) -> None:
        request = router_pb2.UpdateVariantWeightRequest(router_id="r77", variant="a", weight=weight)
        generation = control.routers.UpdateVariantWeight(request).generation
        answered.append((time.monotonic(), generation))
        tables[generation] = kept_state_at(server.data_dir, generation)

    try:
        await until(lambda: len(load.made) > 2_000, 60.0, "calls")
        tables[load.made[-1].generation] = read_kept_state(server.data_dir)
        for step in range(CHANGES):
            await asyncio.to_thread(reweight, float((13 * step + 10) % 100))
            seen = len(load.made)
            await until(partial(load.has_made, seen + 500), 60.0, "calls after the change")
    finally:
        load.stop()
        await running
    assert load.failures == []
    for answer_time, generation in answered:
        stale = [
            call
            for call in load.made
            if call.started > answer_time + IN_EFFECT_SECONDS and call.generation < generation
        ]
        assert stale == []
    check_receipts(load, tables)
    assert {call.generation for call in load.made} == set(tables)


def kept_state_at(data_dir: Path, generation: int) -> snapshot_pb2.SnapshotUpdate:
    """The state on disk, which follows the answer by a moment."""
    from stage.waiting import eventually

    return eventually(
        lambda: (state := read_kept_state(data_dir)).generation >= generation and state, 10, "the kept state"
    )


def check_receipts(load: Load, tables: dict[int, snapshot_pb2.SnapshotUpdate]) -> None:
    """Decides every call again by the table of the generation that its receipt names."""
    entities = sorted({call.entity_id for call in load.made})
    for generation, state in tables.items():
        assert state.generation == generation
        variants = decide_again(state, "r77", entities)
        wrong = [
            call
            for call in load.made
            if call.generation == generation and variants[call.entity_id] != call.variant
        ]
        assert wrong == []


def test_every_router_is_served(control: Control, server: Server) -> None:
    import grpc

    from stage.oip import infer, infer_request

    with grpc.insecure_channel(server.grpc) as channel:
        for number in (0, 1, 4_999, 9_999):
            infer(channel, infer_request(f"r{number}"))
    page = control.routers.ListRouters(router_pb2.ListRoutersRequest(page_size=1000))
    assert len(page.routers) == 1000


def test_moved_entities_are_as_few_as_the_answer_says(control: Control, server: Server) -> None:
    before = read_kept_state(server.data_dir)
    request = router_pb2.UpdateVariantWeightRequest(router_id="r5", variant="a", weight=25)
    answer = control.routers.UpdateVariantWeight(request)
    after = kept_state_at(server.data_dir, answer.generation)
    entities = [f"e{number}" for number in range(20_000)]
    first, second = (list(decide_again(state, "r5", entities).values()) for state in (before, after))
    moved = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    assert answer.moved_slots == 1667
    assert len(moved) / len(entities) == pytest.approx(answer.moved_share, abs=0.01)
    assert set(moved) == {("a", "b")}


def test_new_model_version_takes_its_routers_over(
    control: Control, server: Server, backend: RecordingBackend
) -> None:
    import grpc

    from stage.control import grpc_backend
    from stage.oip import infer, infer_request, receipt

    control.register("m", "c", grpc_backend(backend.target, "third"))
    got = control.routers.GetRouter(router_pb2.GetRouterRequest(router_id="r9"))
    del got.variants[:]
    got.variants.extend(
        router_pb2.Variant(name=name, model_id="m", model_version="c", weight=50) for name in ("x", "y")
    )
    changed = router_pb2.UpdateRouterRequest(router=got)
    changed.update_mask.paths.append("variants")
    control.routers.UpdateRouter(changed)
    with grpc.insecure_channel(server.grpc) as channel:
        reached = {receipt(infer(channel, infer_request("r9")))["variant"] for _ in range(40)}
    assert reached == {"x", "y"}
    assert backend.seen[-1].request.model_name == "third"
    used = model_pb2.DeleteModelVersionRequest(model_id="m", version="c")
    with pytest.raises(grpc.RpcError) as caught:
        control.models.DeleteModelVersion(used)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
