"""Decides again, without a server, from the copy of the routing state that a server keeps on disk."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import snapshot_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FRAME_HEADER = struct.Struct("<IQ")
"""The length and the checksum before each change."""


def read_kept_state(data_dir: Path) -> snapshot_pb2.SnapshotUpdate:
    """Reads the copy of the routing state that the server of a data folder keeps.

    Args:
        data_dir: The data folder; its server may be running, and may be a moment ahead of its copy.

    Returns:
        The whole state as one change; empty when nothing was published.
    """
    state = snapshot_pb2.SnapshotUpdate(complete=True)
    routers: dict[str, snapshot_pb2.RouterSnapshot] = {}
    models: dict[tuple[str, str], snapshot_pb2.ModelSnapshot] = {}
    for name in ("complete", "changes"):
        for change in _read_changes(data_dir / "state" / name):
            if change.complete:
                routers.clear()
                models.clear()
            elif change.base_generation != state.generation:
                continue
            state.generation = change.generation
            routers |= {router.router_id: router for router in change.changed_routers}
            models |= {(model.model_id, model.version): model for model in change.changed_models}
            for router_id in change.deleted_routers:
                routers.pop(router_id, None)
            for key in change.deleted_models:
                models.pop((key.model_id, key.version), None)
    state.changed_routers.extend(routers.values())
    state.changed_models.extend(models.values())
    return state


def decide_again(
    state: snapshot_pb2.SnapshotUpdate, router_id: str, entity_ids: Sequence[str]
) -> dict[str, str]:
    """Decides for entities of a sticky router with the server's own code.

    Args:
        state: The whole routing state.
        router_id: The router.
        entity_ids: The entities.

    Returns:
        The variant of each entity.
    """
    decided = OfflineEngine(state, 0).decide(router_id, entity_ids)
    return dict(zip(entity_ids, decided.column("variant").to_pylist(), strict=True))


def _read_changes(path: Path) -> Iterator[snapshot_pb2.SnapshotUpdate]:
    """Reads the changes of a file up to the first that is not whole."""
    content = path.read_bytes() if path.exists() else b""
    position = 0
    while position + FRAME_HEADER.size <= len(content):
        length, _ = FRAME_HEADER.unpack_from(content, position)
        position += FRAME_HEADER.size
        if position + length > len(content):
            return
        yield snapshot_pb2.SnapshotUpdate.FromString(content[position : position + length])
        position += length
