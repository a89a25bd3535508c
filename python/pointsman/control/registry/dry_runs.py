"""Runs one row through a model version before any router uses it; nothing of it is kept."""

import dataclasses
import time
from collections.abc import Mapping

from google.protobuf.struct_pb2 import Value

from pointsman.control.convert.feedback import refusal_of
from pointsman.control.convert.times import positive_milliseconds_of
from pointsman.control.publishing.snapshot import model_snapshot
from pointsman.control.registry.probing import probe
from pointsman.domain.models import GrpcBackend, ModelVersion
from pointsman.domain.ports.replica import DryRunning
from pointsman.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    PassedOnError,
    PointsmanError,
)
from pointsman.v1 import dry_run_pb2, model_pb2

MAX_TIMEOUT_SECONDS = 300.0


class DryRuns:
    """Asks model versions about single rows, as a call would.

    Args:
        replica: Who asks.
        default_timeout_seconds: How long a backend may take where the caller does not say.
    """

    def __init__(self, replica: DryRunning, default_timeout_seconds: float) -> None:
        self._replica = replica
        self._default_timeout_seconds = default_timeout_seconds

    def timeout_seconds(self, request: model_pb2.TestModelVersionRequest) -> float:
        """Answers how long a backend may take.

        Raises:
            InvalidArgumentError: The request names no time, or too long a one.
        """
        if not request.HasField("timeout"):
            return self._default_timeout_seconds
        seconds = positive_milliseconds_of(request.timeout, "timeout") / 1000
        if seconds > MAX_TIMEOUT_SECONDS:
            raise InvalidArgumentError.at(
                "timeout", f"{seconds:g}s is too long; name at most {MAX_TIMEOUT_SECONDS:g}s"
            )
        return seconds

    def run(
        self, model: ModelVersion, features: Mapping[str, Value], timeout_seconds: float
    ) -> model_pb2.TestModelVersionResponse:
        """Asks a model version about a row.

        A server is asked first what a deployment would ask it: its answer completes the signature, and must
        not contradict it. A file was read when it was registered, and no other is served.

        Args:
            model: The model version as it is stored.
            features: The features of the row; empty when it is to be made up.
            timeout_seconds: How long its backend may take for all.

        Returns:
            The row as it was asked, and the answer.

        Raises:
            BackendError: The backend is not reachable, not ready or not readable.
            FailedPreconditionError: It has no backend, or its signature does not fit its model.
            InvalidArgumentError: A feature is missing or wrong.
            PointsmanError: Whatever else a call would be answered.
        """
        if model.backend is None:
            raise FailedPreconditionError(
                f"model version {str(model.key)!r} is only monitored and has no backend to ask; register a "
                "version that has one",
                reason="MODEL_VERSION_WITHOUT_BACKEND",
                metadata={"model_id": model.model_id, "version": model.version},
            )
        ends = time.monotonic() + timeout_seconds
        if isinstance(model.backend, GrpcBackend):
            model = self._completed(model, timeout_seconds)
        request = dry_run_pb2.DryRun(model=model_snapshot(model), features=features)
        left_seconds = max(ends - time.monotonic(), 0.001)
        answer = dry_run_pb2.DryRunAnswer.FromString(
            self._replica.dry_run(request.SerializeToString(), left_seconds)
        )
        if answer.HasField("response"):
            return answer.response
        error = refusal_of(answer.refusal)
        if type(error) is PointsmanError:
            raise PassedOnError(error.message, answer.refusal.code)
        raise error

    def _completed(self, model: ModelVersion, timeout_seconds: float) -> ModelVersion:
        """Gives a model version the signature that a deployment would put into force.

        Raises:
            BackendError: The backend is not reachable or not ready.
            FailedPreconditionError: What it says of itself contradicts the signature.
        """
        try:
            answered = probe(self._replica, model, timeout_seconds)
        except InvalidArgumentError as error:
            raise FailedPreconditionError(
                f"the model contradicts its registration, and a deployment would be refused: {error}; "
                "register a version that fits",
                reason="BACKEND_NOT_READY",
                fields=error.fields,
            ) from error
        return dataclasses.replace(model, signature=answered.signature)
