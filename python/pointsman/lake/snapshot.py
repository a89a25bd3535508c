"""What a read goes over: files of the manifest and where the journal's tail begins, as of one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pointsman.domain.ports.journal import JournalName
from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.domain.records.servers import UnreachedJournal, unreached
from pointsman.domain.routers import Router
from pointsman.errors import PositionGoneError, UnavailableError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.recording import journal_positions, lake_files

ATTEMPTS = 5
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class SnapshotFile:
    """A file to read, with the times of its rows.

    Attributes:
        name: Its path below the lake's folder.
        path: Its whole path.
        journal_id: The journal that its rows came from.
    """

    name: str
    path: str
    min_time_us: int
    max_time_us: int
    row_count: int
    journal_id: str = ""

    def overlaps(self, start_us: int, end_us: int) -> bool:
        """Whether rows of it may be of these times, of which both ends belong to them."""
        return self.max_time_us >= start_us and self.min_time_us <= end_us


@dataclass(frozen=True)
class Snapshot:
    """One state of a router's records.

    Attributes:
        lake_folder: Where the files are.
        files: Files that may hold rows of the times asked for.
        position: Where the tail begins: what is before it is in the files.
        start_time_us: Rows before it are not asked for, or those of an earlier router of the id.
        router_incarnation: Tells the router from others of the same id; 0 when that is not known.
        nameless_from_us: Rows of the tail that do not say whose they are may be the router's from here on.
        unreached: What other servers recorded, or may have, and this state lacks.
        shadow_files: Files with answers of shadows, where those are asked for.
    """

    router_id: str
    lake_folder: Path
    files: tuple[SnapshotFile, ...]
    position: int
    start_time_us: int
    router_incarnation: int
    nameless_from_us: int
    unreached: tuple[UnreachedJournal, ...] = ()
    shadow_files: tuple[SnapshotFile, ...] = ()


class SnapshotReader:
    """Reads the manifest, and again when a read finds that it has gone on.

    Args:
        database: Where the manifest is.
        journal: The journal whose tail is read, and whose files are here.
        lake_folder: Where the files are.
    """

    def __init__(self, database: Database, journal: JournalName, lake_folder: Path) -> None:
        self._database = database
        self._journal = journal
        self._lake_folder = lake_folder

    def reading(
        self,
        router: Router,
        start_time_us: int | None,
        end_time_us: int | None,
        read: Callable[[Snapshot], _Result],
        *,
        with_shadows: bool = False,
    ) -> _Result:
        """Reads over one state of the records, and over the next when that one went away meanwhile.

        Args:
            router: Whose records.
            start_time_us: Only times from here on.
            end_time_us: Only times before.
            read: What to do with the state.
            with_shadows: Whether the answers of shadows are read, too.

        Raises:
            UnavailableError: It went away again and again, or a file is missing.
        """
        import duckdb

        cause: Exception | None = None
        for _ in range(ATTEMPTS):
            snapshot = self._take(router, start_time_us, end_time_us, with_shadows=with_shadows)
            try:
                return read(snapshot)
            except (PositionGoneError, duckdb.IOException) as error:
                cause = error
        raise UnavailableError(
            f"the records of router {router.router_id!r} could not be read {ATTEMPTS} times ({cause}); "
            "try again in a moment"
        ) from cause

    def _take(
        self, router: Router, start_time_us: int | None, end_time_us: int | None, *, with_shadows: bool
    ) -> Snapshot:
        journal_id = self._journal.journal_id
        with self._database.read() as connection:
            listed = lake_files.predictions_of(connection, router, start_time_us, end_time_us)
            if with_shadows:
                listed += lake_files.predictions_of(
                    connection, router, start_time_us, end_time_us, LakeKind.SHADOWS
                )
            position = journal_positions.position_of(connection, journal_id, JournalStream.PREDICTIONS)
            others = servers.others(connection, journal_id)
        found: dict[LakeKind, list[SnapshotFile]] = {LakeKind.PREDICTIONS: [], LakeKind.SHADOWS: []}
        missing: dict[str, int] = {}
        for file in listed:
            if self._is_here(file, journal_id):
                found[file.kind].append(self._file(file))
            else:
                missing[file.journal_id] = missing.get(file.journal_id, 0) + file.row_count
        since_us = 0 if start_time_us is None else start_time_us
        if any(_needs_time(file, router) for file in listed):
            since_us = max(since_us, router.create_time_us)
        return Snapshot(
            router_id=router.router_id,
            lake_folder=self._lake_folder,
            files=tuple(found[LakeKind.PREDICTIONS]),
            position=position,
            start_time_us=since_us,
            router_incarnation=router.incarnation,
            nameless_from_us=router.create_time_us,
            unreached=unreached(others, missing, end_time_us),
            shadow_files=tuple(found[LakeKind.SHADOWS]),
        )

    def _file(self, file: LakeFile) -> SnapshotFile:
        # What leads elsewhere DuckDB refuses to open.
        path = str(self._lake_folder / PurePosixPath(file.path))
        return SnapshotFile(
            file.path, path, file.min_time_us, file.max_time_us, file.row_count, file.journal_id
        )

    def _is_here(self, file: LakeFile, journal_id: str) -> bool:
        """Tells files of other servers, whose folders may be elsewhere, from files that are missing.

        One of the same name is not it: the lake of a copied data folder may hold what was never registered.
        """
        if file.journal_id == journal_id:
            return True
        try:
            return (self._lake_folder / PurePosixPath(file.path)).stat().st_size == file.byte_count
        except OSError:
            return False


def _needs_time(file: LakeFile, router: Router) -> bool:
    """Whether only the time tells which rows of a file are the router's: not all can be, and none says."""
    is_nameless = not (file.router_incarnation and router.incarnation)
    return is_nameless and file.min_time_us < router.create_time_us
