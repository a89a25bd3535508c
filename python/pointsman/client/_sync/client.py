# Generated from _async/client.py by scripts/generate_client.py: edit that file, then make generate.
"""The client that waits for each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pointsman.client import _requests as requests
from pointsman.client._batch import Predictions, RowCalls
from pointsman.client._call import DEFAULT_SERVER, DEFAULT_TIMEOUT_SECONDS
from pointsman.client._connection import Connection
from pointsman.client._sync.definitions import Definitions
from pointsman.client._sync.drift import Drift
from pointsman.client._sync.keys import Keys
from pointsman.client._sync.models import Models
from pointsman.client._sync.routers import Routers
from pointsman.client._sync.users import Users
from pointsman.client._tables import feedback_values
from pointsman.client._types import (
    FeedbackReceipt,
    FeedbackResult,
    FeedbackValue,
    FeedbackWait,
    Prediction,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
        self.users = Users(self._connection)
        self.definitions = Definitions(self._connection)
        self.drift = Drift(self._connection)

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

    def predict_batch(
        self,
        router_id: str,
        rows: Any,
        *,
        entity_column: str = "",
        variant: str = "",
        concurrency: int = 16,
    ) -> Predictions:
        """Asks a router for a prediction for each row of a table.

        Args:
            router_id: The router, or a model whose production version shall answer.
            rows: A DataFrame of pandas or Polars, or a list of dicts; its columns are the features. What
                pandas calls missing is sent as null.
            entity_column: The column that says whom a row is for, text or whole numbers; it is no feature.
            variant: A variant's name or model version, to go there outside the statistics.
            concurrency: How many calls are under way at a time.

        Returns:
            What came of each row, in their order. A row that failed has its error and loses no other.

        Raises:
            TypeError: A value is of a type that no feature has; the text names it. Nothing was sent.
            ValueError: There is no such column, or a row names no entity. Nothing was sent.

        Example::

            predictions = client.predict_batch("cancer", frame, entity_column="patient")
            print(predictions.failed, predictions.to_dataframe())
        """
        calls = RowCalls(router_id, rows, entity_column, variant)
        return calls.answers(self._connection.send_all(calls, concurrency))

    def record_feedback(
        self,
        prediction_id: str,
        value: float,
        *,
        metric: str = "reward",
        row: int = 0,
        observe_time: datetime | None = None,
        wait: FeedbackWait = FeedbackWait.DURABLE,
    ) -> FeedbackReceipt:
        """Records what happened after a prediction.

        Args:
            prediction_id: From the prediction's answer or receipt.
            value: The value measured.
            metric: What was measured.
            row: The row of a batch that it is about, from 0.
            observe_time: When; None means now.
            wait: ``DURABLE`` waits until it is on disk and will be counted once, ``APPLIED`` until it is.

        Returns:
            What came of it: ``RECORDED``; or, when waited for, whether it was new, a repetition, or in
            conflict with the first one, which stays.

        Example::

            client.record_feedback(answer.prediction_id, 1.0)
        """
        given = FeedbackValue(value, prediction_id, metric, row, observe_time)
        return self._connection.send(requests.record_feedback(given, wait))

    def record_entity_feedback(
        self,
        router_id: str,
        entity_id: str,
        value: float,
        *,
        metric: str = "reward",
        observe_time: datetime | None = None,
        wait: FeedbackWait = FeedbackWait.DURABLE,
    ) -> FeedbackReceipt:
        """Records what happened after the latest prediction of an entity.

        Args:
            router_id: The router that made the prediction.
            entity_id: Whom it was for.
            value: The value measured.
            metric: What was measured.
            observe_time: When; None means now.
            wait: What the answer waits for.

        Returns:
            What came of it, and the prediction that it is about.

        Example::

            client.record_entity_feedback("cancer", "patient-1", 1.0)
        """
        given = FeedbackValue(
            value, metric=metric, observe_time=observe_time, router_id=router_id, entity_id=entity_id
        )
        return self._connection.send(requests.record_feedback(given, wait))

    def record_feedback_batch(
        self,
        values: Iterable[FeedbackValue] | Any,
        *,
        metric: str | None = None,
        wait: FeedbackWait = FeedbackWait.DURABLE,
    ) -> Sequence[FeedbackResult]:
        """Records many values of feedback; each is answered by itself.

        They go in calls of at most 10,000. When one of these fails, repeat the whole: each value counts once.

        Args:
            values: The values; or a pandas Series of numbers whose index is the prediction ids; or a
                DataFrame of pandas or Polars, or dicts, with ``value`` and some of the other fields of
                ``FeedbackValue``.
            metric: What was measured, where the values do not say it.
            wait: What the answer waits for.

        Returns:
            What came of each, in their order; one with a code other than 0 was refused.

        Raises:
            TypeError: A column, an id or a value is of another type. Nothing was sent.
            ValueError: A value is missing, a column unknown, or a time names no zone. Nothing was sent.

        Example::

            values = [FeedbackValue(1.0, answer.prediction_id) for answer in answers]
            refused = [result for result in client.record_feedback_batch(values) if result.code]
        """
        results: list[FeedbackResult] = []
        for call in requests.batches_of_feedback(feedback_values(values, metric), wait):
            results += self._connection.send(call)
        return results

    def close(self) -> None:
        """Closes the connection; calls in flight are cancelled."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
