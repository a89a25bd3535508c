"""Asks backends whether they are ready and what they take."""

import asyncio
import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pointsman.control.convert.models import signature_from
from pointsman.control.lanes import Lanes
from pointsman.control.publishing.snapshot import model_snapshot
from pointsman.domain.models import ModelKey, ModelVersion, Signature
from pointsman.domain.ports.replica import Probing
from pointsman.domain.variants import Variant
from pointsman.errors import BackendError, InvalidArgumentError, PointsmanError
from pointsman.v1 import snapshot_pb2


class BackendsNotReadyError(PointsmanError):
    """Not every backend answered; the message names the variants that stood in the way."""

    default_reason = "BACKEND_NOT_READY"


@dataclass(frozen=True)
class Answered:
    """What a backend and the user's signature say together.

    Attributes:
        signature: The signature in force: the user's, completed by the backend's answer.
        filled_in: What the user left open and the backend said, a field each, in words.
        warnings: What could not be checked, a field each, in words.
        sha256: The digest of the file that was read; empty where there is no file.
    """

    signature: Signature
    filled_in: tuple[str, ...]
    warnings: tuple[str, ...]
    sha256: str


def probe(backends: Probing, model: ModelVersion, timeout_seconds: float) -> Answered:
    """Asks the backend of a model version, and checks the user's signature against what it says.

    Args:
        backends: Who asks.
        model: The model version; it must have a backend.
        timeout_seconds: How long the answer may take.

    Raises:
        BackendError: The backend is not reachable, not ready or not readable.
        InvalidArgumentError: What it says of itself contradicts the user's account; the paths of the fields
            begin below the model version.
    """
    # What an earlier backend said of itself must not colour the answer.
    asked = dataclasses.replace(model, signature=model.given_signature)
    answer = snapshot_pb2.BackendAnswer.FromString(
        backends.probe_backend(model_snapshot(asked).SerializeToString(), timeout_seconds)
    )
    try:
        probed = signature_from(answer.signature, "signature")
    except InvalidArgumentError as error:
        raise BackendError(f"its description cannot be read: {error}") from error
    return Answered(
        model.given_signature.completed_by(probed),
        tuple(answer.filled_in),
        tuple(answer.warnings),
        answer.sha256,
    )


async def probe_all(
    backends: Probing,
    lanes: Lanes,
    models: Mapping[ModelKey, ModelVersion],
    variants: Sequence[Variant],
    timeout_seconds: float,
) -> dict[ModelKey, Signature]:
    """Asks several backends at the same time.

    Args:
        backends: Who asks.
        lanes: The threads for it.
        models: The model versions to ask about; each must have a backend.
        variants: The variants that need them, for the message.
        timeout_seconds: How long all answers together may take.

    Returns:
        The signature in force of each model version.

    Raises:
        BackendsNotReadyError: Naming every variant whose backend did not answer, and why.
    """
    answers = await probe_each(backends, lanes, models, timeout_seconds)
    faults = [
        f"{_named(variants, key)}: {answer}"
        for key, answer in answers.items()
        if isinstance(answer, PointsmanError)
    ]
    if faults:
        raise BackendsNotReadyError("; ".join(faults))
    return {key: answer for key, answer in answers.items() if isinstance(answer, Signature)}


async def probe_each(
    backends: Probing,
    lanes: Lanes,
    models: Mapping[ModelKey, ModelVersion],
    timeout_seconds: float,
) -> dict[ModelKey, Signature | PointsmanError]:
    """Asks several backends at the same time, and lets none hide what came of another.

    Args:
        backends: Who asks.
        lanes: The threads for it.
        models: The model versions to ask about; each must have a backend.
        timeout_seconds: How long all answers together may take.

    Returns:
        For each model version its signature in force, or why its backend did not say it; in the keys' order.
    """
    deadline = time.monotonic() + timeout_seconds

    def ask(model: ModelVersion) -> Signature | PointsmanError:
        remaining_seconds = deadline - time.monotonic()
        if remaining_seconds <= 0:
            return BackendError(f"its backend could not be asked within {timeout_seconds:g} s; try again")
        try:
            return probe(backends, model, remaining_seconds).signature
        except PointsmanError as error:
            return error

    keys = sorted(models)
    answers = await asyncio.gather(*(lanes.probe(ask, models[key]) for key in keys))
    return dict(zip(keys, answers, strict=True))


def _named(variants: Sequence[Variant], key: ModelKey) -> str:
    names = ", ".join(repr(variant.name) for variant in variants if variant.model_key == key)
    return f"variant {names} ({key})"
