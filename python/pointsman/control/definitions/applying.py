"""Definitions brought into force: all in one change, or nothing."""

import dataclasses
from collections.abc import Sequence

from pointsman.control.definitions.backends import DefinitionBackends, Found, Known, find
from pointsman.control.definitions.checks import Objections, Wanted, WantedModel, WantedRouter
from pointsman.control.definitions.outcomes import Applied, Outcome, moved, permit, whole
from pointsman.control.definitions.users import bring_users, check_caller, tell_changed
from pointsman.control.lanes import Lanes
from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.publishing.refusals import Refusals
from pointsman.control.registry.models import ModelRegistry
from pointsman.control.routing.deployment import stepped
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_fields import changed_paths
from pointsman.control.routing.routers import RouterRegistry
from pointsman.definitions.differences import differences
from pointsman.definitions.plain import json_of
from pointsman.domain.access import Rule, check_router_access
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import Step, check_not_deploying
from pointsman.domain.model_access import check_takes_id, check_uses
from pointsman.domain.models import ModelVersion, OnnxBackend, Stage
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.routers import Router, RouterStatus
from pointsman.errors import (
    AbortedError,
    DataPlaneError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
)
from pointsman.store import model_versions, models
from pointsman.store.database import Database
from pointsman.store.routing import routers


class _NothingChangesError(Exception):
    """Undoes a change that would have changed nothing."""


