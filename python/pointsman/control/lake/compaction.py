"""Writes small files of the lake as larger ones."""

import dataclasses
from collections.abc import Callable, Sequence

import structlog

from pointsman.control.convert.lake import predictions_file
from pointsman.control.lake import feedback_files
from pointsman.control.lake.folder import LakeFolder
from pointsman.control.lake.manifest import discard, swap
from pointsman.domain.ports.core import LakeMerging
from pointsman.domain.ports.journal import JournalName
from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.domain.records.lake_plans import merged_path, merges
from pointsman.errors import DatabaseUnavailableError, PointsmanError
from pointsman.lake.models import logged_files
from pointsman.store.database import Database
from pointsman.store.recording import lake_files
from pointsman.v1 import record_pb2

_log = structlog.get_logger(__name__)


class Compaction:
    """Merges small files that this data folder's journal brought about.

    Args:
        database: Where the manifest is.
        merging: Who merges predictions.
        journal: The journal whose files are this data folder's own.
        folder: The lake's folder.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        merging: LakeMerging,
        journal: JournalName,
        folder: LakeFolder,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._merging = merging
        self._journal = journal
        self._folder = folder
        self._clock = clock

    def plan(self, today: str) -> list[list[LakeFile]]:
        """Answers the groups of files to be merged.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            files = [file for kind in LakeKind for file in lake_files.present(connection, kind)]
        return merges((file for file in files if file.journal_id == self._journal.journal_id), today)

    def merge(self, group: Sequence[LakeFile]) -> bool:
        """Writes a group as one file in its place; answers whether it was done.

        It is not where any of the group was replaced since it was planned: what is written then would have
        the name of what was written before.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        path = merged_path(group)
        if path in {file.path for file in group}:
            return False
        with self._database.read() as connection:
            if not lake_files.are_present(connection, group):
                return False
        self._folder.unseal(group[0].folder)
        try:
            merged = self._write(group, path)
        except DatabaseUnavailableError:
            raise
        except (PointsmanError, OSError, ValueError) as error:
            _log.warning("files of the lake could not be merged", path=path, reason=str(error))
            return False
        done = swap(self._database, group, [merged], self._clock())
        if not done:
            with self._database.read() as connection:
                discard(connection, self._folder, path)
        return done

    def _write(self, group: Sequence[LakeFile], path: str) -> LakeFile:
        start, end = group[0].start_position, max(file.end_position for file in group)
        if group[0].kind not in (LakeKind.FEEDBACK, LakeKind.LOGGED):
            request = record_pb2.MergeRequest(
                inputs=[file.path for file in group],
                output=path,
                router_incarnation=group[0].router_incarnation,
            )
            answer = self._merging.merge_lake_files(self._folder.root, request.SerializeToString())
            message = record_pb2.LakeFile.FromString(answer)
            merged = predictions_file(message, group[0].journal_id, start, end)
            return dataclasses.replace(merged, kind=group[0].kind)
        places = [self._folder.place(file.path) for file in group]
        is_feedback = group[0].kind is LakeKind.FEEDBACK
        merge = feedback_files.merge if is_feedback else logged_files.merge
        self._folder.write(path, lambda place: merge(places, place))
        return dataclasses.replace(
            group[0],
            path=path,
            end_position=end,
            row_count=sum(file.row_count for file in group),
            byte_count=self._folder.size(path),
            min_time_us=min(file.min_time_us for file in group),
            max_time_us=max(file.max_time_us for file in group),
            row_key=0,
        )
