"""A gRPC backend that behaves, keeps what it saw, and answers as a test says."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from tritonclient.grpc import service_pb2

from .oip import SERVICE
from .ports import free_port
from .waiting import eventually


@dataclass(frozen=True)
class Seen:
    """A ModelInfer call as it arrived."""

    message: bytes
    metadata: dict[str, str]
    seconds_left: float

    @property
    def request(self) -> Any:
        return service_pb2.ModelInferRequest.FromString(self.message)


Behaviour = Callable[[bytes, grpc.ServicerContext], bytes]


def echo(message: bytes, _: grpc.ServicerContext) -> bytes:
    """Answers the inputs as outputs."""
    request = service_pb2.ModelInferRequest.FromString(message)
    response = service_pb2.ModelInferResponse(
        model_name=request.model_name,
        model_version=request.model_version or "7",
        id=request.id,
        raw_output_contents=request.raw_input_contents,
    )
    for tensor in request.inputs:
        response.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
    answer: bytes = response.SerializeToString()
    return answer


LARGE = "large"
_LARGE_ANSWER = service_pb2.ModelInferResponse(
    id=LARGE, raw_output_contents=[bytes(1 << 20)]
).SerializeToString()


def large_where_asked(message: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers calls with the id ``LARGE`` with 1 MiB, others with what they brought."""
    if LARGE.encode() not in message:
        return echo(message, context)
    answer: bytes = _LARGE_ANSWER
    return answer


class RecordingBackend:
    """Serves the inference protocol on a port of its own, or on a given one.

    ``options`` are further ones of the grpc server.
    """

    def __init__(
        self,
        behaviour: Behaviour = echo,
        port: int = 0,
        threads: int = 32,
        options: Sequence[tuple[str, int]] = (),
    ) -> None:
        self.behaviour = behaviour
        self.seen: list[Seen] = []
        self.ended = threading.Event()
        self._server = grpc.server(
            ThreadPoolExecutor(threads),
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                *options,
            ],
        )
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        port = port or free_port()

        def listening() -> int:
            # The port's former owner may still be on its way out.
            with contextlib.suppress(RuntimeError):
                return self._server.add_insecure_port(f"127.0.0.1:{port}")
            return 0

        self.port: int = eventually(listening, 5, f"port {port}")
        self._server.start()
        self.target = f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.stop(0).wait()

    def infer(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        context.add_callback(self.ended.set)
        metadata = {name: str(value) for name, value in context.invocation_metadata()}
        self.seen.append(Seen(message, metadata, context.time_remaining()))
        return self.behaviour(message, context)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, backend: RecordingBackend) -> None:
        ready = service_pb2.ModelReadyResponse(ready=True).SerializeToString()
        metadata = service_pb2.ModelMetadataResponse(name="m", platform="test").SerializeToString()
        self._methods = {
            "ModelInfer": backend.infer,
            "ModelReady": lambda *_: ready,
            "ServerLive": lambda *_: service_pb2.ServerLiveResponse(live=True).SerializeToString(),
            "ServerReady": lambda *_: service_pb2.ServerReadyResponse(ready=True).SerializeToString(),
            "ModelMetadata": lambda *_: metadata,
        }

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = self._methods.get(details.method.removeprefix(SERVICE))
        return method and grpc.unary_unary_rpc_method_handler(method)
