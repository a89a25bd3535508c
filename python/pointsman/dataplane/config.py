"""Writes the configuration that the data plane starts from."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pointsman

if TYPE_CHECKING:
    from pathlib import Path

    from pointsman.settings import Settings


def build_config(
    settings: Settings, *, data_dir: Path, control_socket: Path | None, onnx_library: Path | None
) -> str:
    """Makes the JSON configuration of ``start_server``.

    Args:
        settings: What the server was told.
        data_dir: The data folder, absolute.
        control_socket: Where the control plane will listen; None for a data plane alone.
        onnx_library: The ONNX Runtime library; None refuses ONNX files.

    Returns:
        The configuration as JSON.
    """
    return json.dumps(
        {
            "grpc_address": settings.grpc,
            "threads": settings.threads or _processors(),
            "data_dir": str(data_dir),
            "control_socket": str(control_socket) if control_socket else None,
            "onnx_library": str(onnx_library) if onnx_library else None,
            "server_version": pointsman.__version__,
            "log_level": settings.log_level,
            "limits": settings.limits.model_dump(),
        }
    )


def _processors() -> int:
    """Counts the processors that this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0))
