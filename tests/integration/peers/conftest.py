"""Two real models behind a real server: MLServer's logistic regression, gradient boosting in process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc

from pointsman.v1 import model_pb2, router_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.server import Server

from .mlserver import MLServer
from .onnx_models import write_cancer_gb


@pytest.fixture(scope="session")
def mlserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    server = MLServer(tmp_path_factory.mktemp("mlserver"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rows() -> Any:
    """The breast-cancer data, as the models' FP32 input."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)[0].astype(np.float32)


@pytest.fixture(scope="session")
def feature_names() -> list[str]:
    from sklearn.datasets import load_breast_cancer

    return [str(name) for name in load_breast_cancer().feature_names]


@pytest.fixture(scope="session")
def gb_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "cancer-gb.onnx"
    write_cancer_gb(path)
    return path


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, mlserver: MLServer, gb_file: Path, feature_names: list[str]
) -> Iterator[Server]:
    """A server with both models registered and the router `cancer` of 70 to 30 between them."""
    server = Server(tmp_path_factory.mktemp("server"))
    (server.models_dir / "cancer-gb.onnx").write_bytes(gb_file.read_bytes())
    control = Control(server.grpc)
    takes = signature(feature_names)
    control.register("cancer", "1", grpc_backend(mlserver.target, "cancer-lr"), signature=takes)
    control.register("cancer", "2", onnx_backend("cancer-gb.onnx"), signature=takes)
    control.close()
    make_router(server, "cancer")
    yield server
    server.end()


@pytest.fixture(scope="session")
def control(server: Server) -> Iterator[Control]:
    control = Control(server.grpc)
    yield control
    control.close()


@pytest.fixture(scope="session")
def triton(server: Server) -> Iterator[Any]:
    """An unmodified tritonclient with nothing changed but the address."""
    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        yield client


def signature(feature_names: list[str]) -> model_pb2.Signature:
    """What both models take and give, with the columns' names."""
    return model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 30], features=feature_names)],
        outputs=[
            model_pb2.TensorSpec(name="predict", datatype="INT64", shape=[-1]),
            model_pb2.TensorSpec(name="predict_proba", datatype="FP32", shape=[-1, 2]),
        ],
        task=model_pb2.TASK_CLASSIFICATION,
        labels=["malignant", "benign"],
        probability_output="predict_proba",
    )


def make_router(server: Server, router_id: str, **fields: Any) -> None:
    """Deploys a router of 70 to 30 between the two models."""
    control = Control(server.grpc)
    variants = [
        router_pb2.Variant(name=name, model_id="cancer", model_version=version, weight=weight)
        for name, version, weight in (("lr", "1", 70), ("gb", "2", 30))
    ]
    router = router_pb2.Router(
        router_id=router_id, strategy=router_pb2.STRATEGY_WEIGHTED, variants=variants, **fields
    )
    control.routers.CreateRouter(router_pb2.CreateRouterRequest(router=router))
    control.deploy(router_id)
    control.close()
