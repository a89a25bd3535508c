"""The manifest of the lake in SQL: the truth about which files there are."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.records.lake import JournalStream, LakeFile, LakeKind
from pointsman.domain.routers import Router
from pointsman.store.recording import journal_positions
from pointsman.store.schema import lake_files

_COLUMNS = lake_files.c
_PRESENT = _COLUMNS.replace_time_us.is_(None)
_KEYS_PER_QUERY = 500


def register_segments(
    connection: Connection, journal_id: str, files: Sequence[LakeFile], position: int, now_us: int
) -> None:
    """Lists the files of shipped segments and notes how far the journal is shipped, in one transaction.

    Files that are listed already stay as they are.

    Args:
        connection: A transaction.
        journal_id: The journal that the segments belong to.
        files: Their files.
        position: Where the last segment ends.
        now_us: The time.
    """
    if files:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(lake_files).on_conflict_do_nothing(index_elements=[_COLUMNS.path])
        connection.execute(statement, [_values(file, now_us) for file in files])
    journal_positions.raise_position(connection, journal_id, JournalStream.PREDICTIONS, position, now_us)


def add(connection: Connection, file: LakeFile, now_us: int) -> None:
    """Lists one file.

    Args:
        connection: A writing transaction.
        file: The file.
        now_us: The time of it, in UTC microseconds.

    Raises:
        sqlalchemy.exc.IntegrityError: It is listed already.
    """
    connection.execute(insert(lake_files).values(_values(file, now_us)))


def replace(connection: Connection, files: Iterable[LakeFile], now_us: int) -> bool:
    """Marks files as replaced, so that no query that begins from now on reads them.

    Args:
        connection: A writing transaction.
        files: The files as they are listed, with their row keys.
        now_us: The time of it, in UTC microseconds.

    Returns:
        Whether all of them were there and not replaced before; when not, the transaction must not be kept.
    """
    row_keys = [file.row_key for file in files]
    changed = 0
    for start in range(0, len(row_keys), _KEYS_PER_QUERY):
        chunk = row_keys[start : start + _KEYS_PER_QUERY]
        statement = update(lake_files).where(_COLUMNS.row_key.in_(chunk), _PRESENT)
        changed += connection.execute(statement.values(replace_time_us=now_us)).rowcount
    return changed == len(row_keys)


def remove(connection: Connection, files: Iterable[LakeFile]) -> None:
    """Takes files off the manifest; they must be off the disk."""
    row_keys = [file.row_key for file in files]
    for start in range(0, len(row_keys), _KEYS_PER_QUERY):
        chunk = row_keys[start : start + _KEYS_PER_QUERY]
        connection.execute(delete(lake_files).where(_COLUMNS.row_key.in_(chunk)))


def present(
    connection: Connection,
    kind: LakeKind,
    *,
    router_id: str = "",
    model_id: str = "",
    start_time_us: int | None = None,
    end_time_us: int | None = None,
) -> list[LakeFile]:
    """Answers the files that a query that begins now shall read, by router, model, date and age.

    Args:
        connection: A transaction.
        kind: What they hold.
        router_id: Only this router's; empty for all.
        model_id: Only those with predictions of this model; empty for all.
        start_time_us: Only those with rows from this time on.
        end_time_us: Only those with rows before this time.
    """
    wanted: list[ColumnElement[bool]] = [_COLUMNS.kind == kind.value, _PRESENT]
    if router_id:
        wanted.append(_COLUMNS.router_id == router_id)
    if model_id:
        wanted.append(_COLUMNS.model_id == model_id)
    if start_time_us is not None:
        wanted.append(_COLUMNS.max_time_us >= start_time_us)
    if end_time_us is not None:
        wanted.append(_COLUMNS.min_time_us < end_time_us)
    statement = select(lake_files).where(*wanted)
    return load(connection, statement)


def predictions_of(
    connection: Connection,
    router: Router,
    start_time_us: int | None,
    end_time_us: int | None,
    kind: LakeKind = LakeKind.PREDICTIONS,
) -> list[LakeFile]:
    """Answers the files with predictions of a router, and none of another one of the same id.

    Files that do not say whose they are may be the router's from its creation on, by the clocks of those who
    made the predictions.

    Args:
        connection: A transaction.
        router: Whose.
        start_time_us: Only those with rows from this time on; None for all.
        end_time_us: Only those with rows before this time; None for all.
        kind: Predictions, or instead the answers of its shadows.
    """
    wanted: list[ColumnElement[bool]] = [
        _COLUMNS.kind == kind.value,
        _PRESENT,
        _COLUMNS.router_id == router.router_id,
    ]
    by_time = _COLUMNS.max_time_us >= router.create_time_us
    if router.incarnation:
        nameless = and_(_COLUMNS.router_incarnation == 0, by_time)
        wanted.append(or_(_COLUMNS.router_incarnation == router.incarnation, nameless))
    else:
        wanted.append(by_time)
    if start_time_us is not None:
        wanted.append(_COLUMNS.max_time_us >= start_time_us)
    if end_time_us is not None:
        wanted.append(_COLUMNS.min_time_us < end_time_us)
    return load(connection, select(lake_files).where(*wanted))


def replaced(connection: Connection, replaced_before_us: int | None = None) -> list[LakeFile]:
    """Answers the files that were replaced, or those that were before a time."""
    wanted: ColumnElement[bool] = _COLUMNS.replace_time_us.is_not(None)
    if replaced_before_us is not None:
        wanted = _COLUMNS.replace_time_us < replaced_before_us
    return load(connection, select(lake_files).where(wanted))


def row_counts(connection: Connection, kind: LakeKind, router_id: str) -> dict[str, int]:
    """Answers how many rows of a router are in the files of each journal.

    Args:
        connection: A transaction.
        kind: Files of predictions or of feedback.
        router_id: The router's id.

    Returns:
        Rows by journal; journals without any are not among them, nor are rows of replaced files.
    """
    wanted = (_COLUMNS.kind == kind.value, _COLUMNS.router_id == router_id, _PRESENT)
    statement = select(_COLUMNS.journal_id, func.sum(_COLUMNS.row_count)).where(*wanted)
    rows = connection.execute(statement.group_by(_COLUMNS.journal_id))
    return {journal_id: int(count) for journal_id, count in rows}


def are_present(connection: Connection, files: Iterable[LakeFile]) -> bool:
    """Whether none of some files was replaced or removed since they were listed.

    Args:
        connection: A transaction.
        files: The files as they were listed, with their row keys.
    """
    row_keys = [file.row_key for file in files]
    found = 0
    for start in range(0, len(row_keys), _KEYS_PER_QUERY):
        chunk = row_keys[start : start + _KEYS_PER_QUERY]
        statement = select(func.count()).where(_COLUMNS.row_key.in_(chunk), _PRESENT)
        found += connection.execute(statement).scalar_one()
    return found == len(row_keys)


def is_listed(connection: Connection, path: str) -> bool:
    """Whether the manifest lists a file of this path, a replaced one too."""
    return connection.execute(select(_COLUMNS.row_key).where(_COLUMNS.path == path)).first() is not None


def all_paths(connection: Connection) -> set[str]:
    """Answers the paths of all files that the manifest lists, replaced ones too."""
    return set(connection.execute(select(_COLUMNS.path)).scalars())


def size(connection: Connection) -> tuple[int, int, int]:
    """Answers how many files the manifest lists, and the rows and bytes of those that are read."""
    in_force = select(
        func.count(),
        func.coalesce(func.sum(_COLUMNS.row_count), 0),
        func.coalesce(func.sum(_COLUMNS.byte_count), 0),
    ).where(_PRESENT)
    _, rows, size_bytes = connection.execute(in_force).one()
    count = connection.execute(select(func.count()).select_from(lake_files)).scalar_one()
    return int(count), int(rows), int(size_bytes)


def load(connection: Connection, statement: Any) -> list[LakeFile]:
    """Answers the files that a query of the manifest finds, by router, model, date and age."""
    ordered = statement.order_by(
        _COLUMNS.router_id, _COLUMNS.model_id, _COLUMNS.date, _COLUMNS.journal_id, _COLUMNS.start_position
    )
    return [_from_row(row) for row in connection.execute(ordered)]


def _from_row(row: Row[Any]) -> LakeFile:
    values = dict(row._mapping)
    return LakeFile(**(values | {"kind": LakeKind(values["kind"])}))


def _values(file: LakeFile, now_us: int) -> dict[str, Any]:
    return {
        "kind": file.kind.value,
        "path": file.path,
        "router_id": file.router_id,
        "model_id": file.model_id,
        "date": file.date,
        "journal_id": file.journal_id,
        "start_position": file.start_position,
        "end_position": file.end_position,
        "row_count": file.row_count,
        "byte_count": file.byte_count,
        "min_time_us": file.min_time_us,
        "max_time_us": file.max_time_us,
        "router_incarnation": file.router_incarnation,
        "create_time_us": now_us,
    }
