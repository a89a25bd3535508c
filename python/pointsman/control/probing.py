"""Asks backends whether they are ready and what they take."""

import dataclasses

from pointsman.control.convert.models import signature_from
from pointsman.control.snapshot import model_snapshot
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.models import ModelVersion, Signature
from pointsman.v1 import model_pb2


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
    """
    # What an earlier backend said of itself must not colour the answer.
    asked = dataclasses.replace(model, signature=model.given_signature)
    answer = data_plane.probe_backend(model_snapshot(asked).SerializeToString(), timeout_seconds)
    probed = signature_from(model_pb2.Signature.FromString(answer), "signature")
    return model.given_signature.completed_by(probed)
