"""The options and lines about permissions that routers and models share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from pointsman.cli.line import commandline, names
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from pointsman.cli.line.context import CommandContext
    from pointsman.client import Client, Model, ModelPermissions, Router, RouterPermissions

    _Permissions = TypeVar("_Permissions", ModelPermissions, RouterPermissions)


@dataclass(frozen=True)
class PermissionOptions:
    """What a line says of permissions; what it does not name stays."""

    public: Annotated[
        bool | None, commandline.Option("--public/--private", help="Whether every user may read it.")
    ] = None
    public_predict: Annotated[
        bool | None,
        commandline.Option("--public-predict/--private-predict", help="Whether every user may call it."),
    ] = None
    share: Annotated[
        list[str] | None,
        commandline.Option(metavar="USER", complete=names.owners, help="Let this user read it."),
    ] = None
    unshare: Annotated[
        list[str] | None,
        commandline.Option(metavar="USER", complete=names.owners, help="No longer let this user read it."),
    ] = None

    @property
    def is_change(self) -> bool:
        """Whether the line names anything."""
        return bool(self.public is not None or self.public_predict is not None or self.share or self.unshare)

    def applied(self, now: _Permissions) -> _Permissions:
        """Answers permissions with what the line names."""
        return type(now)(
            public=now.public if self.public is None else self.public,
            public_predict=now.public_predict if self.public_predict is None else self.public_predict,
            shared_user_ids=sorted({*now.shared_user_ids, *(self.share or [])} - set(self.unshare or [])),
        )


def answer(options: CommandContext, owner: str, permissions: ModelPermissions | RouterPermissions) -> None:
    """Writes who may read and call a thing.

    Args:
        options: What the line says of its output.
        owner: Whose it is.
        permissions: Who else may read and call it.
    """
    if options.as_json:
        printing.print_json(permissions)
        return
    readers = "every user" if permissions.public else ", ".join([owner, *permissions.shared_user_ids])
    callers = "every user with mlops:predict" if permissions.public_predict else owner
    printing.print_facts([("read", readers), ("call", callers)])


def in_words(permissions: ModelPermissions | RouterPermissions | None) -> str:
    """Writes permissions on one line; nothing where there are none."""
    if permissions is None:
        return ""
    words = [
        "public" if permissions.public else "",
        "public_predict" if permissions.public_predict else "",
        f"shared with {', '.join(permissions.shared_user_ids)}" if permissions.shared_user_ids else "",
    ]
    return ", ".join(word for word in words if word)


def answer_transfer(options: CommandContext, client: Client, name: str, after: Model | Router) -> None:
    """Writes whose a thing is that was handed over, and whether nobody can use it yet.

    Args:
        options: What the line says of its output.
        client: Asks for the new owner's keys.
        name: The thing's id.
        after: The thing as it is then.
    """
    if options.as_json:
        printing.print_json(after)
    else:
        commandline.echo(f"{name} belongs to {after.owner}")
    _tell_of_unknown(client, after.owner)


def _tell_of_unknown(client: Client, user: str) -> None:
    """Says, on standard error, that no key is a user's, as far as the caller may know."""
    from pointsman.client import ClientError

    try:
        is_known = any(client.keys.list(user_id=user, page_size=1))
    except ClientError:
        # Only admins see the keys of others.
        return
    if not is_known:
        commandline.echo(f"no key is {user}'s yet; 'pointsman keys create --user {user}' makes one", err=True)
