"""Who gets how much, in the routers of the client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client import _requests as requests
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import CanaryChange, Router, RoutingExplanation, VariantWeights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


class AsyncRouterTraffic:
    """What changes or explains where calls of a router go."""

    _connection: AsyncConnection

    async def set_weight(
        self, router_id: str, variant: str, weight: float, *, etag: str = ""
    ) -> VariantWeights:
        """Sets one variant's weight, 0 to 100; the others keep theirs.

        Args:
            router_id: The router.
            variant: The variant's name.
            weight: Its new weight, 0 to 100: it gets its part of the sum of the enabled variants' weights.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: The weight is out of range, or no enabled variant would have one above 0.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.set_weight(router_id, variant, weight, etag))

    async def set_weights(
        self, router_id: str, weights: Mapping[str, float], *, etag: str = ""
    ) -> VariantWeights:
        """Sets several variants' weights in one step.

        Args:
            router_id: The router.
            weights: New weights, 0 to 100, by variant; variants not named keep theirs.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Example::

            answer = await client.routers.set_weights("cancer", {"lr": 50, "gb": 50})
            print(answer.moved_share)
        """
        return await self._connection.send(requests.set_weights(router_id, weights, etag))

    async def toggle_variant(
        self, router_id: str, variant: str, enabled: bool, *, etag: str = ""
    ) -> VariantWeights:
        """Enables or disables a variant; refused when too few would remain.

        Args:
            router_id: The router.
            variant: The variant's name.
            enabled: Whether it shall take part; its weight stays either way.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: Too few variants, or none with a weight, would stay enabled; or the
                router is being deployed.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.toggle_variant(router_id, variant, enabled, etag))

    async def explain(
        self,
        router_id: str,
        features: Mapping[str, Any] | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
        entity_id: str = "",
    ) -> RoutingExplanation:
        """Says how a router would decide a call and why; changes and records nothing.

        Args:
            router_id: The router.
            features: The features of the call, as ``predict`` takes them; of ModelInfer its first row's.
            metadata: Metadata of the call, by lower-case keys.
            entity_id: Whom the call is for; empty for nobody.

        Returns:
            The rule that takes the call, why those before it do not, and the probability of each variant.

        Raises:
            NotFoundError: There is no such router.
        """
        return await self._connection.send(
            requests.explain_routing(router_id, features or {}, metadata or {}, entity_id)
        )

    async def set_canary(self, router_id: str, percent: float, *, etag: str = "") -> CanaryChange:
        """Sets how much a router's canary gets; who is on it stays there while its part grows.

        Args:
            router_id: The router; its strategy is canary.
            percent: The canary's part, 0 to 100; 0 ends the trial.
            etag: When set and old, the change is refused.

        Returns:
            The router, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The router has no canary, or is being deployed.
            InvalidArgumentError: The part is no percentage.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.set_canary(router_id, percent, etag))

    async def promote_canary(self, router_id: str, *, etag: str = "") -> CanaryChange:
        """Makes the canary the control, which gets everything; the former control is a canary with nothing.

        Args:
            router_id: The router; its strategy is canary.
            etag: When set and old, the change is refused.

        Returns:
            The router, and the share of entities that moved.
        """
        return await self._connection.send(requests.promote_canary(router_id, etag))

    async def set_override(
        self, router_id: str, variant: str, ttl: timedelta, *, reason: str, etag: str = ""
    ) -> Router:
        """Sends everything to one variant for a while, whatever the strategy decides.

        Calls that name their variant stay with it. What it decides is in no statistics.

        Args:
            router_id: The router.
            variant: The variant's name; it is enabled.
            ttl: How long, at most 30 days.
            reason: Why, for people.
            etag: When set and old, the change is refused.

        Returns:
            The router with its override.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The variant is disabled.
            InvalidArgumentError: The duration is out of range, or there is no reason.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.set_override(router_id, variant, ttl, reason, etag))

    async def clear_override(self, router_id: str, *, etag: str = "") -> Router:
        """Ends an override before its time; without one nothing changes.

        Args:
            router_id: The router.
            etag: When set and old, the change is refused.
        """
        return await self._connection.send(requests.clear_override(router_id, etag))

    async def reset_learning(self, router_id: str, *, reason: str = "", etag: str = "") -> Router:
        """Lets a bandit begin anew: what it learnt counts no more, and its shares are even again.

        Args:
            router_id: The router; its strategy is bandit.
            reason: Why, for the history.
            etag: When set and old, the change is refused.

        Returns:
            The router in its new epoch.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The router is no bandit.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.reset_learning(router_id, reason, etag))
