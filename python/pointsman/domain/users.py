"""Users of keys as they are defined: what each of their keys may do at most.

What a key may do is decided here and nowhere else: in what is published to the data plane, in what lists say,
and in what an admin is asked before a definition goes.
"""

from dataclasses import dataclass

from pointsman.domain.keys import ApiKey, Principal, Rights, Scope, sorted_scopes
from pointsman.domain.violations import (
    MAX_DESCRIPTION_CHARS,
    MAX_DISPLAY_NAME_CHARS,
    Violations,
    shown,
)
from pointsman.errors import (
    FailedPreconditionError,
    FieldViolation,
    NotFoundError,
    PermissionDeniedError,
)


@dataclass(frozen=True)
class User:
    """A user as an admin has defined it.

    Attributes:
        scopes: What the user's keys may do at most; empty for an admin, who has all.
        admin: Whether the user's admin keys may do everything.
        create_time_us: When it was defined first, in UTC microseconds.
        update_time_us: When it was changed last.
    """

    user_id: str
    scopes: frozenset[Scope] = frozenset()
    admin: bool = False
    display_name: str = ""
    description: str = ""
    create_time_us: int = 0
    update_time_us: int = 0

    @property
    def rights(self) -> Rights:
        """What the user's keys may do at most."""
        return Rights(self.scopes, self.admin)


@dataclass(frozen=True)
class BoundKey:
    """A key beside the definition of its user.

    Attributes:
        key: The key, with what it says that it may do.
        user: The definition of its user; None where there is none, which bounds nothing.
    """

    key: ApiKey
    user: User | None = None

    @property
    def rights(self) -> Rights:
        """What the key may do while it is in force: what it says and its user's definition says, too."""
        return self.key.rights if self.user is None else self.key.rights.within(self.user.rights)

    @property
    def withheld(self) -> frozenset[Scope]:
        """The scopes that the key says and its user's definition does not."""
        return self.key.rights.scopes - self.rights.scopes

    @property
    def is_narrowed(self) -> bool:
        """Whether the key may do less than it says."""
        return self.rights != self.key.rights


def check_user(user: User, path: str) -> None:
    """Checks the fields of a definition, whatever the state of the server.

    Args:
        user: The user as somebody wants it.
        path: The path of its definition in the request.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    found.check_user(f"{path}.user_id", user.user_id)
    found.check_text(f"{path}.display_name", user.display_name, MAX_DISPLAY_NAME_CHARS)
    found.check_text(f"{path}.description", user.description, MAX_DESCRIPTION_CHARS)
    if user.admin and user.scopes:
        listed = ", ".join(sorted_scopes(user.scopes))
        found.add(f"{path}.scopes", f"{listed} beside admin, which has all; leave out one of the two")
    found.raise_if_any()


def check_bound(user: User | None, wanted: Rights) -> None:
    """Checks that a new key says no more than the definition of its user allows.

    Args:
        user: The definition; None where there is none.
        wanted: What the key shall say.

    Raises:
        FailedPreconditionError: It says more, with every field that does.
    """
    if user is None:
        return
    allowed = f"the definition of user {user.user_id!r} allows {user.rights}"
    way_out = "leave it out, or have an admin change the definition first"
    fields = []
    if wanted.admin and not user.admin:
        fields.append(FieldViolation("admin", f"an admin key may do everything, and {allowed}; {way_out}"))
    elif surplus := sorted_scopes(wanted.scopes - user.rights.scopes):
        listed = ", ".join(surplus)
        fields.append(FieldViolation("scopes", f"{listed} would be withheld, for {allowed}; {way_out}"))
    if fields:
        raise FailedPreconditionError(
            "; ".join(map(str, fields)),
            reason="USER_BOUNDS_KEY",
            metadata={"user_id": user.user_id},
            fields=fields,
        )


def check_defines(caller: Principal, what: str) -> None:
    """Checks that the caller may read and change definitions of users, which only admins may.

    Args:
        caller: Who is calling.
        what: What they ask for, as the beginning of the error.

    Raises:
        PermissionDeniedError: They are no admin.
    """
    if not caller.admin:
        raise PermissionDeniedError(
            f"{what}: only admins define users and see their definitions; "
            "use an admin's key, or ask an admin",
            reason="NOT_ADMIN",
        )


def user_not_found(user_id: str) -> NotFoundError:
    """Makes the error for a user that is not defined."""
    return NotFoundError(
        f"user {shown(user_id)} is not defined; ListUsers shows those that are",
        reason="USER_NOT_FOUND",
        metadata={"user_id": user_id[:256]},
    )
