"""The stand-in data plane answers a publish as the real one does: taken, refused, stale."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pointsman.control.convert.enums import STRATEGY
from pointsman.dataplane.replica import LocalReplica
from pointsman.domain.strategies.catalogue import SERVED_STRATEGIES
from pointsman.domain.strategies.policy import Strategy
from pointsman.errors import StaleSnapshotError
from pointsman.v1 import model_pb2, router_pb2, snapshot_pb2

from .fake_replica import FakeReplica


@pytest.fixture
def real(tmp_path: Path) -> Iterator[LocalReplica]:
    config = {
        "grpc_address": "127.0.0.1:0",
        "threads": 1,
        "data_dir": str(tmp_path),
        "control_socket": None,
        "onnx_library": None,
        "server_version": "0",
        "log_level": "error",
        "limits": {},
    }
    plane = LocalReplica(json.dumps(config))
    yield plane
    plane.stop(0.0)


def a_model(version: str, target: str | None = "127.0.0.1:9") -> snapshot_pb2.ModelSnapshot:
    backend = None
    if target is not None:
        backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target, model_name="m"))
    return snapshot_pb2.ModelSnapshot(model_id="m", version=version, backend=backend)


def a_router(router_id: str, *versions: str) -> snapshot_pb2.RouterSnapshot:
    variants = [
        router_pb2.Variant(name=f"v{version}", model_id="m", model_version=version, weight=1, enabled=True)
        for version in versions
    ]
    return snapshot_pb2.RouterSnapshot(
        router_id=router_id,
        strategy=router_pb2.STRATEGY_WEIGHTED,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        variants=variants,
        salt=bytes(16),
        slot_runs=[0, 5_000, 1, 5_000],
        owner="local",
    )


def a_change(base: int, generation: int, **parts: Any) -> snapshot_pb2.SnapshotUpdate:
    return snapshot_pb2.SnapshotUpdate(base_generation=base, generation=generation, **parts)


def all_of(generation: int, **parts: Any) -> snapshot_pb2.SnapshotUpdate:
    return a_change(0, generation, complete=True, access=snapshot_pb2.AccessTable(open=True), **parts)


GOOD = {"changed_models": [a_model("1"), a_model("2")], "changed_routers": [a_router("r", "1", "2")]}
KEY = snapshot_pb2.ModelVersionKey(model_id="m", version="2")

STORIES = {
    "all is good": [all_of(1, **GOOD), a_change(1, 2, changed_routers=[a_router("s", "1", "2")])],
    "a bad target takes its router along": [
        all_of(
            1,
            changed_models=[a_model("1"), a_model("2", "<host>:1")],
            changed_routers=[a_router("r", "1", "2")],
        )
    ],
    "a bad target leaves the version of before": [
        all_of(1, **GOOD),
        a_change(1, 2, changed_models=[a_model("2", "${HOST}:1")], changed_routers=[a_router("s", "1", "2")]),
    ],
    "one bad router of two": [
        all_of(1, **GOOD),
        a_change(1, 2, changed_routers=[a_router("s", "1", "3"), a_router("t", "1", "2")]),
    ],
    "a version without a backend": [
        all_of(
            1, changed_models=[a_model("1"), a_model("2", None)], changed_routers=[a_router("r", "1", "2")]
        )
    ],
    "a version that is deleted in the same change": [
        all_of(1, **GOOD),
        a_change(1, 2, deleted_models=[KEY], changed_routers=[a_router("s", "1", "2")]),
    ],
    "stale": [all_of(5, **GOOD), a_change(4, 6)],
    "not newer": [all_of(5, **GOOD), a_change(5, 5)],
    "everything of an older generation": [all_of(5, **GOOD), all_of(3, **GOOD)],
}


def told(plane: Any, update: snapshot_pb2.SnapshotUpdate) -> object:
    """What a publish answers: the generation and what was refused, or that it is stale."""
    try:
        published = plane.publish(update.SerializeToString())
    except StaleSnapshotError:
        return "stale"
    return published.generation, sorted((item.kind, item.id, item.reason) for item in published.refused)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_stand_in_answers_a_publish_as_the_real_data_plane_does(story, real):
    stand_in = FakeReplica()
    for update in story:
        assert told(stand_in, update) == told(real, update)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_data_plane_serves_the_strategies_that_can_be_created_and_no_other(
    real: LocalReplica, strategy: Strategy
) -> None:
    router = a_router("r", "1", "2")
    router.strategy = STRATEGY.number(strategy)
    if strategy is Strategy.CANARY:
        router.variants[0].role = router_pb2.VARIANT_ROLE_CONTROL
        router.variants[1].role = router_pb2.VARIANT_ROLE_CANARY
        router.settings.canary.percent = 50
    if strategy is Strategy.BANDIT:
        router.sticky = False
        router.settings.bandit.ucb1.SetInParent()
    if strategy is Strategy.FEATURE_RULES:
        router.settings.feature_rules.SetInParent()
    published = real.publish(all_of(1, **GOOD | {"changed_routers": [router]}).SerializeToString())
    refused = [(item.id, item.reason) for item in published.refused]
    if strategy in SERVED_STRATEGIES:
        assert refused == []
    else:
        assert [id_ for id_, _ in refused] == ["r"]
        assert "is not served" in refused[0][1]
