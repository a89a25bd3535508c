"""Writes the configuration that the data plane starts from."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pointsman
from pointsman.errors import InvalidArgumentError
from pointsman.settings import MAX_THREADS, split_address

if TYPE_CHECKING:
    from pathlib import Path

    from pointsman.settings import Settings


def build_config(
    settings: Settings,
    *,
    data_dir: Path,
    control_socket: Path | None,
    onnx_library: Path | None,
    log_format: str = "json",
) -> str:
    """Makes the JSON configuration of ``start_server``.

    Args:
        settings: What the server was told.
        data_dir: The data folder, absolute.
        control_socket: Where the control plane will listen; None for a data plane alone.
        onnx_library: The ONNX Runtime library; None refuses ONNX files.
        log_format: How log lines are written: ``json``, ``text`` or ``coloured_text``.

    Returns:
        The configuration as JSON.
    """
    return json.dumps(
        {
            "grpc_address": resolve(settings.grpc),
            "threads": settings.threads or min(_processors(), MAX_THREADS),
            "data_dir": str(data_dir),
            "control_socket": str(control_socket) if control_socket else None,
            "onnx_library": str(onnx_library) if onnx_library else None,
            "server_version": pointsman.__version__,
            "log_level": settings.log_level,
            "log_format": log_format,
            "limits": settings.limits.model_dump(),
            "forward_metadata": settings.forward_metadata,
            "journal": {**settings.journal.model_dump(), "lake_dir": str(lake_dir(settings, data_dir))},
        }
    )


def lake_dir(settings: Settings, data_dir: Path) -> Path:
    """Answers the folder of the lake, absolute."""
    return settings.lake.dir.absolute() if settings.lake.dir else data_dir / "lake"


def resolve(address: str) -> str:
    """Turns the host of ``host:port`` into an address, which is all that the data plane listens on.

    Raises:
        InvalidArgumentError: The host has no address.
    """
    host, port = split_address(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidArgumentError.at("grpc", f"{host!r} has no address: {reason}") from error
    return f"[{found}]:{port}" if ":" in str(found) else f"{found}:{port}"


def _processors() -> int:
    """Counts the processors that this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0))
