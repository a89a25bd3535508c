"""What definitions need to know before they change anything: what is there, and what backends say.

Nothing asks a backend inside of a change, which others wait for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.definitions.checks import Objections, Wanted, WantedModel, WantedRouter
from pointsman.control.lanes import Lanes
from pointsman.control.publishing.refusals import Refusals
from pointsman.control.registry.models import ModelRegistry
from pointsman.control.registry.probing import probe_each
from pointsman.domain.access import can_predict, can_read
from pointsman.domain.keys import Principal
from pointsman.domain.models import ModelKey, ModelVersion, OnnxBackend, Signature
from pointsman.domain.ports.replica import Probing
from pointsman.domain.routers import Router, RouterStatus
from pointsman.errors import (
    AbortedError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    PointsmanError,
)
from pointsman.store import model_versions
from pointsman.store.routing import routers


@dataclass(frozen=True)
class Found:
    """What a database says of the objects of definitions, and of the models that their variants use.

    Attributes:
        barred: The model versions that the caller may not use: nobody asks their backends for them.
    """

    models: Mapping[ModelKey, ModelVersion]
    routers: Mapping[str, Router]
    barred: frozenset[ModelKey] = frozenset()


@dataclass(frozen=True)
class Known:
    """What backends said before the change: nothing asks them while others wait for the change to end."""

    described: Mapping[ModelKey, ModelVersion]
    signatures: Mapping[ModelKey, Signature]


class DefinitionBackends:
    """Asks the backends that definitions need.

    Args:
        backends: Who asks.
        refusals: What this server's replica cannot use of the routers.
        models: The model registry, which describes new versions.
        lanes: The threads for it.
        timeout_seconds: How long all backends may take together.
    """

    def __init__(
        self,
        backends: Probing,
        refusals: Refusals,
        models: ModelRegistry,
        lanes: Lanes,
        timeout_seconds: float,
    ) -> None:
        self._backends = backends
        self._refusals = refusals
        self._models = models
        self._lanes = lanes
        self._timeout_seconds = timeout_seconds

    async def ask(self, wanted: Sequence[Wanted], found: Found) -> Known:
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
            # Those that are not registered, have no backend or are barred are refused by the change itself.
            if key in known
            and key not in found.barred
            and known[key].backend is not None
            and not _was_opened(described.get(key))
        }
        signatures: dict[ModelKey, Signature] = {}
        for key, said in (
            await probe_each(self._backends, self._lanes, asked, self._timeout_seconds)
        ).items():
            if isinstance(said, Signature):
                signatures[key] = said
                continue
            for path in needed[key]:
                objections.add(_not_ready(path, key, said), path)
        objections.raise_if_any()
        return Known(described, signatures)

    async def _described(self, item: WantedModel) -> ModelVersion | PointsmanError:
        try:
            return await self._lanes.probe(self._models.described, item.model, item.field)
        except InvalidArgumentError as error:
            return error

    def check_known(self, wanted: Sequence[Wanted], found: Found, known: Known) -> None:
        """Checks that all is known which a change of the present state needs.

        Args:
            wanted: All definitions of the change.
            found: What is there now, as the change's own transaction reads it.
            known: What :meth:`ask` answered before, for the state of then.

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
            asked = key in known.signatures or key in found.barred or _was_opened(known.described.get(key))
            if model is not None and model.backend is not None and not asked:
                unknown.append(key)
        if unknown:
            raise AbortedError(
                f"routers or model versions changed, and the backend of {str(unknown[0])!r} was not asked "
                "before; apply the definitions again",
                reason="CHANGED_MEANWHILE",
            )


def find(connection: Connection, caller: Principal, wanted: Sequence[Wanted]) -> Found:
    """Reads what is there of all that definitions name, as far as the caller may know of it.

    Args:
        connection: A transaction.
        caller: Who asks; routers that they may not read are left out.
        wanted: The definitions.
    """
    router_ids = [item.router.router_id for item in wanted if isinstance(item, WantedRouter)]
    present = routers.find_many(connection, router_ids)
    models = model_versions.find_many(connection, _model_keys(wanted))
    return Found(
        models,
        # To whom may not know of it an id is taken, as when they create it by a single call.
        {router_id: router for router_id, router in present.items() if can_read(caller, router)},
        frozenset(key for key, model in models.items() if not can_predict(caller, model)),
    )


def _model_keys(wanted: Sequence[Wanted]) -> set[ModelKey]:
    keys: set[ModelKey] = set()
    for item in wanted:
        if isinstance(item, WantedModel):
            keys.add(item.model.key)
        elif isinstance(item, WantedRouter):
            keys.update(variant.model_key for variant in item.router.variants)
    return keys


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
