"""Calls that make, change and run routers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from pointsman.client._call import DEPLOY_TIMEOUT_SECONDS, Call, Page
from pointsman.client._convert import fill_message, to_value
from pointsman.client._fields import make
from pointsman.client._requests.common import ROUTERS, at_page, nothing, number, page, plain
from pointsman.client._types import (
    CanaryChange,
    Deployment,
    Router,
    RouterPermissions,
    RouterStatus,
    RoutingExplanation,
    Strategy,
    VariantWeights,
)
from pointsman.v1 import router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any

    from google.protobuf.message import Message


def create_router(router: Router, validate_only: bool) -> Call[Router]:
    """Creates a router."""
    request = make(router_pb2.CreateRouterRequest, validate_only=validate_only)
    fill_message(request.router, router)
    return Call(ROUTERS + "CreateRouter", request, router_pb2.Router, plain(Router))


def get_router(router_id: str) -> Call[Router]:
    """Asks for a router."""
    request = make(router_pb2.GetRouterRequest, router_id=router_id)
    return Call(ROUTERS + "GetRouter", request, router_pb2.Router, plain(Router), is_read=True)


def list_routers(
    status: RouterStatus, strategy: Strategy, owner: str, tag: str, page_size: int
) -> Callable[[str], Call[Page[Router]]]:
    """Asks for pages of routers.

    Args:
        status: Only routers in this status; ``UNSPECIFIED`` for all.
        strategy: Only routers of this strategy; ``UNSPECIFIED`` for all.
        owner: Only routers of this user; empty for all.
        tag: Only routers with this tag; empty for all.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(router_pb2.ListRoutersRequest, owner=owner, tag=tag, page_size=page_size)
    request.status = number(request, "status", status)
    request.strategy = number(request, "strategy", strategy)
    first: Call[Page[Router]] = Call(
        ROUTERS + "ListRouters",
        request,
        router_pb2.ListRoutersResponse,
        page(Router, "routers"),
        is_read=True,
    )
    return at_page(first)


def update_router(router: Router, fields: Sequence[str], validate_only: bool) -> Call[Router]:
    """Changes the named fields of a router.

    Args:
        router: The router with its new values; when its etag is set and old, the update is refused.
        fields: The fields to change, by their names in :class:`Router`.
        validate_only: Check only; change nothing.

    Raises:
        TypeError: A field is of a type that it does not take; the text names it.
    """
    request = make(router_pb2.UpdateRouterRequest, validate_only=validate_only)
    fill_message(request.router, router)
    request.update_mask.paths.extend(fields)
    return Call(ROUTERS + "UpdateRouter", request, router_pb2.Router, plain(Router))


def delete_router(router_id: str, etag: str) -> Call[None]:
    """Deletes a router."""
    request = make(router_pb2.DeleteRouterRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "DeleteRouter", request, Empty, nothing)


def deploy_router(router_id: str, etag: str) -> Call[Deployment]:
    """Puts a router into service."""
    request = make(router_pb2.DeployRouterRequest, router_id=router_id, etag=etag)
    return _deployment("DeployRouter", request)


def start_router(router_id: str, etag: str) -> Call[Deployment]:
    """Puts a stopped router back into service."""
    request = make(router_pb2.StartRouterRequest, router_id=router_id, etag=etag)
    return _deployment("StartRouter", request)


def _deployment(method: str, request: Message) -> Call[Deployment]:
    return Call(
        ROUTERS + method,
        request,
        router_pb2.DeployRouterResponse,
        plain(Deployment),
        timeout_seconds=DEPLOY_TIMEOUT_SECONDS,
    )


def stop_router(router_id: str, etag: str) -> Call[Router]:
    """Takes a router out of service."""
    request = make(router_pb2.StopRouterRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "StopRouter", request, router_pb2.Router, plain(Router))


def set_weights(router_id: str, weights: Mapping[str, float], etag: str) -> Call[VariantWeights]:
    """Sets several variants' weights in one step.

    Args:
        router_id: The router.
        weights: New weights, 0 to 100, by variant; variants not named keep theirs.
        etag: When set and old, the change is refused.

    Raises:
        TypeError: A name is no string or a weight no number; the text names the field.
    """
    request = make(router_pb2.BatchUpdateVariantWeightsRequest, router_id=router_id, etag=etag)
    for variant, weight in weights.items():
        request.weights.append(make(router_pb2.VariantWeight, variant=variant, weight=weight))
    return _weights("BatchUpdateVariantWeights", request)


