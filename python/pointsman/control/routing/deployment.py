"""Deployments: putting routers into service and taking them out."""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from pointsman.control.lanes import Lanes
from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.publishing.refusals import Refusals
from pointsman.control.registry.probing import BackendsNotReadyError, probe_all
from pointsman.control.routing.revision_log import SERVER, extend, note
from pointsman.control.routing.router_access import find_router, find_router_to_change
from pointsman.control.routing.variant_models import usable_models
from pointsman.domain.access import Rule, can_predict
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import Step, next_status
from pointsman.domain.models import ModelKey, ModelVersion, Signature
from pointsman.domain.ports.replica import Probing
from pointsman.domain.revisions import MAX_COMMENT_CHARS, RevisionKind
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.variants import Variant
from pointsman.errors import AbortedError, DataPlaneError, FailedPreconditionError
from pointsman.store import model_versions
from pointsman.store.database import Database
from pointsman.store.job_leases import Fence, unfenced
from pointsman.store.routing import routers

_log = structlog.get_logger(__name__)
_MAX_MESSAGE_CHARS = 2000

VariantsAfter = Callable[[Router], Sequence[Variant]]
"""Answers what a router's variants will be after a change."""


@dataclass(frozen=True)
class Plan:
    """A deployment that has begun: the router, and the model versions that its enabled variants need.

    Attributes:
        caller: Who asked for it.
        kind: What the history says when it works.
    """

    router: Router
    models: Mapping[ModelKey, ModelVersion]
    caller: Principal
    kind: RevisionKind = RevisionKind.DEPLOYED


