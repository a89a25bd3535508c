"""The gRPC server of the control plane, on the socket to which the data plane brings calls."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import grpc

from pointsman.control.interceptor import Gate
from pointsman.control.options import ControlOptions
from pointsman.control.parts import ControlParts
from pointsman.control.servicers.definitions import DefinitionServicer
from pointsman.control.servicers.drift import DriftServicer
from pointsman.control.servicers.keys import ApiKeyServicer
from pointsman.control.servicers.models import ModelServicer
from pointsman.control.servicers.predictions import PredictionServicer
from pointsman.control.servicers.routers import RouterServicer
from pointsman.v1 import (
    definition_pb2_grpc,
    drift_pb2_grpc,
    key_pb2_grpc,
    model_pb2_grpc,
    prediction_pb2_grpc,
    router_pb2_grpc,
)


def make_server(
    parts: ControlParts, socket_path: Path, options: ControlOptions, closed_because: Callable[[], str]
) -> grpc.aio.Server:
    """Makes the server that answers the calls of every service; it does not run yet.

    Args:
        parts: What answers them.
        socket_path: The unix socket; one that was left behind is replaced.
        options: How many calls at once, and how long.
        closed_because: Says why calls are refused for now; empty when they are not.
    """
    server = grpc.aio.server(
        interceptors=[Gate(closed_because)],
        options=[
            ("grpc.max_receive_message_length", options.max_message_bytes),
            ("grpc.max_send_message_length", options.max_message_bytes),
        ],
        maximum_concurrent_rpcs=options.max_concurrent_calls,
    )
    lanes = parts.lanes
    models = ModelServicer(parts.models, parts.model_access, parts.dry_runs, parts.uploads, lanes)
    routers = RouterServicer(parts.routers)
    keys = ApiKeyServicer(parts.keys, parts.users, lanes)
    predictions = PredictionServicer(parts.feedback, lanes)
    drift = DriftServicer(parts.drift, lanes)
    definitions = DefinitionServicer(parts.definitions, parts.core)
    model_pb2_grpc.add_ModelServiceServicer_to_server(models, server)  # type: ignore[no-untyped-call]
    router_pb2_grpc.add_RouterServiceServicer_to_server(routers, server)  # type: ignore[no-untyped-call]
    key_pb2_grpc.add_ApiKeyServiceServicer_to_server(keys, server)  # type: ignore[no-untyped-call]
    prediction_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)  # type: ignore[no-untyped-call]
    drift_pb2_grpc.add_DriftServiceServicer_to_server(drift, server)  # type: ignore[no-untyped-call]
    definition_pb2_grpc.add_DefinitionServiceServicer_to_server(definitions, server)  # type: ignore[no-untyped-call]
    with contextlib.suppress(FileNotFoundError):
        socket_path.unlink()
    server.add_insecure_port(f"unix:{socket_path}")
    return server
