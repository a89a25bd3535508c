"""Work on a server's database directly, and keys for a server that nobody can call yet."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from pointsman.control.access.keys import KeyRequest, new_api_key
from pointsman.control.plane import clock_us
from pointsman.domain.users import BoundKey
from pointsman.domain.violations import Violations
from pointsman.errors import FailedPreconditionError
from pointsman.store import api_keys, generations, users
from pointsman.store.database import Database
from pointsman.store.migrate import migrate


@contextmanager
def opened_directly(database_url: str) -> Iterator[Database]:
    """Opens a database for a command, migrated; a new one is created.

    Raises:
        DatabaseTooNewError: A newer release has migrated it.
        DatabaseUnavailableError: It does not answer.
        InvalidArgumentError: The URL is of no known kind.
    """
    database = Database(database_url, connection_count=1)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


def any_key_exists(database_url: str) -> bool:
    """Whether an API key was ever made in a database; a new database is created.

    Raises:
        DatabaseTooNewError: A newer release has migrated it.
        DatabaseUnavailableError: It does not answer.
        InvalidArgumentError: The URL is of no known kind.
    """
    with opened_directly(database_url) as database, database.read() as connection:
        return api_keys.any_exists(connection)


def create_admin_key(database_url: str, user_id: str) -> str:
    """Makes an admin key, for the first one of a server or when all others are lost.

    A server that runs on the same database knows the key within a second.

    Args:
        database_url: The server's database.
        user_id: The user that the key belongs to.

    Returns:
        The whole key, which nobody can ask for again.

    Raises:
        DatabaseTooNewError: A newer release has migrated the database.
        DatabaseUnavailableError: It does not answer.
        FailedPreconditionError: The definition of the user makes no admin of it.
        InvalidArgumentError: The URL is of no known kind, or the user id is not well-formed.
    """
    found = Violations()
    found.check_user("user_id", user_id)
    found.raise_if_any()
    wanted = KeyRequest(user_id=user_id, admin=True, display_name="made at the database")
    key, secret = new_api_key(wanted)
    with opened_directly(database_url) as database, database.write_routing() as connection:
        user = users.find(connection, user_id)
        if user is not None and not BoundKey(key, user).rights.admin:
            raise FailedPreconditionError(
                f"user: the definition of {user_id!r} allows {user.rights}, so that no key of it is an "
                "admin's; name another user, then change the definition with that key",
                reason="USER_BOUNDS_KEY",
                metadata={"user_id": user_id},
            )
        generations.advance(connection, access=True)
        api_keys.add(connection, dataclasses.replace(key, create_time_us=clock_us()))
    return secret
