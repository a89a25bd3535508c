"""``pointsman routers``: commands about a router's split, its status and what it knows of an entity."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.access import permissions
from pointsman.cli.access.permissions import PermissionOptions
from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import Etag, RouterId, StatusName

if TYPE_CHECKING:
    from pointsman.cli.line.context import CommandContext
    from pointsman.client import Erasure, VariantWeights

POLL_SECONDS = 0.25

app = commandline.Group()


@app.command()
def weight(
    context: commandline.Context,
    router_id: RouterId,
    weights: Annotated[
        list[str],
        commandline.Argument(
            metavar="VARIANT=WEIGHT…", complete=names.weights, help="New weights: relative numbers, 0 to 100."
        ),
    ],
    etag: Etag = "",
) -> None:
    """Set weights in one step, and say how many entities move.

    Each variant that is enabled gets its weight divided by the sum of theirs; who is not named keeps its own.
    """
    options = context_of(context)
    with options.connect() as client:
        wanted = arguments.numbers(weights, "VARIANT=WEIGHT")
        _tell_weights(options, client.routers.set_weights(router_id, wanted, etag=etag))


@app.command()
def toggle(
    context: commandline.Context,
    router_id: RouterId,
    variant: Annotated[
        str, commandline.Argument(metavar="VARIANT", complete=names.variants, help="The variant's name.")
    ],
    enabled: Annotated[
        bool, commandline.Option("--on/--off", help="Whether it shall take part.", show_default=False)
    ],
    etag: Etag = "",
) -> None:
    """Enable or disable a variant; two must remain enabled, or one with --allow-single."""
    options = context_of(context)
    with options.connect() as client:
        _tell_weights(options, client.routers.toggle_variant(router_id, variant, enabled, etag=etag))


@app.command("permissions")
def change_permissions(
    context: commandline.Context, router_id: RouterId, changes: PermissionOptions, etag: Etag = ""
) -> None:
    """Show or change who may read and call a router.

    What is not named stays.
    """
    from pointsman.client import RouterPermissions

    options = context_of(context)
    with options.connect() as client:
        router = client.routers.get(router_id)
        wanted = changes.applied(router.permissions or RouterPermissions())
        if changes.is_change:
            router = client.routers.set_permissions(router_id, wanted, etag=etag or router.etag)
    permissions.answer(options, router.owner, wanted)


@app.command()
def transfer(
    context: commandline.Context,
    router_id: RouterId,
    to: Annotated[str, commandline.Option(metavar="USER", complete=names.owners, help="Whose it shall be.")],
    etag: Etag = "",
) -> None:
    """Hand a router over to another user.

    Its owner may, and admins. The new owner may then read, call and change it; the former one only what its
    permissions let every user do.
    """
    from pointsman.client import Router

    options = context_of(context)
    with options.connect() as client:
        after = client.routers.update(Router(router_id, owner=to, etag=etag), ["owner"])
        permissions.answer_transfer(options, client, router_id, after)


@app.command()
def status(
    context: commandline.Context,
    router_id: RouterId,
    wait: Annotated[
        bool, commandline.Option("--wait", help="Wait until it is in the status, or has failed.")
    ] = False,
    until: Annotated[
        StatusName, commandline.Option("--for", help="The status to wait for.")
    ] = StatusName.RUNNING,
    timeout: Annotated[float, commandline.Option(metavar="SECONDS", help="How long to wait.")] = 60.0,
) -> None:
    """Show where a router stands.

    With --wait, exit code 1 says that it did not get there.
    """
    from pointsman.client import RouterStatus

    options = context_of(context)
    ends = time.monotonic() + timeout
    with options.connect() as client:
        while True:
            router = client.routers.get(router_id)
            arrived = router.status == until.value
            failed = router.status is RouterStatus.FAILED and not arrived
            if not wait or arrived or failed or time.monotonic() > ends:
                break
            time.sleep(POLL_SECONDS)
    if options.as_json:
        facts = {"router_id": router_id, "status": router.status, "status_message": router.status_message}
        printing.print_json(facts)
    else:
        message = f" ({router.status_message})" if router.status_message else ""
        commandline.echo(f"{router_id} is {router.status}{message}")
    if wait and not arrived:
        why = "" if failed else f" after {timeout:g} s"
        raise CommandError(f"{router_id} is {router.status}, not {until.value}{why}")


@app.command()
def erase(
    context: commandline.Context,
    router_id: RouterId,
    entity: Annotated[str, commandline.Argument(metavar="ENTITY", help="The entity, as clients name it.")],
    yes: arguments.Yes = False,
) -> None:
    """Delete every recorded prediction of one entity, and its feedback.

    And what was logged of it for those of the router's models that are yours, outcomes included. Sums that it
    entered stay. It cannot be undone. Where several servers share a database, each deletes its own; exit
    code 1 says that not all of them have, which the others make up for as soon as they run.
    """
    options = context_of(context)
    if not yes:
        arguments.confirm(f"Delete all that {router_id} recorded of {entity}? It cannot be undone")
    with options.connect() as client:
        erased = client.routers.erase_entity(router_id, entity)
    if options.as_json:
        printing.print_json(erased)
    elif erased.prediction_count or erased.feedback_count or _from_drift(erased):
        commandline.echo(
            f"{erased.prediction_count} predictions and {erased.feedback_count} values of feedback "
            f"are deleted{_from_drift(erased)}"
        )
    elif not erased.pending:
        commandline.echo(f"nothing of {entity} is recorded", err=True)
    if erased.other_models and not options.as_json:
        names = ", ".join(erased.other_models)
        commandline.echo(f"what was logged for {names} is for the owners of these models to erase", err=True)
    if erased.pending:
        printing.tell_unreached("it is kept, but not yet carried out everywhere", erased.pending)
        raise commandline.Exit(1)


def _from_drift(erased: Erasure) -> str:
    """Says what went of models; nothing where nothing did."""
    if not erased.logged_prediction_count + erased.outcome_count:
        return ""
    return f", {erased.logged_prediction_count} logged predictions and {erased.outcome_count} outcomes, too"


def _tell_weights(options: CommandContext, answer: VariantWeights) -> None:
    """Writes the variants after a change of weights, and how many entities moved."""
    if options.as_json:
        printing.print_json(answer)
        return
    printing.print_variants(answer.variants)
    moved = f"{printing.percent(answer.moved_share)} of entities moved to another variant"
    commandline.echo(f"{moved}; in effect since generation {answer.generation}")
