"""The Python of the documentation runs as it stands there, against a server."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from stage.page_run import PageRun
from stage.pages import read
from stage.server import Server, environment

DOCS = Path(__file__).resolve().parents[3] / "docs"
pytestmark = pytest.mark.e2e


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LinearRegression

    made = Server(tmp_path)
    model = LinearRegression().fit([[2.0, 10.0], [3.0, 40.0], [4.0, 20.0]], [200.0, 250.0, 400.0])
    proto = to_onnx(model, initial_types=[("x", FloatTensorType([None, 2]))])
    (made.models_dir / "prices.onnx").write_bytes(proto.SerializeToString())
    yield made
    made.end()


def test_the_page_of_the_client_does_what_it_says(server: Server, tmp_path: Path) -> None:
    page = PageRun(tmp_path / "reader", environment({}), replaced={"127.0.0.1:8500": server.grpc})
    with contextlib.closing(page):
        page.run(read(DOCS / "how-to/python-client.md"))
