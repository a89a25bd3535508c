"""ONNX files go from a user's machine to a server that lies elsewhere, and are served from there."""

import json
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pointsman.client import (
    AsyncClient,
    Client,
    InvalidArgumentError,
    ModelVersion,
    ResourceExhaustedError,
    Router,
    Variant,
)
from stage.onnx_files import a_model
from stage.process_memory import PeakMemory
from stage.server import Server, command, environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

LARGE_BYTES = 48 * 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(
        tmp_path_factory.mktemp("server"), settings={"uploads__max_file_bytes": str(2**27)}, is_fork=False
    )
    yield made
    made.end()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.grpc) as client:
        yield client


def run(server: Server, folder: Path, *line: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command in a folder."""
    return subprocess.run(
        command(*line),
        cwd=folder,
        env=environment({"server": server.grpc}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_goes_from_another_folder_to_a_prediction(server: Server, tmp_path: Path) -> None:
    a_model(tmp_path / "model.onnx", 3)
    line = ("models", "register", "triple", "1", "--onnx", "./model.onnx", "--task", "regression")
    first = run(server, tmp_path, *line)
    assert first.returncode == 0, first.stderr
    registered, file, *_ = first.stdout.splitlines()
    assert registered.startswith("triple 1 is registered, ONNX uploaded/")
    size = (tmp_path / "model.onnx").stat().st_size
    assert file.startswith(f"file: model.onnx, {size} bytes, SHA-256 ")
    assert ", uploaded as uploaded/" in file
    assert "\r" not in first.stderr
    again = run(server, tmp_path, *line[:3], "2", *line[4:])
    assert ", the server had it already as uploaded/" in again.stdout
    (at_server,) = (server.models_dir / "uploaded").glob("*.onnx")
    assert at_server.read_bytes() == (tmp_path / "model.onnx").read_bytes()
    create = ("routers", "create", "triple", "--variant", "a=triple:1@100", "--allow-single", "--deploy")
    created = run(server, tmp_path, *create)
    assert created.returncode == 0, created.stderr
    answer = run(server, tmp_path, "predict", "triple", "-f", "x=2", "-o", "json")
    assert json.loads(answer.stdout)["prediction"] == 6.0
    named = run(server, tmp_path, *line[:3], "3", "--onnx-path", f"uploaded/{at_server.name}", "-o", "json")
    assert json.loads(named.stdout)["backend"] == {
        "path": f"uploaded/{at_server.name}",
        "sha256": at_server.stem,
    }


@pytest.mark.parametrize(
    ("option", "file", "code", "told"),
    [
        ("--onnx", "absent.onnx", 2, "no such file on this machine; one that the server has in"),
        ("--onnx", ".", 2, "is no file on this machine"),
        ("--onnx", "empty.onnx", 1, "empty.onnx: is empty"),
        ("--onnx", "text.onnx", 1, "error: --onnx: the file is not kept: it is not a model"),
        ("--onnx-path", "text.onnx", 1, "error: --onnx-path: "),
    ],
)
def test_what_cannot_be_used_is_said_by_its_option(
    server: Server, tmp_path: Path, option: str, file: str, code: int, told: str
) -> None:
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "text.onnx").write_text("this is no model")
    refused = run(server, tmp_path, "models", "register", "none", "1", option, file)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert told in " ".join(refused.stderr.split())


def test_a_file_of_another_digest_is_not_sent(server: Server, tmp_path: Path) -> None:
    a_model(tmp_path / "model.onnx", 4)
    line = ("models", "register", "none", "1", "--onnx", "model.onnx", "--sha256", "ab" * 32)
    refused = run(server, tmp_path, *line)
    assert refused.returncode == 1
    assert f"not {'ab' * 32}; nothing was sent" in refused.stderr


def test_data_files_are_refused_with_the_way_out(server: Server, client: Client, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(a_model(tmp_path / "model.onnx", 5, weights=5000))
    onnx.save(model, tmp_path / "split.onnx", save_as_external_data=True, location="split.data")
    with pytest.raises(InvalidArgumentError, match=r"data files beside it \('split.data'\)"):
        client.models.upload(tmp_path / "split.onnx")


def test_a_large_file_is_nowhere_in_memory(server: Server, client: Client, tmp_path: Path) -> None:
    path = a_model(tmp_path / "large.onnx", 6, weights=LARGE_BYTES)
    told: list[tuple[int, int]] = []
    # What a server and a client keep for calls of this length they have by then.
    client.models.upload(a_model(tmp_path / "first.onnx", 7, weights=LARGE_BYTES // 3))
    with PeakMemory(server.process.pid) as before:
        pass
    tracemalloc.start()
    with PeakMemory(server.process.pid) as during:
        uploaded = client.models.upload(path, on_progress=lambda *progress: told.append(progress))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < LARGE_BYTES / 4
    assert during.peak_bytes - before.peak_bytes < LARGE_BYTES / 2, "the server"
    assert (uploaded.size_bytes, uploaded.was_there) == (path.stat().st_size, False)
    assert told[0] == (0, uploaded.size_bytes)
    assert told[-1] == (uploaded.size_bytes, uploaded.size_bytes)
    assert client.models.upload(path).was_there


async def test_the_asynchronous_client_registers_a_file(server: Server, tmp_path: Path) -> None:
    path = a_model(tmp_path / "model.onnx", 8)
    async with AsyncClient(server.grpc) as client:
        await client.models.register(ModelVersion("eightfold", "1"), file=path)
        variants = [Variant("a", "eightfold", "1", 100)]
        await client.routers.create(Router("eightfold", variants=variants, allow_single=True))
        await client.routers.deploy("eightfold")
        answer = await client.predict("eightfold", {"x": 2})
        with pytest.raises(ValueError, match="leave one out"):
            await client.models.register(
                ModelVersion("eightfold", "2", (await client.models.upload(path)).backend), file=path
            )
    assert answer.variant == "a"


def test_a_file_above_the_limit_names_it(server: Server, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "sparse.onnx"
    with path.open("wb") as file:
        file.truncate(2**27 + 1)
    with pytest.raises(ResourceExhaustedError, match=r"uploads\.max_file_bytes"):
        client.models.upload(path)


def test_an_upload_goes_on_over_a_killed_server(tmp_path: Path) -> None:
    path = a_model(tmp_path / "large.onnx", 9, weights=8 * 1024 * 1024)
    servers = [Server(tmp_path / "server")]
    grpc = servers[0].grpc

    def kill_once(received: int, total: int) -> None:
        if received >= total / 2 and len(servers) == 1:
            servers[0].kill()
            servers.append(Server(tmp_path / "server", grpc=grpc))

    try:
        with Client(grpc) as client:
            uploaded = client.models.upload(path, on_progress=kill_once)
        assert len(servers) == 2
        assert (servers[1].models_dir / uploaded.path).read_bytes() == path.read_bytes()
        assert "large.onnx" not in servers[1].log()
    finally:
        for server in servers:
            server.kill()
