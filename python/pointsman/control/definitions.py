"""Definitions brought into force: all in one change, or nothing."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.changes import Change, Changes
from pointsman.control.convert.models import model_version_to
from pointsman.control.convert.routers import router_to
from pointsman.control.definition_checks import Objections, Wanted, WantedModel, WantedRouter
from pointsman.control.deployment import stepped
from pointsman.control.lanes import Lanes
from pointsman.control.models import ModelRegistry
from pointsman.control.probing import probe_each
from pointsman.control.refusals import Refusals
from pointsman.control.routers import RouterRegistry, changed_paths
from pointsman.definitions.differences import Difference, differences
from pointsman.definitions.plain import json_of, plain_of, wish_of
from pointsman.definitions.shapes import shape_of
from pointsman.domain.access import Rule, can_read, check_model_owner, check_router_access
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import Step, check_not_deploying
from pointsman.domain.models import ModelKey, ModelVersion, OnnxBackend, Signature, Stage
from pointsman.domain.routers import Router, RouterStatus
from pointsman.errors import (
    AbortedError,
    DataPlaneError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    PointsmanError,
)
from pointsman.store import model_versions, routers
from pointsman.store.database import Database


@dataclass(frozen=True)
class Outcome:
    """What came of one definition.

    Attributes:
        item: The object as it is then.
        is_new: Whether it was created.
        fields: Where it differed; empty for a new one, and for one that is as it was.
        moved_slots: The number of slots that went to another variant.
    """

    item: ModelVersion | Router
    is_new: bool = False
    fields: tuple[Difference, ...] = ()
    moved_slots: int = 0

    @property
    def is_change(self) -> bool:
        """Whether anything is other than it was."""
        return self.is_new or bool(self.fields)


@dataclass(frozen=True)
class Applied:
    """What came of all definitions, and the generation in which they are in force."""

    outcomes: tuple[Outcome, ...]
    generation: int


@dataclass(frozen=True)
class _Found:
    """What a database says of the objects of definitions, and of the models that their variants use."""

    models: Mapping[ModelKey, ModelVersion]
    routers: Mapping[str, Router]


@dataclass(frozen=True)
class _Known:
    """What backends said before the change: nothing asks them while others wait for the change to end."""

    described: Mapping[ModelKey, ModelVersion]
    signatures: Mapping[ModelKey, Signature]


class _NothingChangesError(Exception):
    """Undoes a change that would have changed nothing."""


class Definitions:
    """Brings definitions into force.

    A router that shall run says ``running`` from the change on: every backend that it needs has answered
    before, and what the data plane refuses of the change is an error.

    Args:
        database: Where objects are kept.
        changes: How they are changed.
        data_plane: Who asks backends.
        refusals: What it cannot use of the routers.
        models: The model registry.
        registry: The routers.
        lanes: The threads for it.
        timeout_seconds: How long all backends may take together.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        data_plane: DataPlane,
        refusals: Refusals,
        models: ModelRegistry,
        registry: RouterRegistry,
        lanes: Lanes,
        timeout_seconds: float,
    ) -> None:
        self._database = database
        self._changes = changes
        self._data_plane = data_plane
        self._refusals = refusals
        self._models = models
        self._registry = registry
        self._lanes = lanes
        self._timeout_seconds = timeout_seconds

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
        known = await self._ask(wanted, found)
        return await self._lanes.write(
            self._apply, caller, wanted, known, expected_generation, validate_only=validate_only
        )

    def _look(self, caller: Principal, wanted: Sequence[Wanted]) -> _Found:
        """Reads what is there, and refuses early whoever may not change it.

        Raises:
            PointsmanError: The caller may not change one of the objects.
        """
        with self._database.read() as connection:
            found = _find(connection, caller, wanted)
        objections = Objections()
        for item in wanted:
            if isinstance(item, WantedRouter):
                with objections.about(item.field):
                    _router_to_change(caller, found.routers.get(item.router.router_id), item)
        objections.raise_if_any()
        return found

    async def _ask(self, wanted: Sequence[Wanted], found: _Found) -> _Known:
        """Asks the backends of new model versions, and those that routers in service begin to use.

        Raises:
            PointsmanError: A new model version is refused, or a backend that is needed did not answer.
        """
        objections = Objections()
        new = [
            item for item in wanted if isinstance(item, WantedModel) and item.model.key not in found.models
        ]
        answers = await asyncio.gather(*(self._described(item) for item in new))
        described: dict[ModelKey, ModelVersion] = {}
        for item, answer in zip(new, answers, strict=True):
            if isinstance(answer, PointsmanError):
                objections.add(answer, item.field)
            else:
                described[item.model.key] = answer
        objections.raise_if_any()

        needed = _needed(wanted, found.routers, self._refusals)
        known = {**found.models, **described}
        asked = {
            key: known[key]
            for key in needed
            # Those that are not registered or have no backend are refused by the change itself.
            if key in known and known[key].backend is not None and not _was_opened(described.get(key))
        }
        signatures: dict[ModelKey, Signature] = {}
        for key, said in (
            await probe_each(self._data_plane, self._lanes, asked, self._timeout_seconds)
        ).items():
            if isinstance(said, Signature):
                signatures[key] = said
                continue
            for path in needed[key]:
                objections.add(_not_ready(path, key, said), path)
        objections.raise_if_any()
        return _Known(described, signatures)

    async def _described(self, item: WantedModel) -> ModelVersion | PointsmanError:
        try:
            return await self._lanes.probe(self._models.described, item.model, item.field)
        except InvalidArgumentError as error:
            return error

    def _apply(
        self,
        caller: Principal,
        wanted: Sequence[Wanted],
        known: _Known,
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
            self._check_accepted(outcomes)
        return Applied(tuple(outcomes), generation)

    def _change(
        self, change: Change, caller: Principal, wanted: Sequence[Wanted], known: _Known
    ) -> list[Outcome]:
        """Goes through all definitions: model versions, their stages, then the routers that use them."""
        found = _find(change.connection, caller, wanted)
        self._check_known(wanted, found, known)
        objections = Objections()
        outcomes: dict[str, Outcome] = {}
        models = [item for item in wanted if isinstance(item, WantedModel)]
        for item in models:
            with objections.about(item.field):
                outcomes[item.field] = self._register(change, caller, item, found, known)
        objections.raise_if_any()
        left = self._move(change, caller, models, outcomes, objections)
        for key, signature in known.signatures.items():
            model = found.models.get(key)
            if model is not None and model.signature != signature:
                model_versions.set_signature(change.connection, model.row_key, signature, change.generation)
        registered = (outcomes[item.field].item for item in models)
        present = {model.key: model for model in registered if isinstance(model, ModelVersion)}
        stored = _Found({**found.models, **present}, found.routers)
        for router in wanted:
            if isinstance(router, WantedRouter):
                with objections.about(router.field):
                    outcomes[router.field] = self._bring(change, caller, router, stored)
        objections.raise_if_any()
        return [*(outcomes[item.field] for item in wanted), *left]

    def _check_known(self, wanted: Sequence[Wanted], found: _Found, known: _Known) -> None:
        """Checks that all is known which a change of the present state needs.

        Raises:
            AbortedError: The state changed while backends were asked.
        """
        unknown = [
            item.model.key
            for item in wanted
            if isinstance(item, WantedModel) and item.model.key not in {*found.models, *known.described}
        ]
        for key in _needed(wanted, found.routers, self._refusals):
            model = found.models.get(key) or known.described.get(key)
            asked = key in known.signatures or _was_opened(known.described.get(key))
            if model is not None and model.backend is not None and not asked:
                unknown.append(key)
        if unknown:
            raise AbortedError(
                f"routers or model versions changed, and the backend of {str(unknown[0])!r} was not asked "
                "before; apply the definitions again",
                reason="CHANGED_MEANWHILE",
            )

    def _register(
        self, change: Change, caller: Principal, item: WantedModel, found: _Found, known: _Known
    ) -> Outcome:
        key = item.model.key
        stored = found.models.get(key)
        if stored is None:
            model = known.described[key]
            signature = known.signatures.get(key, model.signature)
            described = dataclasses.replace(model, signature=signature)
            return Outcome(self._models.register_in(change, caller, described), is_new=True)
        check_model_owner(caller, key.model_id, model_versions.owners(change.connection, key.model_id))
        _check_same(item, stored)
        return Outcome(stored)

    def _move(
        self,
        change: Change,
        caller: Principal,
        models: Sequence[WantedModel],
        outcomes: dict[str, Outcome],
        objections: Objections,
    ) -> list[Outcome]:
        """Brings model versions to their stages, production last, so that it is free by then.

        Returns:
            What came of those that left production though their definitions, if any, do not say so.
        """
        left: list[Outcome] = []
        places = {item.model.key: item.field for item in models}
        for item in sorted(models, key=lambda item: item.stage is Stage.PRODUCTION):
            outcome = outcomes[item.field]
            model = outcome.item
            if not isinstance(model, ModelVersion) or item.stage in (None, model.stage):
                continue
            with objections.about(item.field):
                stage = item.stage or Stage.NONE
                if stage is Stage.PRODUCTION:
                    for former in _in_production(change, model.model_id):
                        archived = _moved(Outcome(former), Stage.ARCHIVED)
                        place = places.get(former.key)
                        if place is None:
                            left.append(archived)
                        else:
                            outcomes[place] = archived
                self._models.set_stage_in(change, caller, model, stage)
                outcomes[item.field] = _moved(outcome, stage)
        return left

    def _bring(self, change: Change, caller: Principal, item: WantedRouter, found: _Found) -> Outcome:
        """Creates or changes a router, and puts it into service or takes it out."""
        before = _router_to_change(caller, found.routers.get(item.router.router_id), item)
        if before is None:
            created = self._registry.create_in(change, caller, item.router, item.field, found.models)
            after = self._stepped(change, created, item)
            if after is not created:
                routers.save(change.connection, after)
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
                change, before, item.router, paths, item.field, found.models
            )
        # One that is refused here is out of service, whatever the database knows.
        seen = self._refusals.seen(before)
        shown = dataclasses.replace(after, status=seen.status)
        brought = self._stepped(change, shown, item)
        if brought is not shown:
            routers.save(change.connection, brought)
            after = shown = brought
        fields = tuple(differences(_plain(seen), _plain(shown))) if after is not before else ()
        return Outcome(after, fields=fields, moved_slots=moved_slots)

    def _stepped(self, change: Change, router: Router, item: WantedRouter) -> Router:
        """Answers a router in service or out of it, as is wanted; the same when it is so already."""
        generation, now_us = change.generation, change.now_us
        if item.in_service is None or item.in_service == (router.status is RouterStatus.RUNNING):
            return router
        if item.in_service:
            begun = stepped(router, Step.DEPLOY, generation, now_us, serving=False)
            running = stepped(begun, Step.SUCCEED, generation, now_us, serving=True)
            return dataclasses.replace(running, deploy_time_us=now_us)
        check_not_deploying(router)
        if not router.serving:
            return router
        running = dataclasses.replace(router, status=RouterStatus.RUNNING)
        return stepped(running, Step.STOP, generation, now_us, serving=False)

    def _check_accepted(self, outcomes: Sequence[Outcome]) -> None:
        """Checks that the data plane took the routers that changed.

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


def _find(connection: Connection, caller: Principal, wanted: Sequence[Wanted]) -> _Found:
    """Reads what is there of all that definitions name, as far as the caller may know of it."""
    router_ids = [item.router.router_id for item in wanted if isinstance(item, WantedRouter)]
    present = routers.find_many(connection, router_ids)
    return _Found(
        model_versions.find_many(connection, _model_keys(wanted)),
        # To whom may not know of it an id is taken, as when they create it by a single call.
        {router_id: router for router_id, router in present.items() if can_read(caller, router)},
    )


def _model_keys(wanted: Sequence[Wanted]) -> set[ModelKey]:
    keys: set[ModelKey] = set()
    for item in wanted:
        if isinstance(item, WantedModel):
            keys.add(item.model.key)
        else:
            keys.update(variant.model_key for variant in item.router.variants)
    return keys


def _router_to_change(caller: Principal, router: Router | None, item: WantedRouter) -> Router | None:
    """Answers the router that a definition is of; None when there is none that the caller may know of.

    Raises:
        PermissionDeniedError: The caller may read it, but not change it.
    """
    if router is None:
        return None
    return check_router_access(caller, router, item.router.router_id, Rule.CHANGE_ROUTER)


def _needed(
    wanted: Sequence[Wanted], present: Mapping[str, Router], refusals: Refusals
) -> dict[ModelKey, list[str]]:
    """Answers the model versions that routers in service will begin to use, and for which fields."""
    needed: dict[ModelKey, list[str]] = {}
    for item in wanted:
        if not isinstance(item, WantedRouter):
            continue
        before = present.get(item.router.router_id)
        before = before and refusals.seen(before)
        runs = before is not None and before.status is RouterStatus.RUNNING
        if not (runs if item.in_service is None else item.in_service):
            continue
        used = {variant.model_key for variant in before.enabled_variants} if before and runs else set()
        for index, variant in enumerate(item.router.variants):
            if variant.enabled and variant.model_key not in used:
                path = f"{item.field}.variants[{index}].model_version"
                needed.setdefault(variant.model_key, []).append(path)
    return needed


def _was_opened(model: ModelVersion | None) -> bool:
    """Whether describing a model version has opened it: the file of a backend in this process."""
    return model is not None and isinstance(model.backend, OnnxBackend)


def _not_ready(path: str, key: ModelKey, error: PointsmanError) -> FailedPreconditionError:
    described = f"{str(key)!r} cannot be used in service: {error}; bring its backend up first"
    return FailedPreconditionError(
        f"{path}: {described}", reason="BACKEND_NOT_READY", fields=[FieldViolation(path, described)]
    )


def _check_same(item: WantedModel, stored: ModelVersion) -> None:
    """Checks that a definition is that of a registered model version, but for its stage.

    Raises:
        FailedPreconditionError: It is not, with what differs.
    """
    signature = item.model.given_signature.completed_by(stored.signature)
    wanted = dataclasses.replace(item.model, signature=signature, stage=stored.stage)
    found = differences(_plain(stored), _plain(wanted))
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


def _in_production(change: Change, model_id: str) -> tuple[ModelVersion, ...]:
    return model_versions.list_page(
        change.connection, model_id=model_id, stage=Stage.PRODUCTION, tag="", page_size=1, page_token=""
    ).items


def _moved(outcome: Outcome, stage: Stage) -> Outcome:
    """Answers what came of a model version that was moved to a stage."""
    model = outcome.item
    if not isinstance(model, ModelVersion):
        return outcome
    fields = () if outcome.is_new else (Difference("stage", model.stage.value, stage.value),)
    return dataclasses.replace(outcome, item=dataclasses.replace(model, stage=stage), fields=fields)


def _plain(item: ModelVersion | Router) -> dict[str, object]:
    if isinstance(item, ModelVersion):
        return plain_of(model_version_to(item), shape_of("ModelVersion"), whole=True)
    return plain_of(wish_of(router_to(item, "")), shape_of("Router"), whole=True)


def _shown(value: object) -> str:
    text = json_of(value) if value is not None else "not stated"
    return text if len(text) <= 200 else text[:200] + "…"
