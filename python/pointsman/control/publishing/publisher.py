"""Brings a replica to the generation that the database says."""

import dataclasses
import threading
from collections.abc import Callable, Iterator

import structlog
from sqlalchemy import Connection

from pointsman.control.publishing import snapshot
from pointsman.control.publishing.refusals import Refusals
from pointsman.domain.ports.replica import Publishing
from pointsman.domain.routers import Router
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.errors import StaleSnapshotError
from pointsman.store import api_keys, generations, installation, model_versions, signing_keys, users
from pointsman.store.database import Database
from pointsman.store.generations import Advance, Revision
from pointsman.store.routing import routers
from pointsman.v1 import snapshot_pb2

_log = structlog.get_logger(__name__)
_ROUTER, _MODEL = "router", "model"
_NOTHING_PUBLISHED = Revision(-1, "")


class Publisher:
    """Publishes what changed since it last did; everything when the replica has another state.

    Args:
        database: Where the state is.
        replica: Where it goes.
        open_without_keys: Whether calls without a key are the local admin's while no key exists.
        horizon_days: How long after a prediction its feedback is taken.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        replica: Publishing,
        *,
        open_without_keys: bool,
        horizon_days: int,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._replica = replica
        self._open_without_keys = open_without_keys
        self._horizon_us = horizon_days * MICROSECONDS_PER_DAY
        self._clock = clock
        self._lock = threading.Lock()
        self._published = _NOTHING_PUBLISHED
        self.refusals = Refusals()
        self._open_access = False

    @property
    def generation(self) -> int:
        """The generation that was last published; -1 before the first."""
        return self._published.generation

    @property
    def revision(self) -> Revision:
        """The state of the database that was last published."""
        return self._published

    @property
    def open_access(self) -> bool:
        """Whether calls without a key are the local admin's."""
        return self._open_access

    def publish_all(self) -> None:
        """Publishes the whole state."""
        with self._lock:
            self._sync(_NOTHING_PUBLISHED)

    def sync(self) -> None:
        """Publishes what changed since the last time, by this process or another."""
        with self._lock:
            self._sync(self._published)

    def publish_router(
        self, router: Router, step: Advance, made: snapshot_pb2.RouterSnapshot | None = None
    ) -> None:
        """Publishes one router, which is all that changed in a step of the database.

        When other changes are missing as well, they are published with it.

        Args:
            router: The router as the step stored it.
            step: From which state of the database to which the step led.
            made: The router's snapshot, when it was made already.
        """
        with self._lock:
            if self._published != step.before:
                self._sync(self._published)
                return
            update = snapshot_pb2.SnapshotUpdate(
                base_generation=step.before.generation,
                generation=step.after.generation,
                changed_routers=[made or snapshot.router_snapshot(router)],
            )
            self._send_or_start_over(update, step.after)

    def _sync(self, since: Revision) -> None:
        with self._database.read() as connection:
            present = generations.current(connection)
            if present.revision == since:
                return
            if since != _NOTHING_PUBLISHED and not generations.is_ancestor(connection, since, present):
                # The database lost commits that this server has seen, and may give their numbers anew; or it
                # is too far ahead to tell.
                _log.warning(
                    "the database does not go on from the state in effect; taking everything from it",
                    generation=since.generation,
                    database_generation=present.value,
                )
                since = _NOTHING_PUBLISHED
            update = self._collect(connection, since.generation, present)
        self._send_or_start_over(update, present.revision)

    def _collect(
        self, connection: Connection, since: int, present: generations.Generations
    ) -> snapshot_pb2.SnapshotUpdate:
        complete = since == _NOTHING_PUBLISHED.generation
        changed_routers = routers.changed_since(connection, since)
        changed_models = model_versions.changed_since(connection, since)
        update = snapshot_pb2.SnapshotUpdate(
            base_generation=max(since, 0),
            generation=present.value,
            complete=complete,
            feedback_horizon_us=self._horizon_us if complete else 0,
            changed_routers=[snapshot.router_snapshot(router) for router in changed_routers],
            changed_models=[snapshot.model_snapshot(model) for model in changed_models],
        )
        if not complete:
            # What went away and came back under the same name has changed, not gone.
            back = {router.router_id for router in changed_routers}
            gone = set(routers.deleted_since(connection, since)) - back
            update.deleted_routers.extend(sorted(gone))
            models_back = {model.key for model in changed_models}
            models_gone = set(model_versions.deleted_since(connection, since)) - models_back
            update.deleted_models.extend(snapshot.model_keys(sorted(models_gone)))
        if present.access_changed > since:
            keys = users.good_keys(connection, self._clock())
            is_open = self._open_without_keys and not api_keys.any_exists(connection)
            update.access.CopyFrom(snapshot.access_table(keys, is_open=is_open))
        # Before the first key exists there is no table to publish: an empty one would name no current key.
        if present.signing_changed > since and (keys_in_force := signing_keys.list_all(connection)):
            update.signing_keys.CopyFrom(snapshot.signing_key_table(keys_in_force))
        if present.signing_changed > since:
            update.entity_key = installation.entity_key(connection)
        return update

    def _send_or_start_over(self, update: snapshot_pb2.SnapshotUpdate, revision: Revision) -> None:
        try:
            self._send(update, revision)
        except StaleSnapshotError as error:
            if update.complete:
                raise
            _log.info("publishing everything", reason=str(error), generation=update.generation)
            self._sync(_NOTHING_PUBLISHED)

    def _send(self, update: snapshot_pb2.SnapshotUpdate, revision: Revision) -> None:
        """Publishes a change; one router or model version that is refused does not hold up the others."""
        published = self._replica.publish(update.SerializeToString())
        self.refusals.take(published.refused, _items(update), complete=update.complete)
        for item in published.refused:
            _log.error("the data plane cannot use a part of a change", **dataclasses.asdict(item))
        if update.HasField("access"):
            self._open_access = update.access.open
        self._published = revision


def _items(update: snapshot_pb2.SnapshotUpdate) -> Iterator[tuple[str, str]]:
    """Answers kind and id of every router and model version that a change names."""
    for router in update.changed_routers:
        yield _ROUTER, router.router_id
    for router_id in update.deleted_routers:
        yield _ROUTER, router_id
    for model in update.changed_models:
        yield _MODEL, f"{model.model_id}/{model.version}"
    for key in update.deleted_models:
        yield _MODEL, f"{key.model_id}/{key.version}"
