"""The client for asyncio: the twin of ``_sync``, method by method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pointsman.client import _requests as requests
from pointsman.client._async_groups import AsyncKeys, AsyncModels, AsyncRouters
from pointsman.client._call import DEFAULT_SERVER, DEFAULT_TIMEOUT_SECONDS
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import FeedbackOutcome, Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    import grpc


class AsyncClient:
    """A connection to a pointsman server, for the tasks of one event loop.

    Args:
        server: ``host:port`` of the server's gRPC port.
        api_key: The key to send with every call; None sends none.
        timeout_seconds: How long a call may take, repeats included.
        credentials: For a server behind TLS, for example ``grpc.ssl_channel_credentials()``; None is plain.

    Every method raises a :class:`~pointsman.client.ClientError` when the answer is not OK.

    Example::

        async with AsyncClient("127.0.0.1:8500", api_key="pm_…") as client:
            answer = await client.predict("cancer", {"mean radius": 17.99}, entity_id="patient-1")
            print(answer.variant, answer.prediction)
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        api_key: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._connection = AsyncConnection(
            server, api_key=api_key, timeout_seconds=timeout_seconds, credentials=credentials
        )
        self.models = AsyncModels(self._connection)
        self.routers = AsyncRouters(self._connection)
        self.keys = AsyncKeys(self._connection)

    async def predict(
        self, router_id: str, features: Mapping[str, Any], *, entity_id: str = "", variant: str = ""
    ) -> Prediction:
        """Asks a router for a prediction.

        Args:
            router_id: The router, or a model whose production version shall answer.
            features: By the names in the model's signature; numbers, strings, booleans, lists or None.
            entity_id: Whom it is for; a sticky router gives an entity the same variant each time.
            variant: A variant's name or model version, to go there outside the statistics.

        Returns:
            The prediction with the decision behind it.

        Example::

            answer = await client.predict("cancer", {"mean radius": 17.99}, entity_id="patient-1")
        """
        return await self._connection.send(requests.predict(router_id, features, entity_id, variant))

    async def record_feedback(
        self,
        prediction_id: str,
        value: float,
        *,
        metric: str = "reward",
        observe_time: datetime | None = None,
    ) -> FeedbackOutcome:
        """Records what happened after a prediction.

        Args:
            prediction_id: From the prediction's answer or receipt.
            value: The value measured.
            metric: What was measured.
            observe_time: When; None means now.

        Returns:
            Whether the value was new, a repetition, or in conflict with the first one, which stays.

        Example::

            await client.record_feedback(answer.prediction_id, 1.0)
        """
        return await self._connection.send(
            requests.record_feedback(prediction_id, value, metric, observe_time)
        )

    async def close(self) -> None:
        """Closes the connection; calls in flight are cancelled."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