def set_weight(router_id: str, variant: str, weight: float, etag: str) -> Call[VariantWeights]:
    """Sets one variant's weight.

    Args:
        router_id: The router.
        variant: The variant's name.
        weight: Its new weight, 0 to 100.
        etag: When set and old, the change is refused.
    """
    request = make(
        router_pb2.UpdateVariantWeightRequest, router_id=router_id, variant=variant, weight=weight, etag=etag
    )
    return _weights("UpdateVariantWeight", request)


def toggle_variant(router_id: str, variant: str, enabled: bool, etag: str) -> Call[VariantWeights]:
    """Enables or disables a variant.

    Args:
        router_id: The router.
        variant: The variant's name.
        enabled: Whether it shall take part.
        etag: When set and old, the change is refused.
    """
    request = make(
        router_pb2.ToggleVariantRequest, router_id=router_id, variant=variant, enabled=enabled, etag=etag
    )
    return _weights("ToggleVariant", request)


def explain_routing(
    router_id: str, features: Mapping[str, Any], metadata: Mapping[str, str], entity_id: str
) -> Call[RoutingExplanation]:
    """Asks how a router would decide a call.

    Args:
        router_id: The router.
        features: The features of the call, as Predict takes them.
        metadata: Metadata of the call, by lower-case keys.
        entity_id: Whom the call is for; empty for nobody.
    """
    request = make(router_pb2.ExplainRoutingRequest, router_id=router_id, entity_id=entity_id)
    for name, value in features.items():
        request.features[name].CopyFrom(to_value(value))
    for key, text in metadata.items():
        request.metadata[key] = text
    return Call(
        ROUTERS + "ExplainRouting",
        request,
        router_pb2.ExplainRoutingResponse,
        plain(RoutingExplanation),
        is_read=True,
    )


def set_canary(router_id: str, percent: float, etag: str) -> Call[CanaryChange]:
    """Sets how much a router's canary gets.

    Args:
        router_id: The router.
        percent: The canary's part, 0 to 100.
        etag: When set and old, the change is refused.

    Raises:
        TypeError: The part is no number; the text names the field.
    """
    request = make(router_pb2.SetCanaryRequest, router_id=router_id, percent=percent, etag=etag)
    return Call(ROUTERS + "SetCanary", request, router_pb2.CanaryResponse, plain(CanaryChange))


def promote_canary(router_id: str, etag: str) -> Call[CanaryChange]:
    """Makes a router's canary its control."""
    request = make(router_pb2.PromoteCanaryRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "PromoteCanary", request, router_pb2.CanaryResponse, plain(CanaryChange))


def set_override(router_id: str, variant: str, ttl: timedelta, reason: str, etag: str) -> Call[Router]:
    """Sends everything to one variant of a router for a while.

    Args:
        router_id: The router.
        variant: The variant's name.
        ttl: How long.
        reason: Why, for people.
        etag: When set and old, the change is refused.

    Raises:
        TypeError: A value is of a type that its field does not take; the text names the field.
    """
    request = make(
        router_pb2.SetTrafficOverrideRequest,
        router_id=router_id,
        variant=variant,
        ttl=ttl,
        reason=reason,
        etag=etag,
    )
    return Call(ROUTERS + "SetTrafficOverride", request, router_pb2.Router, plain(Router))


def clear_override(router_id: str, etag: str) -> Call[Router]:
    """Ends a router's override."""
    request = make(router_pb2.ClearTrafficOverrideRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "ClearTrafficOverride", request, router_pb2.Router, plain(Router))


def reset_learning(router_id: str, reason: str, etag: str) -> Call[Router]:
    """Lets a bandit begin anew.

    Args:
        router_id: The router.
        reason: Why, for the history.
        etag: When set and old, the change is refused.
    """
    request = make(router_pb2.ResetLearningRequest, router_id=router_id, reason=reason, etag=etag)
    return Call(ROUTERS + "ResetLearning", request, router_pb2.Router, plain(Router))


def _weights(method: str, request: Message) -> Call[VariantWeights]:
    return Call(ROUTERS + method, request, router_pb2.VariantWeightsResponse, plain(VariantWeights))


def set_permissions(router_id: str, permissions: RouterPermissions, etag: str) -> Call[Router]:
    """Sets who may read and call a router.

    Args:
        router_id: The router.
        permissions: All of them, those with their defaults too: they replace what was set before.
        etag: When set and old, the change is refused.
    """
    request = make(router_pb2.UpdateRouterPermissionsRequest, router_id=router_id, etag=etag)
    request.permissions.SetInParent()
    fill_message(request.permissions, permissions)
    return Call(ROUTERS + "UpdateRouterPermissions", request, router_pb2.Router, plain(Router))
