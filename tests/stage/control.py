"""Administers a server through its public services."""

from collections.abc import Mapping
from typing import Any

import grpc

from pointsman.v1 import (
    key_pb2_grpc,
    model_pb2,
    model_pb2_grpc,
    prediction_pb2_grpc,
    router_pb2,
    router_pb2_grpc,
)

TIMEOUT_SECONDS = 30.0


class Control:
    """Stubs of every service, with a key if there is one."""

    def __init__(self, address: str, key: str = "") -> None:
        # A channel of its own each time: gRPC would share connections between equal ones.
        self.channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
        self._metadata = (("x-api-key", key),) if key else ()
        self.models = self._bind(model_pb2_grpc.ModelServiceStub)
        self.routers = self._bind(router_pb2_grpc.RouterServiceStub)
        self.predictions = self._bind(prediction_pb2_grpc.PredictionServiceStub)
        self.keys = self._bind(key_pb2_grpc.ApiKeyServiceStub)

    def _bind(self, stub: Any) -> Any:
        return _Bound(stub(self.channel), self._metadata)

    def close(self) -> None:
        self.channel.close()

    def register(self, model_id: str, version: str, backend: model_pb2.Backend, **fields: Any) -> Any:
        model = model_pb2.ModelVersion(model_id=model_id, version=version, backend=backend, **fields)
        return self.models.RegisterModelVersion(model_pb2.RegisterModelVersionRequest(model_version=model))

    def create(self, router_id: str, weights: Mapping[str, float], model_id: str, **fields: Any) -> Any:
        """Makes a router whose variants are named like the model's versions that they stand for."""
        variants = [
            router_pb2.Variant(name=name, model_id=model_id, model_version=name, weight=weight)
            for name, weight in weights.items()
        ]
        fields = {"strategy": router_pb2.STRATEGY_WEIGHTED, **fields}
        router = router_pb2.Router(router_id=router_id, variants=variants, **fields)
        return self.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))

    def deploy(self, router_id: str) -> Any:
        answer = self.routers.DeployRouter(router_pb2.DeployRouterRequest(router_id=router_id))
        assert answer.router.status == router_pb2.ROUTER_STATUS_RUNNING, answer.router.status_message
        return answer

    def route(self, router_id: str, targets: Mapping[str, str], **fields: Any) -> None:
        """Registers a model version for each target and deploys a router over them, with equal weights."""
        for name, target in targets.items():
            self.register(f"{router_id}-model", name, grpc_backend(target, "m"))
        self.create(router_id, dict.fromkeys(targets, 50.0), f"{router_id}-model", **fields)
        self.deploy(router_id)

    def metrics(self, router_id: str) -> Any:
        return self.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id=router_id))


class _Bound:
    def __init__(self, stub: Any, metadata: tuple[tuple[str, str], ...]) -> None:
        self._stub = stub
        self._metadata = metadata

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._stub, method)
        return lambda request, **more: call(
            request, **({"metadata": self._metadata, "timeout": TIMEOUT_SECONDS} | more)
        )


def grpc_backend(target: str, model_name: str) -> model_pb2.Backend:
    return model_pb2.Backend(grpc=model_pb2.GrpcBackend(target=target, model_name=model_name))


def onnx_backend(path: str) -> model_pb2.Backend:
    return model_pb2.Backend(onnx=model_pb2.OnnxBackend(path=path))