class Definitions:
    """Brings definitions into force.

    A router that shall run says ``running`` from the change on: every backend that it needs has answered
    before, and what the data plane refuses of the change is an error.

    Args:
        database: Where objects are kept.
        changes: How they are changed.
        backends: Who asks backends.
        refusals: What this server's replica cannot use of the routers.
        models: The model registry.
        registry: The routers.
        lanes: The threads for it.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        backends: DefinitionBackends,
        refusals: Refusals,
        models: ModelRegistry,
        registry: RouterRegistry,
        lanes: Lanes,
    ) -> None:
        self._database = database
        self._changes = changes
        self._backends = backends
        self._refusals = refusals
        self._models = models
        self._registry = registry
        self._lanes = lanes

    async def apply(
        self,
        caller: Principal,
        wanted: Sequence[Wanted],
        expected_generation: int | None,
        *,
        validate_only: bool,
    ) -> Applied:
        """Brings objects to what is wanted of them.

        Args:
            caller: Who asks.
            wanted: Every object once, checked by itself.
            expected_generation: The generation in which that is right; None for any.
            validate_only: Check only.

        Returns:
            What came of each, in order; then of model versions that left production because of it.

        Raises:
            AbortedError: The state is not of the expected generation, or changed while backends were asked.
            DataPlaneError: All is stored, but the data plane refused a router.
            PointsmanError: Definitions are refused, with every field in the way; nothing is changed.
        """
        found = await self._lanes.read(self._look, caller, wanted)
        known = await self._backends.ask(wanted, found)
        return await self._lanes.write(
            self._apply, caller, wanted, known, expected_generation, validate_only=validate_only
        )

    def _look(self, caller: Principal, wanted: Sequence[Wanted]) -> Found:
        """Reads what is there, and refuses early whoever may not change it.

        Raises:
            PointsmanError: The caller may not change one of the objects.
        """
        with self._database.read() as connection:
            found = find(connection, caller, wanted)
        objections = Objections()
        for item in wanted:
            if isinstance(item, WantedRouter):
                with objections.about(item.field):
                    _router_to_change(caller, found.routers.get(item.router.router_id), item)
        check_caller(caller, wanted, objections)
        objections.raise_if_any()
        return found

    def _apply(
        self,
        caller: Principal,
        wanted: Sequence[Wanted],
        known: Known,
        expected_generation: int | None,
        *,
        validate_only: bool,
    ) -> Applied:
        outcomes: list[Outcome] = []
        generation = 0
        try:
            with self._changes.change(validate_only=validate_only) as change:
                generation = change.generation - 1
                if expected_generation is not None and expected_generation != generation:
                    raise AbortedError(
                        f"expected_generation: {expected_generation} is not the present {generation}; the "
                        "state has changed since it was read: look at the differences again, then retry",
                        reason="GENERATION_MISMATCH",
                        metadata={"generation": str(generation)},
                    )
                outcomes = self._change(change, caller, wanted, known)
                if not any(outcome.is_change for outcome in outcomes):
                    raise _NothingChangesError
                if not validate_only:
                    generation = change.generation
        except _NothingChangesError:
            return Applied(tuple(outcomes), generation)
        if not validate_only:
            tell_changed(caller, outcomes)
            self._check_accepted(outcomes)
        return Applied(tuple(outcomes), generation)

    def _change(
        self, change: Change, caller: Principal, wanted: Sequence[Wanted], known: Known
    ) -> list[Outcome]:
        """Goes through all definitions: model versions, their stages, routers that use them, then users."""
        found = find(change.connection, caller, wanted)
        self._backends.check_known(wanted, found, known)
        objections = Objections()
        outcomes: dict[str, Outcome] = {}
        versions = [item for item in wanted if isinstance(item, WantedModel)]
        for item in versions:
            with objections.about(item.field):
                outcomes[item.field] = self._register(change, caller, item, found, known)
        objections.raise_if_any()
        permit(change, versions, outcomes)
        left = self._move(change, caller, versions, outcomes, objections)
        for key, signature in known.signatures.items():
            model = found.models.get(key)
            if model is not None and model.signature != signature:
                model_versions.set_signature(change.connection, model.row_key, signature, change.generation)
        registered = (outcomes[item.field].item for item in versions)
        present = {model.key: model for model in registered if isinstance(model, ModelVersion)}
        stored = Found({**found.models, **present}, found.routers)
        for router in wanted:
            if isinstance(router, WantedRouter):
                with objections.about(router.field):
                    outcomes[router.field] = self._bring(change, caller, router, stored)
        outcomes |= bring_users(change, caller, wanted, objections)
        objections.raise_if_any()
        return [*(outcomes[item.field] for item in wanted), *left]

    def _register(
        self, change: Change, caller: Principal, item: WantedModel, found: Found, known: Known
    ) -> Outcome:
        key = item.model.key
        stored = found.models.get(key)
        if stored is None:
            model = known.described[key]
            signature = known.signatures.get(key, model.signature)
            described = dataclasses.replace(model, signature=signature)
            return Outcome(self._models.register_in(change, caller, described), is_new=True)
        check_takes_id(caller, models.find(change.connection, key.model_id), key.model_id)
        _check_same(item, stored)
        return Outcome(stored)

    def _move(
        self,
        change: Change,
        caller: Principal,
        versions: Sequence[WantedModel],
        outcomes: dict[str, Outcome],
        objections: Objections,
    ) -> list[Outcome]:
        """Brings model versions to their stages, production last, so that it is free by then.

        Returns:
            What came of those that left production though their definitions, if any, do not say so.
        """
        left: list[Outcome] = []
        places = {item.model.key: item.field for item in versions}
        for item in sorted(versions, key=lambda item: item.stage is Stage.PRODUCTION):
            outcome = outcomes[item.field]
            model = outcome.item
            if not isinstance(model, ModelVersion) or item.stage in (None, model.stage):
                continue
            with objections.about(item.field):
                stage = item.stage or Stage.NONE
                if stage is Stage.PRODUCTION:
                    for former in _in_production(change, caller, model.model_id):
                        archived = moved(Outcome(former), Stage.ARCHIVED)
                        place = places.get(former.key)
                        if place is None:
                            left.append(archived)
                        else:
                            outcomes[place] = moved(outcomes[place], Stage.ARCHIVED)
                self._models.set_stage_in(change, caller, model, stage)
                outcomes[item.field] = moved(outcome, stage)
        return left

    def _bring(self, change: Change, caller: Principal, item: WantedRouter, found: Found) -> Outcome:
        """Creates or changes a router, and puts it into service or takes it out."""
        before = _router_to_change(caller, found.routers.get(item.router.router_id), item)
        if before is None:
            created = self._registry.create_in(change, caller, item.router, item.field, found.models)
            after = self._stepped(change, created, item)
            if after is not created:
                routers.save(change.connection, after)
            note(change, after, RevisionKind.CREATED, caller)
            return Outcome(after, is_new=True)
        if before.strategy is not item.router.strategy:
            raise InvalidArgumentError.at(
                f"{item.field}.strategy",
                f"{item.router.strategy} is not the router's, {before.strategy}, and cannot be changed; "
                "delete the router first, or choose another id",
            )
        paths = changed_paths(before, item.router)
        after, moved_slots = before, 0
        if paths:
            after, moved_slots = self._registry.update_in(
                change, caller, before, item.router, paths, item.field, found.models
            )
        # One that is refused here is out of service, whatever the database knows.
        seen = self._refusals.seen(before)
        shown = dataclasses.replace(after, status=seen.status)
        brought = self._stepped(change, shown, item)
        if brought is not shown:
            if brought.status is RouterStatus.RUNNING:
                _check_deploys(caller, brought, item.field, found)
            routers.save(change.connection, brought)
            after = shown = brought
        if after is not before:
            in_service = RevisionKind.DEPLOYED if after.serving else RevisionKind.STOPPED
            note(change, after, RevisionKind.UPDATED if paths else in_service, caller, before=before)
        # One that is refused here serves on other servers, which is what it is taken out of.
        was = before if item.in_service is False else seen
        fields = tuple(differences(whole(was), whole(shown))) if after is not before else ()
        return Outcome(after, fields=fields, moved_slots=moved_slots)

    def _stepped(self, change: Change, router: Router, item: WantedRouter) -> Router:
        """Answers a router in service or out of it, as is wanted; the same when it is so already."""
        if item.in_service is None:
            return router
        if item.in_service:
            if router.status is RouterStatus.RUNNING:
                return router
            begun = stepped(change, router, Step.DEPLOY, serving=False)
            running = stepped(change, begun, Step.SUCCEED, serving=True)
            return dataclasses.replace(running, deploy_time_us=change.now_us)
        check_not_deploying(router)
        if not router.serving:
            return router
        running = dataclasses.replace(router, status=RouterStatus.RUNNING)
        return stepped(change, running, Step.STOP, serving=False)

    def _check_accepted(self, outcomes: Sequence[Outcome]) -> None:
        """Checks that this server's replica took the routers that changed.

        Raises:
            DataPlaneError: It refused one.
        """
        refused = [
            f"router {outcome.item.router_id!r}: {reason}"
            for outcome in outcomes
            if outcome.is_change and isinstance(outcome.item, Router)
            if (reason := self._refusals.of_router(outcome.item.router_id))
        ]
        if refused:
            raise DataPlaneError(
                f"the definitions are stored, but the data plane refused {len(refused)} of the routers "
                f"({refused[0]}); what was before stays in effect for them, change them again",
                reason="SNAPSHOT_REFUSED",
            )


def _router_to_change(caller: Principal, router: Router | None, item: WantedRouter) -> Router | None:
    """Answers the router that a definition is of; None when there is none that the caller may know of.

    Raises:
        PermissionDeniedError: The caller may read it, but not change it.
    """
    if router is None:
        return None
    return check_router_access(caller, router, item.router.router_id, Rule.CHANGE_ROUTER)


def _check_same(item: WantedModel, stored: ModelVersion) -> None:
    """Checks that a definition is that of a registered model version, but for its stage and permissions.

    Raises:
        FailedPreconditionError: It is not, with what differs.
    """
    signature = item.model.given_signature.completed_by(stored.signature)
    backend = item.model.backend
    if isinstance(backend, OnnxBackend):
        backend = backend.completed_by(stored.backend)
    wanted = dataclasses.replace(
        item.model,
        backend=backend,
        signature=signature,
        stage=stored.stage,
        permissions=stored.permissions,
    )
    found = differences(whole(stored), whole(wanted))
    if found:
        way_out = (
            "and a registered version does not change; register another version, or delete this one first"
        )
        violations = [
            FieldViolation(
                f"{item.field}.{difference.field}",
                f"is {_shown(difference.after)}, registered is {_shown(difference.before)}, {way_out}",
            )
            for difference in found
        ]
        raise FailedPreconditionError(
            "; ".join(str(violation) for violation in violations),
            reason="MODEL_VERSION_DIFFERS",
            metadata={"model_id": stored.model_id, "version": stored.version},
            fields=violations,
        )


def _check_deploys(caller: Principal, router: Router, field: str, found: Found) -> None:
    """Checks that the caller may use what a router goes into service with, as a deployment does.

    Raises:
        NotFoundError: The caller may not know of the model version of a variant.
        PermissionDeniedError: The caller may read but not call a variant's model.
    """
    for index, variant in enumerate(router.variants):
        model = found.models.get(variant.model_key)
        if variant.enabled and model is not None:
            check_uses(caller, model, f"{field}.variants[{index}].model_version")


def _in_production(change: Change, caller: Principal, model_id: str) -> tuple[ModelVersion, ...]:
    page = model_versions.list_page(
        change.connection,
        caller,
        model_id=model_id,
        stage=Stage.PRODUCTION,
        tag="",
        page_size=1,
        page_token="",
    )
    return page.items


def _shown(value: object) -> str:
    text = json_of(value) if value is not None else "not stated"
    return text if len(text) <= 200 else text[:200] + "…"
