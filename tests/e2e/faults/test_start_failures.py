"""Starts that cannot succeed: a sentence that helps, an exit code, nothing left running."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from pointsman.v1 import router_pb2
from stage.control import Control
from stage.ports import free_port
from stage.server import Server, refused_start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("flag", ["--grpc", "--http"])
def test_port_in_use(tmp_path: Path, taken: str, flag: str) -> None:
    said = refused_start(tmp_path, flag, taken, "--data-dir", "data")
    assert taken in said
    assert "in use" in said
    # The port that was free is free again.
    Server(tmp_path, is_fork=False).end()


def test_address_of_another_machine(tmp_path: Path) -> None:
    said = refused_start(tmp_path, "--grpc", f"192.0.2.1:{free_port()}", "--data-dir", "data")
    assert "192.0.2.1" in said


def test_unknown_host(tmp_path: Path) -> None:
    said = refused_start(tmp_path, "--grpc", "no-such-host.invalid:0", "--data-dir", "data")
    assert "no-such-host.invalid" in said


@pytest.mark.parametrize("url", ["postgresql://u:hidden@h:port/d", "postgresql://h/d?nonsense=1"])
def test_malformed_database_url(tmp_path: Path, url: str) -> None:
    said = refused_start(tmp_path, "--data-dir", "data", "--database", url)
    assert "\nerror: database: " in f"\n{said}"
    assert "mistake in pointsman" not in said
    assert "hidden" not in said


def test_data_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    said = refused_start(tmp_path, "--data-dir", "data")
    assert "data_dir" in said
    assert "--data-dir" in said


@pytest.mark.parametrize("inner", ["models", "state", "lock"])
def test_file_in_the_place_of_a_folder_or_the_other_way_round(tmp_path: Path, inner: str) -> None:
    (tmp_path / "data").mkdir()
    if inner == "lock":
        (tmp_path / "data" / inner).mkdir()
    else:
        (tmp_path / "data" / inner).write_text("a file")
    said = refused_start(tmp_path, "--data-dir", "data")
    assert "data_dir" in said


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that not even root can write to, else one that its mode protects."""
    folder = tmp_path / "data"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    for protect, release in (
        (["mount", "-t", "tmpfs", "-o", "ro", "none", str(folder)], ["umount", str(folder)]),
        (["chattr", "+i", str(folder)], ["chattr", "-i", str(folder)]),
    ):
        if subprocess.run(protect, check=False, capture_output=True).returncode == 0:
            yield folder
            subprocess.run(release, check=True)
            return
    # Neither mounts nor attributes here: the kernel's own folders are nobody's to write.
    yield Path("/proc/self")


def test_read_only_data_folder(tmp_path: Path, read_only: Path) -> None:
    said = refused_start(tmp_path, "--data-dir", str(read_only))
    assert "data_dir" in said
    assert str(read_only) in said


def test_data_folder_in_use_by_another_server(tmp_path: Path) -> None:
    server = Server(tmp_path, is_fork=False)
    said = refused_start(tmp_path, "--data-dir", str(server.data_dir))
    assert "in use by another server" in said
    assert str(server.process.pid) in said
    server.end()


def test_database_of_a_newer_release(tmp_path: Path) -> None:
    Server(tmp_path, is_fork=False).end()
    with sqlite3.connect(tmp_path / "data" / "pointsman.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    said = refused_start(tmp_path, "--data-dir", "data")
    assert "9999" in said
    assert "newer" in said or "that release" in said


def test_database_that_is_none_is_named_by_the_readiness(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "pointsman.db").write_bytes(b"this is no database" * 100)
    server = Server(tmp_path, is_fork=False)
    control = Control(server.grpc)
    with pytest.raises(grpc.RpcError) as caught:
        control.routers.ListRouters(router_pb2.ListRoutersRequest())
    control.close()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "/readyz" in (caught.value.details() or "")
    _, said = server.get("/readyz")
    for text in (said, server.log()):
        assert "pointsman.db" in text
        assert "not a database" in text
    server.end()


def test_unknown_kind_of_database(tmp_path: Path) -> None:
    said = refused_start(tmp_path, "--data-dir", "data", "--database", "mysql://localhost/x")
    assert "mysql" in said


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--grpc", "8500"], "grpc"),
        (["--grpc", "127.0.0.1:99999"], "99999"),
        (["--config", "absent.toml"], "absent.toml"),
        (["--threads", "-1"], "threads"),
    ],
)
def test_wrong_flags(tmp_path: Path, arguments: list[str], named: str) -> None:
    assert named in refused_start(tmp_path, "--data-dir", "data", *arguments)


def test_wrong_settings_file(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text('[limits]\nmax_conections = 5\nmax_message_bytes = "many"\n')
    said = refused_start(tmp_path, "--data-dir", "data")
    assert "max_conections" in said
    assert "max_message_bytes" in said


def test_serving_beyond_loopback_needs_a_key(tmp_path: Path) -> None:
    said = refused_start(tmp_path, "--grpc", "0.0.0.0:0", "--data-dir", "data")
    assert "key" in said
    assert "127.0.0.1" in said


def test_damaged_state_is_no_reason_not_to_start(tmp_path: Path) -> None:
    Server(tmp_path, is_fork=False).end()
    for file in (tmp_path / "data" / "state").iterdir():
        file.write_bytes(b"\xff" * 100)
    server = Server(tmp_path, is_fork=False)
    assert server.get("/readyz")[0] == 200
    server.end()
