import os
import stat
from pathlib import Path

import pytest

from pointsman.cli.line.context import CommandError
from pointsman.cli.serving.folders import MAX_SOCKET_PATH_BYTES, open_data_dir, open_socket_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_data_folder_is_the_users_alone(tmp_path: Path) -> None:
    with open_data_dir(tmp_path / "a" / "data") as data_dir:
        assert (mode(data_dir), mode(data_dir / "models")) == (0o700, 0o700)


def test_a_folder_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with open_data_dir(tmp_path) as data_dir:
        assert mode(data_dir) == 0o700


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        open_data_dir(tmp_path),
        pytest.raises(CommandError, match=f"in use by another server \\(process {os.getpid()}\\)"),
        open_data_dir(tmp_path),
    ):
        pass


def test_a_folder_can_be_used_again(tmp_path: Path) -> None:
    for _ in range(2):
        with open_data_dir(tmp_path):
            pass


def test_a_file_in_the_way_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with (
        pytest.raises(CommandError, match=r"cannot be written .*--data-dir"),
        open_data_dir(tmp_path / "data"),
    ):
        pass


def test_the_socket_lies_in_the_data_folder(tmp_path: Path) -> None:
    data_dir = tmp_path / "d"
    data_dir.mkdir(mode=0o700)
    with open_socket_path(data_dir) as path:
        assert (path.parent, path.exists()) == (data_dir, False)


def test_a_long_data_folder_gets_a_short_socket(tmp_path: Path) -> None:
    data_dir = tmp_path / ("d" * 100)
    data_dir.mkdir(mode=0o700)
    with open_socket_path(data_dir) as path:
        assert len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES
        assert mode(path.parent) == 0o700
    assert not path.parent.exists()


def test_a_folder_that_others_may_enter_holds_no_socket(tmp_path: Path) -> None:
    data_dir = tmp_path / "d"
    data_dir.mkdir(mode=0o755)
    with open_socket_path(data_dir) as path:
        assert path.parent != data_dir
