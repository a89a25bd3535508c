from pathlib import Path

import pytest

from pointsman.dataplane.replay import FRAME_HEADER, decide_again, read_kept_state
from pointsman.v1 import router_pb2, snapshot_pb2


def frame(change: snapshot_pb2.SnapshotUpdate) -> bytes:
    body = change.SerializeToString()
    return FRAME_HEADER.pack(len(body), 0) + body


def change(base: int, *router_ids: str, deleted: tuple[str, ...] = ()) -> snapshot_pb2.SnapshotUpdate:
    routers = [snapshot_pb2.RouterSnapshot(router_id=router_id) for router_id in router_ids]
    return snapshot_pb2.SnapshotUpdate(
        base_generation=base, generation=base + 1, changed_routers=routers, deleted_routers=deleted
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    complete = snapshot_pb2.SnapshotUpdate(generation=3, complete=True)
    complete.changed_routers.add(router_id="a")
    (tmp_path / "state" / "complete").write_bytes(frame(complete))
    return tmp_path / "state"


def read(state: Path) -> tuple[int, list[str]]:
    found = read_kept_state(state.parent)
    return found.generation, [router.router_id for router in found.changed_routers]


def test_nothing_kept_is_an_empty_state(tmp_path: Path) -> None:
    assert read_kept_state(tmp_path).generation == 0


def test_changes_follow_the_complete_state(state: Path) -> None:
    (state / "changes").write_bytes(frame(change(3, "b", "c")) + frame(change(4, deleted=("a", "b"))))
    assert read(state) == (5, ["c"])


def test_a_change_from_before_the_complete_state_is_left_out(state: Path) -> None:
    (state / "changes").write_bytes(frame(change(1, "old")) + frame(change(3, "b")))
    assert read(state) == (4, ["a", "b"])


def test_a_torn_change_is_left_out(state: Path) -> None:
    whole = frame(change(3, "b")) + frame(change(4, "c"))
    for cut in (1, 5, 20):
        (state / "changes").write_bytes(whole[:-cut])
        assert read(state) == (4, ["a", "b"])


def test_an_entity_is_decided_by_its_slot() -> None:
    router = snapshot_pb2.RouterSnapshot(
        router_id="r",
        strategy=router_pb2.STRATEGY_WEIGHTED,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        sticky=True,
        salt=bytes(16),
    )
    router.variants.add(name="lr", model_id="m", model_version="1", weight=50, enabled=True)
    router.variants.add(name="gb", model_id="m", model_version="2", weight=50, enabled=True)
    router.slot_runs.extend([0, 5_000, 1, 5_000])
    update = snapshot_pb2.SnapshotUpdate(generation=1, complete=True, changed_routers=[router])
    for version in ("1", "2"):
        model = update.changed_models.add(model_id="m", version=version)
        model.backend.grpc.target = "127.0.0.1:1"
    entities = [f"e{number}" for number in range(200)]
    decided = decide_again(update, "r", entities)
    assert set(decided.values()) == {"lr", "gb"}
    assert decide_again(update, "r", entities) == decided
