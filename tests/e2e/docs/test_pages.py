"""README and the pages that say how to do something are done as they stand there."""

import contextlib
import datetime as dt
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pointsman.client import Client, ModelVersion, OnnxBackend, Router, Signature, TensorSpec, Variant
from stage import grpcurl
from stage.catchers import WebhookCatcher
from stage.page_run import PageRun
from stage.pages import read
from stage.ports import free_ports
from stage.recording_backend import RecordingBackend
from stage.server import Server, environment

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def work_through(page: str, folder: Path, grpc: str, **options: Any) -> None:
    """Does what a page says, in a folder and against a server."""
    programs = folder / "programs"
    programs.mkdir()
    grpcurl.put_stand_in(programs)
    settings = environment({"server": grpc})
    settings["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), str(programs), settings["PATH"]])
    run = PageRun(folder / "reader", settings, **options)
    with contextlib.closing(run):
        run.run(read(ROOT / page))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all pages that change nothing of each other's."""
    made = Server(tmp_path_factory.mktemp("server"))
    write_models(made.models_dir)
    yield made
    made.end()


def write_models(folder: Path) -> None:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LinearRegression, LogisticRegression

    inputs = [("x", FloatTensorType([None, 2]))]
    rows = [[20.0, 10000.0], [30.0, 40000.0], [40.0, 20000.0], [50.0, 90000.0]]
    regression = to_onnx(LinearRegression().fit(rows, [200.0, 250.0, 400.0, 500.0]), initial_types=inputs)
    (folder / "prices.onnx").write_bytes(regression.SerializeToString())
    classifier = LogisticRegression().fit(rows, [0, 1, 0, 1])
    loans = to_onnx(classifier, initial_types=inputs, options={"zipmap": False})
    (folder / "loans.onnx").write_bytes(loans.SerializeToString())
    (folder / "cancer-lr.onnx").write_bytes(loans.SerializeToString())


@pytest.fixture(scope="module")
def prediction_id(server: Server) -> str:
    """A prediction of the router `cancer`, which was changed twice since it was created."""
    signature = Signature(inputs=[TensorSpec("x", "FP32", [-1, 2], features=["radius", "texture"])])
    with Client(server.grpc) as client:
        for version in ("1", "2"):
            client.models.register(ModelVersion("cancer", version, OnnxBackend("cancer-lr.onnx"), signature))
        variants = [Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)]
        client.routers.create(Router("cancer", variants=variants))
        client.routers.deploy("cancer")
        client.routers.set_weights("cancer", {"lr": 60, "gb": 40})
        found = [
            client.predict("cancer", {"radius": 1.0, "texture": 2.0}, entity_id=f"patient-{number}")
            for number in range(20)
        ]
    return found[0].prediction_id


def test_features_become_predictions(server: Server, tmp_path: Path) -> None:
    replaced = {"127.0.0.1:8500": server.grpc}
    work_through("docs/how-to/predict-with-features.md", tmp_path, server.grpc, replaced=replaced)


def test_files_are_uploaded_or_named_at_the_server(server: Server, tmp_path: Path) -> None:
    (tmp_path / "reader").mkdir()
    shutil.copy(server.models_dir / "prices.onnx", tmp_path / "reader" / "rent.onnx")
    work_through("docs/how-to/onnx-files.md", tmp_path, server.grpc)


def test_the_client_does_what_its_page_says(server: Server, tmp_path: Path) -> None:
    replaced = {"127.0.0.1:8500": server.grpc}
    work_through("docs/how-to/python-client.md", tmp_path, server.grpc, replaced=replaced)


def test_records_are_found_and_erased(server: Server, prediction_id: str, tmp_path: Path) -> None:
    replaced = {"PREDICTION_ID": prediction_id}
    work_through("docs/how-to/records.md", tmp_path, server.grpc, replaced=replaced)


def test_calls_come_over_http(server: Server, prediction_id: str, tmp_path: Path) -> None:
    replaced = {"127.0.0.1:8501": server.http}
    work_through("docs/how-to/rest.md", tmp_path, server.grpc, replaced=replaced)


def test_decisions_are_explained_and_replayed(server: Server, prediction_id: str, tmp_path: Path) -> None:
    with Client(server.grpc) as client:
        for number in range(300):
            entity = f"rewarded-{number}"
            made = client.predict("cancer", {"radius": 1.0, "texture": number / 100}, entity_id=entity)
            client.record_feedback(made.prediction_id, float(number % 3 == 0))
    replaced = {"127.0.0.1:8500": server.grpc, "PREDICTION_ID": prediction_id}
    work_through("docs/how-to/explain-and-replay.md", tmp_path, server.grpc, replaced=replaced)


def test_a_router_goes_back(server: Server, prediction_id: str, tmp_path: Path) -> None:
    replaced = {"127.0.0.1:8500": server.grpc}
    work_through("docs/how-to/history.md", tmp_path, server.grpc, replaced=replaced)


