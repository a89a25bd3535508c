"""Checks model versions before they are registered."""

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from pointsman.domain.models import Backend, GrpcBackend, ModelVersion, OnnxBackend, Signature, TensorSpec
from pointsman.domain.violations import MAX_DESCRIPTION_CHARS, Violations, shown

DATATYPES = (
    "BOOL",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "FP16",
    "BF16",
    "FP32",
    "FP64",
    "BYTES",
)

MAX_URI_CHARS = 2048
MAX_TENSORS = 10_000
MAX_ENTRIES = 10_000
_SHA256 = re.compile("[0-9a-f]{64}")


def check_model_version(
    model: ModelVersion, target_fault: Callable[[str], str], field: str = "model_version"
) -> None:
    """Checks a model version that shall be registered.

    Args:
        model: The model version.
        target_fault: Says what is wrong with the target of a backend, as the data plane sees it.
        field: The path of the field that holds it.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    found.check_id(f"{field}.model_id", model.model_id)
    found.check_id(f"{field}.version", model.version)
    if model.backend is not None:
        _check_backend(found, f"{field}.backend", model.backend, target_fault)
    _check_signature(found, f"{field}.signature", model.given_signature, is_open=model.backend is not None)
    found.check_text(f"{field}.description", model.description, MAX_DESCRIPTION_CHARS)
    found.check_text(f"{field}.run_uri", model.run_uri, MAX_URI_CHARS)
    found.check_tags(f"{field}.tags", model.tags)
    if len(model.metrics) > MAX_ENTRIES:
        found.add(f"{field}.metrics", f"has {len(model.metrics)} entries; at most {MAX_ENTRIES} are allowed")
    for name, value in model.metrics.items():
        found.check_text(f"{field}.metrics", name, MAX_URI_CHARS)
        found.check_finite(f"{field}.metrics[{name!r}]", value)
    found.raise_if_any()


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as model versions keep it."""
    return _SHA256.fullmatch(text) is not None


def check_whole(signature: Signature, reason: str, field: str) -> None:
    """Checks that a signature leaves nothing open that only its backend could say.

    Args:
        signature: The signature as the user gave it.
        reason: Why the backend cannot be asked.
        field: The path of the field that holds it.

    Raises:
        InvalidArgumentError: A tensor has no name or no datatype.
    """
    found = Violations()
    for kind in ("inputs", "outputs"):
        for index, tensor in enumerate(getattr(signature, kind)):
            for name in ("name", "datatype"):
                if not getattr(tensor, name):
                    found.add(
                        f"{field}.{kind}[{index}].{name}",
                        f"is empty, and its backend cannot be asked for it: {reason}; write it, or register "
                        "the version once its backend runs",
                    )
    found.raise_if_any()


def _check_backend(
    found: Violations, field: str, backend: Backend, target_fault: Callable[[str], str]
) -> None:
    match backend:
        case GrpcBackend():
            if fault := target_fault(backend.target):
                found.add(f"{field}.grpc.target", fault)
            found.check_text(f"{field}.grpc.model_name", backend.model_name, MAX_URI_CHARS)
            found.check_text(f"{field}.grpc.model_version", backend.model_version, MAX_URI_CHARS)
        case OnnxBackend():
            _check_onnx_path(found, f"{field}.onnx.path", backend.path)
            if backend.sha256 and not is_sha256(backend.sha256):
                found.add(
                    f"{field}.onnx.sha256",
                    f"{shown(backend.sha256)} is no SHA-256; write its 64 lower-case hexadecimal digits, as "
                    "sha256sum prints them, or leave it out",
                )


def _check_onnx_path(found: Violations, field: str, path: str) -> None:
    """Checks the path's form; the data plane also resolves links before it opens the file."""
    if not path:
        found.add(field, "is empty; name a file in the models folder of the data directory")
        return
    found.check_text(field, path, MAX_URI_CHARS)
    if path.startswith(("/", "~")) or "\\" in path:
        found.add(
            field,
            f"{shown(path)} is not relative; name a file inside the models folder of the data directory",
        )
    elif ".." in PurePosixPath(path).parts:
        found.add(
            field, f"{shown(path)} leads outside the models folder of the data directory; remove the '..'"
        )


def _check_signature(found: Violations, field: str, signature: Signature, *, is_open: bool) -> None:
    """Checks a signature; an open one may lack what its backend says."""
    _check_tensors(found, f"{field}.inputs", signature.inputs, is_open=is_open)
    _check_tensors(found, f"{field}.outputs", signature.outputs, is_open=is_open)
    outputs = {tensor.name for tensor in signature.outputs}
    for name in ("prediction_output", "probability_output"):
        output = getattr(signature, name)
        # An output without a name is the backend's only one, whose name it says.
        if output and outputs and "" not in outputs and output not in outputs:
            found.add(
                f"{field}.{name}", f"{shown(output)} is none of the outputs {', '.join(sorted(outputs))}"
            )
    labels: set[str] = set()
    for index, label in enumerate(signature.labels):
        if label in labels:
            found.add(f"{field}.labels[{index}]", f"{shown(label)} occurs twice; leave one out")
        labels.add(label)
    if signature.threshold is not None and not 0 <= signature.threshold <= 1:
        found.add(f"{field}.threshold", f"{signature.threshold} is not a probability between 0 and 1")
    for name, importance in signature.feature_importances.items():
        found.check_finite(f"{field}.feature_importances[{name!r}]", importance)
    for name in ("classes", "defaults", "feature_importances"):
        if len(getattr(signature, name)) > MAX_ENTRIES:
            found.add(f"{field}.{name}", f"has more than {MAX_ENTRIES} entries")


def _check_tensors(found: Violations, field: str, tensors: Sequence[TensorSpec], *, is_open: bool) -> None:
    if len(tensors) > MAX_TENSORS:
        found.add(field, f"has {len(tensors)} tensors; at most {MAX_TENSORS} are allowed")
    seen: set[str] = set()
    for index, tensor in enumerate(tensors):
        path = f"{field}[{index}]"
        if not tensor.name:
            if not is_open or len(tensors) > 1:
                found.add(
                    f"{path}.name",
                    "is empty; it is required where there are several tensors or no backend",
                )
        elif tensor.name in seen:
            found.add(f"{path}.name", f"{shown(tensor.name)} occurs twice; leave one out")
        seen.add(tensor.name)
        if tensor.datatype not in DATATYPES and (tensor.datatype or not is_open):
            found.add(f"{path}.datatype", f"{shown(tensor.datatype)} is none of {', '.join(DATATYPES)}")
        for place, size in enumerate(tensor.shape):
            if size < -1 or size == 0:
                found.add(
                    f"{path}.shape[{place}]", f"{size} is no size; use a positive number, or -1 for any"
                )
