"""``pointsman.v1.RouterService``."""

import asyncio
import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from google.protobuf.empty_pb2 import Empty

from pointsman.control.calls import caller
from pointsman.control.convert.enums import ROUTER_STATUS, STRATEGY
from pointsman.control.convert.metrics import metrics_to
from pointsman.control.convert.predictions import filter_from, prediction_to
from pointsman.control.convert.revisions import revision_to
from pointsman.control.convert.routers import (
    check_strategy_stated,
    permissions_from,
    router_from,
    router_to,
    variants_to,
)
from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.times import bound_us_of, nanoseconds_of
from pointsman.control.lake.erasure import Erasure
from pointsman.control.lanes import Lanes
from pointsman.control.learning.assessing import BanditWatch
from pointsman.control.routing.allocation import Allocations, Reallocation
from pointsman.control.routing.bandit_epochs import LearningResets
from pointsman.control.routing.canaries import Canaries
from pointsman.control.routing.deployment import Deployments
from pointsman.control.routing.explaining import Explanations
from pointsman.control.routing.overrides import Overrides
from pointsman.control.routing.replays import Replays
from pointsman.control.routing.revisions import Revisions
from pointsman.control.routing.router_fields import UPDATABLE, check_paths, with_fields
from pointsman.control.routing.router_reading import RouterReader
from pointsman.control.routing.routers import RouterRegistry
from pointsman.control.routing.shadows import ShadowComparisons
from pointsman.control.servicers.replays import ReplayMethods
from pointsman.control.servicers.shadows import ShadowMethods
from pointsman.control.servicers.traffic import TrafficMethods
from pointsman.control.watching import RouterWatch
from pointsman.domain.lifecycle import Step
from pointsman.domain.pages import page_size
from pointsman.domain.router_checks import check_variants, check_weight
from pointsman.domain.routers import SLOT_COUNT, Router
from pointsman.domain.variants import Variant
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import prediction_pb2, router_pb2, router_pb2_grpc

ERASURE_WAIT_SECONDS = 5.0
"""So long an answer waits for other servers that run; then it says that they are pending."""
_ERASURE_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class RouterParts:
    """What the router service is made of."""

    routers: RouterRegistry
    reader: RouterReader
    allocations: Allocations
    canaries: Canaries
    resets: LearningResets
    bandits: BanditWatch
    overrides: Overrides
    explanations: Explanations
    deployments: Deployments
    watch: RouterWatch
    revisions: Revisions
    replays: Replays
    shadows: ShadowComparisons
    erasure: Erasure
    lanes: Lanes
    endpoint: str


