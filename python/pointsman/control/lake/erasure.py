"""Deletes what is recorded of one entity."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import structlog

from pointsman.control.convert.lake import predictions_file
from pointsman.control.drift import erasing
from pointsman.control.drift.erasing import ErasedFromDrift
from pointsman.control.lake import feedback_files
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.recording import hashed_entity
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.domain.records.servers import ServerJournal, UnreachedJournal, unreached_of
from pointsman.domain.violations import Violations
from pointsman.errors import DatabaseUnavailableError, PointsmanError, UnavailableError
from pointsman.lake.streams import texts_of
from pointsman.store import installation, servers
from pointsman.store.feedback import values as feedback
from pointsman.store.recording import erased_predictions, erasures, lake_files, logged_erasures
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection
    from pathlib import Path

    from pointsman.control.journals.applier import Applier
    from pointsman.control.journals.registration import FileRegistration
    from pointsman.control.lake.folder import LakeFolder
    from pointsman.control.lake.listing import Listing
    from pointsman.control.lake.logged_erasure import LoggedErasure
    from pointsman.control.lake.refused_feedback import RefusedFeedback
    from pointsman.control.lake.replacing import Replacing
    from pointsman.control.lake.retention import Retention
    from pointsman.domain.keys import Principal
    from pointsman.domain.ports.core import LakeMerging
    from pointsman.domain.ports.journal import PredictionLog
    from pointsman.store.database import Database
    from pointsman.store.recording.erasures import KeptErasure

_log = structlog.get_logger(__name__)

_SHIP_SECONDS = 30.0
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Erased:
    """How far an erasure is.

    Attributes:
        erasure_key: The erasure's key.
        prediction_count: How many predictions are deleted, by all servers.
        feedback_count: How many values of feedback.
        pending: The journals that it is not carried out in, or not wholly, with what their files hold of
            the router.
        is_awaited: Whether one of their servers runs, so that it will have done it in a moment.
        logged_count: How many logged predictions of its models are deleted from files, by all servers.
        from_drift: What is deleted of those models beside; only of the call that asked for it.
    """

    erasure_key: int
    prediction_count: int
    feedback_count: int
    pending: tuple[UnreachedJournal, ...]
    is_awaited: bool
    logged_count: int = 0
    from_drift: ErasedFromDrift = field(default_factory=ErasedFromDrift)


class Erasure:
    """Erases entities: in this server's journal and files at once, in other servers' by request.

    Args:
        database: Where manifest and feedback are.
        merging: Who writes files without an entity.
        journal: This server's journal.
        registration: Who registers what the journal still holds.
        applier: Who applies the feedback that the journal still holds.
        folder: The lake's folder.
        retention: Who deletes files.
        replacing: Puts what is left of files in their place.
        logged: Deletes logged predictions from files.
        listing: Tells other programs what to read.
        refused_feedback: Has feedback for erased predictions refused.
        changing: Is held while files are put in the place of others.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        merging: LakeMerging,
        journal: PredictionLog,
        registration: FileRegistration,
        applier: Applier,
        folder: LakeFolder,
        retention: Retention,
        replacing: Replacing,
        logged: LoggedErasure,
        listing: Listing,
        refused_feedback: RefusedFeedback,
        changing: threading.Lock,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._merging = merging
        self._journal = journal
        self._registration = registration
        self._applier = applier
        self._folder = folder
        self._retention = retention
        self._replacing = replacing
        self._logged = logged
        self._listing = listing
        self._refused_feedback = refused_feedback
        self._changing = changing
        self._clock = clock

    def erase_entity(self, caller: Principal, router_id: str, entity_id: str) -> Erased:
        """Deletes every recorded prediction of an entity that a router made before this call.

        And the feedback for them; totals stay. Of the router's models that the caller may change, logged
        predictions and outcomes of the entity go, too. It is kept in the database until every server that has
        recorded there has carried it out, this one at once; what fails here is repeated by :meth:`go_on`.

        Args:
            caller: Who asks.
            router_id: The router.
            entity_id: The entity, as clients name it.

        Returns:
            How far it is.

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
        found.check_entity("entity_id", entity_id)
        found.raise_if_any()
        own = self._journal.journal_id
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.CHANGE_ROUTER)
        model_ids = {variant.model_id for variant in router.variants}
        model_ids |= {file.model_id for file in self._listed(router_id) if file.model_id}
        with self._database.write() as connection:
            from_drift = erasing.erase(connection, caller, model_ids, entity_id)
            journal_ids = servers.journal_ids(connection) | {own}
            key = erasures.ask(connection, router_id, entity_id, journal_ids, self._clock())
            self._logged.ask(connection, key, from_drift.model_keys)
            asked = [one for one in erasures.waiting_for(connection, own) if one.row_key == key]
        for erasure in asked:
            self._carry_out(erasure)
        self._database.empty_log()
        return replace(self.progress(key, router_id), from_drift=from_drift)

    def go_on(self) -> None:
        """Carries out in this server's journal and files what was asked of any server.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            waiting = erasures.waiting_for(connection, self._journal.journal_id)
        for erasure in waiting:
            try:
                self._carry_out(erasure)
            except DatabaseUnavailableError:
                raise
            except PointsmanError as error:
                _log.warning("an erasure waits", router_id=erasure.router_id, reason=str(error))
            except Exception:  # noqa: BLE001 - the next round tries again; one erasure holds up no other
                _log.exception("an erasure failed", router_id=erasure.router_id)

    def progress(self, erasure_key: int, router_id: str) -> Erased:
        """Answers how far an erasure is.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            state = erasures.state(connection, erasure_key)
            # A server that has deleted its predictions waits for the others: those are the ones to name.
            left = state.pending or state.unfinished
            known = {server.journal_id: server for server in servers.list_all(connection)}
            rows = lake_files.row_counts(connection, LakeKind.PREDICTIONS, router_id) if left else {}
            logged_count = logged_erasures.total(connection, erasure_key)
            now_us = servers.clock_us(connection, self._clock())
        unknown = ServerJournal("", "", 0, 0, ended=False)
        pending = [known.get(journal_id, replace(unknown, journal_id=journal_id)) for journal_id in left]
        return Erased(
            erasure_key,
            state.prediction_count,
            state.feedback_count,
            tuple(
                unreached_of(server, rows.get(server.journal_id, 0), tail_missing=not server.ended)
                for server in pending
            ),
            is_awaited=any(server.is_running(now_us) for server in pending),
            logged_count=logged_count,
        )

    def _carry_out(self, erasure: KeptErasure) -> None:
        """Does this server's part, or what is left of it when all servers have deleted the predictions."""
        own = self._journal.journal_id
        forms: list[str] = []
        if not erasure.erased:
            self._applier.apply_now()
            if not self._registration.wait_for(self._journal.seal_predictions(), _SHIP_SECONDS):
                raise UnavailableError(
                    f"the journal's last predictions did not reach the lake within {_SHIP_SECONDS:g}s; the "
                    "erasure is kept and goes on as soon as they do; try again to learn what it deleted"
                )
            forms = self._forms(erasure.entity_id)
        with self._changing:
            absent = self._absent()
            self._erase({own} | absent, erasure, forms)
            if not erasure.erased:
                self._logged.erase({own} | absent, erasure)
            self._listing.write()
            whole = self._whole_here(absent, erasure)
            with self._database.write() as connection:
                for journal_id in whole:
                    erasures.drop(connection, erasure.row_key, journal_id)
                erasures.erased(connection, erasure, own)
                state = erasures.state(connection, erasure.row_key)
                # Where others take part, feedback is looked for again once all their predictions are known.
                if not state.pending and (erasure.erased or state.unfinished == (own,)):
                    erasures.finish(connection, erasure, own, self._clock())

    def _absent(self) -> set[str]:
        """Answers the journals of servers that do not run: their files here are this server's business."""
        with self._database.read() as connection:
            now_us = servers.clock_us(connection, self._clock())
            running = {one.journal_id for one in servers.list_all(connection) if one.is_running(now_us)}
            return servers.journal_ids(connection) - running - {self._journal.journal_id}

    def _whole_here(self, journal_ids: set[str], erasure: KeptErasure) -> set[str]:
        """Answers those of some journals of which all that was recorded is in files that are here."""
        listed = self._listed(erasure.router_id)
        elsewhere = {file.journal_id for file in listed if not self._folder.holds(file.path)}
        with self._database.read() as connection:
            elsewhere |= self._logged.elsewhere(connection, erasure.row_key)
            ended = {server.journal_id for server in servers.list_all(connection) if server.ended}
        return (journal_ids & ended) - elsewhere

    def _erase(self, journal_ids: set[str], erasure: KeptErasure, forms: list[str]) -> None:
        """Deletes an entity from files of some journals, and feedback for it wherever it is known."""
        router_id, erasure_key = erasure.router_id, erasure.row_key
        affected, found = self._find(journal_ids, router_id, forms) if forms else ([], set())
        with self._database.write() as connection:
            # Kept before anything goes: as long as they are there, a second attempt finds what is left.
            erasures.add_predictions(connection, erasure_key, found)
            prediction_ids = erasures.prediction_ids(connection, erasure_key)
            erased_predictions.add(connection, prediction_ids)
        if prediction_ids:
            self._refused_feedback.tell()
            # What was being applied meanwhile is stored, and found below; what comes now is left out.
            self._applier.apply_now()
        feedback_count = self._erase_feedback(journal_ids, router_id, prediction_ids)
        prediction_count = 0
        for file, rows in affected:
            erased_count = self._erase_predictions(file, rows, forms)
            # A shadow's answer is no prediction, and goes with the one that it is beside.
            prediction_count += erased_count if file.kind is LakeKind.PREDICTIONS else 0
        with self._database.write() as connection:
            erasures.count(connection, erasure_key, prediction_count, feedback_count)

    def _forms(self, entity_id: str) -> list[str]:
        """Answers how the entity may be recorded: in both forms, for the router may have changed."""
        with self._database.read() as connection:
            return [entity_id, hashed_entity(installation.entity_key(connection), entity_id)]

    def _find(
        self, journal_ids: set[str], router_id: str, forms: list[str]
    ) -> tuple[list[tuple[LakeFile, int]], set[str]]:
        """Answers the files with an entity's rows, shadows' too, how many, and the ids of its predictions."""
        affected: list[tuple[LakeFile, int]] = []
        prediction_ids: set[str] = set()
        for kind in (LakeKind.PREDICTIONS, LakeKind.SHADOWS):
            for file in self._files(kind, journal_ids, router_id):
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
                output=self._replacing.path_of(file),
                erased_entity_ids=forms,
                router_incarnation=file.router_incarnation,
            )
            answer = self._merging.merge_lake_files(self._folder.root, request.SerializeToString())
            message = record_pb2.LakeFile.FromString(answer)
            new = predictions_file(message, file.journal_id, file.start_position, file.end_position)
            new = replace(new, kind=file.kind)
        self._replacing.put(file, new)
        return row_count

    def _erase_feedback(self, journal_ids: set[str], router_id: str, prediction_ids: set[str]) -> int:
        if not prediction_ids:
            return 0
        for file in self._files(LakeKind.FEEDBACK, journal_ids, router_id):
            left = feedback_files.without(self._folder.place(file.path), prediction_ids)
            if left is None:
                continue
            if file.replace_time_us is not None:
                self._retention.delete([file])
                continue
            self._folder.unseal(file.folder)
            new = None
            if left.row_count:
                path = self._replacing.path_of(file)
                self._folder.write(path, left.write)
                new = self._replacing.left_of(file, path, left)
            self._replacing.put(file, new)
        with self._database.write() as connection:
            return feedback.remove_predictions(connection, sorted(prediction_ids))

    def _files(self, kind: LakeKind, journal_ids: set[str], router_id: str) -> list[LakeFile]:
        return [
            file
            for file in self._listed(router_id)
            if file.kind is kind and file.journal_id in journal_ids and self._folder.holds(file.path)
        ]

    def _listed(self, router_id: str) -> list[LakeFile]:
        """Answers every file of a router that may be on some disk."""
        with self._database.read() as connection:
            files = [
                file
                for kind in LakeKind
                for file in lake_files.present(connection, kind, router_id=router_id)
            ]
            return files + [file for file in lake_files.replaced(connection) if file.router_id == router_id]


def _rows_of(place: Path, forms: Collection[str]) -> tuple[set[str], int]:
    """Answers the prediction ids of an entity's rows in a file, and how many rows."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = texts_of(list(forms))
    prediction_ids: set[str] = set()
    count = 0
    with pq.ParquetFile(place) as file:
        batches = file.iter_batches(_BATCH_ROWS, columns=["prediction_id", "entity_id"], use_threads=False)
        for batch in batches:
            found = batch.filter(pc.is_in(batch["entity_id"].cast(pa.string()), value_set=wanted))
            prediction_ids.update(found["prediction_id"].to_pylist())
            count += found.num_rows
    return prediction_ids, count
