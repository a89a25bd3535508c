"""Folders of tests go into memory only where there is room for them."""

from pathlib import Path

import pytest

from conftest_memory import MEMORY, VARIABLE, has_room, short_folder


def test_a_folder_with_room_is_taken(tmp_path: Path) -> None:
    assert has_room(tmp_path, least_bytes=1)


def test_a_small_disk_and_none_at_all_are_not(tmp_path: Path) -> None:
    assert not has_room(tmp_path, least_bytes=1 << 60)
    assert not has_room(tmp_path / "missing", least_bytes=1)


def test_servers_with_short_paths_are_where_the_tests_folders_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(MEMORY))
    assert short_folder() == str(MEMORY)
    monkeypatch.setenv(VARIABLE, "/somewhere/whose/path/is/long")
    assert short_folder() == "/tmp"
    monkeypatch.delenv(VARIABLE)
    assert short_folder() == "/tmp"
