"""Two servers on one PostgreSQL: what one recorded the other names, erasures reach both, files are shared."""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tritonclient.grpc import service_pb2

from pointsman.client import Client, ClientError, ModelVersion, Router, Variant
from pointsman.v1 import model_pb2, model_pb2_grpc, prediction_pb2, router_pb2
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.oip import infer
from stage.onnx_files import a_model
from stage.postgres import Postgres
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


class Site:
    """A server in a folder of its own, and calls to it."""

    def __init__(self, folder: Path, postgres: Postgres, **settings: str) -> None:
        folder.mkdir(exist_ok=True)
        self.server = Server(folder, settings={"database": postgres.url, **settings})
        self.control = Control(self.server.grpc)

    def predict(self, entity_id: str) -> None:
        tensor = service_pb2.ModelInferRequest.InferInputTensor(name="x", datatype="FP64", shape=[1, 2])
        request = service_pb2.ModelInferRequest(
            model_name="r", inputs=[tensor], raw_input_contents=[struct.pack("<2d", 1.0, 2.0)]
        )
        infer(self.control.channel, request, metadata=[("pointsman-entity-id", entity_id)])

    def page(self) -> Any:
        return self.control.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="r"))

    def entities(self) -> list[str]:
        return sorted(found.entity_id for found in self.page().predictions)

    def erase(self, entity_id: str) -> Any:
        request = router_pb2.EraseEntityRequest(router_id="r", entity_id=entity_id)
        return self.control.routers.EraseEntity(request)

    def entities_on_disk(self, lake: Path | None = None) -> list[str]:
        folder = lake or self.server.data_dir / "lake"
        files = (folder / "predictions").rglob("*.parquet")
        return sorted(
            entity
            for path in files
            for entity in pq.ParquetFile(path).read(["entity_id"])["entity_id"].to_pylist()
        )

    def close(self) -> None:
        self.control.close()
        self.server.kill()


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    postgres = Postgres()
    yield postgres
    postgres.close()


@pytest.fixture
def east(postgres: Postgres, backend: RowBackend, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "east", postgres)
    site.control.route("r", {"a": backend.target, "b": backend.target})
    yield site
    site.close()


def test_an_erasure_reaches_both_and_waits_for_one_that_is_down(
    east: Site, postgres: Postgres, tmp_path: Path
) -> None:
    west = Site(tmp_path / "west", postgres)
    try:
        for site in (east, west):
            for entity_id in ("u1", "u2", "other"):
                site.predict(entity_id)
        for site, other in ((east, west), (west, east)):
            assert site.entities() == ["other", "u1", "u2"]
            [missing] = site.page().unreached
            assert str(other.server.data_dir) in missing.server
        by_entity = prediction_pb2.RecordFeedbackRequest(router_id="r", entity_id="u1", value=1)
        assert len(east.control.predictions.RecordFeedback(by_entity).unreached) == 1

        erased = east.erase("u1")
        assert (erased.prediction_count, list(erased.pending)) == (2, [])
        for site in (east, west):
            assert site.entities() == ["other", "u2"]
            assert "u1" not in site.entities_on_disk()

        west.server.kill()
        erased = east.erase("u2")
        assert erased.prediction_count == 1
        [pending] = erased.pending
        assert str(west.server.data_dir) in pending.server
        west.close()
        west = Site(tmp_path / "west", postgres)
        eventually(
            lambda: "pointsman_erasures_pending 0" in east.server.get("/metrics")[1],
            60.0,
            "the erasure is carried out by both",
        )
        assert west.entities() == ["other"]
        assert "u2" not in west.entities_on_disk()
        west.server.end()
        east.server.end()
    finally:
        west.close()


def test_a_lake_that_is_shared_is_read_whole_by_either(
    postgres: Postgres, backend: RowBackend, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    settings = {"lake__dir": str(lake), "journal__seal_after_seconds": "0.2"}
    east = Site(tmp_path / "east", postgres, **settings)
    east.control.route("r", {"a": backend.target, "b": backend.target})
    west = Site(tmp_path / "west", postgres, **settings)
    try:
        east.predict("u1")
        west.predict("u1")
        west.predict("u2")
        for site in (east, west):

            def reads_all(site: Site = site) -> bool:
                return site.entities() == ["u1", "u1", "u2"]

            eventually(reads_all, 30.0, "all rows at both")
            [missing] = site.page().unreached
            assert missing.row_count == 0, "only the journal of the other is not reached"
        assert east.erase("u1").prediction_count == 2
        assert west.entities_on_disk(lake) == ["u2"]
        # One that ended with all of it stored is missed no more.
        west.server.end()
        assert not east.page().unreached
        assert east.entities() == ["u2"]
    finally:
        west.close()
        east.close()


def test_a_models_folder_that_is_shared_serves_at_either_what_both_took(
    postgres: Postgres, tmp_path: Path
) -> None:
    shared = tmp_path / "models"
    shared.mkdir(mode=0o700)
    sites = []
    try:
        for name in ("east", "west"):
            data = tmp_path / name / "data"
            data.mkdir(parents=True, mode=0o700)
            (data / "models").symlink_to(shared)
            sites.append(Site(tmp_path / name, postgres))
        east, west = sites
        path = a_model(tmp_path / "triple.onnx", 3, weights=3 * 1024 * 1024)
        _send_half(west, path)
        told: list[tuple[int, int]] = []
        with Client(east.server.grpc) as client:
            uploaded = client.models.upload(path, on_progress=lambda *progress: told.append(progress))
            assert told[0][0] > 0, "east goes on where west stood"
            client.models.register(ModelVersion("triple", "1", uploaded.backend))
            variants = [Variant("a", "triple", "1", 100)]
            client.routers.create(Router("triple", variants=variants, allow_single=True))
            client.routers.deploy("triple")
        with Client(west.server.grpc) as client:
            assert client.models.upload(path).was_there

            def answers() -> bool:
                try:
                    return bool(client.predict("triple", {"x": 2}).prediction == 6.0)
                except ClientError:
                    return False

            eventually(answers, 30.0, "the router is served by west, too")
            assert not client.routers.get("triple").status_message
        assert [found.read_bytes() for found in shared.rglob("*.onnx")] == [path.read_bytes()]
    finally:
        for site in sites:
            site.close()


def _send_half(site: Site, path: Path) -> None:
    """Sends the beginning of a file, and no more."""
    whole = path.read_bytes()
    stub = model_pb2_grpc.ModelServiceStub(site.control.channel)
    request = model_pb2.UploadModelFileRequest(
        sha256=hashlib.sha256(whole).hexdigest(), size_bytes=len(whole)
    )
    chunk_bytes = stub.UploadModelFile(request).chunk_bytes
    while request.offset < len(whole) / 2:
        request.chunk = whole[request.offset : request.offset + chunk_bytes]
        request.offset = stub.UploadModelFile(request).received_bytes
