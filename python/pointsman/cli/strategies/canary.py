"""``pointsman routers canary``: giving a canary more or less, and promoting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import commandline
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import Etag, RouterId

if TYPE_CHECKING:
    from pointsman.cli.line.context import CommandContext
    from pointsman.client import CanaryChange

app = commandline.Group(help="Give a router's canary more or less, promote or abort it.")


@app.command("set")
def set_percent(
    context: commandline.Context,
    router_id: RouterId,
    percent: Annotated[
        float,
        commandline.Argument(metavar="PERCENT", min=0, max=100, help="The canary's part, 0 to 100."),
    ],
    etag: Etag = "",
) -> None:
    """Set how much the canary gets.

    Who is on the canary stays there while its part grows.
    """
    options = context_of(context)
    with options.connect() as client:
        _tell(options, client.routers.set_canary(router_id, percent, etag=etag))


@app.command()
def promote(context: commandline.Context, router_id: RouterId, etag: Etag = "") -> None:
    """Make the canary the control, which gets everything.

    The former control becomes the canary with 0 percent: 'canary set' gives it calls again, and 'routers
    update' another model version.
    """
    options = context_of(context)
    with options.connect() as client:
        _tell(options, client.routers.promote_canary(router_id, etag=etag))


@app.command()
def abort(context: commandline.Context, router_id: RouterId, etag: Etag = "") -> None:
    """End the trial: the canary gets nothing, the control everything."""
    options = context_of(context)
    with options.connect() as client:
        _tell(options, client.routers.set_canary(router_id, 0.0, etag=etag))


def _tell(options: CommandContext, change: CanaryChange) -> None:
    if options.as_json:
        printing.print_json(change)
        return
    printing.print_variants(change.router.variants)
    moved = f"{printing.percent(change.moved_share)} of entities moved to another variant"
    commandline.echo(f"{moved}; in effect since generation {change.router.generation}")
