"""pointsman as a contestant: started, given its routers over its own API, and reweighted while it works."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benches.load.contestants import MODEL_A, MODEL_B, Backends
from benches.load.processes import START_SECONDS, HarnessError, Program
from benches.load.sample import Contestant

if TYPE_CHECKING:
    from pointsman.v1 import model_pb2, router_pb2

UPDATES_PER_SECOND = 10
CALL_SECONDS = 60.0
MODEL = "echo"
"""The model's id."""


@dataclass(frozen=True)
class Server:
    """A running pointsman."""

    address: str
    http_address: str
    pid: int
    data_dir: Path


def start_server(
    stack: ExitStack,
    executable: Path,
    folder: Path,
    name: str,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Starts ``pointsman serve`` with one data plane thread, on an empty folder the first time.

    Args:
        stack: What ends it.
        executable: The installed command.
        folder: Where its data folder, its log and its ready file go.
        name: The name of all of them.
        environment: Settings.
    """
    data = folder / name
    ready_file = folder / f"{name}.ready"
    # A run before left one.
    ready_file.unlink(missing_ok=True)
    command = [
        executable,
        "serve",
        *("--grpc", "127.0.0.1:0"),
        *("--http", "127.0.0.1:0"),
        *("--data-dir", data),
        *("--threads", "1"),
        *("--ready-file", ready_file),
    ]
    log = folder / f"{name}.log"
    program = stack.enter_context(Program(name, command, log, cwd=folder, environment=environment))
    ready = json.loads(program.wait_for_file(ready_file))
    # Versions that do not say it had one build only.
    if (build := ready.get("build", "release")) != "release":
        raise HarnessError(f"{executable}: a {build} build; figures are those of a release: make release")
    return Server(ready["grpc"], ready["http"], program.pid, data)


def create_router(
    server: Server,
    backends: Backends,
    router_id: str,
    *,
    record: bool = False,
    signature: "model_pb2.Signature | None" = None,
) -> None:
    """Registers the two model versions and creates and deploys a sticky 70/30 router over them.

    Args:
        server: Where.
        backends: What answers.
        router_id: The router's id.
        record: Whether its predictions are recorded.
        signature: What the model takes and gives; None leaves it to the backend to say.
    """
    from pointsman.v1 import router_pb2

    router = router_pb2.Router(
        router_id=router_id,
        strategy=router_pb2.STRATEGY_WEIGHTED,
        record_predictions=record,
        variants=[
            router_pb2.Variant(name="a", model_id=MODEL, model_version="1", weight=70),
            router_pb2.Variant(name="b", model_id=MODEL, model_version="2", weight=30),
        ],
    )
    deploy_router(server, backends, router, signature)


def deploy_router(
    server: Server,
    backends: Backends,
    router: "router_pb2.Router",
    signature: "model_pb2.Signature | None" = None,
) -> None:
    """Registers the two model versions and creates and deploys a router over them.

    Args:
        server: Where.
        backends: What answers.
        router: The router; its variants are of :data:`MODEL`, version 1 or 2.
        signature: What the model takes and gives; None leaves it to the backend to say.
    """
    import grpc

    from pointsman.v1 import router_pb2, router_pb2_grpc

    with grpc.insecure_channel(server.address) as channel:
        ports = (backends.rewritten_a, backends.rewritten_b)
        for version, (port, name) in enumerate(zip(ports, (MODEL_A, MODEL_B), strict=True), start=1):
            register_version(channel, MODEL, str(version), f"127.0.0.1:{port}", name, signature)
        routers = make_stub(router_pb2_grpc.RouterServiceStub, channel)
        routers.CreateRouter(router_pb2.CreateRouterRequest(router=router), timeout=CALL_SECONDS)
        deploy = router_pb2.DeployRouterRequest(router_id=router.router_id)
        routers.DeployRouter(deploy, timeout=CALL_SECONDS)


def register_version(
    channel: Any,
    model_id: str,
    version: str,
    target: str,
    model_name: str,
    signature: "model_pb2.Signature | None" = None,
) -> None:
    """Registers a model version.

    Args:
        channel: To the server.
        model_id: The model's id.
        version: The version.
        target: The address of what answers.
        model_name: The name that it is called by there.
        signature: What the model takes and gives; None leaves it to the backend to say.
    """
    from pointsman.v1 import model_pb2, model_pb2_grpc

    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target, model_name=model_name))
    model = model_pb2.ModelVersion(model_id=model_id, version=version, backend=backend, signature=signature)
    models = make_stub(model_pb2_grpc.ModelServiceStub, channel)
    request = model_pb2.RegisterModelVersionRequest(model_version=model)
    models.RegisterModelVersion(request, timeout=CALL_SECONDS)


def create_plain_router(server: Server, router_id: str, target: str, model_name: str) -> None:
    """Registers two versions of one backend and creates and deploys a router over them, half and half.

    Args:
        server: Where.
        router_id: The router's id, and the model's.
        target: The address of what answers.
        model_name: The name that it is called by there.
    """
    import grpc

    from pointsman.v1 import router_pb2, router_pb2_grpc

    with grpc.insecure_channel(server.address) as channel:
        for version in ("1", "2"):
            register_version(channel, router_id, version, target, model_name)
        router = router_pb2.Router(
            router_id=router_id,
            strategy=router_pb2.STRATEGY_WEIGHTED,
            record_predictions=False,
            variants=[
                router_pb2.Variant(name=name, model_id=router_id, model_version=version, weight=50)
                for name, version in (("a", "1"), ("b", "2"))
            ],
        )
        routers = make_stub(router_pb2_grpc.RouterServiceStub, channel)
        routers.CreateRouter(router_pb2.CreateRouterRequest(router=router), timeout=CALL_SECONDS)
        routers.DeployRouter(router_pb2.DeployRouterRequest(router_id=router_id), timeout=CALL_SECONDS)


def make_stub(kind: Any, channel: Any) -> Any:
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
        stub = make_stub(router_pb2_grpc.RouterServiceStub, channel)
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
            # The pace of asking again; there is a deadline.
            time.sleep(0.02)
    raise HarnessError(f"{router_id}: not served within {START_SECONDS:.0f} s of the start")


def contestant(server: Server, name: str, router_id: str, receipt: str) -> Contestant:
    """Answers a router of a server as something to load."""
    return Contestant(name, server.address, router_id, server.pid, receipt)
