"""Asks backends whether they are ready and what they take."""

import asyncio
import dataclasses
import time
from collections.abc import Mapping, Sequence

from pointsman.control.convert.models import signature_from
from pointsman.control.lanes import Lanes
from pointsman.control.snapshot import model_snapshot
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.models import ModelKey, ModelVersion, Signature
from pointsman.domain.routers import Variant
from pointsman.errors import BackendError, InvalidArgumentError, PointsmanError
from pointsman.v1 import model_pb2


class BackendsNotReadyError(PointsmanError):
    """Not every backend answered; the message names the variants that stood in the way."""

    default_reason = "BACKEND_NOT_READY"


def probe(data_plane: DataPlane, model: ModelVersion, timeout_seconds: float) -> Signature:
    """Asks the backend of a model version.

    Args:
        data_plane: Who asks.
        model: The model version; it must have a backend.
        timeout_seconds: How long the answer may take.

    Returns:
        The signature in force: the user's, completed by the backend's answer.

    Raises:
        BackendError: The backend is not reachable, not ready or not readable.
        InvalidArgumentError: What it says of its classes contradicts the user's signature.
    """
    # What an earlier backend said of itself must not colour the answer.
    asked = dataclasses.replace(model, signature=model.given_signature)
    answer = data_plane.probe_backend(model_snapshot(asked).SerializeToString(), timeout_seconds)
    try:
        probed = signature_from(model_pb2.Signature.FromString(answer), "signature")
    except InvalidArgumentError as error:
        raise BackendError(f"its description cannot be read: {error}") from error
    return model.given_signature.completed_by(probed)


async def probe_all(
    data_plane: DataPlane,
    lanes: Lanes,
    models: Mapping[ModelKey, ModelVersion],
    variants: Sequence[Variant],
    timeout_seconds: float,
) -> dict[ModelKey, Signature]:
    """Asks several backends at the same time.

    Args:
        data_plane: Who asks.
        lanes: The threads for it.
        models: The model versions to ask about; each must have a backend.
        variants: The variants that need them, for the message.
        timeout_seconds: How long all answers together may take.

    Returns:
        The signature in force of each model version.

    Raises:
        BackendsNotReadyError: Naming every variant whose backend did not answer, and why.
    """
    deadline = time.monotonic() + timeout_seconds

    def ask(model: ModelVersion) -> Signature:
        remaining_seconds = deadline - time.monotonic()
        if remaining_seconds <= 0:
            raise BackendError(f"its backend could not be asked within {timeout_seconds:g} s; try again")
        return probe(data_plane, model, remaining_seconds)

    keys = sorted(models)
    answers = await asyncio.gather(*(lanes.probe(ask, models[key]) for key in keys), return_exceptions=True)
    signatures: dict[ModelKey, Signature] = {}
    faults: list[str] = []
    for key, answer in zip(keys, answers, strict=True):
        if isinstance(answer, PointsmanError):
            faults.append(f"{_named(variants, key)}: {answer}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            signatures[key] = answer
    if faults:
        raise BackendsNotReadyError("; ".join(faults))
    return signatures


def _named(variants: Sequence[Variant], key: ModelKey) -> str:
    names = ", ".join(repr(variant.name) for variant in variants if variant.model_key == key)
    return f"variant {names} ({key})"
