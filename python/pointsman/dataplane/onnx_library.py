"""Finds the ONNX Runtime shared library that the ``onnxruntime`` package carries."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PATTERN = "capi/libonnxruntime.so*"


def find_onnx_library() -> Path | None:
    """Finds the library without importing the package, which would load it and take half a second.

    Returns:
        Its path; None when the package is not installed or carries none: models then answer by gRPC only.
    """
    spec = find_spec("onnxruntime")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        libraries = sorted(Path(folder).glob(PATTERN), key=lambda path: len(path.name), reverse=True)
        if libraries:
            return libraries[0]
    return None
