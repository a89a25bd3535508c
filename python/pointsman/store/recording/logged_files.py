"""The manifest's files of logged predictions: those of a model are told by its row, not by its id."""

from sqlalchemy import ColumnElement, Connection, func, select, text

from pointsman.domain.records.lake import LakeFile
from pointsman.store.recording import lake_files
from pointsman.store.schema import lake_files as files

_COLUMNS = files.c
# As text, not as a parameter: by it the index on such files is found.
_LOGGED = text("lake_files.kind = 'logged'")
_PRESENT = _COLUMNS.replace_time_us.is_(None)


def of_model(
    connection: Connection, model_key: int, start_us: int | None = None, end_us: int | None = None
) -> list[LakeFile]:
    """Answers the files that a query that begins now shall read.

    Args:
        connection: A transaction: in the same one rows of SQL are to be read, so that each is seen once.
        model_key: The model's row.
        start_us: Only those with rows from this time on; None for all.
        end_us: Only those with rows before this time; None for all.
    """
    wanted: list[ColumnElement[bool]] = [_COLUMNS.router_incarnation == model_key, _PRESENT]
    if start_us is not None:
        wanted.append(_COLUMNS.max_time_us >= start_us)
    if end_us is not None:
        wanted.append(_COLUMNS.min_time_us < end_us)
    return lake_files.load(connection, select(files).where(_LOGGED, *wanted))


def on_disks(connection: Connection, model_key: int) -> list[LakeFile]:
    """Answers every file of a model that may be on some disk, replaced ones too.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    return lake_files.load(connection, select(files).where(_LOGGED, _COLUMNS.router_incarnation == model_key))


def row_count(connection: Connection, model_key: int) -> int:
    """Answers how many predictions of a model are in files.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    counted = select(func.coalesce(func.sum(_COLUMNS.row_count), 0)).where(
        _LOGGED, _COLUMNS.router_incarnation == model_key, _PRESENT
    )
    return int(connection.execute(counted).scalar_one())


def last_number(connection: Connection) -> int:
    """Answers a number that no prediction in files exceeds; 0 where there is none."""
    return (
        connection.execute(select(func.max(_COLUMNS.end_position)).where(_LOGGED)).scalar_one_or_none() or 0
    )
