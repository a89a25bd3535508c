"""``pointsman.v1.RouterService``."""

import dataclasses
from collections.abc import Sequence

from google.protobuf.empty_pb2 import Empty

from pointsman.control.calls import caller
from pointsman.control.convert.enums import ROUTER_STATUS, STRATEGY
from pointsman.control.convert.revisions import revision_to
from pointsman.control.convert.routers import check_strategy_stated, permissions_from, router_from, router_to
from pointsman.control.routing.parts import RouterParts
from pointsman.control.routing.router_fields import UPDATABLE, check_paths, with_fields
from pointsman.control.servicers.records import RecordMethods
from pointsman.control.servicers.replays import ReplayMethods
from pointsman.control.servicers.shadows import ShadowMethods
from pointsman.control.servicers.traffic import TrafficMethods
from pointsman.control.servicers.weights import WeightMethods, tell_shares
from pointsman.domain.lifecycle import Step
from pointsman.domain.pages import page_size
from pointsman.domain.router_checks import check_variants
from pointsman.domain.routers import SLOT_COUNT, Router
from pointsman.domain.variants import Variant
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import router_pb2, router_pb2_grpc


class RouterServicer(
    WeightMethods,
    TrafficMethods,
    RecordMethods,
    ReplayMethods,
    ShadowMethods,
    router_pb2_grpc.RouterServiceServicer,
):
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
        self._records = parts.records
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
            tell_shares(message.variants, shares.get(message.router_id))
        return messages


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
