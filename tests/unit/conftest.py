"""A gRPC server that answers what a test tells it to."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from pointsman.v1 import drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2

REQUESTS: dict[str, type[Message]] = {
    f"/{service.full_name}/{method.name}": getattr(file, method.input_type.name)
    for file in (drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@dataclass
class Refusal:
    """A status that is not OK."""

    code: grpc.StatusCode
    message: str = ""
    reason: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def details(self) -> bytes:
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        parts: list[Message] = [
            error_details_pb2.ErrorInfo(reason=self.reason, domain="pointsman", metadata={"a": "b"})
        ]
        if self.fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=name, description=text)
                for name, text in self.fields.items()
            ]
            parts.append(error_details_pb2.BadRequest(field_violations=violations))
        for part in parts:
            packed = Packed()
            packed.Pack(part)
            status.details.append(packed)
        return bytes(status.SerializeToString())


Reply = Message | Refusal | Callable[[Any], Message]


class ScriptedServer(grpc.GenericRpcHandler):
    """Answers each method with the replies set for it, one after the other; the last one stays."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[tuple[str, Any]] = []
        self.metadata: dict[str, str] = {}
        self.seconds_left: float = 0.0
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([self])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def on(self, method: str, *replies: Reply) -> None:
        """Sets what a method, for example ``RouterService/GetRouter``, answers."""
        self.replies[f"/pointsman.v1.{method}"] = list(replies)

    def asked(self, method: str) -> list[Any]:
        """Answers the requests that came for a method."""
        return [request for name, request in self.requests if name == f"/pointsman.v1.{method}"]

    def service(self, call: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Message, Message] | None":
        name = str(call.method)
        if name not in self.replies:
            return None

        def answer(request: Any, context: grpc.ServicerContext) -> Message:
            self.requests.append((name, request))
            self.metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
            self.seconds_left = context.time_remaining()
            replies = self.replies[name]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if isinstance(reply, Refusal):
                context.set_trailing_metadata((("grpc-status-details-bin", reply.details()),))
                context.abort(reply.code, reply.message)
            return reply if isinstance(reply, Message) else reply(request)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=REQUESTS[name].FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.stop()


@pytest.fixture
def refusal() -> type[Refusal]:
    return Refusal


@pytest.fixture
def empty() -> Empty:
    return Empty()
