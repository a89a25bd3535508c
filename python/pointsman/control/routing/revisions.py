"""The history of routers: reading revisions, and going back to one."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.convert.revisions import definition_of
from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.bandit_epochs import learning
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_access import find_router, find_router_to_change
from pointsman.control.routing.slot_tables import paced
from pointsman.control.routing.variant_models import row_keys, usable_models
from pointsman.domain.access import Rule, can_change
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import check_not_deploying
from pointsman.domain.pages import Page
from pointsman.domain.ports.core import BanditMathematics
from pointsman.domain.records.predictions import Prediction
from pointsman.domain.revisions import MAX_COMMENT_CHARS, KeptRevision, RevisionKind, Witness, moved_slots
from pointsman.domain.router_checks import check_router
from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.domain.variants import Variant
from pointsman.domain.violations import Violations
from pointsman.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
)
from pointsman.store import model_versions
from pointsman.store.database import Database
from pointsman.store.routing import former_slot_tables, router_revisions, routers

_GIVEN_BACK = (
    "variants",
    "policy",
    *(setting.attribute for setting in ROUTER_SETTINGS if setting.decides_calls),
)
"""What decides calls, beside slots and salt. What is kept of calls is not among it: going back to a split
must not begin to record an entity in another form, or to delete records."""

_LARGEST = 2**63 - 1
"""What a column of the database holds; there is no revision of that number."""


@dataclass(frozen=True)
class SeenRevision:
    """A revision as a caller may see it.

    Attributes:
        newest: The number of the router's newest.
        with_key: Whether the caller may know the key that was used.
    """

    kept: KeptRevision
    newest: int
    with_key: bool


@dataclass(frozen=True)
class Rollback:
    """A router that has a former split again.

    Attributes:
        number: The new revision's number; 0 when it was only checked.
        moved_slots: The slots that went to another variant.
    """

    router: Router
    number: int
    moved_slots: int


class Revisions:
    """Reads the revisions of routers and goes back to one.

    Args:
        database: Where they are.
        changes: How routers are changed.
        core: Who checks what bandits learn by.
    """

    def __init__(self, database: Database, changes: Changes, core: BanditMathematics) -> None:
        self._database = database
        self._changes = changes
        self._core = core

    def list_page(
        self, caller: Principal, router_id: str, page_size: int, page_token: str
    ) -> Page[SeenRevision]:
        """Lists the revisions of a router that are kept, newest first.

        Args:
            caller: Who asks.
            router_id: The router's id.
            page_size: At most so many.
            page_token: Where the page before ended.

        Raises:
            InvalidArgumentError: The token is not valid.
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            newest = router_revisions.newest(connection, router.row_key)
            page = router_revisions.list_page(connection, router.row_key, page_size, page_token)
        with_key = can_change(caller, router)
        seen = tuple(SeenRevision(kept, newest, with_key) for kept in page.items)
        return Page(seen, page.next_page_token)

    def get(self, caller: Principal, router_id: str, number: int, generation: int) -> SeenRevision:
        """Answers one revision of a router.

        Args:
            caller: Who asks.
            router_id: The router's id.
            number: The revision's number; 0 when it is asked for by generation.
            generation: The ``router_generation`` of a record that it decided; 0 when asked for by number.

        Raises:
            InvalidArgumentError: Neither is given, or both are.
            NotFoundError: There is no such router or revision, or the caller may not know of it.
        """
        if bool(number) == bool(generation):
            raise InvalidArgumentError.at(
                "revision", "give either revision, from 1 on, or router_generation, as a record says it"
            )
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            newest = router_revisions.newest(connection, router.row_key)
            if number:
                kept = _find(connection, router, number)
            else:
                at = min(generation, _LARGEST)
                found = router_revisions.find_at(connection, router.row_key, at)
                kept = _known(found, router, f"of generation {generation}")
        return SeenRevision(kept, newest, can_change(caller, router))

    def variants_of(self, caller: Principal, router_id: str, number: int) -> Sequence[Variant]:
        """Answers the variants that a rollback would give back.

        Args:
            caller: Who asks.
            router_id: The router's id.
            number: The former revision's number, from 1 on.

        Raises:
            NotFoundError: There is no such router or revision, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the router.
        """
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.CHANGE_ROUTER)
            return definition_of(_find(connection, router, number)).variants

    def roll_back(
        self,
        caller: Principal,
        router_id: str,
        number: int,
        etag: str,
        *,
        comment: str,
        validate_only: bool,
    ) -> Rollback:
        """Gives a router back what decided its calls in a former revision: every entity its variant of then.

        Texts, permissions, status, and what is kept of calls stay as they are.

        Args:
            caller: Who asks.
            router_id: The router's id.
            number: The former revision.
            etag: The state that was read; empty for any.
            comment: Why, for the history.
            validate_only: Check only.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It is being deployed, or a model version is gone or has no backend.
            InvalidArgumentError: The comment is not valid, or the definition of then is not any more.
            NotFoundError: There is no such router or revision, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it, or may read but not call a model that it
                would begin to use.
        """
        found = Violations()
        found.check_text("comment", comment, MAX_COMMENT_CHARS)
        found.raise_if_any()
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(change.connection, caller, router_id, etag)
            check_not_deploying(before)
            kept = _find(change.connection, before, number)
            after = _given_back(change, before, definition_of(kept))
            check_router(after, "revision")
            # Settings come back, and what was learnt does not: the epoch goes on, or another one begins.
            after = learning(self._core, change, before, after, "revision")
            moved = moved_slots(before.slot_table, after.slot_table)
            after = paced(change, after, moved)
            self._save(change, caller, before, after, kept)
            made = note(
                change,
                after,
                RevisionKind.ROLLED_BACK,
                caller,
                before=before,
                comment=comment,
                source=number,
            )
            change.router = after
        return Rollback(after, 0 if validate_only else made, moved)

    def named(self, router: Router, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Answers recorded predictions with the revisions that decided them.

        Where what is kept does not agree with a record, it names none.

        Args:
            router: The router that made them.
            predictions: The predictions.
        """
        generations = {prediction.router_generation for prediction in predictions}
        with self._database.read() as connection:
            kept = router_revisions.find_many_at(connection, router.row_key, generations)
        witnesses = _witnesses(kept.values())
        return [_named(prediction, kept, witnesses) for prediction in predictions]

    def _save(
        self, change: Change, caller: Principal, before: Router, after: Router, kept: KeptRevision
    ) -> None:
        try:
            models = usable_models(
                change.connection, caller, after.variants, "revision.variants", before=before
            )
        except NotFoundError as error:
            raise FailedPreconditionError(
                f"revision {kept.revision.number} cannot be given back: {error}",
                reason="MODEL_VERSION_GONE",
                metadata=dict(error.metadata),
                fields=error.fields,
            ) from error
        _check_same_models(change.connection, after, kept)
        if after.slot_table != before.slot_table:
            former_slot_tables.remember(change.connection, before)
        routers.save(change.connection, after)
        routers.replace_variants(change.connection, after, row_keys(models))


def _given_back(change: Change, before: Router, then: Router) -> Router:
    given_back = {name: getattr(then, name) for name in _GIVEN_BACK}
    return change.revised(before, **given_back, salt=then.salt, slot_runs=then.slot_runs)


def _check_same_models(connection: Connection, after: Router, kept: KeptRevision) -> None:
    """Refuses what is registered under a name of then but is not what the revision had.

    Raises:
        FailedPreconditionError: A model version was deleted and registered anew since.
    """
    gone = set(model_versions.deleted_since(connection, kept.revision.generation))
    for index, variant in enumerate(after.variants):
        if variant.model_key in gone:
            path = f"revision.variants[{index}].model_version"
            described = (
                f"{str(variant.model_key)!r} was deleted after revision {kept.revision.number} and "
                "registered anew, so that it may be another model; if it is the right one, change variants "
                "with UpdateRouter"
            )
            raise FailedPreconditionError(
                f"{path}: {described}",
                reason="MODEL_VERSION_REPLACED",
                metadata={"model_id": variant.model_id, "version": variant.model_version},
                fields=[FieldViolation(path, described)],
            )


def _find(connection: Connection, router: Router, number: int) -> KeptRevision:
    return _known(
        router_revisions.find(connection, router.row_key, min(number, _LARGEST)), router, str(number)
    )


def _known(kept: KeptRevision | None, router: Router, which: str) -> KeptRevision:
    if kept is None:
        raise NotFoundError(
            f"revision {which} of router {router.router_id!r} is not kept; ListRouterRevisions shows those "
            "that are",
            reason="REVISION_NOT_FOUND",
            metadata={"router_id": router.router_id, "revision": which},
        )
    return kept


def _witnesses(kept: Iterable[KeptRevision]) -> dict[int, Witness]:
    return {
        number: Witness(definition_of(one), one.revision)
        for number, one in {one.revision.number: one for one in kept}.items()
    }


def _named(
    prediction: Prediction, kept: dict[int, KeptRevision], witnesses: dict[int, Witness]
) -> Prediction:
    found = kept.get(prediction.router_generation)
    if found is None or not witnesses[found.revision.number].agrees(prediction):
        return prediction
    return dataclasses.replace(prediction, router_revision=found.revision.number)
