"""Where a router's traffic goes, beside weights: canaries, what bandits learnt, and overrides."""

from abc import ABC, abstractmethod

from pointsman.control.calls import caller
from pointsman.control.convert.times import nanoseconds_of
from pointsman.control.lanes import Lanes
from pointsman.control.routing.allocation import Reallocation
from pointsman.control.routing.bandit_epochs import LearningResets
from pointsman.control.routing.canaries import Canaries
from pointsman.control.routing.overrides import Overrides
from pointsman.domain.routers import SLOT_COUNT, Router
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import router_pb2


class TrafficMethods(ABC):
    """The methods of the router service that say where traffic goes."""

    _canaries: Canaries
    _overrides: Overrides
    _resets: LearningResets
    _lanes: Lanes

    async def SetCanary(
        self, request: router_pb2.SetCanaryRequest, context: object
    ) -> router_pb2.CanaryResponse:
        """Sets how much the canary gets."""
        if not request.HasField("percent"):
            raise InvalidArgumentError.at("percent", "is not set; say 0 to 100")
        reallocation = await self._lanes.write(
            self._canaries.set_percent,
            caller(),
            request.router_id,
            request.percent,
            request.etag,
            validate_only=request.validate_only,
        )
        return self._canary(reallocation)

    async def PromoteCanary(
        self, request: router_pb2.PromoteCanaryRequest, context: object
    ) -> router_pb2.CanaryResponse:
        """Makes the canary the control."""
        reallocation = await self._lanes.write(
            self._canaries.promote,
            caller(),
            request.router_id,
            request.etag,
            validate_only=request.validate_only,
        )
        return self._canary(reallocation)

    async def SetTrafficOverride(
        self, request: router_pb2.SetTrafficOverrideRequest, context: object
    ) -> router_pb2.Router:
        """Sends everything to one variant."""
        if not request.HasField("ttl"):
            raise InvalidArgumentError.at("ttl", "is not set; say how long, so that it is not forgotten")
        router = await self._lanes.write(
            self._overrides.set,
            caller(),
            request.router_id,
            request.variant,
            nanoseconds_of(request.ttl) // 1000,
            request.etag,
            reason=request.reason,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    async def ClearTrafficOverride(
        self, request: router_pb2.ClearTrafficOverrideRequest, context: object
    ) -> router_pb2.Router:
        """Ends an override before its time."""
        router = await self._lanes.write(
            self._overrides.clear,
            caller(),
            request.router_id,
            request.etag,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    async def ResetLearning(
        self, request: router_pb2.ResetLearningRequest, context: object
    ) -> router_pb2.Router:
        """Lets a bandit begin anew."""
        router = await self._lanes.write(
            self._resets.reset,
            caller(),
            request.router_id,
            request.etag,
            reason=request.reason,
            validate_only=request.validate_only,
        )
        return self._answer(router)

    @abstractmethod
    def _answer(self, router: Router) -> router_pb2.Router:
        """Makes the message of a router."""

    def _canary(self, reallocation: Reallocation) -> router_pb2.CanaryResponse:
        return router_pb2.CanaryResponse(
            router=self._answer(reallocation.router),
            moved_share=reallocation.moved_slots / SLOT_COUNT,
            moved_slots=reallocation.moved_slots,
        )
