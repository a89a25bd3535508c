"""``pointsman models``: commands about whose a model is, and who else may read and call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.access import permissions
from pointsman.cli.access.permissions import PermissionOptions
from pointsman.cli.line import commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.models.commands import ModelId

if TYPE_CHECKING:
    from pointsman.client import Client, Model

Etag = Annotated[
    str,
    commandline.Option(metavar="ETAG", help="Refuse when owner or permissions changed since this was read."),
]

app = commandline.Group()


@app.command("permissions")
def change_permissions(
    context: commandline.Context, model_id: ModelId, changes: PermissionOptions, etag: Etag = ""
) -> None:
    """Show or change who may read and call a model, with all its versions.

    What is not named stays.
    """
    from pointsman.client import ModelPermissions

    options = context_of(context)
    with options.connect() as client:
        model = _read(client, model_id)
        wanted = changes.applied(model.permissions or ModelPermissions())
        if changes.is_change:
            model = client.models.set_permissions(model_id, wanted, etag=etag or model.etag)
    permissions.answer(options, model.owner, wanted)


@app.command()
def transfer(
    context: commandline.Context,
    model_id: ModelId,
    to: Annotated[str, commandline.Option(metavar="USER", complete=names.owners, help="Whose it shall be.")],
    etag: Etag = "",
) -> None:
    """Hand a model over to another user, with all its versions.

    Its owner may, and admins. The new owner may then read, call and change it; the former one only what its
    permissions let every user do.
    """
    options = context_of(context)
    with options.connect() as client:
        after = client.models.transfer(model_id, to, etag=etag)
        permissions.answer_transfer(options, client, model_id, after)


def _read(client: Client, model_id: str) -> Model:
    """Answers what the versions of a model have in common.

    Raises:
        CommandError: The caller sees none.
    """
    from pointsman.client import Model

    for version in client.models.list(model_id=model_id, page_size=1):
        return Model(model_id, version.owner, version.permissions, version.etag)
    raise CommandError(
        f"model {model_id!r} has no version, or you may not see it; "
        "'pointsman models list' shows those you may"
    )
