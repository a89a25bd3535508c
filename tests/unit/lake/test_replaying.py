"""A long window is decided again in parts that begin where the last one ended."""

from pointsman.lake.replaying import end_of_part
from pointsman.lake.snapshot import SnapshotFile


def a_file(first_us: int, last_us: int, rows: int) -> SnapshotFile:
    return SnapshotFile("f", "/f", first_us, last_us, rows)


def test_a_part_ends_with_the_file_that_fills_it() -> None:
    files = [a_file(0, 9, 50), a_file(10, 19, 50), a_file(20, 29, 50)]
    assert end_of_part(files, 100, 60) == 20
    assert end_of_part(files, 100, 50) == 10
    assert end_of_part(files, 100, 151) == 100
    assert end_of_part(files[1:], 100, 60) == 30


def test_files_that_overlap_are_counted_as_they_begin() -> None:
    files = [a_file(0, 99, 40), a_file(5, 14, 40), a_file(50, 60, 40)]
    assert end_of_part(files, 1_000, 80) == 15
    assert end_of_part(files, 1_000, 120) == 61


def test_a_part_does_not_go_beyond_the_window() -> None:
    assert end_of_part([a_file(0, 99, 1_000)], 50, 10) == 50
    assert end_of_part([], 50, 10) == 50
