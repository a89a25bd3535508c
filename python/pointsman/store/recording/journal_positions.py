"""How far the journals' logs are in SQL."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.records.lake import JournalStream
from pointsman.store.schema import journal_positions


def position_of(connection: Connection, journal_id: str, stream: JournalStream) -> int:
    """Answers the position before which a log is stored; 0 for one that nothing came of yet.

    Args:
        connection: A transaction.
        journal_id: The journal, which need not be known.
        stream: Which of its two logs.
    """
    columns = journal_positions.c
    statement = select(columns.position).where(
        columns.journal_id == journal_id, columns.stream == stream.value
    )
    return int(connection.execute(statement).scalar_one_or_none() or 0)


def raise_position(
    connection: Connection, journal_id: str, stream: JournalStream, position: int, now_us: int
) -> None:
    """Notes that a log is stored up to a position, in the transaction that stores it; never goes back.

    Args:
        connection: The writing transaction that stores it.
        journal_id: The journal.
        stream: Which of its two logs.
        position: Where what is stored ends; when more is noted already, that stays.
        now_us: The time of it, in UTC microseconds.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(journal_positions).values(
        journal_id=journal_id, stream=stream.value, position=position, update_time_us=now_us
    )
    columns = journal_positions.c
    greatest = func.greatest if dialect is postgresql else func.max
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.journal_id, columns.stream],
            set_={
                "position": greatest(columns.position, statement.excluded.position),
                "update_time_us": statement.excluded.update_time_us,
            },
        )
    )


def oldest_update(connection: Connection, journal_ids: set[str], stream: JournalStream) -> int:
    """Answers when the log that was stored longest ago, of several, last was; 0 when one never was.

    Args:
        connection: A transaction.
        journal_ids: The journals.
        stream: Which of its two logs.

    Returns:
        The time in UTC microseconds.
    """
    columns = journal_positions.c
    statement = select(columns.update_time_us).where(
        columns.stream == stream.value, columns.journal_id.in_(journal_ids)
    )
    times = list(connection.execute(statement).scalars())
    return min(times) if times and len(times) == len(journal_ids) else 0