class RouterServicer(TrafficMethods, ReplayMethods, ShadowMethods, router_pb2_grpc.RouterServiceServicer):
    """Creates, deploys, changes and watches routers."""

    def __init__(self, parts: RouterParts) -> None:
        self._routers = parts.routers
        self._reader = parts.reader
        self._allocations = parts.allocations
        self._canaries = parts.canaries
        self._resets = parts.resets
        self._bandits = parts.bandits
        self._overrides = parts.overrides
        self._explanations = parts.explanations
        self._deployments = parts.deployments
        self._watch = parts.watch
        self._revisions = parts.revisions
        self._replays = parts.replays
        self._shadows = parts.shadows
        self._erasure = parts.erasure
        self._lanes = parts.lanes
        self._endpoint = parts.endpoint

    async def CreateRouter(
        self, request: router_pb2.CreateRouterRequest, context: object
    ) -> router_pb2.Router:
        """Creates a router."""
        check_strategy_stated(request.router)
        given = dataclasses.replace(router_from(request.router), owner=request.router.owner)
        router = await self._lanes.write(
            self._routers.create, caller(), given, validate_only=request.validate_only
        )
        return self._answer(router)

    async def GetRouter(self, request: router_pb2.GetRouterRequest, context: object) -> router_pb2.Router:
        """Answers one router."""
        return self._answer(await self._lanes.read(self._reader.get, caller(), request.router_id))

    async def ListRouters(
        self, request: router_pb2.ListRoutersRequest, context: object
    ) -> router_pb2.ListRoutersResponse:
        """Lists the routers that the caller may read."""
        page = await self._lanes.read(
            self._reader.list_page,
            caller(),
            status=ROUTER_STATUS.word(request.status, "status"),
            strategy=STRATEGY.word(request.strategy, "strategy"),
            owner=request.owner,
            tag=request.tag,
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return router_pb2.ListRoutersResponse(
            routers=self._answers(page.items),
            next_page_token=page.next_page_token,
        )

    async def UpdateRouter(
        self, request: router_pb2.UpdateRouterRequest, context: object
    ) -> router_pb2.Router:
        """Changes some fields of a router."""
        # A router keeps its strategy: what is said of it here, clients fill in by default.
        request.router.ClearField("strategy")
        given = dataclasses.replace(router_from(request.router), owner=request.router.owner)
        paths = _paths(request)
        if "variants" in paths:
            check_paths(paths)
            await self._deployments.check_additions(
                caller(), given.router_id, lambda router: _variants_after(router, given, paths)
            )
        router = await self._lanes.write(
            self._routers.update,
            caller(),
            given,
            paths,
            request.router.etag,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    async def DeleteRouter(self, request: router_pb2.DeleteRouterRequest, context: object) -> Empty:
        """Deletes a router."""
        await self._lanes.write(
            self._routers.delete,
            caller(),
            request.router_id,
            request.etag,
            validate_only=request.validate_only,
        )
        return Empty()

    async def DeployRouter(
        self, request: router_pb2.DeployRouterRequest, context: object
    ) -> router_pb2.DeployRouterResponse:
        """Puts a router into service."""
        return await self._deploy(request, Step.DEPLOY)

    async def StartRouter(
        self, request: router_pb2.StartRouterRequest, context: object
    ) -> router_pb2.DeployRouterResponse:
        """Puts a stopped router back into service."""
        return await self._deploy(request, Step.START)

    async def StopRouter(self, request: router_pb2.StopRouterRequest, context: object) -> router_pb2.Router:
        """Takes a router out of service."""
        router = await self._lanes.write(
            self._deployments.stop,
            caller(),
            request.router_id,
            request.etag,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    async def UpdateVariantWeight(
        self, request: router_pb2.UpdateVariantWeightRequest, context: object
    ) -> router_pb2.VariantWeightsResponse:
        """Sets one variant's weight."""
        check_weight(request.weight, "weight")
        reallocation = await self._lanes.write(
            self._allocations.set_weights,
            caller(),
            request.router_id,
            {request.variant: request.weight},
            request.etag,
            field="weight",
            validate_only=request.validate_only,
        )
        return _weights_answer(reallocation)

    async def BatchUpdateVariantWeights(
        self, request: router_pb2.BatchUpdateVariantWeightsRequest, context: object
    ) -> router_pb2.VariantWeightsResponse:
        """Sets several variants' weights in one step."""
        reallocation = await self._lanes.write(
            self._allocations.set_weights,
            caller(),
            request.router_id,
            _weights(request.weights),
            request.etag,
            field="weights",
            validate_only=request.validate_only,
        )
        return _weights_answer(reallocation)

    async def ToggleVariant(
        self, request: router_pb2.ToggleVariantRequest, context: object
    ) -> router_pb2.VariantWeightsResponse:
        """Enables or disables a variant."""
        if not request.HasField("enabled"):
            raise InvalidArgumentError.at("enabled", "is not set; say true or false")
        if request.enabled:
            await self._deployments.check_additions(
                caller(),
                request.router_id,
                lambda router: [
                    dataclasses.replace(variant, enabled=True) if variant.name == request.variant else variant
                    for variant in router.variants
                ],
            )
        reallocation = await self._lanes.write(
            self._allocations.toggle,
            caller(),
            request.router_id,
            request.variant,
            enabled=request.enabled,
            etag=request.etag,
            validate_only=request.validate_only,
        )
        answer = _weights_answer(reallocation)
        router = reallocation.router
        _tell_shares(answer.variants, self._bandits.shares([router]).get(router.router_id))
        return answer

    async def UpdateRouterPermissions(
        self, request: router_pb2.UpdateRouterPermissionsRequest, context: object
    ) -> router_pb2.Router:
        """Sets who may read and call a router."""
        if not request.HasField("permissions"):
            raise InvalidArgumentError.at("permissions", "is not set; give the new permissions, {} for none")
        router = await self._lanes.write(
            self._routers.update_permissions,
            caller(),
            request.router_id,
            permissions_from(request.permissions),
            request.etag,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    async def GetRouterMetrics(
        self, request: router_pb2.GetRouterMetricsRequest, context: object
    ) -> router_pb2.RouterMetrics:
        """Answers counts, latencies and feedback."""
        is_window = any(request.HasField(name) for name in ("start_time", "end_time", "granularity"))
        if request.live and is_window:
            raise InvalidArgumentError.at(
                "live",
                "goes with no times: live counters are those since the server started; leave out live, or "
                "start_time, end_time and granularity",
            )
        if is_window:
            found = await self._lanes.look(
                self._watch.window_metrics,
                caller(),
                request.router_id,
                start_time_us=_moment(request, "start_time"),
                end_time_us=_moment(request, "end_time"),
                step_us=_step_us(request),
            )
        else:
            ask = self._watch.live_metrics if request.live else self._watch.metrics
            found = await self._lanes.look(ask, caller(), request.router_id)
        return metrics_to(*found)

    async def ListPredictions(
        self, request: router_pb2.ListPredictionsRequest, context: object
    ) -> router_pb2.ListPredictionsResponse:
        """Lists recorded predictions."""
        page = await self._lanes.look(
            self._watch.list_predictions,
            caller(),
            request.router_id,
            filter_from(request),
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return router_pb2.ListPredictionsResponse(
            predictions=[prediction_to(prediction) for prediction in page.items],
            next_page_token=page.next_page_token,
            unreached=unreached_to(page.unreached),
        )

    async def GetPrediction(
        self, request: router_pb2.GetPredictionRequest, context: object
    ) -> prediction_pb2.PredictionRecord:
        """Answers one recorded prediction with its feedback."""
        prediction = await self._lanes.look(
            self._watch.get_prediction, caller(), request.router_id, request.prediction_id, request.row
        )
        return prediction_to(prediction)

    async def ListRouterRevisions(
        self, request: router_pb2.ListRouterRevisionsRequest, context: object
    ) -> router_pb2.ListRouterRevisionsResponse:
        """Lists the revisions of a router."""
        page = await self._lanes.read(
            self._revisions.list_page,
            caller(),
            request.router_id,
            page_size(request.page_size),
            request.page_token,
        )
        return router_pb2.ListRouterRevisionsResponse(
            revisions=[revision_to(seen.kept, seen.newest, with_key=seen.with_key) for seen in page.items],
            next_page_token=page.next_page_token,
        )

    async def GetRouterRevision(
        self, request: router_pb2.GetRouterRevisionRequest, context: object
    ) -> router_pb2.RouterRevision:
        """Answers one revision of a router."""
        seen = await self._lanes.read(
            self._revisions.get, caller(), request.router_id, request.revision, request.router_generation
        )
        return revision_to(seen.kept, seen.newest, with_key=seen.with_key, whole=True)

    async def RollbackRouter(
        self, request: router_pb2.RollbackRouterRequest, context: object
    ) -> router_pb2.RollbackRouterResponse:
        """Gives a router the split of a former revision back."""
        if not request.revision:
            raise InvalidArgumentError.at("revision", "is not set; ListRouterRevisions shows those there are")
        variants = await self._lanes.read(
            self._revisions.variants_of, caller(), request.router_id, request.revision
        )
        await self._deployments.check_additions(caller(), request.router_id, lambda _: variants)
        rollback = await self._lanes.write(
            self._revisions.roll_back,
            caller(),
            request.router_id,
            request.revision,
            request.etag,
            comment=request.comment,
            validate_only=request.validate_only,
        )
        return router_pb2.RollbackRouterResponse(
            router=self._answer(rollback.router),
            revision=rollback.number,
            moved_share=rollback.moved_slots / SLOT_COUNT,
            moved_slots=rollback.moved_slots,
        )

    async def ExplainRouting(
        self, request: router_pb2.ExplainRoutingRequest, context: object
    ) -> router_pb2.ExplainRoutingResponse:
        """Says how a router would decide a call; changes and records nothing."""
        return await self._lanes.read(self._explanations.explain, caller(), request)

    async def EraseEntity(
        self, request: router_pb2.EraseEntityRequest, context: object
    ) -> router_pb2.EraseEntityResponse:
        """Deletes every recorded prediction of one entity; waits a moment for the other servers that run."""
        erased = await self._lanes.erase(
            self._erasure.erase_entity, caller(), request.router_id, request.entity_id
        )
        from_drift = erased.from_drift
        deadline = time.monotonic() + ERASURE_WAIT_SECONDS
        while erased.is_awaited and time.monotonic() < deadline:
            await asyncio.sleep(_ERASURE_LOOK_SECONDS)
            erased = await self._lanes.read(self._erasure.progress, erased.erasure_key, request.router_id)
        return router_pb2.EraseEntityResponse(
            prediction_count=erased.prediction_count,
            feedback_count=erased.feedback_count,
            pending=unreached_to(erased.pending),
            logged_prediction_count=from_drift.prediction_count,
            outcome_count=from_drift.outcome_count,
            other_models=from_drift.other_models,
        )

    async def _deploy(
        self, request: router_pb2.DeployRouterRequest | router_pb2.StartRouterRequest, step: Step
    ) -> router_pb2.DeployRouterResponse:
        router = await self._deployments.deploy(
            caller(), request.router_id, request.etag, step=step, validate_only=request.validate_only
        )
        answer = self._answer(router)
        return router_pb2.DeployRouterResponse(router=answer, endpoint=answer.endpoint)

    def _answer(self, router: Router) -> router_pb2.Router:
        return self._answers([router])[0]

    def _answers(self, routers: Sequence[Router]) -> list[router_pb2.Router]:
        """Makes the messages of routers, those of bandits with the shares in force here."""
        shares = self._bandits.shares(routers)
        messages = [router_to(router, self._endpoint) for router in routers]
        for message in messages:
            _tell_shares(message.variants, shares.get(message.router_id))
        return messages


def _tell_shares(variants: Iterable[router_pb2.Variant], shares: Mapping[str, float] | None) -> None:
    """Writes shares in force into variants; None are those of no bandit, and stay."""
    if shares is not None:
        for variant in variants:
            variant.effective_share = shares.get(variant.name, 0.0)


def _variants_after(router: Router, given: Router, paths: Sequence[str]) -> Sequence[Variant]:
    """Answers the variants of a router after an update; refuses those that no backend need be asked for."""
    after = with_fields(router, given, paths)
    check_variants(after)
    return after.variants


def _paths(request: router_pb2.UpdateRouterRequest) -> list[str]:
    """Answers the fields that an update names: all for ``*``, those that are set when it names none."""
    paths = list(dict.fromkeys(request.update_mask.paths))
    if paths == ["*"]:
        return list(UPDATABLE)
    if paths:
        return paths
    present = {descriptor.name for descriptor, _ in request.router.ListFields()}
    return [path for path in UPDATABLE if path in present]


def _moment(
    request: router_pb2.GetRouterMetricsRequest, field: Literal["start_time", "end_time"]
) -> int | None:
    return bound_us_of(getattr(request, field), field) if request.HasField(field) else None


def _step_us(request: router_pb2.GetRouterMetricsRequest) -> int:
    """Answers the length of a step in microseconds; 0 when no series is asked for."""
    if not request.HasField("granularity"):
        return 0
    nanoseconds = nanoseconds_of(request.granularity)
    if nanoseconds < 1000:
        raise InvalidArgumentError.at(
            "granularity", f"{nanoseconds / 1e9:g}s is below a microsecond; leave it out for no series"
        )
    return nanoseconds // 1000


def _weights(weights: Sequence[router_pb2.VariantWeight]) -> dict[str, float]:
    if not weights:
        raise InvalidArgumentError.at("weights", "is empty; name at least one variant")
    found: dict[str, float] = {}
    for index, item in enumerate(weights):
        if item.variant in found:
            raise InvalidArgumentError.at(
                f"weights[{index}].variant", f"{item.variant!r} occurs twice; leave one out"
            )
        check_weight(item.weight, f"weights[{index}].weight")
        found[item.variant] = item.weight
    return found


def _weights_answer(reallocation: Reallocation) -> router_pb2.VariantWeightsResponse:
    router = reallocation.router
    return router_pb2.VariantWeightsResponse(
        router_id=router.router_id,
        variants=variants_to(router),
        moved_share=reallocation.moved_slots / SLOT_COUNT,
        moved_slots=reallocation.moved_slots,
        generation=router.changed_generation,
        etag=router.etag,
    )
