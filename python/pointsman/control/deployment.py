"""Deployments: putting routers into service and taking them out."""

import asyncio
import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from pointsman.control.changes import Changes
from pointsman.control.lanes import Lanes
from pointsman.control.probing import probe
from pointsman.control.router_access import find_router_to_change
from pointsman.control.routers import usable_models
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import Step, next_status
from pointsman.domain.models import ModelKey, ModelVersion, Signature
from pointsman.domain.routers import Router, Variant
from pointsman.errors import DataPlaneError, PointsmanError
from pointsman.store import model_versions, routers
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)
_MAX_MESSAGE_CHARS = 2000


@dataclass(frozen=True)
class Plan:
    """A deployment that has begun: the router, and the model versions that its enabled variants need."""

    router: Router
    models: Mapping[ModelKey, ModelVersion]


class Deployments:
    """Deploys, starts and stops routers.

    A router says ``running`` only after every enabled variant's backend answered and the data plane
    reported the generation in which it serves.

    Args:
        database: Where they are kept.
        changes: How routers are changed.
        data_plane: Who asks backends.
        lanes: The threads for it.
        timeout_seconds: How long all backends of a router may take together.
    """

    def __init__(self, database: Database, changes: Changes, data_plane: DataPlane, lanes: Lanes, timeout_seconds: float) -> None:
        self._database = database
        self._changes = changes
        self._data_plane = data_plane
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
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        plan = await self._lanes.write(self._begin, caller, router_id, etag, step, validate_only)
        if validate_only:
            return plan.router
        return await asyncio.shield(asyncio.create_task(self._finish(plan)))

    def stop(self, caller: Principal, router_id: str, etag: str, *, validate_only: bool) -> Router:
        """Takes a running router out of service.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It does not run.
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            after = _stepped(router, Step.STOP, change.generation, change.now_us, serving=False)
            routers.save(change.connection, after)
            change.router = after
        return after

    def fail_abandoned(self, began_before_us: int) -> int:
        """Fails the deployments that a process has begun and not ended.

        Returns:
            How many there were.
        """
        with self._database.read() as connection:
            if not routers.find_deploying(connection, began_before_us):
                return 0
        with self._changes.change() as change:
            abandoned = routers.find_deploying(change.connection, began_before_us)
            for router in abandoned:
                message = "the server ended while it deployed the router; deploy it again"
                after = _stepped(
                    router, Step.FAIL, change.generation, change.now_us, serving=False, message=message
                )
                routers.save(change.connection, after)
        return len(abandoned)

    async def _finish(self, plan: Plan) -> Router:
        try:
            signatures = await self._probe_all(plan)
        except DeploymentError as error:
            return await self._lanes.write(self._fail, plan.router.router_id, plan.router.row_key, str(error))
        try:
            serving = await self._lanes.write(self._serve, plan, signatures)
        except DataPlaneError as error:
            return await self._lanes.write(self._fail, plan.router.router_id, plan.router.row_key, str(error))
        return await self._lanes.write(self._succeed, serving)

    def _begin(self, caller: Principal, router_id: str, etag: str, step: Step, validate_only: bool) -> Plan:
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            after = _stepped(router, step, change.generation, change.now_us, serving=False)
            models = usable_models(change.connection, router.enabled_variants)
            routers.save(change.connection, after)
            change.router = after
        return Plan(router if validate_only else after, models)

    async def _probe_all(self, plan: Plan) -> dict[ModelKey, Signature]:
        """Asks all backends at the same time; names every variant whose backend did not answer."""
        deadline = time.monotonic() + self._timeout_seconds
        keys = sorted(plan.models)
        answers = await asyncio.gather(
            *(self._lanes.probe(self._probe_one, plan.models[key], deadline) for key in keys),
            return_exceptions=True,
        )
        signatures: dict[ModelKey, Signature] = {}
        faults: list[str] = []
        for key, answer in zip(keys, answers, strict=True):
            if isinstance(answer, BaseException):
                if not isinstance(answer, PointsmanError):
                    raise answer
                faults.append(f"{_named(plan.router.enabled_variants, key)}: {answer}")
            else:
                signatures[key] = answer
        if faults:
            raise DeploymentError("; ".join(faults))
        return signatures

    def _probe_one(self, model: ModelVersion, deadline: float) -> Signature:
        remaining_seconds = deadline - time.monotonic()
        if remaining_seconds <= 0:
            raise DeploymentError(f"was not asked within {self._timeout_seconds:g} s; deploy again")
        return probe(self._data_plane, model, remaining_seconds)

    def _serve(self, plan: Plan, signatures: Mapping[ModelKey, Signature]) -> Router:
        """Publishes the router as one that serves; it does not say ``running`` yet."""
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, plan.router.router_id), plan.router.row_key)
            described = False
            for key, model in plan.models.items():
                if signatures[key] != model.signature:
                    model_versions.set_signature(
                        change.connection, model.row_key, signatures[key], change.generation
                    )
                    described = True
            after = dataclasses.replace(
                router,
                serving=True,
                update_time_us=change.now_us,
                changed_generation=change.generation,
            )
            routers.save(change.connection, after)
            change.router = None if described else after
        self._changes.check_accepted(after.router_id)
        return after

    def _succeed(self, serving: Router) -> Router:
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, serving.router_id), serving.row_key)
            after = dataclasses.replace(
                _stepped(router, Step.SUCCEED, change.generation, change.now_us, serving=True),
                deploy_time_us=change.now_us,
            )
            routers.save(change.connection, after)
            change.router = after
        return after

    def _fail(self, router_id: str, row_key: int, message: str) -> Router:
        _log.warning("deployment failed", router=router_id, reason=message)
        with self._changes.change() as change:
            router = _present(routers.find(change.connection, router_id), row_key)
            after = _stepped(
                router, Step.FAIL, change.generation, change.now_us, serving=False, message=message
            )
            routers.save(change.connection, after)
            change.router = after
        return after


class DeploymentError(PointsmanError):
    """A router could not be put into service; the message says which variants stood in the way."""


def _stepped(
    router: Router, step: Step, generation: int, now_us: int, *, serving: bool, message: str = ""
) -> Router:
    return dataclasses.replace(
        router,
        status=next_status(router, step),
        status_message=message[:_MAX_MESSAGE_CHARS],
        serving=serving,
        revision=router.revision + 1,
        update_time_us=now_us,
        changed_generation=generation,
    )


def _present(router: Router | None, row_key: int) -> Router:
    if router is None or router.row_key != row_key:
        # Deleting is refused while a router deploys; only another program could do this.
        raise DeploymentError("the router went away while it was deployed")
    return router


def _named(variants: Sequence[Variant], key: ModelKey) -> str:
    names = ", ".join(repr(variant.name) for variant in variants if variant.model_key == key)
    return f"variant {names} ({key})"
