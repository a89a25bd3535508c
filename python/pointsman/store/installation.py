"""What an installation has one of, in SQL."""

from sqlalchemy import Connection, insert, select

from pointsman.store.schema import installation


def entity_key(connection: Connection) -> bytes:
    """Answers the key of recorded entity hashes; empty before there is one."""
    found = connection.execute(select(installation.c.entity_key)).scalar_one_or_none()
    return b"" if found is None else bytes(found)


def add(connection: Connection, key: bytes, create_time_us: int) -> None:
    """Stores the key of recorded entity hashes, once and for all: with another, old hashes join no more.

    Args:
        connection: A routing transaction.
        key: 32 random bytes.
        create_time_us: The time, in UTC microseconds.

    Raises:
        sqlalchemy.exc.IntegrityError: There is one already.
    """
    connection.execute(insert(installation).values(row=1, entity_key=key, create_time_us=create_time_us))
