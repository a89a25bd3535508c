"""A pass-through router in grpc.aio: bytes in, a weighted pick, bytes out. The least a Python router can do.

``python -m benches.load.asyncio_router PORT_A PORT_B`` prints ``{"ports": [PORT]}`` and serves.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
WEIGHTS = (70, 30)

Forward = Callable[[bytes, "grpc.aio.ServicerContext[bytes, bytes]"], Awaitable[bytes]]


class PassThrough(grpc.GenericRpcHandler):
    """Forwards every unary call to one of the backends, its bytes and metadata as they came."""

    def __init__(self, ports: list[int]) -> None:
        self._channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) for port in ports]
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Answers the handler of a path, made at its first call."""
        path = handler_call_details.method
        if path not in self._handlers:
            self._handlers[path] = grpc.unary_unary_rpc_method_handler(self._forward_to(path))
        return self._handlers[path]

    def _forward_to(self, path: str) -> Forward:
        backends: list[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]] = [
            channel.unary_unary(path) for channel in self._channels
        ]

        async def forward(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
            [backend] = random.choices(backends, WEIGHTS)
            try:
                answer: bytes = await backend(request, metadata=context.invocation_metadata())
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")
            return answer

        return forward


async def serve(ports: list[int]) -> None:
    """Serves until the process ends."""
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers([PassThrough(ports)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(json.dumps({"ports": [port]}), flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve([int(port) for port in sys.argv[1:]]))
