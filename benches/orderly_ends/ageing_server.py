"""A gRPC server whose connections age: ``python -m benches.orderly_ends.ageing_server AGE_MS DELAY_MS``.

Prints ``{"ports": [PORT]}`` and gives every message back as a ModelInferResponse with the request's id,
each after a delay.
"""

import asyncio
import json
import sys

import grpc
import grpc.aio
from benches.orderly_ends.messages import INFER, IS_READY, READY, echo

GRACE_MS = 10_000


class Echo(grpc.GenericRpcHandler):
    """Answers ModelInfer, and says that every model is ready."""

    def __init__(self, delay_ms: int) -> None:
        self._delay_seconds = delay_ms / 1_000
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            INFER: grpc.unary_unary_rpc_method_handler(self._infer),
            READY: grpc.unary_unary_rpc_method_handler(self._ready),
        }

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Answers the handler of a path."""
        return self._handlers.get(handler_call_details.method)

    async def _infer(self, request: bytes, _: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        if self._delay_seconds:
            # Stands for the time that a model takes.
            await asyncio.sleep(self._delay_seconds)
        return echo(request)

    @staticmethod
    async def _ready(_: bytes, __: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        return IS_READY


async def serve(age_ms: int, delay_ms: int) -> None:
    """Serves until the process ends."""
    options = [("grpc.max_connection_age_ms", age_ms), ("grpc.max_connection_age_grace_ms", GRACE_MS)]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers([Echo(delay_ms)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"ports": [port]}), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
