"""A fast gRPC backend as a process: answers each row of ``x`` with 0.5. Prints its port when it serves."""

import asyncio
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from tritonclient.grpc import service_pb2

from stage.oip import SERVICE

FEATURES = ("a", "b")


class RowBackend:
    """The process, until it is closed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stage.crash.backend"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        self.target = f"127.0.0.1:{int(self._process.stdout.readline())}"

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class _Rows(grpc.GenericRpcHandler):
    def __init__(self) -> None:
        self._answers: dict[int, bytes] = {}
        ready = service_pb2.ModelReadyResponse(ready=True).SerializeToString()
        metadata = service_pb2.ModelMetadataResponse(name="m", platform="test").SerializeToString()
        self._methods: dict[str, Any] = {
            "ModelInfer": self._infer,
            "ModelReady": lambda _: ready,
            "ModelMetadata": lambda _: metadata,
        }

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = self._methods.get(details.method.removeprefix(SERVICE))
        if method is None:
            return None

        async def answer(message: bytes, _: Any) -> bytes:
            answered: bytes = method(message)
            return answered

        return grpc.unary_unary_rpc_method_handler(answer)

    def _infer(self, message: bytes) -> bytes:
        rows = service_pb2.ModelInferRequest.FromString(message).inputs[0].shape[0]
        if rows not in self._answers:
            response = service_pb2.ModelInferResponse(model_name="m")
            response.outputs.add(name="y", datatype="FP32", shape=[rows, 1])
            response.raw_output_contents.append(struct.pack(f"<{rows}f", *[0.5] * rows))
            self._answers[rows] = response.SerializeToString()
        return self._answers[rows]


async def main() -> None:
    """Serves until the process that started it ends."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Rows(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
