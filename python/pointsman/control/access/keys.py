"""API keys: making, listing and revoking them."""

import dataclasses
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from pointsman.control.publishing.changes import Changes
from pointsman.domain.keys import KEY_ID_CHARS, ApiKey, Principal, Scope, key_digest, sorted_scopes
from pointsman.domain.pages import Page
from pointsman.domain.users import BoundKey, check_bound
from pointsman.domain.violations import MAX_DISPLAY_NAME_CHARS, Violations, shown
from pointsman.errors import NotFoundError, PermissionDeniedError
from pointsman.store import api_keys, users
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)
_ID_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_ALPHABET = string.ascii_letters + string.digits
# 62 to the power of 43 is above 2 to the power of 256.
_SECRET_CHARS = 43


@dataclass(frozen=True)
class KeyRequest:
    """What a new key shall be; an empty user means the caller."""

    user_id: str = ""
    scopes: frozenset[Scope] = frozenset()
    admin: bool = False
    display_name: str = ""
    expire_time_us: int | None = None


class ApiKeys:
    """Makes, lists and revokes API keys.

    Making the first key ends the time in which calls from this machine need none.

    Args:
        database: Where they are kept.
        changes: How they are changed.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, changes: Changes, clock: Callable[[], int]) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock

    def create(self, caller: Principal, wanted: KeyRequest) -> tuple[BoundKey, str]:
        """Makes a key.

        Returns:
            The key, and the whole ``pm_<id>_<secret>`` that nobody can ask for again.

        Raises:
            FailedPreconditionError: The key would say more than the definition of its user allows.
            InvalidArgumentError: A field is wrong.
            PermissionDeniedError: The key would do more than the caller's own, or be another user's.
        """
        wanted = dataclasses.replace(wanted, user_id=wanted.user_id or caller.user_id)
        self._check(wanted)
        _check_grant(caller, wanted)
        made, secret = new_api_key(wanted)
        with self._changes.change(access=True) as change:
            user = users.find(change.connection, wanted.user_id)
            check_bound(user, made.rights)
            is_first = not api_keys.any_exists(change.connection)
            key = api_keys.add(change.connection, dataclasses.replace(made, create_time_us=change.now_us))
        if is_first:
            _log.warning(
                "the first API key exists: calls without a key are refused from now on", key_id=key.key_id
            )
        return BoundKey(key, user), secret

    def list_page(
        self, caller: Principal, user_id: str, *, page_size: int, page_token: str
    ) -> Page[BoundKey]:
        """Lists keys: an admin sees all, others their own.

        Args:
            caller: Who asks; decides whose keys are seen.
            user_id: Only this user's keys; empty for all that the caller may see.
            page_size: At most so many.
            page_token: Where the page before ended; empty for the first page.

        Raises:
            InvalidArgumentError: The filter or the token is not valid.
            PermissionDeniedError: Another user's keys were asked for.
        """
        found = Violations()
        if user_id:
            found.check_user("user_id", user_id)
        found.raise_if_any()
        if not caller.admin:
            if user_id and user_id != caller.user_id:
                raise PermissionDeniedError(
                    f"user_id: the keys of {user_id!r} are not yours to see; "
                    "leave user_id empty for your own",
                    reason="NOT_KEY_OWNER",
                )
            user_id = caller.user_id
        with self._database.read() as connection:
            page = api_keys.list_page(connection, user_id=user_id, page_size=page_size, page_token=page_token)
            return Page(tuple(users.bind(connection, page.items)), page.next_page_token)

    def revoke(self, caller: Principal, key_id: str) -> BoundKey:
        """Revokes a key; one that is revoked already stays so.

        Raises:
            InvalidArgumentError: The id is not well-formed.
            NotFoundError: There is no such key, or it is another user's.
        """
        found = Violations()
        found.check_id("key_id", key_id)
        found.raise_if_any()
        with self._changes.change(access=True) as change:
            key = api_keys.find(change.connection, key_id)
            if key is None or not (caller.admin or key.user_id == caller.user_id):
                raise NotFoundError(
                    f"key {shown(key_id)} does not exist, or is not yours; ListApiKeys shows those that are",
                    reason="KEY_NOT_FOUND",
                )
            if key.revoke_time_us is None:
                api_keys.revoke(change.connection, key_id, change.now_us)
                key = dataclasses.replace(key, revoke_time_us=change.now_us)
            return BoundKey(key, users.find(change.connection, key.user_id))

    def _check(self, wanted: KeyRequest) -> None:
        found = Violations()
        found.check_user("user_id", wanted.user_id)
        found.check_text("display_name", wanted.display_name, MAX_DISPLAY_NAME_CHARS)
        if not wanted.scopes and not wanted.admin:
            found.add("scopes", f"is empty; name at least one of {', '.join(Scope)}, or make an admin key")
        if wanted.expire_time_us is not None and wanted.expire_time_us <= self._clock():
            found.add("expire_time", "has passed already; leave it out for a key without end")
        found.raise_if_any()


def new_api_key(wanted: KeyRequest) -> tuple[ApiKey, str]:
    """Makes a key at random; answers it and the whole ``pm_<id>_<secret>``."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(KEY_ID_CHARS))
    secret = f"pm_{key_id}_" + "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(_SECRET_CHARS))
    key = ApiKey(
        key_id=key_id,
        secret_sha256=key_digest(secret),
        user_id=wanted.user_id,
        scopes=wanted.scopes,
        admin=wanted.admin,
        display_name=wanted.display_name,
        expire_time_us=wanted.expire_time_us,
    )
    return key, secret


def _check_grant(caller: Principal, wanted: KeyRequest) -> None:
    if caller.admin:
        return
    if wanted.user_id != caller.user_id:
        raise PermissionDeniedError(
            f"user_id: only an admin can make a key for {wanted.user_id!r}; "
            "leave it empty for one of your own",
            reason="NOT_KEY_OWNER",
        )
    if wanted.admin:
        raise PermissionDeniedError("admin: only an admin can make an admin key", reason="NOT_ADMIN")
    surplus = sorted_scopes(wanted.scopes - caller.scopes)
    if surplus:
        raise PermissionDeniedError(
            f"scopes: your own key lacks {', '.join(surplus)} and cannot pass it on; ask an admin",
            reason="SCOPE_MISSING",
        )
