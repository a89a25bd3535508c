"""Deletes what is recorded of one entity."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.control.convert.lake import predictions_file
from pointsman.control.lake import feedback_files
from pointsman.control.lake.manifest import swap
from pointsman.control.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.lake import LakeFile, LakeKind
from pointsman.domain.lake_plans import erased_path
from pointsman.domain.recording import hashed_entity
from pointsman.domain.violations import Violations
from pointsman.errors import AbortedError, UnavailableError
from pointsman.store import feedback, installation, lake_files
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection
    from pathlib import Path

    from pointsman.control.applier import Applier
    from pointsman.control.lake.folder import LakeFolder
    from pointsman.control.lake.retention import Retention
    from pointsman.control.shipping import Shipping
    from pointsman.domain.data_plane import DataPlane
    from pointsman.domain.keys import Principal
    from pointsman.store.database import Database

MAX_ENTITY_CHARS = 4096
_SHIP_SECONDS = 30.0
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Erased:
    """How much was deleted."""

    prediction_count: int
    feedback_count: int


class Erasure:
    """Erases entities.

    Args:
        database: Where manifest and feedback are.
        data_plane: Who writes files without an entity.
        shipping: Who registers what the journal still holds.
        applier: Who applies the feedback that the journal still holds.
        folder: The lake's folder.
        retention: Who deletes files.
        changing: Is held while files are put in the place of others.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        data_plane: DataPlane,
        shipping: Shipping,
        applier: Applier,
        folder: LakeFolder,
        retention: Retention,
        changing: threading.Lock,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._data_plane = data_plane
        self._shipping = shipping
        self._applier = applier
        self._folder = folder
        self._retention = retention
        self._changing = changing
        self._clock = clock

    def erase_entity(self, caller: Principal, router_id: str, entity_id: str) -> Erased:
        """Deletes every recorded prediction of an entity that a router made before this call.

        And the feedback for them; totals stay. When it fails it may have deleted some: do it again.

        Args:
            caller: Who asks.
            router_id: The router.
            entity_id: The entity, as clients name it.

        Returns:
            How many predictions and values of feedback.

        Raises:
            AbortedError: Other processes change the same files.
            InvalidArgumentError: The entity is empty or too long.
            NotFoundError: There is no such router, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the router.
            UnavailableError: Database, journal or lake do not answer.
        """
        found = Violations()
        if not entity_id:
            found.add("entity_id", "is empty; name the entity as calls did")
        found.check_text("entity_id", entity_id, MAX_ENTITY_CHARS)
        found.raise_if_any()
        with self._database.read() as connection:
            find_router(connection, caller, router_id, Rule.CHANGE_ROUTER)
            key = installation.entity_key(connection)
        self._applier.apply_now()
        if not self._shipping.wait_for(self._data_plane.seal_predictions(), _SHIP_SECONDS):
            raise UnavailableError(
                f"the journal's last predictions did not reach the lake within {_SHIP_SECONDS:g}s; "
                "nothing was erased, try again"
            )
        # In both forms, because the router may have recorded in another one before.
        forms = [entity_id, hashed_entity(key, entity_id)]
        with self._changing:
            affected, prediction_ids = self._find(router_id, forms)
            # Feedback first: as long as the predictions are there, a second attempt finds what is left.
            feedback_count = self._erase_feedback(router_id, prediction_ids)
            prediction_count = sum(self._erase_predictions(*found, forms) for found in affected)
        return Erased(prediction_count, feedback_count)

    def _find(self, router_id: str, forms: list[str]) -> tuple[list[tuple[LakeFile, int]], set[str]]:
        """Answers the files with rows of an entity, how many, and the ids of its predictions."""
        affected: list[tuple[LakeFile, int]] = []
        prediction_ids: set[str] = set()
        for file in self._files(LakeKind.PREDICTIONS, router_id):
            found, row_count = _rows_of(self._folder.place(file.path), forms)
            if row_count:
                affected.append((file, row_count))
                prediction_ids |= found
        return affected, prediction_ids

    def _erase_predictions(self, file: LakeFile, row_count: int, forms: list[str]) -> int:
        if file.replace_time_us is not None:
            self._retention.delete([file])
            return 0
        new = None
        self._folder.unseal(file.folder)
        if row_count < file.row_count:
            request = record_pb2.MergeRequest(
                inputs=[file.path],
                output=erased_path(file.path),
                erased_entity_ids=forms,
                router_incarnation=file.router_incarnation,
            )
            answer = self._data_plane.merge_lake_files(request.SerializeToString())
            message = record_pb2.LakeFile.FromString(answer)
            new = predictions_file(message, file.journal_id, file.start_position, file.end_position)
        self._put_in_place(file, new)
        return row_count

    def _erase_feedback(self, router_id: str, prediction_ids: set[str]) -> int:
        if not prediction_ids:
            return 0
        for file in self._files(LakeKind.FEEDBACK, router_id):
            left = feedback_files.without(self._folder.place(file.path), prediction_ids)
            if left is None:
                continue
            if file.replace_time_us is not None:
                self._retention.delete([file])
                continue
            self._folder.unseal(file.folder)
            self._put_in_place(file, self._written(file, left) if left.row_count else None)
        with self._database.write() as connection:
            return feedback.remove_predictions(connection, sorted(prediction_ids))

    def _written(self, file: LakeFile, left: feedback_files.Rows) -> LakeFile:
        path = erased_path(file.path)
        self._folder.write(path, left.write)
        return dataclasses.replace(
            file,
            path=path,
            row_count=left.row_count,
            byte_count=self._folder.size(path),
            min_time_us=left.min_time_us,
            max_time_us=left.max_time_us,
            row_key=0,
        )

    def _files(self, kind: LakeKind, router_id: str) -> list[LakeFile]:
        with self._database.read() as connection:
            files = lake_files.present(connection, kind, router_id=router_id)
            files += [
                file
                for file in lake_files.replaced(connection)
                if file.kind is kind and file.router_id == router_id
            ]
        return [file for file in files if self._folder.holds(file.path)]

    def _put_in_place(self, file: LakeFile, new: LakeFile | None) -> None:
        if not swap(self._database, [file], [new] if new else [], self._clock()):
            if new is not None:
                self._folder.remove(new.path)
            raise AbortedError(
                f"{file.path} was replaced by another server meanwhile; try again", reason="LAKE_CHANGED"
            )
        self._retention.delete([file])


def _rows_of(place: Path, forms: Collection[str]) -> tuple[set[str], int]:
    """Answers the prediction ids of an entity's rows in a file, and how many rows."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(list(forms), pa.string())
    prediction_ids: set[str] = set()
    count = 0
    with pq.ParquetFile(place) as file:
        batches = file.iter_batches(_BATCH_ROWS, columns=["prediction_id", "entity_id"], use_threads=False)
        for batch in batches:
            found = batch.filter(pc.is_in(batch["entity_id"].cast(pa.string()), value_set=wanted))
            prediction_ids.update(found["prediction_id"].to_pylist())
            count += found.num_rows
    return prediction_ids, count