def test_a_shadow_is_compared_and_gets_calls(server: Server, prediction_id: str, tmp_path: Path) -> None:
    work_through("docs/how-to/shadows.md", tmp_path, server.grpc)


def test_drift_is_analysed(server: Server, prediction_id: str, tmp_path: Path) -> None:
    work_through("docs/how-to/drift.md", tmp_path, server.grpc)


def test_alerts_reach_a_webhook(tmp_path: Path) -> None:
    key = "a-key-of-more-than-32-characters-for-pages"
    with contextlib.closing(WebhookCatcher()) as hook:
        settings = {"alerts__allowed_targets": '["127.0.0.1"]'}
        for name in ("retrain", "oncall"):
            settings[f"alerts__webhooks__{name}__url"] = f"{hook.url}/{name}"
            settings[f"alerts__webhooks__{name}__secret"] = key
        server = Server(tmp_path, settings=settings)
        try:
            with Client(server.grpc) as client:
                client.models.register(ModelVersion("credit", "1"))
            work_through("docs/how-to/drift-alerts.md", tmp_path, server.grpc)
        finally:
            server.end()
    (post,) = hook.posts
    assert (post.path, post.document["kind"]) == ("/retrain", "test")
    names: dict[str, Any] = {}
    exec((tmp_path / "reader" / "verify.py").read_text(), names)
    headers = {name.title(): value for name, value in post.headers.items()}
    assert names["verify"](key, headers, post.body)
    assert not names["verify"](key, headers, post.body + b" ")
    assert not names["verify"]("another key", headers, post.body)
    assert not names["verify"](key, headers, post.body, -1)


def test_a_canary_grows_and_is_promoted(server: Server, prediction_id: str, tmp_path: Path) -> None:
    work_through("docs/how-to/canaries.md", tmp_path, server.grpc)


def test_a_bandit_learns_and_begins_anew(server: Server, prediction_id: str, tmp_path: Path) -> None:
    work_through("docs/how-to/bandits.md", tmp_path, server.grpc, replaced={"127.0.0.1:8500": server.grpc})


def test_rules_send_calls_and_are_explained(server: Server, prediction_id: str, tmp_path: Path) -> None:
    work_through("docs/how-to/rules.md", tmp_path, server.grpc)


def test_keys_are_made_used_and_revoked(tmp_path: Path) -> None:
    (tmp_path / "reader").mkdir()
    server = Server(tmp_path / "reader")
    soon = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=60)
    try:
        write_models(server.models_dir)
        with Client(server.grpc) as client:
            for version in ("1", "2"):
                client.models.register(ModelVersion("cancer", version, OnnxBackend("cancer-lr.onnx")))
            variants = [Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)]
            client.routers.create(Router("cancer", variants=variants))
        replaced = {"2027-01-31": soon.isoformat()}
        work_through("docs/how-to/api-keys.md", tmp_path, server.grpc, replaced=replaced)
    finally:
        server.end()


def test_definitions_are_checked_compared_and_applied(tmp_path: Path) -> None:
    server = Server(tmp_path)
    write_models(server.models_dir)
    with contextlib.closing(RecordingBackend()) as backend:
        try:
            replaced = {"mlserver:8081": backend.target}
            work_through("docs/how-to/definitions.md", tmp_path, server.grpc, replaced=replaced)
        finally:
            server.end()


def test_the_readme_starts_a_server(tmp_path: Path) -> None:
    grpc, http = (f"127.0.0.1:{port}" for port in free_ports(2))
    replaced = {"127.0.0.1:8500": grpc, "127.0.0.1:8501": http, ".venv/bin/pointsman": "pointsman"}
    work_through("README.md", tmp_path, grpc, replaced=replaced)


def test_a_server_runs_with_postgresql(postgres_server: str, tmp_path: Path) -> None:
    grpc, http = (f"127.0.0.1:{port}" for port in free_ports(2))
    database = f"page_{os.getpid()}"
    # What a server has that recorded something.
    (tmp_path / "reader" / "data" / "lake").mkdir(parents=True, mode=0o700)
    replaced = {
        "-h db.example -U postgres": f"-d {postgres_server}",
        "create role pointsman login": f"create role {database} login",
        "create database pointsman owner pointsman": f"create database {database} owner {database}",
        "//pointsman:change-me@db.example/pointsman": postgres_server.removeprefix("postgresql:")
        .replace("pointsman@", f"{database}:change-me@")
        .replace("/postgres", f"/{database}"),
        "127.0.0.1:8500": grpc,
        "127.0.0.1:8501": http,
        "/mnt/shared/pointsman-lake": str(tmp_path / "lake"),
    }
    work_through("docs/how-to/run-with-postgresql.md", tmp_path, grpc, replaced=replaced)
