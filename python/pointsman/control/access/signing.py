"""The keys that sign prediction ids and hash recorded entities: the first, new ones, forgetting old ones."""

import secrets
from collections.abc import Callable

from pointsman.control.publishing.changes import Changes
from pointsman.domain.keys import SigningKey
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.errors import FailedPreconditionError
from pointsman.store import installation, signing_keys
from pointsman.store.database import Database

SECRET_BYTES = 32
MAX_KEYS = 256


class SigningKeys:
    """Makes and rotates signing keys.

    Args:
        database: Where they are kept.
        changes: How they are changed.
        horizon_days: How long ids that an old key signed still verify.
        new_secret: Answers 32 random bytes.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        horizon_days: int,
        new_secret: Callable[[], bytes] = lambda: secrets.token_bytes(SECRET_BYTES),
    ) -> None:
        self._database = database
        self._changes = changes
        self._horizon_us = horizon_days * MICROSECONDS_PER_DAY
        self._new_secret = new_secret

    def ensure(self) -> None:
        """Makes the first signing key and the key of entity hashes when there are none."""
        with self._database.read() as connection:
            if signing_keys.list_all(connection) and installation.entity_key(connection):
                return
        with self._changes.change(signing=True) as change:
            if not signing_keys.list_all(change.connection):
                signing_keys.add(change.connection, SigningKey(0, self._new_secret(), change.now_us))
            if not installation.entity_key(change.connection):
                installation.add(change.connection, self._new_secret(), change.now_us)

    def rotate(self) -> int:
        """Makes a new key that signs from now on; forgets those too old to verify anything of use.

        Returns:
            The new key's id.

        Raises:
            FailedPreconditionError: All 256 ids are in use.
        """
        with self._changes.change(signing=True) as change:
            signing_keys.remove_retired(change.connection, change.now_us - self._horizon_us)
            keys = signing_keys.list_all(change.connection)
            used = {key.key_id for key in keys}
            newest = max(keys, key=lambda key: key.create_time_us).key_id if keys else -1
            free = next(
                (
                    candidate % MAX_KEYS
                    for candidate in range(newest + 1, newest + 1 + MAX_KEYS)
                    if candidate % MAX_KEYS not in used
                ),
                None,
            )
            if free is None:
                raise FailedPreconditionError(
                    f"all {MAX_KEYS} signing keys still verify feedback; "
                    "rotate again when the oldest is past the feedback horizon"
                )
            signing_keys.add(change.connection, SigningKey(free, self._new_secret(), change.now_us))
        return free
