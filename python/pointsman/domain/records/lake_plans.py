"""Which files of the lake to write as one, and which to let go: plans without any effect."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from pointsman.domain.records.lake import LakeFile

MAX_ROWS = 1_000_000
MAX_BYTES = 256 * 1024 * 1024
SMALL_ROWS = 100_000
SMALL_BYTES = 25 * 1024 * 1024
MIN_FILES = 8
"""So many small files of a date that still grows are worth to be written anew."""
_ERASED = re.compile(r"(?:-x[0-9a-f]{8})?-e(?P<number>\d+)\Z")


def is_small(file: LakeFile) -> bool:
    """Whether a file is worth to be written together with its neighbours."""
    return (file.byte_count < SMALL_BYTES or file.row_count < SMALL_ROWS) and file.row_count <= MAX_ROWS // 2


def merges(files: Iterable[LakeFile], today: str) -> list[list[LakeFile]]:
    """Plans compaction.

    Args:
        files: Files of one journal, in any order.
        today: The present UTC date; those before do not grow any more.

    Returns:
        Groups of neighbours to be written as one file each, oldest first.
    """
    planned: list[list[LakeFile]] = []
    for _, partition in groupby(sorted(files, key=_place), key=_partition):
        for run in _small_runs(partition):
            planned.extend(_groups(run, past=run[0].date < today))
    return planned


def merged_path(group: Sequence[LakeFile]) -> str:
    """Names the file that takes a group's place."""
    first = group[0]
    end = max(file.end_position for file in group)
    incarnation = f"-r{first.router_incarnation:x}" if first.router_incarnation else ""
    return f"{first.folder}/{first.journal_id[:8]}-{first.start_position:020}-{end:020}{incarnation}.parquet"


def erased_path(path: str, writer: str = "") -> str:
    """Names the file that takes a file's place when rows of it are erased.

    Args:
        path: The file's path.
        writer: Eight digits of who writes it, when that is not the server that the file came from.
    """
    pure = PurePosixPath(path)
    before = _ERASED.search(pure.stem)
    number = int(before["number"]) + 1 if before else 1
    by = f"-x{writer}" if writer else ""
    return str(pure.with_name(f"{_ERASED.sub('', pure.stem)}{by}-e{number}{pure.suffix}"))


def expired(files: Iterable[LakeFile], oldest_us: int, max_bytes: int) -> list[LakeFile]:
    """Plans retention for one router and model.

    Args:
        files: Its files.
        oldest_us: Files whose newest row is older than this time go.
        max_bytes: The oldest go until the rest has no more.

    Returns:
        The files to let go.
    """
    kept_bytes = 0
    gone: list[LakeFile] = []
    for file in sorted(files, key=lambda file: (file.max_time_us, file.path), reverse=True):
        kept_bytes += file.byte_count
        if file.max_time_us < oldest_us or kept_bytes > max_bytes:
            gone.append(file)
    return gone


def _partition(file: LakeFile) -> tuple[str, str, str, int]:
    return (file.kind, file.folder, file.journal_id, file.router_incarnation)


def _place(file: LakeFile) -> tuple[str, str, str, int, int, int]:
    return (*_partition(file), file.start_position, file.end_position)


def _small_runs(files: Iterable[LakeFile]) -> Iterator[list[LakeFile]]:
    for small, run in groupby(files, key=is_small):
        if small:
            yield list(run)


def _groups(run: Sequence[LakeFile], *, past: bool) -> Iterator[list[LakeFile]]:
    group: list[LakeFile] = []
    rows = size = 0
    for file in run:
        if group and (rows + file.row_count > MAX_ROWS or size + file.byte_count > MAX_BYTES):
            if len(group) > 1:
                yield group
            group, rows, size = [], 0, 0
        group.append(file)
        rows += file.row_count
        size += file.byte_count
    if len(group) >= (2 if past else MIN_FILES):
        yield group
