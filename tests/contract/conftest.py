"""A control plane on its socket: a data plane in Python behind it, stubs of every service before it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from pointsman.control.folders import ControlFolders
from pointsman.control.options import ControlOptions
from pointsman.control.plane import ControlPlane, clock_us
from pointsman.dataplane.core import NativeCore
from pointsman.v1 import (
    definition_pb2_grpc,
    drift_pb2_grpc,
    key_pb2_grpc,
    model_pb2,
    model_pb2_grpc,
    prediction_pb2_grpc,
    router_pb2,
    router_pb2_grpc,
)
from stage.logged_files import logged_place as logged_place
from stage.migrated import migrated_sqlite

from .fake_journal import FakeJournal
from .fake_replica import FakeReplica

ALL_SCOPES = "mlops:read,mlops:write,mlops:predict"


@dataclass(frozen=True)
class Failure:
    """How a call failed."""

    code: grpc.StatusCode
    message: str
    reason: str
    metadata: dict[str, str]
    fields: dict[str, str]


@dataclass
class Clock:
    """The real time, moved by as much as a test says."""

    offset_us: int = 0

    def __call__(self) -> int:
        return clock_us() + self.offset_us

    def advance_days(self, days: float) -> None:
        self.offset_us += int(days * 86_400 * 1_000_000)


class User:
    """Somebody who calls; every service as a stub with the metadata that the data plane would add."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata
        self.models = _Stub(model_pb2_grpc.ModelServiceStub(channel), metadata)
        self.routers = _Stub(router_pb2_grpc.RouterServiceStub(channel), metadata)
        self.keys = _Stub(key_pb2_grpc.ApiKeyServiceStub(channel), metadata)
        self.definitions = _Stub(definition_pb2_grpc.DefinitionServiceStub(channel), metadata)
        self.drift = _Stub(drift_pb2_grpc.DriftServiceStub(channel), metadata)
        self.predictions = _Stub(prediction_pb2_grpc.PredictionServiceStub(channel), metadata)

    async def register(self, model_id: str = "cancer", version: str = "1", **fields: Any) -> Any:
        backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target="127.0.0.1:8081"))
        fields.setdefault("backend", backend)
        if fields["backend"] is None:
            del fields["backend"]
        return await self.models.RegisterModelVersion(
            model_pb2.RegisterModelVersionRequest(
                model_version=model_pb2.ModelVersion(model_id=model_id, version=version, **fields)
            )
        )

    async def create(self, router_id: str = "cancer", **fields: Any) -> Any:
        return await self.routers.CreateRouter(
            router_pb2.CreateRouterRequest(router=a_router(router_id, **fields))
        )

    async def deploy(self, router_id: str = "cancer") -> Any:
        return await self.routers.DeployRouter(router_pb2.DeployRouterRequest(router_id=router_id))

    async def get(self, router_id: str = "cancer") -> Any:
        return await self.routers.GetRouter(router_pb2.GetRouterRequest(router_id=router_id))


def a_router(router_id: str = "cancer", **fields: Any) -> router_pb2.Router:
    fields.setdefault("strategy", router_pb2.STRATEGY_WEIGHTED)
    fields.setdefault("variants", [a_variant("lr", "1", 70), a_variant("gb", "2", 30)])
    return router_pb2.Router(router_id=router_id, **fields)


def a_variant(name: str, version: str, weight: float, **fields: Any) -> router_pb2.Variant:
    fields.setdefault("model_id", "cancer")
    return router_pb2.Variant(name=name, model_version=version, weight=weight, **fields)


@dataclass
class _Stub:
    _stub: Any
    _metadata: tuple[tuple[str, str], ...]

    def __getattr__(self, method: str) -> Callable[[Any], Awaitable[Any]]:
        call = getattr(self._stub, method)
        return lambda request: call(request, metadata=self._metadata, timeout=30)


@dataclass
class Bench:
    """The control plane under test and what is around it."""

    plane: ControlPlane
    replica: FakeReplica
    channel: grpc.aio.Channel
    clock: Clock
    database_url: str
    socket_path: Path
    users: dict[str, User] = field(default_factory=dict)

    def user(self, user_id: str, scopes: str = ALL_SCOPES, *, admin: bool = False) -> User:
        return User(
            self.channel,
            (
                ("x-pointsman-user", user_id),
                ("x-pointsman-scopes", scopes),
                ("x-pointsman-admin", "true" if admin else "false"),
                ("x-request-id", "request-1"),
            ),
        )

    def nobody(self) -> User:
        return User(self.channel, ())

    @property
    def local(self) -> User:
        """The local admin of a server without keys."""
        return self.user("local", admin=True)


def start_plane(folder: Path, replica: FakeReplica, database_url: str = "", **settings: Any) -> ControlPlane:
    settings.setdefault("options", ControlOptions(poll_interval_seconds=0.05))
    settings.setdefault("loopback", True)
    return ControlPlane(
        database_url or f"sqlite:///{folder / 'pointsman.db'}",
        NativeCore(),
        replica,
        ControlFolders(folder, folder / "control.sock", folder / "lake"),
        endpoint="127.0.0.1:8500",
        **settings,
    )


@pytest.fixture
def replica(tmp_path: Path, clock: Clock) -> FakeReplica:
    return FakeReplica(journal=FakeJournal(tmp_path / "lake"), clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return migrated_sqlite(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """One kind of database after the other; where both matter, a file has it as its ``database_url``."""
    if request.param == "sqlite":
        return migrated_sqlite(tmp_path)
    return str(request.getfixturevalue("migrated_postgres")())


@pytest.fixture
async def bench(
    tmp_path: Path, replica: FakeReplica, clock: Clock, database_url: str
) -> AsyncIterator[Bench]:
    plane = start_plane(tmp_path, replica, database_url, clock=clock)
    await plane.start()
    assert plane.ready, plane.reason
    socket_path = tmp_path / "control.sock"
    async with grpc.aio.insecure_channel(f"unix:{socket_path}") as channel:
        yield Bench(plane, replica, channel, clock, database_url, socket_path)
    replica.stop(0)
    await plane.stop(1)


@pytest.fixture
async def cancer(bench: Bench) -> User:
    """The local admin, with two model versions that everyone may use and a router of them, not deployed."""
    user = bench.local
    permissions = model_pb2.ModelPermissions(public_predict=True)
    await user.register(version="1", permissions=permissions)
    await user.register(version="2")
    await user.create()
    return user


@pytest.fixture
def failing() -> Callable[[Awaitable[Any]], Awaitable[Failure]]:
    """Awaits a call that must fail and answers how."""

    async def fail(call: Awaitable[Any]) -> Failure:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        return failure_of(caught.value)

    return fail


def failure_of(error: grpc.aio.AioRpcError) -> Failure:
    reason = ""
    metadata: dict[str, str] = {}
    fields: dict[str, str] = {}
    for name, value in error.trailing_metadata() or ():
        if name != "grpc-status-details-bin":
            continue
        status = status_pb2.Status.FromString(value)
        assert status.code == error.code().value[0]
        for detail in status.details:
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            if detail.Unpack(info):
                assert info.domain == "pointsman"
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                fields = {found.field: found.description for found in bad.field_violations}
    return Failure(error.code(), error.details() or "", reason, metadata, fields)
