"""Folders of tests go into memory only where there is room for them."""

from pathlib import Path

from conftest_memory import has_room


def test_a_folder_with_room_is_taken(tmp_path: Path) -> None:
    assert has_room(tmp_path, least_bytes=1)


def test_a_small_disk_and_none_at_all_are_not(tmp_path: Path) -> None:
    assert not has_room(tmp_path, least_bytes=1 << 60)
    assert not has_room(tmp_path / "missing", least_bytes=1)
