"""``pointsman users``: the users of keys that are defined, and what their keys may do at most."""

from __future__ import annotations

from typing import Annotated

from pointsman.cli.access.rights import in_words
from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing

app = commandline.Group(
    help="List and delete definitions of users, which bound their keys; 'pointsman apply' defines them."
)

UserId = Annotated[
    str, commandline.Argument(metavar="USER", complete=names.users, help="The user's id, as keys name it.")
]


@app.command("list")
def list_users(context: commandline.Context) -> None:
    """List the users that are defined; only admins may."""
    options = context_of(context)
    with options.connect() as client:
        found = list(client.users.list())
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["!USER", "KEYS MAY AT MOST", "NAME", "+DESCRIPTION", "+DEFINED", "+CHANGED"],
        (
            [
                user.user_id,
                in_words(user.scopes, admin=user.admin),
                user.display_name,
                user.description,
                printing.local_time(user.create_time),
                printing.local_time(user.update_time),
            ]
            for user in found
        ),
        empty="No users are defined, so that every key may do what it says. "
        "'pointsman apply' defines them, by files with kind: User.",
    )


@app.command()
def get(context: commandline.Context, user_id: UserId) -> None:
    """Show how a user is defined; only admins may."""
    options = context_of(context)
    with options.connect() as client:
        user = client.users.get(user_id)
    if options.as_json:
        printing.print_json(user)
        return
    printing.print_facts(
        [
            ("user", user.user_id),
            ("name", user.display_name),
            ("description", user.description),
            ("keys may at most", in_words(user.scopes, admin=user.admin)),
            ("defined", printing.local_time(user.create_time)),
            ("changed", printing.local_time(user.update_time)),
        ]
    )


@app.command()
def delete(context: commandline.Context, user_id: UserId, yes: arguments.Yes = False) -> None:
    """Delete the definition of a user; the keys are bound by themselves only from then on."""
    from pointsman.client import FailedPreconditionError

    options = context_of(context)
    with options.connect() as client:
        try:
            widened = client.users.delete(user_id, widen_keys=yes)
        except FailedPreconditionError as error:
            if error.reason != "KEYS_WOULD_WIDEN":
                raise
            arguments.confirm(f"{error.message.partition('; revoke them first')[0]}. Delete it?")
            widened = client.users.delete(user_id, widen_keys=True)
    if options.as_json:
        printing.print_json({"user_id": user_id, "widened_keys": widened})
        return
    commandline.echo(f"{user_id} is not defined any more")
    for key in widened:
        says = in_words(key.effective_scopes, admin=key.effective_admin)
        commandline.echo(f"key {key.key_id} may do {says} now")
