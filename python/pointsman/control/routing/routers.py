"""Routers: creating, changing and deleting them."""

import dataclasses
import secrets
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.bandit_epochs import learning
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_access import find_router_to_change
from pointsman.control.routing.router_fields import OWNER, check_paths, check_same_strategy, with_fields
from pointsman.control.routing.rule_tables import settled
from pointsman.control.routing.slot_tables import first_table, with_table
from pointsman.control.routing.variant_models import row_keys, usable_models
from pointsman.domain.access import can_change, can_read, check_creates_for
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import Step, check_not_deploying, next_status
from pointsman.domain.models import ModelKey, ModelVersion
from pointsman.domain.permissions import Permissions, check_permissions
from pointsman.domain.ports.core import RoutingCore
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.router_checks import check_router
from pointsman.domain.routers import INCARNATIONS, SALT_BYTES, Router
from pointsman.domain.violations import Violations
from pointsman.errors import (
    AlreadyExistsError,
    FieldViolation,
    PermissionDeniedError,
)
from pointsman.store import models
from pointsman.store.routing import routers


class RouterRegistry:
    """Creates, changes and deletes routers.

    Args:
        changes: How they are changed.
        core: Who computes their slot tables and checks their rules.
        new_salt: Answers 16 random bytes.
        new_incarnation: Answers a random number from 1 on. Not a count: a database that is restored from a
            backup would count anew, and give a router what one had that it does not know of any more.
    """

    def __init__(
        self,
        changes: Changes,
        core: RoutingCore,
        new_salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
        new_incarnation: Callable[[], int] = lambda: 1 + secrets.randbelow(INCARNATIONS - 1),
    ) -> None:
        self._changes = changes
        self._core = core
        self._new_salt = new_salt
        self._new_incarnation = new_incarnation

    def create(self, caller: Principal, router: Router, *, validate_only: bool) -> Router:
        """Creates a router in status registered.

        Args:
            caller: Who asks; owns the router when it names no other owner.
            router: The router.
            validate_only: Check only; change nothing.

        Returns:
            The router as it is stored.

        Raises:
            AlreadyExistsError: The id is taken.
            FailedPreconditionError: A variant's model version has no backend.
            InvalidArgumentError: A field is wrong.
            NotFoundError: A variant's model version is not registered, or the caller may not know of it.
            PermissionDeniedError: It would be another user's, the id is that of somebody else's model, or the
                caller may read but not call a variant's model.
        """
        check_router(router)
        if router.owner:
            _check_owner(router.owner)
            check_creates_for(caller, router.owner)
        with self._changes.change(validate_only=validate_only) as change:
            stored = self.create_in(change, caller, router)
            note(change, stored, RevisionKind.CREATED, caller)
            change.router = stored
        return stored

    def create_in(
        self,
        change: Change,
        caller: Principal,
        router: Router,
        field: str = "router",
        known: Mapping[ModelKey, ModelVersion] | None = None,
    ) -> Router:
        """Creates a router that is checked by itself, as a part of a change.

        Args:
            change: The change.
            caller: Who asks.
            router: The router.
            field: The path of the field that holds it.
            known: The registered model versions among those of its variants; None asks the database.

        Raises:
            AlreadyExistsError: The id is taken.
            FailedPreconditionError: A variant's model version has no backend.
            NotFoundError: A variant's model version is not registered, or the caller may not know of it.
            PermissionDeniedError: The id is that of somebody else's model, or the caller may read but not
                call a variant's.
        """
        if routers.find(change.connection, router.router_id) is not None:
            described = f"{router.router_id!r} is taken; choose another id"
            raise AlreadyExistsError(
                f"{field}.router_id: {described}",
                reason="ROUTER_EXISTS",
                metadata={"router_id": router.router_id},
                fields=[FieldViolation(f"{field}.router_id", described)],
            )
        _check_name_free(change.connection, caller, router.router_id, field)
        found = usable_models(change.connection, caller, router.variants, f"{field}.variants", known)
        router = settled(change.connection, self._core, None, router, field, found)
        router = learning(self._core, change, None, router, field)
        return routers.add(
            change.connection,
            dataclasses.replace(
                router,
                owner=router.owner or caller.user_id,
                salt=self._new_salt(),
                incarnation=self._new_incarnation(),
                slot_runs=first_table(self._core, router),
                create_time_us=change.now_us,
                update_time_us=change.now_us,
                changed_generation=change.generation,
            ),
            row_keys(found),
        )

    def update(
        self, caller: Principal, router: Router, paths: Sequence[str], etag: str, *, validate_only: bool
    ) -> Router:
        """Changes the fields of a router that ``paths`` name; on a running one they take effect at once.

        Args:
            caller: Who asks.
            router: The new values.
            paths: Which of them count, as :mod:`~pointsman.control.routing.router_fields` names them.
            etag: The state that was read; empty for any.
            validate_only: Check only.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It is being deployed, or a variant's model version has no backend.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such router or model version.
            PermissionDeniedError: The caller may not change it.
        """
        check_paths(paths)
        if OWNER in paths:
            _check_owner(router.owner)
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(
                change.connection, caller, router.router_id, etag, field="router.router_id"
            )
            after, _ = self.update_in(change, caller, before, router, paths)
            note(change, after, RevisionKind.UPDATED, caller, before=before)
            change.router = after
        return after

    def update_in(
        self,
        change: Change,
        caller: Principal,
        before: Router,
        router: Router,
        paths: Sequence[str],
        field: str = "router",
        known: Mapping[ModelKey, ModelVersion] | None = None,
    ) -> tuple[Router, int]:
        """Changes some fields of a router, as a part of a change.

        Args:
            change: The change.
            caller: Who asks.
            before: The router as it stands.
            router: The new values.
            paths: Which of them count, as :mod:`~pointsman.control.routing.router_fields` names them, and
                ``permissions``.
            field: The path of the field that holds the new values.
            known: The registered model versions among those of its variants; None asks the database.

        Returns:
            The router as it is then, and the number of slots that moved.

        Raises:
            FailedPreconditionError: It is being deployed, or a variant's model version has no backend.
            InvalidArgumentError: A field is wrong.
            NotFoundError: A variant's model version is not registered, or the caller may not know of it.
            PermissionDeniedError: The caller may read but not call the model of a variant that is new.
        """
        after = change.revised(with_fields(before, router, paths))
        check_same_strategy(before, router, paths, field)
        check_router(after, field)
        after = settled(change.connection, self._core, before, after, field, known)
        after = learning(self._core, change, before, after, field)
        moved_slots = 0
        if "variants" in paths:
            after, moved_slots = self._with_variants(change, caller, before, after, field, known)
        elif after.policy != before.policy:
            check_not_deploying(before)
            after, moved_slots = with_table(change, self._core, before, after)
        routers.save(change.connection, after)
        if "tags" in paths:
            routers.replace_tags(change.connection, after)
        if "metrics" in paths:
            routers.replace_metrics(change.connection, after)
        if "permissions" in paths:
            routers.replace_permissions(change.connection, after)
        return after, moved_slots

    def update_permissions(
        self, caller: Principal, router_id: str, permissions: Permissions, etag: str, *, validate_only: bool
    ) -> Router:
        """Sets who may read and call a router.

        Args:
            caller: Who asks.
            router_id: The router's id.
            permissions: All of them; they replace those before.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router with its new permissions.

        Raises:
            AbortedError: The router has changed since it was read.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        check_permissions(permissions)
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(change.connection, caller, router_id, etag)
            after = change.revised(before, permissions=permissions)
            routers.save(change.connection, after)
            routers.replace_permissions(change.connection, after)
            note(change, after, RevisionKind.PERMISSIONS, caller, before=before)
            change.router = after
        return after

    def delete(self, caller: Principal, router_id: str, etag: str, *, validate_only: bool) -> None:
        """Deletes a router softly; a running one stops with it.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It is being deployed.
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            gone = dataclasses.replace(
                router,
                status=next_status(router, Step.DELETE),
                serving=False,
                changed_generation=change.generation,
            )
            routers.remove(change.connection, gone, change.now_us)
            note(change, gone, RevisionKind.DELETED, caller, before=router)

    def _with_variants(
        self,
        change: Change,
        caller: Principal,
        before: Router,
        after: Router,
        field: str,
        known: Mapping[ModelKey, ModelVersion] | None,
    ) -> tuple[Router, int]:
        check_not_deploying(before)
        found = usable_models(
            change.connection, caller, after.variants, f"{field}.variants", known, before=before
        )
        allocated, moved_slots = with_table(change, self._core, before, after)
        routers.replace_variants(change.connection, allocated, row_keys(found))
        return allocated, moved_slots


def _check_owner(owner: str) -> None:
    found = Violations()
    found.check_user("router.owner", owner)
    found.raise_if_any()


def _check_name_free(connection: Connection, caller: Principal, router_id: str, field: str) -> None:
    """Refuses a router under the name of somebody else's model, whose calls it would take over."""
    model = models.find(connection, router_id)
    if model is None or can_change(caller, model):
        return
    owner = repr(model.owner) if can_read(caller, model) else "another user"
    raise PermissionDeniedError(
        f"{field}.router_id: {router_id!r} is also the id of a model that belongs to {owner}, whose calls "
        "the router would take over; choose another id",
        reason="NOT_MODEL_OWNER",
        metadata={"model_id": router_id},
    )