class Deployments:
    """Deploys, starts and stops routers.

    A router says ``running`` only after every enabled variant's backend answered this server and its replica
    reported the generation in which it serves; others take it when they look at the database.

    Args:
        database: Where they are kept.
        changes: How routers are changed.
        backends: Who asks them.
        refusals: What this server's replica cannot use of the routers.
        lanes: The threads for it.
        timeout_seconds: How long all backends of a router may take together.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        backends: Probing,
        refusals: Refusals,
        lanes: Lanes,
        timeout_seconds: float,
    ) -> None:
        self._database = database
        self._changes = changes
        self._backends = backends
        self._refusals = refusals
        self._lanes = lanes
        self._timeout_seconds = timeout_seconds

    async def deploy(
        self, caller: Principal, router_id: str, etag: str, *, step: Step, validate_only: bool
    ) -> Router:
        """Puts a router into service.

        Goes on to its end when the caller goes away.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            step: ``DEPLOY`` or ``START``.
            validate_only: Check only.

        Returns:
            The router, running or failed.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It runs already, or is being deployed, or was never deployed.
            NotFoundError: There is none, or the caller may not know of it, or of the model of a variant.
            PermissionDeniedError: The caller may not change it, or may not call the model of a variant.
        """
        plan = await self._lanes.write(self._begin, caller, router_id, etag, step, validate_only)
        if validate_only:
            return plan.router
        return await asyncio.shield(asyncio.create_task(self._finish(plan)))

    async def check_additions(self, caller: Principal, router_id: str, variants: VariantsAfter) -> None:
        """Asks the backends that a running router would begin to use by a change of its variants.

        Args:
            caller: Who asks for the change.
            router_id: The router's id.
            variants: Answers what the variants will be, of the router as it stands.

        Raises:
            FailedPreconditionError: One did not answer; calls to its variant would fail.
            NotFoundError: There is no such router, model version, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        plan = await self._lanes.read(self._additions, caller, router_id, variants)
        if not plan.models:
            return
        try:
            signatures = await probe_all(
                self._backends,
                self._lanes,
                plan.models,
                plan.router.enabled_variants,
                self._timeout_seconds,
            )
        except BackendsNotReadyError as error:
            raise FailedPreconditionError(
                f"{error}; the router runs on as before, bring the backend up first",
                reason=error.reason,
                metadata={"router_id": router_id},
            ) from error
        if any(signatures[key] != model.signature for key, model in plan.models.items()):
            await self._lanes.write(self._describe, plan, signatures)

    def stop(self, caller: Principal, router_id: str, etag: str, *, validate_only: bool) -> Router:
        """Takes a running router out of service.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router, out of service.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It does not run.
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            after = stepped(change, router, Step.STOP, serving=False)
            routers.save(change.connection, after)
            note(change, after, RevisionKind.STOPPED, caller, before=router)
            change.router = after
        return after

    def fail_abandoned(self, began_before_us: int, fence: Fence = unfenced) -> int:
        """Fails the deployments that a process has begun and not ended.

        Args:
            began_before_us: Those that began before this time.
            fence: Is called with the transaction before it changes anything.

        Returns:
            How many there were.
        """
        with self._database.read() as connection:
            if not routers.find_deploying(connection, began_before_us):
                return 0
        with self._changes.change() as change:
            fence(change.connection)
            abandoned = routers.find_deploying(change.connection, began_before_us)
            for router in abandoned:
                message = "the server ended while it deployed the router; deploy it again"
                after = stepped(change, router, Step.FAIL, serving=False, message=message)
                routers.save(change.connection, after)
                note(change, after, RevisionKind.FAILED, SERVER, before=router, comment=message)
        return len(abandoned)

    async def _finish(self, plan: Plan) -> Router:
        variants = plan.router.enabled_variants
        try:
            signatures = await probe_all(
                self._backends, self._lanes, plan.models, variants, self._timeout_seconds
            )
            serving = await self._lanes.write(self._serve, plan, signatures)
        except (BackendsNotReadyError, DataPlaneError) as error:
            return await self._lanes.write(self._fail, plan, str(error))
        return await self._lanes.write(self._succeed, serving)

    def _begin(self, caller: Principal, router_id: str, etag: str, step: Step, validate_only: bool) -> Plan:
        with self._changes.change(validate_only=validate_only) as change:
            router = self._refusals.seen(find_router_to_change(change.connection, caller, router_id, etag))
            after = stepped(change, router, step, serving=False)
            models = usable_models(change.connection, caller, router.enabled_variants)
            routers.save(change.connection, after)
            extend(change, router, after)
        kind = RevisionKind.STARTED if step is Step.START else RevisionKind.DEPLOYED
        return Plan(router if validate_only else after, models, caller, kind)

    def _additions(self, caller: Principal, router_id: str, variants: VariantsAfter) -> Plan:
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.CHANGE_ROUTER)
            if router.status is not RouterStatus.RUNNING:
                return Plan(router, {}, caller)
            after = dataclasses.replace(router, variants=tuple(variants(router)))
            used = {variant.model_key for variant in router.enabled_variants}
            added = [variant for variant in after.enabled_variants if variant.model_key not in used]
            models = model_versions.find_many(connection, {variant.model_key for variant in added})
        # Those that are not registered, have no backend or are not the caller's to use are refused by the
        # change itself.
        asked = {
            key: model
            for key, model in models.items()
            if model.backend is not None and can_predict(caller, model)
        }
        return Plan(after, asked, caller)

    def _describe(self, plan: Plan, signatures: Mapping[ModelKey, Signature]) -> None:
        with self._changes.change() as change:
            _store_signatures(change, plan, signatures)

    def _serve(self, plan: Plan, signatures: Mapping[ModelKey, Signature]) -> Router:
        """Publishes the router as one that serves; it does not say ``running`` yet."""
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, plan.router.router_id), plan.router.row_key)
            described = _store_signatures(change, plan, signatures)
            after = dataclasses.replace(
                router,
                serving=True,
                update_time_us=change.now_us,
                changed_generation=change.generation,
            )
            routers.save(change.connection, after)
            note(change, after, plan.kind, plan.caller, before=router)
            change.router = None if described else after
        self._changes.check_accepted(after.router_id)
        return after

    def _succeed(self, serving: Router) -> Router:
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, serving.router_id), serving.row_key)
            after = dataclasses.replace(
                stepped(change, router, Step.SUCCEED, serving=True),
                deploy_time_us=change.now_us,
            )
            routers.save(change.connection, after)
            extend(change, router, after)
            change.router = after
        return after

    def _fail(self, plan: Plan, message: str) -> Router:
        began = plan.router
        _log.warning("deployment failed", router=began.router_id, reason=message)
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, began.router_id), began.row_key)
            after = stepped(change, router, Step.FAIL, serving=False, message=message)
            routers.save(change.connection, after)
            comment = message[:MAX_COMMENT_CHARS]
            note(change, after, RevisionKind.FAILED, plan.caller, before=router, comment=comment)
        return after


def stepped(change: Change, router: Router, step: Step, *, serving: bool, message: str = "") -> Router:
    """Answers a router after a step of its life.

    Args:
        change: The change that it is part of.
        router: The router as it stands.
        step: What happens to it.
        serving: Whether the data plane serves the router then.
        message: Why it stands there, in words.

    Raises:
        FailedPreconditionError: The step is not possible from where the router stands.
    """
    return change.revised(
        router,
        status=next_status(router, step),
        status_message=message[:_MAX_MESSAGE_CHARS],
        serving=serving,
    )


def _present(router: Router | None, row_key: int) -> Router:
    if router is None or router.row_key != row_key:
        # Deleting is refused while a router deploys; only another program could do this.
        raise AbortedError("the router went away while it was deployed", reason="ROUTER_GONE")
    return router


def _store_signatures(change: Change, plan: Plan, signatures: Mapping[ModelKey, Signature]) -> bool:
    """Stores the signatures that differ from those before; answers whether any did."""
    different = [model for key, model in plan.models.items() if signatures[key] != model.signature]
    for model in different:
        model_versions.set_signature(
            change.connection, model.row_key, signatures[model.key], change.generation
        )
    return bool(different)
