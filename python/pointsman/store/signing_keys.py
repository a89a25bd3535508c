"""The keys that sign prediction ids, in SQL."""

from sqlalchemy import Connection, delete, insert, select, update

from pointsman.domain.keys import SigningKey
from pointsman.store.schema import signing_keys


def list_all(connection: Connection) -> list[SigningKey]:
    """Answers all signing keys, ordered by id."""
    rows = connection.execute(select(signing_keys).order_by(signing_keys.c.key_id)).mappings()
    return [
        SigningKey(row["key_id"], bytes(row["secret"]), row["create_time_us"], row["retire_time_us"])
        for row in rows
    ]


def add(connection: Connection, key: SigningKey) -> None:
    """Stores a new key as the one that signs; the one before retires at its creation."""
    connection.execute(
        update(signing_keys)
        .where(signing_keys.c.retire_time_us.is_(None))
        .values(retire_time_us=key.create_time_us)
    )
    connection.execute(
        insert(signing_keys).values(
            key_id=key.key_id, secret=key.secret, create_time_us=key.create_time_us, retire_time_us=None
        )
    )


def remove_retired(connection: Connection, retired_before_us: int) -> None:
    """Forgets the keys that retired before a time; what they signed no longer verifies."""
    connection.execute(delete(signing_keys).where(signing_keys.c.retire_time_us < retired_before_us))
