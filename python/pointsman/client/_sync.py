"""The client that waits for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pointsman.client import _requests as requests
from pointsman.client._call import DEFAULT_SERVER, DEFAULT_TIMEOUT_SECONDS
from pointsman.client._connection import Connection
from pointsman.client._sync_groups import Keys, Models, Routers
from pointsman.client._types import FeedbackOutcome, Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

    import grpc


class Client:
    """A connection to a pointsman server; safe to share between threads.

    Args:
        server: ``host:port`` of the server's gRPC port.
        api_key: The key to send with every call; None sends none.
        timeout_seconds: How long a call may take, repeats included.
        credentials: For a server behind TLS, for example ``grpc.ssl_channel_credentials()``; None is plain.

    Every method raises a :class:`~pointsman.client.ClientError` when the answer is not OK.

    Example::

        with Client("127.0.0.1:8500", api_key="pm_…") as client:
            answer = client.predict("cancer", {"mean radius": 17.99}, entity_id="patient-1")
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
        self._connection = Connection(
            server, api_key=api_key, timeout_seconds=timeout_seconds, credentials=credentials
        )
        self.models = Models(self._connection)
        self.routers = Routers(self._connection)
        self.keys = Keys(self._connection)

    def predict(
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

            answer = client.predict("cancer", {"mean radius": 17.99}, entity_id="patient-1")
        """
        return self._connection.send(requests.predict(router_id, features, entity_id, variant))

    def record_feedback(
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

            client.record_feedback(answer.prediction_id, 1.0)
        """
        return self._connection.send(requests.record_feedback(prediction_id, value, metric, observe_time))

    def close(self) -> None:
        """Closes the connection; calls in flight are cancelled."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
