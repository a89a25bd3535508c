"""What share of the calls a router's variants get: weights, and whether a variant is enabled."""

import dataclasses
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence

from pointsman.control.calls import caller
from pointsman.control.convert.routers import variants_to
from pointsman.control.lanes import Lanes
from pointsman.control.learning.assessing import BanditWatch
from pointsman.control.routing.allocation import Allocations, Reallocation
from pointsman.control.routing.deployment import Deployments
from pointsman.domain.router_checks import check_weight
from pointsman.domain.routers import SLOT_COUNT
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import router_pb2


class WeightMethods(ABC):
    """The methods of the router service that change its split."""

    _allocations: Allocations
    _bandits: BanditWatch
    _deployments: Deployments
    _lanes: Lanes

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
        tell_shares(answer.variants, self._bandits.shares([router]).get(router.router_id))
        return answer


def tell_shares(variants: Iterable[router_pb2.Variant], shares: Mapping[str, float] | None) -> None:
    """Writes shares in force into variants; None are those of no bandit, and stay."""
    if shares is not None:
        for variant in variants:
            variant.effective_share = shares.get(variant.name, 0.0)


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
