"""Definitions of users of keys: reading them, bringing them into force, deleting them."""

import dataclasses
from collections.abc import Sequence

import structlog

from pointsman.control.publishing.changes import Change, Changes
from pointsman.domain.keys import Principal
from pointsman.domain.pages import Page
from pointsman.domain.users import BoundKey, User, check_defines, user_not_found
from pointsman.domain.violations import Violations
from pointsman.errors import FailedPreconditionError
from pointsman.store import users
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)
_MAX_NAMED = 5
"""So many keys are named in an error."""


class Users:
    """Reads and deletes definitions of users; definitions bring them into force.

    Args:
        database: Where they are kept.
        changes: How they are changed.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    def get(self, caller: Principal, user_id: str) -> User:
        """Answers the definition of a user.

        Raises:
            InvalidArgumentError: The id is not well-formed.
            NotFoundError: The user is not defined.
            PermissionDeniedError: The caller is no admin.
        """
        check_defines(caller, f"user_id {user_id[:128]!r}")
        _check_id(user_id)
        with self._database.read() as connection:
            found = users.find(connection, user_id)
        if found is None:
            raise user_not_found(user_id)
        return found

    def list_page(self, caller: Principal, *, page_size: int, page_token: str) -> Page[User]:
        """Lists the users that are defined, by their ids.

        Args:
            caller: Who asks.
            page_size: At most so many.
            page_token: Where the page before ended; empty for the first page.

        Raises:
            InvalidArgumentError: The token is not valid.
            PermissionDeniedError: The caller is no admin.
        """
        check_defines(caller, "ListUsers")
        with self._database.read() as connection:
            return users.list_page(connection, page_size=page_size, page_token=page_token)

    def delete(self, caller: Principal, user_id: str, *, widen_keys: bool) -> Sequence[BoundKey]:
        """Deletes the definition of a user; its keys are bound by themselves only from then on.

        Args:
            caller: Who asks.
            user_id: The user.
            widen_keys: Whether keys in force may do more then.

        Returns:
            The keys in force that may do more than before.

        Raises:
            FailedPreconditionError: Keys in force would do more, and ``widen_keys`` does not say so.
            InvalidArgumentError: The id is not well-formed.
            NotFoundError: The user is not defined.
            PermissionDeniedError: The caller is no admin.
        """
        check_defines(caller, f"user_id {user_id[:128]!r}")
        _check_id(user_id)
        with self._changes.change(access=True) as change:
            if users.find(change.connection, user_id) is None:
                raise user_not_found(user_id)
            good = users.good_keys(change.connection, change.now_us, user_id=user_id)
            narrowed = [bound for bound in good if bound.is_narrowed]
            if narrowed and not widen_keys:
                raise _would_widen(user_id, narrowed)
            users.remove(change.connection, user_id)
        _log.info("the definition of a user is deleted", user_id=user_id, by=caller.user_id)
        return [BoundKey(bound.key) for bound in narrowed]


def define_in(change: Change, caller: Principal, wanted: User) -> tuple[User | None, User]:
    """Brings a user to what is wanted of it, as a part of a change.

    Args:
        change: The change.
        caller: Who asks.
        wanted: The user, checked by itself.

    Returns:
        The definition before, None when there was none, and the one in force with the change; the same twice
        when nothing differs.

    Raises:
        PermissionDeniedError: The caller is no admin.
    """
    check_defines(caller, f"user {wanted.user_id!r}")
    before = users.find(change.connection, wanted.user_id)
    if before is not None:
        kept = dataclasses.replace(
            wanted, create_time_us=before.create_time_us, update_time_us=before.update_time_us
        )
        if kept == before:
            return before, before
    begun = change.now_us if before is None else before.create_time_us
    after = dataclasses.replace(
        wanted,
        create_time_us=begun,
        # A clock that was set back makes nothing older than it is.
        update_time_us=max(change.now_us, begun),
    )
    users.save(change.connection, after)
    change.touch_access()
    return before, after


def admin_keys(change: Change) -> list[BoundKey]:
    """Answers the keys in force that may do everything, as the change has left them by now."""
    good = users.good_keys(change.connection, change.now_us)
    return [bound for bound in good if bound.rights.admin]


def tell_of(caller: Principal, user: User) -> None:
    """Writes into the log that a user is defined otherwise than before."""
    _log.info("a user is defined", user_id=user.user_id, may=str(user.rights), by=caller.user_id)


def _check_id(user_id: str) -> None:
    found = Violations()
    found.check_user("user_id", user_id)
    found.raise_if_any()


def _would_widen(user_id: str, narrowed: Sequence[BoundKey]) -> FailedPreconditionError:
    named = "; ".join(
        f"{bound.key.key_id} may do {bound.key.rights} then, now {bound.rights}"
        for bound in narrowed[:_MAX_NAMED]
    )
    more = f"; and {len(narrowed) - _MAX_NAMED} more" if len(narrowed) > _MAX_NAMED else ""
    return FailedPreconditionError(
        f"without the definition of user {user_id!r} its keys may do more: {named}{more}; revoke them first, "
        "or set widen_keys",
        reason="KEYS_WOULD_WIDEN",
        metadata={"user_id": user_id, "keys": str(len(narrowed))},
    )
