"""``pointsman keys``: make, list and revoke API keys."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.access.rights import in_words
from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing
from pointsman.cli.serving.folders import database_file, sqlite_url

if TYPE_CHECKING:
    from pointsman.client import ApiKey, Client

app = commandline.Group(help="Make, list and revoke API keys.")


class ScopeName(StrEnum):
    """What a key may do."""

    READ = "mlops:read"
    WRITE = "mlops:write"
    PREDICT = "mlops:predict"


@app.command()
def create(
    context: commandline.Context,
    user: Annotated[
        str, commandline.Option(complete=names.owners, help="Whom it shall belong to.  [you]")
    ] = "",
    scope: Annotated[
        list[ScopeName] | None, commandline.Option(help="What it may do; once for each.")
    ] = None,
    admin: Annotated[bool, commandline.Option("--admin", help="It may do everything.")] = False,
    name: Annotated[str, commandline.Option(help="A name for people.")] = "",
    expires: Annotated[
        str,
        commandline.Option(
            metavar="TIME", help="When it shall end by itself, or in how long, as in 30d.  [never]"
        ),
    ] = "",
) -> None:
    """Make a key; its secret is shown this once.

    As soon as one key exists, calls without a key are refused.
    """
    from pointsman.client import Scope

    if not scope and not admin:
        raise commandline.BadParameter("say what the key may do: --scope mlops:read (and others), or --admin")
    options = context_of(context)
    with options.connect() as client:
        if not admin and not options.api_key and not any(client.keys.list(page_size=1)):
            raise CommandError(
                "the first key must be an admin's, for calls without a key end with it and nobody could make "
                "another: pointsman keys create --admin"
            )
        made = client.keys.create(
            user_id=user,
            scopes=[Scope(word.value) for word in scope or []],
            admin=admin,
            display_name=name,
            expire_time=arguments.end(expires, "--expires"),
        )
    if options.as_json:
        printing.print_json(made)
        return
    commandline.echo(made.secret)
    commandline.echo(
        f"Key {made.api_key.key_id} of {made.api_key.user_id}; keep it now, it is not shown again. "
        "Use it as POINTSMAN_API_KEY.",
        err=True,
    )


@app.command("list")
def list_keys(
    context: commandline.Context,
    user: Annotated[str, commandline.Option(complete=names.owners, help="Only keys of this user.")] = "",
) -> None:
    """List keys: an admin sees all, others their own."""
    options = context_of(context)
    with options.connect() as client:
        found = list(client.keys.list(user_id=user))
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["!KEY", "USER", "MAY", "NAME", "STATE", "+MADE", "+ENDS", "+REVOKED"],
        (
            [
                key.key_id,
                key.user_id,
                _may(key),
                key.display_name,
                _state(key),
                printing.local_time(key.create_time),
                printing.local_time(key.expire_time) or "never",
                printing.local_time(key.revoke_time),
            ]
            for key in found
        ),
        empty="No keys match. 'pointsman keys create --admin' makes the first.",
    )


@app.command()
def revoke(
    context: commandline.Context,
    key_id: Annotated[str, commandline.Argument(metavar="KEY", complete=names.keys, help="The key's id.")],
    yes: arguments.Yes = False,
) -> None:
    """Revoke a key; it is refused everywhere within seconds."""
    options = context_of(context)
    with options.connect() as client:
        if not yes and _is_last_of_admins(client, key_id):
            arguments.confirm(
                f"{key_id} is the last key that may do everything: only 'pointsman keys recover', at the "
                "database, makes another one then. Revoke it?"
            )
        revoked = client.keys.revoke(key_id)
    if options.as_json:
        printing.print_json(revoked)
    else:
        commandline.echo(f"{revoked.key_id} of {revoked.user_id} is revoked")


def _may(key: ApiKey) -> str:
    """Says in a few words what a key may do, and what of it the definition of its user withholds."""
    says = in_words(key.scopes, admin=key.admin)
    if not key.is_narrowed:
        return says
    return f"{in_words(key.effective_scopes, admin=key.effective_admin)} (of {says})"


def _state(key: ApiKey) -> str:
    """Says in two words whether a key is in force."""
    if key.revoke_time is not None:
        return f"revoked {printing.short_time(key.revoke_time)}"
    if key.expire_time is None:
        return "in force"
    word = "ends" if key.expire_time > datetime.now(UTC) else "ended"
    return f"{word} {printing.short_time(key.expire_time)}"


def _is_last_of_admins(client: Client, key_id: str) -> bool:
    """Answers whether no other key of an admin is in force; one that may not list all keys sees its own."""
    now = datetime.now(UTC)
    good = (
        key
        for key in client.keys.list()
        if key.revoke_time is None and (key.expire_time is None or key.expire_time > now)
    )
    return {key.key_id for key in good if key.effective_admin} == {key_id}


@app.command()
def recover(
    data_dir: Annotated[Path, commandline.Option(help="The data folder of the server.")] = Path("data"),
    database: Annotated[
        str, commandline.Option(metavar="URL", help="Its database, if not in that folder.")
    ] = "",
    user: Annotated[str, commandline.Option(help="The user whom the key shall belong to.")] = "admin",
) -> None:
    """Make an admin key on the database itself, when all others are lost.

    Needs no server and no key, only the right to write to the database. A server that runs on the same
    database takes the key within a second.
    """
    from pointsman.control.access.bootstrap import create_admin_key
    from pointsman.errors import PointsmanError

    if not database and not (file := database_file(data_dir)).exists():
        raise CommandError(f"there is no database {file}; name the server's --data-dir or --database")
    try:
        secret = create_admin_key(database or sqlite_url(data_dir), user)
    except PointsmanError as error:
        raise CommandError(str(error)) from error
    commandline.echo(secret)
    commandline.echo(f"An admin key of {user}; keep it now, it is not shown again.", err=True)
