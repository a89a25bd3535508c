"""Who may read and call a router: the data plane and the control plane say the same in every case."""

from itertools import product

import pytest

from pointsman import _core
from pointsman.control.publishing.snapshot import model_snapshot, router_snapshot
from pointsman.domain.access import Rule, can_change, can_predict, can_read, check_router_access
from pointsman.domain.keys import Principal
from pointsman.domain.models import GrpcBackend, ModelVersion, Stage
from pointsman.domain.permissions import Permissions
from pointsman.domain.routers import Router
from pointsman.domain.variants import Variant
from pointsman.errors import NotFoundError, PermissionDeniedError
from pointsman.v1 import model_pb2, snapshot_pb2

USERS = ["ann", "bob", "cy", "", "Ann"]
CASES = list(
    product(USERS, [False, True], [False, True], [False, True], [(), ("bob",), ("bob", "cy"), ("ann",)])
)


def a_router(*, public: bool, public_predict: bool, shared: tuple[str, ...]) -> Router:
    return Router(
        router_id="r",
        variants=(Variant("a", "m", "1", 100),),
        owner="ann",
        salt=bytes(16),
        slot_runs=(0, 10_000),
        permissions=Permissions(public, public_predict, shared),
    )


def engine_of(router: Router) -> _core.Engine:
    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target="127.0.0.1:9"))
    update = snapshot_pb2.SnapshotUpdate(
        generation=1,
        complete=True,
        changed_routers=[router_snapshot(router)],
        changed_models=[snapshot_pb2.ModelSnapshot(model_id="m", version="1", backend=backend)],
    )
    return _core.Engine(update.SerializeToString(), 1)


@pytest.mark.parametrize(("user", "admin", "public", "public_predict", "shared"), CASES)
def test_both_planes_know_the_same_readers(
    user: str, admin: bool, public: bool, public_predict: bool, shared: tuple[str, ...]
) -> None:
    router = a_router(public=public, public_predict=public_predict, shared=shared)
    caller = Principal(user, frozenset(), admin)
    reads, predicts = engine_of(router).rights("r", user, admin)
    assert reads == can_read(caller, router)
    assert predicts == can_predict(caller, router) == (can_change(caller, router) or public_predict)


@pytest.mark.parametrize(("user", "admin", "public", "public_predict", "shared"), CASES)
def test_both_planes_know_the_same_readers_and_callers_of_a_model(
    user: str, admin: bool, public: bool, public_predict: bool, shared: tuple[str, ...]
) -> None:
    model = ModelVersion(
        "m",
        "1",
        GrpcBackend("127.0.0.1:9", "m"),
        stage=Stage.PRODUCTION,
        owner="ann",
        permissions=Permissions(public, public_predict, shared),
    )
    update = snapshot_pb2.SnapshotUpdate(generation=1, complete=True, changed_models=[model_snapshot(model)])
    caller = Principal(user, frozenset(), admin)
    rights = _core.Engine(update.SerializeToString(), 1).model_rights("m", user, admin)
    assert rights == (can_read(caller, model), can_predict(caller, model))


def test_what_may_not_be_read_is_hidden_and_what_may_not_be_changed_is_said() -> None:
    router = a_router(public=False, public_predict=True, shared=("bob",))
    with pytest.raises(PermissionDeniedError):
        check_router_access(Principal("bob", frozenset()), router, "r", Rule.CHANGE_ROUTER)
    with pytest.raises(NotFoundError):
        check_router_access(Principal("cy", frozenset()), router, "r", Rule.CHANGE_ROUTER)
