"""The servers on this database: who they are, when they were last seen, what of their journals is stored."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text, union, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.records.servers import ServerJournal
from pointsman.store.schema import erasure_servers, journal_positions, lake_files, servers

_COLUMNS = servers.c


def clock_us(connection: Connection, local_us: int) -> int:
    """Answers the time by the database's clock, which all servers share; a file has none but ours.

    Args:
        connection: A transaction.
        local_us: The time by this machine's clock.
    """
    if connection.dialect.name != "postgresql":
        return local_us
    statement = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
    return int(connection.execute(statement).scalar_one())


def see(connection: Connection, journal_id: str, place: str, seen_time_us: int, stored_until_us: int) -> None:
    """Notes that a server runs, and until when its journal is stored, which never goes back.

    Args:
        connection: A transaction.
        journal_id: Its journal.
        place: Its machine and data folder.
        seen_time_us: The time by the database's clock.
        stored_until_us: Calls that arrived before are in files of the manifest; 0 when nothing new is known.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    greatest = func.greatest if dialect is postgresql else func.max
    statement = dialect.insert(servers).values(
        journal_id=journal_id,
        place=place,
        seen_time_us=seen_time_us,
        stored_until_us=stored_until_us,
        ended=False,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_COLUMNS.journal_id],
            set_={
                "place": statement.excluded.place,
                "seen_time_us": statement.excluded.seen_time_us,
                "stored_until_us": greatest(_COLUMNS.stored_until_us, statement.excluded.stored_until_us),
                "ended": False,
            },
        )
    )


def end(connection: Connection, journal_id: str, seen_time_us: int) -> None:
    """Notes that a server ended with all that it recorded in files of the manifest.

    Args:
        connection: A writing transaction.
        journal_id: The server's journal.
        seen_time_us: The time by the database's clock, in UTC microseconds.
    """
    statement = update(servers).where(_COLUMNS.journal_id == journal_id)
    connection.execute(statement.values(seen_time_us=seen_time_us, ended=True))


def find(connection: Connection, journal_id: str) -> ServerJournal | None:
    """Answers a server by its journal; None when it is not known."""
    row = connection.execute(select(servers).where(_COLUMNS.journal_id == journal_id)).one_or_none()
    return None if row is None else _from_row(row)


def list_all(connection: Connection) -> list[ServerJournal]:
    """Answers all servers by their journals' ids."""
    return [_from_row(row) for row in connection.execute(select(servers).order_by(_COLUMNS.journal_id))]


def others(connection: Connection, journal_id: str) -> list[ServerJournal]:
    """Answers all servers but the one with this journal."""
    return [server for server in list_all(connection) if server.journal_id != journal_id]


def journal_ids(connection: Connection) -> set[str]:
    """Answers every journal that the database has ever heard of and not been told to forget."""
    known = union(
        select(_COLUMNS.journal_id), select(journal_positions.c.journal_id), select(lake_files.c.journal_id)
    )
    return set(connection.execute(known).scalars())


def give_up(connection: Connection, journal_id: str, *, with_files: bool) -> int:
    """Notes that a server will never come back, so that nothing waits for its journal any more.

    Erasures that waited for it are looked through anew by the others, for files of it that they can read.
    Nothing on any disk is touched.

    Args:
        connection: A transaction.
        journal_id: The server's journal.
        with_files: Whether its files are lost as well; then they leave the manifest.

    Returns:
        How many rows its files hold.
    """
    of_journal = lake_files.c.journal_id == journal_id
    counted = select(func.coalesce(func.sum(lake_files.c.row_count), 0)).where(of_journal)
    rows = int(connection.execute(counted).scalar_one())
    targets = erasure_servers.c
    waiting = list(
        connection.execute(select(targets.erasure_key).where(targets.journal_id == journal_id)).scalars()
    )
    connection.execute(delete(erasure_servers).where(targets.journal_id == journal_id))
    again = update(erasure_servers).where(targets.erasure_key.in_(waiting))
    connection.execute(again.values(erased=False, revision=targets.revision + 1))
    if with_files:
        connection.execute(delete(lake_files).where(of_journal))
        connection.execute(delete(journal_positions).where(journal_positions.c.journal_id == journal_id))
        connection.execute(delete(servers).where(_COLUMNS.journal_id == journal_id))
    else:
        connection.execute(update(servers).where(_COLUMNS.journal_id == journal_id).values(ended=True))
    return rows


def _from_row(row: Row[Any]) -> ServerJournal:
    return ServerJournal(row.journal_id, row.place, row.seen_time_us, row.stored_until_us, row.ended)
