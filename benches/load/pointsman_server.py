"""pointsman as a contestant: started, given its routers over its own API, and reweighted while it works."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benches.load.contestants import MODEL_A, MODEL_B, Backends
from benches.load.processes import START_SECONDS, HarnessError, Program
from benches.load.sample import Contestant

if TYPE_CHECKING:
    import grpc.aio

UPDATES_PER_SECOND = 10
SETUP_CONCURRENCY = 16
CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running pointsman."""

    address: str
    pid: int


def start_server(stack: ExitStack, executable: Path, folder: Path, name: str) -> Server:
    """Starts ``pointsman serve`` with one data plane thread on an empty folder."""
    data = folder / name
    ready_file = folder / f"{name}.ready"
    command = [
        executable,
        "serve",
        *("--grpc", "127.0.0.1:0"),
        *("--http", "127.0.0.1:0"),
        *("--data-dir", data),
        *("--threads", "1"),
        *("--ready-file", ready_file),
    ]
    program = stack.enter_context(Program(name, command, folder / f"{name}.log", cwd=folder))
    return Server(json.loads(program.wait_for_file(ready_file))["grpc"], program.pid)


def create_routers(server: Server, backends: Backends, routers: dict[str, bool]) -> None:
    """Registers the two model versions and creates and deploys sticky 70/30 routers over them.

    Args:
        server: Where.
        backends: What answers.
        routers: Router ids, each with whether its predictions are recorded.
    """
    asyncio.run(_create_routers(server.address, backends, routers))


async def _create_routers(address: str, backends: Backends, routers: dict[str, bool]) -> None:
    import grpc.aio

    async with grpc.aio.insecure_channel(address) as channel:
        ports = (backends.rewritten_a, backends.rewritten_b)
        for version, (port, model) in enumerate(zip(ports, (MODEL_A, MODEL_B), strict=True), start=1):
            await _register(channel, str(version), port, model)
        places = asyncio.Semaphore(SETUP_CONCURRENCY)

        async def create(router_id: str, record: bool) -> None:
            async with places:
                await _create_router(channel, router_id, record)

        async with asyncio.TaskGroup() as group:
            for router_id, record in routers.items():
                group.create_task(create(router_id, record))


async def _register(channel: "grpc.aio.Channel", version: str, port: int, model: str) -> None:
    from pointsman.v1 import model_pb2, model_pb2_grpc

    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=f"127.0.0.1:{port}", model_name=model))
    request = model_pb2.RegisterModelVersionRequest(
        model_version=model_pb2.ModelVersion(model_id="echo", version=version, backend=backend)
    )
    await _stub(model_pb2_grpc.ModelServiceStub, channel).RegisterModelVersion(request, timeout=CALL_SECONDS)


async def _create_router(channel: "grpc.aio.Channel", router_id: str, record: bool) -> None:
    from pointsman.v1 import router_pb2, router_pb2_grpc

    stub = _stub(router_pb2_grpc.RouterServiceStub, channel)
    router = router_pb2.Router(
        router_id=router_id,
        strategy=router_pb2.STRATEGY_WEIGHTED,
        record_predictions=record,
        variants=[
            router_pb2.Variant(name="a", model_id="echo", model_version="1", weight=70),
            router_pb2.Variant(name="b", model_id="echo", model_version="2", weight=30),
        ],
    )
    await stub.CreateRouter(router_pb2.CreateRouterRequest(router=router), timeout=CALL_SECONDS)
    await stub.DeployRouter(router_pb2.DeployRouterRequest(router_id=router_id), timeout=CALL_SECONDS)


def _stub(kind: Any, channel: Any) -> Any:
    """Makes a stub; the generated ones carry no types."""
    return kind(channel)


@contextmanager
def updating_weights(server: Server, router_ids: list[str]) -> Iterator[list[float]]:
    """Updates weights of the routers in turn, ten times a second, while the context lasts.

    Yields:
        The seconds that each update took, filled as it goes.

    Raises:
        grpc.RpcError: At the end, when an update failed.
    """
    took: list[float] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def update() -> None:
        try:
            _update_until(stop, server, router_ids, took)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for this one
            failures.append(error)

    thread = threading.Thread(target=update, name="weight-updates")
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


def _update_until(stop: threading.Event, server: Server, router_ids: list[str], took: list[float]) -> None:
    import grpc

    from pointsman.v1 import router_pb2, router_pb2_grpc

    with grpc.insecure_channel(server.address) as channel:
        stub = _stub(router_pb2_grpc.RouterServiceStub, channel)
        started = time.monotonic()
        while not stop.wait(max(0.0, started + len(took) / UPDATES_PER_SECOND - time.monotonic())):
            number = len(took)
            request = router_pb2.UpdateVariantWeightRequest(
                router_id=router_ids[number % len(router_ids)], variant="a", weight=50 + number % 40
            )
            before = time.monotonic()
            stub.UpdateVariantWeight(request, timeout=CALL_SECONDS)
            took.append(time.monotonic() - before)


def wait_for_router(server: Server, router_id: str) -> None:
    """Waits until a router answers ModelReady.

    Raises:
        HarnessError: It does not in time.
    """
    import grpc

    request = bytes([10, len(router_id)]) + router_id.encode()
    give_up = time.monotonic() + START_SECONDS
    with grpc.insecure_channel(server.address) as channel:
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelReady"
        )
        while time.monotonic() < give_up:
            try:
                if ask(request, timeout=CALL_SECONDS, wait_for_ready=True):
                    return
            except grpc.RpcError as error:
                # What is raised is a call, too; the stubs do not say so.
                if cast("grpc.Call", error).code() is not grpc.StatusCode.NOT_FOUND:
                    raise
            time.sleep(0.02)
    raise HarnessError(f"{router_id}: not served within {START_SECONDS:.0f} s of the start")


def contestant(server: Server, name: str, router_id: str, receipt: str) -> Contestant:
    """Answers a router of a server as something to load."""
    return Contestant(name, server.address, router_id, server.pid, receipt)
